"""uvicorn inside a loop that is not its own: it listens, it stops when told, and no more.

Rules: the daemon owns signals, logging and the loop. A port that cannot be had is an operator's
error with a line that says what to do. Without tokens nothing but loopback is listened on.
Whoever connects and does not send a whole request head within `HEAD_TIMEOUT_SECONDS` is cut off,
because uvicorn has no such limit of its own.
It must not know the app.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from acd.errors import OperatorError
from acd.web.outlet import OUTLET, Outlet

HEAD_TIMEOUT_SECONDS: Final = 10.0
STOP_SECONDS: Final = 0.5
"""How long open requests may take to end; then they are cut off."""

MOST_CONNECTIONS: Final = 500


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a deadline for each request's head, and an outlet for its answer."""

    _head_deadline: asyncio.TimerHandle | None = None
    _outlet: Outlet | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()
        app = self.app
        outlet = self._outlet = Outlet(transport)

        async def with_outlet(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("http_version") == "1.1":
                scope[OUTLET] = outlet
            await app(scope, receive, send)

        self.app = with_outlet

    def shutdown(self) -> None:
        if self._outlet is not None and self._outlet.is_taken:
            # It would never end by itself.
            self._outlet.cut()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        else:
            self._forget_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._head_deadline is None:
            seconds = HEAD_TIMEOUT_SECONDS
            self._head_deadline = self.loop.call_later(seconds, self.transport.abort)

    def _forget_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None


class _Uvicorn(uvicorn.Server):
    """uvicorn without its hands on the process's signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class WebServer:
    """A listening server; made by `start`."""

    def __init__(self, server: _Uvicorn, task: asyncio.Task[None], host: str, port: int) -> None:
        self._server = server
        self._task = task
        self.host = host
        self.bound_port = port
        """The port it listens on: the one asked for, or the one the system chose for 0."""

    @property
    def url(self) -> str:
        """Where to reach it, without a closing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.bound_port}"

    async def wait(self) -> None:
        """Return when the server has stopped; raises what made it stop, if anything did."""
        await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Stop listening, give open requests `STOP_SECONDS` to end, then cut them off."""
        self._server.should_exit = True
        await asyncio.wait([self._task], timeout=STOP_SECONDS)
        if not self._task.done():
            self._server.force_exit = True
            for task in self._server.server_state.tasks:
                task.cancel()
        await asyncio.shield(self._task)


async def start(app: ASGIApp, host: str, port: int, *, guarded: bool) -> WebServer:
    """Listen on ``host`` and ``port`` (0: any free one) and serve ``app`` in this event loop.

    Returns when connections are accepted. ``guarded`` says that tokens are configured; without
    them ``host`` must be a loopback address. Raises OperatorError when it is not, or when the
    address cannot be listened on.
    """
    listener = _listen(host, port, guarded)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=16_384,
    )
    server = _Uvicorn(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    # The socket listens already, so nobody who knows the port is turned away from here on.
    return WebServer(server, task, host, listener.getsockname()[1])


async def serve(app: ASGIApp, host: str, port: int, *, guarded: bool) -> None:
    """Serve until this is cancelled, then stop cleanly within a second."""
    server = await start(app, host, port, guarded=guarded)
    try:
        await server.wait()
    finally:
        await server.stop()


def _listen(host: str, port: int, guarded: bool) -> socket.socket:
    where = f"{host}:{port}"
    if not guarded and not _is_loopback(host):
        raise OperatorError(
            f"http: {where} is open to others and there are no tokens: listen on 127.0.0.1, "
            "or give each user a token"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                why = "another program listens there; stop it or choose another port"
            case errno.EACCES:
                why = "not permitted; choose a port above 1023"
            case _:
                why = error.strerror or str(error)
        raise OperatorError(f"http: cannot listen on {where}: {why}") from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
