"""The verbs of ``ivr_menus/*.yaml``: what a choice, a code or an ``otherwise`` may do.

A verb is one row of ``VERBS``: the key that names it, and a model that says what may stand beside
that key and builds the nodes for it. A target is a mapping with exactly one verb in it::

    {label: {de: Entstörung, en: Faults}, queue: fault}

Rules: a row builds its nodes on the ``Bench`` and returns the one to enter by; nodes it names must
be built there, by itself or by the menu. A new verb is a new row, its model with an example, and
its test; `make docs-menus` writes and draws it.
This module must not know where files lie, nor how menus are checked against each other.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from acd.config.queues import needs_of
from acd.config.schema import (
    Entry,
    Grade,
    Name,
    Needs,
    Reason,
    SkillPrefix,
    Spoken,
)
from acd.config.target import Bench, Spot, Target
from acd.core.ids import NodeId, QueueId
from acd.core.plan import (
    AgentAction,
    AgentDo,
    AttributeNeed,
    Enqueue,
    HangUp,
    Say,
    SwitchLanguage,
)


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

    EXAMPLE: ClassVar[str] = """\
label: {de: Zähler ablesen, en: Meter reading}
queue: meter
needs: {meter: 3}
"""

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

    EXAMPLE: ClassVar[str] = """\
language: next
"""

    language: Literal["next"]
    """Always ``next``: the menu's languages in their order, and round again."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a SwitchLanguage node that leads back to the menu's beginning."""
        return bench.add(SwitchLanguage(id=bench.node_id(spot.name), next=bench.entry))


class ToMenu(Target):
    """Go on in another menu."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Hauptmenü, en: main menu}
menu: main
"""

    menu: Name
    """The menu's name: a file of ``ivr_menus/`` with choices."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build nothing: the other menu's entry is the way in."""
        return bench.enter_menu(self.menu, (*spot.path, "menu"))


class DoForAgent(Target):
    """Do something for the agent whose phone is calling, say what became of it, and hang up."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Pause, en: a break}
do: not-ready
reason: break
done: {de: Ist notiert., en: Noted.}
refused: {de: Bitte melden Sie sich zuerst an., en: Please log in first.}
"""

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

    EXAMPLE: ClassVar[str] = """\
label: {de: Öffnungszeiten, en: our hours}
say: {de: Wir sind werktags ab halb acht da., en: We are here on workdays from half past seven.}
hang_up: true
"""

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
