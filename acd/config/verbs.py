"""The verbs of ``ivr_menus/*.yaml``: what a choice, a code or an ``otherwise`` may do.

A verb is one row of ``VERBS``: the key that names it, and a model that says what may stand beside
that key and builds the nodes for it. A target is a mapping with exactly one verb in it::

    {label: {de: Entstörung, en: Faults}, queue: fault}

Rules: a row builds its nodes on the ``Bench`` and returns the one to enter by; nodes it names must
be built there, by itself or by the menu. A new verb is a new row, its model with an example, and
its test; `make docs-menus` writes and draws it.
This module must not know where files lie, nor how menus are checked against each other.
"""

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from acd.config.queues import needs_of
from acd.config.schema import (
    Entry,
    ExternalNumber,
    Grade,
    Name,
    Needs,
    Reason,
    SkillPrefix,
    Spoken,
)
from acd.config.target import Bench, Spot, Target
from acd.config.voicemailverbs import NextVoicemail, ToVoicemail
from acd.core.ids import NodeId, QueueId
from acd.core.plan import (
    AgentAction,
    AgentDo,
    AttributeNeed,
    Collect,
    Enqueue,
    HangUp,
    Keep,
    LookUp,
    Return,
    Say,
    SubMenu,
    SwitchLanguage,
    Transfer,
)

CONSENT = "recording_consent"
"""The attribute that the answer is collected into; ``acd.core.recording`` reads it."""

CONSENT_SECONDS = 5.0
"""How long the question waits for a key."""


class AttributeNeedEntry(Entry):
    """A need that something known of the caller names: the language ``en``, ``language.en``."""

    attribute: Name
    """What is looked at: language, ani, dnis, client, or what a menu collects ``into``."""
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
    show: Name | None = None
    """An attribute whose value the agent's phone shows behind the label: what a menu collects
    ``into``, or a look-up finds."""
    ask_recording: Spoken | None = None
    """Asked last, before a queue with ``recording``: whether the talk may be recorded. Key 1 is
    yes; any other key, or none, is no."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build an Enqueue node."""
        bench.know_queue(self.queue, (*spot.path, "queue"))
        label = bench.label(self.queue, self.label, (*spot.path, "label"))
        bench.ask(self.queue, self.needs, (*spot.path, "needs"))
        if self.show is not None:
            bench.look_at(self.show, (*spot.path, "show"))
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
            show=self.show or "",
            asks_recording=self.ask_recording is not None,
        )
        return self._asked_first(bench, spot, bench.add(node))

    def _asked_first(self, bench: Bench, spot: Spot, queue: NodeId) -> NodeId:
        """Build the question whether the talk may be recorded; without one, go on to the queue."""
        if self.ask_recording is None:
            return queue
        name = f"{spot.name}-recording"
        ask = Collect(
            id=bench.node_id(name),
            prompts=bench.speak(name, self.ask_recording, (*spot.path, "ask_recording")),
            into=CONSENT,
            min_digits=1,
            max_digits=1,
            terminator="#",
            timeout_seconds=CONSENT_SECONDS,
            retries=0,
            next=queue,
            otherwise=queue,
        )
        return bench.add(ask)


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
    """Go on in another menu; with ``then`` the caller can come back from it by ``back``."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Hauptmenü, en: main menu}
menu: main
"""

    menu: Name
    """The menu's name: a file of ``ivr_menus/`` with choices."""

    then: dict[str, object] | None = None
    """Where he goes on when he comes back: a target."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build nothing, as the other menu's entry is the way in; with ``then`` a SubMenu node."""
        entry = bench.enter_menu(self.menu, (*spot.path, "menu"))
        if self.then is None:
            return entry
        then = _following(bench, spot, "then")
        return bench.add(SubMenu(id=bench.node_id(spot.name), entry=entry, then=then))


class GoBack(Target):
    """Go back to where this menu was entered by ``menu`` with ``then``."""

    EXAMPLE: ClassVar[str] = """\
label: {de: zurück, en: going back}
back: true
"""

    back: Literal["true"]
    """Always ``true``. Who came in another way hears his first menu from its beginning."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a Return node."""
        return bench.add(Return(id=bench.node_id(spot.name)))


class KeepForm(Target):
    """Keep what the caller has typed as a record, without an agent: a meter reading."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Zählerstand melden, en: a meter reading}
collect:
  - into: reading
    say: {de: Bitte geben Sie den Zählerstand ein., en: Please enter the reading.}
    confirm:
      de: Sie haben {reading:digits} eingegeben. Ist das richtig, drücken Sie die 1, sonst die 2.
      en: You entered {reading:digits}. If that is right, press 1, otherwise 2.
keep: meter_reading
fields: [reading, ani]
then:
  say: {de: Vielen Dank. Auf Wiederhören., en: Thank you. Goodbye.}
  hang_up: true
"""

    keep: Name
    """What the record is called."""
    fields: Annotated[list[Name], Field(min_length=1, max_length=32)]
    """The attributes of the caller that it holds."""
    then: dict[str, object]
    """Where the call goes on: a target."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a Keep node and what follows it."""
        for at, field in enumerate(self.fields):
            bench.look_at(field, (*spot.path, "fields", at))
        following = _following(bench, spot, "then")
        node = Keep(
            id=bench.node_id(spot.name), kind=self.keep, fields=tuple(self.fields), next=following
        )
        return bench.add(node)


class ToLookup(Target):
    """Ask another program about the caller, and go on by what it answers."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Vertrag, en: your contract}
collect:
  - into: contract
    say: {de: Bitte geben Sie Ihre Vertragsnummer ein., en: Please enter your contract number.}
lookup: contract
found: {queue: billing}
not_found:
  say: {de: Diese Nummer kennen wir nicht., en: We do not know this number.}
  menu: main
"""

    lookup: Name
    """A look-up of acd.yaml. What it finds is in the caller's attributes then."""
    found: dict[str, object]
    """Where he goes on when he is known: a target."""
    not_found: dict[str, object]
    """Where he goes on when he is not."""
    failed: dict[str, object] | None = None
    """Where he goes on when nobody answers in time; without it as if he were not found."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a LookUp node and its three ways."""
        entry = bench.lookup(self.lookup, (*spot.path, "lookup"))
        found = _following(bench, spot, "found")
        missing = _following(bench, spot, "not_found")
        failed = missing if self.failed is None else _following(bench, spot, "failed")
        node = LookUp(
            id=bench.node_id(spot.name),
            lookup=self.lookup,
            timeout_seconds=entry.timeout_seconds if entry is not None else 0.0,
            found=found,
            missing=missing,
            failed=failed,
        )
        return bench.add(node)


class ToNumber(Target):
    """Connect the caller with a number outside; acd has no more to do with him."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Gas und Strom, en: gas and electricity}
transfer: "+4930555111"
"""

    transfer: ExternalNumber
    """One of ``external_numbers`` in acd.yaml."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a Transfer node."""
        bench.know_number(self.transfer, (*spot.path, "transfer"))
        return bench.add(Transfer(id=bench.node_id(spot.name), number=self.transfer))


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


def _following(bench: Bench, spot: Spot, key: str) -> NodeId:
    """Build the target under ``key`` of the target at ``spot``."""
    inside = replace(spot, path=(*spot.path, key), name=f"{spot.name}-{key.replace('_', '-')}")
    return bench.build(inside)


VERBS: dict[str, type[Target]] = {
    "queue": ToQueue,
    "language": ToLanguage,
    "menu": ToMenu,
    "back": GoBack,
    "keep": KeepForm,
    "lookup": ToLookup,
    "transfer": ToNumber,
    "voicemail": ToVoicemail,
    "do": DoForAgent,
    "next_voicemail": NextVoicemail,
    "hang_up": EndCall,
}
