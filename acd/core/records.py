"""What has become true: typed facts for metrics, the store, the log and the live view.

Rules: past tense, frozen, with the time ``at`` (seconds since the epoch) first. A record is
written once, when it is final; nobody edits one. Numbers of callers appear only in ``CallEnded``,
``CallKept`` and snapshots, for the books, never in a metric.
"""

from collections.abc import Mapping

import msgspec

from acd.core.events import DeviceState, RingOutcome
from acd.core.explanation import Candidate as Candidate
from acd.core.explanation import ExplainedStep as ExplainedStep
from acd.core.explanation import Explanation as Explanation
from acd.core.ids import (
    AgentId,
    CallId,
    ClientId,
    DeviceId,
    IncidentId,
    MenuId,
    NodeId,
    OfferId,
    PbxId,
    QueueId,
    RequestId,
)
from acd.core.incident import Incident
from acd.core.memory import AgentMemory, CallMemory, LegVisit, QueueVisit, VoicemailMemory
from acd.core.picture import AgentState as AgentState
from acd.core.picture import AgentView as AgentView
from acd.core.picture import CallView as CallView
from acd.core.picture import Census as Census
from acd.core.picture import Estimates as Estimates
from acd.core.picture import IncidentView as IncidentView
from acd.core.picture import QueueView as QueueView
from acd.core.picture import Snapshot as Snapshot
from acd.core.queueplan import Requirement
from acd.core.states import Activity as Activity
from acd.core.states import CallState as CallState
from acd.core.states import Outcome as Outcome
from acd.core.states import Presence as Presence
from acd.core.states import WrapUpEnd as WrapUpEnd
from acd.core.transfer import TransferKind


class _Record(msgspec.Struct, frozen=True, gc=False, tag=True):
    at: float


class TrailStep(msgspec.Struct, frozen=True, gc=False):
    """One decision about a call: ``what`` is a constant word, ``text`` says why, for people."""

    at: float
    what: str
    text: str
    agent: AgentId | None = None
    asked: Requirement | None = None
    """What the call asked for from here on, where that is new."""
    queue: QueueId | None = None
    """The queue it stood in from here on, where that is new."""
    order: int = 0
    """Which changes of agents came before it (acd.core.history), where agents matter."""


class CallOffered(_Record, frozen=True):
    """A new call came in."""

    call: CallId
    pbx: PbxId


class MenuSelected(_Record, frozen=True):
    """A caller's key was a choice of the menu; ``option`` is the key."""

    call: CallId
    menu: MenuId
    option: str


class MenuMissed(_Record, frozen=True):
    """A caller pressed a key that is no choice (``wrong_key``) or none in time (``no_key``)."""

    call: CallId
    menu: MenuId
    kind: str


class CallQueued(_Record, frozen=True):
    """The call entered a queue; its wait clock starts."""

    call: CallId
    queue: QueueId
    due_at: float


class CallRelaxed(_Record, frozen=True):
    """A waiting call asks for less from now on; ``step`` counts from 1."""

    call: CallId
    queue: QueueId
    step: int


class CallLeftQueue(_Record, frozen=True):
    """A rule or a person took a call out of a queue before anybody answered.

    ``outcome`` is how this queue counts it; ``rule`` is the condition's word, or ``supervisor``;
    ``target`` says where it went, as ``queue:billing`` or ``number:+4930...``.
    """

    call: CallId
    queue: QueueId
    outcome: Outcome
    rule: str
    target: str
    wait_seconds: float
    key: str = ""
    """What he pressed, when that was why."""


class CallReordered(_Record, frozen=True):
    """A supervisor gave a waiting call another place."""

    call: CallId
    queue: QueueId
    due_at: float


class WaitAnnounced(_Record, frozen=True):
    """A waiting caller is told his position and estimated wait, as far as either is told."""

    call: CallId
    queue: QueueId
    position: int | None
    estimate_seconds: float | None


class IncidentHeard(_Record, frozen=True):
    """A caller is told of an incident, before this queue or while he waits in it."""

    call: CallId
    queue: QueueId
    incident: IncidentId


class CallDeflected(_Record, frozen=True):
    """A caller told of an incident hung up informed; ``queue`` had one call less to serve."""

    call: CallId
    queue: QueueId


class IncidentKept(_Record, frozen=True):
    """Somebody has set or changed an incident, which outlives the engine."""

    incident: Incident


class IncidentEnded(_Record, frozen=True):
    """An incident that somebody had set is over; ``how`` is ``ended`` or, by its time, ``over``."""

    incident: IncidentId
    how: str


class ShiftEnding(_Record, frozen=True):
    """An agent's shift ends at ``ends_at``; with ``over`` it just has."""

    agent: AgentId
    ends_at: float
    over: bool


class AgentRung(_Record, frozen=True):
    """An agent's phone was asked to ring for a call."""

    offer: OfferId
    call: CallId
    queue: QueueId
    agent: AgentId


class RingEnded(_Record, frozen=True):
    """A ring ended without a talk; the caller kept his place unless he left."""

    offer: OfferId
    call: CallId
    queue: QueueId
    agent: AgentId
    outcome: RingOutcome
    ring_seconds: float


class CallAnswered(_Record, frozen=True):
    """Caller and agent are joined. ``wait_seconds`` is since the queue was entered."""

    call: CallId
    queue: QueueId
    agent: AgentId
    wait_seconds: float
    ring_seconds: float


class TalkEnded(_Record, frozen=True):
    """The agent's leg left the talk. ``hold_seconds`` is part of ``talk_seconds``.

    ``caller_left``: the caller had left it before him, as far as that was seen.
    """

    call: CallId
    queue: QueueId
    agent: AgentId
    talk_seconds: float
    hold_seconds: float
    caller_left: bool = False


class CallTransferred(_Record, frozen=True):
    """The agent has passed his caller on by his phone; that his talk has ended is told behind it.

    ``to`` is who is at that number, None when nobody whom acd knows; ``said`` is what queue_log
    has of it: number and context, or what became of the two calls.
    """

    call: CallId
    queue: QueueId
    agent: AgentId
    kind: TransferKind
    number: str
    to: AgentId | None
    said: tuple[str, ...]


class SurveyAnswered(_Record, frozen=True):
    """A caller has said something in the survey after his talk with ``agent``.

    ``question`` is the attribute that the menu collects into, ``answer`` the keys he pressed.
    """

    call: CallId
    queue: QueueId
    agent: AgentId
    question: str
    answer: str


class RecordingDeleted(_Record, frozen=True):
    """The recording of a call's talk is no more; the rest of its record stands."""

    call: CallId


class WrapUpStarted(_Record, frozen=True):
    """After-call work began: nobody can ring the agent before ``ends_at`` unless he ends it."""

    agent: AgentId
    queue: QueueId
    call: CallId
    ends_at: float


class WrapUpEnded(_Record, frozen=True):
    """After-call work is over."""

    agent: AgentId
    queue: QueueId
    how: WrapUpEnd
    seconds: float
    call: CallId | None = None
    """Whose work it was, as ``WrapUpStarted`` told."""


class AgentChanged(_Record, frozen=True):
    """An agent's presence, activity or device is new; all three are given.

    ``what`` is the one that is new: ``presence``, ``activity`` or ``device``.
    """

    agent: AgentId
    what: str
    presence: Presence
    reason: str
    activity: Activity
    device: DeviceState
    phone: DeviceId


class CallEnded(_Record, frozen=True):
    """The one final record of a call. Times are epoch seconds, None for what never happened."""

    call: CallId
    pbx: PbxId
    outcome: Outcome
    ani: str
    dnis: str
    language: str
    option: str
    queue: QueueId | None
    agent: AgentId | None
    arrived_at: float
    queued_at: float | None
    answered_at: float | None
    talk_ended_at: float | None
    skills: tuple[str, ...] = ()
    """What he asked for at last, in words such as ``billing >= 3``."""
    attributes: tuple[tuple[str, str], ...] = ()
    menu_path: tuple[str, ...] = ()
    """His choices in order, each as ``<menu>:<key>``."""
    queue_path: tuple[QueueVisit, ...] = ()
    legs: tuple[LegVisit, ...] = ()
    """Every ring for him, in order, with its talk."""
    heard: tuple[str, ...] = ()
    """What of which incidents he heard: ``<incident>``, ``<incident>/hazard``."""
    client: ClientId | None = None
    """Whose number he dialled."""
    recording: str = ""
    """The file of his talk, below the folder of recordings; "" when it was not recorded. What was
    left out of it stands with its leg, whether he agreed in the attribute ``recording_consent``."""
    recording_deleted_at: float | None = None
    """Filled in by a store once it is so."""


class CallKept(_Record, frozen=True):
    """A living call has changed in what must outlive the engine; replaces what was kept of it."""

    call: CallMemory


class AgentKept(_Record, frozen=True):
    """An agent has changed in what must outlive the engine; replaces what was kept of him."""

    agent: AgentMemory


class VoicemailKept(_Record, frozen=True):
    """A voicemail has changed; replaces what was kept of it."""

    voicemail: VoicemailMemory


class Replied(_Record, frozen=True):
    """The answer to one ``AgentRequested``: ``refusal`` is empty when it was done."""

    request: RequestId
    refusal: str


class FormFilled(_Record, frozen=True):
    """A caller gave these values in a menu, and that was all he wanted to say: a meter reading."""

    call: CallId
    form: str
    values: Mapping[str, str]


class LookUpDue(_Record, frozen=True):
    """A caller in a menu waits for the answer of a ``lookup``: ``LookedUp`` or, with the same
    ``node``, ``LookUpFailed``. ``known`` is what is known of him, as hostile as he is."""

    call: CallId
    node: NodeId
    lookup: str
    known: Mapping[str, str]


class ConfirmationDue(_Record, frozen=True):
    """Something that was done waits until it is written down, to be told or to go on: answered by
    ``Confirmed`` when that is durable, and not before."""

    call: CallId


class Noticed(_Record, frozen=True):
    """Something operators should read in the log; ``kind`` is a short constant word."""

    kind: str
    text: str


class Repaired(_Record, frozen=True):
    """Our picture of the PBX was wrong and has been put right; ``kind`` is a constant word."""

    kind: str
    text: str


Record = (
    CallOffered
    | MenuSelected
    | MenuMissed
    | CallQueued
    | CallRelaxed
    | CallLeftQueue
    | CallReordered
    | WaitAnnounced
    | IncidentHeard
    | CallDeflected
    | IncidentKept
    | IncidentEnded
    | ShiftEnding
    | AgentRung
    | RingEnded
    | CallAnswered
    | CallTransferred
    | TalkEnded
    | SurveyAnswered
    | RecordingDeleted
    | WrapUpStarted
    | WrapUpEnded
    | AgentChanged
    | CallEnded
    | CallKept
    | AgentKept
    | FormFilled
    | LookUpDue
    | VoicemailKept
    | Replied
    | ConfirmationDue
    | Noticed
    | Repaired
)
