"""What a supervisor does about a waiting call: move, prioritise, place, withdraw.

Each request is answered by one ``Replied``, with a refusal in words or nothing when it was done.
Only a call that waits can be changed; one that rings is about to be answered.
"""

from acd.core import exits, waiting
from acd.core.call import Call
from acd.core.commands import ChangePlace, HangUpCall
from acd.core.events import CallAction, CallRequested
from acd.core.floor import Floor
from acd.core.matching import match_call
from acd.core.records import (
    CallLeftQueue,
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
    else:
        refusal = _do(floor, call, event, now)
    floor.emit(Replied(now, event.request, refusal))


def _do(floor: Floor, call: Call, event: CallRequested, now: float) -> str:
    assert call.queue is not None
    assert call.queued_at is not None
    line = floor.lines[call.queue]
    match event.action:
        case CallAction.MOVE:
            return _move(floor, call, event, now)
        case CallAction.PRIORITISE:
            earliest = call.queued_at + line.plan.target_seconds - waiting.MOST_SHIFT_SECONDS
            latest = call.queued_at + line.plan.target_seconds + waiting.MOST_SHIFT_SECONDS
            due_at = call.due_at - event.seconds
            if not earliest <= due_at <= latest:
                return f"at most {waiting.MOST_SHIFT_SECONDS:g} s earlier or later than he came"
            _reorder(floor, call, due_at, now)
        case CallAction.PLACE:
            if not 1 <= event.position <= len(line):
                return f"position {event.position} is not among 1 to {len(line)}"
            if event.position != line.position(call):
                line.remove(call)
                due_at_ = line.due_before(event.position)
                line.add(call)
                last = line.entries[-1][0]
                _reorder(floor, call, last + 0.001 if due_at_ is None else due_at_, now)
        case CallAction.WITHDRAW:
            waiting.withdraw(floor, call, now)
            floor.emit(HangUpCall(call.id))
    return ""


def _move(floor: Floor, call: Call, event: CallRequested, now: float) -> str:
    assert call.queue is not None
    assert call.queued_at is not None
    queue = event.queue
    if queue is None or queue not in floor.plan.queues:
        return f"no queue {queue!r}; there are {', '.join(sorted(floor.plan.queues))}"
    if queue == call.queue:
        return f"call {call.id} waits in {queue} already"
    rule = exits.on_join(floor, floor.lines[queue], now)
    if rule is not None:
        return f"nobody can join {queue} now: {rule.condition.value}"
    waited = now - call.queued_at
    floor.emit(
        CallLeftQueue(
            now, call.id, call.queue, Outcome.OVERFLOWED, "supervisor", f"queue:{queue}", waited
        )
    )
    call.trail.append(TrailStep(now, "moved", f"by a supervisor, to {queue}"))
    waiting.take_out(floor, call, now)
    waiting.join(floor, call, queue, now, waiting=True)
    return ""


def _reorder(floor: Floor, call: Call, due_at: float, now: float) -> None:
    """Give the call another due time; its entries in line and heap follow."""
    assert call.queue is not None
    line = floor.lines[call.queue]
    line.remove(call)
    call.heap = None
    call.due_at = due_at
    line.add(call)
    floor.stand(call)
    call.trail.append(TrailStep(now, "reordered", f"position {line.position(call)}"))
    floor.emit(
        CallReordered(now, call.id, line.id, due_at), ChangePlace(call.id, waiting.place_of(call))
    )
    match_call(floor, call, now)
