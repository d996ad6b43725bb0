"""The virtual PBX behind a real TCP socket: it speaks AMI to whoever connects.

Owns sessions (greeting, login, who gets which message, slow readers) and the mapping of the event
loop's time to the PBX's; what is said is the virtual PBX's. It listens on loopback only.

Like Asterisk it cuts a session whose reader is too slow: about 2.9 MB fit into buffers, then the
last message is written in part and the session closed, and the PBX goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from acd.ami.wire import Framer, Headers, WireLimits, parse
from acd.sim.exchange import Message
from acd.sim.faults import Disturbance
from acd.sim.pbx import VirtualPbx

_Result = TypeVar("_Result")

_GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"
_ACTION_LIMITS: Final = WireLimits(max_line_bytes=1026, max_headers=128, max_message_bytes=131_072)
_BEFORE_LOGIN: Final = frozenset({"login", "logoff"})
_FLUSH_SECONDS: Final = 0.3
_SLOW_READER_SECONDS: Final = 10.0


class AmiServer:
    """Runs one `VirtualPbx` on the event loop.

    `users` are the accepted secrets by user name. `speed` is how many virtual seconds pass in one
    real second; the PBX's clock starts at `start` (epoch seconds) when the server does. Talk to
    the PBX's world side through `world`, never directly, so that what it sets off is sent.
    """

    def __init__(
        self,
        pbx: VirtualPbx,
        *,
        users: Mapping[str, str],
        start: float,
        port: int = 0,
        speed: float = 1.0,
        disturbance: Disturbance | None = None,
        buffer_bytes: int = 2_900_000,
        login_seconds: float = 5.0,
    ) -> None:
        self.pbx = pbx
        self.port = port
        self.users = users
        self.buffer_bytes = buffer_bytes
        self.login_seconds = login_seconds
        self.slow_readers_cut = 0
        self._start = start
        self._speed = speed
        self._disturbance = disturbance
        self._sessions: list[_Session] = []
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._last_gone: asyncio.Event | None = None

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._began_at = loop.time()
        self._server = await loop.create_server(lambda: _Session(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._arrange()
        return self.port

    async def stop(self) -> None:
        """Say goodbye to nobody: close the port and every session, within a second."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.close(_FLUSH_SECONDS)
        if self._sessions:
            self._last_gone = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._last_gone.wait(), 2 * _FLUSH_SECONDS)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def now(self) -> float:
        """The PBX's time, in seconds since the epoch."""
        return self._start + (asyncio.get_running_loop().time() - self._began_at) * self._speed

    @property
    def sessions(self) -> int:
        """How many clients are logged in."""
        return sum(session.logged_in for session in self._sessions)

    # -- the world and the tests -----------------------------------------------------------------

    def world(self, act: Callable[[VirtualPbx, float], _Result]) -> _Result:
        """Let the world do something now, and send what comes of it."""
        result = act(self.pbx, self.now())
        self.pump()
        return result

    def cut(self, *, truncate: bool = False) -> None:
        """Cut every session; with `truncate` after the first half of a message."""
        for session in list(self._sessions):
            if truncate:
                session.write(b"Event: DialEnd\r\nPrivilege: call,all\r\nTimest")
                session.close(_FLUSH_SECONDS)
            else:
                session.abort()

    def freeze(self, *, frozen: bool = True) -> None:
        """Half-open: sessions stay up, and nothing is read or written (what is said is lost)."""
        for session in self._sessions:
            session.freeze(frozen)

    def restart(self, *, announce: bool = False) -> None:
        """The PBX restarts: its calls are gone and its sessions cut."""
        self._send(
            [Message(data, False) for data in self.pbx.restart(self.now(), announce=announce)]
        )
        self._close_all()
        self._arrange()

    def _close_all(self) -> None:
        for session in list(self._sessions):
            session.close(_FLUSH_SECONDS)

    # -- inside ----------------------------------------------------------------------------------

    def serve(self, session: _Session, action: Headers) -> None:
        self._send(self.pbx.serve(action, self.now()), session)
        self._arrange()

    def pump(self) -> None:
        """Send what is due by now, and come back when more is."""
        self._send([Message(data, False) for data in self.pbx.advance(self.now())])
        self._arrange()

    def _send(self, messages: list[Message], asked_by: _Session | None = None) -> None:
        """Answers to the one who asked, in order with the events that go to everybody."""
        for message in messages:
            if message.reply:
                if asked_by is not None:
                    asked_by.write(message.data)
            else:
                self._publish([message.data])
        self._publish([])

    def _publish(self, events: list[bytes]) -> None:
        if self._disturbance is not None:
            events = self._disturbance.through(events, self.now())
        for event in events:
            for session in list(self._sessions):
                if session.logged_in and session.wants_events:
                    session.write(event)

    def _arrange(self) -> None:
        """Set the one timer to whatever is due next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = [self.pbx.next_deadline()]
        if self._disturbance is not None:
            due.append(self._disturbance.next_deadline())
        times = [at for at in due if at is not None]
        if times and self._server is not None:
            delay = max(0.0, (min(times) - self.now()) / self._speed)
            self._timer = asyncio.get_running_loop().call_later(delay, self.pump)

    def admitted(self, session: _Session) -> None:
        self._sessions.append(session)

    def gone(self, session: _Session) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
        if self._last_gone is not None and not self._sessions:
            self._last_gone.set()


class _Session(asyncio.Protocol):
    """One client."""

    def __init__(self, server: AmiServer) -> None:
        self._server = server
        self._framer = Framer(_ACTION_LIMITS)
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._frozen = False
        self._closing = False
        self.logged_in = False
        self.wants_events = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by their class.
        self._transport = cast(asyncio.Transport, transport)
        self._server.admitted(self)
        self._deadline = asyncio.get_running_loop().call_later(
            self._server.login_seconds, self.abort
        )
        self._transport.write(_GREETING)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self.logged_in = False
        self._server.gone(self)

    def data_received(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            if not self._closing:
                self._take(parse(frame, bare_lf=True))

    def _take(self, action: Headers) -> None:
        name = action.get("Action").lower()
        if name == "login":
            self._log_in(action)
        elif not self.logged_in and name not in _BEFORE_LOGIN:
            self._refuse(action, "Permission denied")
        else:
            if name == "events":
                self.wants_events = action.get("EventMask").lower() not in ("off", "0", "")
            self._server.serve(self, action)
            if name == "logoff":
                self.close(_FLUSH_SECONDS)

    def _log_in(self, action: Headers) -> None:
        secret = self._server.users.get(action.get("Username"), "")
        given = action.get("Secret").encode("utf-8", "replace")
        if not secret or not hmac.compare_digest(secret.encode(), given):
            self._refuse(action, "Authentication failed")
            self.close(_FLUSH_SECONDS)
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self.logged_in = True
        self.wants_events = action.get("Events", "on").lower() != "off"
        self._server.serve(self, action)

    def _refuse(self, action: Headers, why: str) -> None:
        action_id = action.get("ActionID")
        line = f"ActionID: {action_id}\r\n" if action_id else ""
        self.write(f"Response: Error\r\n{line}Message: {why}\r\n\r\n".encode())

    def write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or self._frozen or self._closing:
            return
        if transport.get_write_buffer_size() + len(data) > self._server.buffer_bytes:
            transport.write(data[: len(data) // 2])
            self._server.slow_readers_cut += 1
            self.close(_SLOW_READER_SECONDS)
            return
        transport.write(data)

    def freeze(self, frozen: bool) -> None:
        self._frozen = frozen
        if self._transport is not None:
            if frozen:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def close(self, flush_seconds: float) -> None:
        """Write what is buffered if the reader takes it in time, then close."""
        if self._transport is None or self._closing:
            return
        self._closing = True
        self.logged_in = False
        self._transport.close()
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(flush_seconds, self.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
