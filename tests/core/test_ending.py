"""Each call has one final record with one outcome, and leaves nothing behind."""

import pytest

from acd.core.commands import RingAgent
from acd.core.events import (
    CallerHungUp,
    CallerRescued,
    DigitPressed,
    LegAnswered,
    LegFailed,
    LegLeftTalk,
    RingOutcome,
)
from acd.core.plan import AgentAction
from acd.core.queueplan import ExitCondition, Strategy, Target, ToAnnouncement, ToNumber
from acd.core.records import Activity, CallEnded, Outcome, Presence, TalkEnded
from tests.core.centre import Centre, rung
from tests.core.queues import FAULT, announcing, order, relax, rule, with_exits, with_queue
from tests.plans import ALL, plan, prompt

GOODBYE = ToAnnouncement(prompts=prompt("closed"))


def outcomes(centre: Centre) -> list[Outcome]:
    """Return the outcomes of the calls that have ended."""
    return [one.outcome for one in centre.take(CallEnded)]


@pytest.mark.parametrize(
    ("condition", "fields", "outcome"),
    [
        (ExitCondition.MAX_WAIT, {"limit": 30.0}, Outcome.TIMED_OUT),
        (ExitCondition.KEY, {"key": "*"}, Outcome.LEFT_BY_KEY),
        (ExitCondition.NO_AGENTS, {}, Outcome.OVERFLOWED),
        (ExitCondition.NONE_READY, {"on_join": False}, Outcome.OVERFLOWED),
    ],
)
@pytest.mark.parametrize("target", [GOODBYE, ToNumber(number="+4930")])
def test_a_rule_names_the_outcome_of_who_leaves_by_it(
    condition: ExitCondition, fields: dict[str, object], outcome: Outcome, target: Target
) -> None:
    centre = Centre(with_exits(plan(), "fault", rule(condition, target, **fields)))
    call = centre.call_in()
    centre.wait(31.0)
    centre.feed(DigitPressed(call, "*"), CallerHungUp(call))
    assert outcomes(centre) == [outcome]


def test_what_others_do_to_the_call_counts_before_how_he_left_the_queue() -> None:
    star = rule(ExitCondition.KEY, GOODBYE, key="*")
    centre = Centre(with_exits(plan(), "fault", star))
    lost, rescued = centre.call_in(), centre.call_in()
    centre.feed(DigitPressed(lost, "*"), DigitPressed(rescued, "*"))
    centre.feed(CallerHungUp(lost, lost=True), CallerRescued(rescued))
    assert outcomes(centre) == [Outcome.SWITCH_LOST, Outcome.EMERGENCY]


@pytest.mark.parametrize("rings", [1, 2])
def test_who_may_have_talked_unseen_has_not_abandoned(rings: int) -> None:
    strategy = Strategy.RING_ALL if rings == 2 else Strategy.LONGEST_IDLE
    agents = {"1001": ALL, "1002": ALL}
    centre = Centre(with_queue(plan(agents), "fault", strategy=strategy), *agents)
    call = centre.call_in()
    offers = [ring.offer for ring in centre.take(RingAgent)]
    assert len(offers) == rings
    centre.wait(9.0)
    centre.feed(CallerHungUp(call, unseen=True))
    centre.feed(*(LegFailed(offer, RingOutcome.CANCELLED) for offer in offers))
    assert outcomes(centre) == [Outcome.UNSEEN]
    works = [agent for agent in agents if centre.agent(agent).activity is Activity.WRAP_UP]
    # Of two nobody knows who it was.
    assert works == (["1001"] if rings == 1 else [])
    assert {centre.agent(agent).presence for agent in agents} == {Presence.READY}


def test_who_was_answered_is_answered_however_it_ended() -> None:
    on = rule(ExitCondition.MAX_WAIT, "billing", limit=30.0)
    house = with_exits(plan({"1001": {"billing": 1}}), "fault", on)
    centre = Centre(house)
    call = centre.call_in()
    centre.wait(30.0)
    centre.request("1001", AgentAction.LOG_IN)
    offer = centre.answer(call)
    centre.feed(LegLeftTalk(offer), CallerHungUp(call, lost=True))
    (ended,) = centre.take(CallEnded)
    assert (ended.outcome, ended.queue, ended.agent) == (Outcome.ANSWERED, "billing", "1001")


def test_the_record_has_the_end_of_a_talk_also_where_the_agents_leg_is_told_later() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(7.0)
    centre.feed(CallerHungUp(call), LegLeftTalk(offer, caller_left=True))
    talk, ended = (one for one in centre.take() if isinstance(one, TalkEnded | CallEnded))
    assert isinstance(talk, TalkEnded)
    assert (talk.talk_seconds, talk.caller_left) == (7.0, True)
    assert isinstance(ended, CallEnded)
    assert ended.talk_ended_at == ended.legs[0].ended_at == ended.at


def test_a_short_abandon_is_measured_by_the_wait_clock_and_not_by_the_last_queue() -> None:
    on = rule(ExitCondition.MAX_WAIT, "billing", limit=30.0)
    centre = Centre(with_exits(plan(), "fault", on))
    call = centre.call_in()
    centre.wait(31.0)
    centre.feed(CallerHungUp(call))
    assert outcomes(centre) == [Outcome.ABANDONED]


def test_who_relaxed_and_is_sent_through_a_queue_without_steps_ends_like_any_other() -> None:
    first = with_exits(
        plan(),
        "fault",
        rule(ExitCondition.MAX_WAIT, "billing", limit=60.0),
        relaxations=(relax(10.0, ("fault", 1)), relax(20.0)),
    )
    centre = Centre(with_exits(first, "billing", rule(ExitCondition.NO_AGENTS, GOODBYE)))
    call = centre.call_in()
    centre.wait(61.0)
    centre.feed(CallerHungUp(call))
    (ended,) = centre.take(CallEnded)
    assert (ended.outcome, ended.queue) == (Outcome.OVERFLOWED, "billing")


def test_nothing_is_left_of_a_call_that_is_over() -> None:
    """Every deadline that a waiting call can have is set, then he hangs up."""
    changes = {
        "relaxations": (relax(100.0, ("fault", 1)),),
        "announcements": announcing(prompts=prompt("thanks")),
    }
    on = rule(ExitCondition.MAX_WAIT, "billing", limit=500.0)
    centre = Centre(with_queue(with_exits(plan(), "fault", on), "fault", **changes))
    call = centre.call_in()
    floor = centre.engine.floor
    assert len(floor.deadlines) == 3
    centre.feed(CallerHungUp(call), CallerHungUp(call))
    assert outcomes(centre) == [Outcome.SHORT_ABANDONED]
    assert len(floor.deadlines) == 0
    assert floor.calls == {}
    assert floor.lines[FAULT].entries == []


def test_a_caller_who_hangs_up_while_a_phone_rings_frees_the_agent_for_the_next() -> None:
    centre = Centre(plan(), "1001")
    first, second = centre.call_in(), centre.call_in()
    offer = centre.ring_of(first).offer
    centre.feed(CallerHungUp(first))
    assert order(centre) == [second]
    centre.take()
    centre.feed(LegFailed(offer, RingOutcome.CANCELLED))
    assert rung(centre) == [(second, "1001")]


@pytest.mark.parametrize(
    ("lifts", "how"), [(False, RingOutcome.CANCELLED), (True, RingOutcome.CALLER_LEFT)]
)
def test_the_record_of_who_leaves_while_a_phone_rings_says_how_that_ring_ended(
    lifts: bool, how: RingOutcome
) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    if lifts:
        centre.feed(LegAnswered(offer))
    centre.feed(CallerHungUp(call))
    (ended,) = centre.take(CallEnded)
    assert [leg.how for leg in ended.legs] == [how]
