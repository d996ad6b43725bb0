"""Rings that fail, talks, and wrap-up as a lock."""

import pytest

from acd.core.commands import (
    CancelRing,
    RingAgent,
)
from acd.core.events import (
    CallerHungUp,
    DeviceChanged,
    DeviceState,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegHeld,
    LegLeftTalk,
    LegRinging,
    RingOutcome,
)
from acd.core.ids import DeviceId
from acd.core.plan import AgentAction
from acd.core.queueplan import Strategy
from acd.core.records import (
    Activity,
    CallEnded,
    Outcome,
    Presence,
    RingEnded,
    TalkEnded,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from tests.core.centre import Centre, rung
from tests.plans import ALL, plan, with_queue


@pytest.mark.parametrize(
    "outcome",
    [
        RingOutcome.BUSY,
        RingOutcome.DECLINED,
        RingOutcome.NO_ANSWER,
        RingOutcome.UNREACHABLE,
    ],
)
def test_after_a_failed_ring_the_next_agent_rings_at_once_and_the_place_is_kept(
    outcome: RingOutcome,
) -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    queued_at = centre.call(call).queued_at
    centre.wait(3.0)
    said = centre.fail(call, outcome)
    assert [one.agent for one in said if isinstance(one, RingAgent)] == ["1002"]
    assert [one.outcome for one in said if isinstance(one, RingEnded)] == [outcome]
    assert centre.call(call).queued_at == queued_at
    assert centre.agent("1001").activity is Activity.IDLE


def test_no_answer_sets_the_agent_not_ready_with_that_reason() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.NO_ANSWER)
    agent = centre.agent("1001")
    assert (agent.presence, agent.reason) == (Presence.NOT_READY, "rona")
    centre.take()
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(call, "1001")]


@pytest.mark.parametrize("outcome", [RingOutcome.BUSY, RingOutcome.DECLINED])
def test_an_agent_who_declines_stays_ready_but_is_not_rung_again_at_once(
    outcome: RingOutcome,
) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, outcome)
    assert centre.agent("1001").presence is Presence.READY
    centre.take()
    centre.wait(9.9)
    assert rung(centre) == []
    centre.wait(0.2)
    assert rung(centre) == [(call, "1001")]


def test_an_unreachable_phone_is_left_alone_until_it_reports_or_its_time_is_over() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.UNREACHABLE)
    assert centre.agent("1001").device is DeviceState.UNREACHABLE
    centre.take()
    centre.wait(29.0)
    assert rung(centre) == []
    centre.feed(DeviceChanged(DeviceId("PJSIP/1001"), DeviceState.FREE))
    assert rung(centre) == [(call, "1001")]


def test_a_caller_who_leaves_while_it_rings_silences_the_phone_and_costs_no_wrap_up() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.wait(6.0)
    said = centre.feed(CallerHungUp(call))
    assert [one for one in said if isinstance(one, CancelRing)] == [CancelRing(offer, call)]
    assert [one.outcome for one in said if isinstance(one, CallEnded)] == [Outcome.ABANDONED]
    centre.feed(LegFailed(offer, RingOutcome.CANCELLED))
    assert centre.take(WrapUpStarted) == []
    assert centre.agent("1001").activity is Activity.IDLE


def test_an_agent_who_answers_as_the_caller_leaves_is_free_without_wrap_up() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.feed(LegRinging(offer), LegAnswered(offer), CallerHungUp(call))
    said = centre.feed(LegFailed(offer, RingOutcome.CALLER_LEFT))
    assert [one.outcome for one in said if isinstance(one, RingEnded)] == [RingOutcome.CALLER_LEFT]
    agent = centre.agent("1001")
    assert (agent.activity, agent.presence) == (Activity.IDLE, Presence.READY)
    assert centre.take(WrapUpStarted) == []


def test_a_ring_whose_end_is_never_reported_does_not_hold_agent_and_caller_for_ever() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    centre.feed(LegRinging(centre.ring_of(call).offer))
    centre.take()
    centre.wait(30.0)
    assert [agent for _, agent in rung(centre)] == ["1002"]
    assert centre.agent("1001").reason == "rona"


def test_wrap_up_is_a_lock_over_all_queues_until_its_cap() -> None:
    centre = Centre(plan({"1001": ALL}), "1001")
    call = centre.call_in("1")
    centre.end_talk(centre.answer(call), call)
    waiting = [centre.call_in(str(key)) for key in range(1, 7)]
    centre.take()
    centre.wait(299.9)
    assert rung(centre) == []
    ended = [one for one in centre.wait(0.2) if isinstance(one, WrapUpEnded)]
    assert [(one.how, one.seconds) for one in ended] == [(WrapUpEnd.CAP, 300.0)]
    assert rung(centre) == [(waiting[0], "1001")]


def test_ending_wrap_up_early_rings_in_the_same_step() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.end_talk(centre.answer(call), call)
    waiting = centre.call_in()
    centre.wait(20.0)
    centre.take()
    assert centre.request("1001", AgentAction.END_WRAP_UP) == ""
    assert rung(centre) == [(waiting, "1001")]
    assert centre.request("1001", AgentAction.END_WRAP_UP) == "not in wrap-up"


def test_wrap_up_begins_when_the_agents_own_leg_leaves_not_the_callers() -> None:
    """After a transfer the caller talks on; the agent's work has begun."""
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(60.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    assert centre.agent("1001").activity is Activity.WRAP_UP
    centre.wait(3600.0)
    centre.feed(CallerHungUp(call))
    ended = centre.take(CallEnded)[0]
    assert ended.outcome is Outcome.ANSWERED
    assert ended.answered_at is not None
    assert ended.talk_ended_at == ended.answered_at + 60.0


@pytest.mark.parametrize("state", [DeviceState.BUSY, DeviceState.UNREACHABLE])
def test_neither_a_call_of_his_own_nor_a_dropped_phone_ends_or_hides_a_wrap_up(
    state: DeviceState,
) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.end_talk(centre.answer(call), call)
    ends_at = centre.agent("1001").wrap_up_ends_at
    phone = DeviceId("PJSIP/1001")
    centre.feed(DeviceChanged(phone, state))
    centre.wait(100.0)
    centre.feed(DeviceChanged(phone, DeviceState.FREE))
    agent = centre.agent("1001")
    assert (agent.activity, agent.wrap_up_ends_at) == (Activity.WRAP_UP, ends_at)


def test_going_not_ready_in_a_talk_takes_effect_after_wrap_up() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    assert centre.request("1001", AgentAction.NOT_READY, "break") == ""
    assert centre.agent("1001").activity is Activity.TALKING
    centre.end_talk(offer, call)
    waiting = centre.call_in()
    centre.take()
    centre.wait(400.0)
    assert rung(centre) == []
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(waiting, "1001")]


def test_a_queue_without_wrap_up_frees_the_agent_when_his_phone_has_hung_up() -> None:
    centre = Centre(plan(wrap_up_seconds=0), "1001")
    call, waiting = centre.call_in(), centre.call_in()
    offer = centre.answer(call)
    centre.take()
    centre.feed(LegLeftTalk(offer))
    assert rung(centre) == []
    centre.feed(LegEnded(offer))
    assert rung(centre) == [(waiting, "1001")]


def test_hold_time_is_counted_within_the_talk() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(10.0)
    centre.feed(LegHeld(offer, True), LegHeld(offer, True))
    centre.wait(5.0)
    centre.feed(LegHeld(offer, False))
    centre.wait(5.0)
    centre.end_talk(offer, call)
    talk = centre.take(TalkEnded)[0]
    assert (talk.talk_seconds, talk.hold_seconds) == (20.0, 5.0)


def test_a_phone_that_answered_too_late_is_not_rung_again_for_the_same_caller() -> None:
    """Its end may be heard before the winner's talk: the real PBX showed it in 1 of 100 rings."""
    centre = Centre(
        with_queue(plan({"1001": ALL, "1002": ALL}), "fault", strategy=Strategy.RING_ALL),
        "1001",
        "1002",
    )
    call = centre.call_in()
    first, second = centre.take(RingAgent)
    centre.feed(LegAnswered(first.offer), LegAnswered(second.offer))
    centre.feed(LegFailed(second.offer, RingOutcome.CANCELLED))
    assert centre.take(RingAgent) == []
    centre.feed(LegConnected(first.offer))
    assert centre.call(call).agent == "1001"
