"""The examples under ``expect:`` in menus: what a caller does, and where his call has to end.

Rules: an example says one end; what it names must exist. Whether it holds is ``acd.rehearsal``'s
to find out, which plays it.
This module must not know how a dialogue goes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from acd.config.agents import Midnights
from acd.config.explain import is_known
from acd.config.menufiles import ExpectEntry
from acd.config.source import Key, Source
from acd.core.ids import Language, MenuId, QueueId
from acd.core.plan import AgentAction

_ENDS: Final = ("queue", "transfer", "do", "hang_up")

Expected = tuple[Source, tuple[Key, ...], MenuId, ExpectEntry]
"""An example as read, with its place and its menu."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One example: who calls when and presses what, and where he ends. One end is not None."""

    menu: MenuId
    keys: str
    at: float | None
    """In seconds since the epoch; None: at a time at which all hours are open."""
    attributes: Mapping[str, str]
    waiting: Mapping[str, int]
    estimate_seconds: Mapping[str, float]
    lookups: Mapping[str, Mapping[str, str]]
    closed: frozenset[str]
    local_incidents: frozenset[str]
    queue: QueueId | None
    transfer: str | None
    keeps: tuple[str, ...]
    action: AgentAction | None
    reason: str
    hangs_up: bool
    voicemail: QueueId | None
    language: Language | None
    typed: Mapping[str, str]
    source: Source
    path: tuple[Key, ...]


def compile_expectations(
    expected: Iterable[Expected],
    queues: Collection[str] | None,
    hours: Collection[str] | None,
    midnights: Midnights,
) -> tuple[Expectation, ...]:
    """Return the examples; what is wrong with one goes to its source, and it is left out."""
    found = []
    for source, path, menu, entry in expected:
        _check(source, path, entry, queues)
        for number, name in enumerate(entry.closed):
            is_known(source, (*path, "closed", number), "hours", name, hours, "hours.yaml")
        at = moment_of(source, (*path, "at"), entry.at, midnights) if entry.at else None
        if source.is_clean(*path):
            found.append(_expectation(source, path, menu, entry, at))
    return tuple(found)


def _expectation(
    source: Source, path: tuple[Key, ...], menu: MenuId, entry: ExpectEntry, at: float | None
) -> Expectation:
    return Expectation(
        menu=menu,
        keys=entry.keys,
        at=at,
        attributes=entry.attributes,
        waiting=entry.waiting,
        estimate_seconds=entry.estimate_seconds,
        lookups=entry.lookups,
        closed=frozenset(entry.closed),
        local_incidents=frozenset(entry.local_incidents),
        queue=QueueId(entry.queue) if entry.queue is not None else None,
        transfer=entry.transfer,
        keeps=tuple(entry.keeps),
        action=entry.do,
        reason=entry.reason or "",
        hangs_up=entry.hang_up is not None,
        voicemail=QueueId(entry.voicemail) if entry.voicemail is not None else None,
        language=Language(entry.language) if entry.language is not None else None,
        typed=entry.typed,
        source=source,
        path=path,
    )


def _check(
    source: Source, path: tuple[Key, ...], entry: ExpectEntry, queues: Collection[str] | None
) -> None:
    ends = [
        name
        for name in ("queue", "transfer", "do", "hang_up", "voicemail")
        if getattr(entry, name) is not None
    ]
    if not ends:
        what = "nothing says where this call ends"
        source.blame(
            path, what, 'add "queue", "transfer", "do", "voicemail" or "hang_up"', key=True
        )
    elif len(ends) > 1:
        what = f'a call cannot end with "{ends[0]}" and "{ends[1]}"'
        source.blame((*path, ends[1]), what, "keep one of them", key=True)
    if entry.queue is not None:
        is_known(source, (*path, "queue"), "queue", entry.queue, queues)
    if entry.voicemail is not None:
        is_known(source, (*path, "voicemail"), "queue", entry.voicemail, queues)
    for field in ("waiting", "estimate_seconds"):
        for queue in getattr(entry, field):
            is_known(source, (*path, field, queue), "queue", queue, queues, key=True)
    for number, queue in enumerate(entry.local_incidents):
        is_known(source, (*path, "local_incidents", number), "queue", queue, queues)


def moment_of(
    source: Source, path: tuple[Key, ...], text: str, midnights: Midnights
) -> float | None:
    """Return a date and time on the house's clock; what is no such day goes to the source."""
    if midnights.moment(source, path, text.partition(" ")[0]) is None:
        return None
    return datetime.fromisoformat(text).replace(tzinfo=midnights.zone).timestamp()
