"""What is known of a caller, and what follows: what he asks for, and how early he is served.

Attributes are what he typed in menus, and of themselves ``language``, ``ani``, ``dnis``
and ``client``.
"""

from typing import Final

from acd.core.call import Call
from acd.core.floor import Floor
from acd.core.plan import Enqueue, Need, QueuePlan

MOST_SHIFT_SECONDS: Final = 3600.0
"""How far priority, values and a position together may move a call in the order, either way."""


BUILT_IN: Final = ("language", "ani", "dnis", "client")
"""What is known of every caller, whatever menus ask."""


def value_of(call: Call, name: str) -> str:
    """Return the value of the caller's attribute, empty when there is none."""
    built_in = {
        "language": call.language,
        "ani": call.ani,
        "dnis": call.dnis,
        "client": call.client,
    }
    return built_in.get(name) or call.attributes.get(name, "")


def shift_seconds(queue: QueuePlan, call: Call) -> float:
    """Return how much earlier than he came the caller is to be served; negative is later."""
    shift = queue.priority_seconds
    for value in queue.caller_values:
        if value_of(call, value.attribute) == value.value:
            shift += value.seconds
    return max(-MOST_SHIFT_SECONDS, min(MOST_SHIFT_SECONDS, shift))


def needs_of(floor: Floor, call: Call, node: Enqueue) -> tuple[Need, ...]:
    """Return what the caller's option and his attributes ask for besides what the queue needs."""
    needs = list(node.needs)
    for asked in node.attribute_needs:
        skill = f"{asked.prefix}{value_of(call, asked.attribute)}"
        if skill in floor.skills:
            needs.append(Need(floor.skills[skill], asked.minimum))
    return tuple(needs)


def possible(floor: Floor, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """Return the needs without those for skills that nobody has or will have any more."""
    return tuple(need for need in needs if need.skill in floor.skills)
