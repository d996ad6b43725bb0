"""What must outlive the engine: what it tells a store of people and calls, and is told again.

Rules: each value is whole (the last one of an agent or call replaces all before it) and says only
what the PBX does not: which channels there are, who stands in which bridge and what a phone does
is read from the PBX itself, and where the two differ, the PBX is right. Times are seconds since
the epoch.
"""

from typing import Final, TypeVar

import msgspec

from acd.core.ids import (
    AgentId,
    CallId,
    ClientId,
    DeviceId,
    Language,
    MenuId,
    NodeId,
    OfferId,
    PbxId,
    QueueId,
    VoicemailId,
)
from acd.core.incident import Incident
from acd.core.place import Place
from acd.core.transfer import Transferred

_P = TypeVar("_P", Place, Place | None)
_T = TypeVar("_T", bound=msgspec.Struct | None)


class WrapUpMemory(msgspec.Struct, frozen=True):
    """A wrap-up under way; its deadline stands, however often the engine is started."""

    queue: QueueId
    call: CallId
    started_at: float
    ends_at: float


class AgentMemory(msgspec.Struct, frozen=True):
    """An agent as he is now."""

    agent: AgentId
    presence: str
    """A word of ``acd.core.records.Presence``."""
    reason: str
    phone: DeviceId
    """Where he is logged in."""
    since: float
    """When his presence last changed."""
    logged_in_at: float | None
    idle_since: float
    wrap_up: WrapUpMemory | None = None
    calls_taken: int = 0
    """Since he logged in; so is ``talk_seconds``."""
    talk_seconds: float = 0.0
    calls_in_row: int = 0


class QueueVisit(msgspec.Struct, frozen=True):
    """A call's stay in one queue; ``left_at`` is None, ``how`` empty while it is there.

    ``how`` is ``answered`` or an outcome's word (``acd.core.records.Outcome``).
    """

    queue: QueueId
    entered_at: float
    left_at: float | None = None
    how: str = ""


class Pause(msgspec.Struct, frozen=True):
    """A time for which nothing of a talk was recorded; ``ended_at`` is None while it lasts."""

    began_at: float
    ended_at: float | None = None


class LegVisit(msgspec.Struct, frozen=True):
    """One ring of one agent for a call, and the talk if there was one.

    ``how`` is empty while it lasts, then ``talked`` or why the ring ended (``RingOutcome``).
    """

    offer: OfferId
    agent: AgentId
    queue: QueueId
    phone: DeviceId
    rung_at: float
    connected_at: float | None = None
    ended_at: float | None = None
    hold_seconds: float = 0.0
    how: str = ""
    recording: str = ""
    """The file, below the folder of recordings, of the talk if there was one."""
    pauses: tuple[Pause, ...] = ()
    transferred: Transferred | None = None
    """To whom he passed the caller on; that was when the leg ended."""


class CallMemory(msgspec.Struct, frozen=True):
    """A living call as it is now, with its whole way through menus, queues and agents."""

    call: CallId
    pbx: PbxId
    ani: str
    dnis: str
    arrived_at: float
    language: Language
    option: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    """What he typed in menus, by name."""
    menu: MenuId | None = None
    node: NodeId | None = None
    """Where in which menu he was asked last, None when he is in none."""
    menu_path: tuple[str, ...] = ()
    """His choices in order, each as ``<menu>:<key>``."""
    queue: QueueId | None = None
    """The queue he is in, or was in last."""
    queued_at: float | None = None
    answered_at: float | None = None
    queue_path: tuple[QueueVisit, ...] = ()
    legs: tuple[LegVisit, ...] = ()
    place: Place | None = None
    """Where he waits; his channel says it too, once he is there."""
    heard: tuple[str, ...] = ()
    """What of which incidents he has heard."""
    client: ClientId | None = None


class VoicemailMemory(msgspec.Struct, frozen=True):
    """A message in a queue's box, and how far it is: the task that it is for an agent."""

    id: VoicemailId
    """Also the name of its file, without the ending."""
    state: str
    """A word of ``acd.core.voicemail.VoicemailState``."""
    call: CallId
    queue: QueueId
    ani: str
    dnis: str
    language: Language
    attributes: tuple[tuple[str, str], ...]
    """What he typed in menus, by name."""
    begun_at: float
    left_at: float | None = None
    """When it was whole, None while it is spoken."""
    seconds: float | None = None
    """Of sound, None when nobody saw how it ended."""
    agent: AgentId | None = None
    """Who has taken it."""
    changed_at: float = 0.0
    """When it came into its state."""


class Memory(msgspec.Struct, frozen=True):
    """Everything a new engine is told before it sees its first PBX."""

    agents: tuple[AgentMemory, ...] = ()
    calls: tuple[CallMemory, ...] = ()
    incidents: tuple[Incident, ...] = ()
    """Those that people have set, in the order of their ids."""
    voicemails: tuple[VoicemailMemory, ...] = ()
    """Those that are not done."""


NOTHING: Final = Memory()
"""What an engine is told that has no past."""


# -- a clock that was set back -------------------------------------------------------------------


def newest(memory: Memory) -> float:
    """Return the last moment that the memory tells of; a deadline is none."""
    times = [0.0]
    for agent in memory.agents:
        times += [agent.since, agent.idle_since]
        times += [agent.wrap_up.started_at] if agent.wrap_up is not None else []
    for call in memory.calls:
        times.append(call.arrived_at)
        times += [visit.left_at or visit.entered_at for visit in call.queue_path]
        times += [leg.ended_at or leg.connected_at or leg.rung_at for leg in call.legs]
    times += [voicemail.changed_at for voicemail in memory.voicemails]
    return max(times)


def moved(memory: Memory, seconds: float) -> Memory:
    """Return the same past so much earlier: what lies between two moments stays as it was."""
    return Memory(
        tuple(
            _earlier(
                agent,
                seconds,
                ("since", "logged_in_at", "idle_since"),
                wrap_up=_earlier(agent.wrap_up, seconds, ("started_at", "ends_at")),
            )
            for agent in memory.agents
        ),
        tuple(
            _earlier(
                call,
                seconds,
                ("arrived_at", "queued_at", "answered_at"),
                queue_path=tuple(
                    _earlier(visit, seconds, ("entered_at", "left_at")) for visit in call.queue_path
                ),
                legs=tuple(
                    _earlier(leg, seconds, ("rung_at", "connected_at", "ended_at"))
                    for leg in call.legs
                ),
                place=moved_place(call.place, seconds),
            )
            for call in memory.calls
        ),
        # What people said of the clock on the wall stays as they said it.
        memory.incidents,
        tuple(
            _earlier(voicemail, seconds, ("begun_at", "left_at", "changed_at"))
            for voicemail in memory.voicemails
        ),
    )


def moved_place(place: _P, seconds: float) -> _P:
    """Return the same place so much earlier."""
    return _earlier(place, seconds, ("queued_at", "entered_at", "due_at"))


def _earlier(value: _T, seconds: float, times: tuple[str, ...], **changes: object) -> _T:
    if value is None:
        return value
    for name in times:
        at: float | None = getattr(value, name)
        changes[name] = None if at is None else at - seconds
    replaced: _T = msgspec.structs.replace(value, **changes)
    return replaced
