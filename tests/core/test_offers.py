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
    DigitPressed,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegHeld,
    LegLeftTalk,
    LegRinging,
    RingOutcome,
)
from acd.core.ids import DeviceId, MenuId, QueueId
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import Exit, ExitCondition, Strategy, Target, ToMenu, ToQueue
from acd.core.records import (
    Activity,
    CallAnswered,
    CallEnded,
    CallState,
    Outcome,
    Presence,
    RingEnded,
    TalkEnded,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from tests.core.centre import Centre, cancelled, rung
from tests.plans import ALL, plan, with_agent, with_queue


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


# -- what follows a ring that failed -------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [(RingOutcome.BUSY, 5.0), (RingOutcome.DECLINED, 7.0), (RingOutcome.NO_ANSWER, 9.0)],
)
def test_each_way_to_miss_a_ring_has_a_delay_of_its_own(
    outcome: RingOutcome, seconds: float
) -> None:
    base = with_queue(
        plan(),
        "fault",
        busy_delay_seconds=5.0,
        declined_delay_seconds=7.0,
        no_answer_delay_seconds=9.0,
        rona_after=2,
    )
    centre = Centre(base, "1001")
    call = centre.call_in()
    centre.fail(call, outcome)
    centre.take()
    centre.wait(seconds - 0.1)
    assert rung(centre) == []
    centre.wait(0.2)
    assert rung(centre) == [(call, "1001")]


@pytest.mark.parametrize(
    "outcome", [RingOutcome.BUSY, RingOutcome.DECLINED, RingOutcome.UNREACHABLE]
)
def test_without_delays_a_phone_that_says_no_at_once_is_rung_once_a_second_at_most(
    outcome: RingOutcome,
) -> None:
    """Else the only agent's phone, set to do not disturb, would be flooded with INVITEs."""
    base = with_queue(
        plan(),
        "fault",
        busy_delay_seconds=0.0,
        declined_delay_seconds=0.0,
        unreachable_delay_seconds=0.0,
    )
    centre = Centre(base, "1001")
    call = centre.call_in()
    for _ in range(3):
        centre.fail(call, outcome)
        centre.take()
        centre.wait(0.9)
        assert rung(centre) == []
        centre.wait(0.1)
        centre.ring_of(call)


def test_an_agent_whose_answers_are_never_joined_is_not_rung_without_end() -> None:
    """Once may be chance: the caller hung up in that moment. After that it is paced."""
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.CALLER_LEFT)
    for _ in range(3):
        assert rung(centre)[-1] == (call, "1001")
        centre.lose("1001", RingOutcome.CALLER_LEFT)
        assert rung(centre) == []
        centre.wait(1.0)
    assert centre.agent("1001").presence is Presence.READY


def test_rona_comes_at_the_nth_ring_in_a_row_that_he_does_not_answer() -> None:
    base = with_queue(plan(), "fault", rona_after=3, no_answer_delay_seconds=1.0)
    centre = Centre(base, "1001")
    call = centre.call_in()
    for _ in range(2):
        centre.fail(call, RingOutcome.NO_ANSWER)
        assert centre.agent("1001").presence is Presence.READY
        centre.wait(1.0)
    centre.fail(call, RingOutcome.NO_ANSWER)
    assert centre.agent("1001").reason == "rona"


@pytest.mark.parametrize("between", ["answered", "ready"])
def test_an_answer_or_his_own_word_ends_the_row_of_missed_rings(between: str) -> None:
    base = with_queue(plan(wrap_up_seconds=0), "fault", rona_after=2, no_answer_delay_seconds=1.0)
    centre = Centre(base, "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.NO_ANSWER)
    centre.wait(1.0)
    if between == "answered":
        centre.end_talk(centre.answer(call), call)
        call = centre.call_in()
    else:
        centre.request("1001", AgentAction.NOT_READY, "break")
        centre.lose("1001")
        centre.request("1001", AgentAction.READY)
    centre.fail(call, RingOutcome.NO_ANSWER)
    assert centre.agent("1001").presence is Presence.READY


def test_a_declined_ring_neither_counts_for_rona_nor_ends_the_row() -> None:
    base = with_queue(plan(), "fault", rona_after=2, no_answer_delay_seconds=1.0)
    centre = Centre(base, "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.NO_ANSWER)
    centre.wait(1.0)
    centre.fail(call, RingOutcome.DECLINED)
    assert centre.agent("1001").presence is Presence.READY
    centre.wait(10.0)
    centre.fail(call, RingOutcome.NO_ANSWER)
    assert centre.agent("1001").reason == "rona"


# -- calls in a row ------------------------------------------------------------------------------


def test_after_so_many_calls_in_a_row_he_is_not_ready_until_he_says_so() -> None:
    base = with_agent(plan(wrap_up_seconds=0), "1001", max_calls_in_row=2)
    centre = Centre(base, "1001")
    for _ in range(2):
        centre.call_in()
        centre.talk("1001")
    assert centre.agent("1001").reason == "calls_in_row"
    call = centre.call_in()
    centre.take()
    centre.wait(600.0)
    assert rung(centre) == []
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(call, "1001")]


def test_an_agent_on_demand_takes_one_call_for_each_time_he_says_ready() -> None:
    base = with_agent(plan(wrap_up_seconds=0), "1001", max_calls_in_row=1)
    centre = Centre(base, "1001")
    call, behind = centre.call_in(), centre.call_in()
    centre.take()
    offer = centre.lift("1001")
    view = centre.agent("1001")
    assert (view.presence, view.reason) == (Presence.NOT_READY, "on_demand")
    centre.end_talk(offer, call)
    assert rung(centre) == []
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(behind, "1001")]


def test_who_says_ready_in_the_talk_gets_the_next_call_after_it() -> None:
    base = with_agent(plan(wrap_up_seconds=0), "1001", max_calls_in_row=1)
    centre = Centre(base, "1001")
    call, behind = centre.call_in(), centre.call_in()
    offer = centre.lift("1001")
    centre.request("1001", AgentAction.READY)
    centre.take()
    centre.end_talk(offer, call)
    assert rung(centre) == [(behind, "1001")]


def test_a_ring_that_came_to_nothing_is_no_call_in_the_row() -> None:
    centre = Centre(with_agent(plan(), "1001", max_calls_in_row=1), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.DECLINED)
    assert centre.agent("1001").presence is Presence.READY


# -- what the PBX says late ----------------------------------------------------------------------


def by_key(target: Target, **changes: object) -> Plan:
    """Return a plan in which a fault caller leaves for ``target`` with the key 7."""
    rule = Exit(condition=ExitCondition.KEY, target=target, key="7")
    base = plan({"1001": {"fault": 1}, "1002": {"billing": 1}})
    return with_queue(base, "fault", exits=(rule,), **changes)


@pytest.mark.parametrize("rings_there", [False, True])
def test_who_is_joined_after_he_was_sent_to_another_queue_is_in_a_talk(rings_there: bool) -> None:
    """The agent answers as the caller presses the key: what the PBX has joined is joined."""
    centre = Centre(by_key(ToQueue(queue=QueueId("billing"))), "1001")
    if rings_there:
        centre.request("1002", AgentAction.LOG_IN)
    call = centre.call_in()
    centre.feed(DigitPressed(call, "7"))
    assert centre.call(call).queue == "billing"
    centre.take()
    centre.lift("1001")
    view = centre.call(call)
    assert (view.state, view.agent, view.queue) == (CallState.CONNECTED, "1001", "billing")
    answers = [one for one in centre.said if isinstance(one, CallAnswered)]
    assert [(one.queue, one.agent) for one in answers] == [("billing", "1001")]
    assert cancelled(centre) == ([("1002", False)] if rings_there else [])
    if rings_there:
        centre.lose("1002")
    else:
        centre.request("1002", AgentAction.LOG_IN)
    centre.wait(600.0)
    assert rung(centre) == []
    centre.end_talk(centre.rings["1001"].offer, call)
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.ANSWERED]
    assert centre.agent("1001").activity is Activity.WRAP_UP


def test_who_is_joined_after_a_ring_was_taken_back_is_in_a_talk() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.take()
    centre.lift("1001")
    assert centre.call(call).state is CallState.CONNECTED
    centre.wait(60.0)
    assert rung(centre) == []
    assert centre.agent("1001").activity is Activity.TALKING


def test_who_is_joined_after_he_was_sent_to_a_menu_goes_there_and_the_agent_is_soon_free() -> None:
    """The way to the menu is under way at the PBX and ends the talk; nothing hangs meanwhile."""
    centre = Centre(by_key(ToMenu(menu=MenuId("main")), wrap_up_seconds=0), "1001")
    call = centre.call_in()
    centre.feed(DigitPressed(call, "7"))
    offer = centre.lift("1001")
    assert centre.call(call).state is CallState.IN_MENU
    assert centre.agent("1001").activity is Activity.TALKING
    centre.end_talk(offer)
    assert centre.agent("1001").activity is Activity.IDLE
    centre.feed(CallerHungUp(call))
    assert centre.engine.snapshot(centre.now).calls == ()


def test_an_agent_joined_with_a_caller_whose_end_is_known_has_a_talk_and_an_end_of_it() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.feed(CallerHungUp(call))
    offer = centre.lift("1001")
    assert centre.agent("1001").activity is Activity.TALKING
    centre.end_talk(offer)
    assert centre.agent("1001").activity is Activity.WRAP_UP


def test_two_agents_in_one_talk_are_both_free_after_it() -> None:
    """The claim forbids it; should the PBX say so all the same, nobody hangs."""
    base = with_queue(
        plan({"1001": ALL, "1002": ALL}, wrap_up_seconds=0), "fault", strategy=Strategy.RING_ALL
    )
    centre = Centre(base, "1001", "1002")
    call = centre.call_in()
    offers = [centre.lift("1001"), centre.lift("1002")]
    assert centre.call(call).agent == "1001"
    assert len(centre.take(CallAnswered)) == 1
    centre.end_talk(offers[0])
    centre.end_talk(offers[1], call)
    for agent in ("1001", "1002"):
        assert centre.agent(agent).activity is Activity.IDLE


@pytest.mark.parametrize("late", [LegConnected, LegLeftTalk, LegEnded, LegAnswered, LegRinging])
def test_what_is_said_about_a_ring_that_is_over_changes_nothing(late: type[LegConnected]) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.fail(call, RingOutcome.NO_ANSWER)
    centre.take()
    assert centre.feed(late(offer)) == []
    assert centre.call(call).state is CallState.QUEUED


def test_a_leg_that_ends_as_if_it_had_talked_and_never_did_was_a_ring_that_failed() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.take()
    centre.feed(LegEnded(offer))
    assert [one.outcome for one in centre.said if isinstance(one, RingEnded)] == ["caller_left"]
    assert rung(centre) == [(call, "1001")]


def test_a_leg_that_fails_though_it_talked_is_the_end_of_the_talk() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.feed(LegFailed(offer, RingOutcome.CANCELLED))
    assert centre.agent("1001").activity is Activity.WRAP_UP
    assert len(centre.take(TalkEnded)) == 1
