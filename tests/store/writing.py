"""A writer under test: what it says, a store that can be told to fail or hang, and a guard on time.

No test waits for time to pass: it waits for what is to happen, and ``GUARD_SECONDS`` only ends a
test that would never end.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acd.core.records import Record
from acd.errors import StoreAwayError
from acd.store.inmemory import InMemoryStore
from acd.store.opening import open_store
from acd.store.port import Store
from acd.store.writer import Writer

GUARD_SECONDS = 30.0
RECOVERED = "recovered"


class Heard:
    """What a writer told: reasons of trouble and ``RECOVERED``, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._news = threading.Condition()

    def tell(self, text: str = RECOVERED) -> None:
        with self._news:
            self.said.append(text)
            self._news.notify_all()

    def wait_for(self, words: str, times: int = 1) -> None:
        """Return when something with these words was told so often."""
        with self._news:
            heard = self._news.wait_for(
                lambda: sum(words in text for text in self.said) >= times, GUARD_SECONDS
            )
        assert heard, f"never heard {words!r}, but {self.said}"


class MoodyStore(InMemoryStore):
    """A store that raises ``error`` while it has one, and hangs while ``gate`` is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Semaphore(0)
        """Released at each write that begins."""
        self.writes: list[list[Record]] = []
        """What each write that went through was given."""

    def write(self, records: Sequence[Record]) -> None:
        self.began.release()
        assert self.gate.wait(GUARD_SECONDS)
        if self.error is not None:
            raise self.error
        super().write(records)
        self.writes.append(list(records))


AWAY = StoreAwayError("the store is away: bring it back")


def make_writer(
    open_store: Callable[[], Store],
    spill_path: Path,
    heard: Heard,
    *,
    slow_seconds: float = GUARD_SECONDS,
    most_records: int = 100_000,
) -> Writer:
    """A writer that tries again at once and takes nothing for slow unless asked to."""
    return Writer(
        open_store,
        spill_path,
        time.monotonic,
        on_trouble=heard.tell,
        on_recovered=heard.tell,
        group_seconds=0.002,
        slow_seconds=slow_seconds,
        retry_seconds=0.002,
        most_records=most_records,
    )


@contextmanager
def writing(url: str, spill_path: Path, heard: Heard, **options: float) -> Iterator[Writer]:
    writer = make_writer(lambda: open_store(url), spill_path, heard, **options)  # type: ignore[arg-type]
    writer.start()
    try:
        yield writer
    finally:
        writer.stop(GUARD_SECONDS)
