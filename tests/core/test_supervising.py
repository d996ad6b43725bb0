"""What a supervisor does about a waiting call, and what he is refused."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.attributes import MOST_SHIFT_SECONDS
from acd.core.commands import ChangePlace, HangUpCall
from acd.core.events import (
    CallAction,
    CallerHungUp,
    CallRequested,
    LegFailed,
    PbxDown,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, QueueId, RequestId
from acd.core.plan import AgentAction
from acd.core.records import (
    CallEnded,
    CallLeftQueue,
    CallReordered,
    CallState,
    Outcome,
    Replied,
)
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import BILLING, order, relax, supervise, with_queue
from tests.plans import plan

MOVE, PLACE = CallAction.MOVE, CallAction.PLACE
PRIORITISE, WITHDRAW = CallAction.PRIORITISE, CallAction.WITHDRAW


def line_up(centre: Centre, count: int, pause_seconds: float = 5.0) -> list[CallId]:
    """Let callers come one after another; return them in their order."""
    calls = []
    for _ in range(count):
        calls.append(centre.call_in())
        centre.wait(pause_seconds)
    centre.take()
    return calls


def due_at(centre: Centre, call: CallId) -> float:
    """Return the call's place in the order over all queues."""
    due = centre.call(call).due_at
    assert due is not None
    return due


# -- move --------------------------------------------------------------------------------------


def test_moving_keeps_the_wait_clock_and_the_place_and_is_counted() -> None:
    centre = Centre(plan({"1001": {"billing": 1}}))
    old = centre.call_in("1")
    came = centre.now
    centre.wait(30.0)
    young = centre.call_in("2")
    centre.wait(10.0)
    centre.take()
    assert supervise(centre, old, MOVE, queue=BILLING) == ""
    assert order(centre, "billing") == [old, young]
    view = centre.call(old)
    assert (view.queue, view.queued_at) == ("billing", came)
    gone = next(one for one in centre.said if isinstance(one, CallLeftQueue))
    assert (gone.queue, gone.outcome, gone.rule) == ("fault", Outcome.OVERFLOWED, "supervisor")
    assert (gone.target, gone.wait_seconds) == ("queue:billing", 40.0)
    (change,) = centre.take(ChangePlace)
    assert (change.place.queue, change.place.queued_at) == ("billing", came)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(old, "1001")]


def test_who_is_moved_is_rung_at_once_when_somebody_there_is_free() -> None:
    centre = Centre(plan({"1001": {"billing": 1}}), "1001")
    call = centre.call_in("1")
    supervise(centre, call, MOVE, queue=BILLING)
    assert rung(centre) == [(call, "1001")]


def test_the_steps_of_the_new_queue_begin_with_the_move() -> None:
    house = with_queue(
        plan({"1001": {"meter": 1}}), "billing", relaxations=(relax(30.0, ("meter", 1)),)
    )
    centre = Centre(house, "1001")
    call = centre.call_in("1")
    centre.wait(100.0)
    supervise(centre, call, MOVE, queue=BILLING)
    centre.wait(29.0)
    assert rung(centre) == []
    centre.wait(1.0)
    assert rung(centre) == [(call, "1001")]


def test_who_was_moved_and_gives_up_has_abandoned_the_new_queue() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.wait(30.0)
    supervise(centre, call, MOVE, queue=BILLING)
    centre.feed(CallerHungUp(call))
    (ended,) = centre.take(CallEnded)
    assert (ended.outcome, ended.queue) == (Outcome.ABANDONED, "billing")


def test_who_is_between_two_rounds_can_be_moved() -> None:
    centre = Centre(plan({"1001": {"billing": 1}}), "1001")
    call = centre.call_in()
    centre.feed(WaitingRoomLeft(call))
    assert supervise(centre, call, MOVE, queue=BILLING) == ""
    assert rung(centre) == []
    centre.feed(WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]


# -- prioritise --------------------------------------------------------------------------------


def test_earlier_and_later_and_both_are_said() -> None:
    centre = Centre(plan())
    first, second, third = line_up(centre, 3)
    assert supervise(centre, third, PRIORITISE, seconds=7.0) == ""
    assert order(centre) == [first, third, second]
    assert supervise(centre, first, PRIORITISE, seconds=-20.0) == ""
    assert order(centre) == [third, second, first]
    assert [one.call for one in centre.said if isinstance(one, CallReordered)] == [third, first]
    assert [one.call for one in centre.take(ChangePlace)] == [third, first]


def test_the_order_over_all_queues_follows() -> None:
    centre = Centre(plan({"1001": {"fault": 1, "billing": 1}}))
    first = centre.call_in("1")
    centre.wait(5.0)
    second = centre.call_in("2")
    supervise(centre, second, PRIORITISE, seconds=6.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(second, "1001")]
    centre.feed(CallerHungUp(second), LegFailed(next(iter(centre.engine.floor.offers)), CANCELLED))
    assert rung(centre) == [(first, "1001")]


CANCELLED = RingOutcome.CANCELLED


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_priority_is_bounded_both_ways_however_often_it_is_asked_for(sign: float) -> None:
    centre = Centre(plan())
    call = centre.call_in()
    ordinary = due_at(centre, call)
    for _ in range(4):
        assert supervise(centre, call, PRIORITISE, seconds=sign * 900.0) == ""
    refusal = supervise(centre, call, PRIORITISE, seconds=sign * 1.0)
    assert refusal == "at most 3600 s earlier or later than he came"
    assert due_at(centre, call) == ordinary - sign * MOST_SHIFT_SECONDS
    assert supervise(centre, call, PRIORITISE, seconds=sign * -3600.0) == ""
    assert due_at(centre, call) == ordinary


@pytest.mark.parametrize("seconds", [nan, inf, -inf, 1e300])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    centre = Centre(plan())
    call = centre.call_in()
    before = due_at(centre, call)
    assert supervise(centre, call, PRIORITISE, seconds=seconds) != ""
    assert due_at(centre, call) == before


def test_who_was_placed_far_off_can_be_brought_nearer_but_not_farther() -> None:
    centre = Centre(plan())
    patient = centre.call_in()
    centre.wait(2 * MOST_SHIFT_SECONDS)
    late = centre.call_in()
    assert supervise(centre, late, PLACE, position=1) == ""
    assert supervise(centre, late, PRIORITISE, seconds=60.0) != ""
    assert supervise(centre, late, PRIORITISE, seconds=-60.0) == ""
    assert order(centre) == [patient, late]


# -- place -------------------------------------------------------------------------------------


@pytest.mark.slow
@given(
    st.integers(2, 6),
    st.sampled_from([0.0, 0.0005, 5.0]),
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=8),
)
def test_a_call_stands_where_it_was_placed_and_the_others_as_they_stood(
    count: int, pause_seconds: float, moves: list[tuple[int, int]]
) -> None:
    """Also among callers who came at the very same time, and between two who stand very close."""
    centre = Centre(plan())
    expected = line_up(centre, count, pause_seconds)
    for which, position in moves:
        call = expected[which % count]
        refusal = supervise(centre, call, PLACE, position=position)
        assert (refusal != "") == (position > count)
        if not refusal:
            expected.remove(call)
            expected.insert(position - 1, call)
        assert order(centre) == expected
        assert [centre.call(one).position for one in expected] == list(range(1, count + 1))


def test_who_was_placed_first_is_served_first() -> None:
    centre = Centre(plan())
    first, _, third = line_up(centre, 3)
    supervise(centre, third, PLACE, position=1)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(third, "1001")]
    assert order(centre)[1] == first


# -- withdraw ----------------------------------------------------------------------------------


def test_a_withdrawn_call_is_hung_up_and_counted_as_such() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.wait(12.0)
    centre.take()
    assert supervise(centre, call, WITHDRAW) == ""
    assert HangUpCall(call) in centre.said
    gone = centre.take(CallLeftQueue)[0]
    assert (gone.outcome, gone.wait_seconds) == (Outcome.WITHDRAWN, 12.0)
    assert order(centre) == []
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.feed(CallerHungUp(call))
    (ended,) = centre.take(CallEnded)
    assert (ended.outcome, ended.queue) == (Outcome.WITHDRAWN, "fault")


# -- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (CallRequested(RequestId(1), CallId("main-9.9"), WITHDRAW), "no call 'main-9.9'"),
        (
            CallRequested(RequestId(1), CallId("main-1.1"), MOVE, QueueId("nowhere")),
            "no queue 'nowhere'; there are billing, fault, house, meter, switchboard, water",
        ),
        (CallRequested(RequestId(1), CallId("main-1.1"), MOVE), "no queue None"),
        (
            CallRequested(RequestId(1), CallId("main-1.1"), MOVE, QueueId("fault")),
            "call main-1.1 waits in fault already",
        ),
        (
            CallRequested(RequestId(1), CallId("main-1.1"), PLACE, position=0),
            "position 0 is not among 1 to 2",
        ),
        (
            CallRequested(RequestId(1), CallId("main-1.1"), PLACE, position=3),
            "position 3 is not among 1 to 2",
        ),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(event: CallRequested, says: str) -> None:
    centre = Centre(plan())
    centre.call_in()
    centre.call_in()
    before = centre.engine.snapshot(centre.now)
    (reply,) = centre.feed(event)
    assert isinstance(reply, Replied)
    assert reply.request == event.request
    assert says in reply.refusal
    assert centre.engine.snapshot(centre.now) == before


@pytest.mark.parametrize("action", list(CallAction))
def test_only_a_call_that_waits_can_be_changed(action: CallAction) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    assert supervise(centre, call, action, queue=BILLING) == (
        f"call {call} does not wait: it is ringing"
    )
    centre.answer(call)
    refusal = supervise(centre, call, action, queue=BILLING)
    assert refusal == f"call {call} does not wait: it is connected"
    assert centre.call(call).state is CallState.CONNECTED


@pytest.mark.parametrize("action", list(CallAction))
def test_nothing_is_changed_that_a_pbx_which_is_away_cannot_be_told(action: CallAction) -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.call_in()
    centre.feed(PbxDown(PBX))
    before = centre.engine.snapshot(centre.now)
    refusal = supervise(centre, call, action, queue=BILLING, seconds=5.0, position=2)
    assert refusal == "PBX main is away; try again when it is back"
    assert centre.engine.snapshot(centre.now) == before
