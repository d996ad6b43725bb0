"""Every order of events within a bounded depth, for one call and one agent, and for two of each.

The engine must take whatever comes, in whatever order a PBX may report it: no exception, the
invariants after each event, and at the end nobody is lost: once everything has come to rest, each
call has its one record and each agent can work again.
"""

import itertools
from collections.abc import Callable, Sequence

import pytest

from acd.core.events import (
    AgentRequested,
    CallerHungUp,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    MenuReached,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import AgentId, CallId, OfferId, RequestId
from acd.core.plan import AgentAction
from acd.core.records import Activity, CallEnded, CallOffered
from tests.core.centre import Centre
from tests.plans import ALL, plan

Move = Callable[[Centre], Event | None]


def of_call(kind: type[Event], number: int) -> Move:  # type: ignore[valid-type]
    """The event about the caller of that number, if he is there."""

    def move(centre: Centre) -> Event | None:
        calls = list(centre.engine.floor.calls)
        return kind(calls[number]) if number < len(calls) else None  # type: ignore[no-any-return,operator]

    return move


def of_leg(make: Callable[[OfferId], Event], number: int) -> Move:
    """The event about the oldest leg, or the next to it, if there is one."""

    def move(centre: Centre) -> Event | None:
        offers = list(centre.engine.floor.offers)
        return make(offers[number]) if number < len(offers) else None

    return move


def of_agent(action: AgentAction, agent: str, reason: str = "") -> Move:
    """What the agent asks for."""
    return lambda _: AgentRequested(RequestId(1), AgentId(agent), action, reason)


def moves_of(agents: Sequence[str]) -> list[tuple[str, Move]]:
    """Everything that can happen to so many agents and as many callers, by name."""
    moves: list[tuple[str, Move]] = []
    for number, agent in enumerate(agents):
        moves += [
            (f"hangs up {number}", of_call(CallerHungUp, number)),
            (f"room left {number}", of_call(WaitingRoomLeft, number)),
            (f"room entered {number}", of_call(WaitingRoomEntered, number)),
            (f"menu {number}", of_call(MenuReached, number)),
            (f"answered {number}", of_leg(LegAnswered, number)),
            (f"connected {number}", of_leg(LegConnected, number)),
            (f"no answer {number}", of_leg(_no_answer, number)),
            (f"left talk {number}", of_leg(LegLeftTalk, number)),
            (f"leg ended {number}", of_leg(LegEnded, number)),
            (f"log-in {agent}", of_agent(AgentAction.LOG_IN, agent)),
            (f"log-out {agent}", of_agent(AgentAction.LOG_OUT, agent)),
            (f"break {agent}", of_agent(AgentAction.NOT_READY, agent, "break")),
            (f"end wrap-up {agent}", of_agent(AgentAction.END_WRAP_UP, agent)),
        ]
    return moves


def _no_answer(offer: OfferId) -> Event:
    return LegFailed(offer, RingOutcome.NO_ANSWER)


def play(agents: Sequence[str], order: Sequence[tuple[str, Move]]) -> bool:
    """Play one order from two sides waiting for each other; False when it could not happen."""
    centre = Centre(plan(dict.fromkeys(agents, ALL)), *agents)
    calls = [centre.call_in() for _ in agents]
    for _, move in order:
        event = move(centre)
        if event is None:
            return False
        centre.feed(event)
        centre.wait(0.01)
    _comes_to_rest(centre, agents, calls)
    return True


def _comes_to_rest(centre: Centre, agents: Sequence[str], calls: Sequence[CallId]) -> None:
    for call in calls:
        centre.feed(CallerHungUp(call))
    for offer in list(centre.engine.floor.offers.values()):
        ended = LegEnded if offer.connected_at is not None else _no_answer
        centre.feed(ended(offer.id))
    centre.wait(400.0)
    for agent in agents:
        centre.request(agent, AgentAction.LOG_IN)
        assert centre.agent(agent).activity is Activity.IDLE, agent
    offered = [one.call for one in centre.said if isinstance(one, CallOffered)]
    ended_calls = [one.call for one in centre.said if isinstance(one, CallEnded)]
    assert sorted(offered) == sorted(ended_calls)
    assert not centre.engine.floor.offers


def every_order(agents: Sequence[str], depth: int) -> int:
    """Play all orders of this depth and say how many there were."""
    played = 0
    for order in itertools.product(moves_of(agents), repeat=depth):
        try:
            played += play(agents, order)
        except Exception as error:
            raise AssertionError(" > ".join(name for name, _ in order)) from error
    return played


@pytest.mark.slow
def test_every_order_of_one_call_and_one_agent() -> None:
    assert every_order(["1001"], 4) > 10_000


@pytest.mark.slow
def test_every_order_of_two_calls_and_two_agents() -> None:
    assert every_order(["1001", "1002"], 3) > 5_000
