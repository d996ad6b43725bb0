"""Heaps and lines against the obvious: a sorted list that is looked through each time."""

from hypothesis import given
from hypothesis import strategies as st

from acd.core.call import Call, CallSignal
from acd.core.ids import CallId, PbxId, QueueId
from acd.core.queue import CallHeap, Line
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


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("awrleb")), max_size=60))
def test_the_first_call_is_the_one_a_sorted_list_gives(moves: list[tuple[int, str]]) -> None:
    """Calls arrive, ring, lose the ring, leave, pass between rounds, in any order."""
    heap = CallHeap()
    calls: dict[int, Call] = {}
    number = 0
    for which, move in moves:
        chosen = list(calls.values())[which % len(calls)] if calls else None
        if move == "a":
            number += 1
            calls[number] = waiting(number, float(which))
            heap.add(calls[number])
        elif chosen is None:
            continue
        elif move == "r" and chosen.state == "queued":
            chosen.moves(CallSignal.OFFER, 0.0)
        elif move == "l" and chosen.state == "ringing":
            chosen.moves(CallSignal.RING_FAILED, 0.0)
            heap.add(chosen)
        elif move == "e":
            chosen.moves(CallSignal.END, 0.0)
            heap.forget(chosen)
            del calls[chosen.sequence]
        elif move == "b":
            chosen.in_room = not chosen.in_room
        servable = [call for call in calls.values() if call.state == "queued" and call.in_room]
        expected = min(servable, key=lambda call: (call.due_at, call.sequence), default=None)
        assert heap.first({PBX}) is expected
    assert heap.first(set()) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=100))
def test_a_position_is_the_place_in_a_sorted_list(moves: list[tuple[int, bool]]) -> None:
    line = Line(FAULT)
    present: list[Call] = []
    for number, (which, comes) in enumerate(moves):
        if comes or not present:
            call = waiting(number, float(which))
            present.append(call)
            line.add(call)
        else:
            line.remove(present.pop(which % len(present)))
        in_order = sorted(present, key=lambda call: (call.due_at, call.sequence))
        assert [line.position(call) for call in in_order] == list(range(1, len(present) + 1))
    for number in range(1, len(present) + 1):
        due_at = line.due_before(number)
        assert due_at is not None
        assert line.count_before(due_at, 0) <= number - 1
    assert line.due_before(len(present) + 1) is None


def test_a_call_stands_in_one_heap_only() -> None:
    first, second = CallHeap(), CallHeap()
    call = waiting(1, 5.0)
    first.add(call)
    second.add(call)
    assert (first.first({PBX}), second.first({PBX})) == (None, call)
    assert second.each() == [call]


def test_who_has_gone_is_not_kept_for_ever() -> None:
    heap = CallHeap()
    calls = [waiting(number, float(number)) for number in range(1000)]
    for call in calls:
        heap.add(call)
    for call in calls[:-1]:
        heap.forget(call)
    assert len(heap) < 200
    assert heap.first({PBX}) is calls[-1]
