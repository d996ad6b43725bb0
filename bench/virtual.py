"""A service centre in virtual time: the real Engine, fed with what a truthful PBX would report.

Callers come when they come, press one key, wait, hang up when their patience is over; agents lift
after ``lift_seconds`` and talk as long as the caller's talk lasts. The engine is ticked at every
deadline of its own. Only its public face is used: events in, commands and records out. Time starts
at 0 and not at an epoch, where a float has only a quarter of a microsecond left.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from math import inf
from typing import Final, NamedTuple

from acd.core.commands import CancelRing, Command, RingAgent
from acd.core.engine import Engine
from acd.core.events import (
    AgentRequested,
    CallArrived,
    CallerHungUp,
    DigitPressed,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    PbxLive,
    RingOutcome,
    Tick,
    WaitingRoomEntered,
)
from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    Language,
    MenuId,
    NodeId,
    OfferId,
    PbxId,
    RequestId,
    SkillId,
)
from acd.core.plan import AgentAction, AgentPlan, Ask, Enqueue, MenuPlan, Node, Plan
from acd.core.queueplan import QueuePlan
from acd.core.records import CallAnswered, CallEnded, Record
from acd.core.tokens import Tokens

PBX = PbxId("main")
EN = Language("en")


class Caller(NamedTuple):
    """One caller: when he comes, how long he talks and how long he waits, the key he presses.

    There is no key to press where there is one queue only.
    """

    arrives_at: float
    talk_seconds: float
    patience_seconds: float = inf
    key: str = ""


NOBODY: Final = (0, Caller(inf, 0.0))


class Visit(NamedTuple):
    """What became of a caller."""

    answered: bool
    wait_seconds: float


def plan_of(queues: Sequence[QueuePlan], agents: Mapping[str, Mapping[str, int]]) -> Plan:
    """Return a plan in which the keys 1 to 9 lead to the first queues, without a prompt.

    One queue alone is entered without a key. ``agents`` maps an agent's id to his graded skills.
    """
    nodes: dict[NodeId, Node] = {}
    choices: dict[str, NodeId] = {}
    for key, queue in zip("123456789", queues, strict=False):
        node = choices[key] = NodeId(f"option-{key}")
        nodes[node] = Enqueue(id=node, queue=queue.id, option=key, label={EN: queue.id})
    ask = NodeId("ask")
    nodes[ask] = Ask(
        id=ask,
        prompts=(),
        repeat_prompts=(),
        wrong_prompts=(),
        choices=choices,
        retries=0,
        timeout_seconds=60.0,
        otherwise=choices["1"],
    )
    entry = ask if len(queues) > 1 else choices["1"]
    menu = MenuPlan(id=MenuId("main"), languages=(EN,), entry=entry, nodes=nodes)
    return Plan(
        queues={queue.id: queue for queue in queues},
        agents={
            AgentId(agent): AgentPlan(
                id=AgentId(agent),
                name=agent,
                phone=DeviceId(f"PJSIP/{agent}"),
                skills={SkillId(skill): grade for skill, grade in skills.items()},
            )
            for agent, skills in agents.items()
        },
        menus={menu.id: menu},
        callers_menu=menu.id,
        code_menus={},
        not_ready_reasons=("rona",),
        prompts_path_on_pbx="",
        service_name="",
        service_number="",
    )


class VirtualCentre:
    """One run; ``visits`` holds what became of each caller, by his number in the order of arrival.

    A caller who is still there when the run ends is not in it.
    """

    def __init__(self, plan: Plan, callers: Iterator[Caller], *, lift_seconds: float = 0.0) -> None:
        """``callers`` are in the order in which they come; every agent logs in at once."""
        self.now = 0.0
        self.engine = Engine(plan, Tokens(b"0123456789abcdef").next, self.now)
        self.lift_seconds = lift_seconds
        self.events = 0
        """How many the engine was fed."""
        self.visits: dict[int, Visit] = {}
        self._coming = enumerate(callers)
        self._next = next(self._coming, NOBODY)
        self._callers: dict[CallId, tuple[int, Caller]] = {}
        """Who is in the house."""
        self._waiting: set[CallId] = set()
        self._ringing: set[OfferId] = set()
        self._talking: set[OfferId] = set()
        self._todo: deque[Event] = deque()
        self._happenings: list[tuple[float, int, CallId, OfferId | None]] = []
        """What people will do: an agent lifts or hangs up (with his offer), a caller leaves."""
        self._count = 0
        self._feed(PbxLive(PBX))
        for agent in plan.agents:
            self._feed(AgentRequested(RequestId(0), agent, AgentAction.LOG_IN))

    def run(self, until: float = inf) -> None:
        """Let time pass to ``until``, or to the end when all callers have come and gone."""
        while True:
            number, caller = self._next
            due = self.engine.next_deadline()
            happening = self._happenings[0][0] if self._happenings else inf
            at = min(caller.arrives_at, happening, inf if due is None else due)
            if at > until or (at == inf and due is None):
                return
            self.now = at
            if due == at:
                self._feed(Tick())
            elif happening == at:
                _, _, call, offer = heappop(self._happenings)
                self._happens(call, offer)
            else:
                self._next = next(self._coming, NOBODY)
                self._arrives(number, caller)

    def _arrives(self, number: int, caller: Caller) -> None:
        call = CallId(f"main-1.{number}")
        self._callers[call] = (number, caller)
        self._waiting.add(call)
        if caller.patience_seconds < inf:
            self._later(caller.patience_seconds, call, None)
        self._feed(CallArrived(call, PBX, "0301234567", "100"))
        if caller.key:
            self._feed(DigitPressed(call, caller.key))
        self._feed(WaitingRoomEntered(call))

    def _happens(self, call: CallId, offer: OfferId | None) -> None:
        if offer is None:
            if call in self._waiting:
                self._waiting.discard(call)
                self._feed(CallerHungUp(call))
        elif offer in self._ringing:
            self._feed(*self._lifts(call, offer))
        elif offer in self._talking:
            self._talking.discard(offer)
            self._feed(LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call))

    def _lifts(self, call: CallId, offer: OfferId) -> tuple[Event, ...]:
        self._ringing.discard(offer)
        if call not in self._waiting:
            return (LegAnswered(offer), LegFailed(offer, RingOutcome.CALLER_LEFT))
        self._waiting.discard(call)
        self._talking.add(offer)
        self._later(self._callers[call][1].talk_seconds, call, offer)
        return (LegAnswered(offer), LegConnected(offer))

    def _later(self, seconds: float, call: CallId, offer: OfferId | None) -> None:
        self._count += 1
        heappush(self._happenings, (self.now + seconds, self._count, call, offer))

    def _feed(self, *events: Event) -> None:
        """Feed these, and everything that follows at once from what the engine then wants."""
        todo = self._todo
        todo.extend(events)
        while todo:
            self.events += 1
            for output in self.engine.handle(todo.popleft(), self.now):
                self._obey(output)

    def _obey(self, output: Command | Record) -> None:
        match output:
            case RingAgent(offer=offer, call=call):
                self._ringing.add(offer)
                self._todo.append(LegRinging(offer))
                if self.lift_seconds > 0.0:
                    self._later(self.lift_seconds, call, offer)
                else:
                    self._todo.extend(self._lifts(call, offer))
            case CancelRing(offer=offer):
                if offer in self._ringing:
                    self._ringing.discard(offer)
                    self._todo.append(LegFailed(offer, RingOutcome.CANCELLED))
            case CallAnswered(call=call, wait_seconds=wait_seconds):
                self.visits[self._callers[call][0]] = Visit(True, wait_seconds)
            case CallEnded(call=call):
                number, _ = self._callers.pop(call)
                if output.answered_at is None and output.queued_at is not None:
                    self.visits[number] = Visit(False, output.at - output.queued_at)
