"""The verbs of ``ivr_menus/*.yaml``: what a choice, a code or an ``otherwise`` may do.

A verb is one row of ``VERBS``: the key that names it, and a model that says what may stand beside
that key and builds the nodes for it. A target is a mapping with exactly one verb in it::

    {label: {de: Entstörung, en: Faults}, queue: fault}

Rules: a row builds its nodes on the ``Bench`` and returns the one to enter by; nodes it names must
be built there, by itself or by the menu. A new verb is a new row, its model and its test.
This module must not know where files lie, nor how menus are checked against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from pydantic import Field

from acd.config.conditions import WhenEntry, conditions_of
from acd.config.explain import did_you_mean, one_of, read_entry
from acd.config.queues import needs_of
from acd.config.schema import (
    Digit,
    Entry,
    Grade,
    Labels,
    Name,
    Needs,
    Reason,
    SkillPrefix,
    Spoken,
)
from acd.config.source import Key, Source
from acd.core.ids import NodeId, PromptId, QueueId
from acd.core.plan import (
    AgentAction,
    AgentDo,
    AttributeNeed,
    Branch,
    Case,
    Collect,
    Enqueue,
    HangUp,
    Node,
    Say,
    SwitchLanguage,
    Text,
)


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

    def speak(self, name: str, texts: Spoken, path: tuple[Key, ...]) -> tuple[PromptId, ...]:
        """Have ``texts`` spoken as the prompt ``name``; they must cover the menu's languages."""

    def label(self, queue: str, own: Labels | None, path: tuple[Key, ...]) -> Text:
        """Return ``own`` or the queue's label, checked for every language."""

    def know_queue(self, queue: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the queue exists."""

    def ask(self, queue: str, needs: Mapping[str, int], path: tuple[Key, ...]) -> None:
        """Take note of the ``needs`` at ``path`` besides the queue's; blame unknown skills."""

    def ask_by(self, attribute: str, prefix: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at; blame a prefix of no skill."""

    def know_hours(self, hours: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless hours.yaml has these hours."""

    def look_at(self, attribute: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at."""

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


class Target(Entry):
    """What every verb may have beside it."""

    label: Labels | None = None
    """The choice's name, in menus and on the agent's phone; without it the queue's."""
    announce: Spoken | None = None
    """The whole sentence that offers this choice, where the usual one does not fit."""
    say: Spoken | None = None
    """Said first, when the choice has been made."""
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


class AttributeNeedEntry(Entry):
    """A need that something known of the caller names: the language ``en``, ``language.en``."""

    attribute: Name
    """What is looked at: language, ani, dnis, or what a menu collects ``into``."""
    prefix: SkillPrefix
    """What stands before its value in the name of the skill, for example "language."; a value
    for which there is no such skill asks for nothing."""
    minimum: Grade = 1
    """The least grade that will do."""


class ToQueue(Target):
    """Wait for an agent."""

    queue: Name
    """The queue of queues.yaml."""
    needs: Needs = Field(default_factory=dict)
    """Skills asked for besides what the queue needs, each with the least grade."""
    attribute_needs: Annotated[list[AttributeNeedEntry], Field(max_length=32)] = Field(
        default_factory=list
    )
    """Skills asked for besides, which follow from what is known of the caller."""
    position: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Put before the call that is now at this position; 1 is the first."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build an Enqueue node."""
        bench.know_queue(self.queue, (*spot.path, "queue"))
        label = bench.label(self.queue, self.label, (*spot.path, "label"))
        bench.ask(self.queue, self.needs, (*spot.path, "needs"))
        for at, need in enumerate(self.attribute_needs):
            path = (*spot.path, "attribute_needs", at)
            bench.ask_by(need.attribute, need.prefix, path)
        node = Enqueue(
            id=bench.node_id(spot.name),
            queue=QueueId(self.queue),
            option=spot.option,
            label=label,
            needs=needs_of(self.needs),
            attribute_needs=tuple(
                AttributeNeed(attribute=need.attribute, prefix=need.prefix, minimum=need.minimum)
                for need in self.attribute_needs
            ),
            position=self.position,
        )
        return bench.add(node)


class ToLanguage(Target):
    """Hear the same menu in the next of its languages."""

    language: Literal["next"]
    """Always ``next``: the menu's languages in their order, and round again."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a SwitchLanguage node that leads back to the menu's beginning."""
        return bench.add(SwitchLanguage(id=bench.node_id(spot.name), next=bench.entry))


class ToMenu(Target):
    """Go on in another menu."""

    menu: Name
    """The menu's name: a file of ``ivr_menus/`` with choices."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build nothing: the other menu's entry is the way in."""
        return bench.enter_menu(self.menu, (*spot.path, "menu"))


class DoForAgent(Target):
    """Do something for the agent whose phone is calling, say what became of it, and hang up."""

    do: AgentAction
    """What to do."""
    reason: Reason | None = None
    """Why he is not ready; needed with ``not-ready`` and nowhere else."""
    by_number: bool = False
    """The agent is the one whose number and PIN were collected into ``agent`` and ``pin``."""
    done: Spoken
    """Said when it is done."""
    refused: Spoken
    """Said when it cannot be done."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build the action and a spoken end for each way it can turn out."""
        self._check(bench, spot)
        ends = {}
        for name, texts in (("done", self.done), ("refused", self.refused)):
            prompts = bench.speak(f"{spot.name}-{name}", texts, (*spot.path, name))
            end = bench.add(HangUp(id=bench.node_id(f"{spot.name}-{name}-end")))
            say = Say(id=bench.node_id(f"{spot.name}-{name}"), prompts=prompts, next=end)
            ends[name] = bench.add(say)
        node = AgentDo(
            id=bench.node_id(spot.name),
            action=self.do,
            reason=self.reason or "",
            by_number=self.by_number,
            done=ends["done"],
            refused=ends["refused"],
        )
        return bench.add(node)

    def failed_collect(self, bench: Bench, spot: Spot) -> NodeId:
        """Without the digits nothing can be done: say so."""
        return bench.node_id(f"{spot.name}-refused")

    def _check(self, bench: Bench, spot: Spot) -> None:
        if self.reason is not None:
            bench.know_reason(self.reason, (*spot.path, "reason"))
        if (self.do is AgentAction.NOT_READY) != (self.reason is not None):
            what = '"not-ready" needs a reason' if self.reason is None else "no reason is asked for"
            bench.source.blame((*spot.path, "do"), what, 'a "reason" belongs to "do: not-ready"')
        asked = {entry.into for entry in self.collect}
        if self.by_number and not {"agent", "pin"} <= asked:
            what = '"by_number" needs the digits of "agent" and "pin"'
            bench.source.blame((*spot.path, "by_number"), what, 'ask for both under "collect"')


class EndCall(Target):
    """Hang up."""

    hang_up: Literal["true"]
    """Always ``true``."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a HangUp node."""
        return bench.add(HangUp(id=bench.node_id(spot.name)))


VERBS: dict[str, type[Target]] = {
    "queue": ToQueue,
    "language": ToLanguage,
    "menu": ToMenu,
    "do": DoForAgent,
    "hang_up": EndCall,
}


def read_target(source: Source, *path: Key) -> Target | None:
    """Read the target at ``path``: find its one verb and let that row's model read the rest."""
    keys = list(source.keys_at(*path))
    found = [key for key in keys if key in VERBS]
    if len(found) == 1:
        return read_entry(VERBS[found[0]], source, *path)
    if found:
        second = (*path, found[1])
        what = f'"{found[0]}" and "{found[1]}" cannot both be followed'
        source.blame(second, what, "keep one of them", key=True)
        return None
    hints = [near for key in keys if (near := did_you_mean(key, tuple(VERBS)))]
    where = str(path[-1]) if path else ""
    what = f'"{where}" leads nowhere{hints[0] if hints else ""}'
    source.blame(path, what, one_of(tuple(VERBS)).replace("allowed:", "add one of:"), key=True)
    return None


def build_target(
    bench: Bench, spot: Spot, *, conditional: bool = False
) -> tuple[Target | None, NodeId]:
    """Build what stands at ``spot`` and return the target as read with the node to enter by.

    ``conditional`` is one of several ways, which has a ``when``.

    A target that is refused is None, with a node that hangs up; its problems are in the source.
    """
    target = read_target(bench.source, *spot.path)
    if target is None:
        return None, bench.add(HangUp(id=bench.node_id(spot.name)))
    if target.when is not None and not conditional:
        what = '"when" stands beside no other way'
        bench.source.blame((*spot.path, "when"), what, 'write it under "instead"', key=True)
    following = target.build(bench, spot)
    if target.instead:
        following = _branch(bench, spot, target, following)
    for number in range(len(target.collect), 0, -1):
        following = _collect(bench, spot, target, number - 1, following)
    if target.say is not None:
        name = f"{spot.name}-say"
        prompts = bench.speak(name, target.say, (*spot.path, "say"))
        following = bench.add(Say(id=bench.node_id(name), prompts=prompts, next=following))
    return target, following


def _collect(bench: Bench, spot: Spot, target: Target, number: int, following: NodeId) -> NodeId:
    entry = target.collect[number]
    place = (*spot.path, "collect", number)
    if entry.min_digits > entry.max_digits:
        what = f'"max_digits" is less than "min_digits", which is {entry.min_digits}'
        bench.source.blame((*place, "max_digits"), what)
    if entry.into in {earlier.into for earlier in target.collect[:number]}:
        bench.source.blame((*place, "into"), f'"{entry.into}" is asked for twice', "keep one")
    name = f"{spot.name}-{entry.into}"
    return bench.add(
        Collect(
            id=bench.node_id(name),
            prompts=bench.speak(name, entry.say, (*place, "say")),
            into=entry.into,
            min_digits=entry.min_digits,
            max_digits=entry.max_digits,
            terminator=entry.terminator,
            timeout_seconds=entry.timeout_seconds,
            retries=entry.retries,
            next=following,
            otherwise=target.failed_collect(bench, spot),
        )
    )


def _branch(bench: Bench, spot: Spot, target: Target, following: NodeId) -> NodeId:
    cases = []
    for number in range(len(target.instead)):
        path = (*spot.path, "instead", number)
        place = Spot(path, f"{spot.name}-instead-{number + 1}", spot.option, spot.otherwise)
        other, entry = build_target(bench, place, conditional=True)
        if other is not None and other.when is not None:
            cases.append(Case(conditions_of(bench, other.when, (*path, "when")), entry))
        elif other is not None:
            what = "nothing says when this way is taken"
            bench.source.blame(path, what, 'add "when"', key=True)
    node = Branch(id=bench.node_id(f"{spot.name}-branch"), cases=tuple(cases), next=following)
    return bench.add(node)
