"""A record that the store takes never is set aside and told, and stands in nobody's way."""

import asyncio
import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from acd.store.aside import Aside
from acd.store.opening import open_store
from tests.store.samples import agent, call_id, ended, living, whole_call
from tests.store.writing import AWAY, GUARD_SECONDS, RECOVERED, Heard, MoodyStore, writing

SPOILT = msgspec.structs.replace(ended(5), arrived_at=math.nan)
"""A NaN is no value to SQLite."""


@pytest.mark.parametrize("batches", [1, 3])
async def test_what_comes_after_it_is_written(tmp_path: Path, batches: int) -> None:
    heard, url = Heard(), f"sqlite:///{tmp_path / 'acd.db'}"
    records = [SPOILT, *(one for number in range(6, 20) for one in whole_call(number))]
    size = -(-len(records) // batches)
    async with asyncio.timeout(GUARD_SECONDS):
        with writing(url, tmp_path / "spill", heard) as writer:
            for start in range(0, len(records), size):
                ticket = writer.put(records[start : start + size])
            await writer.wait_committed(ticket)
            assert (writer.spilled, writer.pending, writer.last_error) == (0, 0, "")
            assert writer.aside.count == 1
    store = open_store(url)
    assert store.ended(call_id(5)) is None
    assert store.ended_count() == 14
    [told] = heard.said
    aside = tmp_path / "spill.refused"
    assert str(call_id(5)) in told
    assert str(aside) in told
    assert SPOILT.ani not in told
    [line] = aside.read_text().splitlines()
    assert (json.loads(line)["record"], json.loads(line)["call"]) == ("CallEnded", call_id(5))
    assert math.isnan(json.loads(line)["arrived_at"])
    assert aside.stat().st_mode & 0o777 == 0o600


async def test_one_in_the_spill_file_does_not_stop_it_either(tmp_path: Path) -> None:
    path, heard = tmp_path / "acd.db", Heard()
    url = f"sqlite:///{path}"
    async with asyncio.timeout(GUARD_SECONDS):
        with writing(url, tmp_path / "spill", heard) as writer:
            await writer.wait_committed(writer.put([ended(1)]))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await writer.wait_committed(writer.put([SPOILT]))
                await writer.wait_committed(writer.put([ended(6)]))
                assert writer.spilled == 2
                other.execute("ROLLBACK")
            await asyncio.to_thread(heard.wait_for, RECOVERED)
            assert (writer.spilled, writer.aside.count) == (0, 1)
    assert open_store(url).ended_count() == 2


def test_one_that_comes_again_and_again_is_told_once_and_all_are_kept(tmp_path: Path) -> None:
    store, told = MoodyStore(), list[str]()
    aside = Aside(tmp_path / "refused", told.append)
    store.error = ValueError("nobody reads 0301234567")
    for record in (living(1), living(1), agent(), ended(1)):
        aside.write(store, [record])
    assert aside.count == len((tmp_path / "refused").read_text().splitlines()) == 4
    assert [text.split()[0] for text in told] == ["CallKept", "AgentKept", "CallEnded"]
    assert "0301234567" not in "".join(told)


def test_a_store_that_is_away_refuses_nothing_for_ever(tmp_path: Path) -> None:
    store = MoodyStore()
    aside = Aside(tmp_path / "refused", pytest.fail)
    store.error = AWAY
    with pytest.raises(type(AWAY)):
        aside.write(store, [living(1), ended(2)])
    store.error = None
    aside.write(store, [living(1), ended(2)])
    assert (aside.count, store.ended_count()) == (0, 1)


def test_what_cannot_be_set_aside_is_not_given_up(tmp_path: Path) -> None:
    store = MoodyStore()
    store.error = ValueError()
    with pytest.raises(OSError, match="refused"):
        Aside(tmp_path / "no folder" / "refused", pytest.fail).write(store, [ended(1)])
