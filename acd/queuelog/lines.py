"""Records as lines of a queue_log, in the order and vocabulary that reporting tools read. Pure.

Rules: of each stay in a queue ENTERQUEUE comes first, then RINGNOANSWER or RINGCANCELED for each
ring that failed, then CONNECT and one COMPLETEAGENT, COMPLETECALLER, BLINDTRANSFER or
ATTENDEDTRANSFER, or one exit. A ring that is
still being taken back when the stay ends is told before its end, and not again. What one agent does
about himself concerns all queues, and stands under the queue NONE. A field holds no "|" and no
end of a line, whoever wrote it. It must not know where lines go.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

import msgspec

from acd.core.events import RingOutcome
from acd.core.ids import AgentId, CallId, OfferId, QueueId
from acd.core.memory import Memory
from acd.core.queueplan import ExitCondition
from acd.core.records import (
    AgentChanged,
    AgentRung,
    CallAnswered,
    CallEnded,
    CallKept,
    CallLeftQueue,
    CallQueued,
    CallReordered,
    CallTransferred,
    Outcome,
    Presence,
    Record,
    RingEnded,
    TalkEnded,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.core.transfer import TransferKind

NONE: Final = "NONE"
"""What stands where a line has no call or no queue."""

WRAP_UP: Final = "wrapup"
"""The reason of a pause that is after-call work."""

_LONGEST: Final = 80
_EMPTY: Final = frozenset({ExitCondition.NO_AGENTS, ExitCondition.NONE_READY, ExitCondition.CLOSED})
_HUNG_UP: Final = frozenset({Outcome.ABANDONED, Outcome.SHORT_ABANDONED, Outcome.DEFLECTED})
_TRANSFERS: Final = {
    TransferKind.BLIND: "BLINDTRANSFER",
    TransferKind.ATTENDED: "ATTENDEDTRANSFER",
}
_TAKEN_BACK: Final = frozenset({RingOutcome.CANCELLED, RingOutcome.CALLER_LEFT})


class Entry(msgspec.Struct, frozen=True):
    """One line, before it is text."""

    at: float
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str | int, ...] = ()

    def line(self) -> str:
        """Return the text, without its end: ``epoch|callid|queue|agent|EVENT|data...``"""
        head = (f"{self.at:.0f}", self.call, self.queue, self.agent, self.event)
        return "|".join(field(one) for one in (*head, *self.data))


def field(value: str | int) -> str:
    """Return what may stand between two "|": printable, short, and never a line of its own."""
    text = str(value)[:_LONGEST]
    return "".join(char if char.isprintable() and char != "|" else "?" for char in text)


class _Stay(msgspec.Struct):
    """A call that waits in a queue."""

    queue: QueueId
    original: int
    """The position it had when it came."""
    due_at: float
    order: int


class _Talk(msgspec.Struct):
    """A talk under way: what its end repeats."""

    hold_time: int
    original: int
    transferred: CallTransferred | None = None


class _Pauses(msgspec.Struct):
    """What an agent has said, as far as lines have told it."""

    presence: Presence = Presence.LOGGED_OUT
    reason: str = ""


class Lines:
    """Turns records, given in their order, into entries; ``memory`` is what was before.

    With ``numbers`` callers' numbers stand whole, else their last three digits.
    """

    def __init__(self, memory: Memory, *, numbers: bool = False) -> None:
        self._numbers = numbers
        self._callers: dict[CallId, str] = {}
        self._stays: dict[CallId, _Stay] = {}
        self._queues: dict[QueueId, list[tuple[float, int, CallId]]] = {}
        self._rings: dict[CallId, dict[OfferId, tuple[AgentId, float]]] = {}
        self._talks: dict[tuple[CallId, AgentId], _Talk] = {}
        self._agents: dict[AgentId, _Pauses] = {}
        self._order = 0
        self._tell: dict[type, Callable[..., Iterator[Entry]]] = {
            CallQueued: self._queued,
            CallReordered: self._reordered,
            AgentRung: self._rung,
            RingEnded: self._ring_ended,
            CallAnswered: self._answered,
            CallTransferred: self._transferred,
            TalkEnded: self._talk_ended,
            CallLeftQueue: self._left,
            CallEnded: self._ended,
            AgentChanged: self._changed,
            WrapUpStarted: self._wrap_up_started,
            WrapUpEnded: self._wrap_up_ended,
        }
        self._remember(memory)

    def entries(self, records: Sequence[Record]) -> list[Entry]:
        """Return what the records of one step come to."""
        # The numbers of a step's callers are told at its end.
        for record in records:
            if isinstance(record, CallKept):
                self._callers[record.call.call] = record.call.ani
        found: list[Entry] = []
        for record in records:
            tell = self._tell.get(type(record))
            if tell is not None:
                found += tell(record)
        return found

    def _remember(self, memory: Memory) -> None:
        waiting = sorted(
            (call for call in memory.calls if call.place is not None),
            key=lambda call: (call.place.due_at, call.call) if call.place else (0.0, call.call),
        )
        for call in waiting:
            assert call.place is not None
            self._enter(call.call, call.place.queue, call.place.due_at)
        for call in memory.calls:
            self._callers[call.call] = call.ani
            for leg in call.legs:
                if leg.ended_at is None and leg.connected_at is None:
                    self._rings.setdefault(call.call, {})[leg.offer] = (leg.agent, leg.rung_at)
                elif leg.ended_at is None and leg.connected_at is not None:
                    waited = leg.connected_at - (call.queued_at or leg.connected_at)
                    self._talks[call.call, leg.agent] = _Talk(_whole(waited), 1)
        for agent in memory.agents:
            self._agents[agent.agent] = _Pauses(Presence(agent.presence), agent.reason)

    # -- calls -----------------------------------------------------------------------------------

    def _queued(self, record: CallQueued) -> Iterator[Entry]:
        yield from self._leave(record.call, record.at)
        stay = self._enter(record.call, record.queue, record.due_at)
        caller = self._callers.get(record.call, "")
        data = ("", caller if self._numbers else caller[-3:], stay.original)
        yield Entry(record.at, record.call, record.queue, NONE, "ENTERQUEUE", data)

    def _reordered(self, record: CallReordered) -> Iterator[Entry]:
        stay = self._stays.get(record.call)
        if stay is not None:
            self._out_of_line(record.call, stay)
            stay.due_at = record.due_at
            insort(self._queues[stay.queue], (stay.due_at, stay.order, record.call))
        yield from ()

    def _rung(self, record: AgentRung) -> Iterator[Entry]:
        rings = self._rings.setdefault(record.call, {})
        rings[record.offer] = (record.agent, record.at)
        yield from ()

    def _ring_ended(self, record: RingEnded) -> Iterator[Entry]:
        rings = self._rings.get(record.call, {})
        if rings.pop(record.offer, None) is None:
            return
        event = "RINGCANCELED" if record.outcome in _TAKEN_BACK else "RINGNOANSWER"
        data = (round(record.ring_seconds * 1000),)
        yield Entry(record.at, record.call, record.queue, record.agent, event, data)

    def _answered(self, record: CallAnswered) -> Iterator[Entry]:
        rings = self._rings.get(record.call, {})
        taken = next((one for one, ring in rings.items() if ring[0] == record.agent), OfferId(""))
        rings.pop(taken, None)
        stay = yield from self._leave(record.call, record.at)
        original = stay.original if stay is not None else 1
        waited = _whole(record.wait_seconds)
        self._talks[record.call, record.agent] = _Talk(waited, original)
        data = (waited, taken, _whole(record.ring_seconds))
        yield Entry(record.at, record.call, record.queue, record.agent, "CONNECT", data)

    def _transferred(self, record: CallTransferred) -> Iterator[Entry]:
        talk = self._talks.get((record.call, record.agent))
        if talk is not None:
            talk.transferred = record
        yield from ()

    def _talk_ended(self, record: TalkEnded) -> Iterator[Entry]:
        talk = self._talks.pop((record.call, record.agent), None)
        if talk is None:
            return
        event = "COMPLETECALLER" if record.caller_left else "COMPLETEAGENT"
        data: tuple[str | int, ...] = (talk.hold_time, _whole(record.talk_seconds), talk.original)
        if talk.transferred is not None:
            event, data = _TRANSFERS[talk.transferred.kind], (*talk.transferred.said, *data)
        yield Entry(record.at, record.call, record.queue, record.agent, event, data)

    def _left(self, record: CallLeftQueue) -> Iterator[Entry]:
        stay = self._stays.get(record.call)
        if stay is None or stay.queue != record.queue:
            return  # A rule kept him from joining: he never entered.
        where = (self._position(record.call, stay), stay.original, _whole(record.wait_seconds))
        yield from self._leave(record.call, record.at)
        event, data = "EXITWITHTIMEOUT", tuple[str | int, ...](where)
        if record.outcome is Outcome.LEFT_BY_KEY:
            event, data = "EXITWITHKEY", (record.key, *where)
        elif record.rule in _EMPTY:
            event = "EXITEMPTY"
        yield Entry(record.at, record.call, record.queue, NONE, event, data)

    def _ended(self, record: CallEnded) -> Iterator[Entry]:
        stay = self._stays.get(record.call)
        if stay is not None:
            queued_at = record.at if record.queued_at is None else record.queued_at
            waited = _whole(record.at - queued_at)
            data = (self._position(record.call, stay), stay.original, waited)
            yield from self._leave(record.call, record.at)
            event = "ABANDON" if record.outcome in _HUNG_UP else "EXITEMPTY"
            yield Entry(record.at, record.call, stay.queue, NONE, event, data)
        self._callers.pop(record.call, None)
        self._rings.pop(record.call, None)

    def _enter(self, call: CallId, queue: QueueId, due_at: float) -> _Stay:
        self._order += 1
        line = self._queues.setdefault(queue, [])
        stay = _Stay(queue, 0, due_at, self._order)
        insort(line, (due_at, self._order, call))
        stay.original = self._position(call, stay)
        self._stays[call] = stay
        return stay

    def _leave(self, call: CallId, at: float) -> Generator[Entry, None, _Stay | None]:
        """End a call's stay, if it is in a queue: what still rings for it is being taken back."""
        stay = self._stays.pop(call, None)
        if stay is None:
            return None
        self._out_of_line(call, stay)
        rings = self._rings.get(call, {})
        for agent, rung_at in rings.values():
            data = (max(0, round((at - rung_at) * 1000)),)
            yield Entry(at, call, stay.queue, agent, "RINGCANCELED", data)
        rings.clear()
        return stay

    def _position(self, call: CallId, stay: _Stay) -> int:
        return bisect_left(self._queues[stay.queue], (stay.due_at, stay.order, call)) + 1

    def _out_of_line(self, call: CallId, stay: _Stay) -> None:
        del self._queues[stay.queue][self._position(call, stay) - 1]

    # -- agents ----------------------------------------------------------------------------------

    def _changed(self, record: AgentChanged) -> Iterator[Entry]:
        known = self._agents.setdefault(record.agent, _Pauses())
        was, is_now = known.presence, record.presence
        if (was, known.reason) == (is_now, record.reason):
            return

        def told(event: str, *data: str) -> Entry:
            return Entry(record.at, NONE, NONE, record.agent, event, data)

        if was is Presence.NOT_READY:
            yield told("UNPAUSEALL", known.reason)
        if was is Presence.LOGGED_OUT and is_now is not Presence.LOGGED_OUT:
            yield told("ADDMEMBER")
        if is_now is Presence.NOT_READY:
            yield told("PAUSEALL", record.reason)
        if is_now is Presence.LOGGED_OUT and was is not Presence.LOGGED_OUT:
            yield told("REMOVEMEMBER")
        known.presence, known.reason = is_now, record.reason

    def _wrap_up_started(self, record: WrapUpStarted) -> Iterator[Entry]:
        seconds = (_whole(record.ends_at - record.at),)
        agent, queue = record.agent, record.queue
        yield Entry(record.at, NONE, queue, agent, "PAUSE", (WRAP_UP,))
        yield Entry(record.at, record.call, queue, agent, "WRAPUPSTART", seconds)

    def _wrap_up_ended(self, record: WrapUpEnded) -> Iterator[Entry]:
        yield Entry(record.at, NONE, record.queue, record.agent, "UNPAUSE", (WRAP_UP,))


def _whole(seconds: float) -> int:
    """Seconds as a queue_log has them; a clock set back makes none below nothing."""
    return max(0, round(seconds))
