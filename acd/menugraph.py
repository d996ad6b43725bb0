"""A menu as a picture: boxes and arrows, and the same as Mermaid, which code hosts draw.

It must not know how a menu was written: it draws the graph that callers walk.
"""

from collections.abc import Collection, Iterator
from enum import Enum
from typing import NamedTuple

from acd.core.ids import NodeId
from acd.core.plan import (
    AgentDo,
    Ask,
    AttributeIs,
    Branch,
    Collect,
    Condition,
    Enqueue,
    HangUp,
    HoursAre,
    Keep,
    LocalIncident,
    LookUp,
    MenuPlan,
    MessageDo,
    Node,
    QueueIs,
    Return,
    Say,
    SubMenu,
    SwitchLanguage,
    TakeMessage,
    Transfer,
)


class Shape(Enum):
    """What a box is drawn as."""

    START = "what led here"
    ASK = "the caller is asked"
    BRANCH = "one of several ways"
    STEP = "something is said or done"
    END = "the menu is over"


class Box(NamedTuple):
    """One node of the graph."""

    name: str
    shape: Shape
    text: str


class Arrow(NamedTuple):
    """One way from a box to another, with what leads there."""

    begin: str
    label: str
    end: str


class Drawing(NamedTuple):
    """All that is to be drawn, in the order in which a caller may meet it."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(
    menu: MenuPlan, entry: NodeId | None = None, *, led_by: str = "", ends: Collection[NodeId] = ()
) -> Drawing:
    """Return the graph from its entry, or ``entry``, on.

    ``led_by`` is a box before it with these words; what is among ``ends`` is drawn, but not what
    follows it.
    """
    entry = menu.entry if entry is None else entry
    begin = len(led_by) > 0
    names = {node: f"n{at}" for at, node in enumerate(_in_order(menu, entry, ends), begin)}
    boxes = [Box(name, *_shape(menu.nodes[node])) for node, name in names.items()]
    arrows = [
        Arrow(name, label, names[target])
        for node, name in names.items()
        if node not in ends
        for label, target in ways(menu.nodes[node])
    ]
    if led_by:
        boxes.insert(0, Box("n0", Shape.START, led_by))
        arrows.insert(0, Arrow("n0", "", names[entry]))
    return Drawing(tuple(boxes), tuple(arrows))


_MERMAID = {
    Shape.START: '(("{}"))',
    Shape.ASK: '{{{{"{}"}}}}',
    Shape.BRANCH: '{{"{}"}}',
    Shape.STEP: '["{}"]',
    Shape.END: '(["{}"])',
}


def mermaid(drawing: Drawing) -> str:
    """Return it as a Mermaid flow chart."""
    lines = ["flowchart TD"]
    lines += [
        f"    {box.name}{_MERMAID[box.shape].format(_quoted(box.text))}" for box in drawing.boxes
    ]
    for begin, label, end in drawing.arrows:
        arrow = f'-->|"{_quoted(label)}"|' if label else "-->"
        lines.append(f"    {begin} {arrow} {end}")
    return "\n".join(lines) + "\n"


def ways(node: Node) -> Iterator[tuple[str, NodeId]]:
    """Yield every way out of a node, with what leads there; the way without a word is the usual."""
    match node:
        case Ask():
            yield from node.choices.items()
            yield "no choice", node.otherwise
        case Collect():
            yield node.into, node.next
            yield "no digits", node.otherwise
        case Branch():
            for case in node.cases:
                yield " and ".join(map(_told, case.conditions)), case.target
            yield "otherwise", node.next
        case AgentDo() | MessageDo():
            yield "done", node.done
            yield "refused", node.refused
        case TakeMessage():
            yield "", node.next
            yield "no message", node.otherwise
        case SubMenu():
            yield "", node.entry
            yield "afterwards", node.then
        case LookUp():
            yield "found", node.found
            yield "not found", node.missing
            yield "no answer", node.failed
        case Say() | SwitchLanguage() | Keep():
            yield "", node.next
        case Return() | Enqueue() | Transfer() | HangUp():
            return


def _in_order(menu: MenuPlan, entry: NodeId, ends: Collection[NodeId]) -> list[NodeId]:
    """Return the nodes as somebody meets them who tries one way after the other."""
    found: dict[NodeId, None] = {}
    waiting = [entry]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            if node not in ends:
                waiting += [target for _, target in reversed(list(ways(menu.nodes[node])))]
    return list(found)


def _shape(node: Node) -> tuple[Shape, str]:  # noqa: C901
    match node:
        case Ask():
            return Shape.ASK, f"{node.id}: a key"
        case Collect():
            return Shape.ASK, f"digits: {node.into}"
        case Branch():
            return Shape.BRANCH, "which way?"
        case Say():
            return Shape.STEP, ", ".join(node.prompts)
        case SwitchLanguage():
            return Shape.STEP, "next language"
        case AgentDo():
            return Shape.STEP, f"{node.action} {node.reason}".strip()
        case MessageDo():
            return Shape.STEP, f"message: {node.action}"
        case SubMenu():
            return Shape.STEP, "into a menu and back"
        case Return():
            return Shape.END, "back"
        case Keep():
            return Shape.STEP, f"kept: {node.kind}"
        case LookUp():
            return Shape.BRANCH, f"look up {node.lookup}"
        case Transfer():
            return Shape.END, f"to {node.number}"
        case TakeMessage():
            return Shape.STEP, f"message for {node.queue}"
        case Enqueue():
            return Shape.END, f"queue {node.queue}"
        case HangUp():
            return Shape.END, "hung up"


def _told(condition: Condition) -> str:
    match condition:
        case HoursAre(hours, is_open):
            return f"{hours} {'open' if is_open else 'closed'}"
        case AttributeIs(attribute, values):
            more = f" or {len(values) - 3} more" if len(values) > 3 else ""
            return f"{attribute} is {', '.join(values[:3])}{more}"
        case QueueIs(queue, waiting, over_seconds):
            told = [f"{waiting} wait"] * (waiting > 0)
            told += [f"wait over {over_seconds:g} s"] if over_seconds is not None else []
            return f"{queue}: {', '.join(told)}"
        case LocalIncident(queue):
            return f"{queue}: an incident by postcode, his not known"


def _quoted(text: str) -> str:
    # Mermaid reads entities in its own way: a hash begins one.
    return text.replace("#", "#35;").replace('"', "#quot;")
