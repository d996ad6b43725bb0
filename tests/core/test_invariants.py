"""Each invariant is broken on purpose, and says so."""

from collections.abc import Callable

import pytest

from acd.core.agent import PresenceSignal
from acd.core.floor import Floor
from acd.core.ids import AgentId, CallId, OfferId
from acd.core.invariants import check
from acd.core.records import Activity
from tests.core.centre import Centre
from tests.plans import ALL, plan

A, B = AgentId("1001"), AgentId("1002")
FIRST = CallId("main-1.1")


def forget_offer(floor: Floor) -> None:
    floor.offers.clear()


def believe_busy_agent_free(floor: Floor) -> None:
    floor.free.add(floor.agents[A], 0)


def wrap_up_without_end(floor: Floor) -> None:
    floor.agents[B].activity = Activity.WRAP_UP
    floor.free.remove(B)


def ring_for_another(floor: Floor) -> None:
    offer = next(iter(floor.offers.values()))
    offer.call = CallId("main-9.9")


def lose_half_a_place(floor: Floor) -> None:
    floor.calls[FIRST].queued_at = None


def ring_twice(floor: Floor) -> None:
    offer = next(iter(floor.offers.values()))
    floor.offers[OfferId("acd-other")] = offer


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (forget_offer, "busy with no offer"),
        (believe_busy_agent_free, "free is wrong"),
        (wrap_up_without_end, "wrap-up without a deadline"),
        (ring_for_another, "holds another's offer"),
        (lose_half_a_place, "half a place"),
        (ring_twice, "rung for two calls"),
    ],
)
def test_a_broken_floor_is_found_out(breaks: Callable[[Floor], None], says: str) -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001")
    assert centre.call_in() == FIRST
    breaks(centre.engine.floor)
    with pytest.raises(AssertionError, match=says):
        check(centre.engine.floor, centre.now)


def test_a_call_that_waits_while_a_fitting_agent_is_free_is_found_out() -> None:
    centre = Centre(plan({"1001": ALL}))
    call = centre.call_in()
    floor = centre.engine.floor
    floor.live.clear()
    centre.engine.floor.agents[A].presence_moves(*_ready(), centre.now)
    floor.review_agent(floor.agents[A], centre.now)
    check(floor, centre.now)
    floor.live.add(floor.calls[call].pbx)
    with pytest.raises(AssertionError, match="while agent 1001 is free"):
        check(floor, centre.now)


def _ready() -> tuple[PresenceSignal, str]:
    return PresenceSignal.LOG_IN, ""
