"""The daemon and its store: what it remembers, what it promises, and what it does without one."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from acd.core.plan import AgentAction
from acd.core.records import Presence, Record
from acd.errors import StoreAwayError, StoreError
from acd.replay import replay
from acd.store.inmemory import InMemoryStore
from acd.store.opening import open_store
from acd.store.port import Store
from acd.web.port import EngineBusy
from tests.test_daemon import AGENT, House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    built = House()
    yield built
    await built.close()


async def live(house: House, **setup: object) -> None:
    await house.open(**setup)
    house.log.lines.clear()
    house.start()
    await house.log.until("ready")


async def presence(house: House) -> Presence:
    return next(one for one in house.daemon.snapshot().agents if one.agent == AGENT).presence


@pytest.mark.slow
async def test_an_engine_remembers_what_agents_said_to_the_one_before(
    house: House, tmp_path: Path
) -> None:
    def open_it() -> Store:
        return open_store(f"sqlite:///{tmp_path}/acd.db")

    await live(house, open_store=open_it, spill_path=tmp_path / "spill")
    await house.daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    await house.daemon.request(AGENT, AgentAction.NOT_READY, "break", None)
    store = open_it()
    # Whoever has his answer finds it in the store, however the engine ends.
    [kept] = [one for one in store.remember().agents if one.agent == AGENT]
    store.close()
    assert (kept.presence, kept.reason) == ("not_ready", "break")
    house.daemon.stop()
    await house.running
    await live(house, open_store=open_it, spill_path=tmp_path / "spill")
    assert await presence(house) is Presence.NOT_READY


@pytest.mark.slow
async def test_a_store_out_of_reach_is_told_and_written_later(house: House, tmp_path: Path) -> None:
    real, there = InMemoryStore(), asyncio.Event()

    def open_it() -> Store:
        if not there.is_set():
            raise StoreAwayError("the store at db.example cannot be reached")
        return real

    await live(house, open_store=open_it, spill_path=tmp_path / "spill")
    assert "db.example" in str(await house.log.until("store_trouble"))
    await house.daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    assert await presence(house) is Presence.READY
    there.set()
    await house.log.until("store_recovered")
    assert [one.presence for one in real.remember().agents if one.agent == AGENT] == ["ready"]


async def test_a_store_that_is_refused_is_not_worked_without(house: House, tmp_path: Path) -> None:
    def open_it() -> Store:
        raise StoreError("acd.db is of a newer version")

    await house.open(open_store=open_it, spill_path=tmp_path / "spill")
    with pytest.raises(StoreError, match="newer version"):
        await house.start()


async def test_what_cannot_be_written_down_in_time_is_not_confirmed(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(InMemoryStore):
        def write(self, records: object) -> None:
            raise StoreAwayError("the disk is full")

    monkeypatch.setattr("acd.books._DURABLE_SECONDS", 0.2)
    folder = tmp_path / "full"
    folder.mkdir()
    await live(house, open_store=Lost, spill_path=folder / "spill")
    house.daemon._books.writer._spill.append = lost  # type: ignore[union-attr,method-assign]
    with pytest.raises(EngineBusy, match="could not be written down"):
        await house.daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    assert await presence(house) is Presence.READY


async def test_what_there_was_no_room_for_is_not_confirmed(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(house, open_store=InMemoryStore, spill_path=tmp_path / "spill")
    await house.daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    monkeypatch.setattr(house.daemon._books.writer, "_most_records", 0)
    with pytest.raises(EngineBusy, match="could not be written down"):
        await house.daemon.request(AGENT, AgentAction.NOT_READY, "break", None)


async def test_an_agent_who_dials_a_code_hears_of_it_when_it_is_written_down(
    house: House, tmp_path: Path
) -> None:
    began, go_on = threading.Event(), threading.Event()

    class Slow(InMemoryStore):
        def write(self, records: Sequence[Record]) -> None:
            began.set()
            assert go_on.wait(20)
            super().write(records)

    await live(house, open_store=Slow, spill_path=tmp_path / "spill")
    await house.log.until("pbx_state", state="live")
    link, written, told = next(iter(house.daemon.links.values())), bytearray(), asyncio.Event()
    write = link.write

    def watched(epoch: int, data: bytes) -> bool:
        written.extend(data)
        if b"GET OPTION" in written:
            told.set()
        return write(epoch, data)

    link.write = watched  # type: ignore[method-assign]
    house.daemon._books.writer._slow_seconds = 20.0  # type: ignore[union-attr]
    house.server.world(lambda pbx, now: pbx.agent_dial("PJSIP/1001", "*30", now))
    await house.log.until("agent_changed", presence="ready")
    assert await asyncio.to_thread(began.wait, 10)
    assert not told.is_set()
    go_on.set()
    await asyncio.wait_for(told.wait(), 10)


def lost(*_: object) -> None:
    raise OSError(28, "No space left on device")


async def test_a_run_can_be_done_again_from_its_journal(house: House, tmp_path: Path) -> None:
    await live(house, journal_path=tmp_path / "journal")
    await house.daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    house.daemon.stop()
    await house.running
    told = io.StringIO()
    assert await asyncio.to_thread(replay, tmp_path / "journal", told), told.getvalue()


async def test_without_a_store_nothing_is_written_and_nobody_waits(house: House) -> None:
    await live(house)
    await house.daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    assert await presence(house) is Presence.READY
