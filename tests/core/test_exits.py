"""When a caller leaves a queue or may not join it: each condition, on joining and while waiting."""

import pytest

from acd.core.commands import CancelRing, EnterMenu
from acd.core.events import (
    CallAction,
    DigitPressed,
    LegAnswered,
    LegConnected,
    LegFailed,
    PbxDown,
    PbxLive,
    PlanReplaced,
    RingOutcome,
    Tick,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, QueueId
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import Exit, ExitCondition
from acd.core.records import CallLeftQueue, CallState, Outcome
from acd.core.waiting import LEAVE_AT_ONCE
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import (
    ENGLISH,
    OFFICE,
    asks_for,
    in_english,
    log_out,
    order,
    relax,
    rule,
    supervise,
    talked,
    with_exits,
    with_option,
)
from tests.plans import plan

TWO = {"1001": {"fault": 1}, "1002": {"fault": 1}, "other": {"billing": 1}}


def house(*exits: Exit, **changes: object) -> Plan:
    """Two agents for the queue fault, and these rules to leave it."""
    return with_exits(plan(TWO, wrap_up_seconds=0.0), "fault", *exits, **changes)


def queue_of(centre: Centre, call: CallId) -> str | None:
    """Return the queue in which the caller waits."""
    view = centre.call(call)
    return view.queue if view.state in (CallState.QUEUED, CallState.RINGING) else None


def left(centre: Centre) -> list[tuple[CallId, str]]:
    """Return who has left a queue since the last look, and by which rule."""
    return [(one.call, one.rule) for one in centre.take(CallLeftQueue)]


# -- the longest wait --------------------------------------------------------------------------

SIXTY = rule(ExitCondition.MAX_WAIT, "billing", limit=60.0)


def test_who_has_waited_as_long_as_the_queue_allows_leaves_it() -> None:
    centre = Centre(house(SIXTY))
    call = centre.call_in()
    centre.wait(59.9)
    assert queue_of(centre, call) == "fault"
    centre.wait(0.1)
    assert queue_of(centre, call) == "billing"
    (gone,) = centre.take(CallLeftQueue)
    assert (gone.outcome, gone.rule, gone.wait_seconds) == (Outcome.TIMED_OUT, "max_wait", 60.0)


def test_the_shortest_of_several_longest_waits_counts() -> None:
    longer = rule(ExitCondition.MAX_WAIT, "meter", limit=90.0)
    centre = Centre(house(longer, SIXTY))
    call = centre.call_in()
    centre.wait(60.0)
    assert queue_of(centre, call) == "billing"


def test_time_does_not_tear_away_a_phone_that_rings() -> None:
    centre = Centre(house(SIXTY))
    call = centre.call_in()
    centre.wait(55.0)
    centre.request("1001", AgentAction.LOG_IN)
    centre.wait(10.0)
    assert centre.call(call).state is CallState.RINGING
    assert centre.take(CancelRing) == []


def test_a_ring_over_the_time_may_be_answered_but_is_the_last_one() -> None:
    """Else a caller would wait on and on, one agent after another who lets it ring."""
    centre = Centre(house(SIXTY))
    call = centre.call_in()
    centre.wait(55.0)
    centre.request("1001", AgentAction.LOG_IN)
    offer = centre.ring_of(call).offer
    centre.request("1002", AgentAction.LOG_IN)
    centre.wait(8.0)
    centre.take()
    said = centre.feed(LegFailed(offer, RingOutcome.NO_ANSWER))
    assert left(centre) == [(call, "max_wait")]
    assert rung(centre) == []
    assert any(getattr(one, "outcome", None) is RingOutcome.NO_ANSWER for one in said)
    assert queue_of(centre, call) == "billing"


def test_a_ring_that_fails_in_time_is_followed_by_the_next() -> None:
    centre = Centre(house(SIXTY), "1001", "1002")
    call = centre.call_in()
    centre.fail(call, RingOutcome.DECLINED)
    assert rung(centre) == [(call, "1001"), (call, "1002")]


# -- how many wait -----------------------------------------------------------------------------


def test_a_full_queue_is_not_joined() -> None:
    centre = Centre(house(rule(ExitCondition.FULL, "billing", limit=2.0)))
    calls = [centre.call_in() for _ in range(3)]
    assert [queue_of(centre, call) for call in calls] == ["fault", "fault", "billing"]
    centre.wait(60.0)
    assert left(centre) == [(calls[2], "full")]
    assert centre.engine.next_deadline() is None or order(centre) == calls[:2]


CROWDED = ExitCondition.CROWDED


def test_nobody_joins_a_queue_where_too_many_wait_for_each_agent() -> None:
    centre = Centre(house(rule(CROWDED, "billing", limit=1.5, while_waiting=False)))
    for agent in ("1001", "1002"):
        centre.request(agent, AgentAction.LOG_IN)
        centre.request(agent, AgentAction.NOT_READY, "break")
    calls = [centre.call_in() for _ in range(4)]
    assert [queue_of(centre, call) for call in calls] == ["fault"] * 3 + ["billing"]


def test_who_came_last_leaves_when_an_agent_logs_out_and_it_becomes_crowded() -> None:
    centre = Centre(house(rule(CROWDED, "billing", limit=2.0, on_join=False)))
    for agent in ("1001", "1002", "other"):
        centre.request(agent, AgentAction.LOG_IN)
        centre.request(agent, AgentAction.NOT_READY, "break")
    calls = [centre.call_in() for _ in range(4)]
    centre.wait(10.0)
    assert left(centre) == []
    log_out(centre, "1001")
    centre.feed(Tick())
    assert sorted(left(centre)) == [(calls[2], "crowded"), (calls[3], "crowded")]
    assert order(centre) == calls[:2]


def test_one_caller_alone_is_no_crowd_neither_when_he_joins_nor_while_he_waits() -> None:
    centre = Centre(house(rule(CROWDED, "billing", limit=0.5)))
    call = centre.call_in()
    centre.wait(30.0)
    assert queue_of(centre, call) == "fault"
    assert queue_of(centre, centre.call_in()) == "billing"


# -- nobody there ------------------------------------------------------------------------------

NO_AGENTS, NONE_READY = ExitCondition.NO_AGENTS, ExitCondition.NONE_READY


@pytest.mark.parametrize("condition", [NO_AGENTS, NONE_READY])
def test_a_queue_without_agents_is_not_joined(condition: ExitCondition) -> None:
    centre = Centre(house(rule(condition, "billing", while_waiting=False)), "other")
    assert queue_of(centre, centre.call_in()) == "billing"
    centre.request("1001", AgentAction.LOG_IN)
    call = centre.call_in()
    assert queue_of(centre, call) == "fault"
    log_out(centre, "1001")
    centre.wait(60.0)
    assert queue_of(centre, call) == "fault"


@pytest.mark.parametrize("condition", [NO_AGENTS, NONE_READY])
def test_who_waits_when_the_last_agent_goes_leaves_at_once(condition: ExitCondition) -> None:
    centre = Centre(house(rule(condition, "meter", on_join=False)), "1001", "1002")
    busy = [centre.call_in(), centre.call_in()]
    for call in busy:
        centre.answer(call)
    waiting = centre.call_in()
    log_out(centre, "1001")
    centre.wait(20.0)
    assert queue_of(centre, waiting) == "fault"
    log_out(centre, "1002")
    centre.feed(Tick())
    assert queue_of(centre, waiting) == "meter"


def test_an_agent_in_a_talk_is_there_and_one_in_a_pause_is_not_ready() -> None:
    exits = (rule(NONE_READY, "meter"), rule(NO_AGENTS, "billing"))
    centre = Centre(house(*exits), "1001")
    centre.answer(centre.call_in())
    waiting = centre.call_in()
    centre.wait(30.0)
    assert queue_of(centre, waiting) == "fault"
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.feed(Tick())
    assert queue_of(centre, waiting) == "meter"


def test_who_could_serve_him_after_a_relaxation_counts_as_there() -> None:
    agents = {"senior": {"fault": 5}, "junior": {"fault": 1}}
    changed = with_exits(
        plan(agents),
        "fault",
        rule(NO_AGENTS, "billing"),
        requirement=asks_for(("fault", 5)),
        relaxations=(relax(300.0, ("fault", 1)),),
    )
    centre = Centre(changed, "junior")
    call = centre.call_in()
    centre.wait(60.0)
    assert queue_of(centre, call) == "fault"


@pytest.mark.parametrize("condition", [NO_AGENTS, NONE_READY])
def test_within_the_grace_he_joins_and_waits_and_leaves_when_it_is_over(
    condition: ExitCondition,
) -> None:
    centre = Centre(house(rule(condition, "billing", grace_seconds=30.0)), "1001")
    log_out(centre, "1001")
    centre.wait(12.0)
    call = centre.call_in()
    assert queue_of(centre, call) == "fault"
    centre.wait(17.9)
    assert queue_of(centre, call) == "fault"
    centre.wait(0.1)
    assert queue_of(centre, call) == "billing"
    assert queue_of(centre, centre.call_in()) == "billing"


def test_the_grace_begins_anew_when_somebody_was_there_meanwhile() -> None:
    centre = Centre(house(rule(NO_AGENTS, "billing", grace_seconds=30.0, on_join=False)))
    first = centre.call_in()
    centre.wait(60.0)
    assert queue_of(centre, first) == "billing"
    centre.request("1001", AgentAction.LOG_IN)
    centre.wait(3600.0)
    log_out(centre, "1001")
    second = centre.call_in()
    centre.wait(29.0)
    assert queue_of(centre, second) == "fault"
    centre.wait(1.0)
    assert queue_of(centre, second) == "billing"


def test_a_new_plan_does_not_begin_the_grace_anew() -> None:
    changed = house(rule(NO_AGENTS, "billing", grace_seconds=30.0))
    centre = Centre(changed, "1001")
    log_out(centre, "1001")
    call = centre.call_in()
    centre.wait(20.0)
    centre.feed(PlanReplaced(changed))
    centre.wait(10.0)
    assert queue_of(centre, call) == "billing"


# -- the estimate ------------------------------------------------------------------------------

ESTIMATE = ExitCondition.ESTIMATE


def busy_house(*exits: Exit) -> Centre:
    """One agent, whose talks take 100 s, has just begun one."""
    centre = Centre(house(*exits), "1001")
    talked(centre, "1", 100.0)
    centre.answer(centre.call_in())
    centre.take()
    return centre


def test_nobody_joins_where_he_would_wait_too_long() -> None:
    centre = busy_house(rule(ESTIMATE, "billing", limit=250.0, while_waiting=False))
    calls = [centre.call_in() for _ in range(3)]
    assert [queue_of(centre, call) for call in calls] == ["fault", "fault", "billing"]


def test_who_will_wait_too_long_leaves_and_those_before_him_stay() -> None:
    centre = busy_house(rule(ESTIMATE, "billing", limit=250.0, on_join=False))
    calls = [centre.call_in() for _ in range(4)]
    centre.wait(5.0)
    assert order(centre) == calls[:2]
    assert sorted(left(centre)) == [(call, "estimate") for call in calls[2:]]


def test_an_unknown_wait_is_not_too_long() -> None:
    centre = Centre(house(rule(ESTIMATE, "billing", limit=1.0)), "1001")
    centre.answer(centre.call_in())
    calls = [centre.call_in() for _ in range(3)]
    centre.wait(20.0)
    assert order(centre) == calls


def test_a_short_wait_of_the_last_caller_does_not_hide_a_long_one_before_him() -> None:
    """The caller in English waits for one agent alone, who has just begun to talk."""
    agents = {"one": {"fault": 1}, "two": {"fault": 1}, "english": {"fault": 1, "language.en": 1}}
    limit = rule(ESTIMATE, "billing", limit=50.0, on_join=False)
    changed = with_exits(plan(agents, wrap_up_seconds=0.0), "fault", limit)
    centre = Centre(with_option(changed, "1", attribute_needs=(ENGLISH,)), "one")
    talked(centre, "1", 100.0)
    centre.request("two", AgentAction.LOG_IN)
    for _ in range(2):
        centre.answer(centre.call_in())
    centre.wait(90.0)
    centre.request("english", AgentAction.LOG_IN)
    centre.answer(centre.call_in())
    centre.take()
    demanding, easy = in_english(centre), centre.call_in()
    centre.wait(5.0)
    assert left(centre) == [(demanding, "estimate")]
    assert order(centre) == [easy]


# -- closing time ------------------------------------------------------------------------------

CLOSED = rule(ExitCondition.CLOSED, "switchboard", hours="office")


def until_closing(centre: Centre) -> float:
    """Return how long the office is still open."""
    at = OFFICE.next_change(centre.now)
    assert at is not None
    return at - centre.now


def test_nobody_joins_after_closing_time() -> None:
    centre = Centre(house(CLOSED))
    assert queue_of(centre, centre.call_in()) == "fault"
    centre.wait(until_closing(centre))
    assert queue_of(centre, centre.call_in()) == "switchboard"


def test_closing_time_holds_to_the_second_for_those_who_wait_already() -> None:
    centre = Centre(house(CLOSED), "1001")
    ringing = centre.call_in()
    calls = [centre.call_in() for _ in range(3)]
    centre.wait(until_closing(centre) - 5.0)
    centre.feed(Tick())
    ringing = centre.call_in()
    assert queue_of(centre, calls[0]) == "fault"
    centre.wait(5.0)
    assert [queue_of(centre, call) for call in calls] == ["switchboard"] * 3
    assert centre.call(ringing).state in (CallState.QUEUED, CallState.RINGING)


@pytest.mark.slow
def test_thousands_leave_at_closing_time_without_holding_up_anybody_else() -> None:
    """Some at a time: what happens to others meanwhile is done between them."""
    centre = Centre(house(CLOSED))
    calls = [centre.call_in() for _ in range(350)]
    centre.wait(until_closing(centre) - 0.001)
    most = 0
    for _ in range(10):
        centre.take()
        centre.wait(0.01)
        most = max(most, len(left(centre)))
    assert 0 < most <= LEAVE_AT_ONCE
    assert order(centre, "switchboard") == calls


def test_a_phone_that_rings_at_closing_time_may_be_answered() -> None:
    centre = Centre(house(CLOSED, ring_timeout_seconds=60.0))
    call = centre.call_in()
    centre.wait(until_closing(centre) - 5.0)
    centre.request("1001", AgentAction.LOG_IN)
    centre.wait(20.0)
    assert centre.call(call).state is CallState.RINGING
    centre.answer(call)
    centre.wait(30.0)
    assert centre.call(call).state is CallState.CONNECTED


def test_closing_time_for_joining_alone_leaves_those_who_wait() -> None:
    only_join = rule(ExitCondition.CLOSED, "switchboard", hours="office", while_waiting=False)
    centre = Centre(house(only_join))
    call = centre.call_in()
    centre.wait(until_closing(centre) + 100.0)
    assert queue_of(centre, call) == "fault"


def test_a_closing_time_that_comes_with_a_new_plan_holds_for_those_who_wait() -> None:
    centre = Centre(plan(TWO))
    call = centre.call_in()
    centre.wait(until_closing(centre) + 60.0)
    assert queue_of(centre, call) == "fault"
    centre.feed(PlanReplaced(house(CLOSED)), Tick())
    assert queue_of(centre, call) == "switchboard"


# -- keys --------------------------------------------------------------------------------------

STAR = rule(ExitCondition.KEY, "billing", key="*")


def test_a_key_leads_out_and_other_keys_do_nothing() -> None:
    centre = Centre(house(STAR))
    call = centre.call_in()
    centre.feed(DigitPressed(call, "1"), DigitPressed(call, "#"))
    assert queue_of(centre, call) == "fault"
    centre.wait(7.0)
    centre.feed(DigitPressed(call, "*"))
    assert queue_of(centre, call) == "billing"
    (gone,) = centre.take(CallLeftQueue)
    assert (gone.outcome, gone.wait_seconds) == (Outcome.LEFT_BY_KEY, 7.0)


def test_a_key_leads_out_although_a_phone_rings_and_the_agent_is_free_for_others() -> None:
    centre = Centre(house(STAR), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    following = centre.call_in()
    centre.feed(DigitPressed(call, "*"))
    assert CancelRing(offer, call) in centre.said
    assert queue_of(centre, call) == "billing"
    centre.take()
    centre.feed(LegFailed(offer, RingOutcome.CANCELLED))
    assert rung(centre) == [(following, "1001")]


def test_a_key_while_he_is_being_joined_with_who_has_answered_is_too_late() -> None:
    centre = Centre(house(STAR), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.feed(LegAnswered(offer), DigitPressed(call, "*"), LegConnected(offer))
    assert centre.call(call).state is CallState.CONNECTED
    assert centre.take(CancelRing) == []


def test_a_key_between_two_rounds_of_the_waiting_room_counts() -> None:
    centre = Centre(house(STAR))
    call = centre.call_in()
    centre.feed(WaitingRoomLeft(call), DigitPressed(call, "*"))
    assert queue_of(centre, call) == "billing"


def test_a_key_in_a_talk_leads_nowhere() -> None:
    centre = Centre(house(STAR), "1001")
    call = centre.call_in()
    centre.answer(call)
    centre.feed(DigitPressed(call, "*"))
    assert centre.call(call).state is CallState.CONNECTED


# -- which rule --------------------------------------------------------------------------------


def test_the_first_rule_that_holds_is_followed() -> None:
    exits = (
        rule(ExitCondition.FULL, "water", limit=5.0),
        rule(NO_AGENTS, "billing"),
        rule(NONE_READY, "meter"),
    )
    centre = Centre(house(*exits))
    assert queue_of(centre, centre.call_in()) == "billing"
    centre.request("1001", AgentAction.LOG_IN)
    centre.request("1001", AgentAction.NOT_READY, "break")
    assert queue_of(centre, centre.call_in()) == "meter"


def test_while_waiting_too_the_first_rule_that_holds_is_followed() -> None:
    exits = (
        rule(NONE_READY, "meter", on_join=False),
        rule(NO_AGENTS, "billing", on_join=False),
    )
    centre = Centre(house(*exits))
    call = centre.call_in()
    centre.wait(5.0)
    assert left(centre) == [(call, "none_ready")]


# -- a PBX that is away ------------------------------------------------------------------------


def test_nobody_leaves_while_his_pbx_is_away_and_everybody_when_it_is_back() -> None:
    """What we order meanwhile is lost: the books would say that he is gone, and he would wait."""
    centre = Centre(house(SIXTY, CLOSED, rule(NO_AGENTS, "meter", grace_seconds=100.0)))
    call = centre.call_in()
    centre.feed(PbxDown(PBX))
    centre.wait(300.0)
    assert queue_of(centre, call) == "fault"
    assert left(centre) == []
    centre.feed(PbxLive(PBX))
    centre.wait(5.0)
    assert queue_of(centre, call) in ("billing", "meter")
    assert len(left(centre)) == 1


def test_a_supervisors_move_is_refused_while_nobody_may_join() -> None:
    changed = with_exits(plan(TWO), "billing", rule(ExitCondition.FULL, "meter", limit=1.0))
    centre = Centre(changed)
    centre.call_in("2")
    call = centre.call_in("1")
    refusal = supervise(centre, call, CallAction.MOVE, queue=QueueId("billing"))
    assert refusal == "nobody can join billing now: full"
    assert queue_of(centre, call) == "fault"
    assert centre.take(EnterMenu) == []
