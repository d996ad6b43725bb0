"""What explanations are made from: kept in order, and bounded."""

from hypothesis import given
from hypothesis import strategies as st

from acd.core.history import (
    CHANGES_KEPT,
    ENDED_KEPT,
    FIRST_STEPS_KEPT,
    LAST_STEPS_KEPT,
    History,
    Trail,
)
from acd.core.ids import AgentId, CallId, QueueId
from acd.core.queueplan import Requirement
from acd.core.records import TrailStep

A, B = AgentId("1001"), AgentId("1002")


def step(number: int, asked: Requirement | None = None) -> TrailStep:
    """Return a step that is known by its time."""
    return TrailStep(float(number), "told", "", None, asked)


def test_what_is_not_new_about_an_agent_is_not_kept() -> None:
    history = History()
    for at in range(5):
        history.note_agent(A, float(at), "ringing", None)
    state = history.agent_at(A, history.order)
    assert state is not None
    assert (state.at, state.why_not) == (0.0, "ringing")
    assert history.order == 1


def test_changes_at_one_instant_are_told_apart() -> None:
    history = History()
    history.note_agent(A, 1.0, "wrap_up", 5.0)
    history.note_agent(A, 5.0, "", None)
    before = history.order
    history.note_agent(A, 5.0, "ringing", None)
    history.note_agent(B, 5.0, "", None)
    then = history.agent_at(A, before)
    assert then is not None
    assert then.why_not == ""
    assert history.agent_at(B, before) is None
    assert history.order_of_ring(A, 5.0) == before
    assert history.order_of_ring(A, 4.0) is None
    assert history.order_of_ring(B, 5.0) is None


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from("xyz")), max_size=60))
def test_the_state_at_a_number_is_the_last_one_noted_by_then(
    notes: list[tuple[AgentId, str]],
) -> None:
    history = History()
    by_order: list[dict[AgentId, str]] = [{}]
    for at, (agent, why_not) in enumerate(notes):
        history.note_agent(agent, float(at), why_not, None)
        now = {**by_order[-1], agent: why_not}
        if history.order == len(by_order):
            by_order.append(now)
    for order, states in enumerate(by_order):
        for agent in (A, B):
            state = history.agent_at(agent, order)
            assert (state and state.why_not) == states.get(agent)


def test_an_agents_states_are_bounded_and_what_is_gone_is_not_known() -> None:
    history = History()
    for at in range(10 * CHANGES_KEPT):
        history.note_agent(A, float(at), str(at), None)
    assert history.agent_at(A, 5) is None
    last = history.agent_at(A, history.order)
    assert last is not None
    assert last.why_not == str(10 * CHANGES_KEPT - 1)


def test_ended_calls_are_bounded_and_the_oldest_go_first() -> None:
    history = History()
    for number in range(ENDED_KEPT + 5):
        history.note_ended(CallId(f"main-1.{number}"), Trail())
    assert history.ended(CallId("main-1.4")) is None
    assert history.ended(CallId("main-1.5")) is not None


def test_a_trail_keeps_how_it_began_and_what_came_last() -> None:
    trail = Trail()
    most = FIRST_STEPS_KEPT + LAST_STEPS_KEPT
    for number in range(1000):
        trail.append(step(number))
        assert len(trail) <= most
    times = [int(one.at) for one in trail]
    assert times == [*range(FIRST_STEPS_KEPT), *range(1000 - LAST_STEPS_KEPT, 1000)]
    assert trail.left_out == 1000 - most


def test_what_was_asked_for_is_not_forgotten_with_the_step_that_said_so() -> None:
    trail = Trail()
    asked = Requirement()
    for number in range(FIRST_STEPS_KEPT):
        trail.append(step(number))
    trail.append(TrailStep(500.0, "relaxed", "", None, asked, QueueId("fault")))
    for number in range(600, 700):
        trail.append(step(number))
    following = trail.steps[FIRST_STEPS_KEPT]
    assert (following.asked, following.queue) == (asked, "fault")
    assert all(one.asked is None for one in trail.steps[FIRST_STEPS_KEPT + 1 :])
