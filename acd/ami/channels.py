"""What acd keeps of one channel: a caller's, and an agent's leg. Pure.

It must not know what changes them: that is the tracker's.
"""

import msgspec

from acd.ami.answers import Ordered
from acd.core.ids import CallId, OfferId


class CallerChannel(msgspec.Struct, gc=False):
    """The channel of a caller, or of an agent who dials a code."""

    call: CallId
    uniqueid: str
    channel: str
    code: bool
    in_room: bool = False
    bridge: str = ""
    left: bool = False
    """The caller has hung up, though the channel may still be there."""
    moved: bool = False
    """He was taken out of the talk with his agent, to somebody else."""
    lost: bool = False
    """The PBX is being stopped, and this channel with it."""
    kept_at: float = 0.0
    """When his dialogue last showed that it lives: it began, or put off his dead-man timer."""
    key_down: str = ""
    sends_begin: bool = False
    commands: dict[str, Ordered] = {}
    """By CommandID: prompts and recordings that have not ended."""
    reentries: int = 0


class Leg(msgspec.Struct, gc=False):
    """An agent's leg; its Uniqueid is the offer's id."""

    offer: OfferId
    call: CallId
    device: str = ""
    """Its phone, "" for a leg that another engine ordered."""
    alone: bool = True
    """Nothing was seen of a second call at its phone: no hold, no other ring."""
    bridge: str = ""
    seen: bool = False
    ringing: bool = False
    answered: bool = False
    connected: bool = False
    left: bool = False
    transferred: bool = False
    """Its phone has passed the caller on."""
    unheld_at: float = float("-inf")
    """When its phone last took the caller from hold, or is said to have."""
    undecided: bool = False
    """It has left the talk, and that is not told yet: was the caller passed on?"""
    gone: bool = False
    """The same of its end."""
    cancelled: bool = False
    reason: int | None = None
    cause: int | None = None
