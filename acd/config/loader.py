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
from typing import NamedTuple
from zoneinfo import ZoneInfo

from acd.config.audio import files_below, prompt_lengths
from acd.config.check import check_all, check_prompts
from acd.config.clientcheck import check_clients
from acd.config.clients import Clients, compile_clients
from acd.config.expectations import Expectation, compile_expectations
from acd.config.files import beside, read_files, shown
from acd.config.hours import ALWAYS_NAME
from acd.config.incidents import compile_incidents, incidents_of
from acd.config.lookups import compile_lookups
from acd.config.menus import Menus, Speech, Surroundings, build_menus
from acd.config.parts import Parts, compile_parts
from acd.config.promptfiles import files_of, with_files
from acd.config.queuecheck import callers_languages, prompts_named
from acd.config.schema import AcdFile
from acd.config.source import Source
from acd.config.texts import Naming, asked_of_incidents, read_texts
from acd.core.ids import MenuId
from acd.core.incident import Incident
from acd.core.plan import LookupPlan, Plan
from acd.core.surge import SurgeRule
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
    """Everything the menus say, and what waiting callers are told that has a text."""
    incident_speeches: tuple[Speech, ...]
    """Those of them that are said of incidents."""
    untold: tuple[str, ...]
    """Each ``<language>/<prompt>`` that has no text, so that it must be recorded."""
    expectations: tuple[Expectation, ...]
    """The menus' examples, for ``acd.rehearsal`` to play."""
    house_zone: ZoneInfo | None
    """Whose wall clock dates mean; None where that is not known."""
    warnings: tuple[Problem, ...]
    """What may be wrong, and is no reason to refuse anything."""
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
    hours = None if files.hours is None else [ALWAYS_NAME, *files.hours]
    menus = build_menus(
        Surroundings(files.acd, files.skills, files.queues, files.menu_sources, hours)
    )
    parts = compile_parts(files, today)
    clients = compile_clients(files, menus)
    expectations = compile_expectations(menus.expected, files.queues, hours, parts.midnights)
    check_all(files, menus, parts, today)
    check_clients(files, menus, parts)
    languages = callers_languages(files, menus)
    written = compile_incidents(
        files.incidents or {}, files.incidents_source, files.queues, languages, parts.midnights
    )
    named = [
        *prompts_named(files, menus, parts),
        *asked_of_incidents(files.acd_source, prompts_dir),
        *(Naming(files.incidents_source, one.path, one.prompts()) for one in written),
    ]
    texts = read_texts(prompts_dir, named, languages, menus.speeches)
    speeches = (*menus.speeches, *clients.speeches, *texts.speeches)
    incident_speeches = tuple(each for one in written for part in one.words for each in part)
    speeches += incident_speeches
    there = files_below(prompts_dir)
    if need_prompts:
        check_prompts(speeches, texts.untold, acd, there, shown(prompts_dir))
    sources = [*files.sources(), *texts.sources]
    problems = [problem for source in sources for problem in source.problems]
    if problems or files.stray:
        raise ConfigError(problems + files.stray)
    if acd is None:
        raise BugError("acd.yaml could not be read and nobody said why")
    prompts = _Prompts(files_of(speeches, acd, there), prompt_lengths(prompts_dir, there))
    incidents = incidents_of(written, languages, *prompts)
    return Loaded(
        plan=_plan(
            menus, acd, parts, clients, prompts, incidents, compile_lookups(acd, config_dir)
        ),
        settings=acd,
        fingerprint=_fingerprint(sources),
        config_dir=config_dir,
        menus_dir=files.menus_dir,
        prompts_dir=prompts_dir,
        speeches=speeches,
        incident_speeches=incident_speeches,
        untold=tuple(
            dict.fromkeys(
                f"{language}/{prompt}"
                for _, language, prompts_untold in texts.untold
                for prompt in prompts_untold
            )
        ),
        expectations=expectations,
        house_zone=parts.midnights.zone,
        warnings=tuple(sorted(warned for source in sources for warned in source.warnings)),
        acd_source=files.acd_source,
    )


class _Prompts(NamedTuple):
    """The files of what is spoken, and how long each file takes."""

    files: Mapping[str, str]
    seconds: Mapping[str, float]


def _plan(
    menus: Menus,
    acd: AcdFile,
    parts: Parts,
    clients: Clients,
    prompts: _Prompts,
    incidents: tuple[Incident, ...],
    lookups: dict[str, LookupPlan],
) -> Plan:
    """Make the plan of a configuration without problems."""
    return Plan(
        queues=parts.queues,
        agents={agent.id: agent for agent in parts.agents},
        menus=with_files(menus.plans, prompts.files),
        callers_menu=MenuId(acd.callers_menu),
        code_menus=menus.codes,
        not_ready_reasons=tuple(acd.not_ready_reasons),
        prompts_path_on_pbx=acd.prompts_path_on_pbx.rstrip("/"),
        recordings_path_on_pbx=acd.recordings_path_on_pbx.rstrip("/") if acd.recordings else "",
        voicemail_path_on_pbx=acd.voicemail_path_on_pbx.rstrip("/"),
        service_name=acd.service_name,
        service_number=acd.service_number,
        hours=parts.hours,
        incidents=incidents,
        prompt_files=prompts.files,
        prompt_seconds=prompts.seconds,
        numbers=clients.numbers,
        clients=clients.plans,
        lookups=lookups,
        surges=_surges(acd, parts),
    )


def _surges(acd: AcdFile, parts: Parts) -> SurgeRule:
    entry, zone = acd.surges, parts.midnights.zone
    return SurgeRule(
        enabled=entry.enabled,
        ratio=entry.ratio,
        least_calls=entry.least_calls,
        weeks=entry.weeks,
        time_zone=zone.key if zone is not None else "Etc/UTC",
    )


def _fingerprint(sources: list[Source]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.name}\n{len(source.text)}\n".encode())
        digest.update(source.text)
    return digest.hexdigest()[:16]
