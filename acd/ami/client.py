"""One link to one Asterisk: panoramisk connects and logs in, the rest is ours.

Owns the TCP connection, its order and its end. The only importer of panoramisk 1.4.

Rules:
- `Manager` makes the connection and the Login action, one `Manager` for each connection. Nothing
  else of it runs: `Connection` replaces its decoding (a character split across two reads was
  lost), its dispatch (an exception in a callback closed the link, a mistyped header read as ''),
  its close (unanswered actions were sent again after a reconnect), its belief in a Shutdown event
  (anyone can forge one) and its sending (CR and LF in a value became actions, and the secret
  reached the log). Its retry, every 2 s for ever, gives way to `Link._run`.
- Every connection has an epoch. What is delivered carries it, what is written must carry it, and
  whatever belongs to another epoch than the living one is void.
- Events nobody wants are dropped by name, unparsed; every other frame is delivered as it came, in
  its order. Nothing is delivered between a connection and its login, nor after its end.
- An exception in `deliver` is our own bug: it goes to the loop's exception handler, with `link`
  in its context, the link stays and the next frame is delivered.
- The secret is in one header of one action, never in a log line, a reason or a representation.

It must not know what a message means. That answers come in time, pings among them, is watched by
the pipeline, which asks for a drop; the deadlines here are those of connecting and logging in.
"""

import asyncio
import logging
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ssl import SSLContext, SSLError
from typing import Final

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from acd.ami.items import FramesReceived, LinkDown, LinkItem, LinkUp
from acd.ami.urgency import MOST_TOGETHER, PATIENCE_SECONDS, can_wait
from acd.ami.wire import Framer, WireError, encode, event_name, is_response, parse
from acd.core.ids import PbxId

_SILENT: Final = logging.getLogger("acd.panoramisk")
"""What panoramisk logs to: nothing. It would write whole actions, the Login among them."""
_SILENT.disabled = True

_NEVER_SECONDS: Final = 10 * 365 * 86_400
"""The delay of panoramisk's pinger, which checks no answers: the pipeline's pings replace it."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where one PBX listens and as whom to log in."""

    pbx: PbxId
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    ssl: SSLContext | None = None
    """None speaks plain TCP, which is for loopback only."""


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Deadlines and bounds of one link."""

    connect_seconds: float = 5.0
    login_seconds: float = 5.0
    """From the connection to FullyBooted, which follows every login."""
    first_retry_seconds: float = 0.5
    longest_retry_seconds: float = 10.0
    unread_bytes: int = 1 << 20
    """How much may wait to be read by the PBX; about seven seconds of 100 calls a second."""


class Stage(Enum):
    LOGIN = "login"
    LIVE = "live"
    CLOSED = "closed"


class Connection(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types.
    """One TCP connection from its birth to its end; panoramisk sees it as its own protocol."""

    def __init__(self, link: "Link", epoch: int) -> None:
        self.responses: dict[str, Action] = {}
        self.epoch = epoch
        self.stage = Stage.LOGIN
        self.login_accepted = False
        self.framer = Framer()
        self.framer.dropped = link.rejected
        self.live: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when logged in; cancelled when the connection ended before."""
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done with the reason when the connection is over."""
        self._link = link
        self._wanted = link.wanted_events
        self._held: list[bytes] = []
        """Frames that wait for the next one, or for the timer."""
        self._timer: asyncio.TimerHandle | None = None
        # uvloop makes the protocol before it connects, so there may never be a transport.
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """What carries the bytes; there is one whenever the link knows this connection."""
        if self._transport is None:
            raise AssertionError("written to before it was connected")
        return self._transport

    # -- what asyncio calls ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        link, wanted, live = self._link, self._wanted, Stage.LIVE
        frames = self.framer.feed(data)
        link.frames_received += len(frames)
        received, held, urgent = link.received, self._held, False
        for frame in frames:
            if self.stage is live:
                name = event_name(frame)
                if not name or name in wanted:
                    received[name] = received.get(name, 0) + 1
                    held.append(frame)
                    urgent = urgent or not can_wait(name, frame)
                    if len(held) == MOST_TOGETHER:
                        self._hand_over()
                        urgent = False
            elif self.stage is Stage.LOGIN:
                self._log_in(frame)
        if urgent:
            self._hand_over()
        elif held and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PATIENCE_SECONDS, self._hand_over)

    def connection_lost(self, exc: BaseException | None) -> None:
        # panoramisk calls this by itself for a Shutdown event; nothing here leads there.
        self._hand_over()
        if self.framer.pending:
            self.end("the PBX closed the connection in the middle of a message")
        elif exc is not None:
            self.end(f"the connection broke: {_in_words(exc)}")
        elif self.stage is Stage.LOGIN:
            self.end("the PBX closed the connection before the login was complete")
        else:
            self.end("the PBX closed the connection")

    # -- what panoramisk's Manager calls ------------------------------------------------------

    def send(self, data: Mapping[str, str], as_list: bool = False) -> "asyncio.Future[Message]":
        """Send panoramisk's own Login. Nothing else of it may reach the wire."""
        action = Action(data, as_list=as_list)
        if action["action"] != "Login":
            raise AssertionError("panoramisk may send nothing but its Login")
        self.responses[action.id] = action
        try:
            self.put(encode([(name, str(value)) for name, value in action.items()]))
        except WireError as error:
            self.end(f"the login cannot be sent: {error}")
        answer: asyncio.Future[Message] = action.future
        return answer

    def close(self) -> None:
        """What panoramisk's close did beside this was to keep unanswered actions for later."""
        self.end("closed")

    # -- ours ----------------------------------------------------------------------------------

    def _log_in(self, frame: bytes) -> None:
        """Look at what comes before the login is complete: its answer, then FullyBooted."""
        if is_response(frame):
            headers = parse(frame)
            action = self.responses.pop(headers.get("ActionID"), None)
            if action is None:
                return
            action.future.set_result(Message(dict(reversed(headers.items()))))
            if headers["Response"] == "Success":
                self.login_accepted = True
            else:
                text = headers.get("Message", "no reason given")
                self.end(f"the PBX refused the login: {text} (check username and secret)")
        elif self.login_accepted and event_name(frame) == b"FullyBooted":
            self.stage = Stage.LIVE
            self.live.set_result(None)
            self._link.came_up(self)
            if b"FullyBooted" in self._wanted:
                self._held.append(frame)
                self._hand_over()

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held and self.stage is Stage.LIVE:
            frames = tuple(self._held)
            self._held.clear()
            self._link.hand_over(FramesReceived(self._link.pbx, self.epoch, frames))

    def put(self, data: bytes) -> bool:
        """Hand bytes to the transport; False when it is on its way out already."""
        # uvloop raises for a transport that broke a moment ago and has not told us yet.
        if self.stage is Stage.CLOSED or self.transport.is_closing():
            return False
        self.transport.write(data)
        return True

    def leave(self) -> None:
        """Close after what was written has been sent; nothing is delivered any more."""
        self.stage = Stage.CLOSED
        self.closed = True
        self.transport.close()

    def end(self, reason: str) -> None:
        """Close for good, tell the link why. The first reason counts, later ones are echoes."""
        if self.stage is Stage.CLOSED:
            return
        was_live = self.stage is Stage.LIVE
        self.stage = Stage.CLOSED
        self.closed = True
        self.responses.clear()
        self.live.cancel()
        self.gone.set_result(reason)
        # A PBX that does not read would keep close() waiting for ever; what is unsent is void.
        if self._transport is not None:
            self._transport.abort()
        if was_live:
            self._link.went_down(self, reason)


class _Connector(Manager):  # type: ignore[misc]  # panoramisk has no types.
    """panoramisk's Manager for one connection: it connects and logs in, and never tries again."""

    def connection_made(self, f: "asyncio.Future[object]") -> None:
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Reconnecting is `Link._run`'s."""

    def ping(self) -> None:
        """Pings, and whether they are answered, are the pipeline's."""


class Link:
    """Keeps one PBX connected and hands what it says to `deliver`, in order.

    `deliver` is called in the event loop and must only take the item. It gets `LinkUp` when the
    login is complete, then frames, then `LinkDown` with a reason for people; `LinkDown` also for
    each attempt that failed, with the epoch that attempt would have begun. After `stop` nothing
    is delivered. `sleep` waits between attempts, `rng` spreads them.
    """

    def __init__(
        self,
        settings: LinkSettings,
        deliver: Callable[[LinkItem], None],
        *,
        wanted_events: frozenset[bytes] | None = None,
        limits: LinkLimits | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if wanted_events is None:
            from acd.ami.messages import WANTED_EVENTS

            wanted_events = WANTED_EVENTS
        self.pbx = settings.pbx
        self.wanted_events = wanted_events
        self.frames_received = 0
        """All messages since the start, those dropped by name among them."""
        self.received: dict[bytes, int] = {}
        """Messages handed over since the start, by the event's name; b"" for responses."""
        self.rejected: dict[str, int] = {}
        """Messages over a limit of the framing, by reason."""
        self._settings = settings
        self._limits = limits or LinkLimits()
        self._deliver = deliver
        self._rng = rng or random.Random()
        self._sleep = sleep
        self._epoch = 0
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin to connect, and keep connected until `stop`. Call once, inside the loop."""
        if self._task is not None:
            raise AssertionError("a link is started once")
        self._task = asyncio.create_task(self._run(), name=f"ami-{self.pbx}")
        self._task.add_done_callback(self._report_bug)

    async def stop(self) -> None:
        """Close the connection and try no more. What was written before is sent if it can be."""
        self._stopped = True
        connection = self._connection
        if connection is not None and connection.stage is Stage.LIVE:
            connection.leave()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def write(self, epoch: int, data: bytes) -> bool:
        """Send whole AMI actions on the connection of `epoch`; False when that one is gone.

        When the PBX has left more than `unread_bytes` unread, the connection is dropped.
        """
        connection = self._connection
        if connection is None or connection.epoch != epoch or connection.stage is not Stage.LIVE:
            return False
        if not connection.put(data):
            return False
        if connection.transport.get_write_buffer_size() > self._limits.unread_bytes:
            connection.end("the PBX does not read what it is sent")
            return False
        return True

    def drop(self, epoch: int, reason: str) -> None:
        """Give up the connection of `epoch` and connect anew; void when that one is gone."""
        connection = self._connection
        if connection is not None and connection.epoch == epoch:
            connection.end(reason)

    # -- what the connection calls --------------------------------------------------------------

    def hand_over(self, item: LinkItem) -> None:
        """Deliver, and let an exception there be seen without harm to the connection."""
        if self._stopped:
            return
        try:
            self._deliver(item)
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {
                    "message": f"delivering a {type(item).__name__} failed",
                    "exception": error,
                    "link": self.pbx,
                }
            )

    def came_up(self, connection: Connection) -> None:
        """The login is complete."""
        self._epoch = connection.epoch
        self._connection = connection
        self.hand_over(LinkUp(self.pbx, connection.epoch))

    def went_down(self, connection: Connection, reason: str) -> None:
        """A connection that had been up is over."""
        self._connection = None
        self.hand_over(LinkDown(self.pbx, connection.epoch, reason))

    # -- connecting -----------------------------------------------------------------------------

    async def _run(self) -> None:
        limits = self._limits
        retry_seconds = limits.first_retry_seconds
        while True:
            epoch = self._epoch + 1
            reason = await self._connect_and_stay(epoch)
            if self._epoch == epoch:
                retry_seconds = limits.first_retry_seconds
            else:
                self.hand_over(LinkDown(self.pbx, epoch, reason))
            # Spread over half the time, so that engines cut off together do not return together.
            await self._sleep(retry_seconds * self._rng.uniform(0.5, 1.0))
            retry_seconds = min(2 * retry_seconds, limits.longest_retry_seconds)

    def _report_bug(self, task: asyncio.Task[None]) -> None:
        """A link whose task died would be silent for ever: the loop's exception handler is told."""
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": f"{task.get_name()} died", "exception": error, "link": self.pbx}
            )

    async def _connect_and_stay(self, epoch: int) -> str:
        """One connection from beginning to end; returns why it ended, or why there was none."""
        settings, limits = self._settings, self._limits
        where = f"{settings.host}:{settings.port}"
        made: list[Connection] = []

        def make() -> Connection:
            made.append(Connection(self, epoch))
            return made[-1]

        manager = _Connector(
            loop=asyncio.get_running_loop(),
            log=_SILENT,
            host=settings.host,
            port=settings.port,
            ssl=settings.ssl or False,
            username=settings.username,
            secret=settings.secret,
            protocol_factory=make,
            ping_delay=_NEVER_SECONDS,
        )
        try:
            try:
                async with asyncio.timeout(limits.connect_seconds):
                    await manager.connect()
            except TimeoutError:
                return f"{where} does not answer within {limits.connect_seconds:g} s"
            except OSError as error:
                return f"{where} cannot be reached: {_in_words(error)}"
            connection = made[-1]
            try:
                async with asyncio.timeout(limits.login_seconds):
                    await asyncio.wait([connection.live])
            except TimeoutError:
                connection.end(_late_login(connection, limits.login_seconds))
            return await asyncio.shield(connection.gone)
        finally:
            manager.close()
            for connection in made:
                connection.end("the link was stopped")


def _late_login(connection: Connection, seconds: float) -> str:
    if connection.login_accepted:
        return (
            f"logged in, but no FullyBooted within {seconds:g} s: Asterisk is still starting, "
            "or the account has no read class system"
        )
    if not connection.framer.greeting:
        return f"nothing there greets as an Asterisk manager within {seconds:g} s"
    return f"the login was not answered within {seconds:g} s"


def _in_words(error: BaseException) -> str:
    """`Connection refused` for what asyncio words as `[Errno 111] Connect call failed (...)`."""
    if isinstance(error, SSLError | socket.gaierror) or not isinstance(error, OSError):
        return str(error) or type(error).__name__
    return os.strerror(error.errno) if error.errno else str(error)
