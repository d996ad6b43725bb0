"""The whole configuration: read all files, check all, and give one plan or every problem at once.

Rules: ``load`` returns a complete plan or raises ``ConfigError``; it changes nothing and reads no
secret. Files that cannot be read do not hide problems in others: what refers to them is left
unchecked, and everything else is still told.
This module must not know what a verb or a field means.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from acd.config.check import check_all, check_prompts
from acd.config.files import Files, beside, read_files, shown
from acd.config.hours import compile_hours
from acd.config.menus import Menus, Speech, Surroundings, build_menus
from acd.config.schema import AcdFile, AgentEntry, QueueEntry
from acd.config.source import Source
from acd.core.calendar import Calendar
from acd.core.ids import AgentId, DeviceId, Language, MenuId, QueueId, SkillId
from acd.core.plan import AgentPlan, Need, Plan, QueuePlan
from acd.core.queueplan import Requirement
from acd.errors import BugError, ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that is complete and consistent."""

    plan: Plan
    settings: AcdFile
    fingerprint: str
    """Changes when any file does: 16 hexadecimal digits."""
    config_dir: Path
    menus_dir: Path
    prompts_dir: Path
    speeches: tuple[Speech, ...]
    """Everything the menus say."""
    acd_source: Source
    """``acd.yaml`` with its lines, so that what is found later can be told with its place."""


def load(
    config_dir: Path,
    menus_dir: Path | None = None,
    prompts_dir: Path | None = None,
    *,
    today: date,
    need_prompts: bool = True,
) -> Loaded:
    """Read and check everything below ``config_dir``; return it or raise ``ConfigError``.

    ``today``, in any time zone, says for which years calendars are made (``acd.config.hours``).
    ``menus_dir`` and ``prompts_dir`` default to what ``acd.yaml`` says. With ``need_prompts``
    false a prompt that nobody has spoken yet is no problem (``acd.prompts`` loads so).
    """
    if not config_dir.is_dir():
        what = "there is no such folder of configuration"
        raise ConfigError([Problem(shown(config_dir), 0, 0, what, "name one that has acd.yaml")])
    files = read_files(config_dir, menus_dir)
    acd = files.acd
    prompts_dir = prompts_dir or beside(config_dir, acd.prompts if acd else "../prompts")
    menus = build_menus(Surroundings(files.acd, files.queues, files.menu_sources))
    hours = compile_hours(files.hours or {}, files.hours_source, today)
    check_all(files, menus)
    if need_prompts:
        check_prompts(menus.speeches, prompts_dir, shown(prompts_dir))
    problems = [problem for source in files.sources() for problem in source.problems]
    if problems or files.stray:
        raise ConfigError(problems + files.stray)
    if acd is None:
        raise BugError("acd.yaml could not be read and nobody said why")
    return Loaded(
        plan=_plan(files, menus, acd, hours),
        settings=acd,
        fingerprint=_fingerprint(files.sources()),
        config_dir=config_dir,
        menus_dir=files.menus_dir,
        prompts_dir=prompts_dir,
        speeches=tuple(menus.speeches),
        acd_source=files.acd_source,
    )


def _plan(files: Files, menus: Menus, acd: AcdFile, hours: Mapping[str, Calendar]) -> Plan:
    """Make the plan of a configuration without problems."""
    return Plan(
        queues={QueueId(name): _queue(name, entry) for name, entry in files.whole_queues()},
        agents={AgentId(entry.id): _agent(entry) for entry in files.whole_agents()},
        menus=menus.plans,
        callers_menu=MenuId(acd.callers_menu),
        code_menus=menus.codes,
        not_ready_reasons=tuple(acd.not_ready_reasons),
        prompts_path_on_pbx=acd.prompts_path_on_pbx.rstrip("/"),
        service_name=acd.service_name,
        service_number=acd.service_number,
        hours=hours,
    )


def _queue(name: str, entry: QueueEntry) -> QueuePlan:
    return QueuePlan(
        id=QueueId(name),
        label={Language(code): text for code, text in entry.label.items()},
        requirement=Requirement(
            tuple(Need(SkillId(skill), grade) for skill, grade in sorted(entry.needs.items()))
        ),
        target_seconds=entry.target_seconds,
        priority_seconds=entry.priority_seconds,
        ring_timeout_seconds=entry.ring_timeout_seconds,
        wrap_up_seconds=entry.wrap_up_seconds,
        declined_delay_seconds=entry.declined_delay_seconds,
        unreachable_delay_seconds=entry.unreachable_delay_seconds,
        short_abandon_seconds=entry.short_abandon_seconds,
    )


def _agent(entry: AgentEntry) -> AgentPlan:
    return AgentPlan(
        id=AgentId(entry.id),
        name=entry.name,
        phone=DeviceId(entry.phone),
        skills={SkillId(skill): grade for skill, grade in sorted(entry.skills.items())},
        pin=entry.pin or "",
    )


def _fingerprint(sources: list[Source]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.name}\n{len(source.text)}\n".encode())
        digest.update(source.text)
    return digest.hexdigest()[:16]
