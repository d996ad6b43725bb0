"""The daemon at work against the virtual PBX over TCP: what callers, clients and systemd see.

Nothing is slept for: a test waits for the line of the log, the word to systemd or the end of the
daemon that it is about.
"""

import asyncio
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.ami.client import LinkSettings
from acd.ami.items import Outputs
from acd.clock import Clock
from acd.config.loader import load
from acd.core.events import CallAction, Tick
from acd.core.ids import AgentId, CallId, DeviceId, PbxId, QueueId
from acd.core.plan import AgentAction, Plan
from acd.core.records import Record
from acd.daemon import EXIT_BUG, Daemon, Setup
from acd.errors import ConfigError, OperatorError, Problem
from acd.inbox import Inbox
from acd.log import fields_of, is_told
from acd.reloads import Fresh
from acd.remote import Remote
from acd.sim.pbx import VirtualPbx
from acd.sim.phones import Behaviour
from acd.sim.server import AmiServer
from acd.web.port import EngineBusy

ROOT = Path(__file__).parent.parent
PBX = PbxId("main")
SECRET = "a-secret-nobody-may-see"
AGENT = AgentId("1001")
PHONE = DeviceId("PJSIP/1001")
NUMBER = "+493055510017"


@cache
def sample_plan() -> Plan:
    return load(ROOT / "config", today=date(2026, 11, 22)).plan


class Lines:
    """A log that tests can wait at."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []
        self._changed = asyncio.Event()

    def _line(self, level: str) -> Callable[..., None]:
        def write(event: str, /, **fields: object) -> None:
            self.lines.append((level, event, fields))
            self._changed.set()

        return write

    def __getattr__(self, level: str) -> Callable[..., None]:
        return self._line(level)

    def tell(self, record: Record) -> None:
        if not is_told(record):
            return
        fields = fields_of(record)
        self._line(str(fields.pop("level")))(str(fields.pop("event")), **fields)

    async def until(self, event: str, times: int = 1, **fields: object) -> dict[str, object]:
        """The fields of the line that says this, waited for if need be."""
        async with asyncio.timeout(20):
            while True:
                found = [
                    said
                    for _, name, said in self.lines
                    if name == event and fields.items() <= said.items()
                ]
                if len(found) >= times:
                    return found[times - 1]
                self._changed.clear()
                await self._changed.wait()

    @property
    def text(self) -> str:
        return repr(self.lines)


class House:
    """A virtual PBX and a daemon that serves it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.log = Lines()
        phones = [agent.phone for agent in sample_plan().agents.values()]
        self.pbx = VirtualPbx(seed=1, phones=phones, start=self.clock.now())
        self.server = AmiServer(self.pbx, users={"acd": SECRET}, start=self.clock.now())

    async def open(self, secret: str = SECRET, **more: Any) -> Daemon:
        port = self.server.port or await self.server.start()
        link = LinkSettings(PBX, "127.0.0.1", port, "acd", secret)
        setup = Setup(
            plan=sample_plan(),
            links=(link,),
            system_names={PBX: "acd-sim"},
            **{"http_port": 0, **more},
        )
        self.daemon = Daemon(setup, self.log, self.clock)
        return self.daemon

    def start(self) -> "asyncio.Task[int]":
        self.running = asyncio.create_task(self.daemon.run(signals=False))
        return self.running

    async def live(self) -> Daemon:
        daemon = await self.open()
        self.start()
        await self.log.until("pbx_state", state="live")
        await self.log.until("ready")
        return daemon

    async def close(self) -> None:
        running = getattr(self, "running", None)
        if running is not None and not running.done():
            self.daemon.stop()
            await asyncio.wait_for(running, 10)
        await self.server.stop()
        asyncio.get_running_loop().set_exception_handler(None)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


async def test_a_caller_reaches_an_agent_who_is_then_in_wrap_up(house: House) -> None:
    daemon = await house.live()
    assert daemon.readiness().ready
    house.pbx.phone_behaviour(PHONE, Behaviour(after_seconds=0.05, talk_seconds=0.1))
    replied = await daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    assert replied.refusal == ""
    house.server.world(lambda pbx, now: pbx.dial_in(now, number=NUMBER, keys=[(0.05, "1")]))
    await house.log.until("wrap_up_started", agent=AGENT)
    ended = await house.log.until("call_ended")
    assert ended["ani"] == "...017"
    assert NUMBER[-9:] not in house.log.text
    page = (await daemon.metrics_text()).decode()
    assert "acd_dispatch_latency_seconds_count 1.0" in page
    assert 'acd_calls_answered_total{queue="fault"} 1.0' in page
    assert 'acd_ami_connected{pbx="main"} 1.0' in page
    assert re.search(r'acd_ami_messages_total\{kind="Hangup",pbx="main"\} [1-9]', page)
    (view,) = [view for view in daemon.snapshot().agents if view.agent == AGENT]
    assert view.wrap_up_ends_at is not None
    again = await daemon.request(AGENT, AgentAction.END_WRAP_UP, "", None)
    assert again.refusal == ""


async def test_a_supervisor_moves_a_caller_and_ends_his_call(house: House) -> None:
    daemon = await house.live()
    house.server.world(lambda pbx, now: pbx.dial_in(now, number=NUMBER, keys=[(0.05, "1")]))
    queued = await house.log.until("call_queued", queue="fault")
    call = CallId(str(queued["call"]))
    moved = await daemon.change_call(call, CallAction.MOVE, queue=QueueId("billing"))
    assert moved.refusal == ""
    left = await house.log.until("call_left_queue", queue="fault")
    assert (left["rule"], left["target"]) == ("supervisor", "queue:billing")
    await house.log.until("call_queued", queue="billing", call=call)
    assert "position" in (await daemon.change_call(call, CallAction.PLACE, position=9)).refusal
    explanation = await asyncio.to_thread(Remote(daemon.url()).explain, call)
    assert [step.what for step in explanation.steps][:3] == ["queued", "moved", "queued"]
    assert NUMBER[-9:] not in repr(explanation)
    async with httpx.AsyncClient(base_url=daemon.url()) as client:
        answer = await client.post(f"/api/v1/calls/{call}/withdraw")
    assert answer.status_code == 200, answer.text
    ended = await house.log.until("call_ended", call=call)
    assert ended["outcome"] == "withdrawn"
    page = (await daemon.metrics_text()).decode()
    way = 'outcome="overflowed",queue="fault",rule="supervisor"'
    assert f"acd_calls_left_queue_total{{{way}}} 1.0" in page
    over = daemon.explain(call)
    assert over is not None
    assert over.ended


async def test_http_is_served_and_says_that_it_is_ready(house: House) -> None:
    daemon = await house.live()
    async with httpx.AsyncClient(base_url=daemon.url()) as client:
        assert (await client.get("/readyz")).status_code == 200
        login = await client.post(f"/api/v1/agents/{AGENT}/login")
        assert login.status_code == 200
        agents = (await client.get("/api/v1/agents")).text
    assert "ready" in agents
    assert await house.log.until("agent_changed", agent=AGENT)


async def test_a_wrong_secret_is_told_and_never_shown(house: House) -> None:
    daemon = await house.open(secret="wrong-" + SECRET)
    house.start()
    await house.log.until("ready")
    down = await house.log.until("pbx_down")
    assert "refused the login" in str(down["reason"])
    readiness = daemon.readiness()
    assert not readiness.ready
    assert "refused the login" in readiness.problems[0]
    assert SECRET not in house.log.text + repr(readiness) + repr(daemon._setup)
    async with httpx.AsyncClient(base_url=daemon.url()) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "refused the login" in answer.text


async def test_a_cut_link_comes_back(house: House) -> None:
    daemon = await house.live()
    house.server.cut()
    await house.log.until("pbx_down")
    assert not daemon.readiness().ready
    await house.log.until("pbx_state", times=2, state="live")
    assert daemon.readiness().ready


async def test_a_step_that_raises_stops_the_process_and_names_the_item(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = await house.live()
    step = daemon.pipeline.step

    def fails(item: Any, now: float) -> Outputs:
        if any(b"AsyncAGIStart" in frame for frame in getattr(item, "frames", ())):
            raise AssertionError("no such row")
        return step(item, now)

    monkeypatch.setattr(daemon.pipeline, "step", fails)
    house.server.world(lambda pbx, now: pbx.dial_in(now, number=NUMBER))
    assert await asyncio.wait_for(house.running, 10) == EXIT_BUG
    bug = await house.log.until("bug")
    assert "Event: AsyncAGIStart" in str(bug["item"])
    assert str(bug["exc_info"]) == "no such row"
    assert NUMBER[1:] not in house.log.text
    # The PBX sees the link go; its callers stay where they are.
    assert house.server.sessions == 0
    assert len(house.pbx.channels) == 1


async def test_an_inbox_that_is_full_refuses_requests(house: House) -> None:
    daemon = await house.live()
    while daemon.inbox.put(Tick()):
        pass
    with pytest.raises(EngineBusy):
        await daemon.request(AGENT, AgentAction.LOG_IN, "", None)


@pytest.mark.slow
async def test_a_pbx_that_says_too_much_is_read_anew(house: House) -> None:
    daemon = await house.open()
    daemon.inbox = Inbox(daemon.clock.now, most_items=5, wake=daemon._wake)
    house.start()
    await house.log.until("pbx_state", state="live")

    def flood(pbx: VirtualPbx, now: float) -> None:
        for _ in range(100):
            pbx.private_call(PHONE, now, busy=True)
            pbx.private_call(PHONE, now, busy=False)

    house.server.world(flood)
    full = await house.log.until("inbox_full")
    assert full["forgotten"] >= 5
    await house.log.until("pbx_down", reason="it says more than can be worked off")
    await house.log.until("pbx_state", times=2, state="live")


async def test_a_new_configuration_is_taken_and_a_broken_one_is_not(house: House) -> None:
    plans: list[Plan | ConfigError] = [
        ConfigError([Problem("queues.yaml", 3, 1, "no such skill")]),
        sample_plan(),
    ]

    def read_again() -> Fresh:
        plan = plans.pop(0)
        if isinstance(plan, ConfigError):
            raise plan
        return Fresh(plan)

    daemon = await house.open(reload=read_again)
    house.start()
    await house.log.until("ready")
    daemon.reload()
    refused = await house.log.until("reload_refused")
    assert refused["why"] == "queues.yaml:3:1: no such skill"
    daemon.reload()
    await house.log.until("plan_replaced")


async def test_an_address_that_is_taken_is_an_operators_error(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        await house.open(http_port=taken.getsockname()[1])
        with pytest.raises(OperatorError, match="cannot listen"):
            await house.start()
    assert house.server.sessions == 0


async def test_stopping_answers_nobody_any_more_and_leaves_the_pbx(house: House) -> None:
    daemon = await house.live()
    daemon.stop()
    assert await asyncio.wait_for(house.running, 5) == 0
    with pytest.raises(EngineBusy):
        await daemon.request(AGENT, AgentAction.LOG_IN, "", None)
    assert house.server.sessions == 0


async def test_systemd_is_told(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notify"
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(path))
        supervisor.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "20000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        await house.live()
        said: list[bytes] = []
        while b"READY=1" not in said or said.count(b"WATCHDOG=1") < 3:
            said.append(await asyncio.wait_for(loop.sock_recv(supervisor, 1024), 5))
        assert b"STATUS=pbx main live" in said
        house.daemon.stop()
        await house.running
        while b"STOPPING=1" not in said:
            said.append(await asyncio.wait_for(loop.sock_recv(supervisor, 1024), 5))


async def test_signals_stop_and_reload(house: House) -> None:
    daemon = await house.open(reload=lambda: Fresh(sample_plan()))
    running = asyncio.create_task(daemon.run())
    house.running = running
    await house.log.until("ready")
    signal.raise_signal(signal.SIGHUP)
    await house.log.until("plan_replaced")
    signal.raise_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running, 5) == 0


async def test_what_runs_beside_ends_with_the_daemon(house: House) -> None:
    daemon = await house.open()
    began = asyncio.Event()
    ended = asyncio.Event()

    async def beside(engine: Daemon) -> None:
        assert engine.url().startswith("http://127.0.0.1:")
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    house.running = asyncio.create_task(daemon.run(signals=False, beside=beside))
    await asyncio.wait_for(began.wait(), 10)
    daemon.stop()
    assert await house.running == 0
    assert ended.is_set()
