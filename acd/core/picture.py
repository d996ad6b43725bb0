"""The picture of one moment: what the engine shows of itself, made between two steps.

Rules: frozen, complete in itself, each part in a stable order (``acd.core.view`` makes it).
"""

from collections.abc import Mapping

import msgspec

from acd.core.events import DeviceState
from acd.core.ids import AgentId, CallId, DeviceId, PbxId, QueueId
from acd.core.incident import Incident
from acd.core.memory import VoicemailMemory
from acd.core.numbers import ClientView
from acd.core.states import Activity, CallState, Presence


class QueueView(msgspec.Struct, frozen=True):
    """One queue now. ``longest_wait_seconds`` is 0 when nobody waits."""

    queue: QueueId
    label: str
    waiting: int
    ringing: int
    connected: int
    longest_wait_seconds: float
    agents_ready: int
    """Agents with the skills who are ready, whatever they are doing."""
    agents_free: int
    estimate_seconds: float | None = None
    """How long somebody who joined now would probably wait; None when nobody can know."""


class CallView(msgspec.Struct, frozen=True):
    """One living call now; ``since`` is when it came into its state (epoch seconds)."""

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
    position: int | None = None
    """In its queue, 1 for the first; None when it does not wait."""
    client: ClientView | None = None
    attributes: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What he typed in menus, and what was looked up."""


class AgentView(msgspec.Struct, frozen=True):
    """One agent now; ``wrap_up_ends_at`` is None unless he is in wrap-up."""

    agent: AgentId
    name: str
    phone: DeviceId
    presence: Presence
    reason: str
    activity: Activity
    device: DeviceState
    since: float
    call: CallId | None
    queue: QueueId | None
    wrap_up_ends_at: float | None
    client: ClientView | None = None
    """That of his call."""
    attributes: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The caller's of his call."""


class IncidentView(msgspec.Struct, frozen=True):
    """One incident now: whether callers hear it, and whether it stands in the configuration."""

    incident: Incident
    is_on: bool
    configured: bool


class Snapshot(msgspec.Struct, frozen=True):
    """Everything at one moment, each part in a stable order."""

    at: float
    queues: tuple[QueueView, ...]
    calls: tuple[CallView, ...]
    agents: tuple[AgentView, ...]
    incidents: tuple[IncidentView, ...] = ()
    voicemails: tuple[VoicemailMemory, ...] = ()
    """Those that wait or are taken, the oldest first."""


Estimates = Mapping[QueueId, float | None]
"""How long who joined a queue now would wait, None when nobody can know."""


class AgentState(msgspec.Struct, frozen=True):
    """What counting needs of one agent."""

    agent: AgentId
    presence: Presence
    reason: str
    activity: Activity
    device: DeviceState
    since: float
    queue: QueueId | None


class Census(msgspec.Struct, frozen=True):
    """Of everything at one moment what is counted: no callers, nobody's name."""

    at: float
    queues: tuple[QueueView, ...]
    agents: tuple[AgentState, ...]
    voicemails: tuple[VoicemailMemory, ...] = ()
