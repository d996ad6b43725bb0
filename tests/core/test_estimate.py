"""The estimated wait against examples worked out by hand, and against a simulation of the turns."""

import sys
from heapq import heapify, heapreplace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.estimate import estimate_seconds, turn_seconds
from acd.core.events import (
    CallerHungUp,
    DeviceChanged,
    DeviceState,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    RingOutcome,
)
from acd.core.ids import CallId, DeviceId
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import PreferredAgent, Strategy
from tests.core.centre import Centre
from tests.core.queues import FAULT, order, talked, with_queue
from tests.plans import plan

ONE = {"1001": {"fault": 1}}
TWO = {"1001": {"fault": 1}, "1002": {"fault": 1}}


def next_one(centre: Centre, queue: str = "fault") -> float | None:
    """Return the estimate for somebody who joined now."""
    views = centre.engine.snapshot(centre.now).queues
    return next(view.estimate_seconds for view in views if view.queue == queue)


def of(centre: Centre, call: CallId) -> float | None:
    """Return the estimate for a caller who waits."""
    return estimate_seconds(centre.engine.floor, centre.engine.floor.calls[call], centre.now)


def measured(house: Plan, *agents: str) -> Centre:
    """A centre in which talks take 240 s and wrap-up takes 60 s; the agents are idle."""
    centre = Centre(house, *agents)
    talked(centre, "1", 240.0, 60.0)
    centre.take()
    return centre


# -- nothing is known --------------------------------------------------------------------------


def test_nothing_is_known_before_the_first_talk_has_ended() -> None:
    centre = Centre(plan(ONE), "1001")
    assert next_one(centre) is None
    centre.answer(centre.call_in())
    centre.wait(100.0)
    assert next_one(centre) is None


def test_nothing_is_known_when_nobody_is_ready() -> None:
    centre = measured(plan(ONE), "1001")
    centre.request("1001", AgentAction.NOT_READY, "break")
    assert next_one(centre) is None
    centre.request("1001", AgentAction.LOG_OUT)
    assert next_one(centre) is None


def test_a_phone_that_is_not_there_or_in_private_use_helps_nobody() -> None:
    centre = measured(plan(TWO), "1001")
    phone = DeviceId("PJSIP/1001")
    for state in (DeviceState.UNREACHABLE, DeviceState.BUSY):
        centre.feed(DeviceChanged(phone, state))
        assert next_one(centre) is None
    centre.feed(DeviceChanged(phone, DeviceState.FREE))
    assert next_one(centre) == 0.0


# -- worked out by hand ------------------------------------------------------------------------


def test_an_idle_agent_serves_at_once() -> None:
    assert next_one(measured(plan(ONE), "1001")) == 0.0


def test_what_is_left_of_a_talk_and_the_wrap_up_after_it() -> None:
    """100 s of 240 s are over: 140 s of talk and 60 s of wrap-up are left."""
    centre = measured(plan(ONE), "1001")
    centre.answer(centre.call_in())
    centre.wait(100.0)
    assert next_one(centre) == 200.0


def test_a_talk_over_the_mean_takes_a_quarter_of_it_more() -> None:
    """Only one of 240 s has ended before, so 500 s make the mean that is expected longer."""
    centre = measured(plan(ONE), "1001")
    centre.answer(centre.call_in())
    centre.wait(500.0)
    assert next_one(centre) == (240.0 + 500.0 / 4) / 4 + 60.0


def test_a_pause_said_and_taken_back_in_a_talk_does_not_begin_the_talk_anew() -> None:
    centre = measured(plan(ONE), "1001")
    centre.answer(centre.call_in())
    centre.wait(100.0)
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.request("1001", AgentAction.READY)
    assert next_one(centre) == 200.0


def test_what_is_left_of_a_wrap_up() -> None:
    centre = measured(plan(ONE), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(240.0)
    centre.end_talk(offer, call)
    centre.wait(20.0)
    assert next_one(centre) == 40.0


def test_a_wrap_up_is_never_longer_than_its_cap() -> None:
    centre = measured(plan(ONE, wrap_up_seconds=90.0), "1001")
    call = centre.call_in()
    centre.end_talk(centre.answer(call), call)
    centre.wait(89.5)
    seconds = next_one(centre)
    assert seconds is not None
    assert seconds <= 0.5


def test_each_caller_before_him_takes_one_handle_time() -> None:
    """One agent, 240 + 60 s a call, who has just begun one: 300, 600, 900 s."""
    centre = measured(plan(ONE), "1001")
    centre.answer(centre.call_in())
    calls = [centre.call_in() for _ in range(3)]
    assert [of(centre, call) for call in calls] == [300.0, 600.0, 900.0]
    assert next_one(centre) == 1200.0


def test_a_call_that_rings_takes_the_agent_who_rings_and_nobody_else() -> None:
    """He is being served: he must not be counted once as busy agent and again as caller ahead."""
    centre = measured(plan(ONE), "1001")
    ringing = centre.call_in()
    centre.wait(5.0)
    waiting = centre.call_in()
    assert of(centre, ringing) == 0.0
    assert of(centre, waiting) == 300.0
    assert next_one(centre) == 600.0


def test_of_many_phones_that_ring_for_one_call_one_will_talk() -> None:
    house = with_queue(plan(TWO), "fault", strategy=Strategy.RING_ALL)
    centre = measured(house, "1001")
    centre.request("1002", AgentAction.LOG_IN)
    centre.call_in()
    assert next_one(centre) == 0.0


def test_agents_whose_calls_began_at_different_times() -> None:
    """One is free in 300 s, the other in 200 s: the waiting get 200, 300, 500, 600 s."""
    centre = measured(plan(TWO), "1001")
    centre.answer(centre.call_in())
    centre.wait(100.0)
    centre.request("1002", AgentAction.LOG_IN)
    centre.answer(centre.call_in())
    calls = [centre.call_in() for _ in range(4)]
    assert [of(centre, call) for call in calls] == [200.0, 300.0, 500.0, 600.0]


def test_agents_shared_with_another_queue() -> None:
    """Of the two who could take the billing calls one serves this queue: half of them count."""
    agents = {"1001": {"fault": 1, "billing": 1}, "1002": {"billing": 1}}
    centre = measured(plan(agents), "1001")
    centre.answer(centre.call_in("1"))
    centre.request("1002", AgentAction.LOG_IN)
    centre.answer(centre.call_in("2"))
    for _ in range(4):
        centre.call_in("2")
    assert next_one(centre) == 300.0 + 2 * 300.0


def test_a_caller_of_another_queue_who_is_due_later_does_not_count() -> None:
    agents = {"1001": {"fault": 1, "billing": 1}}
    centre = measured(plan(agents, targets={"billing": 600.0}), "1001")
    centre.answer(centre.call_in("1"))
    centre.call_in("2")
    call = centre.call_in("1")
    assert of(centre, call) == 300.0


def test_a_free_agent_who_is_kept_for_another_queue_helps_nobody() -> None:
    agents = {"1001": {"fault": 1, "billing": 1}, "1002": {"billing": 1}}
    house = with_queue(plan(agents), "billing", reserved_agents=1)
    centre = measured(house, "1001", "1002")
    assert next_one(centre) == 0.0
    centre.request("1002", AgentAction.LOG_OUT)
    assert next_one(centre) is None


def test_an_agent_who_is_left_alone_for_a_while_comes_back_after_it() -> None:
    centre = measured(plan(ONE), "1001")
    call = centre.call_in()
    centre.feed(LegFailed(centre.ring_of(call).offer, RingOutcome.BUSY))
    centre.wait(4.0)
    assert of(centre, call) == 6.0


def test_a_caller_kept_for_one_agent_waits_for_him_or_until_patience_ends() -> None:
    preferred = PreferredAgent(patience_seconds=90.0, within_seconds=3600.0)
    centre = measured(with_queue(plan(TWO), "fault", preferred_agent=preferred), "1001")
    centre.answer(centre.call_in(ani="0"))
    kept = centre.call_in()
    centre.request("1002", AgentAction.LOG_IN)
    assert of(centre, kept) == 90.0
    centre.wait(30.0)
    assert of(centre, kept) == 60.0


# -- honest ------------------------------------------------------------------------------------


def test_it_is_not_the_same_for_the_first_and_the_twentieth() -> None:
    """app_queue says the same to both (peers: wrong expected waits)."""
    centre = measured(plan(TWO), "1001")
    centre.answer(centre.call_in())
    calls = [centre.call_in() for _ in range(20)]
    waits = [of(centre, call) for call in calls]
    assert waits == sorted(waits, key=lambda one: one or 0.0)
    assert len(set(waits)) == 20


def test_it_does_not_rise_for_who_waits_long() -> None:
    """Served at the mean, he hears less each time, also past the mean wait."""
    centre = measured(plan(ONE), "1001")
    offer = centre.answer(centre.call_in())
    for _ in range(5):
        centre.call_in()
    last = order(centre)[-1]
    heard: list[float] = []
    while True:
        for _ in range(4):
            heard.append(of(centre, last) or 0.0)
            centre.wait(60.0)
        call = centre.engine.floor.offers[offer].call
        centre.feed(LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call))
        centre.wait(60.0)
        centre.request("1001", AgentAction.END_WRAP_UP)
        offer = next(iter(centre.engine.floor.offers))
        if centre.engine.floor.offers[offer].call == last:
            break
        centre.feed(LegAnswered(offer), LegConnected(offer))
    assert heard == sorted(heard, reverse=True)
    assert heard[0] == 5 * 300.0


@given(
    st.lists(st.floats(0.0, 2000.0), min_size=1, max_size=8),
    st.sampled_from([1.0, 37.5, 300.0]),
    st.integers(0, 100),
)
def test_a_turn_is_what_playing_it_through_gives(
    free_in: list[float], handle_seconds: float, ahead: int
) -> None:
    played = list(free_in)
    heapify(played)
    for _ in range(ahead):
        heapreplace(played, played[0] + handle_seconds)
    assert turn_seconds(free_in, handle_seconds, ahead) == pytest.approx(played[0], abs=1e-6)


def test_it_costs_no_more_with_ten_thousand_waiting_than_with_ten() -> None:
    """Counted in steps of the interpreter, not in seconds, so that it fails nowhere by chance."""

    def steps(waiting: int) -> int:
        centre = measured(plan(TWO), "1001")
        centre.answer(centre.call_in())
        line = centre.engine.floor.lines[FAULT]
        calls = [centre.call_in() for _ in range(10)]
        call = centre.engine.floor.calls[calls[-1]]
        for number in range(waiting):
            line.entries.append((call.due_at + 1 + number, number, call))
        count = 0

        def trace(frame: object, event: str, arg: object) -> object:
            nonlocal count
            count += 1
            return trace

        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            next_one(centre)
        finally:
            sys.settrace(None)
        return count

    assert steps(10_000) < 1.2 * steps(10)
