"""Who is who in the naive reference: an agent, a call, a leg, each with what is known of it."""

from collections.abc import Mapping
from math import inf

from acd.core.events import DeviceState
from acd.core.queueplan import Need, QueuePlan, Requirement
from acd.core.records import Activity, CallState, Presence

RING_GRACE_SECONDS = 3.0
CANCEL_SECONDS = 5.0


class Simultaneous(Exception):
    """Two things fell due at one instant; the reference does not know which comes first."""


class Person:
    """An agent."""

    def __init__(self, name: str, skills: Mapping[str, int], now: float) -> None:
        self.name = name
        self.skills = skills
        self.presence = Presence.LOGGED_OUT
        self.activity = Activity.IDLE
        self.device = DeviceState.FREE
        self.device_until = inf
        """When a phone that could not be reached is taken for free again."""
        self.leg_open = False
        self.idle_since = now
        self.skipped_until = 0.0
        self.wrap_up_until = inf
        self.misses = 0
        self.calls_taken = 0
        self.talk_seconds = 0.0
        self.calls_in_row = 0
        self.offered_in: dict[str, int] = {}

    def is_free(self, now: float) -> bool:
        return (
            self.presence is Presence.READY
            and self.activity is Activity.IDLE
            and self.device is DeviceState.FREE
            and not self.leg_open
            and self.skipped_until <= now
        )


class Caller:
    """A call."""

    def __init__(self, name: str, ani: str, queue: QueuePlan, needs: tuple[Need, ...]) -> None:
        self.name = name
        self.ani = ani
        self.queue = queue
        self.needs = needs
        self.entered_at = 0.0
        self.due_at = 0.0
        self.number = 0
        self.state = CallState.QUEUED
        self.in_room = False
        self.preferred: Person | None = None
        self.patience_until = inf
        self.next_progress_at = inf
        self.relaxed = 0
        self.open_to_all = False
        """Those who ring for him are not only his preferred agent."""
        self.missed_by: list[Person] = []
        """Who answered and was not joined with him."""

    def place(self) -> tuple[float, int]:
        return (self.due_at, self.number)

    def asks(self) -> Requirement:
        if self.relaxed == 0:
            return self.queue.requirement.also(self.needs)
        step = self.queue.relaxations[self.relaxed - 1]
        return step.requirement.also(self.needs if step.keeps_extra_needs else ())

    def next_relaxation_at(self) -> float:
        if self.relaxed == len(self.queue.relaxations) or self.state is CallState.CONNECTED:
            return inf
        return self.entered_at + self.queue.relaxations[self.relaxed].after_seconds


class Leg:
    """One ring of one agent for one call, and the talk that may come of it."""

    def __init__(self, offer: str, call: Caller, agent: Person, now: float) -> None:
        self.offer = offer
        self.call = call
        self.agent = agent
        self.rung_at = now
        self.ringing_seen = False
        self.answered = False
        self.overdue = False
        self.cancelled_at: float | None = None
        self.connected_at: float | None = None
        self.talk_over = False

    def gives_up_at(self) -> float:
        if self.connected_at is not None:
            return inf
        if self.cancelled_at is not None:
            return self.cancelled_at + CANCEL_SECONDS
        return self.rung_at + self.call.queue.ring_timeout_seconds + RING_GRACE_SECONDS
