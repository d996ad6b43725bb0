"""A menu as a picture: Mermaid, which editors and code hosts draw.

It must not know how a menu was written: it draws the graph that callers walk.
"""

from collections.abc import Iterator

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
    MenuPlan,
    Node,
    QueueIs,
    Say,
    SwitchLanguage,
)


def mermaid(menu: MenuPlan) -> str:
    """Return the menu's graph as a Mermaid flow chart, from its entry on."""
    names = {node: f"n{number}" for number, node in enumerate(_in_order(menu))}
    lines = ["flowchart TD"]
    lines += [f"    {name}{_shape(menu.nodes[node])}" for node, name in names.items()]
    for node, name in names.items():
        for label, target in ways(menu.nodes[node]):
            arrow = f'-->|"{_quoted(label)}"|' if label else "-->"
            lines.append(f"    {name} {arrow} {names[target]}")
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
        case AgentDo():
            yield "done", node.done
            yield "refused", node.refused
        case Say() | SwitchLanguage():
            yield "", node.next
        case Enqueue() | HangUp():
            return


def _in_order(menu: MenuPlan) -> list[NodeId]:
    """Return the nodes as somebody meets them who tries one way after the other."""
    found: dict[NodeId, None] = {}
    waiting = [menu.entry]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting += [target for _, target in reversed(list(ways(menu.nodes[node])))]
    return list(found)


def _shape(node: Node) -> str:
    match node:
        case Ask():
            return f'{{{{"{_quoted(node.id)}: a key"}}}}'
        case Collect():
            return f'{{{{"digits: {_quoted(node.into)}"}}}}'
        case Branch():
            return '{"which way?"}'
        case Say():
            return f'["{_quoted(", ".join(node.prompts))}"]'
        case SwitchLanguage():
            return '["next language"]'
        case AgentDo():
            return f'["{_quoted(f"{node.action} {node.reason}".strip())}"]'
        case Enqueue():
            return f'(["queue {_quoted(node.queue)}"])'
        case HangUp():
            return '(["hung up"])'


def _told(condition: Condition) -> str:
    match condition:
        case HoursAre(hours, is_open):
            return f"{hours} {'open' if is_open else 'closed'}"
        case AttributeIs(attribute, values):
            more = f" or {len(values) - 3} more" if len(values) > 3 else ""
            return f"{attribute} is {', '.join(values[:3])}{more}"
        case QueueIs(queue, waiting, over_seconds):
            told = [f"{waiting} wait"] * (waiting > 0)
            told += [f"wait over {over_seconds:g} s"] * (over_seconds is not None)
            return f"{queue}: {', '.join(told)}"


def _quoted(text: str) -> str:
    # Mermaid reads entities in its own way: a hash begins one.
    return text.replace("#", "#35;").replace('"', "#quot;")
