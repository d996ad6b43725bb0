"""The auditor's own picture of callers and agents, drawn from facts and from what was said.

Nothing here asks the engine or shares code with it: where both know a rule (who has the skills for
a queue, when a caller is due) it is written down here a second time, on purpose.
"""

from dataclasses import dataclass, field
from typing import Final

from acd.core.ids import AgentId, CallId, OfferId, QueueId
from acd.core.plan import AgentDo, AgentPlan, MenuPlan, Plan, QueuePlan
from acd.core.records import Activity, Presence

FREE_DEVICE_STATES: Final = frozenset({"NOT_INUSE", "UNKNOWN"})


@dataclass(slots=True, eq=False)
class Visit:
    """One caller, from the first menu to his hang-up."""

    call: CallId
    uniqueid: str
    arrived_at: float
    queue: QueuePlan | None = None
    queued_at: float = 0.0
    place: tuple[float, int] = (0.0, 0)
    """When he is due, and the number of his entry: the smaller is served first."""
    in_room: bool = False
    """As the engine was told, by the last bridge event delivered to it."""
    offer: OfferId | None = None
    """The ring the engine has on for him, by its own records."""
    legs: set[str] = field(default_factory=set)
    """Legs that truly ring for him or talk with him."""
    talking: str = ""
    was_bridged: bool = False
    changed_at: float = 0.0
    """When he last began to talk, or left."""
    rescued: bool = False
    heard_of: bool = False
    """The engine was told of him."""
    unseen: bool = False
    """He talked or left while the connection was broken: nobody can tell how it ended."""
    gone: bool = False
    ends: int = 0

    def can_be_served(self) -> bool:
        """Whether somebody could be rung for him now."""
        return (
            self.in_room
            and self.queue is not None
            and self.offer is None
            and not self.legs
            and not self.gone
        )

    def needs_record(self, unseen_seconds: float) -> bool:
        """Whether the engine must have told how this call ended.

        Not of a caller it was never told of: one who was there for less than ``unseen_seconds``, or
        who left while it was blind.
        """
        was_short = self.gone and self.changed_at - self.arrived_at <= unseen_seconds
        return self.heard_of or not (self.unseen or was_short)


@dataclass(slots=True, eq=False)
class Person:
    """One agent. ``said`` is his own word; ``stated`` and ``activity`` are the engine's."""

    id: AgentId
    queues: frozenset[QueueId]
    phone: str
    said: Presence = Presence.LOGGED_OUT
    said_at: float = 0.0
    ready_at: float = 0.0
    asked_to_log_in: bool = False
    stated: Presence = Presence.LOGGED_OUT
    activity: Activity = Activity.IDLE
    offer: OfferId | None = None
    """The ring the engine has on for him, by its own records."""
    legs: set[str] = field(default_factory=set)
    """Legs that truly ring or talk at his phone."""
    wrap_up_from: float = 0.0
    wrap_up_until: float = 0.0
    worked_unseen: bool = False
    """His talk ended while the connection was broken."""
    asked_to_end_at: float = -1.0
    """When he last asked for its end, or logged out."""
    code_calls: dict[str, float] = field(default_factory=dict)
    """Calls in which he dials codes, and when they began."""
    excused_until: float = 0.0
    """He refused, was busy or could not be reached: nobody has to ring him before this."""
    free_since: float | None = None

    def is_free(self, now: float, device: str) -> bool:
        """Whether he could be rung now; ``device`` is the state his PBX last published."""
        return (
            self.said is Presence.READY
            and self.stated is Presence.READY
            and not self.legs
            and self.offer is None
            and not self.code_calls
            and self.wrap_up_until <= now
            and self.excused_until <= now
            and device in FREE_DEVICE_STATES
        )

    def idle_since(self) -> float:
        """Since when he waits for work; a ring that came to nothing does not count."""
        return max(self.ready_at, self.wrap_up_until)


@dataclass(slots=True, eq=False)
class Ring:
    """One leg to one phone, as the PBX saw it; ``cause`` once it ended without a talk."""

    leg: str
    caller: str
    person: Person | None
    over: bool = False
    cause: str = ""


def queues_of(agent: AgentPlan, plan: Plan) -> frozenset[QueueId]:
    """Return the queues whose every need the agent meets."""
    return frozenset(
        queue.id for queue in plan.queues.values() if queue.requirement.met_by(agent.skills)
    )


def action_of(menu: MenuPlan) -> AgentDo | None:
    """Return what a code's menu does at once; None when it asks for something first."""
    entry = menu.nodes[menu.entry]
    return entry if isinstance(entry, AgentDo) else None


class Standstill:
    """Who could be served, who is free, and which of them fit: since when, pair by pair.

    There should hardly ever be a pair: whoever waits beside a fitting free agent is rung for.
    """

    def __init__(self) -> None:
        self.waiting: dict[CallId, Visit] = {}
        self.free: dict[AgentId, Person] = {}
        self._pairs: dict[tuple[CallId, AgentId], float] = {}
        self._changed = False

    def review_visit(self, visit: Visit) -> None:
        """Look again whether the caller can be served."""
        if visit.can_be_served():
            if visit.call not in self.waiting:
                self.waiting[visit.call] = visit
                self._changed = True
        elif self.waiting.pop(visit.call, None) is not None:
            self._changed = True

    def review_person(self, person: Person, now: float, device: str) -> None:
        """Look again whether the agent is free."""
        if person.is_free(now, device):
            if person.id not in self.free:
                self.free[person.id] = person
                person.free_since = now
                self._changed = True
        elif self.free.pop(person.id, None) is not None:
            person.free_since = None
            self._changed = True

    def forget_pairs(self) -> None:
        """Count anew from now on: the engine could not know of any of them."""
        self._pairs = {}
        self._changed = True

    def since(self, visit: Visit, person: Person) -> float | None:
        """Return since when these two stand beside each other; None when they do not."""
        return self._pairs.get((visit.call, person.id))

    def is_quiet(self) -> bool:
        """Whether there is nothing to look at: no pair, and nobody has come or gone."""
        return not self._changed and not self._pairs

    def overdue(self, now: float, dispatch_seconds: float) -> list[tuple[Visit, Person]]:
        """Return the pairs that have stood so long, each once."""
        if self._changed:
            self._changed = False
            known = self._pairs
            self._pairs = {
                (visit.call, person.id): known.get((visit.call, person.id), now)
                for person in self.free.values()
                for visit in self.waiting.values()
                if visit.queue is not None and visit.queue.id in person.queues
            }
        late = [pair for pair, since in self._pairs.items() if since + dispatch_seconds < now]
        for pair in late:
            self._pairs[pair] = float("inf")
        return [(self.waiting[call], self.free[agent]) for call, agent in late]
