"""A virtual hour: the pure pipeline against the virtual PBX, watched by the auditor.

``run`` owns the loop: the time is always the earliest at which anybody has something to do, and
what one side writes reaches the other a little later, in order. What passes are AMI messages,
filtered by name and gathered as the link does it. Nothing reads a clock; the same arguments give
the same bytes (``Report.digest``), so a seed that fails fails again.
It must not know rules (the auditor's) nor habits (the workload's).
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final, TextIO

import msgspec

from acd.ami.items import FramesReceived, LinkDown, LinkUp
from acd.ami.messages import WANTED_EVENTS
from acd.ami.session import LinkState
from acd.ami.wire import event_name
from acd.core.events import AgentRequested, Confirmed, Tick
from acd.core.ids import AgentId, CallId, DeviceId, PbxId, RequestId
from acd.core.plan import AgentAction, Plan
from acd.core.records import CallAnswered, CallEnded, ConfirmationDue, Record, Repaired, RingEnded
from acd.pipeline import Item, PbxSetup, Pipeline
from acd.sim.auditor.judge import Auditor
from acd.sim.auditor.scene import Tolerances
from acd.sim.auditor.verdicts import Violation
from acd.sim.centre import SPARE_PHONES, build_plan
from acd.sim.facts import Fact, OnFact
from acd.sim.faults import Disturbance, Faults
from acd.sim.pbx import AgentPhone, Options, VirtualPbx
from acd.sim.wire import NEVER, Gathering, Wire
from acd.sim.workload import Load, Worker, Workload, build_load
from acd.store.inmemory import InMemoryStore

PBX: Final = PbxId("main")
START: Final = 1_700_000_000.0
"""When every run begins, in seconds since the epoch."""
CLOSING_SECONDS: Final = 30.0
"""After the last hour whoever is still there hangs up within this time."""
SETTLING_SECONDS: Final = 30.0
"""Then everything has to have come to rest within this time."""

RECONCILE_SECONDS: Final = 300.0
"""Where no event is lost the PBX is read more rarely than in earnest: it only costs time there."""
BEAT_SECONDS: Final = 5.0
"""And where no connection is lost, it is asked more rarely whether it lives. Its heartbeat, set at
every second beat, is still younger than the 15 s after which the dialplan takes over."""

COMMIT_SECONDS: Final = 0.05
"""How long the store takes to make something durable."""

_SYSTEM_NAME: Final = "acd-sim"
_END: Final = b"\r\n\r\n"


class Report(msgspec.Struct, frozen=True):
    """What came of a run; ``violations`` is empty when all rules held."""

    seed: int
    hours: float
    connections: int
    agents: int
    calls: int
    outcomes: dict[str, int]
    repairs: dict[str, int]
    """How often reading the PBX found a difference, by its kind."""
    rings: dict[str, int]
    """How rings ended: ``connected``, or the outcome of one that did not."""
    messages: int
    """AMI messages in both directions."""
    rejected: dict[str, int]
    wait_seconds: tuple[float, float]
    """Of the answered: the median and the longest."""
    dispatch_ms: tuple[float, float]
    """From the moment in which caller and agent could be joined to the ring: median, longest."""
    digest: str
    """SHA-256 over every byte the engine wrote, with its time, and every final record."""
    violations: tuple[Violation, ...]


def run(
    seed: int,
    hours: float = 1.0,
    *,
    plan: Plan | None = None,
    load: Load | None = None,
    latency_seconds: float = 0.002,
    faults: Faults | None = None,
    cuts: int = 0,
    kills: int = 0,
    reconcile_seconds: float = RECONCILE_SECONDS,
    tolerances: Tolerances | None = None,
    sabotage: Callable[[Pipeline], None] | None = None,
) -> Report:
    """Play so many hours from this seed and return what the auditor found.

    Without a ``plan`` the centre of ``acd.sim.centre`` is played, which differs by seed; with one
    its agents, codes and menus must be of that shape. ``load`` is drawn as well unless given.
    ``latency_seconds`` is the most a message takes one way; ``cuts`` is how often in an hour the
    connection breaks, for up to 5 s, with what was on its way; ``kills`` is how often the engine is
    killed, and the next one knows what was in the store; ``reconcile_seconds`` is how often the PBX
    is read while it lives: who gives his own, as a replay has it, has its own beat as well.
    ``tolerances`` are the auditor's.
    ``sabotage`` may spoil the pipeline before it starts, to see it found out.
    """
    plan = plan or build_plan(Random(f"{seed} plan"))
    hour = _Run(seed, plan, load, latency_seconds, faults, reconcile_seconds, tolerances)
    if reconcile_seconds == RECONCILE_SECONDS and not (faults or cuts or kills):
        hour.session.beat_seconds = BEAT_SECONDS
    if sabotage is not None:
        sabotage(hour.pipeline)
    end = START + hours * 3600.0
    hour.connect(START)
    hour.workload.start(START, hours * 3600.0)
    for _ in range(round(cuts * hours)):
        hour.pbx.at(START + hour.rng.uniform(1.0, hours * 3600.0 - 10.0), hour.cut)
    hour.will_be_killed = kills > 0
    for _ in range(round(kills * hours)):
        hour.pbx.at(START + hour.rng.uniform(1.0, hours * 3600.0 - 10.0), hour.kill)
    hour.until(end)
    hour.workload.close(hour.now, CLOSING_SECONDS)
    hour.until(end + CLOSING_SECONDS + SETTLING_SECONDS)
    hour.finish()
    return hour.report(seed, hours)


def print_report(report: Report, out: TextIO) -> None:
    """Write the report for people: figures first, then each violation with its history."""
    write = out.write
    write(
        f"seed {report.seed}: {report.hours:g} h, {report.agents} agents, {report.calls} calls, "
        f"{report.messages} AMI messages\n"
    )
    counted = (
        ("outcomes", report.outcomes),
        ("rings", report.rings),
        ("repairs", report.repairs),
    )
    for title, counts in counted:
        text = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        write(f"  {title}: {text or 'none'}\n")
    write(
        "  wait of the answered: median {:.1f} s, longest {:.1f} s\n".format(*report.wait_seconds)
    )
    write(
        "  from possible to ringing: median {:.1f} ms, longest {:.1f} ms\n".format(
            *report.dispatch_ms
        )
    )
    if report.rejected:
        write(f"  rejected messages: {report.rejected}\n")
    write(f"  digest {report.digest[:16]}\n")
    for violation in report.violations:
        write(f"VIOLATION {violation}\n")
    found = len(report.violations)
    write(f"{found or 'no'} violation{'s' * (found != 1)} with seed {report.seed}\n")


class _Run:
    """One run under way: both sides, the wire between them, and the auditor at its side."""

    def __init__(
        self,
        seed: int,
        plan: Plan,
        load: Load | None,
        latency_seconds: float,
        faults: Faults | None,
        reconcile_seconds: float,
        tolerances: Tolerances | None,
    ) -> None:
        self.now = START
        self.reconcile_seconds = reconcile_seconds
        self.sent: list[bytes] = []
        self.requests = self.messages = 0
        self.ended: list[CallEnded] = []
        self.rings: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.pbx = _build_pbx(seed, plan, self._happened)
        self.plan = plan
        self.store = InMemoryStore()
        self.will_be_killed = False
        self.secret = seed.to_bytes(16)
        self.pipeline = self._new_engine(START)
        self.session = self.pipeline.sessions[PBX]
        self.auditor = Auditor(plan, PBX, START, tolerances)
        self.rng = Random(f"{seed} wire")
        self.to_engine = Wire(self.rng, latency_seconds)
        self.gathering = Gathering(self._handed_on)
        self.to_pbx = Wire(self.rng, latency_seconds)
        self.epoch = 0
        self.state = LinkState.DOWN
        self.disturbance = Disturbance(faults, seed) if faults is not None else None
        self.asked: deque[AgentRequested | Confirmed] = deque()
        rng = Random(f"{seed} workload")
        workers = [Worker(agent.id, agent.phone, agent.pin) for agent in plan.agents.values()]
        load = load or build_load(rng)
        self.workload = Workload(self.pbx, workers, SPARE_PHONES, load, rng, self._ask)

    def _happened(self, fact: Fact) -> None:
        self.auditor.fact(fact)
        self.workload.happened(fact)

    def _ask(self, agent: str, action: str, reason: str, phone: str) -> None:
        self.requests += 1
        self.asked.append(
            AgentRequested(
                RequestId(self.requests),
                AgentId(agent),
                AgentAction(action),
                reason,
                DeviceId(phone) if phone else None,
            )
        )

    # -- the connection -----------------------------------------------------------------------

    def connect(self, now: float) -> None:
        """The link has logged in, anew unless it is the first time."""
        self.epoch += 1
        self.step(LinkUp(PBX, self.epoch))

    def cut(self, now: float) -> None:
        """The connection breaks. Of what was on its way to the PBX the first part arrives."""
        if self.state is LinkState.DOWN:
            return
        self.gathering.flush()
        self.to_engine.arriving.clear()
        on_its_way = self.to_pbx.arriving
        for _ in range(self.rng.randint(0, len(on_its_way))):
            on_its_way.pop()
        self.auditor.blinded(now)
        self.step(LinkDown(PBX, self.epoch, "cut"))
        self.pbx.at(now + self.rng.choice((0.05, self.rng.uniform(0.1, 5.0))), self.connect)

    def kill(self, now: float) -> None:
        """The engine dies between two steps; the next one starts with what the store holds."""
        self.gathering.forget()
        self.cut(now)
        self.secret = self.rng.randbytes(16)
        self.pipeline = self._new_engine(now)
        self.session = self.pipeline.sessions[PBX]
        self.state = LinkState.DOWN

    def _new_engine(self, now: float) -> Pipeline:
        pbxs = [PbxSetup(PBX, _SYSTEM_NAME)]
        memory = self.store.remember()
        pipeline = Pipeline(self.plan, pbxs, secret=self.secret, now=now, memory=memory)
        pipeline.sessions[PBX].reconcile_seconds = self.reconcile_seconds
        return pipeline

    # -- the loop -----------------------------------------------------------------------------

    def until(self, end: float) -> None:
        """Let everything happen that is due by ``end``, each at its own time."""
        arriving, sent = self.to_engine.arriving, self.to_pbx.arriving
        pbx, gathering = self.pbx, self.gathering
        world_at, engine_at = self._world_due(), self.now
        while True:
            if self.asked:
                self._answer()
                engine_at = self.pipeline.earliest()
            arriving_at = arriving[0][0] if arriving else NEVER
            sent_at = sent[0][0] if sent else NEVER
            due_at = min(end, world_at, engine_at, arriving_at, sent_at, gathering.until)
            if due_at > self.now:
                self.now = due_at
            now = self.now
            if sent_at <= now:
                while sent and sent[0][0] <= now:
                    self._written(pbx.action(sent.popleft()[1], now))
                world_at = self._world_due()
            elif world_at <= now:
                self._written(pbx.advance(now))
                world_at = self._world_due()
            elif arriving_at <= now:
                if gathering.take(arriving, now):
                    engine_at = self.pipeline.earliest()
            elif gathering.until <= now:
                gathering.flush()
                engine_at = self.pipeline.earliest()
            elif engine_at <= now:
                # Nothing is due before it; whether something is, is dearer to ask.
                engine_at = self.pipeline.next_deadline() or NEVER
                if engine_at <= now:
                    self.step(Tick())
                    engine_at = self.pipeline.earliest()
            else:
                return

    def _world_due(self) -> float:
        """When something happens on the far side of the wire by itself."""
        at = self.pbx.next_deadline() or NEVER
        if self.disturbance is not None:
            at = min(at, self.disturbance.next_deadline() or NEVER)
        return at

    def _answer(self) -> None:
        """Work off requests over HTTP: they come in the moment in which they are made."""
        while self.asked:
            event = self.asked.popleft()
            if isinstance(event, AgentRequested):
                self.auditor.asked(event, self.now)
            self.step(event)

    def _written(self, messages: list[bytes]) -> None:
        """What the PBX wrote goes out, less what the link would drop by its name."""
        if self.disturbance is not None:
            messages = self.disturbance.through(messages, self.now)
        if not messages:
            return
        wanted = [
            message[:-4]
            for message in messages
            if message[:6] != b"Event:" or event_name(message) in WANTED_EVENTS
        ]
        if wanted and self.state is not LinkState.DOWN:
            self.messages += len(wanted)
            self.to_engine.put(wanted, self.now)

    def _handed_on(self, frames: tuple[bytes, ...]) -> None:
        for frame in frames:
            if frame[:6] == b"Event:":
                self.auditor.delivered(frame, self.now)
        self.step(FramesReceived(PBX, self.epoch, frames))

    def step(self, item: Item) -> None:
        """Let the pipeline work off one item, and take what comes of it."""
        outputs = self.pipeline.step(item, self.now)
        if outputs.records:
            self._recorded(outputs.records)
        for write in outputs.writes:
            actions = write.data.split(_END)
            actions.pop()
            self.messages += len(actions)
            self.to_pbx.put(actions, self.now)
            self.sent += (b"%r" % self.now, write.data)
        for drop in outputs.drops:
            raise AssertionError(f"the link was dropped: {drop.reason}")
        for _, reason in outputs.rejected:
            self.rejected[reason] += 1
        state = self.session.state
        if state is not self.state:
            self.state = state
            if state is LinkState.LIVE and self.epoch > 1:
                self.auditor.sees_again(self.now)

    def _commit(self, call: CallId, _now: float) -> None:
        self.asked.append(Confirmed(call, True))

    def _recorded(self, records: list[Record]) -> None:
        self.auditor.recorded(records, self.now)
        if self.will_be_killed:
            self.store.write(records)
        for record in records:
            if isinstance(record, CallEnded):
                self.ended.append(record)
            elif isinstance(record, ConfirmationDue):
                self.pbx.at(self.now + COMMIT_SECONDS, partial(self._commit, record.call))
            elif isinstance(record, Repaired):
                self.repairs[record.kind] += 1
            elif isinstance(record, RingEnded):
                self.rings[record.outcome] += 1
            elif isinstance(record, CallAnswered):
                self.rings["connected"] += 1

    # -- the end ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Let the auditor judge what is left when everything should have come to rest."""
        session, floor = self.session, self.pipeline.engine.floor
        self.auditor.finish(
            self.now,
            self.pipeline.snapshot(self.now),
            {
                "channels on the PBX": list(self.pbx.channels),
                "callers in the tracker": list(session.tracker.callers),
                "legs in the tracker": list(session.tracker.legs),
                "actions without an answer": [
                    pending
                    for pending in session.actions.open.values()
                    if pending.kind not in ("ping", "heartbeat", "duty") and not pending.lists
                ],
                "offers in the engine": list(floor.offers),
                "code calls in the engine": list(floor.code_calls),
            },
        )

    def report(self, seed: int, hours: float) -> Report:
        """Put the run into figures."""
        ended = self.ended
        waits = sorted(
            one.answered_at - one.queued_at
            for one in ended
            if one.answered_at is not None and one.queued_at is not None
        )
        gaps = sorted(self.auditor.dispatch_gaps)
        digest = hashlib.sha256(b"".join(self.sent))
        digest.update(repr(ended).encode())
        return Report(
            seed=seed,
            hours=hours,
            connections=self.epoch,
            agents=len(self.auditor.plan.agents),
            calls=len(ended),
            outcomes=dict(Counter(one.outcome.value for one in ended)),
            repairs=dict(self.repairs),
            rings=dict(self.rings),
            messages=self.messages,
            rejected=dict(self.rejected),
            wait_seconds=_middle_and_last(waits),
            dispatch_ms=_middle_and_last([1000 * gap for gap in gaps]),
            digest=digest.hexdigest(),
            violations=tuple(self.auditor.violations),
        )


def _middle_and_last(values: Sequence[float]) -> tuple[float, float]:
    return (values[len(values) // 2], values[-1]) if values else (0.0, 0.0)


def _build_pbx(seed: int, plan: Plan, on_fact: OnFact) -> VirtualPbx:
    devices = (*(agent.phone for agent in plan.agents.values()), *SPARE_PHONES)
    return VirtualPbx(
        name=PBX,
        system_name=_SYSTEM_NAME,
        seed=seed,
        phones={device: AgentPhone(device) for device in devices},
        start=START,
        options=Options(
            prompt_seconds={
                f"{plan.prompts_path_on_pbx}/{prompt}": seconds
                for prompt, seconds in plan.prompt_seconds.items()
            }
        ),
        on_fact=on_fact,
    )
