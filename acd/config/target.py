"""What every verb of ``ivr_menus/*.yaml`` has in common: its place, and what stands beside it.

Rules: a target is built on the ``Bench``, from its end to its beginning: the verb's own nodes, the
other ways (``instead``), the digits asked for first (``collect``), what is said first (``say``).
This module must not know the verbs (``acd.config.verbs``), nor where files lie.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from acd.config.conditions import WhenEntry
from acd.config.schema import (
    Digit,
    Entry,
    Labels,
    LookupEntry,
    Name,
    PromptName,
    Spoken,
)
from acd.config.source import Key, Source
from acd.core.ids import NodeId, PromptId
from acd.core.plan import (
    Check,
    Node,
    Text,
    Value,
)
from acd.core.queueplan import Box


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a target stands: its place in the file, and what its nodes and prompts are named by."""

    path: tuple[Key, ...]
    name: str
    option: str
    """The key that led here, empty when none did."""
    otherwise: NodeId
    """Where the call goes when digits asked for here do not come."""


class Bench(Protocol):
    """What a verb works on: the menu that is being built."""

    source: Source
    entry: NodeId

    def node_id(self, name: str) -> NodeId:
        """Return the id of this menu's node ``name``."""

    def add(self, node: Node) -> NodeId:
        """Take ``node`` into the menu and return its id."""

    def build(self, spot: Spot) -> NodeId:
        """Build the target at ``spot``, which stands inside another, and return its entry."""

    def stand(self, spot: Spot) -> None:
        """Take note where the nodes that are named by ``spot`` stand in the file."""

    def speak(self, name: str, texts: Spoken, path: tuple[Key, ...]) -> tuple[PromptId, ...]:
        """Have ``texts`` spoken as the prompt ``name``; they must cover the menu's languages."""

    def named(self, prompt: str, path: tuple[Key, ...]) -> PromptId:
        """Return a prompt that is recorded, or has its text in a file in prompts/."""

    def put_in(self, name: str, value: Value) -> tuple[PromptId, ...]:
        """Have ``value`` said, in every language, as the prompt ``name``."""

    def label(self, queue: str, own: Labels | None, path: tuple[Key, ...]) -> Text:
        """Return ``own`` or the queue's label, checked for every language."""

    def know_queue(self, queue: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the queue exists."""

    def box(self, queue: str, path: tuple[Key, ...]) -> Box | None:
        """Return the queue's box; None, and ``path`` is blamed, when it has none."""

    def ask(self, queue: str, needs: Mapping[str, int], path: tuple[Key, ...]) -> None:
        """Take note of the ``needs`` at ``path`` besides the queue's; blame unknown skills."""

    def ask_by(self, attribute: str, prefix: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at; blame a prefix of no skill."""

    def know_hours(self, hours: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless hours.yaml has these hours."""

    def look_at(self, attribute: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at."""

    def know_number(self, number: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the number is one of acd.yaml's ``external_numbers``."""

    def lookup(self, name: str, path: tuple[Key, ...]) -> LookupEntry | None:
        """Return the look-up of acd.yaml; blame ``path`` unless there is one of this name."""

    def know_reason(self, reason: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the reason is one of acd.yaml's."""

    def enter_menu(self, menu: str, path: tuple[Key, ...]) -> NodeId:
        """Return the entry of another menu; blame ``path`` unless it exists and fits."""


class CollectEntry(Entry):
    """Digits asked for before the verb does its work."""

    into: Name
    """The attribute that takes them."""
    say: Spoken
    """The question."""
    min_digits: Annotated[int, Field(ge=1, le=32)] = 1
    """Fewer are no answer."""
    max_digits: Annotated[int, Field(ge=1, le=32)] = 16
    """With so many the answer is complete."""
    terminator: Digit = "#"
    """The key that completes a shorter answer."""
    timeout_seconds: Annotated[float, Field(ge=1, le=60)] = 6.0
    """How long to wait for the next key."""
    retries: Annotated[int, Field(ge=0, le=9)] = 2
    """How often the question is repeated."""
    wrong: Spoken | None = None
    """Said before the question is repeated, when what was typed cannot be right."""
    check: Check | None = None
    """The rule by which the last digits prove the others."""
    at_least: Annotated[int, Field(ge=0)] | Name | None = None
    """The least number that can be right, or the attribute that holds it."""
    at_most: Annotated[int, Field(ge=0)] | Name | None = None
    """The greatest number that can be right, or the attribute that holds it."""
    leave: Digit | None = None
    """The key by which he gives it up: the call goes on as when no digits come."""
    confirm: Spoken | None = None
    """Said when all is typed, with {NAME:digits} in it: 1 is right, 2 asks for the digits anew."""


class Target(Entry):
    """What every verb may have beside it."""

    EXAMPLE: ClassVar[str]
    """A target of this verb, in the sample configuration: docs/menus.md shows it and draws it."""

    label: Labels | None = None
    """The choice's name, in menus and on the agent's phone; without it the queue's."""
    announce: Spoken | None = None
    """The whole sentence that offers this choice, where the usual one does not fit."""
    say: Spoken | None = None
    """Said first, when the choice has been made."""
    play: Annotated[list[PromptName], Field(max_length=10)] = Field(default_factory=list)
    """Said next: recordings by their names, or texts of a file in prompts/, as queues name them."""
    collect: list[CollectEntry] = Field(default_factory=list)
    """Digits to ask for first."""
    instead: Annotated[list[dict[str, object]], Field(max_length=32)] = Field(default_factory=list)
    """Other ways, each a target with its ``when``; the first that holds is taken instead."""
    when: WhenEntry | None = None
    """What must hold for this way; under ``instead`` only."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build the verb's own nodes and return the one to enter by."""
        raise NotImplementedError

    def failed_collect(self, bench: Bench, spot: Spot) -> NodeId:
        """Return where the call goes when the digits do not come."""
        return spot.otherwise
