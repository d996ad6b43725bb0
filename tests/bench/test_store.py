"""The bench puts what it says: whole calls, spread over their lives."""

import asyncio
import time
from pathlib import Path

import pytest

from acd.core.records import CallEnded
from acd.store.inmemory import InMemoryStore
from acd.store.writer import Writer
from bench.store import UNDER_WAY, Stalls, measure, paced, records_in_turn, unpaced
from tests.store.samples import call_id

pytestmark = pytest.mark.slow


def test_each_call_is_put_whole_and_in_its_order_with_many_others_between() -> None:
    turns = records_in_turn(5, 300)
    ended = [record.call for turn in turns for record in turn if isinstance(record, CallEnded)]
    assert ended == [call_id(number) for number in range(5, 305)]
    assert sum(map(len, turns)) == 12 * 300
    assert max(map(len, turns)) <= 12
    assert len(turns) == 300 + UNDER_WAY


async def test_whatever_is_put_is_written(tmp_path: Path) -> None:
    store = InMemoryStore()
    writer = Writer(lambda: store, tmp_path / "spill", time.monotonic)
    writer.start()
    await unpaced(writer, records_in_turn(0, 200))
    assert store.ended_count() == 200
    assert await paced(lambda turn: None, [[]] * 20) > 0
    assert await asyncio.to_thread(writer.stop, 10.0)


async def test_a_loop_that_is_held_up_is_noticed() -> None:
    stalls = Stalls()
    await asyncio.sleep(0)
    ends_at = time.perf_counter() + 0.02
    while time.perf_counter() < ends_at:
        pass
    await stalls.noticed.wait()
    worst, words = stalls.end()
    assert worst.late_ms >= 15
    assert "late by at most" in words


async def test_a_store_is_measured(tmp_path: Path) -> None:
    measured = await measure("sqlite", f"sqlite:///{tmp_path / 'acd.db'}", tmp_path, 50)
    assert measured.calls_per_s > 0
    assert measured.worst_stall_ms > 0
