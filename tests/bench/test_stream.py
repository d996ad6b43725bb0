"""The bench has readers who are told what callers do, and knows what that costs."""

import json
from pathlib import Path

import pytest

from bench.stream import events, measure

pytestmark = pytest.mark.slow


def test_every_reader_stays_and_the_changes_are_seen(tmp_path: Path) -> None:
    measured = measure(tmp_path, readers=5, changes_per_s=20, seconds=2.0, settle_seconds=2.0)
    assert measured.readers == 5
    assert measured.changes_per_s > 5
    assert 0 < measured.events_per_s <= 11
    assert measured.engine_cpu_percent > 0


def test_only_changes_are_counted() -> None:
    data = json.dumps({"at": 1.0}, separators=(",", ":"))
    sent = "".join(f"id: x-1\nevent: {kind}\ndata: {data}\n\n" for kind in ("snapshot", "change"))
    assert len(events(sent.encode())) == 1
