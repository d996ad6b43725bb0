"""What is counted of a queue or of agents in an interval, and what follows from it.

Rules: sums can be added, so a total is the sum of its parts and never a mean of means; what divides
by nothing is None, which is shown as a dash. The formulas are those of GLOSSARY.md. Of the five
service levels in use ours is E: answered within T / (offered - short abandons).
It must not know how they are shown.
"""

from dataclasses import dataclass, field

from acd.core.events import RingOutcome
from acd.core.states import Outcome
from acd.store.figures import Handled, Missed, WrappedUp


def ratio(part: float, whole: float) -> float | None:
    """One by the other; None when there is no whole."""
    return part / whole if whole > 0 else None


def _count(mine: dict[str, int], more: dict[str, int]) -> None:
    for word, count in more.items():
        mine[word] = mine.get(word, 0) + count


@dataclass(slots=True)
class Handling:
    """Talks that ended, with the wrap-ups that began then."""

    handled: int = 0
    talk_seconds: float = 0.0
    """Hold included."""
    hold_seconds: float = 0.0
    wrap_ups: int = 0
    wrap_up_seconds: float = 0.0
    missed: dict[str, int] = field(default_factory=dict)
    """Rings without a talk, by how they ended."""

    def add_handling(self, other: "Handling") -> None:
        """Count what ``other`` counts, too."""
        self.handled += other.handled
        self.talk_seconds += other.talk_seconds
        self.hold_seconds += other.hold_seconds
        self.wrap_ups += other.wrap_ups
        self.wrap_up_seconds += other.wrap_up_seconds
        if other.missed:
            _count(self.missed, other.missed)

    def count_talks(self, talks: Handled) -> None:
        """Add talks that ended."""
        self.handled += talks.count
        self.talk_seconds += talks.talk_seconds
        self.hold_seconds += talks.hold_seconds

    def count_missed(self, missed: Missed) -> None:
        """Add rings that came to nothing."""
        self.missed[missed.how] = self.missed.get(missed.how, 0) + missed.count

    def count_wrap_ups(self, wrapped: WrappedUp) -> None:
        """Add wrap-ups that began."""
        self.wrap_ups += wrapped.count
        self.wrap_up_seconds += wrapped.seconds

    def unanswered(self) -> int:
        """Rings that ran out: RONA."""
        return self.missed.get(RingOutcome.NO_ANSWER.value, 0)

    def average_talk_seconds(self) -> float | None:
        """ATT, hold left out."""
        return ratio(self.talk_seconds - self.hold_seconds, self.handled)

    def average_hold_seconds(self) -> float | None:
        """Hold of each call that was handled."""
        return ratio(self.hold_seconds, self.handled)

    def average_wrap_up_seconds(self) -> float | None:
        """Wrap-up of each call that was handled."""
        return ratio(self.wrap_up_seconds, self.handled)

    def average_handle_seconds(self) -> float | None:
        """AHT: talk, hold and wrap-up of each call that was handled."""
        return ratio(self.talk_seconds + self.wrap_up_seconds, self.handled)


@dataclass(slots=True)
class QueueSums(Handling):
    """Those who entered a queue, and how each stay in it ended."""

    ways: dict[str, int] = field(default_factory=dict)
    """Stays by how they ended."""
    wait_seconds: float = 0.0
    answered_wait_seconds: float = 0.0
    abandoned_wait_seconds: float = 0.0
    longest_seconds: float = 0.0
    answered_within: int = 0
    answered_unmeasured: int = 0
    """Answered in a queue of which no T is known, so that nobody can say whether within it."""

    def add(self, other: "QueueSums") -> None:
        """Count what ``other`` counts, too."""
        self.add_handling(other)
        _count(self.ways, other.ways)
        self.wait_seconds += other.wait_seconds
        self.answered_wait_seconds += other.answered_wait_seconds
        self.abandoned_wait_seconds += other.abandoned_wait_seconds
        self.longest_seconds = max(self.longest_seconds, other.longest_seconds)
        self.answered_within += other.answered_within
        self.answered_unmeasured += other.answered_unmeasured

    @property
    def offered(self) -> int:
        """All who entered."""
        return sum(self.ways.values())

    @property
    def answered(self) -> int:
        """Those whom an agent answered."""
        return self.ways.get(Outcome.ANSWERED.value, 0)

    @property
    def short_abandoned(self) -> int:
        """Those who hung up before the short threshold."""
        return self.ways.get(Outcome.SHORT_ABANDONED.value, 0)

    @property
    def abandoned(self) -> int:
        """Those who hung up, short abandons included."""
        return self.ways.get(Outcome.ABANDONED.value, 0) + self.short_abandoned

    @property
    def others(self) -> int:
        """Those who left in any other way: by a rule, a key, with a message, lost."""
        return self.offered - self.answered - self.abandoned

    def service_level_e(self) -> float | None:
        """Variant E: answered within T / (offered - short abandons)."""
        if self.answered_unmeasured:
            return None
        return ratio(self.answered_within, self.offered - self.short_abandoned)

    def abandonment(self) -> float | None:
        """Abandoned / offered."""
        return ratio(self.abandoned, self.offered)

    def average_speed_of_answer_seconds(self) -> float | None:
        """ASA: of those answered only."""
        return ratio(self.answered_wait_seconds, self.answered)

    def average_wait_seconds(self) -> float | None:
        """AWT: of all."""
        return ratio(self.wait_seconds, self.offered)

    def average_time_to_abandon_seconds(self) -> float | None:
        """ATA: of those who hung up."""
        return ratio(self.abandoned_wait_seconds, self.abandoned)


@dataclass(slots=True)
class AgentSums(Handling):
    """What agents did with their time, each second where it was spent."""

    staffed_seconds: float = 0.0
    """Logged in, or still at work for a call."""
    not_ready_seconds: float = 0.0
    """Not ready and not at work for a call."""
    work_seconds: float = 0.0
    """Talk, hold and wrap-up."""

    def add(self, other: "AgentSums") -> None:
        """Count what ``other`` counts, too."""
        self.add_handling(other)
        self.staffed_seconds += other.staffed_seconds
        self.not_ready_seconds += other.not_ready_seconds
        self.work_seconds += other.work_seconds

    def occupancy(self) -> float | None:
        """Work / (staffed - not ready)."""
        return ratio(self.work_seconds, self.staffed_seconds - self.not_ready_seconds)

    def utilisation(self) -> float | None:
        """Work / staffed."""
        return ratio(self.work_seconds, self.staffed_seconds)
