"""What a queue owes the rest: what it names must exist, and what it asks for must be possible.

Rules: as in ``acd.config.check``. What is concluded from several values at once (nobody can serve
it, an exit that is never followed, a circle) is told only when all of those could be read.
This module must not know how entries are read, nor what becomes of them.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from msgspec.structs import replace

from acd.config.exits import ExitEntry, check_exits
from acd.config.explain import is_known
from acd.config.files import Files
from acd.config.hours import ALWAYS_NAME
from acd.config.menus import Menus, has_choices
from acd.config.overflow import check_circles
from acd.config.parts import Parts
from acd.config.queues import QueueEntry
from acd.config.source import Key, Source
from acd.config.staffing import Asked, Staff, check_asked, check_queue, check_relaxations
from acd.config.texts import Naming
from acd.core.calendar import DAY_SECONDS
from acd.core.ids import Language, MenuId, PromptId, QueueId, SkillId
from acd.core.plan import Collect, Enqueue, Need
from acd.core.queueplan import Requirement, Strategy
from acd.core.speaking import prompts_of

_BELONGS = {
    "agent_order": Strategy.ORDERED,
    "agent_weights": Strategy.WEIGHTED_RANDOM,
    "progress_seconds": Strategy.RING_PROGRESSIVELY,
}
"""Keys that one strategy alone looks at."""


def check_queue_names(files: Files, menus: Menus, name: str, entry: QueueEntry) -> None:
    """Blame what a queue names that is not there, and what does not go together in it."""
    source = files.queues_source
    _check_needs(files, name, entry)
    _check_strategy(source, name, entry)
    agents = None
    if files.agents is not None and None not in files.agents:
        agents = [agent.id for agent in files.whole_agents()]
    for at, agent in enumerate(entry.agent_order):
        is_known(source, (name, "agent_order", at), "agent", agent, agents, "agents.yaml")
    for agent in entry.agent_weights:
        path = (name, "agent_weights", agent)
        is_known(source, path, "agent", agent, agents, "agents.yaml", key=True)
    _once(source, (name, "agent_order"), [f'agent "{agent}"' for agent in entry.agent_order])
    values = [f'{value.attribute} "{value.value}"' for value in entry.caller_values]
    _once(source, (name, "caller_values"), values)
    told = entry.announcements
    if told and not (told.position or told.estimate or told.prompts):
        place = (name, "announcements")
        if source.is_clean(*place):
            source.blame(place, "nothing is announced", 'add "position", "estimate" or "prompts"')
    for at, rule in enumerate(entry.exits):
        _check_exit_names(files, menus, (name, "exits", at), rule)
    if entry.recording is not None:
        _check_recording(files, menus, name)
    if entry.survey is not None:
        _check_survey(files, menus, (name, "survey"), entry.survey)


def check_queue_sense(files: Files, menus: Menus, parts: Parts, today: date) -> None:
    """Blame what cannot be: a queue nobody can serve, a step or an exit that never comes, circles.

    ``today`` is the day from which hours are compared with each other.
    """
    source = files.queues_source
    asked = ("needs", "any_of", "relax", "reserved_agents", "exits")
    clear = {
        name: queue
        for name, queue in parts.queues.items()
        if all(source.is_clean(name, key) for key in asked) and _asks(source, name)
    }
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()
    staff = Staff(parts.agents) if staff_is_known(files) else None
    now = Staff(parts.agents, midnight, midnight + DAY_SECONDS)
    for queue in clear.values():
        check_relaxations(source, queue)
        if staff is not None:
            check_queue(source, queue, staff, now)
    if staff is not None:
        asks = [*menus.asked, *_asked_by_language(menus, staff)]
        known = [each for each in asks if each[0].is_clean(*each[1])]
        check_asked(known, clear, staff, now)
    for name, exits in parts.exits.items():
        check_exits(source, (name, "exits"), exits, parts.hours)
    check_circles(source, parts.exits, parts.hours, midnight)


def _asked_by_language(menus: Menus, staff: Staff) -> Iterator[Asked]:
    """Yield what menus ask for besides by the language a caller hears, once for each language."""
    for node in menus.nodes.values():
        place = menus.place_of(node.id) if isinstance(node, Enqueue) else None
        if not isinstance(node, Enqueue) or place is None:
            continue
        source, path = place
        for at, by in enumerate(node.attribute_needs):
            for language in menus.languages_at(node.id) if by.attribute == "language" else ():
                skill = SkillId(f"{by.prefix}{language}")
                # What nobody can do at all is not asked for.
                if staff.anybody(Requirement((Need(skill, 1),))):
                    needs = (*node.needs, Need(skill, by.minimum))
                    yield source, (*path, "attribute_needs", at), node.queue, needs


def prompts_named(files: Files, menus: Menus, parts: Parts) -> Iterator[Naming]:
    """Yield every line of queues.yaml and of menus that names prompts, or has values said."""
    for said, place, kind in menus.values:
        yield Naming(said, place, prompts_of(kind))
    for said, place, named in menus.named:
        yield Naming(said, place, (named,))
    source = files.queues_source
    for name, entry in files.whole_queues():
        told, path = parts.queues[QueueId(name)].announcements, (name, "announcements")
        if told is not None:
            position = replace(told, estimate=False, prompts=()).all_prompts()
            estimate = replace(told, position=False, prompts=()).all_prompts()
            yield Naming(source, (*path, "position"), position)
            yield Naming(source, (*path, "estimate"), estimate)
            for at, each in enumerate(told.prompts):
                yield Naming(source, (*path, "prompts", at), (each,))
        if entry.voicemail is not None:
            for key in ("invitation", "thanks"):
                spoken = tuple(PromptId(prompt) for prompt in getattr(entry.voicemail, key))
                yield Naming(source, (name, "voicemail", key), spoken)
        for at, rule in enumerate(entry.exits):
            for number, prompt in enumerate(rule.announcement):
                place = (name, "exits", at, "announcement", number)
                yield Naming(source, place, (PromptId(prompt),))


def callers_languages(files: Files, menus: Menus) -> list[Language]:
    """Return the languages that waiting callers may have: of all menus that callers enter."""
    entered = [menus.plans.get(MenuId(name)) for name in files.menus_entered()]
    return list(dict.fromkeys(code for menu in entered if menu for code in menu.languages))


def _check_needs(files: Files, name: str, entry: QueueEntry) -> None:
    source = files.queues_source
    if not _asks(source, name):
        what = f'the queue "{name}" asks for no skill'
        source.blame((name,), what, 'add "needs", or "any_of" where one skill of several will do')
    places: list[tuple[tuple[Key, ...], Sequence[str]]] = [
        ((name, "needs"), list(entry.needs)),
        ((name, "any_of"), list(entry.any_of)),
    ]
    for at, step in enumerate(entry.relax):
        places.append(((name, "relax", at, "needs"), list(step.needs)))
        places.append(((name, "relax", at, "any_of"), list(step.any_of)))
    for path, skills in places:
        for skill in skills:
            is_known(source, (*path, skill), "skill", skill, files.skills, "skills.yaml", key=True)


def _asks(source: Source, name: str) -> bool:
    """Say whether the queue asks for any skill, be it one that could not be read."""
    return not {"needs", "any_of"}.isdisjoint(source.keys_at(name))


def _check_strategy(source: Source, name: str, entry: QueueEntry) -> None:
    if not source.is_clean(name, "strategy"):
        return
    keys = set(source.keys_at(name))
    for key, strategy in _BELONGS.items():
        if key in keys and entry.strategy is not strategy:
            what = f'"{key}" means nothing with the strategy {entry.strategy}'
            allowed = f"it belongs to strategy: {strategy}"
            source.blame((name, key), what, allowed, key=True)
    if entry.strategy is Strategy.ORDERED and "agent_order" not in keys:
        what = 'nobody says in which order agents are "ordered"'
        source.blame((name, "strategy"), what, 'add "agent_order"')


def _check_exit_names(files: Files, menus: Menus, path: tuple[Key, ...], rule: ExitEntry) -> None:
    source = files.queues_source
    if rule.queue:
        is_known(source, (*path, "queue"), "queue", rule.queue, files.queues)
    if rule.closed:
        hours = None if files.hours is None else [ALWAYS_NAME, *files.hours]
        is_known(source, (*path, "closed"), "hours", rule.closed, hours, "hours.yaml")
    if rule.number and files.acd is not None and rule.number not in files.acd.external_numbers:
        what = f'"{rule.number}" is no number to which callers may be sent'
        source.blame((*path, "number"), what, 'add it to "external_numbers" in acd.yaml')
    if rule.voicemail and is_known(
        source, (*path, "voicemail"), "queue", rule.voicemail, files.queues
    ):
        other = (files.queues or {}).get(rule.voicemail)
        if other is not None and other.voicemail is None:
            what = f'the queue "{rule.voicemail}" has no box for messages'
            source.blame((*path, "voicemail"), what, 'add "voicemail" to that queue')
    if rule.menu:
        _know_menu(files, menus, (*path, "menu"), rule.menu)


def _know_menu(files: Files, menus: Menus, path: tuple[Key, ...], menu: str) -> bool:
    known = [name for name, found in files.menu_sources.items() if has_choices(found)]
    if not is_known(files.queues_source, path, "menu", menu, known or None):
        return False
    _check_menu_speaks(files, menus, path, menu)
    return True


def _check_recording(files: Files, menus: Menus, name: str) -> None:
    """Blame a queue whose recordings have no place, or before which nobody is ever asked."""
    source, path = files.queues_source, (name, "recording")
    if files.acd is not None and files.acd.recordings is None:
        what = "there is no folder for recordings"
        source.blame(path, what, 'add "recordings" to acd.yaml', key=True)
    if any(found.problems for found in files.menu_sources.values()):
        return
    nodes = [node for menu in menus.plans.values() for node in menu.nodes.values()]
    if not any(isinstance(one, Enqueue) and one.asks_recording for one in nodes):
        what = "no menu asks callers whether their talk may be recorded, so none ever is"
        source.blame(path, what, 'add "ask_recording" beside a "queue" in a menu', key=True)


def _check_survey(files: Files, menus: Menus, path: tuple[Key, ...], menu: str) -> None:
    """Blame a survey that asks for nothing, or after which the caller would wait once more."""
    plan = menus.plans.get(MenuId(menu))
    clean = menu in files.menu_sources and not files.menu_sources[menu].problems
    if not _know_menu(files, menus, path, menu) or plan is None or not clean:
        return
    nodes = plan.nodes.values()
    queues = [node.queue for node in nodes if isinstance(node, Enqueue)]
    if queues:
        what = f'the menu "{menu}" leads to the queue "{queues[0]}", but after a talk nobody waits'
        files.queues_source.blame(path, what, "name a menu whose ways all end the call")
    elif not any(isinstance(node, Collect) for node in nodes):
        what = f'the menu "{menu}" collects nothing, so no answer would be kept'
        allowed = f'add "collect" to a choice in {files.menu_sources[menu].name}'
        files.queues_source.blame(path, what, allowed)


def _check_menu_speaks(files: Files, menus: Menus, path: tuple[Key, ...], menu: str) -> None:
    first = menus.plans.get(MenuId(files.acd.callers_menu)) if files.acd is not None else None
    entered = menus.plans.get(MenuId(menu))
    if first is None or entered is None:
        return
    for language in first.languages:
        if language not in entered.languages:
            what = f'the menu "{menu}" does not speak "{language}", which callers may have chosen'
            allowed = f"add {language} to {files.menu_sources[menu].name}"
            files.queues_source.blame(path, what, allowed)


def staff_is_known(files: Files) -> bool:
    """Say whether every agent and all his skills could be read, so that nobody is overlooked."""
    read = files.agents is not None and None not in files.agents and files.groups is not None
    return read and not files.agents_source.problems and not files.groups_source.problems


def _once(source: Source, path: tuple[Key, ...], found: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for at, each in enumerate(found):
        if each in first:
            what = f"{each} stands here twice"
            source.blame((*path, at), what, f"first in line {first[each]}")
        first.setdefault(each, source.place(*path, at)[0])
