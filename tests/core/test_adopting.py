"""What a restarted engine takes over from the PBX: waits, rings and talks."""

import msgspec
import pytest

from acd.core.commands import CancelRing, RingAgent
from acd.core.events import (
    CallerHungUp,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    RingFound,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.plan import AgentAction
from acd.core.queueplan import Strategy
from acd.core.records import (
    Activity,
    CallAnswered,
    CallEnded,
    CallState,
    Outcome,
    Presence,
    Repaired,
    RingEnded,
    TalkEnded,
)
from tests.core.centre import Centre, rung
from tests.core.rebirth import found_on_the_pbx, killed
from tests.plans import ALL, plan, with_queue

TWO = {"1001": ALL, "1002": ALL}


def test_a_caller_who_waits_keeps_all_and_his_way_is_whole_in_the_end() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    call = centre.call_in("2")
    arrived_at = centre.call(call).arrived_at
    centre.wait(40.0)
    due_at = centre.call(call).due_at
    centre = killed(centre, house, away_seconds=3.0)
    assert [one.text for one in centre.take(Repaired)] == [call]
    view = centre.call(call)
    assert (view.arrived_at, view.due_at, view.state) == (arrived_at, due_at, CallState.QUEUED)
    centre.request("1001", AgentAction.LOG_IN)
    centre.talk("1001", 10.0)
    [ended] = centre.take(CallEnded)
    assert ended.outcome is Outcome.ANSWERED
    assert ended.menu_path == ("main:2",)
    assert [(one.queue, one.how) for one in ended.queue_path] == [("billing", "answered")]
    assert [(leg.agent, leg.how) for leg in ended.legs] == [("1001", "talked")]
    [leg] = ended.legs
    assert leg.connected_at is not None
    assert leg.ended_at == leg.connected_at + 10.0


def test_a_caller_between_two_rounds_is_rung_for_when_he_hears_music_again() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    call = centre.call_in()
    centre.feed(WaitingRoomLeft(call))
    centre = killed(centre, house)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.feed(WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]


def test_a_talk_goes_on_and_is_recorded_to_the_second() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(50.0)
    centre = killed(centre, house, away_seconds=4.0)
    assert centre.agent("1001").activity is Activity.TALKING
    waiting = centre.call_in()
    centre.wait(6.0)
    assert rung(centre) == []
    centre.take()
    centre.feed(LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call))
    said = centre.said
    [talk] = [one for one in said if isinstance(one, TalkEnded)]
    assert talk.talk_seconds == 60.0
    [ended] = [one for one in said if isinstance(one, CallEnded)]
    assert (ended.outcome, ended.agent) == (Outcome.ANSWERED, "1001")
    assert ended.answered_at == ended.legs[0].connected_at
    assert centre.agent("1001").activity is Activity.WRAP_UP
    assert not [one for one in said if isinstance(one, CallAnswered)]
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert rung(centre) == [(waiting, "1001")]


def test_a_talk_nobody_remembers_is_taken_from_the_pbx_alone() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    found = found_on_the_pbx(centre)
    centre = Centre(house, now=centre.now + 7.0, found=found)
    assert centre.agent("1001").activity is Activity.TALKING
    centre.wait(5.0)
    centre.end_talk(offer, call)
    [ended] = centre.take(CallEnded)
    assert (ended.outcome, ended.queue, ended.agent) == (Outcome.ANSWERED, "fault", "1001")


def test_a_talk_with_somebody_who_is_not_in_the_plan_any_more_ends_in_the_books() -> None:
    centre = Centre(plan(TWO), "1002")
    call = centre.call_in()
    offer = centre.answer(call)
    centre = killed(centre, plan({"1001": ALL}))
    centre.feed(LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call))
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.ANSWERED]


def test_a_ring_goes_on_and_whoever_answers_it_has_the_call() -> None:
    house = plan({"1001": ALL, "1002": ALL})
    centre = Centre(house, "1001", "1002")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.wait(3.0)
    centre = killed(centre, house, away_seconds=2.0)
    assert centre.take(RingAgent) == []
    assert centre.agent("1001").activity is Activity.RINGING
    centre.feed(LegAnswered(offer), LegConnected(offer))
    [answered] = centre.take(CallAnswered)
    assert (answered.agent, answered.ring_seconds) == ("1001", 5.0)


def test_a_ring_that_ends_after_the_restart_goes_on_to_the_next() -> None:
    house = plan({"1001": ALL, "1002": ALL})
    centre = Centre(house, "1001", "1002")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre = killed(centre, house)
    centre.feed(LegFailed(offer, RingOutcome.NO_ANSWER))
    assert [(one.agent, one.outcome) for one in centre.said if isinstance(one, RingEnded)] == [
        ("1001", RingOutcome.NO_ANSWER)
    ]
    assert rung(centre) == [(call, "1002")]
    assert centre.agent("1001").presence is Presence.NOT_READY


def test_a_ring_that_ended_unseen_blames_nobody_and_the_caller_is_served() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    call = centre.call_in()
    found = [one for one in found_on_the_pbx(centre) if not isinstance(one, RingFound)]
    centre = Centre(house, now=centre.now + 3.0, memory=centre.memory(), found=found)
    said = centre.said
    assert [one.outcome for one in said if isinstance(one, RingEnded)] == [RingOutcome.CANCELLED]
    assert rung(centre) == [(call, "1001")]


def test_rings_of_one_call_share_their_claim_also_with_those_that_follow() -> None:
    house = with_queue(plan(TWO), "fault", strategy=Strategy.RING_ALL)
    centre = Centre(house, "1001", "1002")
    call = centre.call_in()
    claim = centre.ring_of(call).claim
    centre = killed(centre, house)
    assert {centre.agent(agent).activity for agent in TWO} == {Activity.RINGING}
    assert centre.call(call).state is CallState.RINGING
    assert centre.engine.floor.calls[call].claim == claim


def test_a_progressive_ring_goes_on_to_the_next_phone_after_a_restart() -> None:
    strategy = Strategy.RING_PROGRESSIVELY
    house = with_queue(plan(TWO), "fault", strategy=strategy, progress_seconds=6.0)
    centre = Centre(house, "1001", "1002")
    call = centre.call_in()
    centre = killed(centre, house)
    centre.wait(5.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1002")]


@pytest.mark.parametrize("state", ["caller gone", "agent unknown", "agent in wrap-up"])
def test_a_ring_we_would_not_make_is_taken_back(state: str) -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    call = centre.call_in()
    ring = centre.ring_of(call)
    memory, found = centre.memory(), found_on_the_pbx(centre)
    if state == "caller gone":
        found = [one for one in found if isinstance(one, RingFound)]
    elif state == "agent unknown":
        house = plan({"1002": ALL})
    else:
        talked = Centre(house, "1001")
        talked.call_in()
        talked.talk("1001", 5.0)
        memory = msgspec.structs.replace(memory, agents=talked.memory().agents)
    centre = Centre(house, now=centre.now, memory=memory, found=found)
    assert [one.offer for one in centre.take(CancelRing)] == [ring.offer]
    assert centre.agent(next(iter(house.agents))).activity is not Activity.RINGING
