"""The shell around the pure step: links, inbox, timer, HTTP, signals, and the way out.

Rules:
- One task steps items, one after another, and never awaits between taking an item and having
  written what came of it. Everything else only puts items into the inbox.
- What a step wants written to one PBX leaves in one write, before anything is counted or logged.
- There is no policy here. What an item means is the pipeline's business.
- A step that raises is our own bug and its state is not known any more: the item is logged, the
  process stops with status 70, the dialplan takes over, the supervisor starts us anew.
- The web, its half second of imports and its pages come after the links, which connect meanwhile.

It must not know an AMI header, nor a line of YAML.
"""

import asyncio
import gc
import secrets
import signal
import sys
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Literal

from acd.ami.client import Connection, Link, LinkLimits
from acd.ami.items import FramesReceived, LinkItem, Outputs, Write
from acd.books import Books
from acd.census import taken
from acd.clock import Clock
from acd.core.events import (
    AgentWish,
    CallAction,
    CallRequested,
    Confirmed,
    PlanReplaced,
    Tick,
    VoicemailAction,
    VoicemailRequested,
)
from acd.core.ids import AgentId, CallId, DeviceId, QueueId, VoicemailId
from acd.core.memory import Memory
from acd.core.records import Census, ConfirmationDue, Explanation, LookUpDue, Replied, Snapshot
from acd.enginegauges import engine_gauges
from acd.inbox import Inbox
from acd.incidents import Incidents
from acd.live import Live
from acd.log import Log, capture_logging, open_log
from acd.lookups import LookUps
from acd.loop import fastest_loop
from acd.metrics import Metrics
from acd.pipeline import Item, Pipeline
from acd.reloads import Reloads
from acd.reports import Reports
from acd.requests import Request, Requests, agent_request
from acd.setup import Setup as Setup
from acd.systemd import Notifier
from acd.web.loading import load
from acd.web.port import EngineBusy, Readiness, Reloaded

if TYPE_CHECKING:
    from acd.web.server import WebServer

EXIT_BUG: Final = 70
"""sysexits(3) EX_SOFTWARE: an internal error, worth a restart."""

_STOP_SECONDS: Final = 1.5
_WORK_OFF_SECONDS: Final = 0.3
_BATCH_ITEMS: Final = 16
"""After how many items in a row sockets and timers get their turn."""

Beside = Callable[["Daemon"], Coroutine[object, object, None]]


class Daemon:
    """One engine at work; what the web calls its port. Make one, `run` it, once."""

    def __init__(self, setup: Setup, log: Log, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.log = log
        self.inbox = Inbox(self.clock.now, wake=self._wake)
        self._at_work = False
        self._setup = setup
        self._books = Books(
            setup.open_store, setup.spill_path, self.clock.now, log, setup.journal_path
        )
        self._books.open_queue_log = setup.open_queue_log
        self.pipeline: Pipeline  # As soon as it is known what was before.
        self.links = {
            settings.pbx: Link(settings, self._deliver, limits=LinkLimits())
            for settings in setup.links
        }
        self._notifier = Notifier()
        self.metrics = Metrics(setup.plan, list(self.links), self._count, self.clock.now())
        self.metrics.watch(lambda: engine_gauges(self.inbox, self.clock, self._books, self.reports))
        self.reports = Reports(log, self.metrics, self._notifier, self.links)
        self._web: WebServer | None = None
        self._reloads = Reloads(setup.reload, setup.plan, self.inbox.put_always, self.reports)
        self._exit_status = 0
        self._stopping = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._requests = Requests(self._take)
        self._look_ups = LookUps(self.inbox.put_always)
        self._unreported: list[tuple[float, Item, Outputs]] = []
        self._beside: asyncio.Task[None] | None = None

    async def run(self, *, signals: bool = True, beside: Beside | None = None) -> int:
        """Work until `stop` or a signal; returns the exit status.

        ``beside`` runs from when HTTP is served until the end. Raises OperatorError when HTTP
        cannot be served.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_exception)
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
            loop.add_signal_handler(signal.SIGHUP, self.reload)
        self.reports.watch_loop(loop, self.clock.now)
        begun = False
        try:
            for link in self.links.values():
                link.start()
            # The PBXs' answers wait in the inbox until it is known what was before.
            self.pipeline = self._new_pipeline(await self._books.open())
            begun = self._at_work = True
            loop.call_soon(self._work)
            self._arm()
            await self._serve_web()
            self._notifier.ready(loop.call_later)
            self.log.info("ready", url=self.url(), pbxs=len(self.links))
            self._reloads.watch(self._setup.watched)
            if beside is not None:
                self._beside = asyncio.create_task(beside(self), name="beside")
                self._beside.add_done_callback(self._on_task_end)
            await self._stopping.wait()
        finally:
            await self._wind_down(begun=begun)
        return self._exit_status

    def stop(self) -> None:
        """Finish what is in the inbox, close everything, return from `run`; at most 2 s."""
        self._stopping.set()

    def reload(self) -> None:
        """Read the configuration again; what is wrong with it is logged and changes nothing."""
        self._reloads.begin()

    def url(self) -> str:
        """Where HTTP is served, without a closing slash; empty while it is not."""
        return self._web.url if self._web is not None else ""

    def now(self) -> float:
        """The daemon's clock."""
        return self.clock.now()

    def _new_pipeline(self, memory: Memory) -> Pipeline:
        setup, secret, now = self._setup, secrets.token_bytes(32), self.clock.now()
        pbxs = setup.pbxs()
        self._books.begin(setup.plan, pbxs, secret, now, memory)
        return Pipeline(setup.plan, pbxs, secret=secret, now=now, memory=memory)

    # -- what the web sees ---------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The state after the last step. No step is ever half done when this can be called."""
        return self.pipeline.snapshot(self.clock.now())

    def _count(self) -> Iterator[Census | None]:
        return taken(self.pipeline.engine, self.clock.now)

    def explain(self, call: CallId) -> Explanation | None:
        """Why a call is where it is, None when it is not known."""
        return self.pipeline.explain(call)

    async def request(
        self, agent: AgentId, action: AgentWish, reason: str, phone: DeviceId | None
    ) -> Replied:
        """One request into the inbox, its one answer out. Raises EngineBusy when not taken.

        What was done is durable by then.
        """
        replied = await self._requests.ask(
            lambda number: agent_request(number, agent, action, reason, phone)
        )
        await self._books.are_durable()
        return replied

    async def change_call(
        self,
        call: CallId,
        action: CallAction,
        *,
        queue: QueueId | None = None,
        seconds: float = 0.0,
        position: int = 1,
    ) -> Replied:
        """The same for a waiting call."""
        replied = await self._requests.ask(
            lambda number: CallRequested(number, call, action, queue, seconds, position)
        )
        await self._books.are_durable()
        return replied

    async def read_again(self) -> Reloaded:
        """The same for somebody who waits for what came of it. Raises OperatorError."""
        return await self._reloads.ask()

    async def change_voicemail(
        self, voicemail: VoicemailId, action: VoicemailAction, agent: AgentId
    ) -> Replied:
        """The same for a voicemail."""
        replied = await self._requests.ask(
            lambda number: VoicemailRequested(number, voicemail, action, agent)
        )
        await self._books.are_durable()
        return replied

    def boxes_of(self, agent: AgentId) -> Collection[QueueId]:
        """The queues whose voicemails the agent may take."""
        return self.pipeline.boxes_of(agent)

    def voicemail_file(self, voicemail: VoicemailId) -> Path | None:
        """Where its sound is, None where nobody can know."""
        folder = self._setup.voicemail_path
        return None if folder is None else folder / f"{voicemail}.wav"

    def readiness(self) -> Readiness:
        """Ready when every PBX is live; otherwise why not."""
        return self.reports.readiness()

    async def metrics_text(self) -> bytes:
        """The page for Prometheus."""
        return await self.reports.metrics_text()

    # -- the one order of things ---------------------------------------------------------------

    def _take(self, request: Request) -> bool:
        if self._stopping.is_set():
            raise EngineBusy("the engine is stopping")
        return self.inbox.put(request)

    def _deliver(self, item: LinkItem) -> None:
        """Called by the links: enqueue only. A PBX that says more than we can hear is read anew."""
        if not isinstance(item, FramesReceived):
            self.inbox.put_always(item)
        elif not self.inbox.put(item):
            forgotten = self.inbox.forget_frames(item.pbx)
            self.log.error("inbox_full", pbx=item.pbx, forgotten=forgotten)
            self.links[item.pbx].drop(item.epoch, "it says more than can be worked off")

    def _wake(self) -> None:
        # A callback, no task: what wakes a task fifteen times in a call costs more than it sounds.
        if self._at_work:
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        """Some of what there is; then the loop's other duties, and on."""
        if not self._at_work:
            return
        items = self.inbox.items
        try:
            for _ in range(min(len(items), _BATCH_ITEMS)):
                arrived_at, item = items.popleft()
                if not self._step(item, arrived_at):
                    return
            self._report()
        except Exception as error:
            self._stop_for_bug(error, "reporting")
            return
        if items:
            self._wake()
        else:
            self.inbox.sleep()

    def _step(self, item: Item, arrived_at: float) -> bool:
        """One item to its end; False when that was our last."""
        try:
            now = self.clock.now()
            outputs = self.pipeline.step(item, now)
            if outputs.writes:
                self._write(outputs.writes, arrived_at)
            for drop in outputs.drops:
                self.links[drop.pbx].drop(drop.epoch, drop.reason)
            self._unreported.append((now, item, outputs))
        except Exception as error:
            self._books.bug(self.clock.now(), item)
            self._stop_for_bug(error, item)
            return False
        return True

    def _write(self, writes: Sequence[Write], arrived_at: float) -> None:
        for write in writes:
            self.links[write.pbx].write(write.epoch, write.data)
        if any(write.rings for write in writes):
            self.metrics.dispatch(self.clock.now() - arrived_at)

    def _report(self) -> None:
        """What can wait until the PBXs have been told: answers, log, metrics, the timer."""
        status = self.pipeline.pbx_status()
        for now, item, outputs in self._unreported:
            self._books.write(now, item, outputs)
            for record in outputs.records:
                if isinstance(record, Replied):
                    self._requests.answer(record)
                elif isinstance(record, ConfirmationDue):
                    self._books.when_durable(partial(self._confirm, record.call))
                elif isinstance(record, LookUpDue):
                    self._look_ups.start(record, self._reloads.plan.lookups.get(record.lookup))
            if isinstance(item, PlanReplaced):
                self._reloads.taken()
            self.reports.step(item, outputs, now)
        self._unreported.clear()
        self.reports.status(status)
        self._arm()

    def _confirm(self, call: CallId, durable: bool) -> None:
        self.inbox.put_always(Confirmed(call, durable))

    # -- time ----------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Have the timer ring at the next deadline. One that rings too early is armed again."""
        if self._timer is not None and self._timer_at <= self.pipeline.earliest():
            return
        due_at = self.pipeline.next_deadline()
        if due_at is None or (self._timer is not None and self._timer_at <= due_at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due_at
        # Loops count in milliseconds; never less than one, so that none is spent spinning.
        seconds = max(0.001, due_at - self.clock.now())
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        due_at = self.pipeline.next_deadline()
        if due_at is not None and due_at <= self.clock.now():
            self.inbox.put_always(Tick())
        else:
            self._arm()

    # -- beginning and end ---------------------------------------------------------------------

    async def _serve_web(self) -> None:
        # While a PBX is read its callers come first.
        await load(lambda: "sync" in self.pipeline.pbx_status().values())
        from acd.web.app import create_app
        from acd.web.server import start
        from acd.web.tokens import TokenFile

        setup = self._setup
        tokens = TokenFile(setup.tokens_file).tokens if setup.tokens_file else None
        incidents = Incidents(setup.tell, self._requests, self._books, self.reports.surges)
        live = Live(self.pipeline, self.reports.touched, self.clock.now)
        phones = self._reloads.phones
        app = create_app(self, incidents, live, now=self.clock.now, tokens=tokens, phones=phones)
        self._web = await start(app, setup.http_host, setup.http_port, guarded=tokens is not None)

    async def _wind_down(self, *, begun: bool) -> None:
        self._stopping.set()
        self._notifier.say("STOPPING=1")
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                if self._beside is not None:
                    self._beside.cancel()
                    await asyncio.wait([self._beside])
                await self._reloads.close()
                if self._web is not None:
                    await self._web.stop()
                await self._look_ups.close()
                self._at_work = False
                if begun:
                    self._work_off()
                await asyncio.gather(*(link.stop() for link in self.links.values()))
        except TimeoutError:
            self.log.warning("stopped_in_haste", after_seconds=_STOP_SECONDS)
        self._at_work = False
        now = self.clock.now()
        await self._books.close(now, self.pipeline.snapshot(now) if begun else None)
        if self._timer is not None:
            self._timer.cancel()
        self.log.info("stopped", status=self._exit_status)

    def _work_off(self) -> None:
        """What has arrived until now, as far as time allows; after a bug nothing more."""
        end_at = self.clock.now() + _WORK_OFF_SECONDS
        items = self.inbox.items
        while items and not self._exit_status and self.clock.now() < end_at:
            arrived_at, item = items.popleft()
            self._step(item, arrived_at)
        self._report()

    # -- our own bugs --------------------------------------------------------------------------

    def _on_loop_exception(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """What nobody caught: at a link it is a bug that would cost calls, elsewhere a log line."""
        found = context.get("exception")
        error = found if isinstance(found, BaseException) else None
        if "link" in context or isinstance(context.get("protocol"), Connection):
            self._stop_for_bug(error, str(context["message"]))
        else:
            self.log.error("unexpected", what=str(context.get("message")), exc_info=error)

    def _on_task_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop_for_bug(error, f"the task {task.get_name()}")

    def _stop_for_bug(self, error: BaseException | None, item: object) -> None:
        self.reports.bug(error, item)
        self._exit_status, self._at_work = EXIT_BUG, False
        self._stopping.set()


def run(
    setup: Setup,
    log_format: Literal["text", "json"],
    *,
    log_stream: IO[str] | None = None,
    beside: Beside | None = None,
) -> int:
    """Run a daemon on a loop of its own until a signal ends it; returns the exit status.

    Raises OperatorError when HTTP cannot be served; nothing is left running then.
    """
    clock = Clock()
    log, writer = open_log(log_format, clock.now, stream=log_stream)
    capture_logging(log)

    async def work() -> int:
        return await Daemon(setup, log, clock).run(beside=settled)

    async def settled(daemon: Daemon) -> None:
        # What exists now lives as long as the process: collections need not look at it again.
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 20, 100)
        if beside is not None:
            await beside(daemon)

    # A thread that writes, or imports, holds the event loop up for a millisecond, not for five.
    sys.setswitchinterval(0.001)
    # A sixth of the time that imports take went into collections that find nothing.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=fastest_loop) as runner:
            return runner.run(work())
    finally:
        writer.close()
