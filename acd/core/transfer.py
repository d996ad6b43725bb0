"""A caller whom his agent has passed on: what a PBX tells of it, and what stays in his record.

Rules: the agent does it by his phone and the PBX carries it out; acd orders nothing and only takes
it down. It must not know how a PBX says it.
"""

from enum import StrEnum

import msgspec

from acd.core.ids import AgentId, DeviceId, OfferId


class TransferKind(StrEnum):
    """Whether the agent has spoken with whom he passes the caller on to."""

    BLIND = "blind"
    """Without consultation: the other phone only begins to ring."""
    ATTENDED = "attended"
    """With consultation: the two have talked, or its ring was waited for."""


class Transferred(msgspec.Struct, frozen=True):
    """How a talk ended for its agent, when he passed the caller on."""

    kind: TransferKind
    number: str
    """What was dialled."""
    agent: AgentId | None = None
    """Who is logged in at the phone of that number; None: nobody whom acd knows."""


class LegTransferred(msgspec.Struct, frozen=True, gc=False, tag=True):
    """By this leg's phone its caller was passed on; that it leaves the talk is told behind it.

    ``phone`` is where he went, None when only the number is known. ``said`` is the PBX's own word
    for it, as queue_log has it: number and context, or what became of the two calls.
    """

    offer: OfferId
    kind: TransferKind
    number: str
    phone: DeviceId | None
    said: tuple[str, ...]
