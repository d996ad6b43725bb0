"""The only reader of time.

Owns the one clock of a process: the wall time, read once at the start, carried on by the monotonic
clock. A jump of the system's clock (NTP, an operator, daylight saving) therefore never moves a
deadline; what is written into the books follows the system's clock again after a restart.
Everything else is given `now` as an argument.
"""

import time


class Clock:
    """Seconds since the epoch that never jump."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """The present moment, in seconds since the epoch."""
        return time.monotonic() + self._offset

    def monotonic(self, at: float) -> float:
        """The moment `at` on the monotonic clock, which is the one event loops set timers by."""
        return at - self._offset

    def drift_seconds(self) -> float:
        """How far the system's clock has moved away from this one since the start."""
        return time.time() - self.now()
