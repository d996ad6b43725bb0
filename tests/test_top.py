"""`acd top` as an operator sees it: what is shown, and what becomes of it when the engine goes."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from rich.console import Console

from acd.core.records import CallState
from acd.errors import OperatorError
from acd.live import Live, Touched
from acd.remote import Remote
from acd.top import Watch, watch_and_show
from acd.web.access import Role
from acd.web.app import create_app
from acd.web.server import WebServer, start
from tests.test_remote import Web
from tests.test_remote import web as web
from tests.web.centre import NOW, NUMBERS, call, snapshot
from tests.web.desk import Desk, Keys


class Engine:
    """A centre with a stream, which can go away and come back at the same port."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.touched = Touched()
        self.keys = Keys()
        self.port = 0
        live = Live(self.desk, self.touched, lambda: self.desk.now.at)
        self.app = create_app(self.desk, self.desk, live, now=lambda: NOW, tokens=self.keys.tokens)

    async def start(self) -> WebServer:
        server = await start(self.app, "127.0.0.1", self.port, guarded=True)
        self.port = server.bound_port
        return server

    def remote(self, role: Role = Role.SUPERVISOR) -> Remote:
        return Remote(f"http://127.0.0.1:{self.port}", self.keys.secret[role])

    def another_place(self, due_at: float) -> None:
        one = call(1, CallState.QUEUED, NUMBERS[0], due_at=due_at)
        self.desk.now = snapshot(calls=[one, *self.desk.now.calls[1:]])
        self.touched.calls.add(one.call)


@asynccontextmanager
async def watching(watch: Watch) -> AsyncIterator[None]:
    """Read in a thread, as the command does."""
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    yield
    watch.stop()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


def due(watch: Watch) -> float | None:
    return next((one.due_at for one in watch.snapshot().calls if one.position is None), None)


@pytest.mark.slow
async def test_the_state_is_kept_up_to_date_over_a_lost_connection() -> None:
    engine = Engine()
    server = await engine.start()
    watch = Watch(engine.remote())
    async with watching(watch):
        await until(lambda: watch.state == "live")
        assert len(watch.snapshot().agents) == 5
        assert abs(watch.now() - NOW) < 60
        first = watch.last_id
        await server.stop()
        await until(lambda: "no " in watch.state)
        assert len(watch.snapshot().agents) == 5
        engine.another_place(NOW + 30)
        server = await engine.start()
        await until(lambda: watch.state == "live")
        assert due(watch) == NOW + 30
        assert watch.last_id.partition("-")[0] == first.partition("-")[0]
    await server.stop()


async def test_the_screen_shows_the_engine(web: Web) -> None:
    engine = Engine()
    server = await engine.start()
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, height=30)
    watch = Watch(engine.remote())
    showing = asyncio.create_task(watch_and_show(watch, console))
    await until(lambda: "Störung" in shown.getvalue())
    assert "acd top" in shown.getvalue()
    assert "…177" in shown.getvalue()
    assert NUMBERS[0] not in shown.getvalue()
    showing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await showing
    await server.stop()


@pytest.mark.slow
async def test_a_token_that_is_revoked_ends_it_with_a_reason() -> None:
    engine = Engine()
    server = await engine.start()
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30)
    watch = Watch(engine.remote())
    showing = asyncio.create_task(watch_and_show(watch, console))
    await until(lambda: watch.state == "live")
    engine.keys.revoke(Role.SUPERVISOR)
    with pytest.raises(OperatorError, match="token"):
        await showing
    await server.stop()


async def test_a_token_of_the_wrong_role_is_refused_at_once() -> None:
    engine = Engine()
    server = await engine.start()
    watch = Watch(engine.remote(Role.AGENT))
    with pytest.raises(OperatorError, match="role agent may not"):
        await asyncio.to_thread(watch.run)
    await server.stop()


def test_nobody_there_is_said_at_once() -> None:
    with pytest.raises(OperatorError, match="no engine is reached"):
        Watch(Remote("http://127.0.0.1:1")).run()


def test_an_answer_of_something_else_is_said(web: Web) -> None:
    web.body = b'id: 1\nevent: snapshot\ndata: {"at": "noon"}\n\n'
    with pytest.raises(OperatorError, match="another version"):
        Watch(Remote(web.url)).run()
    web.status, web.body = 503, msgspec.json.encode({"detail": "250 read already"})
    with pytest.raises(OperatorError, match="250 read already"):
        Watch(Remote(web.url)).run()
