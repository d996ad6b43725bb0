"""A caller's place: everything about his waiting that must outlive the engine, in one value.

It stands on his channel while he waits (``acd.ami.actions`` writes and reads it as text), so an
engine that was killed finds him where he stood: same queue, same wait clock, same order.
"""

import msgspec

from acd.core.ids import Language, QueueId
from acd.core.plan import Need


class Place(msgspec.Struct, frozen=True):
    """Where and since when a caller waits; times are seconds since the epoch."""

    queue: QueueId
    queued_at: float
    """The start of the wait clock; an overflow that keeps the clock keeps this."""
    entered_at: float
    """When he entered this queue; its timed steps count from here."""
    due_at: float
    """His place in the one order over all queues."""
    option: str = ""
    """The key that led here, as the agent's phone shows it."""
    language: Language = Language("")
    dnis: str = ""
    needs: tuple[Need, ...] = ()
    """What his option and attributes ask for besides what the queue needs."""
