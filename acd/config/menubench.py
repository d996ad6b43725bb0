"""One menu file being built: what it says, which nodes it has, and what it may name.

Rules: whatever a menu names is looked up here, and what is wrong is blamed on its line; the nodes
and texts of all files come together in ``Menus``.
This module must not know what a verb does, nor how a file begins (``acd.config.menus``).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from acd.config.building import build_target
from acd.config.expectations import Expected
from acd.config.explain import did_you_mean, is_known, one_of
from acd.config.menufiles import ExpectEntry
from acd.config.queues import QueueEntry, box_of, needs_of
from acd.config.schema import (
    AcdFile,
    Labels,
    LookupEntry,
    Spoken,
)
from acd.config.sentences import pieces_of
from acd.config.source import Key, Source
from acd.config.staffing import Asked
from acd.config.target import Spot
from acd.core.ids import Language, MenuId, NodeId, PromptId, QueueId
from acd.core.plan import (
    Kind,
    MenuPlan,
    Node,
    Sentence,
    Text,
    Value,
)
from acd.core.queueplan import Box


@dataclass(frozen=True, slots=True)
class Speech:
    """One prompt in one language's folder: what it says, in whose voice, and which line says so."""

    language: Language
    """The folder: who hears this language hears this prompt."""
    prompt: PromptId
    voice: Language
    """The language it is spoken in; another one when it offers that other one."""
    text: str
    source: Source = field(compare=False, repr=False)
    path: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What menus refer to. What is None could not be read: its names are not checked."""

    acd: AcdFile | None
    skills: Collection[str] | None
    queues: Mapping[str, QueueEntry | None] | None
    menus: Mapping[str, Source]
    hours: Collection[str] | None = None

    @cached_property
    def enterable(self) -> Mapping[str, Source]:
        """The menus one can come to from another: those with choices."""
        return {name: source for name, source in self.menus.items() if has_choices(source)}


Place = tuple[Source, tuple[Key, ...]]
"""Where something stands."""

UsedAttribute = tuple[Source, tuple[Key, ...], str]
"""An attribute of callers that something hangs on, and where that is said."""


@dataclass(slots=True)
class Menus:
    """All menu files built together."""

    plans: dict[MenuId, MenuPlan] = field(default_factory=dict)
    codes: dict[str, MenuId] = field(default_factory=dict)
    nodes: dict[NodeId, Node] = field(default_factory=dict)
    """Those of all plans, each once."""
    speeches: list[Speech] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    attributes: list[UsedAttribute] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    sentences: dict[str, Sentence] = field(default_factory=dict)
    """``<language>/<prompt>`` of each text that has values in it."""
    values: list[tuple[Source, tuple[Key, ...], Kind]] = field(default_factory=list)
    """How values are said, and which line says so."""
    named: list[tuple[Source, tuple[Key, ...], PromptId]] = field(default_factory=list)
    """Prompts by their names, and which line has them said."""
    places: dict[str, Place] = field(default_factory=dict)
    """Where each target stands, by what the ids of its nodes begin with."""

    def languages_at(self, node: NodeId) -> list[Language]:
        """Return what callers may have chosen to hear who come to a node."""
        plans = [plan for plan in self.plans.values() if node in plan.nodes]
        return list(dict.fromkeys(language for plan in plans for language in plan.languages))

    def place_of(self, node: NodeId) -> Place | None:
        """Return where the target stands to which a node belongs; None for a menu's own."""
        name, more = str(node), "-"
        while more:
            if name in self.places:
                return self.places[name]
            name, more, _ = name.rpartition("-")
        return None


def has_choices(source: Source) -> bool:
    """Say whether a menu file is one to choose from; in doubt it is."""
    return "codes" not in set(source.keys_at())


BEGIN = "begin"
"""What the other ways of a whole menu are named by."""


def begin_of(menu: str, source: Source | None) -> NodeId:
    """Return where a menu of choices is entered: by its other ways, if it has some."""
    has_ways = source is not None and "instead" in set(source.keys_at())
    return NodeId(f"{menu}/{BEGIN}-branch" if has_ways else f"{menu}/choices")


class MenuBench:
    """One menu file being built: takes its nodes and what is said in it. See ``target.Bench``."""

    def __init__(
        self,
        name: str,
        source: Source,
        around: Surroundings,
        nodes: dict[NodeId, Node],
        built: Menus,
    ) -> None:
        self.name = name
        self.source = source
        self.around = around
        self.languages: tuple[Language, ...] = ()
        self.entry = NodeId(f"{name}/choices")
        self._nodes = nodes
        self._built = built

    def node_id(self, name: str) -> NodeId:
        """Return the id of this menu's node ``name``."""
        return NodeId(f"{self.name}/{name}")

    def add(self, node: Node) -> NodeId:
        """Take ``node`` into the menu and return its id."""
        self._nodes[node.id] = node
        return node.id

    def build(self, spot: Spot) -> NodeId:
        """Build the target at ``spot``, which stands inside another, and return its entry."""
        return build_target(self, spot)[1]

    def stand(self, spot: Spot) -> None:
        """Take note where the nodes that are named by ``spot`` stand in the file."""
        self._built.places[self.node_id(spot.name)] = (self.source, spot.path)

    def begin(self, languages: Sequence[str], menu: str) -> None:
        """Note the languages; check them and the menu's own name."""
        known = list(self.around.acd.languages) if self.around.acd else list(languages)
        self.languages = tuple(Language(code) for code in dict.fromkeys(languages) if code in known)
        if menu != self.name:
            what = f'"menu" is "{menu}", but the file is called {self.name}.yaml'
            self.source.blame(("menu",), what, f"write menu: {self.name}")
        for number, code in enumerate(languages):
            if code in languages[:number]:
                self.source.blame(("languages", number), f'"{code}" stands here twice', "keep one")
            elif code not in known:
                what = f'unknown language "{code}"{did_you_mean(code, known)}'
                self.source.blame(("languages", number), what, f"{one_of(known)} (acd.yaml)")

    def speak(self, name: str, texts: Spoken, path: tuple[Key, ...]) -> tuple[PromptId, ...]:
        """Have ``texts`` spoken as the prompt ``name``; they must cover the menu's languages."""
        self.check_languages(texts, path)
        prompt = PromptId(f"{self.name}/{name}")
        for language in self.languages:
            if language in texts:
                self._speak(prompt, language, texts[language], (*path, language))
        return (prompt,)

    def _speak(
        self, prompt: PromptId, language: Language, text: str, path: tuple[Key, ...]
    ) -> None:
        """Have one text spoken, piece by piece when there are values in it."""
        pieces = list(pieces_of(self.source, path, text)) if "{" in text else []
        if not any(isinstance(piece, Value) for piece in pieces):
            self._built.speeches.append(Speech(language, prompt, language, text, self.source, path))
            return
        sentence: list[PromptId | Value] = []
        for number, piece in enumerate(pieces, 1):
            if isinstance(piece, Value):
                self._know_value(piece, path)
                sentence.append(piece)
                continue
            part = PromptId(f"{prompt}-part-{number}")
            sentence.append(part)
            self._built.speeches.append(Speech(language, part, language, piece, self.source, path))
        self._built.sentences[f"{language}/{prompt}"] = tuple(sentence)

    def named(self, prompt: str, path: tuple[Key, ...]) -> PromptId:
        """Return a prompt that is recorded, or has its text in a file in prompts/."""
        self._built.named.append((self.source, path, PromptId(prompt)))
        return PromptId(prompt)

    def put_in(self, name: str, value: Value) -> tuple[PromptId, ...]:
        """Have ``value`` said, in every language, as the prompt ``name``."""
        prompt = PromptId(f"{self.name}/{name}")
        self._built.sentences |= {f"{language}/{prompt}": (value,) for language in self.languages}
        return (prompt,)

    def _know_value(self, value: Value, path: tuple[Key, ...]) -> None:
        if value.kind in (Kind.POSITION, Kind.WAIT):
            self.know_queue(value.name, path)
        else:
            self.look_at(value.name, path)
        self._built.values.append((self.source, path, value.kind))

    def offer(
        self, name: str, said: Mapping[Language, tuple[Language, str]], path: tuple[Key, ...]
    ) -> PromptId:
        """Have an offer spoken: for each folder the language of the voice, and the text."""
        prompt = PromptId(f"{self.name}/{name}")
        for language, (voice, text) in said.items():
            self._built.speeches.append(Speech(language, prompt, voice, text, self.source, path))
        return prompt

    def check_languages(self, texts: Mapping[str, str], path: tuple[Key, ...]) -> None:
        """Blame ``path`` for languages of the menu that ``texts`` lacks, and for others."""
        for language in self.languages:
            if language not in texts:
                what = f'"{path[-1]}" says nothing in "{language}"'
                self.source.blame(path, what, f"add {language}: ...")
        known = self.around.acd.languages if self.around.acd else self.languages
        for code in texts:
            if code not in known:
                what = f'unknown language "{code}"{did_you_mean(code, list(known))}'
                self.source.blame((*path, code), what, one_of(list(known)), key=True)

    def label(self, queue: str, own: Labels | None, path: tuple[Key, ...]) -> Text:
        """Return ``own`` over the queue's label, so that no configured language is without."""
        if own is not None:
            self.check_languages(own, path)
        entry = (self.around.queues or {}).get(queue)
        label = {**(entry.label if entry else {}), **(own or {})}
        return {Language(code): text for code, text in label.items()}

    def know_queue(self, queue: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the queue exists."""
        is_known(self.source, path, "queue", queue, self.around.queues)

    def box(self, queue: str, path: tuple[Key, ...]) -> Box | None:
        """Return the queue's box; None, and ``path`` is blamed, when it has none."""
        if not is_known(self.source, path, "queue", queue, self.around.queues):
            return None
        entry = (self.around.queues or {}).get(queue)
        if entry is not None and entry.voicemail is None:
            what = f'the queue "{queue}" has no box for messages'
            self.source.blame(path, what, 'add "voicemail" to it in queues.yaml')
        return box_of(entry) if entry is not None else None

    def ask(self, queue: str, needs: Mapping[str, int], path: tuple[Key, ...]) -> None:
        """Take note of the ``needs`` at ``path`` besides the queue's; blame unknown skills."""
        skills = self.around.skills
        for skill in needs:
            is_known(self.source, (*path, skill), "skill", skill, skills, "skills.yaml", key=True)
        if needs:
            self._built.asked.append((self.source, path, QueueId(queue), needs_of(needs)))

    def ask_by(self, attribute: str, prefix: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at; blame a prefix of no skill."""
        self.look_at(attribute, (*path, "attribute"))
        skills = self.around.skills
        if skills is not None and not any(skill.startswith(prefix) for skill in skills):
            what = f'no skill of skills.yaml begins with "{prefix}"'
            self.source.blame((*path, "prefix"), what, one_of(list(skills)))

    def expect(self, example: ExpectEntry, path: tuple[Key, ...]) -> None:
        """Take note of an example of a call."""
        self._built.expected.append((self.source, path, MenuId(self.name), example))

    def know_hours(self, hours: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless hours.yaml has these hours."""
        is_known(self.source, path, "hours", hours, self.around.hours, "hours.yaml")

    def look_at(self, attribute: str, path: tuple[Key, ...]) -> None:
        """Take note of an attribute that ``path`` looks at."""
        self._built.attributes.append((self.source, path, attribute))

    def know_number(self, number: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the number is one of acd.yaml's."""
        known = self.around.acd.external_numbers if self.around.acd else None
        is_known(self.source, path, "number", number, known, "acd.yaml, external_numbers")

    def lookup(self, name: str, path: tuple[Key, ...]) -> LookupEntry | None:
        """Return the look-up of acd.yaml; blame ``path`` unless there is one of this name."""
        if self.around.acd is None:
            return None
        known = self.around.acd.lookups
        is_known(self.source, path, "lookup", name, known, "acd.yaml, lookups")
        return known.get(name)

    def know_reason(self, reason: str, path: tuple[Key, ...]) -> None:
        """Blame ``path`` unless the reason is one of acd.yaml's."""
        known = self.around.acd.not_ready_reasons if self.around.acd else None
        is_known(self.source, path, "reason", reason, known, "acd.yaml, not_ready_reasons")

    def enter_menu(self, menu: str, path: tuple[Key, ...]) -> NodeId:
        """Return the entry of another menu; blame ``path`` unless it exists and fits."""
        menus = self.around.enterable
        if is_known(self.source, path, "menu", menu, menus):
            node = menus[menu].node("languages")
            spoken = node.plain() if node else None
            for language in self.languages:
                if isinstance(spoken, list) and language not in spoken:
                    what = f'the menu "{menu}" does not speak "{language}", which this one does'
                    self.source.blame(path, what, f"add {language} to {menus[menu].name}")
        return begin_of(menu, menus.get(menu))
