"""How long talks and wrap-ups take, as far as they were measured.

Theory: the mean moves with the newest sixteen. Before there are as many it is the plain mean, so
that the very first value, which is a short one because short talks end first, does not outweigh all
others. And for as long as fewer have ended than are under way, those that have ended are the short
ones among all. Those under way that have lasted longer than the mean already say that it is too
low, so their time is added to that of the ended, the less the more have ended; one end more is
counted, because the first alone says next to nothing. Callers of an overloaded first quarter of an
hour would else be told half of the wait they get, and less.
"""

from collections.abc import Collection
from typing import Final

NEWEST: Final = 16
"""How many values the mean is of, about."""


class MovingMean:
    """The mean of the newest values, in seconds; 0 before the first."""

    __slots__ = ("count", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0

    def take(self, seconds: float) -> None:
        """One more has ended, which took so long."""
        self.count += 1
        self.seconds += (seconds - self.seconds) / min(self.count, NEWEST)

    def expected_seconds(self, under_way: Collection[float]) -> float:
        """Return what the mean will be when those under way, which have lasted so long, have ended.

        0 when none has ended.
        """
        if not self.count:
            return 0.0
        certain = self.count / (self.count + len(under_way))
        longer = sum(one for one in under_way if one > self.seconds)
        return self.seconds + (1.0 - certain) * longer / (self.count + 1)
