"""A menu without a telephone: one caller, his keys, and what he hears; the examples of ``expect:``.

Owns the walk through a menu when nothing else is there: every prompt is heard to its end, hours,
queues and attributes are as somebody says. The dialogue is the engine's own (``acd.core.ivr``), so
what is tried here is what callers get. Pure: who plays by hand brings his own keyboard.
It must not know how a menu was written, nor what a queue does with who comes to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from acd.config.expectations import Expectation
from acd.core.calendar import Calendar
from acd.core.deciding import composed, decide
from acd.core.ids import Language, PromptId, QueueId
from acd.core.ivr import (
    Act,
    Compose,
    Decide,
    Dialogue,
    Finished,
    Inquire,
    Note,
    Play,
    Step,
    TakeDown,
)
from acd.core.plan import AgentDo, Enqueue, HangUp, LookUp, MenuPlan, Plan, TakeMessage, Transfer
from acd.errors import Problem

MOST_SILENCES: Final = 200
"""So often nothing is pressed before a menu is taken for one that never ends."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a menu may ask for (``deciding.Known``), as it is to be for this caller."""

    attributes: dict[str, str] = field(default_factory=dict)
    hours: Mapping[str, Calendar] = field(default_factory=dict)
    at: float | None = None
    """None: all hours are open."""
    waits: Mapping[str, int] = field(default_factory=dict)
    estimates: Mapping[str, float] = field(default_factory=dict)
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What look-ups find of him: nothing when it is empty; who is not named does not answer."""
    closed: frozenset[str] = frozenset()
    """Hours that are closed, whatever the time."""
    local_incidents: frozenset[str] = frozenset()
    """Queues of which some callers hear of an incident, by their postcode."""

    def value_of(self, attribute: str) -> str:
        """Return what is known of him, or what he typed."""
        return self.attributes.get(attribute, "")

    def is_open(self, hours: str) -> bool:
        """Tell whether these hours are open at his time."""
        if hours in self.closed:
            return False
        calendar = self.hours.get(hours)
        return self.at is None or calendar is None or calendar.is_open(self.at)

    def waiting(self, queue: QueueId) -> int:
        """Return how many are said to wait."""
        return self.waits.get(queue, 0)

    def estimate_seconds(self, queue: QueueId) -> float | None:
        """Return what the wait is said to be."""
        return self.estimates.get(queue)

    def has_local_incident(self, queue: QueueId) -> bool:
        """Tell whether there is said to be one."""
        return queue in self.local_incidents


class Rehearsal:
    """One call through one menu, from its first prompt on."""

    def __init__(
        self,
        menu: MenuPlan,
        circumstances: Circumstances,
        greeting: tuple[PromptId, ...] = (),
    ) -> None:
        """Call; ``greeting`` is that of a client, if it is one's number that was dialled."""
        language = Language(circumstances.attributes.get("language", ""))
        self.dialogue = Dialogue(menu, language, greeting)
        self.heard: list[tuple[Language, PromptId]] = []
        """What has been said so far."""
        self.done: list[AgentDo] = []
        """What has been done for the agent on the phone."""
        self.kept: list[str] = []
        """The forms that have been filled."""
        self.end: Enqueue | TakeMessage | Transfer | HangUp | None = None
        self._around = circumstances
        self._now = 0.0
        self._hear(self.dialogue.start(self._now))

    def press(self, key: str) -> None:
        """Press one key, now that all has been said."""
        self._hear(self.dialogue.digit(key, self._now))

    def be_silent(self) -> None:
        """Let the time for a key run out."""
        self._hear(self.dialogue.timed_out(self._now))

    def play(self, keys: str) -> bool:
        """Press all ``keys``, a dot being silence, then nothing; whether it came to an end."""
        for key in keys:
            if self.end is None:
                self.be_silent() if key == "." else self.press(key)
        silences = 0
        while self.end is None and silences < MOST_SILENCES:
            self.be_silent()
            silences += 1
        return self.end is not None

    def _hear(self, steps: Sequence[Step]) -> None:
        """Follow the dialogue until it waits for a key or is over."""
        waiting = list(steps)
        while waiting:
            step = waiting.pop(0)
            self._now += 1.0
            match step:
                case Play(play_id, language, prompt):
                    self.heard.append((language, prompt))
                    waiting += self.dialogue.prompt_ended(play_id, self._now)
                case Act(node):
                    if isinstance(node, AgentDo):
                        self.done.append(node)
                    waiting += self.dialogue.agent_done(True, self._now)
                case Decide(node):
                    self._know()
                    waiting += self.dialogue.decided(decide(node, self._around), self._now)
                case Compose(sentence):
                    self._know()
                    prompts = composed(sentence, self._around)
                    waiting += self.dialogue.composed(prompts, self._now)
                case Inquire(node):
                    waiting += self._look_up(node)
                case Note(form):
                    self.kept.append(form)
                case Finished(node) | TakeDown(node=node):
                    self.end = node
                case _:
                    pass

    def _know(self) -> None:
        self._around.attributes.update(self.dialogue.attributes)
        self._around.attributes["language"] = self.dialogue.language

    def _look_up(self, node: LookUp) -> list[Step]:
        found = self._around.lookups.get(node.lookup)
        if found is None:
            return self.dialogue.look_up_failed(node.id, self._now)
        return self.dialogue.looked_up(node.id, found or None, self._now)


def failures(plan: Plan, expectations: Sequence[Expectation]) -> list[Problem]:
    """Play the examples; for each that does not hold, tell where it stands and what is wrong."""
    problems = []
    for example in expectations:
        wrong = _judge(plan, example)
        if wrong:
            source = example.source
            at = source.place(*example.path, key=True)
            problems.append(Problem(source.name, *at, wrong, "mend the menu, or the example"))
    return problems


def _judge(plan: Plan, example: Expectation) -> str:  # noqa: C901
    """Return in what the call is not as its example says, empty when it is."""
    around = Circumstances(
        dict(example.attributes),
        plan.hours,
        example.at,
        example.waiting,
        example.estimate_seconds,
        example.lookups,
        example.closed,
        example.local_incidents,
    )
    rehearsal = Rehearsal(plan.menus[example.menu], around)
    if not rehearsal.play(example.keys):
        return "this call never ends: it asks again and again"
    end, dialogue = rehearsal.end, rehearsal.dialogue
    if example.queue is not None:
        if not isinstance(end, Enqueue) or end.queue != example.queue:
            return f'this call does not end in the queue "{example.queue}" but {_end(rehearsal)}'
    elif example.action is not None:
        if (example.action, example.reason) not in [(n.action, n.reason) for n in rehearsal.done]:
            return f'"{example.action}" is not done in this call, which ends {_end(rehearsal)}'
    elif example.transfer is not None:
        if not isinstance(end, Transfer) or end.number != example.transfer:
            return f"this call is not sent to {example.transfer} but ends {_end(rehearsal)}"
    elif example.voicemail is not None:
        if not isinstance(end, TakeMessage) or end.queue != example.voicemail:
            box = example.voicemail
            return f'this call does not end in the box of "{box}" but {_end(rehearsal)}'
    elif not isinstance(end, HangUp):
        return f"this call is not hung up but ends {_end(rehearsal)}"
    for form in example.keeps:
        if form not in rehearsal.kept:
            return f'"{form}" is not kept in this call'
    if example.language is not None and dialogue.language != example.language:
        return f'this call ends in the language "{dialogue.language}"'
    for name, value in example.typed.items():
        if dialogue.attributes.get(name, "") != value:
            return f'"{name}" is "{dialogue.attributes.get(name, "")}" in the end of this call'
    return ""


def _end(rehearsal: Rehearsal) -> str:
    if isinstance(rehearsal.end, Enqueue):
        return f'in the queue "{rehearsal.end.queue}"'
    if isinstance(rehearsal.end, Transfer):
        return f"outside, at {rehearsal.end.number}"
    if isinstance(rehearsal.end, TakeMessage):
        return f'in the box of "{rehearsal.end.queue}"'
    done = [f"{node.action} {node.reason}".strip() for node in rehearsal.done]
    return f"with {', '.join(done)} and is hung up" if done else "by being hung up"
