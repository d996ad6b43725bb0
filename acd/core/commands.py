"""What the engine wants done: typed commands about calls and agents' legs.

Rules: imperative, frozen, complete in themselves. ``acd.ami.actions`` alone turns them into AMI
actions; text in them (labels, numbers) is still as hostile as it came and is made harmless there.
"""

import msgspec

from acd.core.ids import AgentId, CallId, DeviceId, OfferId, PbxId
from acd.core.place import Place


class _Command(msgspec.Struct, frozen=True, gc=False):
    pass


class PlayPrompt(_Command, frozen=True):
    """Play the file ``path`` (as the PBX finds it, no ending); any of ``stop_digits`` stops it.

    Answered by one ``PromptEnded`` with the same ``play_id``.
    """

    call: CallId
    play_id: int
    path: str
    stop_digits: str


class StopPrompt(_Command, frozen=True):
    """Break off what is playing by entering the menu again; answered by ``MenuReached``."""

    call: CallId


class KeepInMenu(_Command, frozen=True):
    """Put off the dead-man timer of a call in a menu. Never sent after ``MoveToWaitingRoom``."""

    call: CallId


class MoveToWaitingRoom(_Command, frozen=True):
    """Send the caller to music; his place is written on his channel so that it outlives us."""

    call: CallId
    place: Place


class RingAgent(_Command, frozen=True):
    """Ring ``phone`` for the waiting caller ``call``; fenced by ``offer``, which is used once."""

    offer: OfferId
    call: CallId
    pbx: PbxId
    agent: AgentId
    phone: DeviceId
    label: str
    caller_number: str
    timeout_seconds: float


class CancelRing(_Command, frozen=True):
    """Stop an agent's ringing leg; it shows "completed elsewhere", not a missed call."""

    offer: OfferId
    call: CallId


class HangUpCall(_Command, frozen=True):
    """End the caller's channel."""

    call: CallId


Command = (
    PlayPrompt | StopPrompt | KeepInMenu | MoveToWaitingRoom | RingAgent | CancelRing | HangUpCall
)
