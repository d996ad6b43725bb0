"""Lanes against the obvious: a sorted list that is looked through each time."""

from hypothesis import given
from hypothesis import strategies as st

from acd.core.call import Call, CallSignal
from acd.core.ids import AgentId, CallId, PbxId, QueueId
from acd.core.queue import Lane, satisfies
from tests.plans import plan

PBX = PbxId("main")
PLAN = plan({"1001": {"fault": 2}, "1002": {"billing": 9}})
FAULT = PLAN.queues[QueueId("fault")]


def waiting(number: int, due_at: float) -> Call:
    """Return a call that stands in the waiting room."""
    call = Call(CallId(f"main-1.{number}"), PBX, "", "", 0.0)
    call.moves(CallSignal.QUEUE, 0.0)
    call.queue, call.queued_at, call.due_at, call.sequence = FAULT.id, 0.0, due_at, number
    call.in_room = True
    return call


def test_a_grade_below_the_need_does_not_satisfy_it() -> None:
    agents = PLAN.agents
    assert satisfies(agents[AgentId("1001")], FAULT)
    assert not satisfies(agents[AgentId("1002")], FAULT)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("awrleb")), max_size=60))
def test_the_first_call_is_the_one_a_sorted_list_gives(moves: list[tuple[int, str]]) -> None:
    """Calls arrive, ring, lose the ring, leave, pass between rounds, in any order."""
    lane = Lane(FAULT)
    calls: dict[int, Call] = {}
    number = 0
    for which, move in moves:
        chosen = list(calls.values())[which % len(calls)] if calls else None
        if move == "a":
            number += 1
            calls[number] = waiting(number, float(which))
            lane.add_call(calls[number])
        elif chosen is None:
            continue
        elif move == "r" and chosen.state == "queued":
            chosen.moves(CallSignal.OFFER, 0.0)
        elif move == "l" and chosen.state == "ringing":
            chosen.moves(CallSignal.RING_FAILED, 0.0)
            lane.add_call(chosen)
        elif move == "e":
            chosen.moves(CallSignal.END, 0.0)
            del calls[chosen.sequence]
        elif move == "b":
            chosen.in_room = not chosen.in_room
        servable = [call for call in calls.values() if call.state == "queued" and call.in_room]
        expected = min(servable, key=lambda call: (call.due_at, call.sequence), default=None)
        assert lane.first_call({PBX}) is expected
    assert lane.first_call(set()) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=300))
def test_the_longest_idle_agent_is_the_one_a_sorted_list_gives(
    moves: list[tuple[int, bool]],
) -> None:
    lane = Lane(FAULT)
    free: dict[AgentId, tuple[float, int]] = {}
    for sequence, (number, becomes_free) in enumerate(moves):
        agent = AgentId(f"{number}")
        if becomes_free and agent not in free:
            free[agent] = (float(sequence // 3), sequence)
            lane.add_agent(agent, *free[agent])
            lane.trim(free)
        elif not becomes_free:
            free.pop(agent, None)
        expected = min(free, key=lambda one: free[one], default=None)
        assert lane.longest_idle(free) == expected
