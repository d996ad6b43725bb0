"""What the engine wants done: typed commands about calls and agents' legs.

Rules: imperative, frozen, complete in themselves. ``acd.ami.actions`` alone turns them into AMI
actions; text in them (labels, numbers) is still as hostile as it came and is made harmless there.
"""

from enum import StrEnum

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


class RecordMessage(_Command, frozen=True):
    """Record what the caller says into the file ``path`` (as the PBX finds it, no ending).

    Ends at the hash key, after ``longest_seconds``, after ``silence_seconds`` in which nothing was
    said, or with the call; answered by one ``MessageRecorded`` with the same ``play_id``.
    """

    call: CallId
    play_id: int
    path: str
    beep: bool
    longest_seconds: float
    silence_seconds: float


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


class ChangePlace(_Command, frozen=True):
    """The caller who waits is in another queue now; where he stands and hears music he stays."""

    call: CallId
    place: Place


class EnterMenu(_Command, frozen=True):
    """Take the caller out of the waiting room into the menu; answered by ``MenuReached``."""

    call: CallId


class ReturnAfterTalk(_Command, frozen=True):
    """The caller, who talks, comes back into the menu when his agent hangs up, and is not hung up.

    Answered by ``MenuReached`` then.
    """

    call: CallId


class SendToNumber(_Command, frozen=True):
    """Connect the caller with an outside ``number``; what becomes of it is the PBX's business."""

    call: CallId
    number: str


class Announce(_Command, frozen=True):
    """Play files (as the PBX finds them, no ending) to a caller who waits; he stays where he is.

    Answered by one ``AnnouncementEnded`` with the same ``announcement_id``, also when he was
    connected or left before the end. An agent who answers is connected at once.
    """

    call: CallId
    announcement_id: int
    paths: tuple[str, ...]


class RingAgent(_Command, frozen=True):
    """Ring ``phone`` for the waiting caller ``call``; ``offer`` names this leg and is used once.

    The leg that answers is joined with the caller only if it is the first to claim ``claim``,
    which is on the caller's channel from now on. With ``alone`` no other leg has this claim.
    """

    offer: OfferId
    call: CallId
    claim: str
    alone: bool
    pbx: PbxId
    agent: AgentId
    phone: DeviceId
    label: str
    caller_number: str
    timeout_seconds: float
    recording: str = ""
    """The file, as the PBX finds it, into which the talk is recorded; "" for none."""


class CancelRing(_Command, frozen=True):
    """Stop an agent's ringing leg; it shows "completed elsewhere", not a missed call.

    With ``void`` the caller's claim is void too: nobody who answers now may be joined with him.
    """

    offer: OfferId
    call: CallId
    void: bool = True


class MuteRecording(_Command, frozen=True):
    """Let the recording of this talk go on with silence, or (not ``muted``) with what is said.

    Answered by one ``RecordingMuted``; several in their order.
    """

    offer: OfferId
    call: CallId
    muted: bool


class HangUpCall(_Command, frozen=True):
    """End the caller's channel."""

    call: CallId


class Duty(StrEnum):
    """What an agent is to the PBX while there is no engine."""

    READY = "ready"
    WRAP_UP = "wrap_up"
    """Not to be rung, but callers may wait for him."""
    OFF = "off"
    """Logged out, not ready, or not at his own phone: not there."""


class ShowDuty(_Command, frozen=True):
    """Let the PBX know how the agent is, for when there is no engine; it is never urgent."""

    pbx: PbxId
    agent: AgentId
    duty: Duty


CallCommand = (
    PlayPrompt
    | RecordMessage
    | StopPrompt
    | KeepInMenu
    | MoveToWaitingRoom
    | ChangePlace
    | EnterMenu
    | ReturnAfterTalk
    | SendToNumber
    | Announce
    | RingAgent
    | CancelRing
    | MuteRecording
    | HangUpCall
)
"""What is about one call, at whose PBX it is done."""

Command = CallCommand | ShowDuty
