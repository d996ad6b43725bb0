"""The files of a configuration, each read by its model.

Rules: an entry that is refused is None in its place, so that its name still counts as known;
a file that cannot be read at all is None, so that what refers to it is not checked.
This module must not know what entries mean to each other (``acd.config.check`` does).
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from acd.config.agents import AgentEntry, GroupEntry
from acd.config.explain import read_entry
from acd.config.incidents import IncidentEntry
from acd.config.queues import QueueEntry
from acd.config.schema import (
    NAME_PATTERN,
    PATTERNS,
    SKILL_PATTERN,
    AcdFile,
    ClientEntry,
    HoursEntry,
    NumbersFile,
    SkillEntry,
)
from acd.config.source import Source, read
from acd.errors import Problem

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Files:
    """All files of a configuration as read."""

    menus_dir: Path
    acd_source: Source
    skills_source: Source
    queues_source: Source
    agents_source: Source
    groups_source: Source
    hours_source: Source
    menu_sources: dict[str, Source]
    acd: AcdFile | None
    skills: dict[str, SkillEntry | None] | None
    queues: dict[str, QueueEntry | None] | None
    agents: list[AgentEntry | None] | None
    groups: dict[str, GroupEntry | None] | None
    """Empty when there is no such file."""
    hours: dict[str, HoursEntry | None] | None
    """Empty when there is no such file; ``always`` is not in it."""
    incidents_source: Source
    incidents: dict[str, IncidentEntry | None] | None
    """Empty when there is no such file."""
    numbers_source: Source
    numbers: Mapping[str, str] | None
    """Number as written -> menu; empty when there is no such file."""
    client_sources: dict[str, Source]
    clients: dict[str, ClientEntry | None]
    stray: list[Problem]
    """Problems of folders and of files that are not read."""

    def sources(self) -> list[Source]:
        """Return every file that was read."""
        own = [self.acd_source, self.skills_source, self.queues_source, self.agents_source]
        own += [self.groups_source, self.hours_source, self.numbers_source]
        own.append(self.incidents_source)
        return [*own, *self.menu_sources.values(), *self.client_sources.values()]

    @property
    def country_code(self) -> str:
        """The code that ``acd.yaml`` names, or the usual one."""
        return self.acd.country_code if self.acd is not None else "49"

    def whole_clients(self) -> Iterator[tuple[str, ClientEntry]]:
        """Yield every client whose file could be read."""
        for name, entry in self.clients.items():
            if entry is not None:
                yield name, entry

    def whole_queues(self) -> Iterator[tuple[str, QueueEntry]]:
        """Yield every queue whose entry could be read."""
        for name, entry in (self.queues or {}).items():
            if entry is not None:
                yield name, entry

    def whole_agents(self) -> Iterator[AgentEntry]:
        """Yield every agent whose entry could be read."""
        for entry in self.agents or ():
            if entry is not None:
                yield entry

    def menus_entered(self) -> list[str]:
        """Return the menus at whose beginning callers may find themselves, each once."""
        names = [self.acd.callers_menu] if self.acd is not None else []
        names += (self.numbers or {}).values()
        names += [entry.menu for _, entry in self.whole_clients() if entry.menu]
        names += [
            rule.menu for _, entry in self.whole_queues() for rule in entry.exits if rule.menu
        ]
        return list(dict.fromkeys(names))


def read_files(config_dir: Path, menus_dir: Path | None) -> Files:
    """Read everything; problems are in the sources and in ``stray``."""
    acd_source, skills_source, queues_source, agents_source = (
        read(config_dir / name, shown(config_dir / name))
        for name in ("acd.yaml", "skills.yaml", "queues.yaml", "agents.yaml")
    )
    groups_source, groups_there = _read_if_there(config_dir / "groups.yaml")
    hours_source, hours_there = _read_if_there(config_dir / "hours.yaml")
    acd = read_entry(AcdFile, acd_source)
    menus_dir = menus_dir or beside(config_dir, acd.menus if acd else "../ivr_menus")
    incidents_source, incidents_there = _read_if_there(config_dir / "incidents.yaml")
    numbers_source, numbers_there = _read_if_there(config_dir / "numbers.yaml")
    numbers = read_entry(NumbersFile, numbers_source) if numbers_there else NumbersFile({})
    menu_sources, stray = _read_menus(menus_dir)
    client_sources, stray_clients = _read_clients(config_dir / "clients")
    return Files(
        menus_dir=menus_dir,
        acd_source=acd_source,
        skills_source=skills_source,
        queues_source=queues_source,
        agents_source=agents_source,
        groups_source=groups_source,
        hours_source=hours_source,
        menu_sources=menu_sources,
        acd=acd,
        skills=_mapping(SkillEntry, skills_source, SKILL_PATTERN),
        queues=_mapping(QueueEntry, queues_source),
        agents=_list(AgentEntry, agents_source),
        groups=_mapping(GroupEntry, groups_source) if groups_there else {},
        hours=_mapping(HoursEntry, hours_source) if hours_there else {},
        incidents_source=incidents_source,
        incidents=_mapping(IncidentEntry, incidents_source) if incidents_there else {},
        numbers_source=numbers_source,
        numbers=numbers.root if numbers is not None else None,
        client_sources=client_sources,
        clients={name: _client(name, source) for name, source in client_sources.items()},
        stray=stray + stray_clients,
    )


def _read_if_there(path: Path) -> tuple[Source, bool]:
    """Read a file that may be missing; tell whether it is there."""
    there = os.path.lexists(path)
    return (read(path, shown(path)) if there else Source(shown(path), None)), there


def beside(config_dir: Path, folder: str) -> Path:
    """Return ``folder`` as ``acd.yaml`` means it: relative to its own folder."""
    joined = config_dir / folder
    if folder.startswith("../") and config_dir.name not in ("", ".", ".."):
        return config_dir.parent / folder.removeprefix("../")
    return joined


def shown(path: Path) -> str:
    """Return ``path`` as an operator knows it: from where he stands, if it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _read_menus(folder: Path) -> tuple[dict[str, Source], list[Problem]]:
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        what = f"the folder of menus cannot be read: {error.strerror}"
        return {}, [Problem(shown(folder), 0, 0, what, 'acd.yaml names it under "menus"')]
    sources, stray = _read_each(found)
    if not sources:
        stray.append(Problem(shown(folder), 0, 0, "the folder holds no menu", "add main.yaml"))
    return sources, stray


def _read_clients(folder: Path) -> tuple[dict[str, Source], list[Problem]]:
    """Read the folder of clients, which may be missing."""
    if not os.path.lexists(folder):
        return {}, []
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        what = f"the folder of clients cannot be read: {error.strerror}"
        return {}, [Problem(shown(folder), 0, 0, what, "check its owner and mode")]
    return _read_each(found)


def _read_each(found: Iterable[Path]) -> tuple[dict[str, Source], list[Problem]]:
    sources: dict[str, Source] = {}
    stray = []
    for path in found:
        if path.suffix == ".yaml":
            sources[path.stem] = read(path, shown(path))
        elif path.suffix in (".yml", ".YAML", ".YML"):
            what = "the file would not be read because of its ending"
            stray.append(Problem(shown(path), 0, 0, what, f"rename it to {path.stem}.yaml"))
    return sources, stray


def _client(name: str, source: Source) -> ClientEntry | None:
    if not re.fullmatch(NAME_PATTERN, name):
        source.blame((), f'"{name}" cannot be the name of a client', PATTERNS[NAME_PATTERN])
    return read_entry(ClientEntry, source)


def _mapping(
    model: type[Model], source: Source, pattern: str = NAME_PATTERN
) -> dict[str, Model | None] | None:
    if source.root is None:
        return None
    if not isinstance(source.root.value, dict):
        source.blame((), "the file must be a mapping", "write lines of the form name: {...}")
        return None
    entries: dict[str, Model | None] = {}
    for name in source.keys_at():
        if source.is_hopeless():
            return None
        if not re.fullmatch(pattern, name):
            source.blame((name,), f'"{name}" cannot be a name', PATTERNS[pattern], key=True)
        entries[name] = read_entry(model, source, name)
    return entries


def _list(model: type[Model], source: Source) -> list[Model | None] | None:
    if source.root is None:
        return None
    if not isinstance(source.root.value, list):
        source.blame((), "the file must be a list", "write entries that begin with -")
        return None
    entries = []
    for number in range(len(source.root.value)):
        if source.is_hopeless():
            return None
        entries.append(read_entry(model, source, number))
    return entries
