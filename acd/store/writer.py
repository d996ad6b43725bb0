"""The writer: takes records from the event loop at once and makes them durable off it.

Theory of operation: two threads. The writer's own gathers what was put, at most every
``group_seconds``, and decides; a hand (``acd.store.hand``) does what may hang, the writing to the
store. While the store answers, a batch is durable when its transaction is committed. When it fails
or takes longer than ``slow_seconds`` the batch goes to the spill file and is durable there, and so
does all that comes after it; meanwhile the hand writes the spill file into the store from its
beginning, and when all of it is there the writer goes back to the store itself. So the store always
sees records in their order, some of them twice, which changes nothing (``acd.store.port``).

Rules: ``put`` never waits. What neither store nor spill file takes stays in memory, up to
``most_records``; beyond that records are refused, which their ticket says. Nothing is reported as
committed that a power cut could take.
"""

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from acd.core.memory import Memory
from acd.core.records import AgentKept, CallKept, Record, VoicemailKept
from acd.errors import StoreError
from acd.store.aside import Aside
from acd.store.hand import Attempt, Hand
from acd.store.inmemory import InMemoryStore
from acd.store.port import Kept, Store, kept
from acd.store.spill import Spill

REFUSED: Final = -1
"""The ticket of records for which there was no room: they are lost, and waiting for it raises."""

_MOST_IN_BATCH: Final = 2_000
"""Records in a transaction: it must be over well within ``slow_seconds``."""

_PATIENT: Final = frozenset({CallKept, AgentKept})
_PATIENT_SECONDS: Final = 0.5
"""How long these may wait for others when they are all that a step has said and nobody waits: what
they add to what the PBX shows hardly changes, and a transaction costs more than what is in it."""

_SOON_SECONDS: Final = 0.2
"""From one transaction to the next when nobody waits: under load five a second cost a third of
what twenty do, and on a quiet day a record is written as soon as it comes."""

_HOLD_GROUPS: Final = 4
"""While the store catches up, new records are spilled after so many group times."""


class Writer:
    """One for each store. ``put`` and ``wait_committed`` belong to one event loop's thread."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        spill_path: Path,
        now: Callable[[], float],
        *,
        on_trouble: Callable[[str], None] = lambda text: None,
        on_recovered: Callable[[], None] = lambda: None,
        group_seconds: float = 0.05,
        slow_seconds: float = 1.0,
        retry_seconds: float = 0.5,
        most_records: int = 100_000,
    ) -> None:
        """Prepare a writer; nothing is opened before ``start``.

        ``on_trouble`` is told each new reason why records are spilled or held, once, and
        ``on_recovered`` that all is in the store again; both are called by the writer's thread and
        must not raise. ``now`` is in seconds and never jumps.
        """
        self.committed = 0
        """Every record with a ticket up to this one is durable."""
        self.refused = 0
        """How many records were lost for want of room; ``aside`` has those no store takes."""
        self.last_error = ""
        """Why records are spilled or held now; empty when they are not."""
        self._open_store = open_store
        self._spill = Spill(spill_path)
        self.aside = Aside(spill_path.with_name(f"{spill_path.name}.refused"), on_trouble)
        self._now = now
        self._on_trouble = on_trouble
        self._on_recovered = on_recovered
        self._group_seconds = group_seconds
        self._slow_seconds = slow_seconds
        self._retry_seconds = retry_seconds
        self._most_records = most_records

        # The loop's side.
        self._ticket = 0
        self._put_count = 0
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

        # What both sides touch, each by operations that cannot be torn apart.
        self._items: deque[tuple[int, float, list[Kept]]] = deque()
        self._idle = False
        self._urgent = self._awaited = False
        """Something was put that is not to wait long for more; somebody waits."""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

        # The writer's side.
        self._store: Store | None = None
        self._hand: Hand | None = None
        self._held: list[Kept] = []
        self._held_ticket = 0
        self._held_since: float | None = None
        self._wrote_at = -math.inf
        self._durable_count = 0
        self._spilling = False
        self._attempt: Attempt | None = None
        self._attempt_covers = (0, 0)
        self._next_try_at = 0.0
        self._store_trouble = self._spill_trouble = ""
        self._over = False

    # -- what everybody sees ---------------------------------------------------------------------

    @property
    def lag(self) -> float:
        """How many seconds the oldest record that is not durable has been waiting."""
        with suppress(IndexError):
            since = self._held_since
            return max(0.0, self._now() - (self._items[0][1] if since is None else since))
        return 0.0

    @property
    def pending(self) -> int:
        """How many records are in memory only."""
        return self._put_count - self._durable_count

    @property
    def spilled(self) -> int:
        """How many records are durable in the spill file and not yet in the store."""
        return self._spill.records

    # -- start and stop --------------------------------------------------------------------------

    def start(self, *, without_store: bool = False) -> Memory:
        """Open the store, begin to write, and return what is remembered.

        What a killed process left in the spill file is part of the memory and is written into the
        store from now on. ``without_store`` begins with the spill file alone and opens the store
        when it can be opened.

        Raises:
            StoreAwayError: the store is out of reach; begin ``without_store``, or not at all.
            StoreError: the store or the spill file is refused. Nothing was begun or changed.

        """
        store = None if without_store else self._open_store()
        try:
            memory = store.remember() if store else Memory()
            dropped, memory = self._take_up_spill(memory)
        except BaseException:
            self._spill.close()
            if store:
                store.close()
            raise
        self._store = store
        self._spilling = store is None or self._spill.records > 0
        if self._spill.records:
            left = f"{self._spill.path} holds {self._spill.records} records of an earlier run"
            self._trouble("; ".join(filter(None, (f"{left}, which are written now", dropped))))
        elif dropped:
            self._trouble(dropped)
        self._hand = Hand("store")
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()
        return memory

    def _take_up_spill(self, memory: Memory) -> tuple[str, Memory]:
        """Return what was dropped of a spill file, and the memory with the rest of it in."""
        try:
            dropped = self._spill.open()
            if not self._spill.records:
                return dropped, memory
            model = InMemoryStore()
            model.write([AgentKept(0.0, agent) for agent in memory.agents])
            model.write([CallKept(0.0, call) for call in memory.calls])
            model.write([VoicemailKept(0.0, one) for one in memory.voicemails])
            while True:
                records, mark = self._spill.read(_MOST_IN_BATCH)
                if not records:
                    self._spill.rewind()
                    return dropped, model.remember()
                model.write(records)
                self._spill.forget(mark, 0)
        except OSError as error:
            raise StoreError(
                f"{self._spill.path} cannot be read or written ({error.strerror or error}): check"
                " its folder and permissions"
            ) from None

    def stop(self, within_seconds: float) -> bool:
        """Make durable what was put, in the store or the spill file; whether all of it is.

        Blocks for at most about that long, which should be more than ``slow_seconds``; nothing may
        be put any more.
        """
        if self._thread is None:
            return True
        self._slow_seconds = min(self._slow_seconds, within_seconds / 2)
        self._stopping.set()
        self._wake.set()
        self._thread.join(within_seconds)
        return not self._thread.is_alive() and self.pending == 0

    # -- the loop's side -------------------------------------------------------------------------

    def put(self, records: Sequence[Record]) -> int:
        """Take records to be written and return their ticket, or ``REFUSED``; never waits.

        Records that no store keeps are passed over; if there are no others the ticket is the last.
        """
        mine = kept(records)
        if not mine:
            return self._ticket
        if self.pending + len(mine) > self._most_records:
            self.refused += len(mine)
            return REFUSED
        self._ticket += 1
        self._put_count += len(mine)
        self._items.append((self._ticket, self._now(), mine))
        if not self._urgent and any(one.__class__ not in _PATIENT for one in records):
            self._urgent = True
            if self._idle:
                self._wake.set()
        return self._ticket

    async def wait_committed(self, ticket: int) -> None:
        """Return when all records up to this ticket are durable.

        Raises ``StoreError`` when they never will be: refused, or the writer has stopped.
        """
        if ticket == REFUSED:
            raise StoreError(self._lost("there is no room to keep this"))
        if ticket <= self.committed:
            return
        self._loop = asyncio.get_running_loop()
        told = self._loop.create_future()
        self._waiting[told] = ticket
        self._awaited = True
        self._wake.set()
        try:
            # It may have been committed just before we stood in the list.
            self._release()
            await told
        finally:
            del self._waiting[told]

    def _release(self) -> None:
        for told, ticket in self._waiting.items():
            if told.done():
                continue
            if ticket <= self.committed:
                told.set_result(None)
            elif self._over:
                told.set_exception(StoreError(self._lost("the writer stopped before this")))

    def _lost(self, what: str) -> str:
        return f"{what}: {self.last_error}" if self.last_error else what

    # -- the writer's side -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while True:
                stopping = self._stopping.is_set()
                began = self._now()
                self._take()
                if self._spilling:
                    self._spilling = self._catch_up()
                if not self._spilling:
                    self._write_held()
                elif stopping or not self._nearly_there():
                    self._spill_held()
                if stopping and (self._held or not self._items):
                    break
                self._pause(began)
            self._end()
        except Exception as error:
            self._trouble(f"the store's writer has failed and writes no more: {error!r}")
            raise
        finally:
            self._over = True
            self._tell_waiting()

    def _take(self) -> None:
        # Forgotten before it is looked: what is put meanwhile says so again.
        self._urgent = self._awaited = False
        while self._items and len(self._held) < _MOST_IN_BATCH:
            ticket, put_at, records = self._items.popleft()
            if self._held_since is None:
                self._held_since = put_at
            self._held += records
            self._held_ticket = ticket
        if self._items:
            self._awaited = True  # A full batch: the next follows at once.

    def _write_held(self) -> None:
        if not self._held:
            return
        self._wrote_at = self._now()
        attempt = self._begin(list(self._held))
        if attempt.over.wait(self._slow_seconds):
            if attempt.error is None:
                self._acknowledge()
                self._fine()
                return
            self._try_later(attempt.error)
        else:
            self._attempt, self._attempt_covers = attempt, (0, 0)
            name = self._store.name if self._store else "the store"
            self._trouble(f"{name} is slow: no answer within {self._slow_seconds:g} s")
        self._spilling = True
        self._spill_held()

    def _spill_held(self) -> None:
        if not self._held:
            return
        try:
            self._spill.append(self._held)
        except OSError as error:
            self._spill_trouble = (
                f"{self._spill.path} cannot be written ({error.strerror or error}): records are in"
                " memory only, free some disk"
            )
            self._say()
            return
        self._spill_trouble = ""
        self._say()
        self._acknowledge()

    def _nearly_there(self) -> bool:
        """Whether what is held may wait a moment for the store instead of being spilled as well.

        Without this there would be no end to catching up under load: something new would be
        spilled behind whatever is being written.
        """
        attempt, since = self._attempt, self._held_since
        if attempt is None or not attempt.over.wait(self._group_seconds):
            return False
        return since is None or self._now() - since < _HOLD_GROUPS * self._group_seconds

    def _catch_up(self) -> bool:
        """Go on writing the spill file into the store, without waiting; whether there is more."""
        attempt = self._attempt
        if attempt is None:
            if self._now() < self._next_try_at:
                return True
        elif not attempt.over.is_set():
            return True
        else:
            self._attempt = None
            if attempt.error is not None:
                return self._try_later(attempt.error)
            mark, count = self._attempt_covers
            if mark:
                self._spill.forget(mark, count)
        try:
            records, mark = self._spill.read(_MOST_IN_BATCH)
            if not records and attempt is not None:
                self._spill.clear()
                if not self._held:
                    self._fine()
                return False
        except (OSError, StoreError) as error:
            return self._try_later(error)
        # With nothing spilled, an empty batch asks whether the store is there again.
        self._attempt, self._attempt_covers = self._begin(records), (mark, len(records))
        return True

    def _try_later(self, error: Exception) -> bool:
        self._next_try_at = self._now() + self._retry_seconds
        self._trouble(str(error) if isinstance(error, StoreError | OSError) else repr(error))
        return True

    def _begin(self, records: list[Kept]) -> Attempt:
        assert self._hand is not None
        return self._hand.begin(partial(self._write, records))

    def _write(self, records: list[Kept]) -> None:
        """What the hand does; nobody else touches the store meanwhile."""
        if self._store is None:
            self._store = self._open_store()
        self.aside.write(self._store, records)

    def _acknowledge(self) -> None:
        self._durable_count += len(self._held)
        self._held = []
        self._held_since = None
        self.committed = self._held_ticket
        self._tell_waiting()

    def _tell_waiting(self) -> None:
        if self._waiting and self._loop is not None:
            with suppress(RuntimeError):  # The loop has been closed: nobody waits any more.
                self._loop.call_soon_threadsafe(self._release)

    def _pause(self, began: float) -> None:
        """Wait until there is something to do: a full group, a free hand, the end."""
        if self._spilling and self._attempt is not None:
            return  # It has been waited for.
        left = self._group_seconds - (self._now() - began)
        if left > 0:
            self._stopping.wait(left)
        if self._spilling or self._held:
            return
        self._idle = True
        while True:
            # Cleared before it is looked: who puts one now is seen here, or wakes us.
            self._wake.clear()
            soon, patient = self._wrote_at + _SOON_SECONDS, began + _PATIENT_SECONDS
            left = (min(soon, patient) if self._urgent else patient) - self._now()
            if left <= 0 or self._awaited or self._stopping.is_set():
                break
            self._wake.wait(left)
        self._idle = False

    def _end(self) -> None:
        assert self._hand is not None
        free = self._attempt is None or self._attempt.over.wait(self._slow_seconds / 2)
        if free and self._store is not None:
            self._hand.begin(self._store.close).over.wait(self._slow_seconds / 2)
        self._hand.end()
        self._spill.close()

    def _trouble(self, text: str) -> None:
        self._store_trouble = text
        self._say()

    def _fine(self) -> None:
        self._store_trouble = self._spill_trouble = ""
        self._say()

    def _say(self) -> None:
        text = "; and ".join(filter(None, (self._store_trouble, self._spill_trouble)))
        before, self.last_error = self.last_error, text
        if text and text != before:
            self._on_trouble(text)
        elif before and not text:
            self._on_recovered()
