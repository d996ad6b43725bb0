"""An offer: one ring of one agent for one call, and the talk that may follow."""

import msgspec

from acd.core.ids import AgentId, CallId, DeviceId, OfferId, QueueId, RequestId


class Offer(msgspec.Struct, gc=False):
    """One ring of one agent for one call, from the command to the end of his leg."""

    id: OfferId
    call: CallId
    agent: AgentId
    queue: QueueId
    phone: DeviceId
    ani: str
    """The caller's number, known here also when he has hung up before the talk's end is told."""
    rung_at: float
    ringing_seen: bool = False
    claim: str = ""
    answered: bool = False
    cancelled: bool = False
    unseen: bool = False
    """The caller is gone and nobody saw how: this agent, and nobody else, may have talked."""
    overdue: bool = False
    """The PBX did not report the end of the ring in time; we took it back."""
    connected_at: float | None = None
    held_since: float | None = None
    hold_seconds: float = 0.0
    talk_over: bool = False
    mutings: list[tuple[RequestId, bool]] = []
    """Who has asked to pause (or resume) the recording and waits for the PBX to have done it."""
