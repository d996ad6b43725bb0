"""The real daemon at work in a thread of its own: its own loop, its real links, real HTTP.

What it was told and what it said is kept (`steps`), read by scenarios after the fact. Its AMI link
leads through a `Proxy`, so that a scenario can cut it or forge what comes over it.
"""

import asyncio
import io
import json
import threading
import time
import urllib.error
import urllib.request
from bisect import bisect_left
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from acd.ami.client import LinkSettings
from acd.core.commands import Command, PlayPrompt
from acd.core.events import (
    CallArrived,
    CallFoundWaiting,
    CodeDialled,
    Event,
    PromptEnded,
    VoicemailAction,
)
from acd.core.ids import AgentId, CallId, DeviceId, PbxId, VoicemailId
from acd.core.memory import Memory
from acd.core.plan import AgentAction, Plan
from acd.core.records import AgentView, CallState, CallView, Record, Snapshot
from acd.daemon import Daemon, Setup
from acd.incidents import Tell
from acd.log import open_log
from acd.loop import fastest_loop
from acd.pipeline import Pipeline
from acd.queuelog.file import QueueLogFile
from acd.queuelog.lines import Lines
from acd.reloads import Fresh
from acd.replay import replay
from acd.store.opening import open_store
from tests.faults.tcpproxy import Proxy
from tests.scenarios.world import AmiAccess, until

PBX = PbxId("main")

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Step:
    """One event the engine was given, and what it said to that."""

    at: float
    event: Event
    said: tuple[Command | Record, ...]


class Engine:
    """One daemon, live at the PBX when this returns (unless `wait_live` is False)."""

    def __init__(
        self,
        plan: Plan,
        ami: AmiAccess,
        proxy: Proxy,
        *,
        wait_live: bool = True,
        data: Path | None = None,
        tell: Tell | None = None,
        reload: Callable[[], Fresh] | None = None,
        queue_log_on_pbx: bool = False,
    ) -> None:
        """``data`` is the folder with its store, kept over restarts; without it nothing is."""
        self.steps: list[Step] = []
        self._said: dict[type, list[tuple[int, Command | Record]]] = {}
        """By kind, each with its step's number: tests ask a hundred times a second."""
        self.log = io.StringIO()
        self.exit_status: int | None = None
        self.proxy = proxy
        self.queue_log = (data or Path("unused")) / "queue_log"
        setup = Setup(
            plan=plan,
            links=(LinkSettings(PBX, "127.0.0.1", proxy.port, ami.user, ami.secret),),
            system_names={PBX: ami.system_name},
            http_port=0,
            open_store=partial(open_store, f"sqlite:///{data}/acd.db") if data else None,
            spill_path=data / "acd.spill" if data else Path("unused"),
            journal_path=data / "journal" if data else None,
            queue_log_on_pbx=queue_log_on_pbx,
            open_queue_log=self._open_queue_log if data else None,
            tell=tell,
            reload=reload,
        )
        self._journal = setup.journal_path
        started: Future[tuple[Daemon, asyncio.AbstractEventLoop]] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(setup, started), name="engine", daemon=True
        )
        self._thread.start()
        self.daemon, self._loop = started.result(5)
        until(self.daemon.url, 10, "the engine's HTTP")
        if wait_live:
            self.wait_live()

    def _run(
        self, setup: Setup, started: "Future[tuple[Daemon, asyncio.AbstractEventLoop]]"
    ) -> None:
        async def work() -> int:
            log, writer = open_log("text", time.time, stream=self.log)
            daemon = Daemon(setup, log)
            self._keep_steps(daemon)
            started.set_result((daemon, asyncio.get_running_loop()))
            try:
                return await daemon.run(signals=False)
            finally:
                writer.close()

        with asyncio.Runner(loop_factory=fastest_loop) as runner:
            self.exit_status = runner.run(work())

    def _open_queue_log(self, memory: Memory, tell: Callable[[str], None]) -> QueueLogFile:
        return QueueLogFile(self.queue_log, Lines(memory, numbers=True), tell)

    def _keep_steps(self, daemon: Daemon) -> None:
        new_pipeline = daemon._new_pipeline

        def watched(memory: Memory) -> Pipeline:
            pipeline = new_pipeline(memory)
            handle = pipeline.engine.handle

            def kept(event: Event, now: float) -> list[Command | Record]:
                said = handle(event, now)
                for each in said:
                    self._said.setdefault(type(each), []).append((len(self.steps), each))
                self.steps.append(Step(now, event, tuple(said)))
                return said

            pipeline.engine.handle = kept  # type: ignore[method-assign]
            return pipeline

        # It makes a new one when it knows what was before.
        daemon._new_pipeline = watched  # type: ignore[method-assign]

    # -- what can be asked of it ---------------------------------------------------------------

    def request(self, agent: str, action: AgentAction, reason: str = "", phone: str = "") -> str:
        """Ask for a change of an agent's state, as over HTTP; returns the refusal."""
        wish = self.daemon.request(
            AgentId(agent), action, reason, DeviceId(phone) if phone else None
        )
        return asyncio.run_coroutine_threadsafe(wish, self._loop).result(5).refusal

    def about_voicemail(self, voicemail: str, action: VoicemailAction, agent: str) -> str:
        """Ask for something about a voicemail, as over HTTP; returns the refusal."""
        wish = self.daemon.change_voicemail(VoicemailId(voicemail), action, AgentId(agent))
        return asyncio.run_coroutine_threadsafe(wish, self._loop).result(5).refusal

    def snapshot(self) -> Snapshot:
        """The state between two steps."""
        return self._in_loop(self.daemon.snapshot)

    def agent(self, agent: str) -> AgentView:
        """The agent now."""
        return next(view for view in self.snapshot().agents if view.agent == agent)

    def call(self, number: str) -> CallView | None:
        """The living call of that number; None when there is none."""
        return next((view for view in self.snapshot().calls if view.ani == number), None)

    def said(self, kind: type[Said], since: int = 0) -> Iterator[Said]:
        """Records and commands of that kind so far, in order."""
        told = self._said.get(kind, [])
        begun = bisect_left(told, since, key=lambda one: one[0])
        return (each for _, each in told[begun:] if isinstance(each, kind))

    def ids(self, who: str) -> set[CallId]:
        """The call ids of a caller's number, or of an agent who dialled codes."""
        phone = DeviceId(f"PJSIP/{who}")
        return {
            step.event.call
            for step in self.steps
            if (isinstance(step.event, CallArrived | CallFoundWaiting) and step.event.ani == who)
            or (isinstance(step.event, CodeDialled) and step.event.phone == phone)
        }

    def prompts(self, who: str, *, heard: bool = False) -> list[str]:
        """What was ordered to be played to him, as `de/main/options`; `heard`: what also was."""
        ids = self.ids(who)
        played = {
            (step.event.call, step.event.play_id)
            for step in self.steps
            if isinstance(step.event, PromptEnded) and step.event.ok
        }
        return [
            "/".join(play.path.split("/")[-3:])
            for play in self.said(PlayPrompt)
            if play.call in ids and (not heard or (play.call, play.play_id) in played)
        ]

    def ready(self) -> tuple[int, str]:
        """Status and text of GET /readyz."""
        try:
            with urllib.request.urlopen(f"{self.daemon.url()}/readyz", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def page(self, path: str) -> dict[str, object]:
        """The JSON of a GET."""
        with urllib.request.urlopen(f"{self.daemon.url()}{path}", timeout=5) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def http(self, path: str, body: object = None, method: str = "POST") -> int:
        """Status of a request that changes something."""
        data = json.dumps(body).encode() if body is not None else b""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.daemon.url()}{path}", method=method, data=data, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    def metrics(self) -> str:
        """The page for Prometheus."""
        return self._in_loop(self.daemon.reports.exposition).text().decode()

    def wait_live(self, timeout: float = 10.0) -> None:
        """Return when the PBX is live."""
        until(lambda: self.daemon.readiness().ready, timeout, "a live PBX")

    def remains_of(self) -> list[str]:
        """What is left of calls and rings anywhere in it: nothing, when all calls are over."""

        def look() -> list[str]:
            pipeline = self.daemon.pipeline
            floor = pipeline.engine.floor
            left = [*map(str, floor.calls), *map(str, floor.code_calls), *map(str, floor.offers)]
            for session in pipeline.sessions.values():
                left += [*session.tracker.callers, *session.tracker.legs]
            return left

        return self._in_loop(look)

    def waits_in_room(self, number: str) -> bool:
        """Whether the call of that number is in a queue and its channel in its room."""

        def look() -> bool:
            calls = self.daemon.pipeline.engine.floor.calls.values()
            return any(
                call.ani == number and call.state is CallState.QUEUED and call.in_room
                for call in calls
            )

        return self._in_loop(look)

    def _in_loop(self, look: Callable[[], Said]) -> Said:
        """What `look` returns between two steps; raises AssertionError when the engine is gone."""
        assert self._thread.is_alive(), f"the engine has ended:\n{self.log.getvalue()[-3000:]}"
        seen: Future[Said] = Future()

        def looked() -> None:
            try:
                seen.set_result(look())
            except BaseException as error:
                seen.set_exception(error)

        self._loop.call_soon_threadsafe(looked)
        return seen.result(5)

    # -- its end -------------------------------------------------------------------------------

    def stop(self) -> None:
        """As at SIGTERM. What it did can be done again from its journal, byte for byte."""
        self._loop.call_soon_threadsafe(self.daemon.stop)
        self._thread.join(5)
        assert not self._thread.is_alive(), "the engine did not stop"
        if self._journal is not None:
            told = io.StringIO()
            assert replay(self._journal, told), told.getvalue()

    def kill(self) -> None:
        """As by `kill -9`, seen from the PBX: the connection breaks, and nothing more is said."""
        self.proxy.shut()
        self.stop()
        self.proxy.open()
