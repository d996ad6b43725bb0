"""What an agent's phone shows while it rings: for whom, which option, and how long he has waited.

Two menus may call the same key for the same queue differently: the caller's own menu counts.
"""

from collections.abc import Mapping
from typing import Final

from acd.core.call import Call
from acd.core.ids import MenuId, QueueId
from acd.core.plan import Enqueue, Plan, QueuePlan

MOST_SHOWN: Final = 20
"""So many characters of an attribute are shown: a phone's display is short."""

OptionLabels = Mapping[tuple[MenuId | None, QueueId, str], Enqueue]
"""Where each menu, or without a menu any of them, names a key that leads to a queue."""


def option_labels(plan: Plan) -> OptionLabels:
    """Return what the menus call their keys; where they differ the callers' first menu counts."""
    labels: dict[tuple[MenuId | None, QueueId, str], Enqueue] = {}
    seen: set[int] = set()
    # The callers' first menu comes last, and stays. Menus that lead to each other share nodes.
    for menu in sorted(plan.menus.values(), key=lambda menu: menu.id == plan.callers_menu):
        own = f"{menu.id}/"
        new = id(menu.nodes) not in seen
        seen.add(id(menu.nodes))
        for node in menu.nodes.values() if new or menu.id == plan.callers_menu else ():
            if isinstance(node, Enqueue):
                name, there, _ = node.id.partition("/")
                of = MenuId(name) if there else menu.id
                labels[of, node.queue, node.option] = node
                if node.id.startswith(own) or (None, node.queue, node.option) not in labels:
                    labels[None, node.queue, node.option] = node
    return labels


def ring_label(plan: Plan, labels: OptionLabels, queue: QueuePlan, call: Call, waited: int) -> str:
    """Return what is shown of this call after so many seconds, in the house's language."""
    client = plan.client(call.client)
    menus = [MenuId(call.menu_path[-1].partition(":")[0])] if call.menu_path else []
    menus += [client.menu] if client is not None else []
    keys = [*((menu, queue.id, call.option) for menu in menus), (None, queue.id, call.option)]
    node = next((labels[key] for key in keys if key in labels), None)
    text = node.label if node is not None else queue.label
    label = text.get(plan.house_language, queue.id)
    whose = client.name if client is not None else ""
    value = call.attributes.get(node.show, "") if node is not None else ""
    shown = (whose, call.option, label, value[:MOST_SHOWN], f"{waited // 60}:{waited % 60:02d}")
    return " ".join(filter(None, shown))
