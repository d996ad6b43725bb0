"""Every order of events: one call and one agent, two and two, as deep as it can be afforded.

From each starting point every event there is comes next, whether a PBX would send it now or not,
and so on to a bounded depth; events about legs name the agent's last leg. After each event the
invariants hold and nobody is lost. At each state that is new, the world is then put in order (the
link is up, phones are free, legs are gone, agents are ready), and whoever still waits must be rung
for; when the callers are gone nothing may be left.

The tree has millions of leaves and far fewer states: an order that leads to a state which was seen
with as much depth left is not followed twice. States are compared whole, as pickled, but for what
decides nothing: when things were noted for explanations.
"""

import io
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum
from types import FunctionType
from typing import Any

import msgspec
import pytest
from _pytest.mark import ParameterSet

from acd.core.commands import Command, RingAgent
from acd.core.engine import Engine
from acd.core.events import (
    AgentRequested,
    CallArrived,
    CallerHungUp,
    DeviceChanged,
    DeviceState,
    DigitPressed,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    MenuReached,
    PbxDown,
    PbxLive,
    RingOutcome,
    Tick,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.history import History
from acd.core.ids import AgentId, CallId, DeviceId, NodeId, OfferId, PbxId, QueueId, RequestId
from acd.core.invariants import check
from acd.core.plan import AgentAction, AgentPlan, MenuPlan, Plan
from acd.core.queueplan import QueuePlan, Strategy
from acd.core.records import Activity, CallEnded, CallOffered, CallState, Record, TrailStep
from acd.core.tokens import Tokens
from tests.plans import plan

PBX = PbxId("main")
OUTCOMES = (
    RingOutcome.BUSY,
    RingOutcome.NO_ANSWER,
    RingOutcome.UNREACHABLE,
    RingOutcome.CALLER_LEFT,
)


class World:
    """An engine, the time, and what it has said so far that matters here."""

    def __init__(self, plan: Plan, calls: int) -> None:
        self.now = 1_000_000.0
        self.engine = Engine(plan, Tokens(b"0123456789abcdef").next, self.now)
        self.calls = tuple(CallId(f"main-1.{number}") for number in range(1, calls + 1))
        self.agents = tuple(plan.agents)
        self.legs: dict[AgentId, tuple[OfferId, CallId]] = {}
        """The last leg of each agent."""
        self.open: Counter[CallId] = Counter()
        """Calls that were offered and have not ended."""
        self.feed(PbxLive(PBX))

    def feed(self, *events: Event) -> None:
        """Feed these, and hold the engine to its word."""
        for event in events:
            for said in self.engine.handle(event, self.now):
                if isinstance(said, RingAgent):
                    self.legs[said.agent] = (said.offer, said.call)
                elif isinstance(said, CallOffered):
                    self.open[said.call] += 1
                elif isinstance(said, CallEnded):
                    self.open[said.call] -= 1
        check(self.engine.floor, self.now)
        living = dict.fromkeys(self.engine.floor.calls, 1)
        assert living == +self.open, "a call was lost, or ended more than once"

    def tick(self) -> bool:
        """Let time pass to the next deadline; False when there is none."""
        due = self.engine.next_deadline()
        if due is None:
            return False
        self.now = max(self.now, due)
        self.feed(Tick())
        return True

    def events(self) -> Iterator[tuple[str, Event]]:
        """Yield everything that may be said about these calls and agents."""
        for call in self.calls:
            yield f"{call} arrives", CallArrived(call, PBX, "0301234567", "100")
            yield f"{call} presses 1", DigitPressed(call, "1")
            yield f"{call} enters its room", WaitingRoomEntered(call)
            yield f"{call} leaves its room", WaitingRoomLeft(call)
            yield f"{call} is in the menu", MenuReached(call)
            yield f"{call} hangs up", CallerHungUp(call)
        for agent in self.agents:
            phone = DeviceId(f"PJSIP/{agent}")
            for action in AgentAction:
                yield f"{agent}: {action}", request(agent, action)
            yield f"{phone} is busy", DeviceChanged(phone, DeviceState.BUSY)
            yield f"{phone} is free", DeviceChanged(phone, DeviceState.FREE)
            if agent in self.legs:
                offer, _ = self.legs[agent]
                for kind in (LegRinging, LegAnswered, LegConnected, LegLeftTalk, LegEnded):
                    yield f"{agent}: {kind.__name__}", kind(offer)
                for outcome in OUTCOMES:
                    yield f"{agent}: {outcome}", LegFailed(offer, outcome)
        yield "the link is down", PbxDown(PBX)
        yield "the link is up", PbxLive(PBX)

    def state_of(self, call: CallId) -> CallState | None:
        """Return where the call is, None when it is not known."""
        calls = self.engine.part(self.now, (call,), (), queues=False).calls
        return next((view.state for view in calls), None)

    def put_in_order(self) -> None:
        """Let everything come right; whoever waits must then be served, and nothing be left."""
        self.feed(PbxLive(PBX))
        for agent in self.agents:
            self.feed(DeviceChanged(DeviceId(f"PJSIP/{agent}"), DeviceState.FREE))
            if agent in self.legs:
                self.feed(LegFailed(self.legs[agent][0], RingOutcome.CANCELLED))
            self.feed(request(agent, AgentAction.LOG_OUT))
        end = self.now + 60.0
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.tick()
        self.now = end
        self.legs.clear()
        for agent in self.agents:
            self.feed(request(agent, AgentAction.LOG_IN))
        for call in self.calls:
            self.feed(WaitingRoomEntered(call))
        for _ in self.calls:
            for agent, (offer, call) in tuple(self.legs.items()):
                if self.state_of(call) is CallState.RINGING:
                    self.feed(LegAnswered(offer), LegConnected(offer), LegLeftTalk(offer))
                    self.feed(LegEnded(offer), request(agent, AgentAction.END_WRAP_UP))
                else:
                    self.feed(LegFailed(offer, RingOutcome.CANCELLED))
        for call in self.calls:
            assert self.state_of(call) is not CallState.QUEUED, "a caller waits for ever"
        self.feed(*(CallerHungUp(call) for call in self.calls))
        for offer, _ in tuple(self.legs.values()):
            self.feed(LegFailed(offer, RingOutcome.CANCELLED))
        picture = self.engine.snapshot(self.now)
        assert not picture.calls, "a call is left"
        assert all(view.activity is Activity.IDLE for view in picture.agents), "an agent is stuck"
        assert not self.engine.floor.offers, "a leg is left"
        assert not self.tick(), "something is due for nobody"


def request(agent: AgentId, action: AgentAction) -> AgentRequested:
    reason = "break" if action is AgentAction.NOT_READY else ""
    return AgentRequested(RequestId(1), agent, action, reason)


# -- worlds, put away and taken out again ----------------------------------------------------------

SHARED: dict[str, object] = {}
"""What all worlds of a test have in common and what cannot be pickled, by its id. Classes are in it
as well: looking each up by its name takes a fifth of the time."""


KEPT = (type, Enum, FunctionType, Plan, QueuePlan, AgentPlan, MenuPlan)


def forgotten(*_: object) -> None:
    return None


class Freezer(pickle.Pickler):
    """Pickles a world, without the plan, the program and the memory for explanations."""

    def persistent_id(self, value: object) -> str | None:
        if not isinstance(value, KEPT):
            return None
        name = str(id(value))
        SHARED[name] = value
        return name

    def reducer_override(self, value: Any) -> Any:
        return (History, ()) if isinstance(value, History) else NotImplemented


class Comparer(Freezer):
    """The same, and a decision is the same whenever it was taken."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, TrailStep):
            return forgotten, (value.what, value.text, value.agent)
        return super().reducer_override(value)


class Thawer(pickle.Unpickler):
    persistent_load = staticmethod(SHARED.__getitem__)


def pickled(value: object, how: Callable[..., pickle.Pickler]) -> bytes:
    buffer = io.BytesIO()
    how(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


def thawed(frozen: bytes) -> World:
    world: World = Thawer(io.BytesIO(frozen)).load()
    return world


class Explorer:
    """Follows every order of events from a world, down to a depth."""

    def __init__(self) -> None:
        self.seen: dict[bytes, int] = {}
        """Each state, and how deep it was followed."""
        self.events = 0
        self.path: list[str] = []

    def follow(self, world: World, depth: int) -> int:
        """Return how many orders there are from here that are so long."""
        return self._follow(world, pickled(world, Freezer), depth)

    def _follow(self, world: World, frozen: bytes, depth: int) -> int:
        orders = 0
        for name, event in (*world.events(), ("time passes", None)):
            self.path.append(name)
            self.events += 1
            after = thawed(frozen)
            if event is not None:
                after.feed(event)
            elif not after.tick():
                self.path.pop()
                continue
            orders += self._beyond(after, depth - 1)
            self.path.pop()
        return orders

    def _beyond(self, world: World, depth: int) -> int:
        if depth == 0:
            return 1
        state = pickled(world, Comparer)
        known = self.seen.get((state, depth))
        if known is None:
            frozen = pickled(world, Freezer)
            if all((state, other) not in self.seen for other in range(1, 9)):
                thawed(frozen).put_in_order()
            known = self.seen[state, depth] = self._follow(world, frozen, depth)
        return known


# -- where it begins -------------------------------------------------------------------------------


def world(calls: int, agents: int, strategy: Strategy) -> World:
    """One queue, to which one key leads; a small plan makes small worlds."""
    base = plan({str(1001 + number): {"fault": 1} for number in range(agents)}, wrap_up_seconds=7.0)
    fault, main = QueueId("fault"), base.callers_menu
    option, ask = NodeId("option-1"), NodeId("ask")
    nodes = base.menus[main].nodes
    asked = msgspec.structs.replace(nodes[ask], choices={"1": option}, otherwise=option)
    menu = msgspec.structs.replace(base.menus[main], nodes={option: nodes[option], ask: asked})
    return World(
        msgspec.structs.replace(
            base,
            queues={fault: msgspec.structs.replace(base.queues[fault], strategy=strategy)},
            menus={main: menu},
            code_menus={},
        ),
        calls,
    )


def nobody_there(here: World) -> None:
    """The agents have not logged in, and nobody calls."""


def ringing(here: World) -> None:
    for agent in here.agents:
        here.feed(request(agent, AgentAction.LOG_IN))
    for call in here.calls:
        here.feed(CallArrived(call, PBX, "0301234567", "100"), DigitPressed(call, "1"))
        here.feed(WaitingRoomEntered(call))


def talking(here: World) -> None:
    ringing(here)
    offer, _ = here.legs[here.agents[0]]
    here.feed(LegRinging(offer), LegAnswered(offer), LegConnected(offer))


def wrapping_up(here: World) -> None:
    talking(here)
    offer, _ = here.legs[here.agents[0]]
    here.feed(LegLeftTalk(offer))


def explored(here: World, depth: int) -> int:
    """Follow every order of so many events from here; print and return how many there are."""
    explorer = Explorer()
    try:
        orders = explorer.follow(here, depth)
    except Exception as problem:
        problem.add_note("after: " + "; ".join(explorer.path))
        raise
    print(f"{orders} orders, {len(explorer.seen)} states, {explorer.events} events")
    return orders


def slow(*values: object) -> ParameterSet:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("begins", "depth"),
    [
        (ringing, 2),
        slow(nobody_there, 5),
        slow(ringing, 4),
        slow(talking, 4),
        slow(wrapping_up, 4),
    ],
)
def test_one_call_and_one_agent(begins: Callable[[World], None], depth: int) -> None:
    """At depth 4, 350,000 orders; at 5, before the agent has a leg, 790,000."""
    here = world(1, 1, Strategy.LONGEST_IDLE)
    begins(here)
    assert explored(here, depth) > 10**depth


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.RING_ALL])
@pytest.mark.parametrize(
    ("begins", "depth"),
    [(talking, 1), slow(nobody_there, 4), slow(ringing, 3), slow(talking, 3)],
)
def test_two_calls_and_two_agents(
    begins: Callable[[World], None], depth: int, strategy: Strategy
) -> None:
    """At depth 3, 100,000 orders; at 4, before an agent has a leg, 620,000."""
    here = world(2, 2, strategy)
    begins(here)
    assert explored(here, depth) > 20**depth


class HardOfHearing(Engine):
    """Once the link was down it never hears that it is up."""

    deaf = False

    def handle(self, event: Event, now: float) -> list[Command | Record]:
        self.deaf = self.deaf or isinstance(event, PbxDown)
        return super().handle(Tick() if self.deaf and isinstance(event, PbxLive) else event, now)


def test_an_order_that_goes_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "Engine", HardOfHearing)
    here = world(1, 1, Strategy.LONGEST_IDLE)
    ringing(here)
    with pytest.raises(AssertionError, match="waits for ever") as found:
        explored(here, 2)
    assert found.value.__notes__ == ["after: the link is down"]
