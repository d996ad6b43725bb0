"""Transfers: what a PBX tells of an agent who passes his caller on. Pure.

Theory (measured on Asterisk 22.10): what is told of a transfer comes in any order. First of all the
agent's phone is said to take the caller from hold, whether or not it held him. Then a blind one
sends the caller into the context of transfers, which his BridgeLeave shows, an attended one moves
him into the other talk, which his BridgeEnter there shows; the agent leaves on his own account,
perhaps before that; and BlindTransfer or AttendedTransfer says what it was. So of a leg that leaves
when there is a sign of a transfer it is told only when the event has come, or WORD_SECONDS later,
where a PBX does not send it (an acd-manager.conf without it).

It must not know what becomes of the caller then: he is the PBX's.
"""

from collections.abc import Mapping
from typing import Final

from acd.ami.channels import CallerChannel, Leg
from acd.ami.messages import AttendedTransferred, BlindTransferred
from acd.core.ids import DeviceId
from acd.core.transfer import LegTransferred, TransferKind

WORD_SECONDS: Final = 0.05
"""How long the word of a transfer may come behind the agent's leaving."""

UNHELD_SECONDS: Final = 0.25
"""How long that sign counts; an agent who takes his caller back speaks longer with him."""

_OURS: Final = frozenset(
    {"", "acd-arrival", "acd-menu", "acd-wait", "acd-external", "acd-emergency"}
)
"""Contexts in which a caller is, or goes to, without having been passed on."""


def leads_away(context: str) -> bool:
    """Tell whether a caller who leaves a talk for this context was sent there by his agent."""
    return context not in _OURS


def awaits_word(leg: Leg, caller: CallerChannel | None, now: float) -> bool:
    """Tell whether it may leave because its caller is passed on, which nobody has said yet."""
    if caller is None or caller.left or leg.transferred:
        return False
    return caller.moved or now - leg.unheld_at <= UNHELD_SECONDS


def read(
    legs: Mapping[str, Leg], message: BlindTransferred | AttendedTransferred
) -> LegTransferred | None:
    """Return what it means for the talk of an agent, None when it is about none."""
    leg = legs.get(message.uniqueid)
    if leg is None and isinstance(message, AttendedTransferred):
        leg = legs.get(message.second)
    if leg is None or not leg.connected or leg.transferred:
        return None
    leg.transferred = True
    if isinstance(message, BlindTransferred):
        said = (message.number, message.context)
        return LegTransferred(leg.offer, TransferKind.BLIND, message.number, None, said)
    # The phone may have sent it in either of its two calls.
    in_first = leg.offer == message.uniqueid
    number = message.second_number if in_first else message.first_number
    channel = message.target if in_first else message.transferee
    device = "" if channel.startswith("Local/") else channel.rpartition("-")[0]
    number = number or device.partition("/")[2]
    phone = DeviceId(device) if device else None
    return LegTransferred(leg.offer, TransferKind.ATTENDED, number, phone, message.said)
