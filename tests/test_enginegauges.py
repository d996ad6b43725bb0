"""What a scrape finds of the process: its inbox, its clock, its books."""

import io
from pathlib import Path
from types import SimpleNamespace

from acd.books import Books
from acd.clock import Clock
from acd.core.events import Tick
from acd.enginegauges import engine_gauges
from acd.inbox import Inbox
from acd.live import Touched
from acd.log import open_log
from acd.store.inmemory import InMemoryStore


def test_inbox_clock_and_books_are_told(tmp_path: Path) -> None:
    clock = Clock()
    inbox = Inbox(clock.now)
    log, _ = open_log("json", lambda: 0.0, stream=io.StringIO())
    books = Books(InMemoryStore, tmp_path / "spill", clock.now, log)
    inbox.put_always(Tick())
    shown = SimpleNamespace(touched=Touched())
    shown.touched.readers = 3
    told = engine_gauges(inbox, clock, books, shown)
    found = {figure.name: figure.samples[0][1] for figure in told}
    assert found["acd_stream_readers"] == 3
    assert found["acd_stream_cut_off_total"] == 0
    assert found["acd_inbox_items"] == 1
    assert "acd_clock_drift_seconds" in found
    assert found["acd_store_lag_seconds"] == 0
