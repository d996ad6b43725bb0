"""The virtual PBX over a real TCP socket: sessions, order, slow readers, cuts, a clean stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from acd.ami.wire import Framer, Headers, encode, parse
from acd.sim.faults import Disturbance, Faults
from acd.sim.pbx import Options, VirtualPbx
from acd.sim.server import AmiServer

START = 1_700_000_000.0
SECRET = "s" * 32
PHONE = "PJSIP/1001"

pytestmark = pytest.mark.asyncio


class Client:
    """One AMI connection that reads as it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.framer = Framer()
        self._ready: list[Headers] = []

    def send(self, action: str, **headers: str) -> None:
        lines = [("Action", action), *headers.items()]
        self._writer.write(encode(lines))

    async def next(self) -> Headers | None:
        """The next message; None when the server has closed."""
        while not self._ready:
            data = await self._reader.read(4096)
            if not data:
                return None
            self._ready += [parse(frame) for frame in self.framer.feed(data)]
        return self._ready.pop(0)

    async def until(self, wanted: Callable[[Headers], bool]) -> Headers:
        async with asyncio.timeout(5):
            while (message := await self.next()) is not None:
                if wanted(message):
                    return message
        raise AssertionError("the server closed before it said what was wanted")

    async def answer(self, action: str, **headers: str) -> Headers:
        self.send(action, **headers)
        return await self.until(lambda message: message.first == "Response")

    async def event(self, name: str) -> Headers:
        return await self.until(lambda message: message.get("Event") == name)

    async def log_in(self) -> None:
        answer = await self.answer("Login", Username="acd", Secret=SECRET)
        assert answer.get("Message") == "Authentication accepted"
        await self.event("FullyBooted")

    async def closed(self) -> None:
        """Read to the end; fails when there is none."""
        async with asyncio.timeout(5):
            try:
                while await self.next() is not None:
                    pass
            except ConnectionError:
                pass


Connect = Callable[[], Awaitable[Client]]


def flood(server: AmiServer, events: int) -> None:
    """Have the PBX publish so many events, unless a slow reader is cut before."""
    for number in range(events):
        if server.slow_readers_cut:
            return
        busy = number % 2 == 0
        server.pbx.private_call(PHONE, server.now(), busy=busy)
        server.pump()


@asynccontextmanager
async def serving(
    *,
    disturbance: Disturbance | None = None,
    buffer_bytes: int = 2_900_000,
    login_seconds: float = 5.0,
) -> AsyncIterator[tuple[AmiServer, Connect]]:
    """A server at fifty times real time, and how to connect to it."""
    server = AmiServer(
        VirtualPbx(phones=[PHONE], start=START, options=Options(dead_man_seconds=36_000.0)),
        users={"acd": SECRET},
        start=START,
        speed=50.0,
        disturbance=disturbance,
        buffer_bytes=buffer_bytes,
        login_seconds=login_seconds,
    )
    port = await server.start()
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return Client(reader, writer)

    try:
        yield server, connect
    finally:
        for writer in writers:
            writer.close()
        await server.stop()


async def test_greeting_login_and_what_follows_it() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        assert client.framer.greeting.startswith("Asterisk Call Manager/")
        assert server.sessions == 1
        answer = await client.answer("Ping", ActionID="1")
        assert (answer.get("Ping"), answer.get("ActionID")) == ("Pong", "1")


async def test_a_wrong_secret_is_refused_and_cut() -> None:
    async with serving() as (_, connect):
        client = await connect()
        answer = await client.answer("Login", Username="acd", Secret="wrong")
        assert answer.get("Message") == "Authentication failed"
        await client.closed()


async def test_nothing_is_done_or_told_before_login() -> None:
    async with serving() as (server, connect):
        client = await connect()
        answer = await client.answer("CoreShowChannels")
        assert answer.get("Message") == "Permission denied"
        server.world(lambda pbx, now: pbx.private_call(PHONE, now))
        assert (await client.answer("Ping")).get("Response") == "Error"


async def test_who_does_not_log_in_is_cut() -> None:
    async with serving(login_seconds=0.05) as (_, connect):
        await (await connect()).closed()


async def test_events_go_to_every_session_and_answers_to_one() -> None:
    async with serving() as (server, connect):
        one, other = await connect(), await connect()
        await one.log_in()
        await other.log_in()
        server.world(lambda pbx, now: pbx.private_call(PHONE, now))
        for client in (one, other):
            assert (await client.event("DeviceStateChange")).get("State") == "BUSY"
        one.send("DeviceStateList", ActionID="list")
        await one.event("DeviceStateListComplete")
        answer = await other.answer("Ping", ActionID="ping")
        assert answer.get("ActionID") == "ping", "the list was not for this session"


async def test_events_can_be_switched_off() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        await client.answer("Events", EventMask="off")
        server.world(lambda pbx, now: pbx.private_call(PHONE, now))
        client.send("Ping")
        message = await client.next()
        assert message is not None
        assert message.get("Ping") == "Pong"


async def test_a_call_runs_by_itself_in_scaled_time() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        await client.answer("Setvar", Variable="ACD_HEARTBEAT", Value=str(int(START) + 3600))
        caller = server.world(lambda pbx, now: pbx.dial_in(now, number="0301234"))
        start = await client.event("AsyncAGIStart")
        channel = start.get("Channel")
        await client.answer("AGI", Channel=channel, Command="STREAM FILE x ''", CommandID="c")
        assert (await client.event("AsyncAGIExec")).get("CommandId") == "c"
        await client.answer("Redirect", Channel=channel, Context="acd-wait", Exten="s")
        await client.event("BridgeEnter")
        await client.answer("Setvar", Channel=channel, Variable="ACD_OFFER", Value="o1")
        await client.answer(
            "Originate",
            Channel=PHONE,
            Async="true",
            Context="acd-ring",
            Exten="s",
            ChannelId="o1",
            Variable=f"ACD_OFFER=o1,ACD_CALLER={channel}",
        )
        assert (await client.event("OriginateResponse")).get("Response") == "Success"
        await client.event("BridgeEnter")
        server.world(lambda pbx, now: pbx.hang_up(caller, now))
        ended = {(await client.event("Hangup")).get("Uniqueid") for _ in range(2)}
        assert ended == {caller, "o1"}


async def test_an_action_cut_anywhere_is_still_one_action() -> None:
    async with serving() as (_, connect):
        client = await connect()
        await client.log_in()
        for byte in encode([("Action", "Ping"), ("ActionID", "slow")]):
            client._writer.write(bytes([byte]))
            await client._writer.drain()
            await asyncio.sleep(0)
        assert (await client.until(lambda m: m.first == "Response")).get("ActionID") == "slow"


async def test_logoff_says_goodbye() -> None:
    async with serving() as (_, connect):
        client = await connect()
        await client.log_in()
        assert (await client.answer("Logoff")).get("Response") == "Goodbye"
        await client.closed()


@pytest.mark.slow
async def test_a_slow_reader_is_cut_with_half_a_message_and_others_live_on() -> None:
    async with serving(buffer_bytes=20_000) as (server, connect):
        slow, quick = await connect(), await connect()
        await slow.log_in()
        await quick.log_in()
        quick.send("Events", EventMask="off")
        await quick.answer("Ping")
        flood(server, 200_000)
        assert server.slow_readers_cut == 1
        await slow.closed()
        assert slow.framer.pending > 0
        assert (await quick.answer("Ping")).get("Ping") == "Pong"


async def test_a_cut_and_a_new_session() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        server.cut(truncate=True)
        await client.closed()
        assert client.framer.pending > 0
        again = await connect()
        await again.log_in()
        server.cut()
        await again.closed()


async def test_a_frozen_session_says_nothing_and_stays_up() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        server.freeze()
        client.send("Ping", ActionID="lost")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.next()
        server.freeze(frozen=False)
        assert (await client.until(lambda m: m.first == "Response")).get("ActionID") == "lost"


async def test_a_restart_cuts_sessions_and_is_seen_in_the_startup_time() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        server.world(lambda pbx, now: pbx.dial_in(now, number="1"))
        server.restart(announce=True)
        await client.event("Shutdown")
        await client.closed()
        again = await connect()
        await again.log_in()
        assert (await again.answer("CoreStatus")).get("CoreCurrentCalls") == "0"


async def test_a_disturbance_spoils_events_and_never_answers() -> None:
    disturbance = Disturbance(Faults(lost=1.0), seed=1)
    async with serving(disturbance=disturbance) as (server, connect):
        client = await connect()
        await client.log_in()
        server.world(lambda pbx, now: pbx.private_call(PHONE, now))
        client.send("Ping")
        message = await client.next()
        assert message is not None
        assert message.get("Ping") == "Pong"
        assert disturbance.counts == {"lost": 1}


async def test_it_stops_within_a_second_even_for_one_who_does_not_read() -> None:
    async with serving() as (server, connect):
        client = await connect()
        await client.log_in()
        flood(server, 5_000)
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        await server.stop()
        assert loop.time() - began_at < 1.0
        with pytest.raises(ConnectionError):
            await connect()
