"""Surges: far more callers for a queue than at this hour of the weeks before; why, people find out.

Theory: what counts is how many came for the queue within the last quarter of an hour, beside what
the same hour of each past week brought. Of those weeks the middle one counts (the median), so that
neither a public holiday nor a surge among them moves it. A few calls are no surge, however rare
calls are at that hour; and who has no past is told nothing.
This module must not know when that hour was, nor where calls are kept.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from acd.core.ids import QueueId

WINDOW_SECONDS: Final = 900.0
"""Whose callers are counted: those who came within so long."""

HOUR_SECONDS: Final = 3600.0

FEWEST_WEEKS: Final = 2
"""What a single week brought says nothing of what is usual."""

Counts = Mapping[QueueId, int]
"""How many callers came for each queue; one that is not named had none."""


class SurgeRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a surge is one."""

    enabled: bool = True
    ratio: float = 3.0
    """So many times what is usual."""
    least_calls: int = 10
    """Fewer within the window are none."""
    weeks: int = 6
    """How many past weeks are looked at."""
    time_zone: str = "Etc/UTC"
    """Whose clock says what the same hour is."""


class Surge(msgspec.Struct, frozen=True):
    """More callers for a queue than usual."""

    queue: QueueId
    calls: int
    """Within the window."""
    expected: float
    """What the past weeks let expect in as long a time."""


def surges(rule: SurgeRule, calls: Counts, past: Sequence[Counts]) -> tuple[Surge, ...]:
    """Return the queues for which far more callers came than usual, the greatest first.

    ``calls`` came within the window, each of ``past`` in the same hour of another week.
    """
    if not rule.enabled or len(past) < FEWEST_WEEKS:
        return ()
    found = []
    for queue, count in calls.items():
        weeks = sorted(week.get(queue, 0) for week in past)
        median = (weeks[(len(weeks) - 1) // 2] + weeks[len(weeks) // 2]) / 2
        expected = median * WINDOW_SECONDS / HOUR_SECONDS
        if count >= rule.least_calls and count >= rule.ratio * expected:
            found.append(Surge(queue, count, expected))
    return tuple(sorted(found, key=lambda one: (-one.calls, one.queue)))
