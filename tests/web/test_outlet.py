"""The way out of a connection, over sockets: who does not read holds nobody up, nor stays."""

from __future__ import annotations

import asyncio
import socket

import httpx
import msgspec
import pytest

from acd.core.records import CallState
from acd.web import stream as stream_module
from tests.web.centre import NOW, call, snapshot
from tests.web.desk import Desk
from tests.web.test_server import running
from tests.web.test_stream import PATH

DEAD = 20


def crowded(due_at: float) -> Desk:
    """A centre of which everything is about a megabyte."""
    desk = Desk()
    words = {"said": "x" * 900}
    desk.now = snapshot(
        calls=[call(n, CallState.QUEUED, due_at=due_at, attributes=words) for n in range(1_000)]
    )
    return desk


def dead_reader(port: int) -> socket.socket:
    """Asks for the stream and never reads it."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    one.connect(("127.0.0.1", port))
    one.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return one


@pytest.mark.slow
async def test_who_never_reads_holds_nobody_up_and_is_cut_off() -> None:
    desk = crowded(NOW)
    async with running(desk) as server, httpx.AsyncClient(base_url=server.url) as http:
        dead = [dead_reader(server.bound_port) for _ in range(DEAD)]
        async with http.stream("GET", PATH) as answer:
            parts, sent = answer.aiter_bytes(), b""
            while b"event: snapshot" not in sent:
                sent += await anext(parts)
            for turn in range(1, 4):
                at = NOW + turn * stream_module.STUCK_SECONDS * 3
                desk.now = msgspec.structs.replace(crowded(at).now, at=at)
                sent = b""
                while f'"due_at":{at}'.encode() not in sent:
                    sent += await anext(parts)
                assert (await http.get("/healthz")).status_code == 200
        for one in dead:
            one.settimeout(5)
            held = await asyncio.to_thread(everything, one)
            # The first state is more than the system's buffers take.
            assert held.count(b"event: ") <= 1
            one.close()


def everything(one: socket.socket) -> bytes:
    """What is left to read of a connection that has been cut off."""
    held = b""
    try:
        while data := one.recv(1 << 16):
            held += data
    except ConnectionResetError:
        pass
    return held
