"""What a caller's menu may ask about him and the house, as it is now.

The engine's answer to ``acd.core.deciding.Known``; a rehearsal has another (``acd.rehearsal``).
"""

from collections.abc import Iterable

from acd.core import incidents
from acd.core.attributes import value_of
from acd.core.call import Call
from acd.core.estimate import estimate_for_next_seconds
from acd.core.floor import CodeCall, Floor
from acd.core.ids import QueueId


class KnownNow:
    """One caller, or one agent who dials a code, at one moment."""

    def __init__(self, floor: Floor, talker: Call | CodeCall, now: float) -> None:
        self._floor, self._talker, self._now = floor, talker, now

    def value_of(self, attribute: str) -> str:
        dialogue, talker = self._talker.dialogue, self._talker
        typed = dialogue.attributes.get(attribute, "") if dialogue is not None else ""
        return typed or (value_of(talker, attribute) if isinstance(talker, Call) else "")

    def values_of(self, attributes: Iterable[str]) -> dict[str, str]:
        """Return each of these attributes with its value."""
        return {name: self.value_of(name) for name in attributes}

    def is_open(self, hours: str) -> bool:
        calendar = self._floor.plan.hours.get(hours)
        return calendar is None or calendar.is_open(self._now)

    def waiting(self, queue: QueueId) -> int:
        line = self._floor.lines.get(queue)
        return len(line) if line is not None else 0

    def estimate_seconds(self, queue: QueueId) -> float | None:
        line = self._floor.lines.get(queue)
        return None if line is None else estimate_for_next_seconds(self._floor, line, self._now)

    def has_local_incident(self, queue: QueueId) -> bool:
        return incidents.is_local(self._floor, queue, self._now)
