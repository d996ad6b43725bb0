"""The conditions of ``ivr_menus/*.yaml``: what must hold for one way to be taken, not another.

Rules: what stands in one ``when`` must all hold; a name that nothing bears is a mistake, and so is
half a condition.
This module must not know what the ways do.
"""

from typing import Annotated, Protocol

from pydantic import Field

from acd.config.schema import AttributeValue, Entry, Name
from acd.config.source import Key, Source
from acd.core.ids import QueueId
from acd.core.plan import AttributeIs, Condition, HoursAre, LocalIncident, QueueIs


class Bench(Protocol):
    """What a condition's names are checked with: the menu that is being built."""

    source: Source

    def know_queue(self, queue: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the queue exists."""

    def know_hours(self, hours: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless hours.yaml has these hours."""

    def look_at(self, attribute: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at."""


class WhenEntry(Entry):
    """What must hold for another way to be taken: everything that stands here."""

    open: Name | None = None
    """These hours of hours.yaml are open."""
    closed: Name | None = None
    """These hours of hours.yaml are closed."""
    attribute: Name | None = None
    """What ``values`` speaks of: language, ani, dnis, client, or what a menu collects ``into``."""
    values: Annotated[list[AttributeValue], Field(max_length=1000)] = Field(default_factory=list)
    """The attribute has one of these values; 10* is whatever begins with 10."""
    queue: Name | None = None
    """The queue of which the next two speak."""
    waiting_at_least: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """So many calls wait in it."""
    estimate_over_seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """Whoever joined it now would wait longer than this."""
    local_incident: Name | None = None
    """An incident is on that callers for this queue hear only from certain postcodes, and his is
    not known yet."""


def conditions_of(bench: Bench, when: WhenEntry, path: tuple[Key, ...]) -> tuple[Condition, ...]:
    """Return what must hold, all of it; what is wrong with it goes to the bench's source."""
    found: list[Condition] = []
    for hours, is_open in ((when.open, True), (when.closed, False)):
        if hours is not None:
            bench.know_hours(hours, (*path, "open" if is_open else "closed"))
            found.append(HoursAre(hours, is_open))
    if when.attribute is not None:
        bench.look_at(when.attribute, (*path, "attribute"))
        found.append(AttributeIs(when.attribute, tuple(when.values)))
    if when.queue is not None:
        bench.know_queue(when.queue, (*path, "queue"))
        least, seconds = when.waiting_at_least or 0, when.estimate_over_seconds
        found.append(QueueIs(QueueId(when.queue), least, seconds))
    if when.local_incident is not None:
        bench.know_queue(when.local_incident, (*path, "local_incident"))
        found.append(LocalIncident(QueueId(when.local_incident)))
    _check(bench, when, path)
    return tuple(found)


def _check(bench: Bench, when: WhenEntry, path: tuple[Key, ...]) -> None:
    limits = when.waiting_at_least is not None or when.estimate_over_seconds is not None
    if (when.attribute is not None) != bool(when.values):
        what = '"attribute" and "values" go together'
        bench.source.blame(path, what, "write both, or neither", key=True)
    if (when.queue is not None) != limits:
        what = '"queue" and its limit go together'
        allowed = 'write "queue" with "waiting_at_least" or "estimate_over_seconds"'
        bench.source.blame(path, what, allowed, key=True)
    if not when.model_fields_set:
        bench.source.blame(path, '"when" names nothing', "add a condition", key=True)
