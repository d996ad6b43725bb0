"""The server over real sockets: it starts, answers, cuts off who dawdles, and stops in time."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from acd.clock import Clock
from acd.errors import OperatorError
from acd.web import server as server_module
from acd.web.access import Role
from acd.web.app import create_app
from acd.web.server import WebServer, serve, start
from tests.web.centre import NOW
from tests.web.desk import Desk, Keys

HOST = "127.0.0.1"


@asynccontextmanager
async def running(desk: Desk, keys: Keys | None = None) -> AsyncIterator[WebServer]:
    tokens = keys.tokens if keys else None
    app = create_app(desk, desk, desk.live(), now=lambda: NOW, tokens=tokens)
    server = await start(app, HOST, 0, guarded=keys is not None)
    try:
        yield server
    finally:
        await server.stop()


async def test_pages_and_changes_over_a_socket() -> None:
    desk = Desk()
    async with running(desk) as server, httpx.AsyncClient(base_url=server.url) as http:
        assert server.bound_port > 0
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert len((await http.get("/api/v1/agents")).json()["agents"]) == 5
        done = await http.post("/api/v1/agents/1001/not-ready", json={"reason": "break"})
        assert done.json()["presence"] == "not_ready"
        assert "acd_calls_waiting" in (await http.get("/metrics")).text
        assert (await http.get("/healthz", headers={"Host": "evil.example"})).status_code == 403
        assert "server" not in (await http.get("/healthz")).headers


async def test_tokens_over_a_socket() -> None:
    keys = Keys()
    async with running(Desk(), keys) as server, httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.get("/api/v1/calls")).status_code == 401
        lead = keys.headers(Role.SUPERVISOR)
        assert (await http.get("/api/v1/calls", headers=lead)).status_code == 200


async def test_a_large_body_over_a_socket() -> None:
    async with running(Desk()) as server, httpx.AsyncClient(base_url=server.url) as http:
        path = "/api/v1/agents/1001/not-ready"
        assert (await http.post(path, content=b"x" * 20_000)).status_code == 413
        assert (await http.get("/healthz")).status_code == 200


async def stopped_in(server: WebServer) -> float:
    clock = Clock()
    begun_at = clock.now()
    await server.stop()
    return clock.now() - begun_at


@pytest.mark.slow
async def test_stop_is_quick_with_connections_and_requests_open() -> None:
    desk = Desk()
    desk.hangs = True
    async with running(desk) as server:
        idle = await asyncio.open_connection(HOST, server.bound_port)
        kept, asked = [await asyncio.open_connection(HOST, server.bound_port) for _ in range(2)]
        kept[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await kept[0].readuntil(b'{"status":"ok"}')
        asked[1].write(b"POST /api/v1/agents/1001/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asked[1].drain()
        await asyncio.sleep(0)
        assert await stopped_in(server) < 1.0
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection(HOST, server.bound_port)
        for _, writer in (idle, kept, asked):
            writer.close()


async def test_stop_is_quick_when_nothing_is_open_and_may_be_repeated() -> None:
    async with running(Desk()) as server:
        assert await stopped_in(server) < 0.5
        await server.stop()


async def test_signals_stay_with_the_daemon() -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    async with running(Desk()) as server, httpx.AsyncClient(base_url=server.url) as http:
        await http.get("/healthz")
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


async def test_serve_ends_when_cancelled_and_frees_the_port() -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    app = create_app(Desk(), Desk(), Desk().live(), now=lambda: NOW)
    task = asyncio.create_task(serve(app, HOST, port, guarded=False))
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as http:
        transport_up = asyncio.create_task(until_up(http))
        assert await asyncio.wait_for(transport_up, 5)
    clock = Clock()
    begun_at = clock.now()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.now() - begun_at < 1.0
    with socket.create_server((HOST, port)):
        pass


async def until_up(http: httpx.AsyncClient) -> bool:
    while True:
        try:
            return (await http.get("/healthz")).status_code == 200
        except httpx.ConnectError:
            await asyncio.sleep(0)


async def test_who_sends_no_request_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_TIMEOUT_SECONDS", 0.05)
    async with running(Desk()) as server:
        silent = await asyncio.open_connection(HOST, server.bound_port)
        halting = await asyncio.open_connection(HOST, server.bound_port)
        halting[1].write(b"GET /healthz HTTP/1.1\r\nHost: local")
        again = await asyncio.open_connection(HOST, server.bound_port)
        again[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await again[0].readuntil(b'{"status":"ok"}')
        again[1].write(b"GET /hea")
        for reader, writer in (silent, halting, again):
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 5)
            writer.close()


async def test_a_port_in_use_is_said_in_words() -> None:
    app = create_app(Desk(), Desk(), Desk().live(), now=lambda: NOW)
    taken = socket.create_server((HOST, 0))
    with taken, pytest.raises(OperatorError, match="another program listens there"):
        await start(app, HOST, taken.getsockname()[1], guarded=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "acd.example"])
async def test_without_tokens_only_loopback_is_listened_on(host: str) -> None:
    app = create_app(Desk(), Desk(), Desk().live(), now=lambda: NOW)
    with pytest.raises(OperatorError, match="there are no tokens"):
        await start(app, host, 0, guarded=False)
