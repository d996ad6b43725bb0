"""200 readers of the stream who do not read, over real connections, at 100 changes a second.

The feed's clock is stepped with the changes: a look each tenth of a second sees ten of them.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import chain
from statistics import fmean

import msgspec
import pytest
from msgspec.structs import replace

from acd.core.records import CallState
from acd.live import Touched
from acd.web import stream as stream_module
from acd.web.app import create_app
from acd.web.outlet import Outlet
from acd.web.server import WebServer, start
from acd.web.stream import STUCK_SECONDS, Feed, Reader
from tests.web.centre import NOW, call, snapshot
from tests.web.desk import Desk
from tests.web.test_stream import Event, events

DEAD, SLOW = 180, 20
CALLS = 1_000
CHANGES_A_SECOND = 100
A_LOOK = CHANGES_A_SECOND // 10
REQUEST = b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Peer:
    """One connection that asks for the stream; what it has read of it."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self.read = bytearray()

    @classmethod
    async def of(cls, server: WebServer, *, room: int | None = None) -> Peer:
        """Somebody who has asked; ``room`` is what the system keeps of what he does not read."""
        raw = socket.socket()
        raw.setblocking(False)
        if room is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", server.bound_port))
        await loop.sock_sendall(raw, REQUEST)
        return cls(raw)

    async def until(self, words: bytes) -> None:
        """Read until they have come at the end."""
        loop = asyncio.get_running_loop()
        while words not in self.read[-5_000:]:
            self.read += await loop.sock_recv(self._raw, 1 << 20)

    def take(self) -> None:
        """Read what is there."""
        with suppress(BlockingIOError):
            while data := self._raw.recv(1 << 20):
                self.read += data

    async def to_the_end(self) -> None:
        """Read until the connection is cut off."""
        loop = asyncio.get_running_loop()
        with suppress(ConnectionResetError):
            while await loop.sock_recv(self._raw, 1 << 20):
                pass

    def events(self) -> list[Event]:
        """The events of the chunks that have come."""
        _, _, rest = bytes(self.read).partition(b"\r\n\r\n")
        parts = []
        while b"\r\n" in rest:
            length, _, rest = rest.partition(b"\r\n")
            parts.append(rest[: int(length, 16)])
            rest = rest[int(length, 16) + 2 :]
        return events(b"".join(parts))

    def places(self) -> dict[str, float]:
        """Where each call stands, as far as he was told."""
        return {
            one["call"]: one["due_at"] for event in self.events() for one in event.data["calls"]
        }

    def close(self) -> None:
        self._raw.close()


class Hall:
    """A server with many callers; one of them has another place when the test says so."""

    def __init__(self, server: WebServer, desk: Desk, touched: Touched) -> None:
        self.server = server
        self.desk = desk
        self.touched = touched
        self.changes = 0
        self.feed: Feed | None = None
        self.outlets: list[Outlet] = []

    def change(self) -> None:
        """The next caller has another place; a hundredth of a second passes."""
        calls = list(self.desk.now.calls)
        at = self.changes % CALLS
        self.changes += 1
        calls[at] = replace(calls[at], due_at=NOW + self.changes)
        self.touched.calls.add(calls[at].call)
        now = self.desk.now.at + 1 / CHANGES_A_SECOND
        self.desk.now = replace(self.desk.now, at=now, calls=tuple(calls))

    async def pass_seconds(self, seconds: float, healthy: Peer) -> float:
        """Changes come for so long; return the processor time of each, in seconds."""
        assert self.feed is not None
        spent = 0.0
        for _ in range(round(seconds * CHANGES_A_SECOND / A_LOOK)):
            for _ in range(A_LOOK):
                self.change()
            began = time.process_time()
            while self.unsent(0, 0):
                healthy.take()
                await asyncio.sleep(0)
            self.feed.turn()
            await healthy.until(b"-%d\nevent: change" % self.feed._number)
            spent += time.process_time() - began
            await asyncio.sleep(0)
        return spent / seconds

    def unsent(self, first: int, last: int) -> int:
        """The bytes that wait in memory for these of all readers, by the order they came in."""
        return sum(outlet.unsent for outlet in self.outlets[first : last + 1])

    async def readers(self, count: int) -> None:
        """Return when so many have come."""
        while self.touched.readers < count:  # noqa: ASYNC110 - they come over sockets
            await asyncio.sleep(0)


@pytest.fixture
async def hall(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hall]:
    # The test says when a tenth of a second is over.
    monkeypatch.setattr(stream_module, "EVERY_SECONDS", 1e6)
    desk, touched = Desk(), Touched()
    desk.now = snapshot([call(number, CallState.QUEUED) for number in range(CALLS)])
    app = create_app(desk, desk, desk.live(touched), now=lambda: NOW)
    server = await start(app, "127.0.0.1", 0, guarded=False)
    hall = Hall(server, desk, touched)
    join = Feed.join

    def joined(feed: Feed, outlet: Outlet, last_id: str, allowed: Callable[[], bool]) -> Reader:
        hall.feed = feed
        hall.outlets.append(outlet)
        return join(feed, outlet, last_id, allowed)

    monkeypatch.setattr(Feed, "join", joined)
    try:
        yield hall
    finally:
        await server.stop()


@pytest.mark.slow
async def test_two_hundred_who_read_slowly_or_not_at_all_slow_nobody(hall: Hall) -> None:
    healthy = await Peer.of(hall.server)
    await hall.readers(1)
    alone = await hall.pass_seconds(5, healthy)
    dead = [await Peer.of(hall.server, room=4_096) for _ in range(DEAD)]
    await hall.readers(1 + DEAD)
    slow = [await Peer.of(hall.server, room=4_096) for _ in range(SLOW)]
    await hall.readers(1 + DEAD + SLOW)
    began = hall.changes

    crowded = [await hall.pass_seconds(2, healthy)]
    held, whole = hall.unsent(1, DEAD), len(msgspec.json.encode(hall.desk.now))
    assert DEAD * whole / 10 < held < DEAD * whole, "part of the state at first waits for each"
    while hall.changes - began < (STUCK_SECONDS - 1) * CHANGES_A_SECOND:
        crowded.append(await hall.pass_seconds(1, healthy))
        assert hall.unsent(1, DEAD) == held
        assert hall.unsent(DEAD + 1, DEAD + SLOW) < SLOW * whole
        for peer in slow:
            peer.take()
    assert hall.touched.cut_off == 0
    # One second may be the machine's; what it is held against is an average as well.
    assert fmean(crowded) < 6 * alone, crowded

    await hall.pass_seconds(3, healthy)
    assert hall.touched.cut_off == DEAD
    assert hall.touched.readers == 1 + SLOW
    await asyncio.gather(*(peer.to_the_end() for peer in dead))

    told = [event for event in healthy.events() if event.kind == "change"]
    assert [event.data["at"] for event in told] == sorted(event.data["at"] for event in told)
    numbers = [sorted(one["due_at"] - NOW for one in event.data["calls"]) for event in told]
    assert list(chain.from_iterable(numbers)) == list(range(1, hall.changes + 1))
    for peer in slow:
        peer.take()
    await hall.pass_seconds(1, healthy)
    for peer in (healthy, *slow):
        peer.take()
        assert peer.places() == {one.call: one.due_at for one in hall.desk.now.calls}
    for peer in (healthy, *slow, *dead):
        peer.close()
