"""The stream as readers see it: everything first, then each change; who is slow, who comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from acd.core.records import CallState
from acd.live import Live, Touched
from acd.web import stream as stream_module
from acd.web.access import Role
from acd.web.outlet import Outlet
from acd.web.stream import KEPT_EVENTS, MOST_READERS, STUCK_SECONDS, Feed, Reader
from tests.web.centre import NOW, NUMBERS, call, snapshot
from tests.web.desk import Desk, Keys, client_of
from tests.web.test_server import running

PATH = "/api/v1/stream"


class Event(NamedTuple):
    """One event as a browser would have it."""

    id: str
    kind: str
    data: dict[str, Any]


def events(text: bytes) -> list[Event]:
    """What was sent, without comments and the like."""
    found = []
    for block in text.split(b"\n\n")[:-1]:
        fields = dict(line.partition(b": ")[::2] for line in block.split(b"\n"))
        if b"data" in fields:
            kind, data = fields[b"event"].decode(), json.loads(fields[b"data"])
            found.append(Event(fields[b"id"].decode(), kind, data))
    return found


class Tap(Outlet):
    """An outlet whose other side takes what the test says."""

    def __init__(self) -> None:
        self.sent = b""
        self.left = 0
        self.is_cut = False

    def write(self, parts: Sequence[bytes]) -> None:
        self.sent += b"".join(parts)

    @property
    def unsent(self) -> int:
        return self.left

    def cut(self) -> None:
        self.is_cut = True

    @property
    def events(self) -> list[Event]:
        return events(self.sent)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


class Hall:
    """A feed of a small centre; something happens in it when the test says so."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.touched = Touched()
        self.live = Live(self.desk, self.touched, lambda: self.desk.now.at)
        self.feed = Feed(self.live)
        self.allowed = True

    def reader(self, last_id: str = "") -> tuple[Tap, Reader]:
        tap = Tap()
        return tap, self.feed.join(tap, last_id, lambda: self.allowed)

    def passes(self, seconds: float) -> None:
        at = self.desk.now.at + seconds
        first, other = self.desk.now.queues
        first = msgspec.structs.replace(first, longest_wait_seconds=at - NOW + 75)
        self.desk.now = msgspec.structs.replace(self.desk.now, at=at, queues=(first, other))

    def happens(self, number: int) -> None:
        """Caller 1 has another place."""
        changed = call(1, CallState.QUEUED, NUMBERS[0], due_at=NOW + number)
        self.desk.now = snapshot(calls=[changed, *self.desk.now.calls[1:]])
        self.touched.calls.add(changed.call)

    def turn(self, number: int) -> None:
        self.happens(number)
        self.feed.turn()


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    hall = Hall()
    yield hall
    for reader in list(hall.feed._readers):
        hall.feed.leave(reader)


async def test_everything_comes_first_and_then_what_changes(hall: Hall) -> None:
    tap, _ = hall.reader()
    (first,) = tap.events
    assert first.kind == "snapshot"
    assert [one["call"] for one in first.data["calls"]] == [f"main-900000.{n}" for n in range(1, 5)]
    assert first.data["calls"][0]["ani"] == NUMBERS[0]
    assert len(first.data["agents"]) == 5
    assert [one["waiting_since"] for one in first.data["queues"]] == [NOW - 75, None]
    hall.turn(7)
    event = tap.events[-1]
    assert event.kind == "change"
    assert [one["due_at"] for one in event.data["calls"]] == [NOW + 7]
    assert event.data.keys() == {"at", "calls"}
    assert event.id > first.id
    hall.desk.now = snapshot(calls=hall.desk.now.calls[1:])
    hall.touched.calls.add(call(1, CallState.QUEUED).call)
    hall.feed.turn()
    assert tap.events[-1].data["gone"] == {"calls": ["main-900000.1"]}


async def test_nothing_is_sent_while_nothing_happens_but_a_sign_of_life(hall: Hall) -> None:
    tap, _ = hall.reader()
    hall.feed.turn()
    sent = tap.sent
    hall.passes(stream_module.SILENT_SECONDS + 1)
    hall.feed.turn()
    hall.feed.turn()
    assert tap.sent == sent + b":\n\n"


async def test_each_change_is_made_bytes_once_for_all(hall: Hall) -> None:
    taps = [hall.reader()[0] for _ in range(20)]
    made: list[object] = []
    whole, hall.feed._event = hall.feed._event, lambda kind, of: made.append(of) or whole(kind, of)  # type: ignore[func-returns-value,method-assign]
    for number in range(5):
        hall.turn(number)
    assert len(made) == 5
    assert {tap.sent for tap in taps} == {taps[0].sent}


async def test_who_comes_back_gets_what_he_missed_and_no_more(hall: Hall) -> None:
    stays, _ = hall.reader()
    tap, reader = hall.reader()
    hall.turn(1)
    hall.feed.leave(reader)
    hall.turn(2)
    hall.turn(3)
    again, _ = hall.reader(tap.events[-1].id)
    assert [event.data["calls"][0]["due_at"] for event in again.events] == [NOW + 2, NOW + 3]
    assert again.kinds == ["change"] * 2
    up_to_date, _ = hall.reader(again.events[-1].id)
    assert up_to_date.events == []
    hall.turn(4)
    assert up_to_date.events == again.events[-1:] == stays.events[-1:]


async def test_what_happened_while_nobody_read_is_one_change(hall: Hall) -> None:
    tap, reader = hall.reader()
    hall.feed.leave(reader)
    assert not hall.touched.wanted
    hall.happens(9)
    again, _ = hall.reader(tap.events[-1].id)
    (event,) = again.events
    assert (event.kind, event.data["calls"][0]["due_at"]) == ("change", NOW + 9)


@pytest.mark.parametrize("last_id", ["", "x", "00000000-1", "{name}-99999", "{name}-", "{name}--1"])
async def test_an_id_of_no_use_gets_everything(hall: Hall, last_id: str) -> None:
    first, _ = hall.reader()
    name = first.events[0].id.partition("-")[0]
    tap, _ = hall.reader(last_id.format(name=name))
    assert tap.kinds == ["snapshot"]


async def test_who_was_away_too_long_gets_everything(hall: Hall) -> None:
    tap, reader = hall.reader()
    stays, _ = hall.reader()
    hall.feed.leave(reader)
    for number in range(KEPT_EVENTS + 1):
        hall.turn(number)
    assert len(hall.feed._kept) == KEPT_EVENTS
    again, _ = hall.reader(tap.events[-1].id)
    assert again.kinds[0] == "snapshot"
    assert again.events[-1].id == stays.events[-1].id


async def test_many_who_come_at_once_are_sent_the_same_bytes(hall: Hall) -> None:
    hall.reader()
    hall.turn(1)
    taps = [hall.reader()[0] for _ in range(5)]
    assert {tap.sent for tap in taps} == {taps[0].sent}
    assert taps[0].kinds == ["snapshot", "change"]
    shown = {one["call"]: one for event in taps[0].events for one in event.data["calls"]}
    assert shown["main-900000.1"]["due_at"] == NOW + 1


async def test_a_slow_reader_is_sent_nothing_until_he_reads_and_then_the_newest(hall: Hall) -> None:
    quick, _ = hall.reader()
    slow, _ = hall.reader()
    slow.left = 1
    before = slow.sent
    for number in range(KEPT_EVENTS + 5):
        hall.turn(number)
    assert slow.sent == before
    assert len(quick.events) == KEPT_EVENTS + 6
    slow.left = 0
    hall.feed.turn()
    assert slow.kinds[:2] == ["snapshot", "snapshot"]
    assert slow.events[-1].id == quick.events[-1].id
    shown = {one["call"]: one for event in slow.events for one in event.data["calls"]}
    assert shown["main-900000.1"]["due_at"] == NOW + KEPT_EVENTS + 4


async def test_who_never_reads_is_cut_off(hall: Hall) -> None:
    tap, _ = hall.reader()
    other, _ = hall.reader()
    tap.left = 1
    for _ in range(3):
        hall.passes(STUCK_SECONDS / 2)
        hall.feed.turn()
    assert (tap.is_cut, other.is_cut) == (True, False)
    assert (hall.touched.readers, hall.touched.cut_off) == (1, 1)


async def test_who_reads_slowly_but_reads_is_not_cut_off(hall: Hall) -> None:
    tap, _ = hall.reader()
    tap.left = 1_000
    for _ in range(10):
        hall.passes(STUCK_SECONDS - 1)
        tap.left -= 1
        hall.feed.turn()
    assert not tap.is_cut
    for _ in range(2):
        hall.passes(STUCK_SECONDS / 2)
        hall.feed.turn()
    assert tap.is_cut


async def test_a_reader_whose_token_is_revoked_is_cut_off_within_a_second(hall: Hall) -> None:
    tap, _ = hall.reader()
    hall.feed.turn()
    hall.allowed = False
    hall.passes(1.0)
    hall.feed.turn()
    assert tap.is_cut
    assert hall.touched.readers == 0


async def test_what_is_kept_for_who_comes_back_is_bounded_in_bytes(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    tap, _ = hall.reader()
    hall.turn(1)
    monkeypatch.setattr(stream_module, "KEPT_BYTES", 3.5 * len(hall.feed._kept[-1]))
    for number in range(10):
        hall.turn(number)
    assert len(hall.feed._kept) == 3
    assert len(tap.events) == 12
    hall.feed._readers.clear()
    monkeypatch.setattr(stream_module, "KEPT_BYTES", 1)
    hall.turn(20)
    again, _ = hall.reader(tap.events[-1].id)
    assert again.kinds == ["snapshot"]


async def test_a_server_without_outlets_sends_everything_and_an_end() -> None:
    async with client_of(Desk()) as http:
        answer = await http.get(PATH)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert [event.kind for event in events(answer.content)] == ["snapshot"]


# -- over sockets ----------------------------------------------------------------------------------


async def read_to_the_end(parts: AsyncIterator[bytes]) -> None:
    async for _ in parts:
        pass


@pytest.mark.slow
async def test_a_stream_over_a_socket_ends_with_the_server() -> None:
    async with (
        running(Desk()) as server,
        httpx.AsyncClient(base_url=server.url) as http,
        http.stream("GET", PATH) as answer,
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        parts, sent = answer.aiter_bytes(), b""
        while not events(sent):
            sent += await anext(parts)
        assert [event.kind for event in events(sent)] == ["snapshot"]
        await server.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await read_to_the_end(parts)


async def test_a_revoked_token_ends_the_stream_it_opened() -> None:
    keys = Keys()
    async with running(Desk(), keys) as server, httpx.AsyncClient(base_url=server.url) as http:
        headers = dict(keys.headers(Role.SUPERVISOR))
        refused = await http.get(PATH, headers=keys.headers(Role.AGENT))
        assert refused.status_code == 403
        async with http.stream("GET", PATH, headers=headers) as answer:
            assert answer.status_code == 200
            keys.revoke(Role.SUPERVISOR)
            with pytest.raises(httpx.RemoteProtocolError):
                await read_to_the_end(answer.aiter_bytes())
        assert (await http.get(PATH, headers=headers)).status_code == 401


async def test_one_reader_too_many_is_told_to_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_READERS >= 200
    monkeypatch.setattr(stream_module, "MOST_READERS", 1)
    async with running(Desk()) as server, httpx.AsyncClient(base_url=server.url) as http:
        async with http.stream("GET", PATH) as answer:
            await anext(answer.aiter_bytes())
            refused = await http.get(PATH)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        while (await http.get("/healthz")).status_code == 200:
            async with http.stream("GET", PATH) as answer:
                if answer.status_code == 200:
                    break


async def test_an_old_client_gets_everything_and_an_end() -> None:
    async with running(Desk()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.bound_port)
        writer.write(f"GET {PATH} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert b"chunked" not in head
        assert [event.kind for event in events(body)] == ["snapshot"]
        writer.close()
