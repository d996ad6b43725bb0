"""The writer: what is put is durable when it says so, in the store or in the spill file."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from acd.core.records import Noticed
from acd.errors import StoreAwayError, StoreError
from acd.store.inmemory import InMemoryStore
from acd.store.port import Kept
from acd.store.spill import Spill
from acd.store.writer import REFUSED, Writer
from tests.scenarios.world import until
from tests.store.samples import T0, agent, call_id, ended, living, whole_call
from tests.store.writing import AWAY, GUARD_SECONDS, RECOVERED, Heard, MoodyStore, make_writer

Make = Callable[..., Writer]


@pytest.fixture
def store() -> MoodyStore:
    return MoodyStore()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def spill_path(tmp_path: Path) -> Path:
    return tmp_path / "spill"


@pytest.fixture
async def make(store: MoodyStore, heard: Heard, spill_path: Path) -> AsyncIterator[Make]:
    """Makes writers, begun, of the test's store and spill file; stops them at the end."""
    made: list[Writer] = []

    def begun(path: Path = spill_path, **options: float) -> Writer:
        writer = make_writer(lambda: store, path, heard, **options)  # type: ignore[arg-type]
        writer.start()
        made.append(writer)
        return writer

    async with asyncio.timeout(GUARD_SECONDS):
        yield begun
    store.error = None
    store.gate.set()
    for writer in made:
        writer.stop(GUARD_SECONDS)


async def test_what_is_committed_is_in_the_store(make: Make, store: MoodyStore) -> None:
    writer = make()
    ticket = writer.put([living(1), Noticed(T0, "a", "b"), ended(2)])
    await writer.wait_committed(ticket)
    assert writer.committed == ticket
    assert store.ended(call_id(2)) == ended(2)
    assert [call.call for call in store.remember().calls] == [call_id(1)]
    assert (writer.pending, writer.spilled, writer.lag, writer.last_error) == (0, 0, 0.0, "")


async def test_records_that_no_store_keeps_take_no_ticket(make: Make, store: MoodyStore) -> None:
    writer = make()
    ticket = writer.put([ended(1)])
    assert writer.put([Noticed(T0, "a", "b")]) == ticket
    assert writer.put([]) == ticket
    await writer.wait_committed(ticket)
    await writer.wait_committed(0)
    assert len(store.writes) == 1


async def test_what_comes_while_the_store_writes_is_one_transaction(
    make: Make, store: MoodyStore
) -> None:
    writer = make()
    store.gate.clear()
    writer.put([ended(0)])
    assert await asyncio.to_thread(store.began.acquire, timeout=GUARD_SECONDS)
    for number in range(1, 50):
        last = writer.put([ended(number)])
    assert writer.pending == 50
    assert writer.lag > 0
    store.gate.set()
    await writer.wait_committed(last)
    assert [len(batch) for batch in store.writes] == [1, 49]


async def test_many_can_wait_for_different_tickets(make: Make, store: MoodyStore) -> None:
    writer = make()
    tickets = [writer.put([ended(number)]) for number in range(20)]
    await asyncio.gather(*(writer.wait_committed(ticket) for ticket in reversed(tickets)))
    assert store.ended_count() == 20


async def test_what_the_store_refuses_is_spilled_and_written_in_order_later(
    make: Make, store: MoodyStore, heard: Heard, spill_path: Path
) -> None:
    writer = make()
    store.error = AWAY
    await writer.wait_committed(writer.put([living(1, option="1")]))
    await writer.wait_committed(writer.put([living(1, option="2"), agent()]))
    assert (writer.spilled, writer.pending) == (3, 0)
    assert writer.last_error == str(AWAY)
    assert left_in(spill_path) == 3
    store.error = None
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert store.remember().calls == (living(1, option="2").call,)
    assert (writer.spilled, writer.last_error) == (0, "")
    assert left_in(spill_path) is None
    await writer.wait_committed(writer.put([ended(1)]))
    assert store.ended_count() == 1
    assert heard.said == [str(AWAY), RECOVERED]


async def test_a_trouble_is_told_once_however_often_it_is_tried(
    make: Make, store: MoodyStore, heard: Heard
) -> None:
    writer = make()
    store.error = AWAY
    await writer.wait_committed(writer.put([ended(1)]))
    for _ in range(5):
        assert await asyncio.to_thread(store.began.acquire, timeout=GUARD_SECONDS)
    assert heard.said == [str(AWAY)]
    store.error = StoreAwayError("another reason")
    await asyncio.to_thread(heard.wait_for, "another reason")
    store.error = None
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert heard.said == [str(AWAY), "another reason", RECOVERED]


async def test_a_store_that_hangs_holds_nobody_up(
    make: Make, store: MoodyStore, heard: Heard
) -> None:
    writer = make(slow_seconds=0.01)
    store.gate.clear()
    await writer.wait_committed(writer.put([living(1, option="1")]))
    await writer.wait_committed(writer.put([living(1, option="2"), living(2)]))
    assert store.writes == []
    assert writer.spilled == 3
    assert "slow" in writer.last_error
    store.gate.set()
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert store.remember().calls == (living(1, option="2").call, living(2).call)


async def test_catching_up_ends_though_records_keep_coming(
    make: Make, store: MoodyStore, heard: Heard
) -> None:
    writer = make()
    store.error = AWAY
    tickets: list[int] = []
    while RECOVERED not in heard.said:
        tickets.append(writer.put(list(whole_call(len(tickets)))))
        if len(tickets) == 300:
            store.error = None
        # There is always something on its way, and never more than can be written.
        await writer.wait_committed(tickets[-20] if len(tickets) > 20 else 0)
    await writer.wait_committed(tickets[-1])
    assert len(tickets) > 300
    assert store.ended_count() == len(tickets)


async def test_what_nobody_takes_stays_in_memory_until_somebody_does(
    make: Make, store: MoodyStore, heard: Heard, tmp_path: Path
) -> None:
    writer = make(tmp_path / "no folder" / "spill")
    store.error = AWAY
    ticket = writer.put([ended(1), ended(2)])
    await asyncio.to_thread(heard.wait_for, "memory only")
    assert "no folder" in writer.last_error
    assert str(AWAY) in writer.last_error
    assert writer.pending == 2
    assert writer.committed < ticket
    store.error = None
    await writer.wait_committed(ticket)
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert store.ended_count() == 2
    assert heard.said[-1] == RECOVERED


async def test_what_there_is_no_room_for_is_refused_and_never_confirmed(
    make: Make, store: MoodyStore, heard: Heard, tmp_path: Path
) -> None:
    writer = make(tmp_path / "no folder" / "spill", most_records=10)
    store.error = AWAY
    tickets = [writer.put([ended(number)]) for number in range(12)]
    assert tickets[10:] == [REFUSED, REFUSED]
    assert writer.refused == 2
    with pytest.raises(StoreError, match="no room"):
        await writer.wait_committed(REFUSED)
    store.error = None
    await writer.wait_committed(tickets[9])
    assert store.ended_count() == 10
    await writer.wait_committed(writer.put([ended(20)]))


# -- start -----------------------------------------------------------------------------------------


def leave_spill(path: Path, *batches: list[Kept], cut: int = 0) -> None:
    """What a killed process leaves; ``cut`` bytes of it did not come to the disk."""
    spill = Spill(path)
    for batch in batches:
        spill.append(batch)
    spill.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - cut])


def left_in(path: Path) -> int | None:
    """How many records a spill file holds, None when there is no file."""
    if not path.exists():
        return None
    spill = Spill(path)
    spill.open()
    spill.close()
    return spill.records


async def test_what_a_killed_process_left_is_remembered_and_written(
    store: MoodyStore, heard: Heard, spill_path: Path
) -> None:
    store.write([living(1, option="1"), living(2), agent(calls_taken=1)])
    leave_spill(spill_path, [living(1, option="2"), ended(2), agent(calls_taken=2)])
    writer = make_writer(lambda: store, spill_path, heard)
    memory = writer.start()
    assert memory.calls == (living(1, option="2").call,)
    assert memory.agents == (agent(calls_taken=2).agent,)
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert "3 records of an earlier run" in heard.said[0]
    assert store.remember() == memory
    assert store.ended(call_id(2)) == ended(2)
    assert left_in(spill_path) is None
    assert writer.stop(GUARD_SECONDS)


async def test_a_cut_entry_is_dropped_and_said(
    store: MoodyStore, heard: Heard, spill_path: Path
) -> None:
    leave_spill(spill_path, [ended(1)], [ended(2)], cut=5)
    writer = make_writer(lambda: store, spill_path, heard)
    writer.start()
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert "unfinished" in heard.said[0]
    assert store.ended_count() == 1
    assert left_in(spill_path) is None
    assert writer.stop(GUARD_SECONDS)


async def test_a_store_that_is_away_at_start_can_be_done_without(
    store: MoodyStore, heard: Heard, spill_path: Path
) -> None:
    there = threading.Event()

    def open_store() -> InMemoryStore:
        if not there.is_set():
            raise AWAY
        return store

    leave_spill(spill_path, [living(1)])
    writer = make_writer(open_store, spill_path, heard)
    with pytest.raises(StoreAwayError):
        writer.start()
    assert writer.start(without_store=True).calls == (living(1).call,)
    await writer.wait_committed(writer.put([ended(2)]))
    await asyncio.to_thread(heard.wait_for, str(AWAY))
    assert writer.spilled == 2
    there.set()
    await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert store.ended_count() == 1
    assert store.remember().calls == (living(1).call,)
    assert writer.stop(GUARD_SECONDS)


def test_a_spill_file_of_something_else_is_refused_at_start(
    store: MoodyStore, heard: Heard, spill_path: Path
) -> None:
    spill_path.write_text("my notes")
    with pytest.raises(StoreError, match="no spill file"):
        make_writer(lambda: store, spill_path, heard).start()
    assert spill_path.read_text() == "my notes"


# -- stop ------------------------------------------------------------------------------------------


async def test_stopping_writes_what_was_put(make: Make, store: MoodyStore) -> None:
    writer = make()
    for number in range(3000):
        writer.put([ended(number), agent()])
    assert writer.stop(GUARD_SECONDS)
    assert store.ended_count() == 3000
    assert writer.stop(GUARD_SECONDS)


async def test_stopping_with_a_store_that_hangs_spills_what_was_put(
    make: Make, store: MoodyStore, spill_path: Path
) -> None:
    writer = make(slow_seconds=0.1)
    store.gate.clear()
    writer.put([ended(1)])
    assert writer.stop(GUARD_SECONDS)
    assert left_in(spill_path) == 1


async def test_who_waits_for_what_is_never_written_is_told(
    make: Make, store: MoodyStore, heard: Heard, tmp_path: Path
) -> None:
    writer = make(tmp_path / "no folder" / "spill")
    store.error = AWAY
    ticket = writer.put([ended(1)])
    waiting = asyncio.create_task(writer.wait_committed(ticket))
    await asyncio.to_thread(heard.wait_for, "memory only")
    assert not await asyncio.to_thread(writer.stop, 1.0)
    with pytest.raises(StoreError, match="stopped before"):
        await waiting


async def test_more_than_one_batch_is_written_without_a_rest(
    make: Make, store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.store.writer._PATIENT_SECONDS", 1000.0)
    monkeypatch.setattr("acd.store.writer._MOST_IN_BATCH", 10)
    writer = make()
    for number in range(100):
        ticket = writer.put([ended(number)])
    # Whoever waits by `wait_committed` hurries it.
    await asyncio.to_thread(until, lambda: writer.committed == ticket, GUARD_SECONDS / 2)
    assert store.ended_count() == 100


async def test_what_the_pbx_shows_as_well_waits_for_others_unless_somebody_waits_for_it(
    make: Make, store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.store.writer._PATIENT_SECONDS", 1000.0)
    writer = make()
    await writer.wait_committed(writer.put([ended(1)]))
    for number in range(2, 12):
        writer.put([living(number)])
    await writer.wait_committed(writer.put([agent()]))
    assert len(store.writes) == 2
    assert len(store.remember().calls) == 10


async def test_under_load_transactions_are_few_unless_somebody_waits(
    make: Make, store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.store.writer._SOON_SECONDS", 1000.0)
    monkeypatch.setattr("acd.store.writer._PATIENT_SECONDS", 1000.0)
    writer = make()
    first = writer.put([ended(1)])
    # Nothing was written for long: the first is, without anybody waiting.
    await asyncio.to_thread(until, lambda: writer.committed == first, GUARD_SECONDS / 2)
    for number in range(2, 12):
        writer.put([ended(number)])
    await writer.wait_committed(writer.put([ended(12)]))
    assert len(store.writes) == 2
    assert store.ended_count() == 12
