"""Whether callers come everywhere in the menus, and out of them again.

Refused is what is wrong on every day: a circle in which nobody is asked, a place without a way to
any end, a way that is never taken (``acd.config.waycheck``). What may be meant, or is so for a
time only, is a warning: a menu to which nothing leads yet, a circle for who presses nothing,
hours that do not open within a year.

Rules: a menu is looked at as it was built, so nothing is told while anything is wrong with the
files of menus: what was refused is missing there.
This module must not know how a verb is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from graphlib import CycleError, TopologicalSorter

from acd.config.files import Files
from acd.config.menus import Menus, Place, following, has_choices
from acd.config.parts import Parts
from acd.config.waycheck import check_ways
from acd.core.ids import MenuId, NodeId
from acd.core.plan import (
    AgentDo,
    Ask,
    Branch,
    Collect,
    Enqueue,
    HangUp,
    Keep,
    LookUp,
    MessageDo,
    Node,
    Return,
    Say,
    SubMenu,
    SwitchLanguage,
    TakeMessage,
    Transfer,
)

_AHEAD = timedelta(days=366)
"""Hours that do not open for so long are taken for forgotten."""

_MOST_CIRCLES = 20
"""Whoever made more wants to see the first ones; each costs a search of its own."""

Nodes = Mapping[NodeId, Node]


def check_graphs(files: Files, menus: Menus, parts: Parts, today: date) -> None:
    """Blame what is wrong with the menus' graphs, warn of what may be; ``today`` in any zone."""
    now = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()
    _check_hours(files, parts, now)
    if files.acd is None or any(source.problems for source in files.menu_sources.values()):
        return
    check_ways(menus, parts.hours, now)
    if not _check_circles(files, menus):
        _check_dead_ends(files, menus)
        _check_silence(files, menus)
    _check_reached(files, menus)


def place_in(files: Files, menus: Menus, node: NodeId) -> Place:
    """Return where a node is written: its target, or the choices of its menu."""
    menu = node.partition("/")[0]
    return menus.place_of(node) or (files.menu_sources[menu], ("choices",))


# -- circles -------------------------------------------------------------------------------------


def _check_circles(files: Files, menus: Menus) -> bool:
    """Blame each circle in which the caller is never asked; tell whether there is one."""
    begun = _begun_anew(menus)

    def unasked(node: Node) -> Iterable[NodeId]:
        return begun.get(node.id, ()) if _asks(node) else following(node)

    found = list(_circles(menus.nodes, unasked))
    for circle in found:
        (source, path), more = _first(files, menus, circle)
        what = f"a call that comes here goes round without being asked anything{more}"
        source.blame(path, what, "let one of these ways lead to a menu, to digits or to an end")
    return bool(found)


def _check_silence(files: Files, menus: Menus) -> None:
    """Warn of each circle out of which nobody comes without pressing a key."""

    def unpressed(node: Node) -> tuple[NodeId, ...]:
        if isinstance(node, SubMenu):
            # Who comes back by himself goes on behind it; who does not never gets there.
            return (node.then if _comes_back(menus.nodes, node.entry) else node.entry,)
        return _unpressed(node)

    for circle in _circles(menus.nodes, unpressed):
        (source, path), more = _first(files, menus, circle)
        what = f"who presses nothing goes round here until he hangs up{more}"
        source.warn(path, what, 'let "otherwise" lead to a queue or hang up, once he had his turns')


def _circles(
    nodes: Nodes, ways: Callable[[Node], Iterable[NodeId]]
) -> Iterator[tuple[NodeId, ...]]:
    """Yield the first circles among the nodes; no node is in two of them."""
    graph = {name: set(ways(node)) for name, node in nodes.items()}
    for _ in range(_MOST_CIRCLES):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: tuple[NodeId, ...] = tuple(error.args[1][1:])
            for name in circle:
                graph[name] = set()
            yield circle
        else:
            return


def _asks(node: Node) -> bool:
    """Say whether a caller can do something at a node, or stays there.

    What follows a ``SubMenu`` follows its questions, and a ``Return`` leads to no way of its own.
    """
    match node:
        case (
            Ask()
            | Collect()
            | SubMenu()
            | Return()
            | Enqueue()
            | TakeMessage()
            | Transfer()
            | HangUp()
        ):
            return True
        case Say() | SwitchLanguage() | Branch() | Keep() | LookUp() | AgentDo() | MessageDo():
            return False


def _unpressed(node: Node) -> tuple[NodeId, ...]:
    """Return where a call goes on from a node when no key is pressed."""
    return (node.otherwise,) if isinstance(node, Ask | Collect) else following(node)


def _begun_anew(menus: Menus) -> dict[NodeId, list[NodeId]]:
    """Return for each ``Return`` where who has nothing to go back to begins again."""
    returns = [name for name, node in menus.nodes.items() if isinstance(node, Return)]
    return {
        name: [plan.entry for plan in menus.plans.values() if name in plan.nodes]
        for name in returns
    }


def _comes_back(nodes: Nodes, entry: NodeId) -> bool:
    """Say whether who presses nothing from ``entry`` on can come to a ``Return``."""
    seen: set[NodeId] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in nodes:
            continue
        if isinstance(nodes[name], Return):
            return True
        seen.add(name)
        waiting += _unpressed(nodes[name])
    return False


def _first(files: Files, menus: Menus, circle: Iterable[NodeId]) -> tuple[Place, str]:
    """Return the first place of a circle in its file, and the others in words."""
    places = {}
    for name in circle:
        source, path = place_in(files, menus, name)
        places[source.name, source.place(*path)[0]] = (source, path)
    first, *others = sorted(places)
    told = ", ".join(f"{name}:{line}" for name, line in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return places[first], f", by way of {told}{more}" if told else ""


# -- ends ----------------------------------------------------------------------------------------


def _check_dead_ends(files: Files, menus: Menus) -> None:
    """Blame each menu, or what else asks, from which no call ever comes to an end."""
    nodes, begun = menus.nodes, _begun_anew(menus)
    thens = [node.then for node in nodes.values() if isinstance(node, SubMenu)]
    back: dict[NodeId, list[NodeId]] = {}
    for name, node in nodes.items():
        # Where somebody goes back to hangs on where he came from: anywhere will do.
        for target in (*thens, *begun[name]) if name in begun else following(node):
            back.setdefault(target, []).append(name)
    ending: set[NodeId] = set()
    waiting = [name for name, node in nodes.items() if name not in begun and not following(node)]
    while waiting:
        name = waiting.pop()
        if name not in ending:
            ending.add(name)
            waiting += back.get(name, [])
    for name, node in nodes.items():
        if name not in ending and isinstance(node, Ask | Collect):
            source, path = place_in(files, menus, name)
            what = "no way out: whatever a caller presses here, he comes to no queue and no end"
            source.blame(path, what, "let a choice lead to a queue, or hang up")


def _check_reached(files: Files, menus: Menus) -> None:
    """Warn of each menu to which nothing leads."""
    reached: set[str] = set()
    for entered in _entered(files, menus):
        if entered in menus.plans:
            reached.update(name.partition("/")[0] for name in menus.plans[entered].nodes)
    for menu, source in files.menu_sources.items():
        if has_choices(source) and menu not in reached and not _is_survey(menus, MenuId(menu)):
            what = f'no number, code, queue or other menu leads to the menu "{menu}"'
            source.warn(("menu",), what, f'lead to it by "menu: {menu}", or remove the file')


def _is_survey(menus: Menus, menu: MenuId) -> bool:
    """Say whether it only asks and ends: a survey that no queue has switched on is no mistake."""
    nodes = menus.plans[menu].nodes.values() if menu in menus.plans else ()
    asks = any(isinstance(node, Collect) for node in nodes)
    return asks and not any(isinstance(node, Enqueue | AgentDo | MessageDo) for node in nodes)


def _entered(files: Files, menus: Menus) -> Iterator[MenuId]:
    """Yield the menus in which somebody begins."""
    yield from map(MenuId, files.menus_entered())
    yield from menus.codes.values()
    for _, queue in files.whole_queues():
        if queue.survey is not None:
            yield MenuId(queue.survey)


# -- hours ---------------------------------------------------------------------------------------


def _check_hours(files: Files, parts: Parts, now: float) -> None:
    """Warn of hours that do not open within a year."""
    source = files.hours_source
    until = now + _AHEAD.total_seconds()
    for name in files.hours or {}:
        calendar = parts.hours.get(name)
        if calendar is None or not source.is_clean(name) or calendar.is_open(now):
            continue
        opens = calendar.next_change(now)
        if opens is None or opens > until:
            what = f'"{name}" does not open on any day of the coming year'
            source.warn((name,), what, "give it hours of a weekday, or a special day")
