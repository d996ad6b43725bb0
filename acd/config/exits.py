"""The ``exits`` of ``config/queues.yaml``: what lets a caller leave a queue, and where he goes.

An exit is a mapping with exactly one condition and exactly one target in it::

    {max_wait_seconds: 600, queue: switchboard, keep_clock: true}

A condition is one row of ``CONDITIONS``: the key that names it, and when it can be looked at.

Rules: the list is in order and the first exit whose condition holds is followed, so one that an
earlier exit always forestalls is refused. What an exit names is ``acd.config.check``'s business,
where exits of several queues lead together is ``acd.config.overflow``'s.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from acd.config.explain import one_of
from acd.config.hours import ALWAYS_NAME
from acd.config.schema import Digit, Entry, ExternalNumber, Name, PromptName
from acd.config.source import Key, Source
from acd.core.calendar import Calendar
from acd.core.ids import MenuId, PromptId, QueueId
from acd.core.queueplan import (
    Exit,
    ExitCondition,
    Target,
    ToAnnouncement,
    ToMenu,
    ToNumber,
    ToQueue,
    ToVoicemail,
)


class ExitEntry(Entry):
    """One rule by which a caller leaves a queue: one condition and one target."""

    max_wait_seconds: Annotated[float, Field(ge=1, le=86400)] = 0.0
    """Condition: he has waited in this queue so long."""
    full: Annotated[int, Field(ge=1, le=100_000)] = 0
    """Condition: so many calls wait already when he comes."""
    no_agents: Literal["true"] = "true"
    """Condition, always ``true``: nobody who could serve the queue is logged in."""
    none_ready: Literal["true"] = "true"
    """Condition, always ``true``: nobody who could serve the queue is ready."""
    crowded: Annotated[float, Field(gt=0, le=1000)] = 0.0
    """Condition: more calls than this wait for each agent who is logged in."""
    estimate_over_seconds: Annotated[float, Field(gt=0, le=86400)] = 0.0
    """Condition: his estimated wait is longer."""
    closed: Name = ""
    """Condition: these hours of hours.yaml are over, or have not begun."""
    key: Digit = ""
    """Condition: he presses this key while he waits."""
    grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """With ``no_agents`` or ``none_ready``: for so long already. Without it at once."""
    when: Literal["join", "waiting", "both"] = "both"
    """Looked at when he comes, while he waits, or both. ``full`` is for who comes only;
    ``max_wait_seconds`` and ``key`` are for who waits only."""
    queue: Name = ""
    """Target: another queue."""
    keep_clock: bool = True
    """With ``queue``: his wait clock goes on and he keeps his place; false starts both anew."""
    menu: Name = ""
    """Target: a menu, from its beginning."""
    number: ExternalNumber = ""
    """Target: a number outside, one of ``external_numbers`` in acd.yaml."""
    announcement: Annotated[list[PromptName], Field(min_length=1, max_length=32)] = Field(
        default_factory=list
    )
    """Target: these prompts, one after another, then the end of the call."""
    voicemail: Name = ""
    """Target: the box of this queue, or of another one."""


class Row(NamedTuple):
    """What a key of an exit means, and when it can be looked at at all."""

    condition: ExitCondition
    on_join: bool
    while_waiting: bool


CONDITIONS: Mapping[str, Row] = {
    "max_wait_seconds": Row(ExitCondition.MAX_WAIT, False, True),
    "full": Row(ExitCondition.FULL, True, False),
    "no_agents": Row(ExitCondition.NO_AGENTS, True, True),
    "none_ready": Row(ExitCondition.NONE_READY, True, True),
    "crowded": Row(ExitCondition.CROWDED, True, True),
    "estimate_over_seconds": Row(ExitCondition.ESTIMATE, True, True),
    "closed": Row(ExitCondition.CLOSED, True, True),
    "key": Row(ExitCondition.KEY, False, True),
}

TARGETS = ("queue", "menu", "number", "announcement", "voicemail")

_DESERTED = frozenset({ExitCondition.NO_AGENTS, ExitCondition.NONE_READY})


def compile_exits(
    source: Source, path: tuple[Key, ...], entries: Sequence[ExitEntry]
) -> tuple[Exit | None, ...]:
    """Make each of the ``entries`` at ``path`` an exit; what is wrong with one makes it None."""
    return tuple(_exit(source, (*path, at), entry) for at, entry in enumerate(entries))


def _exit(source: Source, path: tuple[Key, ...], entry: ExitEntry) -> Exit | None:
    condition = _the_one(
        source,
        path,
        tuple(CONDITIONS),
        none="this exit has no condition",
        both='"{}" and "{}" are two conditions: write two exits, each with a target',
    )
    leads = _the_one(
        source,
        path,
        TARGETS,
        none="this exit leads nowhere",
        both='"{}" and "{}" cannot both be followed: keep one of them',
    )
    if condition is None or leads is None:
        return None
    row = CONDITIONS[condition]
    fits = _belongs(source, path, "keep_clock", leads == "queue", leads, '"queue"')
    fits &= _belongs(
        source,
        path,
        "grace_seconds",
        row.condition in _DESERTED,
        condition,
        '"no_agents" or "none_ready"',
    )
    if entry.when != "both" and not (row.on_join and row.while_waiting):
        only = "join" if row.on_join else "waiting"
        if entry.when != only:
            said = "when a caller comes" if row.on_join else "while a caller waits"
            what = f'"{condition}" is looked at {said}'
            source.blame((*path, "when"), what, f"write {only}, or nothing")
            fits = False
    read = entry.model_fields_set
    if not fits or condition not in read or leads not in read:
        return None
    limits = {
        ExitCondition.MAX_WAIT: entry.max_wait_seconds,
        ExitCondition.FULL: float(entry.full),
        ExitCondition.CROWDED: entry.crowded,
        ExitCondition.ESTIMATE: entry.estimate_over_seconds,
    }
    return Exit(
        condition=row.condition,
        target=_target(entry, leads),
        on_join=row.on_join and entry.when != "waiting",
        while_waiting=row.while_waiting and entry.when != "join",
        limit=limits.get(row.condition, 0.0),
        grace_seconds=entry.grace_seconds,
        key=entry.key,
        hours=entry.closed,
    )


def _the_one(
    source: Source, path: tuple[Key, ...], keys: tuple[str, ...], none: str, both: str
) -> str | None:
    """Return which of the ``keys`` stands at ``path``; blame it when none or several do."""
    found = [key for key in source.keys_at(*path) if key in keys]
    if len(found) == 1:
        return found[0]
    if found:
        what, _, hint = both.format(*found[:2]).partition(": ")
        source.blame((*path, found[1]), what, hint, key=True)
    elif source.is_clean(*path):
        source.blame(path, none, one_of(keys).replace("allowed:", "add one of:"))
    return None


def _belongs(
    source: Source, path: tuple[Key, ...], key: str, fits: bool, beside: str, where: str
) -> bool:
    if fits or key not in source.keys_at(*path):
        return True
    what = f'"{key}" means nothing beside "{beside}"'
    source.blame((*path, key), what, f"it belongs to {where}", key=True)
    return False


def _target(entry: ExitEntry, leads: str) -> Target:
    match leads:
        case "queue":
            return ToQueue(queue=QueueId(entry.queue), keep_clock=entry.keep_clock)
        case "menu":
            return ToMenu(menu=MenuId(entry.menu))
        case "number":
            return ToNumber(number=entry.number)
        case "voicemail":
            return ToVoicemail(queue=QueueId(entry.voicemail))
        case _:
            return ToAnnouncement(prompts=tuple(PromptId(name) for name in entry.announcement))


# -- the list as a whole -------------------------------------------------------------------------


def check_exits(
    source: Source,
    path: tuple[Key, ...],
    exits: Sequence[Exit | None],
    hours: Mapping[str, Calendar],
) -> None:
    """Blame each exit of a queue that can never be followed."""
    for at, found in enumerate(exits):
        if found is None:
            continue
        if found.condition is ExitCondition.CLOSED and found.hours == ALWAYS_NAME:
            what = f'this exit is never followed: "{found.hours}" is always open'
            source.blame((*path, at, "closed"), what, "name other hours, or remove the exit")
            continue
        for other, before in enumerate(exits):
            if before is not None and other != at and _forestalls(before, found, other < at, hours):
                _blame_forestalled(source, path, at, found, other)
                break


def _blame_forestalled(
    source: Source, path: tuple[Key, ...], at: int, found: Exit, other: int
) -> None:
    line = source.place(*path, other)[0]
    if found.condition is ExitCondition.KEY:
        what = f'the key "{found.key}" leads out twice'
        source.blame((*path, at, "key"), what, f"first in line {line}: keep one")
        return
    what = f"this exit is never followed: the one in line {line} always comes first"
    source.blame((*path, at), what, "remove it, or write it before the other", key=True)


def _forestalls(first: Exit, second: Exit, is_above: bool, hours: Mapping[str, Calendar]) -> bool:
    """Say whether ``first`` holds, and is looked at before, whenever ``second`` does."""
    both_wait = first.condition is second.condition is ExitCondition.MAX_WAIT
    if both_wait:
        # The shorter wait is over first, wherever it stands.
        return first.limit < second.limit or (is_above and first.limit == second.limit)
    if not is_above:
        return False
    if (second.on_join and not first.on_join) or (second.while_waiting and not first.while_waiting):
        return False
    if first.condition is ExitCondition.CLOSED and _is_never(hours, first.hours):
        return True
    if second.condition is ExitCondition.NO_AGENTS and first.condition in _DESERTED:
        return first.grace_seconds <= second.grace_seconds
    return (
        first.condition is second.condition
        and first.key == second.key
        and first.hours == second.hours
        and first.limit <= second.limit
        and first.grace_seconds <= second.grace_seconds
    )


def _is_never(hours: Mapping[str, Calendar], name: str) -> bool:
    """Say whether the hours are closed for ever."""
    calendar = hours.get(name)
    if calendar is None:
        return False
    days = {*calendar.weekly, *calendar.days.values()}
    return days == {()}
