"""``config/agents.yaml`` and ``config/groups.yaml``: who takes calls, and what he can do when.

A skill is a grade, or a grade with dates::

    skills: {billing: 7, meter: {grade: 3, from: 2026-12-01, until: 2027-03-01}}

Rules: a date is its midnight in one time zone, that of ``acd.yaml`` or else of ``hours.yaml``. An
agent has his own skills and those of his groups that are enabled; of several grades the highest
that is valid counts.
This module must not know what queues ask for.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, Tag

from acd.config.hours import find_zone
from acd.config.schema import (
    AcdFile,
    AgentName,
    Date,
    Entry,
    Grade,
    HoursEntry,
    Line,
    Name,
    Phone,
    Pin,
    SkillName,
)
from acd.config.source import Key, Source
from acd.core.ids import AgentId, DeviceId, SkillId
from acd.core.plan import AgentPlan, Grant, Shift
from acd.core.queueplan import in_groups


class DatedGrade(Entry):
    """A grade that is valid for some time only."""

    grade: Grade
    """How well he can do it, 1 to 10."""
    valid_from: Annotated[Date | None, Field(alias="from")] = None
    """The first day on which he has it; without it he has it already."""
    valid_until: Annotated[Date | None, Field(alias="until")] = None
    """The first day on which he has it no longer; without it he keeps it."""


def _shape(value: object) -> str:
    return "[dated]" if isinstance(value, dict) else "[grade]"


Graded = Annotated[
    Annotated[Grade, Tag("[grade]")] | Annotated[DatedGrade, Tag("[dated]")],
    Discriminator(_shape),
]
Skills = Annotated[dict[SkillName, Graded], Field(min_length=1, max_length=200)]
"""Skill -> grade, with or without dates."""


class ShiftEntry(Entry):
    """When an agent works."""

    hours: Name
    """The hours of hours.yaml by which he works."""
    warn_minutes: Annotated[float, Field(ge=0, le=120)] = 5.0
    """How long before its end he is warned."""
    log_out: bool = False
    """At the end he is logged out, after the call he may be in."""


class AgentEntry(Entry):
    """One agent in ``config/agents.yaml``."""

    id: AgentName
    """His number, what he types to log in at another phone."""
    name: Line
    """What displays call him."""
    phone: Phone
    """The PJSIP endpoint of his own phone."""
    skills: Skills = Field(default_factory=dict)
    """What he can do, each graded 1 to 10, some of it from or until a date."""
    groups: Annotated[list[Name], Field(max_length=32)] = Field(default_factory=list)
    """Groups of groups.yaml whose skills he has as well."""
    pin: Pin | None = None
    """Lets him log in at any phone; without it only at his own."""
    max_calls_in_row: Annotated[int, Field(ge=1, le=1000)] = 0
    """After so many calls he is not ready until he says that he is; without it never."""
    on_demand: bool = False
    """True is the same as ``max_calls_in_row: 1``: he says ready for each call."""
    shift: ShiftEntry | None = None
    """When he works; without it he comes and goes as he likes."""


class GroupEntry(Entry):
    """Skills that several agents have together, in ``config/groups.yaml``."""

    enabled: bool = True
    """False: nobody has these skills by this group."""
    skills: Skills = Field(default_factory=dict)
    """What those who name this group can do, as in agents.yaml; a group of a client's agents may
    have none."""


# -- dates ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Midnights:
    """Dates made moments. Without ``zone`` every date is blamed, or none if ``is_told`` already."""

    zone: ZoneInfo | None
    is_told: bool = False

    def moment(self, source: Source, path: tuple[Key, ...], text: str) -> float | None:
        """Return when the day ``text`` begins, in seconds since the epoch; None with a problem."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            source.blame(path, f'there is no day "{text}"', "write year, month, day: 2026-12-24")
            return None
        if self.zone is not None:
            return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()
        if not self.is_told:
            what = f'it is not known in which time zone "{text}" begins'
            source.blame(path, what, 'add "time_zone" to acd.yaml, for example Europe/Berlin')
        return None


def find_midnights(
    acd: AcdFile | None, acd_source: Source, hours: Mapping[str, HoursEntry | None] | None
) -> Midnights:
    """Find whose midnight dates mean: that of ``acd.yaml``, or the one that all hours share."""
    if acd is not None and acd.time_zone is not None:
        return Midnights(find_zone(acd_source, ("time_zone",), acd.time_zone), is_told=True)
    if acd is None or hours is None or None in hours.values():
        return Midnights(None, is_told=True)
    names = {entry.time_zone for entry in hours.values() if entry is not None}
    if len(names) != 1:
        return Midnights(None)
    try:
        return Midnights(ZoneInfo(names.pop()))
    except (KeyError, ValueError, OSError):
        return Midnights(None, is_told=True)


def skill_grants(
    source: Source,
    path: tuple[Key, ...],
    skills: Mapping[str, int | DatedGrade],
    midnights: Midnights,
) -> tuple[Grant, ...]:
    """Return what the ``skills`` at ``path`` grant, in order; wrong dates are blamed and left out.

    Call it once for each place, or its mistakes are told twice.
    """
    return tuple(
        _grant(source, (*path, skill), skill, graded, midnights)
        for skill, graded in sorted(skills.items(), key=lambda item: item[0])
    )


def _grant(
    source: Source,
    path: tuple[Key, ...],
    skill: str,
    graded: int | DatedGrade,
    midnights: Midnights,
) -> Grant:
    if isinstance(graded, int):
        return Grant(skill=SkillId(skill), grade=graded)
    edges = [
        midnights.moment(source, (*path, key), text) if text is not None else None
        for key, text in (("from", graded.valid_from), ("until", graded.valid_until))
    ]
    valid_from, valid_until = edges
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        what = f'"{skill}" would end before it begins'
        allowed = f"a day after {graded.valid_from}: the first on which he no longer has it"
        source.blame((*path, "until"), what, allowed)
    return Grant(
        skill=SkillId(skill), grade=graded.grade, valid_from=valid_from, valid_until=valid_until
    )


# -- plans ---------------------------------------------------------------------------------------


def agent_plan(entry: AgentEntry, grants: Iterable[Grant]) -> AgentPlan:
    """Make the plan of an agent from his entry and all that he and his groups are granted."""
    lasting: dict[SkillId, int] = {}
    dated = []
    for grant in grants:
        if grant.valid_from is None and grant.valid_until is None:
            lasting[grant.skill] = max(grant.grade, lasting.get(grant.skill, 0))
        else:
            dated.append(grant)
    shift = entry.shift
    return AgentPlan(
        id=AgentId(entry.id),
        name=entry.name,
        phone=DeviceId(entry.phone),
        skills=dict(sorted(lasting.items())),
        grants=tuple(dated),
        pin=entry.pin or "",
        max_calls_in_row=1 if entry.on_demand else entry.max_calls_in_row,
        shift=Shift(hours=shift.hours, warn_seconds=shift.warn_minutes * 60, log_out=shift.log_out)
        if shift
        else None,
    )


def compile_agents(
    entries: Iterable[AgentEntry | None],
    source: Source,
    groups: Mapping[str, GroupEntry | None],
    groups_source: Source,
    midnights: Midnights,
    serving: Iterable[Collection[str]] = (),
) -> list[AgentPlan]:
    """Make the plans of all agents who could be read; wrong dates go to the files' sources.

    ``serving`` are the groups that clients name: to be in one of them is a skill of its own.
    """
    asked = {in_groups(names): set(names) for names in serving}
    by_group = {
        name: skill_grants(groups_source, (name, "skills"), entry.skills, midnights)
        for name, entry in groups.items()
        if entry is not None
    }
    enabled = {name for name, entry in groups.items() if entry is not None and entry.enabled}

    def granted(at: int, entry: AgentEntry) -> Iterator[Grant]:
        yield from skill_grants(source, (at, "skills"), entry.skills, midnights)
        for name in entry.groups:
            if name in enabled:
                yield from by_group[name]
        mine = enabled.intersection(entry.groups)
        yield from (Grant(skill=skill, grade=1) for skill, names in asked.items() if names & mine)

    return [
        agent_plan(entry, granted(at, entry))
        for at, entry in enumerate(entries)
        if entry is not None
    ]
