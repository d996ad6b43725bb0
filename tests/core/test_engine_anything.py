"""Anything in any order: callers, phones, keys, supervisors, reloads and a PBX that goes and comes.

What must hold afterwards: nothing broke, every call has one end, nobody is lost, nothing is left.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acd.core.commands import Announce, Command, PlayPrompt, RingAgent
from acd.core.events import (
    AnnouncementEnded,
    CallAction,
    CallArrived,
    CallerHungUp,
    CallFoundWaiting,
    CallRequested,
    DeviceChanged,
    DeviceState,
    DigitPressed,
    IncidentRequested,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    MenuReached,
    PbxDown,
    PbxLive,
    PlanReplaced,
    PromptEnded,
    RingOutcome,
    Tick,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import (
    CallId,
    DeviceId,
    IncidentId,
    Language,
    MenuId,
    OfferId,
    PromptId,
    QueueId,
    RequestId,
    SkillId,
)
from acd.core.incident import Clip, Incident
from acd.core.place import Place
from acd.core.plan import AgentAction, Need, Plan
from acd.core.queueplan import (
    ExitCondition,
    PreferredAgent,
    Strategy,
    ToAnnouncement,
    ToMenu,
    ToNumber,
    ToQueue,
)
from acd.core.records import CallEnded, CallState, Record
from tests.core.centre import PBX, Centre
from tests.core.queues import (
    ENGLISH,
    announcing,
    asks_for,
    relax,
    say_then_queue,
    with_exits,
    with_menu,
    with_option,
    with_queue,
    without_queue,
)
from tests.core.queues import rule as exit_rule
from tests.plans import plan, prompt

AGENTS = {
    "1001": {"fault": 5, "billing": 1, "meter": 1},
    "1002": {"fault": 2, "billing": 3, "language.en": 1},
    "1003": {"fault": 1, "meter": 2},
}
X = ExitCondition


def rich() -> Plan:
    """Return a plan in which everything can happen that a plan can say about queues."""
    house = plan(AGENTS, wrap_up_seconds=30.0)
    house = with_option(house, "1", attribute_needs=(ENGLISH,))
    house = with_option(house, "2", position=2, needs=(Need(SkillId("billing"), 2),))
    house = with_exits(
        house,
        "fault",
        exit_rule(X.KEY, ToMenu(menu=MenuId("after")), key="*"),
        exit_rule(X.KEY, ToNumber(number="+4930"), key="#"),
        exit_rule(X.FULL, "meter", limit=4.0),
        exit_rule(X.NO_AGENTS, "billing", grace_seconds=20.0),
        exit_rule(X.MAX_WAIT, "billing", limit=100.0),
        requirement=asks_for(("fault", 3)),
        relaxations=(
            relax(15.0, ("fault", 2), estimate_over_seconds=30.0),
            relax(45.0, ("fault", 1), keeps_extra_needs=False),
        ),
        announcements=announcing(position=True, estimate=True, prompts=prompt("thanks")),
        preferred_agent=PreferredAgent(patience_seconds=40.0, within_seconds=900.0),
    )
    house = with_exits(
        house,
        "billing",
        exit_rule(X.NONE_READY, ToMenu(menu=MenuId("back")), while_waiting=False),
        exit_rule(X.CROWDED, "meter", limit=1.5),
        exit_rule(X.ESTIMATE, ToQueue(queue=QueueId("meter"), keep_clock=False), limit=60.0),
        exit_rule(X.MAX_WAIT, ToAnnouncement(prompts=prompt("closed")), limit=80.0),
        strategy=Strategy.RING_ALL,
        reserved_agents=1,
    )
    house = with_exits(
        house,
        "meter",
        exit_rule(X.CLOSED, "fault", hours="office"),
        exit_rule(X.NO_AGENTS, "fault"),
        strategy=Strategy.RING_PROGRESSIVELY,
        progress_seconds=5.0,
        announcements=announcing(every_seconds=0.0, prompts=prompt("thanks")),
    )
    house = with_menu(house, say_then_queue("after", "meter", "sorry"))
    return with_menu(house, say_then_queue("back", "billing"))


RICH = rich()
PLANS = (
    RICH,
    plan(AGENTS, wrap_up_seconds=0.0),
    without_queue(plan({"1002": {"fault": 2}}), "billing"),
    with_queue(RICH, "fault", relaxations=(relax(5.0, ("fault", 1)),), exits=()),
    with_queue(RICH, "billing", strategy=Strategy.LONGEST_IDLE, requirement=asks_for()),
)
NAMES = st.sampled_from(sorted(AGENTS))
WHICH = st.integers(0, 7)


class Anything(RuleBasedStateMachine):
    """One centre, and whatever can be told to it; what comes about old things comes as well."""

    def __init__(self) -> None:
        super().__init__()
        self.centre = Centre(RICH, *AGENTS)
        self.calls: list[CallId] = []
        self.rings: list[OfferId] = []
        self.ends: list[CallId] = []
        self.prompts: list[PlayPrompt] = []
        self.announced: list[Announce] = []
        self.restarts = 0

    def _hear(self) -> None:
        said: list[Command | Record] = self.centre.take()
        for one in said:
            match one:
                case RingAgent(offer=offer):
                    self.rings.append(offer)
                case PlayPrompt():
                    self.prompts.append(one)
                case Announce():
                    self.announced.append(one)
                case CallEnded(call=call):
                    self.ends.append(call)
                case _:
                    pass

    def _call(self, which: int) -> CallId:
        return self.calls[-1 - which % len(self.calls)] if self.calls else CallId("main-9.9")

    def _ring(self, which: int) -> OfferId:
        """Return a ring or talk there is, now and then one that is over."""
        offers = list(self.centre.engine.floor.offers)
        if offers and which < 7:
            return offers[which % len(offers)]
        return self.rings[0] if self.rings else OfferId("acd-none")

    # -- callers ------------------------------------------------------------------------------

    @rule(key=st.sampled_from("111223"), ani=st.sampled_from(["1", "2", ""]), english=st.booleans())
    def a_call_comes(self, key: str, ani: str, english: bool) -> None:
        call = CallId(f"main-1.{len(self.calls)}")
        self.calls.append(call)
        keys = ["9", key] if english else [key]
        self.centre.feed(CallArrived(call, PBX, ani, "100"))
        self.centre.feed(*(DigitPressed(call, one) for one in keys), WaitingRoomEntered(call))

    @rule(
        which=WHICH, queue=st.sampled_from(["fault", "billing", "gone"]), waited=st.floats(0, 200)
    )
    def a_call_is_found(self, which: int, queue: str, waited: float) -> None:
        call = CallId(f"main-0.{len(self.calls)}")
        self.calls.append(call)
        at = self.centre.now - waited
        needs = (Need(SkillId("language.en")),) if which % 2 else ()
        place = Place(QueueId(queue), at, at, at + 20.0, "1", Language("de"), "100", needs)
        self.centre.feed(CallFoundWaiting(call, PBX, "1", place))

    @rule(which=WHICH, key=st.sampled_from("12*#9"))
    def a_key(self, which: int, key: str) -> None:
        self.centre.feed(DigitPressed(self._call(which), key))

    @rule(which=WHICH, lost=st.booleans())
    def a_caller_hangs_up(self, which: int, lost: bool) -> None:
        self.centre.feed(CallerHungUp(self._call(which), lost))

    @rule(which=WHICH, enters=st.booleans())
    def a_round_of_music(self, which: int, enters: bool) -> None:
        call = self._call(which)
        self.centre.feed(WaitingRoomEntered(call) if enters else WaitingRoomLeft(call))

    @rule(which=WHICH)
    def a_call_reaches_the_menu(self, which: int) -> None:
        self.centre.feed(MenuReached(self._call(which)))

    @rule(which=WHICH, ok=st.booleans())
    def a_prompt_ends(self, which: int, ok: bool) -> None:
        if self.prompts:
            one = self.prompts[-1 - which % len(self.prompts)]
            self.centre.feed(PromptEnded(one.call, one.play_id, ok))

    @rule(which=WHICH)
    def an_announcement_ends(self, which: int) -> None:
        if self.announced:
            one = self.announced[-1 - which % len(self.announced)]
            self.centre.feed(AnnouncementEnded(one.call, one.announcement_id))

    # -- legs and phones ----------------------------------------------------------------------

    @rule(which=WHICH)
    def a_ring_is_answered(self, which: int) -> None:
        ring = self._ring(which)
        self.centre.feed(LegRinging(ring), LegAnswered(ring), LegConnected(ring))

    @rule(which=WHICH)
    def a_phone_is_lifted(self, which: int) -> None:
        self.centre.feed(LegAnswered(self._ring(which)))

    @rule(which=WHICH, outcome=st.sampled_from(list(RingOutcome)))
    def a_ring_fails(self, which: int, outcome: RingOutcome) -> None:
        offer = self.centre.engine.floor.offers.get(self._ring(which))
        if offer is None or offer.connected_at is None:
            self.centre.feed(LegFailed(self._ring(which), outcome))

    @rule(which=WHICH, left_only=st.booleans())
    def a_talk_ends(self, which: int, left_only: bool) -> None:
        ring = self._ring(which)
        offer = self.centre.engine.floor.offers.get(ring)
        if offer is not None and offer.connected_at is not None:
            self.centre.feed(LegLeftTalk(ring))
            if not left_only:
                self.centre.feed(LegEnded(ring))

    @rule(agent=NAMES, state=st.sampled_from([*DeviceState, *(DeviceState.FREE,) * 4]))
    def a_phone_changes(self, agent: str, state: DeviceState) -> None:
        self.centre.feed(DeviceChanged(DeviceId(f"PJSIP/{agent}"), state))

    # -- people -------------------------------------------------------------------------------

    @rule(agent=NAMES, action=st.sampled_from([*AgentAction, *(AgentAction.LOG_IN,) * 5]))
    def an_agent_asks(self, agent: str, action: AgentAction) -> None:
        self.centre.request(agent, action, "break")

    @rule(
        which=WHICH,
        action=st.sampled_from(list(CallAction)),
        queue=st.sampled_from(["fault", "billing", "meter", "nowhere"]),
        seconds=st.floats(-4000, 4000),
        position=st.integers(0, 4),
    )
    def a_supervisor_asks(
        self, which: int, action: CallAction, queue: str, seconds: float, position: int
    ) -> None:
        call = self._call(which)
        self.centre.feed(
            CallRequested(RequestId(3), call, action, QueueId(queue), seconds, position)
        )

    @rule(
        name=st.sampled_from(["mitte", "wedding"]),
        queue=st.sampled_from(["fault", "billing", "nowhere"]),
        dangerous=st.booleans(),
        asks=st.booleans(),
        seconds=st.sampled_from([None, -1.0, 1.0, 60.0]),
        over=st.booleans(),
    )
    def an_incident_is_set_or_ended(
        self, name: str, queue: str, dangerous: bool, asks: bool, seconds: float | None, over: bool
    ) -> None:
        clips = (Clip(Language("de"), PromptId(f"incident/{name}"), 5.0),)
        wanted = Incident(
            id=IncidentId(name),
            queues=(QueueId(queue),),
            text=clips,
            hazard=clips if dangerous else (),
            question=clips if asks else (),
            ends_at=None if seconds is None else self.centre.now + seconds,
        )
        self.centre.feed(IncidentRequested(RequestId(4), wanted.id, None if over else wanted))

    @rule(which=st.sampled_from(range(len(PLANS))))
    def the_plan_is_replaced(self, which: int) -> None:
        self.centre.feed(PlanReplaced(PLANS[which]))

    @rule(seconds=st.sampled_from([1.0, 20.0, 200.0]), is_back=st.booleans())
    def the_pbx_goes_and_most_often_comes(self, seconds: float, is_back: bool) -> None:
        self.centre.feed(PbxDown(PBX))
        self.centre.wait(seconds)
        if is_back:
            self.centre.feed(PbxLive(PBX))

    @rule(seconds=st.sampled_from([0.0, 0.5, 4.0, 16.0, 61.0, 400.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.centre.feed(PbxLive(PBX))
        self.centre.wait(seconds)

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def every_call_has_one_end_and_a_story(self) -> None:
        self._hear()
        floor = self.centre.engine.floor
        assert len(self.ends) == len(set(self.ends))
        assert set(self.calls) == set(self.ends) | set(floor.calls)
        for call in self.calls[-3:]:
            explanation = self.centre.engine.explain(call)
            assert explanation is not None
            assert explanation.ended == (call in self.ends)
        assert all(len(call.trail) <= 60 for call in floor.calls.values())

    @invariant()
    def who_waits_stands_in_one_line_and_who_does_not_in_none(self) -> None:
        floor = self.centre.engine.floor
        stand = [call.id for line in floor.lines.values() for _, _, call in line.entries]
        waiting = [
            view.call
            for view in self.centre.engine.snapshot(self.centre.now).calls
            if view.state in (CallState.QUEUED, CallState.RINGING)
        ]
        assert sorted(stand) == sorted(waiting)

    def teardown(self) -> None:
        """Everybody hangs up: nothing is left, no deadline, no offer that nobody will end."""
        self.centre.feed(PbxLive(PBX), Tick())
        self._hear()
        for call in list(self.centre.engine.floor.calls):
            self.centre.feed(CallerHungUp(call))
        self._hear()
        floor = self.centre.engine.floor
        assert sorted(self.ends) == sorted(self.calls)
        assert floor.calls == {}
        assert floor.open_rings == {}
        self.centre.wait(1000.0)
        left = [offer for offer in floor.offers.values() if offer.connected_at is None]
        assert left == []
        ours = {"relax", "exit", "announce", "patience", "progress", "enter", "dialogue", "keep"}
        assert not [key for key in floor.deadlines._valid if key[0] in ours]


class Longer(Anything):
    """The same for longer."""


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestLonger = pytest.mark.slow(Longer.TestCase)
TestLonger.settings = settings(
    max_examples=75,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
