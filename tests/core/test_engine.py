"""The engine as a whole: PBXs that go and come, events that come late or twice."""

import itertools

from acd.core.events import (
    CallerHungUp,
    CallFoundWaiting,
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
    WaitingRoomEntered,
)
from acd.core.ids import CallId, Language, QueueId
from acd.core.place import Place
from acd.core.plan import AgentAction
from acd.core.records import (
    CallAnswered,
    CallEnded,
    Outcome,
)
from tests.core.centre import PBX, Centre, rung
from tests.plans import plan


def test_nobody_is_rung_for_a_caller_whose_pbx_is_away() -> None:
    centre = Centre(plan(), "1001")
    centre.feed(PbxDown(PBX))
    call = centre.call_in()
    assert rung(centre) == []
    centre.feed(PbxLive(PBX))
    assert rung(centre) == [(call, "1001")]


def test_a_caller_found_waiting_after_a_restart_keeps_place_and_wait_clock() -> None:
    centre = Centre(plan())
    young = centre.call_in()
    old = CallId("main-0.7")
    at = centre.now - 500.0
    place = Place(QueueId("fault"), at, at, at + 20.0, "1", Language("en"), "100")
    found = CallFoundWaiting(old, PBX, "", place)
    centre.feed(found, found)
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.ring_of(old).label == "1 Fault 8:20"
    offer = centre.answer(old)
    assert centre.take(CallAnswered)[0].wait_seconds == 500.0
    centre.end_talk(offer, old)
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert centre.ring_of(young).agent == "1001"


def test_everything_about_an_offer_that_is_over_is_ignored() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.end_talk(offer, call)
    before = centre.engine.snapshot(centre.now)
    said = centre.feed(
        LegRinging(offer),
        LegAnswered(offer),
        LegConnected(offer),
        LegLeftTalk(offer),
        LegFailed(offer, RingOutcome.NO_ANSWER),
        LegEnded(offer),
        CallerHungUp(call),
        WaitingRoomEntered(call),
    )
    assert said == []
    assert centre.engine.snapshot(centre.now) == before


def test_any_order_of_a_calls_last_events_ends_in_the_same_state() -> None:
    """Order between topics is not causal: all orders of the end of a talk agree."""
    ends = []
    for order in itertools.permutations(range(3)):
        centre = Centre(plan(), "1001")
        call = centre.call_in()
        offer = centre.answer(call)
        events: list[Event] = [LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call)]
        for position in order:
            centre.feed(events[position])
        assert [ended.outcome for ended in centre.take(CallEnded)] == [Outcome.ANSWERED]
        ends.append((centre.agent("1001"), centre.engine.floor.calls))
    assert all(end == ends[0] for end in ends)
