"""The link against a server on a real TCP port: order, epochs, and each known fault of panoramisk.

The server is a script: it greets, reads actions and says what the test tells it to.
"""

import asyncio
import contextlib
import random
import re
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from acd.ami.client import Link, LinkLimits, LinkSettings
from acd.ami.items import FramesReceived, LinkDown, LinkItem, LinkUp
from acd.ami.wire import WireError, encode, parse
from acd.core.ids import PbxId

SECRET = "correct-horse-battery"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
FULLY_BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 5\r\n\r\n"
WANTED = frozenset({b"FullyBooted", b"Hangup", b"Shutdown"})
PBX = PbxId("main")


def hangup(name: str) -> bytes:
    return f"Event: Hangup\r\nUniqueid: {name}".encode()


def heard(frame: bytes) -> FramesReceived:
    """A frame as the bench hands it on."""
    return FramesReceived(PBX, 1, (frame,))


TOGETHER = 16
"""How many frames of one read are one item."""


class Session:
    """One connection as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def action(self) -> dict[str, str]:
        """The next action the link sent, names in lower case."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        return {name.lower(): value for name, value in parse(raw[:-4])}

    async def rest(self) -> bytes:
        """Everything the link sent until it closed."""
        with contextlib.suppress(ConnectionResetError):
            return await self.reader.read()
        return b""

    def say(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frame + b"\r\n\r\n" for frame in frames))

    async def let_in(self) -> None:
        """Greet, accept the login, say FullyBooted."""
        self.writer.write(GREETING)
        login = await self.action()
        assert login["action"] == "Login"
        assert login["secret"] == SECRET
        self.say(
            b"Response: Success\r\nActionID: %b\r\nMessage: Authentication accepted"
            % login["actionid"].encode()
        )
        self.writer.write(FULLY_BOOTED)

    def stop_reading(self) -> None:
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def cut(self) -> None:
        self.writer.transport.abort()


class Bench:
    """A server, a link to it, and what the link delivered."""

    def __init__(self) -> None:
        self.sessions: asyncio.Queue[Session] = asyncio.Queue()
        self.all_sessions: list[Session] = []
        self.items: asyncio.Queue[LinkItem] = asyncio.Queue()
        self.slept: list[float] = []
        self.complaints: list[dict[str, Any]] = []
        self.port = 0

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self.complaints.append(context)
        )

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer)
        self.all_sessions.append(session)
        self.sessions.put_nowait(session)

    async def close(self) -> None:
        self.server.close()
        for session in self.all_sessions:
            session.cut()
            with contextlib.suppress(ConnectionError):
                await session.writer.wait_closed()

    def link(
        self,
        deliver: Callable[[LinkItem], None] | None = None,
        secret: str = SECRET,
        port: int | None = None,
        limits: LinkLimits | None = None,
    ) -> Link:
        async def sleep(seconds: float) -> None:
            # Time is stepped: the wait between attempts is noted and over at once.
            self.slept.append(seconds)
            await asyncio.sleep(0)

        return Link(
            LinkSettings(PBX, "127.0.0.1", port or self.port, "acd", secret),
            deliver or self._each,
            wanted_events=WANTED,
            limits=limits,
            rng=random.Random(7),
            sleep=sleep,
        )

    def _each(self, item: LinkItem) -> None:
        """Frames one by one: which of them come together is the kernel's affair."""
        if isinstance(item, FramesReceived):
            for frame in item.frames:
                self.items.put_nowait(FramesReceived(item.pbx, item.epoch, (frame,)))
        else:
            self.items.put_nowait(item)

    async def item(self) -> LinkItem:
        return await asyncio.wait_for(self.items.get(), 10)

    async def down(self) -> LinkDown:
        item = await self.item()
        assert isinstance(item, LinkDown)
        return item

    async def session(self) -> Session:
        return await asyncio.wait_for(self.sessions.get(), 10)

    async def up(self) -> Session:
        """Let the link in; the items up to FullyBooted are taken out."""
        session = await self.session()
        await session.let_in()
        assert isinstance(await self.item(), LinkUp)
        frame = await self.item()
        assert isinstance(frame, FramesReceived)
        assert frame.frames[0].startswith(b"Event: FullyBooted")
        return session


@pytest.fixture(params=["asyncio", "uvloop"])
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    if request.param == "asyncio":
        return asyncio.DefaultEventLoopPolicy()
    policy: asyncio.AbstractEventLoopPolicy = uvloop.EventLoopPolicy()
    return policy


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    await bench.open()
    yield bench
    await bench.close()


@pytest.fixture
async def link(bench: Bench) -> AsyncIterator[Link]:
    link = bench.link()
    link.start()
    yield link
    await link.stop()


async def test_a_login_is_up_and_wanted_messages_follow_in_order(bench: Bench, link: Link) -> None:
    session = await bench.session()
    await session.let_in()
    session.say(
        hangup("1"),
        b"Event: VarSet\r\nVariable: X\r\nValue: 1",
        b"Response: Success\r\nActionID: 7",
        hangup("2"),
    )
    assert await bench.item() == LinkUp(PBX, 1)
    assert await bench.item() == heard(FULLY_BOOTED[:-4])
    assert [await bench.item() for _ in range(3)] == [
        heard(hangup("1")),
        heard(b"Response: Success\r\nActionID: 7"),
        heard(hangup("2")),
    ]
    assert link.frames_received == 6
    assert link.received == {b"Hangup": 2, b"": 1}


async def test_what_is_written_arrives_as_it_is(bench: Bench, link: Link) -> None:
    session = await bench.up()
    assert link.write(1, encode([("Action", "Ping"), ("ActionID", "a")]))
    assert await session.action() == {"action": "Ping", "actionid": "a"}


async def test_events_before_the_login_is_complete_are_not_delivered(
    bench: Bench, link: Link
) -> None:
    session = await bench.session()
    session.writer.write(GREETING)
    login = await session.action()
    session.say(hangup("early"), b"Event: FullyBooted\r\nUptime: 1")
    session.say(b"Response: Success\r\nActionID: " + login["actionid"].encode(), hangup("also"))
    session.writer.write(FULLY_BOOTED)
    assert await bench.item() == LinkUp(PBX, 1)
    assert await bench.item() == heard(FULLY_BOOTED[:-4])
    assert bench.items.empty()


async def test_unanswered_actions_are_not_sent_again_after_a_reconnect(
    bench: Bench, link: Link
) -> None:
    session = await bench.up()
    link.write(1, encode([("Action", "Originate"), ("ActionID", "stale")]))
    assert (await session.action())["action"] == "Originate"
    session.cut()
    await bench.down()
    session = await bench.up()
    assert link.write(2, encode([("Action", "Ping"), ("ActionID", "first")]))
    # The first thing the new connection sees is the first thing written to it.
    assert (await session.action())["actionid"] == "first"


async def test_a_reconnect_is_the_next_epoch_and_older_ones_are_void(
    bench: Bench, link: Link
) -> None:
    first = await bench.up()
    first.cut()
    down = await bench.down()
    assert down.epoch == 1
    session = await bench.session()
    await session.let_in()
    assert await bench.item() == LinkUp(PBX, 2)
    assert not link.write(1, encode([("Action", "Originate")]))
    link.drop(1, "late")
    assert link.write(2, encode([("Action", "Ping")]))
    assert (await session.action())["action"] == "Ping"


async def test_nothing_of_a_dropped_connection_is_delivered(bench: Bench, link: Link) -> None:
    session = await bench.up()
    session.say(hangup("late"))
    link.drop(1, "a ping was not answered")
    assert await bench.item() == LinkDown(PBX, 1, "a ping was not answered")
    assert not link.write(1, b"Action: Ping\r\n\r\n")
    assert isinstance(await bench.up(), Session)
    assert bench.items.empty()


async def test_a_drop_in_the_middle_of_a_read_ends_what_is_delivered(bench: Bench) -> None:
    seen: list[LinkItem] = []
    links: list[Link] = []

    def deliver(item: LinkItem) -> None:
        seen.append(item)
        if isinstance(item, FramesReceived) and item.frames[0] == hangup("full"):
            links[0].drop(1, "no room")
        bench.items.put_nowait(item)

    link = bench.link(deliver)
    links.append(link)
    link.start()
    session = await bench.up()
    session.say(*[hangup("full")] * TOGETHER, hangup("too much"))
    assert await bench.item() == LinkDown(PBX, 1, "no room")
    assert await bench.item() == FramesReceived(PBX, 1, (hangup("full"),) * TOGETHER)
    await link.stop()
    assert heard(hangup("too much")) not in seen


async def test_what_comes_together_is_one_item_of_so_many_frames(bench: Bench) -> None:
    link = bench.link(bench.items.put_nowait)
    link.start()
    session = await bench.up()
    frames = [hangup(str(number)) for number in range(TOGETHER + 2)]
    session.say(*frames[:2], b"Event: Newexten\r\nUniqueid: 1", *frames[2:])
    assert await bench.item() == FramesReceived(PBX, 1, tuple(frames[:TOGETHER]))
    assert await bench.item() == FramesReceived(PBX, 1, tuple(frames[TOGETHER:]))
    await link.stop()


async def test_what_nobody_waits_for_comes_with_the_next_and_in_order(bench: Bench) -> None:
    link = bench.link(bench.items.put_nowait)
    link.start()
    session = await bench.up()
    success = b"Response: Success\r\nActionID: 7"
    session.say(success)
    await session.writer.drain()
    session.say(hangup("1"))
    # Within its patience the first came with the second; on a busy machine it came before.
    came: list[bytes] = []
    while hangup("1") not in came:
        item = await bench.item()
        assert isinstance(item, FramesReceived)
        came += item.frames
    assert came == [success, hangup("1")]
    await link.stop()


async def test_what_nobody_waits_for_comes_alone_when_nothing_follows(
    bench: Bench, link: Link
) -> None:
    session = await bench.up()
    for number in range(3):
        session.say(b"Response: Success\r\nActionID: %d" % number)
        assert await bench.item() == heard(b"Response: Success\r\nActionID: %d" % number)


async def test_what_nobody_waited_for_is_there_before_the_end_of_the_link(
    bench: Bench, link: Link
) -> None:
    session = await bench.up()
    session.say(b"Response: Success\r\nActionID: 7")
    session.writer.close()
    assert await bench.item() == heard(b"Response: Success\r\nActionID: 7")
    await bench.down()


async def test_an_exception_in_deliver_is_seen_and_harms_nothing(bench: Bench) -> None:
    def deliver(item: LinkItem) -> None:
        if isinstance(item, FramesReceived) and item.frames[0] == hangup("bad"):
            raise RuntimeError("our own bug")
        bench.items.put_nowait(item)

    link = bench.link(deliver)
    link.start()
    session = await bench.up()
    session.say(*[hangup("bad")] * TOGETHER, hangup("good"))
    assert await bench.item() == heard(hangup("good"))
    assert link.write(1, b"Action: Ping\r\n\r\n")
    assert (await session.action())["action"] == "Ping"
    assert [str(context["exception"]) for context in bench.complaints] == ["our own bug"]
    await link.stop()


async def test_a_character_split_across_reads_is_kept(bench: Bench, link: Link) -> None:
    session = await bench.up()
    frame = "Event: Hangup\r\nCallerIDName: Jürgen Größe €".encode()
    for byte in frame + b"\r\n\r\n":
        session.writer.write(bytes([byte]))
        await session.writer.drain()
        await asyncio.sleep(0)
    assert await bench.item() == heard(frame)


async def test_a_forged_shutdown_changes_nothing(bench: Bench, link: Link) -> None:
    session = await bench.up()
    session.say(b"Event: Shutdown\r\nShutdown: Uncleanly", hangup("after"))
    assert await bench.item() == heard(b"Event: Shutdown\r\nShutdown: Uncleanly")
    assert await bench.item() == heard(hangup("after"))
    assert link.write(1, b"Action: Ping\r\n\r\n")
    assert (await session.action())["action"] == "Ping"


async def test_duplicated_headers_are_handed_on_as_they_came(bench: Bench, link: Link) -> None:
    session = await bench.up()
    frame = b"Event: Hangup\r\nUniqueid: 1\r\nUniqueid: 2\r\nCommandID: x"
    session.say(frame)
    assert await bench.item() == heard(frame)


async def test_a_duplicated_header_in_the_login_answer_does_not_hurt(
    bench: Bench, link: Link
) -> None:
    session = await bench.session()
    session.writer.write(GREETING)
    login = await session.action()
    session.say(
        b"Response: Success\r\nActionID: %b\r\nMessage: a\r\nMessage: b"
        % login["actionid"].encode()
    )
    session.writer.write(FULLY_BOOTED)
    assert await bench.item() == LinkUp(PBX, 1)


async def test_agi_events_are_handed_on_although_they_carry_our_command_id(
    bench: Bench, link: Link
) -> None:
    session = await bench.up()
    link.write(1, encode([("Action", "AGI"), ("ActionID", "a"), ("CommandID", "c")]))
    answer = b"Response: Success\r\nActionID: a\r\nMessage: Added AGI command to queue"
    event = b"Event: Hangup\r\nCommandId: c\r\nResult: 200%20result%3D0"
    session.say(answer, event)
    assert await bench.item() == heard(answer)
    assert await bench.item() == heard(event)


async def test_a_line_break_in_the_secret_is_refused_before_it_is_sent(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(WireError):
        encode([("Action", "Ping"), ("Variable", "a\r\nAction: Logoff")])
    link = bench.link(secret="hidden\r\nAction: Command", limits=LinkLimits(login_seconds=0.2))
    link.start()
    session = await bench.session()
    session.writer.write(GREETING)
    assert await session.rest() == b""
    down = await bench.down()
    assert down.reason == "the login cannot be sent: the value of Secret holds a CR, LF or NUL"
    await link.stop()
    assert "hidden" not in caplog.text + repr(bench.complaints)


async def test_a_wrong_secret_is_reported_and_tried_again_ever_more_slowly(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    link = bench.link()
    link.start()
    reasons = []
    for _ in range(7):
        session = await bench.session()
        session.writer.write(GREETING)
        login = await session.action()
        session.say(
            b"Response: Error\r\nActionID: %b\r\nMessage: Authentication failed"
            % login["actionid"].encode()
        )
        session.writer.close()
        down = await bench.down()
        assert down.epoch == 1
        reasons.append(down.reason)
    # The server stays silent to the eighth attempt, so the seven waits before it are over.
    await bench.session()
    await link.stop()
    assert set(reasons) == {
        "the PBX refused the login: Authentication failed (check username and secret)"
    }
    for waited, longest in zip(bench.slept, [0.5, 1, 2, 4, 8, 10, 10], strict=True):
        assert longest / 2 <= waited <= longest
    assert (
        len(
            {waited / longest for waited, longest in zip(bench.slept, [0.5, 1, 2, 4], strict=False)}
        )
        == 4
    )
    assert SECRET not in caplog.text + "".join(reasons) + repr(bench.complaints)


async def test_waits_are_short_again_after_a_login(bench: Bench, link: Link) -> None:
    for _ in range(4):
        (await bench.session()).cut()
        await bench.down()
    session = await bench.up()
    session.cut()
    await bench.down()
    await bench.up()
    assert bench.slept[-2] > 2
    assert bench.slept[-1] <= 0.5


async def test_nobody_listens(bench: Bench) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        link = bench.link(port=unused.getsockname()[1])
        link.start()
        down = await bench.down()
        await link.stop()
    assert re.fullmatch(r"127\.0\.0\.1:\d+ cannot be reached: Connection refused", down.reason)


async def test_a_server_that_never_greets_is_left(bench: Bench) -> None:
    link = bench.link(limits=LinkLimits(login_seconds=0.05))
    link.start()
    down = await bench.down()
    await link.stop()
    assert down.reason == "nothing there greets as an Asterisk manager within 0.05 s"


async def test_a_login_that_is_not_answered_is_left(bench: Bench) -> None:
    link = bench.link(limits=LinkLimits(login_seconds=0.2))
    link.start()
    (await bench.session()).writer.write(GREETING)
    down = await bench.down()
    await link.stop()
    assert down.reason == "the login was not answered within 0.2 s"


async def test_a_pbx_that_is_still_starting_is_named(bench: Bench) -> None:
    link = bench.link(limits=LinkLimits(login_seconds=0.2))
    link.start()
    session = await bench.session()
    session.writer.write(GREETING)
    login = await session.action()
    session.say(b"Response: Success\r\nActionID: " + login["actionid"].encode())
    down = await bench.down()
    await link.stop()
    assert "no FullyBooted" in down.reason
    assert "read class system" in down.reason


async def test_a_pbx_that_does_not_read_is_left(bench: Bench) -> None:
    link = bench.link(limits=LinkLimits(unread_bytes=100_000))
    link.start()
    session = await bench.up()
    session.stop_reading()
    action = encode([("Action", "Setvar"), ("Value", "x" * 1000)]) * 100
    written = 0
    while link.write(1, action):
        written += len(action)
        assert written < 100_000_000
    assert (await bench.down()).reason == "the PBX does not read what it is sent"
    await bench.up()
    assert link.write(2, b"Action: Ping\r\n\r\n")
    await link.stop()


async def test_a_server_that_hangs_up_at_once_is_harmless(bench: Bench, link: Link) -> None:
    (await bench.session()).cut()
    down = await bench.down()
    assert "before the login was complete" in down.reason or "broke" in down.reason
    await bench.up()
    assert bench.complaints == []


async def test_a_message_cut_off_by_the_end_is_not_delivered(bench: Bench, link: Link) -> None:
    session = await bench.up()
    session.writer.write(hangup("whole") + b"\r\n\r\n" + hangup("cut off"))
    session.writer.close()
    assert await bench.item() == heard(hangup("whole"))
    assert "in the middle of a message" in (await bench.down()).reason


async def test_messages_over_a_limit_are_counted(bench: Bench, link: Link) -> None:
    session = await bench.up()
    session.say(b"Event: Hangup\r\nX: " + b"y" * 40_000, hangup("after"))
    assert await bench.item() == heard(hangup("after"))
    assert link.rejected == {"line_too_long": 1}


async def test_stop_sends_what_was_written_and_delivers_nothing_more(bench: Bench) -> None:
    link = bench.link()
    link.start()
    session = await bench.up()
    link.write(1, encode([("Action", "Setvar"), ("Value", "last")]))
    await link.stop()
    assert parse((await session.rest())[:-4])["Value"] == "last"
    assert bench.items.empty()
    assert bench.sessions.empty()


async def test_stop_while_connecting(bench: Bench) -> None:
    link = bench.link()
    link.start()
    session = await bench.session()
    await link.stop()
    # panoramisk logs in as soon as it is connected; nothing else was sent.
    assert parse((await session.rest())[:-4])["Action"] == "Login"
    assert bench.items.empty()


async def test_the_secret_is_in_no_representation(bench: Bench) -> None:
    settings = LinkSettings(PBX, "127.0.0.1", 5038, "acd", SECRET)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
