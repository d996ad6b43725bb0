"""What is live now, kept up to date by what has changed: what the stream sends and `acd top` shows.

Rules: nothing is noted, and no picture made, while nobody looks. A look costs what has changed
since the last one: a step's records name the calls and agents it was about. Queues' figures take a
count of all their agents, so they are made no more often than a twentieth of the time allows. What
no record tells, as time alone makes an estimate shorter, and the phone of an agent who is rung or
talks says nothing new to the engine, is looked at once a second; every `WHOLE_SECONDS` it is all.
What runs with time alone is sent as the moment it counts from, so that nothing has to be sent while
nothing happens. A call's position is not sent: it is its place in the order of `due_at`.
It must not know who reads it, nor over what.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

import msgspec

from acd.core.ids import AgentId, CallId, PbxId, QueueId
from acd.core.numbers import ClientView
from acd.core.records import (
    Activity,
    AgentKept,
    AgentView,
    CallKept,
    CallState,
    CallView,
    QueueView,
    Record,
    Snapshot,
)

WHOLE_SECONDS: Final = 30.0
_UNTOLD_SECONDS: Final = 1.0
"""So often what no record tells is looked at: queues' estimates, phones in use for a call."""
_IN_A_CALL: Final = (Activity.RINGING, Activity.TALKING)
_QUEUES_SHARE: Final = 0.05
"""Of the time, for queues' figures, at most."""


class LiveQueue(msgspec.Struct, frozen=True):
    """One queue, as in ``QueueView``; ``waiting_since`` is when its longest wait began."""

    queue: QueueId
    label: str
    waiting: int
    ringing: int
    connected: int
    waiting_since: float | None
    agents_ready: int
    agents_free: int
    estimate_seconds: int | None


class LiveCall(msgspec.Struct, frozen=True):
    """One call, as in ``CallView``."""

    call: CallId
    pbx: PbxId
    state: CallState
    since: float
    arrived_at: float
    ani: str
    dnis: str
    language: str
    option: str
    queue: QueueId | None
    queued_at: float | None
    due_at: float | None
    agent: AgentId | None
    client: ClientView | None
    attributes: Mapping[str, str]


class Gone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is there no more."""

    queues: tuple[QueueId, ...] = ()
    calls: tuple[CallId, ...] = ()
    agents: tuple[AgentId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.queues or self.calls or self.agents)


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """Each queue, call and agent that is new or different, whole, and which are gone.

    The whole state is a change from nothing.
    """

    at: float
    queues: tuple[LiveQueue, ...] = ()
    calls: tuple[LiveCall, ...] = ()
    agents: tuple[AgentView, ...] = ()
    gone: Gone | None = None

    def __bool__(self) -> bool:
        return bool(self.queues or self.calls or self.agents or self.gone)


class Picture:
    """Everything that is live, as far as it was told."""

    def __init__(self) -> None:
        self.queues: dict[QueueId, LiveQueue] = {}
        self.calls: dict[CallId, LiveCall] = {}
        self.agents: dict[AgentId, AgentView] = {}

    def take(self, change: Change) -> None:
        """Make of this what is true since the change."""
        self.queues.update((one.queue, one) for one in change.queues)
        self.calls.update((one.call, one) for one in change.calls)
        self.agents.update((one.agent, one) for one in change.agents)
        gone = change.gone or Gone()
        for queue in gone.queues:
            self.queues.pop(queue, None)
        for call in gone.calls:
            self.calls.pop(call, None)
        for agent in gone.agents:
            self.agents.pop(agent, None)

    def whole(self, at: float) -> Change:
        """The change that makes this of nothing."""
        return Change(
            at, tuple(self.queues.values()), tuple(self.calls.values()), tuple(self.agents.values())
        )

    def snapshot(self, at: float) -> Snapshot:
        """The same as a snapshot of the engine at that moment, without what is not sent."""
        return Snapshot(
            at,
            tuple(_queue_view(one, at) for one in self.queues.values()),
            tuple(
                msgspec.convert(one, CallView, from_attributes=True) for one in self.calls.values()
            ),
            tuple(self.agents[one] for one in sorted(self.agents)),
        )


class Touched:
    """Which calls and agents steps were about since somebody asked; nothing while nobody does."""

    def __init__(self) -> None:
        self.wanted = False
        self.all = False
        self.readers = self.cut_off = 0
        """How many look now; how many were not let look any longer."""
        self.calls: set[CallId] = set()
        self.agents: set[AgentId] = set()

    def note(self, records: Iterable[Record]) -> None:
        """Note whom these are about."""
        for record in records:
            if isinstance(record, CallKept):
                self.calls.add(record.call.call)
            elif isinstance(record, AgentKept):
                self.agents.add(record.agent.agent)
            else:
                call: CallId | None = getattr(record, "call", None)
                agent: AgentId | None = getattr(record, "agent", None)
                if call is not None:
                    self.calls.add(call)
                if agent is not None:
                    self.agents.add(agent)

    def take(self) -> tuple[bool, set[CallId], set[AgentId]]:
        """Whether anything may be different, and what was noted; from here on anew."""
        taken = self.all, self.calls, self.agents
        self.all, self.calls, self.agents = False, set(), set()
        return taken


class Source(Protocol):
    """The engine: ``acd.pipeline.Pipeline``."""

    def snapshot(self, now: float) -> Snapshot:
        """Everything."""

    def part(
        self, now: float, calls: Collection[CallId], agents: Collection[AgentId], *, queues: bool
    ) -> Snapshot:
        """Those of these that there are."""


class Live:
    """The state of a running engine as it was at the last look."""

    def __init__(self, source: Source, touched: Touched, now: "Now") -> None:
        self.picture = Picture()
        self._source = source
        self.touched = touched
        self._now = now
        self._whole_at = 0.0
        self._queues_at = 0.0
        self._untold_at = 0.0
        self._stale = False
        """Something has happened since the queues' figures were made."""

    def begin(self) -> None:
        """Somebody looks from now on; the next look is at everything."""
        self.touched.wanted = self.touched.all = True

    def end(self) -> None:
        """Nobody looks any more."""
        self.touched.wanted = False
        self.touched.take()

    def now(self) -> float:
        """The engine's clock."""
        return self._now()

    def look(self) -> Change:
        """What is different since the last look; call it between steps."""
        now = self._now()
        everything, calls, agents = self.touched.take()
        if everything or now >= self._whole_at:
            self._whole_at, self._untold_at = now + WHOLE_SECONDS, now
            seen = self._source.snapshot(now)
            self._made_queues(now)
            calls, agents = set(self.picture.calls), set(self.picture.agents)
            change = self._different(seen, calls, agents, queues=True)
        else:
            # Whoever was busy with one of these calls may not be any more.
            agents.update(
                known.agent
                for known in map(self.picture.calls.get, calls)
                if known is not None and known.agent is not None
            )
            self._stale |= bool(calls or agents)
            untold = now >= self._untold_at + _UNTOLD_SECONDS
            queues = now >= self._queues_at and (self._stale or untold)
            if untold and queues:
                self._untold_at = now
                every = self.picture.agents.values()
                agents.update(one.agent for one in every if one.activity in _IN_A_CALL)
            if not (queues or calls or agents):
                return Change(now)
            seen = self._source.part(now, calls, agents, queues=queues)
            if queues:
                self._made_queues(now)
            change = self._different(seen, calls, agents, queues=queues)
        self.picture.take(change)
        return change

    def _made_queues(self, began: float) -> None:
        self._stale = False
        self._queues_at = began + (self._now() - began) / _QUEUES_SHARE

    def _different(
        self, seen: Snapshot, calls: set[CallId], agents: set[AgentId], *, queues: bool
    ) -> Change:
        picture = self.picture
        of_queues = [_live_queue(view, seen.at) for view in seen.queues]
        of_calls = [_live_call(view) for view in seen.calls]
        there = {one.queue for one in of_queues}
        gone = Gone(
            tuple(one for one in picture.queues if queues and one not in there),
            tuple(sorted(calls & set(picture.calls) - {one.call for one in of_calls})),
            tuple(sorted(agents & set(picture.agents) - {one.agent for one in seen.agents})),
        )
        return Change(
            seen.at,
            tuple(one for one in of_queues if picture.queues.get(one.queue) != one),
            tuple(one for one in of_calls if picture.calls.get(one.call) != one),
            tuple(one for one in seen.agents if picture.agents.get(one.agent) != one),
            gone or None,
        )


class Now(Protocol):
    """A clock: seconds since the epoch."""

    def __call__(self) -> float:
        """Now."""


def _live_queue(view: QueueView, at: float) -> LiveQueue:
    longest, estimate = view.longest_wait_seconds, view.estimate_seconds
    return LiveQueue(
        view.queue,
        view.label,
        view.waiting,
        view.ringing,
        view.connected,
        # To a hundredth, because the difference of two moments is not the same each time.
        round(at - longest, 2) if view.waiting or view.ringing else None,
        view.agents_ready,
        view.agents_free,
        None if estimate is None else round(estimate),
    )


def _live_call(view: CallView) -> LiveCall:
    return LiveCall(
        view.call,
        view.pbx,
        view.state,
        view.since,
        view.arrived_at,
        view.ani,
        view.dnis,
        view.language,
        view.option,
        view.queue,
        view.queued_at,
        view.due_at,
        view.agent,
        view.client,
        view.attributes,
    )


def _queue_view(one: LiveQueue, at: float) -> QueueView:
    since = one.waiting_since
    return QueueView(
        one.queue,
        one.label,
        one.waiting,
        one.ringing,
        one.connected,
        0.0 if since is None else max(0.0, at - since),
        one.agents_ready,
        one.agents_free,
        one.estimate_seconds,
    )
