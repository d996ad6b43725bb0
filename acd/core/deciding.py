"""Which way a caller goes where his menu has several, and what is said of what is known of him.

Rules: the first case whose conditions all hold is followed; without one, the call goes on as if
there were no branch. What is not known holds nothing back: hours that a reload took away are open,
a queue that is gone has nobody in it, and a wait that nobody can estimate is not long.
This module must not know where what it asks for comes from; a rehearsal asks no engine.
"""

from typing import Protocol

from acd.core.ids import NodeId, PromptId, QueueId
from acd.core.incident import POSTCODE
from acd.core.menuplan import (
    AttributeIs,
    Branch,
    Condition,
    HoursAre,
    Kind,
    LocalIncident,
    QueueIs,
    Sentence,
)
from acd.core.speaking import said, said_position, said_wait


class Known(Protocol):
    """What can be known of a caller and of the house while he is in a menu."""

    def value_of(self, attribute: str) -> str:
        """Return the value of a caller's attribute, empty when there is none."""

    def is_open(self, hours: str) -> bool:
        """Tell whether these hours are open now."""

    def waiting(self, queue: QueueId) -> int:
        """Return how many calls wait in the queue."""

    def estimate_seconds(self, queue: QueueId) -> float | None:
        """Return how long who joined the queue now would wait, None when nobody knows."""

    def has_local_incident(self, queue: QueueId) -> bool:
        """Tell whether an incident is on that callers for the queue hear by their postcode."""


def decide(node: Branch, known: Known) -> NodeId:
    """Return the node to which the call goes on from here."""
    for case in node.cases:
        if all(_holds(condition, known) for condition in case.conditions):
            return case.target
    return node.next


def composed(sentence: Sentence, known: Known) -> tuple[PromptId, ...]:
    """Return the prompts that say the sentence, with its values as they are now."""
    prompts: list[PromptId] = []
    for part in sentence:
        if isinstance(part, str):
            prompts.append(part)
        elif part.kind is Kind.POSITION:
            prompts += said_position(known.waiting(QueueId(part.name)))
        elif part.kind is Kind.WAIT:
            prompts += said_wait(known.estimate_seconds(QueueId(part.name)))
        elif part.kind is Kind.RECORDING:
            path = known.value_of(part.name)
            prompts += [PromptId(path)] if path else []
        else:
            prompts += said(part.kind, known.value_of(part.name))
    return tuple(prompts)


def _holds(condition: Condition, known: Known) -> bool:
    match condition:
        case HoursAre(hours, is_open):
            return known.is_open(hours) is is_open
        case AttributeIs(attribute, values):
            value = known.value_of(attribute)
            return any(_fits(value, wanted) for wanted in values)
        case QueueIs(queue, waiting, over_seconds):
            if over_seconds is not None:
                seconds = known.estimate_seconds(queue)
                if seconds is None or seconds <= over_seconds:
                    return False
            return known.waiting(queue) >= waiting
        case LocalIncident(queue):
            return not known.value_of(POSTCODE) and known.has_local_incident(queue)


def _fits(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted
