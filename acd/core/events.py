"""What happens: the typed events the engine is fed, whatever they came from.

Rules: past tense, frozen, one event for one fact. They carry identifiers of ours (CallId,
OfferId, DeviceId), never an AMI header. ``acd.ami.tracker`` makes those that come from a PBX,
``acd.web`` those that come from a person, the shell the rest.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    IncidentId,
    NodeId,
    OfferId,
    PbxId,
    QueueId,
    RequestId,
    VoicemailId,
)
from acd.core.incident import Incident
from acd.core.place import Place
from acd.core.plan import AgentAction, Plan
from acd.core.transfer import LegTransferred as LegTransferred
from acd.core.wishes import CallAction as CallAction
from acd.core.wishes import VoicemailAction as VoicemailAction


class RingOutcome(StrEnum):
    """Why a ring ended without a talk, told apart as Asterisk lets us tell (DESIGN.md, rings)."""

    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    """We took it back: the caller left, or the link to his PBX was lost."""
    CALLER_LEFT = "caller_left"
    """The agent answered, but the caller was gone before they were joined."""


class DeviceState(StrEnum):
    """What a phone is doing, as far as routing cares: a veto, never a permission."""

    FREE = "free"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class _Event(msgspec.Struct, frozen=True, gc=False, tag=True):
    pass


# -- the caller's channel --------------------------------------------------------------------


class CallArrived(_Event, frozen=True):
    """A caller's channel stands in the menu and takes commands. ``ani`` is empty when withheld."""

    call: CallId
    pbx: PbxId
    ani: str
    dnis: str


class CallFoundWaiting(_Event, frozen=True):
    """A caller we did not know stands in the waiting room: we were restarted, he kept his place.

    Everything about his place was read back from his channel (``MoveToWaitingRoom`` wrote it).
    """

    call: CallId
    pbx: PbxId
    ani: str
    place: Place
    in_room: bool = True
    """False when he is just between two rounds of music."""


class CallFoundInMenu(_Event, frozen=True):
    """A caller we did not know stands in the menu, and has been sent to its start.

    ``CallArrived`` follows, unless he hangs up on his way.
    """

    call: CallId


class RingFound(_Event, frozen=True):
    """An agent's phone rings for a caller, and we did not know: we were restarted meanwhile.

    Who waits on that PBX has been told before. ``claim`` is the ring's own; ``ringing`` and
    ``answered`` say how far it is.
    """

    offer: OfferId
    call: CallId
    claim: str
    phone: DeviceId
    ringing: bool
    answered: bool


class TalkFound(_Event, frozen=True):
    """A caller and an agent we did not know talk with each other: we were restarted meanwhile.

    ``place`` is where the caller waited before, None when his channel does not say.
    """

    offer: OfferId
    call: CallId
    pbx: PbxId
    ani: str
    phone: DeviceId
    place: Place | None


class CodeDialled(_Event, frozen=True):
    """An agent's phone (known by its authenticated endpoint) dialled a code such as ``*30``."""

    call: CallId
    pbx: PbxId
    phone: DeviceId
    code: str


class MenuReached(_Event, frozen=True):
    """A call we know stands in the menu again and takes commands; what was playing is over."""

    call: CallId


class PromptEnded(_Event, frozen=True):
    """The prompt started by ``PlayPrompt(play_id)`` is over; not ``ok`` when it never played."""

    call: CallId
    play_id: int
    ok: bool


class RecordingEnd(StrEnum):
    """How a recording ended."""

    OVER = "over"
    """By a key, by its time, by silence, or with the call: the file is there."""
    NO_BEEP = "no_beep"
    """It did not begin, because the beep could not be played."""
    FAILED = "failed"
    """There is no file, and there will be none if it is tried again."""


class MessageRecorded(_Event, frozen=True):
    """What ``RecordMessage(play_id)`` ordered is over; ``seconds`` of sound are in the file."""

    call: CallId
    play_id: int
    how: RecordingEnd
    seconds: float


class DigitPressed(_Event, frozen=True):
    """One key, counted exactly once; ``digit`` is one of 0-9, *, #, A-D."""

    call: CallId
    digit: str


class WaitingRoomEntered(_Event, frozen=True):
    """The caller is in his holding bridge, with music: from now on he can be rung for."""

    call: CallId


class WaitingRoomLeft(_Event, frozen=True):
    """The caller is between two rounds of the waiting room, or on his way out of it."""

    call: CallId


class AnnouncementEnded(_Event, frozen=True):
    """What ``Announce(announcement_id)`` ordered is over, or never began."""

    call: CallId
    announcement_id: int


class CallerHungUp(_Event, frozen=True):
    """The caller's channel is gone. ``lost`` when it was the PBX that vanished, not the caller.

    ``unseen`` when nobody saw how, and a phone that rang for him is silent as well: he may have
    talked.
    """

    call: CallId
    lost: bool = False
    unseen: bool = False


class CallerRescued(_Event, frozen=True):
    """The dialplan took the caller to the emergency queue while we could not be reached."""

    call: CallId


# -- the agent's leg -------------------------------------------------------------------------


class LegRinging(_Event, frozen=True):
    """The agent's phone said that it rings."""

    offer: OfferId


class LegAnswered(_Event, frozen=True):
    """The agent lifted; the PBX is joining him with the caller."""

    offer: OfferId


class LegFailed(_Event, frozen=True):
    """The agent's leg is gone and never talked."""

    offer: OfferId
    outcome: RingOutcome


class LegConnected(_Event, frozen=True):
    """Agent and caller are in one bridge."""

    offer: OfferId


class LegLeftTalk(_Event, frozen=True):
    """The agent's own leg has left the conversation; the phone may still be hanging up.

    ``caller_left``: the caller had hung up, or left it, before him.
    """

    offer: OfferId
    caller_left: bool = False


class LegEnded(_Event, frozen=True):
    """The agent's leg, which had talked, is gone."""

    offer: OfferId


class LegHeld(_Event, frozen=True):
    """The agent put the caller on hold (``held``) or took him back."""

    offer: OfferId
    held: bool


# -- phones and PBXs -------------------------------------------------------------------------


class DeviceChanged(_Event, frozen=True):
    """A phone's state as its PBX reports it."""

    phone: DeviceId
    state: DeviceState


class PbxLive(_Event, frozen=True):
    """The PBX is connected and every call and phone on it has been read and compared."""

    pbx: PbxId


class PbxDown(_Event, frozen=True):
    """The link to the PBX is gone. Its calls live on; nothing may be offered on it meanwhile."""

    pbx: PbxId


class DifferenceFound(_Event, frozen=True):
    """The PBX was read and is not as we believed; what follows puts it right.

    ``kind`` is a constant word, ``subject`` the call or phone it is about.
    """

    kind: str
    subject: str


class CommandFailed(_Event, frozen=True):
    """The PBX refused a command about a call, or did not answer it in time."""

    call: CallId
    command: str
    reason: str


# -- people and operators --------------------------------------------------------------------


class AgentRequested(_Event, frozen=True):
    """A person asked over HTTP for a change of an agent's state; answered by one ``Replied``."""

    request: RequestId
    agent: AgentId
    action: AgentAction
    reason: str = ""
    phone: DeviceId | None = None


class RecordingAction(StrEnum):
    """What an agent can do about the recording of his talk, while he talks."""

    PAUSE = "pause-recording"
    RESUME = "resume-recording"


AgentWish = AgentAction | RecordingAction
"""What an agent can ask for over HTTP."""


class RecordingRequested(_Event, frozen=True):
    """An agent asked for his recording to be paused or resumed; answered by one ``Replied``."""

    request: RequestId
    agent: AgentId
    action: RecordingAction


class RecordingMuted(_Event, frozen=True):
    """The PBX has done the oldest ``MuteRecording`` of this leg that was open, or could not."""

    offer: OfferId
    done: bool


class RecordingExpired(_Event, frozen=True):
    """The recording of a call was kept as long as its queue says, and is deleted."""

    call: CallId


class CallRequested(_Event, frozen=True):
    """A supervisor asked for a change of a waiting call; answered by one ``Replied``."""

    request: RequestId
    call: CallId
    action: CallAction
    queue: QueueId | None = None
    seconds: float = 0.0
    position: int = 1


class IncidentRequested(_Event, frozen=True):
    """Somebody set an incident, or changed the one of this id, or ended it; answered by one
    ``Replied``. ``incident`` is None when it is to end."""

    request: RequestId
    id: IncidentId
    incident: Incident | None


class VoicemailRequested(_Event, frozen=True):
    """An agent asked for a change of a voicemail; answered by one ``Replied``."""

    request: RequestId
    voicemail: VoicemailId
    action: VoicemailAction
    agent: AgentId


class Confirmed(_Event, frozen=True):
    """What this call waits for to be written down is ``durable``, or could not be in time."""

    call: CallId
    durable: bool


class LookedUp(_Event, frozen=True):
    """The answer to one ``LookUpDue``: what was found of the caller, or None: nobody knows him."""

    call: CallId
    node: NodeId
    values: Mapping[str, str] | None


class LookUpFailed(_Event, frozen=True):
    """Nobody answered one ``LookUpDue`` in time, or not so that it could be understood."""

    call: CallId
    node: NodeId
    reason: str


class PlanReplaced(_Event, frozen=True):
    """New configuration, complete and checked; used from this event on."""

    plan: Plan


class Tick(_Event, frozen=True):
    """Nothing happened but time: what is due by ``now`` is done."""


Event = (
    CallArrived
    | CallFoundWaiting
    | CallFoundInMenu
    | RingFound
    | TalkFound
    | CodeDialled
    | MenuReached
    | PromptEnded
    | MessageRecorded
    | DigitPressed
    | WaitingRoomEntered
    | WaitingRoomLeft
    | AnnouncementEnded
    | CallerHungUp
    | CallerRescued
    | LegRinging
    | LegAnswered
    | LegFailed
    | LegConnected
    | LegTransferred
    | LegLeftTalk
    | LegEnded
    | LegHeld
    | DeviceChanged
    | PbxLive
    | PbxDown
    | DifferenceFound
    | CommandFailed
    | AgentRequested
    | CallRequested
    | RecordingRequested
    | RecordingMuted
    | RecordingExpired
    | IncidentRequested
    | VoicemailRequested
    | Confirmed
    | LookedUp
    | LookUpFailed
    | PlanReplaced
    | Tick
)
