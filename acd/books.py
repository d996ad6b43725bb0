"""What an engine leaves behind: its store, which the next one remembers by, and its journal.

Rules: routing never waits for it. A store out of reach is no reason not to serve: the engine starts
with what its spill file knows and writes there until the store is back. One that is refused (of a
newer version, somebody else's file) is a reason: whoever wrote on it would lose the books.
It must not know what a record means.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from acd.ami.items import Outputs
from acd.core.memory import NOTHING, Memory
from acd.core.plan import Plan
from acd.core.records import Snapshot
from acd.errors import StoreAwayError, StoreError
from acd.journal.writer import Journal
from acd.log import Log
from acd.pipeline import Item, PbxSetup
from acd.queuelog.file import OpenQueueLog, QueueLogFile
from acd.store.port import Store
from acd.store.writer import Writer
from acd.web.port import EngineBusy

_CLOSE_SECONDS: Final = 0.4
_JOURNAL_CLOSE_SECONDS: Final = 0.1
_DURABLE_SECONDS: Final = 5.0
"""How long somebody who asked for something waits for his answer at most."""


class Books:
    """One for a daemon; without ``open_store`` nothing outlives it, without ``journal_path`` no run
    of it can be done again."""

    def __init__(
        self,
        open_store: Callable[[], Store] | None,
        spill_path: Path,
        now: Callable[[], float],
        log: Log,
        journal_path: Path | None = None,
    ) -> None:
        self._log = log
        self._journal_path = journal_path
        self.journal: Journal | None = None
        self.open_queue_log: OpenQueueLog | None = None
        """Set it before ``begin`` to have a queue_log."""
        self._queue_log: QueueLogFile | None = None
        self._ticket = 0
        self._confirming: set[asyncio.Task[None]] = set()
        self.writer = (
            Writer(
                open_store,
                spill_path,
                now,
                on_trouble=self._trouble,
                on_recovered=self._recovered,
            )
            if open_store is not None
            else None
        )

    async def open(self) -> Memory:
        """What was before. Raises StoreError when the store is refused."""
        writer = self.writer
        if writer is None:
            return NOTHING
        try:
            return await asyncio.to_thread(writer.start)
        except StoreAwayError as error:
            self._trouble(str(error))
            return await asyncio.to_thread(writer.start, without_store=True)

    def begin(
        self, plan: Plan, pbxs: Sequence[PbxSetup], secret: bytes, now: float, memory: Memory
    ) -> None:
        """A pipeline is made with exactly this: its journal begins, and its queue_log."""
        if self.open_queue_log is not None:
            self._queue_log = self.open_queue_log(memory, self._queue_log_tells)
        if self._journal_path is not None:
            self.journal = Journal(
                self._journal_path,
                plan,
                pbxs,
                secret=secret,
                now=now,
                memory=memory,
                tell=self._journal_tells,
            )

    def bug(self, now: float, item: Item) -> None:
        """The step of this item raised; it is the last of the run."""
        if self.journal is not None:
            self.journal.append_bug(now, item)

    def write(self, now: float, item: Item, outputs: Outputs) -> None:
        """Have one step written; never waits."""
        if self.journal is not None:
            self.journal.append(now, item, outputs)
        if self._queue_log is not None and outputs.records:
            self._queue_log.put(outputs.records)
        if self.writer is not None and outputs.records:
            self._ticket = self.writer.put(outputs.records)

    async def are_durable(self) -> None:
        """Return when all that was written until now is durable.

        Raises EngineBusy when it is not in time: it was done, but a power cut could undo it.
        """
        if self.writer is None:
            return
        try:
            async with asyncio.timeout(_DURABLE_SECONDS):
                await self.writer.wait_committed(self._ticket)
        except (StoreError, TimeoutError):
            raise EngineBusy("it is done, but it could not be written down; look again") from None

    def when_durable(self, tell: Callable[[bool], None]) -> None:
        """Have ``tell`` called when what was written until now is durable: False when it is not in
        time. From the event loop, later."""

        async def wait() -> None:
            try:
                await self.are_durable()
            except EngineBusy:
                tell(False)
            else:
                tell(True)

        task = asyncio.create_task(wait(), name="confirmation")
        self._confirming.add(task)
        task.add_done_callback(self._confirming.discard)

    async def close(self, now: float, snapshot: Snapshot | None) -> None:
        """Write down what is left, within half a second; ``snapshot`` is how it ended."""
        if self.journal is not None:
            await asyncio.to_thread(self.journal.close, now, snapshot, _JOURNAL_CLOSE_SECONDS)
        if self._queue_log is not None:
            await asyncio.to_thread(self._queue_log.close, _JOURNAL_CLOSE_SECONDS)
        if self.writer is not None and not await asyncio.to_thread(
            self.writer.stop, _CLOSE_SECONDS
        ):
            self._trouble("not everything could be written down at the end")

    def _trouble(self, why: str) -> None:
        self._log.error("store_trouble", why=why)

    def _journal_tells(self, kind: str, text: str) -> None:
        self._log.warning(kind, text=text)

    def _queue_log_tells(self, text: str) -> None:
        self._log.warning("queue_log_trouble", text=text)

    def _recovered(self) -> None:
        self._log.info("store_recovered")
