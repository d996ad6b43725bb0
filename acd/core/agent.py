"""An agent: what he said, what the system does with him, and when he may be rung.

Two small machines instead of one big one. *Presence* is what the person said; *activity* is what
the system does with him. They never look at each other, so a pause asked for in the middle of a
call is presence changing and nothing has to be remembered on the side. His phone is a third
thing, a veto that his PBX reports (``DeviceState``).

He can be rung only when READY x IDLE x phone free (``why_not``), and then only once the
delays that follow a refused ring are over and no code call of his own is going on.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from acd.core.events import DeviceState
from acd.core.ids import AgentId, CallId, DeviceId, OfferId, QueueId, SkillId
from acd.core.machine import IGNORE, ILLEGAL, Machine
from acd.core.plan import AgentPlan
from acd.core.records import Activity, Presence


class PresenceSignal(StrEnum):
    """What moves presence: the person's own words, and RONA (a ring nobody answered)."""

    LOG_IN = "log in"
    LOG_OUT = "log out"
    READY = "ready"
    NOT_READY = "not ready"
    RONA = "rona"


class ActivitySignal(StrEnum):
    """What moves activity: the course of one ring, its talk and the work after it."""

    OFFER = "offer"
    RING_FAILED = "ring failed"
    CONNECT = "connect"
    TALK_ENDED = "talk ended"
    LEG_ENDED = "leg ended"
    WRAP_UP_ENDED = "wrap-up ended"


PRESENCE: Final = Machine[Presence, PresenceSignal](
    "presence",
    {
        (Presence.LOGGED_OUT, PresenceSignal.LOG_IN): Presence.READY,
        (Presence.LOGGED_OUT, PresenceSignal.LOG_OUT): IGNORE,
        (Presence.LOGGED_OUT, PresenceSignal.READY): IGNORE,
        (Presence.LOGGED_OUT, PresenceSignal.NOT_READY): IGNORE,
        (Presence.LOGGED_OUT, PresenceSignal.RONA): IGNORE,
        (Presence.READY, PresenceSignal.LOG_IN): IGNORE,
        (Presence.READY, PresenceSignal.LOG_OUT): Presence.LOGGED_OUT,
        (Presence.READY, PresenceSignal.READY): IGNORE,
        (Presence.READY, PresenceSignal.NOT_READY): Presence.NOT_READY,
        (Presence.READY, PresenceSignal.RONA): Presence.NOT_READY,
        (Presence.NOT_READY, PresenceSignal.LOG_IN): Presence.READY,
        (Presence.NOT_READY, PresenceSignal.LOG_OUT): Presence.LOGGED_OUT,
        (Presence.NOT_READY, PresenceSignal.READY): Presence.READY,
        (Presence.NOT_READY, PresenceSignal.NOT_READY): Presence.NOT_READY,
        # The reason he gave himself stands; the missed ring adds nothing.
        (Presence.NOT_READY, PresenceSignal.RONA): IGNORE,
    },
)

ACTIVITY: Final = Machine[Activity, ActivitySignal](
    "activity",
    {
        (Activity.IDLE, ActivitySignal.OFFER): Activity.RINGING,
        (Activity.IDLE, ActivitySignal.RING_FAILED): ILLEGAL,
        (Activity.IDLE, ActivitySignal.CONNECT): ILLEGAL,
        (Activity.IDLE, ActivitySignal.TALK_ENDED): ILLEGAL,
        # His phone hangs up after he has ended his wrap-up at once.
        (Activity.IDLE, ActivitySignal.LEG_ENDED): IGNORE,
        (Activity.IDLE, ActivitySignal.WRAP_UP_ENDED): ILLEGAL,
        (Activity.RINGING, ActivitySignal.OFFER): ILLEGAL,
        (Activity.RINGING, ActivitySignal.RING_FAILED): Activity.IDLE,
        (Activity.RINGING, ActivitySignal.CONNECT): Activity.TALKING,
        (Activity.RINGING, ActivitySignal.TALK_ENDED): ILLEGAL,
        # The leg of his last talk hangs up late, when the next already rings.
        (Activity.RINGING, ActivitySignal.LEG_ENDED): IGNORE,
        (Activity.RINGING, ActivitySignal.WRAP_UP_ENDED): ILLEGAL,
        (Activity.TALKING, ActivitySignal.OFFER): ILLEGAL,
        (Activity.TALKING, ActivitySignal.RING_FAILED): ILLEGAL,
        (Activity.TALKING, ActivitySignal.CONNECT): IGNORE,
        (Activity.TALKING, ActivitySignal.TALK_ENDED): Activity.WRAP_UP,
        # A queue without wrap-up: he is free when his phone has hung up.
        (Activity.TALKING, ActivitySignal.LEG_ENDED): Activity.IDLE,
        (Activity.TALKING, ActivitySignal.WRAP_UP_ENDED): ILLEGAL,
        (Activity.WRAP_UP, ActivitySignal.OFFER): ILLEGAL,
        (Activity.WRAP_UP, ActivitySignal.RING_FAILED): ILLEGAL,
        (Activity.WRAP_UP, ActivitySignal.CONNECT): ILLEGAL,
        (Activity.WRAP_UP, ActivitySignal.TALK_ENDED): IGNORE,
        (Activity.WRAP_UP, ActivitySignal.LEG_ENDED): IGNORE,
        (Activity.WRAP_UP, ActivitySignal.WRAP_UP_ENDED): Activity.IDLE,
    },
)


class Agent:
    """One agent's living state; only the engine's modules write to it."""

    __slots__ = (
        "activity",
        "call",
        "calls_in_row",
        "calls_taken",
        "code_calls",
        "id",
        "idle_since",
        "leaves",
        "leg_open",
        "logged_in_at",
        "logged_in_until",
        "misses",
        "offer",
        "offered_in",
        "phone",
        "plan",
        "presence",
        "presence_since",
        "queue",
        "ready_until",
        "reason",
        "since",
        "skills",
        "skipped_until",
        "talk_seconds",
        "wrap_up_ends_at",
        "wrap_up_started_at",
    )

    def __init__(self, plan: AgentPlan, now: float) -> None:
        self.id: AgentId = plan.id
        self.plan = plan
        self.phone: DeviceId = plan.phone
        self.presence = Presence.LOGGED_OUT
        self.reason = ""
        self.activity = Activity.IDLE
        self.since = now
        """When presence or activity last changed."""
        self.presence_since = now
        self.logged_in_at: float | None = None
        self.ready_until = self.logged_in_until = now
        """When he last stopped being ready, or logged in; meaningless while he is."""
        self.idle_since = now
        """Since when he waits for work; a ring that failed does not restart it."""
        self.offer: OfferId | None = None
        self.call: CallId | None = None
        self.queue: QueueId | None = None
        """The queue of his present call or wrap-up."""
        self.leg_open = False
        """True until the leg of his last talk has hung up."""
        self.wrap_up_started_at = 0.0
        self.wrap_up_ends_at: float | None = None
        self.skipped_until = 0.0
        """He is not rung before this, because his phone was busy or he declined."""
        self.skills: Mapping[SkillId, int] = plan.skills_at(now)
        """What he may be asked for now."""
        self.misses = 0
        """Rings in a row that he did not answer."""
        self.calls_taken = 0
        """Since he logged in; so is ``talk_seconds``."""
        self.talk_seconds = 0.0
        self.calls_in_row = 0
        """Since he last said ready."""
        self.offered_in: dict[QueueId, int] = {}
        """By queue, the number of his last offer there: the round robin's memory."""
        self.leaves = False
        """His shift is over: he is logged out once his call and wrap-up are."""
        self.code_calls: set[CallId] = set()
        """Calls in which he is dialling codes just now."""

    def presence_moves(self, signal: PresenceSignal, reason: str, now: float) -> bool:
        """Apply what he said; return whether anything changed. ``reason`` goes with NOT_READY."""
        state = PRESENCE.move(self.presence, signal)
        if state is None or (state is self.presence and reason == self.reason):
            return False
        if state is Presence.READY:
            self.idle_since = now
            self.calls_in_row = self.misses = 0
        if self.presence is Presence.READY:
            self.ready_until = now
        if state is Presence.LOGGED_OUT:
            self.logged_in_until, self.logged_in_at = now, None
        if self.presence is Presence.LOGGED_OUT:
            self.calls_taken, self.talk_seconds = 0, 0.0
            self.logged_in_at = now
        if state is not Presence.NOT_READY:
            self.leaves = False
        self.presence, self.reason, self.since = state, reason, now
        self.presence_since = now
        return True

    def activity_moves(self, signal: ActivitySignal, now: float) -> bool:
        """Apply what happened to him; return whether anything changed. Raises IllegalMove."""
        state = ACTIVITY.move(self.activity, signal)
        if state is None:
            return False
        if state is Activity.IDLE and self.activity is not Activity.RINGING:
            self.idle_since = now
        self.activity, self.since = state, now
        return True

    def why_not(self, now: float, device: DeviceState) -> tuple[str, float | None]:
        """Say why no offer may be made to him now: the one place where this is decided.

        Also until when, if that is known; ("", None) when he can be rung. ``device`` is what his
        phone is doing.
        """
        if self.presence is not Presence.READY:
            reason = f" ({self.reason})" if self.reason else ""
            return f"{self.presence.value}{reason}", None
        if self.activity is not Activity.IDLE:
            return self.activity.value, self.wrap_up_ends_at
        if device is not DeviceState.FREE:
            return f"phone {device.value}", None
        if self.leg_open:
            return "phone still hanging up", None
        if self.skipped_until > now:
            return "pause after a ring", self.skipped_until
        if self.code_calls:
            return "dials a code", None
        return "", None
