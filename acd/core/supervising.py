"""What a supervisor does about a waiting call: move, prioritise, place, withdraw.

Each request is answered by one ``Replied``, with a refusal in words or nothing when it was done.
Only a call that waits can be changed; one that rings is about to be answered. While its PBX is away
it cannot be told, so nothing is changed either.
"""

from math import isfinite

from acd.core import exits, waiting
from acd.core.attributes import MOST_SHIFT_SECONDS
from acd.core.call import Call
from acd.core.commands import ChangePlace, HangUpCall
from acd.core.events import CallAction, CallRequested
from acd.core.floor import Floor
from acd.core.matching import match_call
from acd.core.queue import Line
from acd.core.records import (
    CallReordered,
    CallState,
    Outcome,
    Replied,
    TrailStep,
)


def requested(floor: Floor, event: CallRequested, now: float) -> None:
    """Do what was asked for, or say why not; nothing changes when it is refused."""
    call = floor.calls.get(event.call)
    if call is None:
        refusal = f"no call {event.call!r}"
    elif call.state is not CallState.QUEUED:
        refusal = f"call {call.id} does not wait: it is {call.state.value}"
    elif call.pbx not in floor.live:
        refusal = f"PBX {call.pbx} is away; try again when it is back"
    else:
        refusal = _do(floor, call, event, now)
    floor.emit(Replied(now, event.request, refusal))


def _do(floor: Floor, call: Call, event: CallRequested, now: float) -> str:
    assert call.queue is not None
    line = floor.lines[call.queue]
    match event.action:
        case CallAction.MOVE:
            return _move(floor, call, event, now)
        case CallAction.PRIORITISE:
            return _prioritise(floor, call, line, event.seconds, now)
        case CallAction.PLACE:
            if not 1 <= event.position <= len(line):
                return f"position {event.position} is not among 1 to {len(line)}"
            if event.position != line.position(call):
                _place(floor, call, line, event.position, now)
        case CallAction.WITHDRAW:
            waiting.withdraw(floor, call, now)
            floor.emit(HangUpCall(call.id))
    return ""


def _move(floor: Floor, call: Call, event: CallRequested, now: float) -> str:
    assert call.queue is not None
    queue = event.queue
    if queue is None or queue not in floor.plan.queues:
        return f"no queue {queue!r}; there are {', '.join(sorted(floor.plan.queues))}"
    if queue == call.queue:
        return f"call {call.id} waits in {queue} already"
    rule = exits.on_join(floor, floor.lines[queue], call, now)
    if rule is not None:
        return f"nobody can join {queue} now: {rule.condition.value}"
    waiting.left(floor, call, call.queue, Outcome.OVERFLOWED, "supervisor", f"queue:{queue}", now)
    call.trail.append(TrailStep(now, "moved", f"by a supervisor, to {queue}"))
    waiting.take_out(floor, call, now)
    waiting.join(floor, call, queue, now, waiting=True)
    return ""


def _prioritise(floor: Floor, call: Call, line: Line, seconds: float, now: float) -> str:
    assert call.queued_at is not None
    ordinary = call.queued_at + line.plan.target_seconds
    due_at = call.due_at - seconds
    shift, before = abs(due_at - ordinary), abs(call.due_at - ordinary)
    # Whoever stands farther off (he was placed there) may still be brought nearer.
    if not isfinite(seconds) or (shift > MOST_SHIFT_SECONDS and shift >= before):
        return f"at most {MOST_SHIFT_SECONDS:g} s earlier or later than he came"
    _reorder(floor, call, due_at, now)
    return ""


def _place(floor: Floor, call: Call, line: Line, position: int, now: float) -> None:
    line.remove(call)
    others = line.entries
    due_at = others[-1][0] + 0.001 if position > len(others) else line.due_before(position)
    assert due_at is not None
    if 1 < position <= len(others) and others[position - 2][0] == others[position - 1][0]:
        # They are due at the same time, and so is he: numbered anew, he and who follows him.
        due_at = others[position - 1][0]
        same = [one for due, _, one in others[position - 1 :] if due == due_at]
        for one in (call, *same):
            line.remove(one)
            one.heap, one.sequence = None, floor.next_sequence()
        for one in same:
            line.add(one)
            floor.stand(one, now)
    line.add(call)
    _reorder(floor, call, due_at, now)


def _reorder(floor: Floor, call: Call, due_at: float, now: float) -> None:
    """Give the call another due time; its entries in line and heap follow."""
    assert call.queue is not None
    line = floor.lines[call.queue]
    line.remove(call)
    call.heap = None
    call.due_at = due_at
    line.add(call)
    floor.stand(call, now)
    call.trail.append(TrailStep(now, "reordered", f"position {line.position(call)}"))
    floor.emit(
        CallReordered(now, call.id, line.id, due_at), ChangePlace(call.id, waiting.place_of(call))
    )
    match_call(floor, call, now)
