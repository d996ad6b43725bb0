"""What numbers and clients owe the rest: a number is one's own, a menu exists, somebody can serve.

Rules: as in ``acd.config.check``. That nobody can serve a client is told only when all agents and
groups could be read, and of a queue that asks for something anybody can do.
This module must not know how files are read, nor what becomes of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from acd.config.clients import claims, languages_of
from acd.config.explain import did_you_mean, is_known, one_of
from acd.config.files import Files
from acd.config.menus import Menus, has_choices
from acd.config.parts import Parts
from acd.config.queuecheck import staff_is_known
from acd.config.schema import ClientEntry
from acd.config.source import Key, Source
from acd.config.staffing import Staff
from acd.core.ids import Language, MenuId, QueueId
from acd.core.plan import Enqueue, MenuPlan, Need, SwitchLanguage
from acd.core.queueplan import QueuePlan, ToQueue, in_groups


def check_clients(files: Files, menus: Menus, parts: Parts) -> None:
    """Blame what is wrong with numbers and clients; problems go to the files' sources."""
    enterable = [name for name, found in files.menu_sources.items() if has_choices(found)]
    for number, menu in (files.numbers or {}).items():
        is_known(files.numbers_source, (number,), "menu", menu, enterable or None)
    _check_claims(files)
    service = _Service(files, menus, parts)
    for name, entry in files.whole_clients():
        source = files.client_sources[name]
        if entry.menu is not None:
            is_known(source, ("menu",), "menu", entry.menu, enterable or None)
        for at, group in enumerate(entry.groups or ()):
            is_known(source, ("groups", at), "group", group, files.groups, "groups.yaml")
        _once(source, ("groups",), entry.groups or (), "group")
        _check_languages(files, menus, source, entry)
        if entry.enabled and entry.groups:
            service.check(source, entry, entry.groups)


def _check_claims(files: Files) -> None:
    """Blame each number that somebody has already."""
    first: dict[str, tuple[str, int]] = {}
    for claim in claims(files):
        line = claim.source.place(*claim.path, key=claim.client is None)[0]
        if claim.number in first:
            name, at = first[claim.number]
            written = _written(files, claim.source, claim.path)
            what = f'the number "{written}" is taken'
            claim.source.blame(
                claim.path, what, f"{name}:{at} has it: keep one", key=claim.client is None
            )
        first.setdefault(claim.number, (claim.source.name, line))


def _written(files: Files, source: Source, path: tuple[Key, ...]) -> str:
    node = source.node(*path)
    if source is files.numbers_source or node is None:
        return str(path[-1])
    return str(node.value)


def _check_languages(files: Files, menus: Menus, source: Source, entry: ClientEntry) -> None:
    known = list(files.acd.languages) if files.acd is not None else None
    menu = _menu_of(files, menus, entry)
    own = entry.languages
    _once(source, ("languages",), own or (), "language")
    for at, code in enumerate(own or ()):
        path = ("languages", at)
        there = is_known(source, path, "language", code, known, "acd.yaml")
        if there and menu is not None and code not in menu.languages:
            what = f'the menu "{menu.id}" does not speak "{code}"'
            source.blame(path, what, f"{one_of(list(menu.languages))}, or add it to the menu")
    if menu is None:
        return
    switches = any(isinstance(node, SwitchLanguage) for node in menu.nodes.values())
    if own is not None and switches:
        for language in menu.languages:
            if language not in own:
                what = f'the menu "{menu.id}" lets callers change to "{language}"'
                source.blame(("languages",), what, f"add {language}, or name a menu without that")
    speaks = languages_of(own, menu.languages)
    for key, texts in (("greeting", entry.greeting), ("answer", entry.answer)):
        _check_texts(source, key, texts, speaks, known)


def _check_texts(
    source: Source,
    key: str,
    texts: Mapping[str, str],
    speaks: Sequence[Language],
    known: list[str] | None,
) -> None:
    for language in speaks if texts else ():
        if language not in texts:
            source.blame((key,), f'"{key}" says nothing in "{language}"', f"add {language}: ...")
    for code in texts:
        if known is not None and code not in known:
            what = f'unknown language "{code}"{did_you_mean(code, known)}'
            source.blame((key, code), what, f"{one_of(known)} (acd.yaml)", key=True)


def _menu_of(files: Files, menus: Menus, entry: ClientEntry) -> MenuPlan | None:
    name = entry.menu or (files.acd.callers_menu if files.acd is not None else "")
    return menus.plans.get(MenuId(name))


@dataclass(frozen=True, slots=True)
class _Way:
    """A way from a menu into a queue, with what is asked for besides."""

    queue: QueueId
    needs: tuple[Need, ...]
    words: str


class _Service:
    """Whether some groups' agents can serve what a menu leads to; each question asked once."""

    def __init__(self, files: Files, menus: Menus, parts: Parts) -> None:
        self._files, self._menus, self._parts = files, menus, parts
        self._staff = Staff(parts.agents) if staff_is_known(files) else None
        self._ways: dict[MenuId, tuple[_Way, ...]] = {}
        self._served: dict[tuple[tuple[Need, ...], _Way], bool] = {}

    def check(self, source: Source, entry: ClientEntry, groups: Sequence[str]) -> None:
        """Blame the groups of a client if nobody in them can serve a queue it leads to."""
        menu = _menu_of(self._files, self._menus, entry)
        if self._staff is None or menu is None or not source.is_clean("groups"):
            return
        needs = (Need(in_groups(groups)),)
        if menu.id not in self._ways:
            self._ways[menu.id] = tuple(_ways(menu, self._parts.queues))
        for way in self._ways[menu.id]:
            queue = self._parts.queues.get(way.queue)
            if queue is not None and not self._is_served(queue, way, needs, self._staff):
                what = f'no agent of {" or ".join(groups)} can serve the queue "{queue.id}"'
                what += f", to which {way.words}"
                source.blame(("groups",), what, "add a group whose agents can, or give them skills")

    def _is_served(
        self, queue: QueuePlan, way: _Way, needs: tuple[Need, ...], staff: Staff
    ) -> bool:
        """Say whether somebody fits, at first or at any step; what nobody at all can is not asked.

        That is the queue's problem, or the menu's, and told there.
        """
        asked = (needs, way)
        if asked not in self._served:
            steps = [queue.requirement.also(way.needs)]
            steps += [
                step.requirement.also(way.needs) if step.keeps_extra_needs else step.requirement
                for step in queue.relaxations
            ]
            anybody = any(map(staff.anybody, steps))
            here = any(staff.anybody(step.also(needs)) for step in steps)
            self._served[asked] = here or not anybody
        return self._served[asked]


def _ways(menu: MenuPlan, queues: Mapping[QueueId, QueuePlan]) -> Iterator[_Way]:
    """Yield the ways into queues, one for each question, by a key where there is one.

    What callers overflow to is asked with the needs they came with, which they keep.
    """
    ends = [node for node in menu.nodes.values() if isinstance(node, Enqueue)]
    ways = []
    for node in sorted(ends, key=lambda end: (end.option == "", end.option)):
        key = f"key {node.option} of " if node.option else ""
        ways.append(_Way(node.queue, node.needs, f'{key}the menu "{menu.id}" leads'))
    seen = set()
    for way in ways:
        if (way.queue, way.needs) in seen:
            continue
        seen.add((way.queue, way.needs))
        yield way
        queue = queues.get(way.queue)
        for rule in queue.exits if queue is not None else ():
            if isinstance(rule.target, ToQueue):
                words = f'its callers overflow from the queue "{way.queue}"'
                ways.append(_Way(rule.target.queue, way.needs, words))


def _once(source: Source, path: tuple[Key, ...], found: Sequence[str], noun: str) -> None:
    for at, name in enumerate(found):
        if name in found[:at]:
            source.blame((*path, at), f'{noun} "{name}" stands here twice', "keep one")
