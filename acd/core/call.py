"""A call: the caller's whole visit, from the first prompt to the hang-up.

Theory: ARRIVED -> IN_MENU -> QUEUED -> RINGING -> CONNECTED -> ENDED, with back edges. While he
is QUEUED the caller is moved by the PBX between rounds of the waiting room; ``in_room`` says
whether he stands in it just now, and only then may somebody be rung for him (asterisk-facts:
of 3,000 callers bridged on their way out of AsyncAGI 3 leaked a channel). Waiting again is not
arriving: his place (``due_at``, ``sequence``) is fixed when he enters the queue.
"""

from enum import StrEnum
from typing import Final

import msgspec

from acd.core.history import Trail
from acd.core.ids import (
    AgentId,
    CallId,
    ClientId,
    Language,
    OfferId,
    PbxId,
    QueueId,
    VoicemailId,
)
from acd.core.ivr import Dialogue
from acd.core.machine import IGNORE, ILLEGAL, Machine
from acd.core.memory import CallMemory, LegVisit, QueueVisit
from acd.core.plan import Need
from acd.core.records import CallState, Outcome


class CallSignal(StrEnum):
    """What moves a call."""

    MENU = "menu"
    QUEUE = "queue"
    OFFER = "offer"
    LEAVE = "leave queue"
    RING_FAILED = "ring failed"
    CONNECT = "connect"
    TALK_ENDED = "talk ended"
    END = "end"


CALL: Final = Machine[CallState, CallSignal](
    "call",
    {
        (CallState.ARRIVED, CallSignal.MENU): CallState.IN_MENU,
        # He was found waiting after a restart.
        (CallState.ARRIVED, CallSignal.QUEUE): CallState.QUEUED,
        (CallState.ARRIVED, CallSignal.OFFER): ILLEGAL,
        (CallState.ARRIVED, CallSignal.RING_FAILED): ILLEGAL,
        # He was found in a talk after a restart.
        (CallState.ARRIVED, CallSignal.CONNECT): CallState.CONNECTED,
        (CallState.ARRIVED, CallSignal.TALK_ENDED): ILLEGAL,
        (CallState.ARRIVED, CallSignal.END): CallState.ENDED,
        (CallState.IN_MENU, CallSignal.MENU): IGNORE,
        (CallState.IN_MENU, CallSignal.QUEUE): CallState.QUEUED,
        (CallState.IN_MENU, CallSignal.OFFER): ILLEGAL,
        (CallState.IN_MENU, CallSignal.RING_FAILED): ILLEGAL,
        (CallState.IN_MENU, CallSignal.CONNECT): ILLEGAL,
        (CallState.IN_MENU, CallSignal.TALK_ENDED): IGNORE,
        (CallState.IN_MENU, CallSignal.END): CallState.ENDED,
        # AsyncAGI may start once more while our Redirect is on its way.
        (CallState.QUEUED, CallSignal.MENU): IGNORE,
        (CallState.QUEUED, CallSignal.QUEUE): ILLEGAL,
        (CallState.QUEUED, CallSignal.OFFER): CallState.RINGING,
        (CallState.QUEUED, CallSignal.RING_FAILED): ILLEGAL,
        (CallState.QUEUED, CallSignal.CONNECT): ILLEGAL,
        (CallState.QUEUED, CallSignal.TALK_ENDED): IGNORE,
        (CallState.QUEUED, CallSignal.END): CallState.ENDED,
        (CallState.RINGING, CallSignal.MENU): IGNORE,
        (CallState.RINGING, CallSignal.QUEUE): ILLEGAL,
        (CallState.RINGING, CallSignal.OFFER): ILLEGAL,
        (CallState.RINGING, CallSignal.RING_FAILED): CallState.QUEUED,
        (CallState.RINGING, CallSignal.CONNECT): CallState.CONNECTED,
        (CallState.RINGING, CallSignal.TALK_ENDED): ILLEGAL,
        (CallState.RINGING, CallSignal.END): CallState.ENDED,
        # ACD_AFTER=1 sends the caller to the next menu after the talk.
        (CallState.CONNECTED, CallSignal.MENU): CallState.IN_MENU,
        (CallState.CONNECTED, CallSignal.QUEUE): ILLEGAL,
        (CallState.CONNECTED, CallSignal.OFFER): ILLEGAL,
        (CallState.CONNECTED, CallSignal.RING_FAILED): ILLEGAL,
        (CallState.CONNECTED, CallSignal.CONNECT): IGNORE,
        (CallState.CONNECTED, CallSignal.TALK_ENDED): IGNORE,
        (CallState.CONNECTED, CallSignal.END): CallState.ENDED,
        # Only who waits, rung for or not, can leave a queue.
        (CallState.ARRIVED, CallSignal.LEAVE): ILLEGAL,
        (CallState.IN_MENU, CallSignal.LEAVE): IGNORE,
        (CallState.QUEUED, CallSignal.LEAVE): CallState.IN_MENU,
        (CallState.RINGING, CallSignal.LEAVE): CallState.IN_MENU,
        (CallState.CONNECTED, CallSignal.LEAVE): ILLEGAL,
        (CallState.ENDED, CallSignal.LEAVE): IGNORE,
        (CallState.ENDED, CallSignal.MENU): IGNORE,
        (CallState.ENDED, CallSignal.QUEUE): IGNORE,
        (CallState.ENDED, CallSignal.OFFER): ILLEGAL,
        (CallState.ENDED, CallSignal.RING_FAILED): IGNORE,
        (CallState.ENDED, CallSignal.CONNECT): IGNORE,
        (CallState.ENDED, CallSignal.TALK_ENDED): IGNORE,
        (CallState.ENDED, CallSignal.END): IGNORE,
    },
)


class Informed(msgspec.Struct, frozen=True):
    """He is being told of an incident: who hangs up between these times does so informed."""

    queue: QueueId
    """For which he came, or in which he waits."""
    since: float
    until: float


class Call:
    """One call's living state; only the engine's modules write to it."""

    __slots__ = (
        "agent",
        "ani",
        "announced_at",
        "announcing",
        "answered_at",
        "answers",
        "arrived_at",
        "attributes",
        "claim",
        "client",
        "dialogue",
        "dnis",
        "due_at",
        "entered_at",
        "heap",
        "heard",
        "hearing",
        "hopped_at",
        "hops",
        "id",
        "in_room",
        "informed",
        "kept",
        "language",
        "left_as",
        "legs",
        "menu_path",
        "needs",
        "offers",
        "option",
        "pbx",
        "preferred",
        "queue",
        "queue_path",
        "queued_at",
        "recording",
        "sequence",
        "since",
        "state",
        "step",
        "talk_ended_at",
        "told_band",
        "told_position",
        "told_times",
        "trail",
        "voicemail",
    )

    def __init__(self, call: CallId, pbx: PbxId, ani: str, dnis: str, now: float) -> None:
        self.id = call
        self.pbx = pbx
        self.ani = ani
        self.dnis = dnis
        self.client: ClientId | None = None
        """For whom he calls."""
        self.state = CallState.ARRIVED
        self.since = now
        self.arrived_at = now
        self.dialogue: Dialogue | None = None
        self.attributes: dict[str, str] = {}
        """What he typed in menus."""
        self.language: Language = Language("")
        self.option = ""
        self.queue: QueueId | None = None
        self.queued_at: float | None = None
        self.due_at = 0.0
        self.sequence = 0
        """Breaks ties of ``due_at``: the order in which calls entered their queues."""
        self.entered_at = 0.0
        """When he entered his present queue; ``queued_at`` is the start of his wait clock."""
        self.needs: tuple[Need, ...] = ()
        """What his option and attributes ask for besides what the queue needs."""
        self.step = 0
        """How many of the queue's relaxations have been taken."""
        self.preferred: AgentId | None = None
        """Only this agent may take the call until patience ends."""
        self.hops = 0
        """Rules of queues that were followed for him at ``hopped_at``."""
        self.hopped_at = 0.0
        self.left_as: Outcome | None = None
        """How he left his last queue by a rule, if he did."""
        self.in_room = False
        self.heap: object = None
        """The heap that holds his true entry (see acd.core.queue)."""
        self.offers: list[OfferId] = []
        """The legs that ring for him, or the one he talks with."""
        self.claim = ""
        self.agent: AgentId | None = None
        self.announcing = 0
        """The announcement he is hearing, 0 when none."""
        self.announced_at = 0.0
        self.told_position = 0
        self.told_band = -1
        self.told_times = 0
        """How often he was told something in his present queue."""
        self.heard: frozenset[str] = frozenset()
        """What of which incidents he has heard (acd.core.incidents)."""
        self.hearing: frozenset[str] = frozenset()
        """The same of what he is hearing before he is put into a queue."""
        self.informed: Informed | None = None
        self.voicemail: VoicemailId | None = None
        """The last message he has left, or speaks."""
        self.recording = False
        """The PBX was asked to record him, and has not reported the end."""
        self.trail = Trail()
        """What was decided about him, for ``acd explain``."""
        self.menu_path: list[str] = []
        """His choices in order, each as ``<menu>:<key>``."""
        self.queue_path: list[QueueVisit] = []
        self.legs: dict[OfferId, LegVisit] = {}
        """Every ring for him, the present one included, with its talk."""
        self.kept: CallMemory | None = None
        """What was told last to be kept of it."""
        self.answered_at: float | None = None
        self.answers: dict[str, str] = {}
        """What he has said in the survey after his talk."""
        self.talk_ended_at: float | None = None

    def moves(self, signal: CallSignal, now: float) -> bool:
        """Apply a signal; return whether the state changed. Raises IllegalMove."""
        state = CALL.move(self.state, signal)
        if state is None:
            return False
        self.state, self.since = state, now
        return True

    def enters(self, queue: QueueId, now: float) -> None:
        """Write a stay in a queue into his way; one that goes on after a restart is not anew."""
        last = self.queue_path[-1] if self.queue_path else None
        if last is None or (last.queue, last.entered_at, last.left_at) != (queue, now, None):
            self.leaves("", now)
            self.queue_path.append(QueueVisit(queue, now))

    def leaves(self, how: str, now: float) -> None:
        """Close the stay in his present queue, if he is in one."""
        if self.queue_path and self.queue_path[-1].left_at is None:
            last = self.queue_path[-1]
            self.queue_path[-1] = QueueVisit(last.queue, last.entered_at, now, how)

    def leg_changes(self, offer: OfferId, **changes: object) -> None:
        """Write what has become of a ring for him into his way."""
        leg = self.legs.get(offer)
        if leg is not None:
            self.legs[offer] = msgspec.structs.replace(leg, **changes)

    def outcome(self, now: float, short_abandon_seconds: float, imposed: Outcome | None) -> Outcome:
        """Name how this call ended, when it ends now; the first that applies of the closed list.

        ``imposed`` is what somebody else than the caller did to it, None when he hung up himself.
        """
        if self.answered_at is not None:
            return Outcome.ANSWERED
        if imposed is not None:
            return imposed
        if self.left_as is not None:
            return self.left_as
        if self.informed is not None and self.informed.since <= now < self.informed.until:
            return Outcome.DEFLECTED
        if self.queued_at is None:
            return Outcome.LEFT_IN_MENU
        if now - self.queued_at < short_abandon_seconds:
            return Outcome.SHORT_ABANDONED
        return Outcome.ABANDONED
