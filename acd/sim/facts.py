"""What truly happened in the simulated world, told apart from AMI.

The virtual PBX states a fact wherever the world changed, whether or not an event about it was
sent, arrived or was believed. An auditor builds its own picture from these and compares the
engine with it; it must never need the engine's word for anything.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Happening(StrEnum):
    """What a fact is about. `detail` is noted where it says more than the kind."""

    CALLER_ARRIVED = "caller_arrived"
    """Detail: the number dialled."""
    CALLER_IN_MENU = "caller_in_menu"
    CALLER_WAITING = "caller_waiting"
    """In the holding bridge, at the start of each visit to the waiting room, not of each round."""
    CALLER_IN_EMERGENCY = "caller_in_emergency"
    """The dialplan took over. Detail: why (`stale`, `dead_man`, `tries`)."""
    CALLER_OUTSIDE = "caller_outside"
    """He was sent to an outside number, and is the engine's no more. Detail: the number."""
    ANNOUNCED = "announced"
    """A waiting caller begins to hear something, in his room. Detail: the files."""
    ANNOUNCEMENT_ENDED = "announcement_ended"
    """The announcer (`leg`) is gone. Detail: `heard`, or `cut` before its end."""
    CALLER_GONE = "caller_gone"
    """Detail: the hang-up cause, or `restart`."""
    PHONE_RUNG = "phone_rung"
    """The INVITE left for the phone. Detail: what the phone displays."""
    RING_ENDED = "ring_ended"
    """The ring came to no talk. Detail: the cause of the leg's hang-up."""
    PHONE_ANSWERED = "phone_answered"
    BRIDGED = "bridged"
    """Agent and caller hear each other."""
    CALLER_STOLEN = "caller_stolen"
    """A caller was taken out of another talk, or out of AsyncAGI: should never happen."""
    REFUSED = "refused"
    """The agent answered and was not let through to the caller. Detail: why."""
    TALK_ENDED = "talk_ended"
    """The agent's leg and the caller are apart again."""
    CODE_DIALLED = "code_dialled"
    """A phone called the engine. Detail: the extension."""
    CODE_ENDED = "code_ended"
    PHONE_BUSY = "phone_busy"
    """A call of the phone's own began."""
    PHONE_FREE = "phone_free"


class Fact(NamedTuple):
    """One thing that happened at `at` (seconds, the PBX's clock).

    `caller` and `leg` are Uniqueids, `phone` is a device such as `PJSIP/1001`; each is empty where
    it has no part in the matter.
    """

    at: float
    kind: Happening
    caller: str = ""
    phone: str = ""
    leg: str = ""
    detail: str = ""


OnFact = Callable[[Fact], None]
