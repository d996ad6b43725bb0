"""The engine beside a naive reference: whatever happens, it rings whom the reference would.

Hypothesis draws a centre (strategies, relaxations, reserve, preferred agents, grades) and then a
story; after each event every ring must be right, the two must agree on how each agent and call
stands, and the engine's own invariants must hold. Time goes on by an odd step with every event, so
that no two things fall due at one instant.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acd.core.commands import RingAgent
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
    PbxDown,
    PbxLive,
    RingOutcome,
    Tick,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    NodeId,
    OfferId,
    PbxId,
    QueueId,
    RequestId,
    SkillId,
)
from acd.core.invariants import check
from acd.core.plan import AgentAction, Need, Plan
from acd.core.queueplan import PreferredAgent, Relaxation, Requirement, Strategy
from acd.core.records import CallState
from acd.core.tokens import Tokens
from tests.core.reference import Reference
from tests.core.reference_people import Leg, Simultaneous
from tests.plans import plan

PBX = PbxId("main")
QUEUES = ("fault", "billing", "meter")
SKILLS = [SkillId(name) for name in QUEUES]
ENGLISH = (Need(SkillId("english")),)
NAMES = ("1001", "1002", "1003", "1004")
NUMBERS = ("0301", "0301", "0302", "")
STEP_SECONDS = 0.0137
BUSY_STEPS = 200
ODD = {
    "wrap_up_seconds": 0.0,
    "ring_timeout_seconds": 14.9177,
    "progress_seconds": 9.1371,
    "busy_delay_seconds": 9.7219,
    "declined_delay_seconds": 8.3533,
    "no_answer_delay_seconds": 7.1937,
    "unreachable_delay_seconds": 29.3711,
}
"""Times that do not add up to each other."""

grades = st.dictionaries(
    st.sampled_from((*QUEUES, "english")), st.integers(1, 3), min_size=2, max_size=4
)
ACTIONS = [*[AgentAction.LOG_IN, AgentAction.READY, AgentAction.END_WRAP_UP] * 4, *AgentAction]
PHONES = [*[DeviceState.FREE] * 4, *DeviceState]
actions = st.sampled_from(ACTIONS)
FAILURES = [
    RingOutcome.BUSY,
    RingOutcome.DECLINED,
    RingOutcome.NO_ANSWER,
    RingOutcome.UNREACHABLE,
]
which = st.integers(0, 11)
"""Picks one of those there are, round and round."""


def requirements(most: int) -> st.SearchStrategy[Requirement]:
    """One or two skills up to this grade: all of them, or any."""
    needs = st.builds(Need, st.sampled_from(SKILLS), st.integers(1, most))
    some = st.lists(needs, min_size=1, max_size=2, unique_by=lambda need: need.skill).map(
        lambda found: tuple(sorted(found, key=lambda need: need.skill))
    )
    return st.builds(
        lambda any_of, n: Requirement((), n) if any_of else Requirement(n), st.booleans(), some
    )


relaxations = st.lists(
    st.builds(
        Relaxation,
        after_seconds=st.just(0.0),
        requirement=requirements(1),
        keeps_extra_needs=st.booleans(),
    ),
    max_size=2,
).map(
    lambda steps: tuple(
        msgspec.structs.replace(step, after_seconds=after)
        for step, after in zip(steps, (7.3163, 31.1729), strict=False)
    )
)

settings_of_a_queue = st.fixed_dictionaries(
    {"requirement": requirements(2), "strategy": st.sampled_from(Strategy)},
    optional={
        "relaxations": relaxations,
        "target_seconds": st.sampled_from([5.0, 60.0]),
        "priority_seconds": st.just(30.0),
        "preferred_agent": st.just(PreferredAgent(patience_seconds=11.0391, within_seconds=900.0)),
        "reserved_agents": st.integers(1, 2),
        "wrap_up_seconds": st.just(17.7313),
        "rona_after": st.just(2),
        "agent_order": st.permutations(NAMES).map(lambda names: tuple(names[:2])),
        "agent_weights": st.just({"1001": 0.0, "1002": 5.0}),
    },
)
"""What differs from the defaults; a story that fails is short to read."""


def plan_of(
    skills: Mapping[str, Mapping[str, int]],
    queues: Sequence[Mapping[str, object]],
    on_demand: bool,
) -> Plan:
    """Three queues, four agents; the keys 4 to 6 ask for English besides."""
    base = plan(skills)
    lines = dict(base.queues)
    for name, changes in zip(QUEUES, queues, strict=True):
        lines[QueueId(name)] = msgspec.structs.replace(lines[QueueId(name)], **{**ODD, **changes})
    menu = base.menus[base.callers_menu]
    nodes = dict(menu.nodes)
    for key, name in zip("456", QUEUES, strict=True):
        node = NodeId(f"option-{key}")
        nodes[node] = msgspec.structs.replace(nodes[node], queue=QueueId(name), needs=ENGLISH)
    menus = {**base.menus, menu.id: msgspec.structs.replace(menu, nodes=nodes)}
    agents = dict(base.agents)
    if on_demand:
        first = AgentId(NAMES[0])
        agents[first] = msgspec.structs.replace(agents[first], max_calls_in_row=1)
    return msgspec.structs.replace(base, queues=lines, agents=agents, menus=menus)


CENTRES = {
    "skills": st.fixed_dictionaries(dict.fromkeys(NAMES, grades)),
    "queues": st.tuples(*[settings_of_a_queue] * 3),
    "on_demand": st.booleans(),
    "away": st.sets(st.sampled_from(NAMES), max_size=2),
}


class Story(RuleBasedStateMachine):
    """One centre under way."""

    @initialize(**CENTRES)
    def open(
        self,
        skills: Mapping[str, Mapping[str, int]],
        queues: Sequence[Mapping[str, object]],
        on_demand: bool,
        away: set[str],
    ) -> None:
        plan = self.plan = plan_of(skills, queues, on_demand)
        self.now = 1000.0
        self.engine = Engine(plan, Tokens(b"0123456789abcdef").next, self.now)
        self.reference = Reference(plan, self.now)
        self.calls = 0
        self.feed(PbxLive(PBX))
        for number, agent in enumerate(NAMES):
            if agent not in away:
                self.request(number, AgentAction.LOG_IN)

    # -- both are told the same -----------------------------------------------------------------

    def feed(self, event: Event) -> None:
        """Tell the engine, and let the reference judge what it rang."""
        rings = self._rings(event)
        while (due := self.engine.next_deadline()) is not None and due <= self.now:
            rings += self._rings(Tick())
        self.reference.follow(rings)

    def _rings(self, event: Event) -> list[tuple[str, str, str]]:
        said = self.engine.handle(event, self.now)
        check(self.engine.floor, self.now)
        return [(one.call, one.agent, one.offer) for one in said if isinstance(one, RingAgent)]

    def step(self) -> Reference:
        """Let a moment pass before the next event."""
        self.pass_time(STEP_SECONDS)
        return self.reference

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self._time_passed()
            self.feed(Tick())
        self.now = end
        self._time_passed()
        self.reference.follow([])

    def _time_passed(self) -> None:
        try:
            self.reference.time_passed(self.now)
        except Simultaneous:
            reject()

    def legs(self, *, talking: bool) -> list[Leg]:
        return [
            leg for leg in self.reference.legs.values() if (leg.connected_at is not None) is talking
        ]

    def waiting(self) -> list[str]:
        return [
            call.name
            for call in self.reference.calls.values()
            if call.state is not CallState.CONNECTED
        ]

    # -- what may happen ------------------------------------------------------------------------

    @precondition(lambda self: len(self.reference.calls) < 9)
    @rule(
        keys=st.lists(st.integers(0, 5), min_size=1, max_size=4),
        ani=st.sampled_from(NUMBERS),
        in_room=st.sampled_from([True, True, False]),
    )
    def calls_come(self, keys: list[int], ani: str, in_room: bool) -> None:
        for key in keys:
            self.calls += 1
            call = CallId(f"main-1.{self.calls}")
            reference = self.step()
            queue = self.plan.queues[QueueId(QUEUES[key % 3])]
            self.feed(CallArrived(call, PBX, ani, "100"))
            reference.call_queued(call, ani, queue, ENGLISH if key > 2 else ())
            self.feed(DigitPressed(call, str(key + 1)))
            if in_room:
                self.step().room_entered(call)
                self.feed(WaitingRoomEntered(call))

    @precondition(lambda self: self.waiting())
    @rule(one=which)
    def room_round(self, one: int) -> None:
        """A caller who is in his room leaves it, one who is not enters it."""
        waiting = self.waiting()
        call = CallId(waiting[one % len(waiting)])
        reference = self.step()
        if call not in self.waiting():
            return
        if reference.calls[call].in_room:
            reference.room_left(call)
            self.feed(WaitingRoomLeft(call))
        else:
            reference.room_entered(call)
            self.feed(WaitingRoomEntered(call))

    @precondition(lambda self: self.reference.calls)
    @rule(one=which, bridge_first=st.booleans())
    def caller_hangs_up(self, one: int, bridge_first: bool) -> None:
        """The end of his channel and his agent's leaving the bridge are told in either order."""
        reference = self.step()
        calls = list(reference.calls)
        call = CallId(calls[one % len(calls)])
        talking = [leg.offer for leg in self.legs(talking=True) if leg.call.name == call]
        if not bridge_first:
            reference.caller_hung_up(call)
            self.feed(CallerHungUp(call))
        for offer in talking:
            reference.leg_left_talk(offer)
            self.feed(LegLeftTalk(OfferId(offer)))
        if bridge_first:
            reference.caller_hung_up(call)
            self.feed(CallerHungUp(call))

    @precondition(lambda self: self.legs(talking=False))
    @rule(one=which, outcome=st.sampled_from(FAILURES), rings_first=st.booleans())
    def ring_fails(self, one: int, outcome: RingOutcome, rings_first: bool) -> None:
        reference = self.step()
        legs = self.legs(talking=False)
        if not legs:
            return
        offer = OfferId(legs[one % len(legs)].offer)
        if rings_first:
            reference.leg_ringing(offer)
            self.feed(LegRinging(offer))
        reference.leg_failed(offer, outcome)
        self.feed(LegFailed(offer, outcome))

    @precondition(lambda self: self.legs(talking=False))
    @rule(one=which)
    def agent_lifts(self, one: int) -> None:
        reference = self.step()
        legs = self.legs(talking=False)
        if legs:
            self.lift(reference, legs[one % len(legs)])

    def lift(self, reference: Reference, leg: Leg) -> None:
        """He is joined with the caller, unless that one is gone or another was faster."""
        offer = OfferId(leg.offer)
        reference.leg_answered(offer)
        self.feed(LegAnswered(offer))
        if leg.call.state is CallState.RINGING and leg.cancelled_at is None:
            reference.leg_connected(offer)
            self.feed(LegConnected(offer))
        else:
            reference.leg_failed(offer, RingOutcome.CALLER_LEFT)
            self.feed(LegFailed(offer, RingOutcome.CALLER_LEFT))

    @precondition(lambda self: self.legs(talking=True))
    @rule(one=which, seconds=st.sampled_from([0, 3, 40]))
    def talk_ends(self, one: int, seconds: int) -> None:
        """The agent leaves the talk, and his phone hangs up some time later."""
        legs = self.legs(talking=True)
        self.end(self.step(), OfferId(legs[one % len(legs)].offer), seconds)

    def end(self, reference: Reference, offer: OfferId, seconds: float) -> None:
        reference.leg_left_talk(offer)
        self.feed(LegLeftTalk(offer))
        self.pass_time(seconds + STEP_SECONDS)
        reference.leg_ended(offer)
        self.feed(LegEnded(offer))

    @rule(rounds=st.integers(1, 4))
    def everybody_works(self, rounds: int) -> None:
        """Who rings lifts, who talks ends, and wrap-ups are ended, a few times over."""
        for _ in range(rounds):
            for leg in self.legs(talking=False):
                reference = self.step()
                if leg.offer in reference.legs:
                    self.lift(reference, leg)
            for leg in self.legs(talking=True):
                self.end(self.step(), OfferId(leg.offer), 0.0)
            for number in range(len(NAMES)):
                self.request(number, AgentAction.END_WRAP_UP)

    @rule(one=st.integers(0, 3), action=actions)
    def request(self, one: int, action: AgentAction) -> None:
        agent = AgentId(NAMES[one])
        reason = "break" if action is AgentAction.NOT_READY else ""
        self.step().agent_requested(agent, action)
        self.feed(AgentRequested(RequestId(1), agent, action, reason))

    @rule(one=st.integers(0, 3), state=st.sampled_from(PHONES))
    def phone_changes(self, one: int, state: DeviceState) -> None:
        self.step().device_changed(NAMES[one], state)
        self.feed(DeviceChanged(DeviceId(f"PJSIP/{NAMES[one]}"), state))

    @rule(seconds=st.integers(1, 40))
    def nothing_happens(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(seconds=st.integers(1, 15), one=st.integers(0, 3), action=actions)
    def link_breaks(self, seconds: int, one: int, action: AgentAction) -> None:
        """Nobody is rung meanwhile; who waits when it is back is served in the right order."""
        self.step().live = False
        self.feed(PbxDown(PBX))
        self.pass_time(seconds)
        self.request(one, action)
        reference = self.step()
        reference.live = reference.all_changed = True
        self.feed(PbxLive(PBX))

    # -- both must agree ------------------------------------------------------------------------

    @invariant()
    def both_see_the_same(self) -> None:
        if not hasattr(self, "engine"):
            return
        picture = self.engine.snapshot(self.now)
        agents = self.reference.agents
        for agent in picture.agents:
            expected = agents[agent.agent]
            assert (agent.presence, agent.activity, agent.device) == (
                expected.presence,
                expected.activity,
                expected.device,
            ), agent.agent
        assert {call.call: call.state for call in picture.calls} == {
            call.name: call.state for call in self.reference.calls.values()
        }


TestStory = pytest.mark.slow(Story.TestCase)
TestStory.settings = settings(
    max_examples=75,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), **CENTRES)
def test_a_busy_day(seed: int, **centre: Any) -> None:
    """A long story from a seed, in which calls come all the time."""
    rng = Random(seed)
    story = Story()
    story.open(**centre)
    for _ in range(BUSY_STEPS):
        some = rng.randrange(12)
        match rng.choices(range(10), weights=(30, 15, 20, 6, 30, 30, 30, 12, 5, 2))[0]:
            case 0 if len(story.reference.calls) < 12:
                keys = [rng.randrange(6) for _ in range(rng.randint(1, 2))]
                story.calls_come(keys, rng.choice(NUMBERS), rng.random() < 0.8)
            case 1 if story.waiting():
                story.room_round(some)
            case 2 if story.reference.calls:
                story.caller_hangs_up(some, rng.random() < 0.5)
            case 3 if story.legs(talking=False):
                story.ring_fails(some, rng.choice(FAILURES), rng.random() < 0.5)
            case 4 if story.legs(talking=False):
                story.agent_lifts(some)
            case 5 if story.legs(talking=True):
                story.talk_ends(some, rng.choice((0, 3, 40)))
            case 6:
                story.request(some % 4, rng.choice(ACTIONS))
            case 7:
                story.phone_changes(some % 4, rng.choice(PHONES))
            case 8:
                story.nothing_happens(rng.randint(1, 40))
            case 9:
                story.link_breaks(rng.randint(1, 15), some % 4, rng.choice(ACTIONS))
        story.both_see_the_same()


def test_the_reference_names_the_one_agent_who_is_right() -> None:
    """1002 has been idle longer; ringing 1001, both or nobody is found out."""
    base = plan({"1001": {"fault": 1}, "1002": {"fault": 1}})

    def waiting() -> Reference:
        reference = Reference(base, 0.0)
        for now, agent in ((1.0, "1002"), (2.0, "1001")):
            reference.time_passed(now)
            reference.agent_requested(agent, AgentAction.LOG_IN)
        reference.call_queued("a", "", base.queues[QueueId("fault")], ())
        reference.room_entered("a")
        return reference

    waiting().follow([("a", "1002", "x")])
    with pytest.raises(AssertionError, match="1001 was rung for a, not one of"):
        waiting().follow([("a", "1001", "x")])
    with pytest.raises(AssertionError, match="nobody was rung for a"):
        waiting().follow([])
    with pytest.raises(AssertionError, match="more was rung"):
        waiting().follow([("a", "1002", "x"), ("a", "1001", "y")])
