"""The job that deletes what has been kept long enough, once a day and at the start.

Rules: everything here blocks and is done in a thread, on a connection of its own; a few rows at a
time with a pause between, so that the writer of records never waits long. A file goes before the
row that names it. What fails is told and tried again the next day; nothing here stops the engine.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from acd.errors import StoreError
from acd.gauges import Figure
from acd.journal.segments import expire
from acd.log import Log
from acd.retention import DAY_SECONDS, Kind, Retention
from acd.store.port import Key, Store

FIRST_SECONDS: Final = 60.0
"""After its start an engine has better things to do."""
AT_ONCE: Final = 200
"""Rows in a transaction: a few milliseconds of the database."""
PAUSE_SECONDS: Final = 0.05
_LOOKED: Final = 2_000
_JOURNAL: Final = "journal"

DELETED: Final = Figure(
    "acd_deleted_total",
    "What was deleted or, of numbers, cut because it had been kept long enough.",
    ("kind",),
    [],
    counts=True,
)


class Deletion:
    """Deletes by ``retention``; ``open_store`` gives each run a store of its own."""

    def __init__(
        self,
        retention: Retention,
        open_store: Callable[[], Store],
        *,
        journal: Path | None,
        voicemails: Path | None,
        now: Callable[[], float],
        tell: Callable[[str, str], object] = lambda what, why: None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """``tell`` is given what could not be deleted, and why; from the thread of the run."""
        self.deleted: Counter[str] = Counter(dict.fromkeys((*Kind, _JOURNAL), 0))
        self._retention = retention
        self._open_store = open_store
        self._journal = journal
        self._voicemails = voicemails
        self._now = now
        self._tell = tell
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have a run end soon; the next one goes on where it was."""
        self._stopping.set()

    def run(self) -> Counter[str]:
        """Delete all that is due now; return how much of each kind. Blocks, and never raises."""
        before = Counter(self.deleted)
        self._expire_journal()
        try:
            store = self._open_store()
        except StoreError as error:
            self._tell("store", str(error))
            return self.deleted - before
        try:
            for kind in Kind:
                if not self._stopping.is_set():
                    self._expire(store, kind)
        except StoreError as error:
            self._tell("store", str(error))
        finally:
            store.close()
        return self.deleted - before

    def figure(self) -> Iterator[Figure]:
        """What was deleted since the start, for a metric."""
        yield DELETED._replace(samples=[((kind,), n) for kind, n in self.deleted.items()])

    def _before(self, days: int | None) -> float | None:
        return None if days is None else self._now() - days * DAY_SECONDS

    def _expire(self, store: Store, kind: Kind) -> None:
        before = self._before(self._retention.days(kind))
        if before is None:
            return
        stay: set[Key] = set()
        while True:
            # Those that could not go are found again, before all others.
            found = store.due(kind, before, _LOOKED + len(stay))
            keys = [key for key in found if key not in stay]
            for at in range(0, len(keys), AT_ONCE):
                some = keys[at : at + AT_ONCE]
                gone = self._without_files(some, stay) if kind is Kind.VOICEMAILS else some
                store.forget(kind, gone)
                self.deleted[kind.value] += len(gone)
                if self._stopping.wait(self._pause_seconds):
                    return
            # Whatever is still found now was not to be had; it must not be asked for for ever.
            stay.update(keys)
            if len(keys) < _LOOKED:
                return

    def _without_files(self, keys: Sequence[Key], stay: set[Key]) -> list[Key]:
        """Those whose sound is gone as well."""
        gone = []
        for key in keys:
            file = None if self._voicemails is None else self._voicemails / f"{key[0]}.wav"
            try:
                if file is not None:
                    file.unlink(missing_ok=True)
            except OSError as error:
                self._tell(str(file), error.strerror or str(error))
                stay.add(key)
            else:
                gone.append(key)
        return gone

    def _expire_journal(self) -> None:
        before = self._before(self._retention.journal_days)
        if before is None or self._journal is None:
            return
        try:
            for _ in expire(self._journal, before):
                self.deleted[_JOURNAL] += 1
        except OSError as error:
            self._tell(str(self._journal), error.strerror or str(error))


async def delete_in_time(
    deletion: Deletion,
    log: Log,
    *,
    first_seconds: float = FIRST_SECONDS,
    every_seconds: float = DAY_SECONDS,
) -> None:
    """Run it soon and then every day, for ever; what it did is a line of the log."""
    try:
        await asyncio.sleep(first_seconds)
        while True:
            done = await asyncio.to_thread(deletion.run)
            if done:
                log.info("deleted", **dict(done))
            await asyncio.sleep(every_seconds)
    finally:
        deletion.stop()
