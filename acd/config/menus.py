"""Menu files made into graphs: the choices, the sentences that offer them, the codes to dial.

Rules: node ids are ``<menu>/<name>`` and unique over all files, so a menu that goes on in another
just names its entry; a MenuPlan holds what can be reached from where it is entered. What is said
is listed as ``Speech``, once for each language, whether somebody recorded it or not. Choices are
offered in the order of the file, all in one prompt, except that the offer of another language is
a prompt of its own in that language's voice.
This module must not know where files lie, nor what a verb does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from acd.config.building import build_target
from acd.config.expectations import Expected
from acd.config.explain import did_you_mean, is_known, one_of, read_entry
from acd.config.queues import QueueEntry, needs_of
from acd.config.schema import (
    AcdFile,
    CodesFile,
    ExpectEntry,
    Labels,
    LanguageEntry,
    MenuFile,
    Spoken,
)
from acd.config.source import Key, Source
from acd.config.staffing import Asked
from acd.config.target import Spot, Target
from acd.config.verbs import ToLanguage, ToQueue
from acd.core.ids import Language, MenuId, NodeId, PromptId, QueueId
from acd.core.plan import (
    AgentDo,
    Ask,
    Branch,
    Collect,
    Enqueue,
    HangUp,
    MenuPlan,
    Node,
    Say,
    SwitchLanguage,
    Text,
)

_KEY_NAMES = {"*": "star", "#": "hash"}


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


def build_menus(around: Surroundings) -> Menus:
    """Build every menu file; problems go to the files' sources."""
    built = Menus()
    nodes = built.nodes
    entered: dict[MenuId, tuple[tuple[Language, ...], NodeId]] = {}
    first_codes: dict[str, str] = {}
    for name, source in around.menus.items():
        bench = MenuBench(name, source, around, nodes, built)
        if "codes" in set(source.keys_at()):
            for code, menu, entry in _build_codes(bench):
                if code in first_codes:
                    what = f'"{code}" is also a code of {first_codes[code]}'
                    source.blame(("codes", code), what, "keep one", key=True)
                first_codes.setdefault(code, source.name)
                built.codes[code] = menu
                entered[menu] = (bench.languages, entry)
        elif source.root is not None and _build_choices(bench):
            entered[MenuId(name)] = (bench.languages, bench.entry)
    for menu, (languages, entry) in entered.items():
        reached = _reachable(entry, nodes)
        built.plans[menu] = MenuPlan(id=menu, languages=languages, entry=entry, nodes=reached)
    return built


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
                text, where = texts[language], (*path, language)
                self._built.speeches.append(
                    Speech(language, prompt, language, text, self.source, where)
                )
        return (prompt,)

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
        return NodeId(f"{menu}/choices")


def has_choices(source: Source) -> bool:
    """Say whether a menu file is one to choose from; in doubt it is."""
    return "codes" not in set(source.keys_at())


# -- a menu of choices ---------------------------------------------------------------------------


def _build_choices(bench: MenuBench) -> bool:
    file = read_entry(MenuFile, bench.source)
    if file is None:
        return False
    bench.begin(file.languages, file.menu)
    spot = Spot(("otherwise",), "otherwise", "", bench.node_id("end"))
    bench.add(HangUp(id=spot.otherwise))
    otherwise = build_target(bench, spot)[1]
    choices: dict[str, NodeId] = {}
    targets: dict[str, Target] = {}
    for key in file.choices:
        spot = Spot(("choices", key), f"key-{_KEY_NAMES.get(key, key)}", key, otherwise)
        target, choices[key] = build_target(bench, spot)
        if target is not None:
            targets[key] = target
    for number, example in enumerate(file.expect):
        bench.expect(example, ("expect", number))
    offers = _offers(bench, targets)
    welcome = bench.speak("welcome", file.welcome, ("welcome",)) if file.welcome else ()
    bench.add(
        Ask(
            id=bench.entry,
            prompts=(*welcome, *offers),
            repeat_prompts=offers,
            wrong_prompts=bench.speak("wrong-key", file.wrong_key, ("wrong_key",)),
            choices=choices,
            retries=file.retries,
            timeout_seconds=file.timeout_seconds,
            otherwise=otherwise,
        )
    )
    return True


def _offers(bench: MenuBench, targets: Mapping[str, Target]) -> tuple[PromptId, ...]:
    """Say the choices in their order: runs of them in one prompt, another language in its own."""
    if bench.around.acd is None:
        return ()
    languages = bench.around.acd.languages
    prompts: list[PromptId] = []
    run: list[str] = []
    runs = 0

    def close_run() -> None:
        nonlocal runs
        if not run:
            return
        runs += 1
        said = {
            language: (language, " ".join(_offer(bench, language, key, targets) for key in run))
            for language in bench.languages
            if language in languages
        }
        name = "options" if runs == 1 else f"options-{runs}"
        prompts.append(bench.offer(name, said, ("choices",)))
        run.clear()

    for key, target in targets.items():
        if not isinstance(target, ToLanguage):
            run.append(key)
            continue
        close_run()
        said = {}
        for language, voice in zip(bench.languages, _turned(bench.languages), strict=True):
            if language in languages and voice in languages:
                own = (target.announce or {}).get(language)
                text = own or _filled(languages[voice].switch, "", key, languages[voice])
                said[language] = (voice, text)
        name = f"key-{_KEY_NAMES.get(key, key)}"
        prompts.append(bench.offer(name, said, ("choices", key)))
    close_run()
    return tuple(prompts)


def _offer(bench: MenuBench, language: Language, key: str, targets: Mapping[str, Target]) -> str:
    """Return the sentence that offers ``key`` in ``language``."""
    target = targets[key]
    path = ("choices", key)
    if target.announce is not None:
        if language == bench.languages[0]:
            bench.check_languages(target.announce, (*path, "announce"))
        return target.announce.get(language, "")
    label = target.label
    if label is None and isinstance(target, ToQueue):
        entry = (bench.around.queues or {}).get(target.queue)
        label = entry.label if entry else {}
    elif label is None:
        if language == bench.languages[0]:
            what = f'"{key}" cannot be announced: it has no label'
            bench.source.blame(path, what, 'add "label", or "announce" for the whole sentence')
        return ""
    elif language == bench.languages[0] and not isinstance(target, ToQueue):
        bench.check_languages(label, (*path, "label"))
    if bench.around.acd is None:
        return ""
    entry_of = bench.around.acd.languages[language]
    return _filled(entry_of.option, label.get(language, ""), key, entry_of)


def _filled(sentence: str, label: str, key: str, language: LanguageEntry) -> str:
    said = language.keys.get(key, key)
    return sentence.replace("{label}", label).replace("{key}", said)


def _turned(languages: tuple[Language, ...]) -> tuple[Language, ...]:
    return (*languages[1:], *languages[:1])


# -- codes ---------------------------------------------------------------------------------------


def _build_codes(bench: MenuBench) -> list[tuple[str, MenuId, NodeId]]:
    file = read_entry(CodesFile, bench.source)
    if file is None:
        return []
    bench.begin(file.languages, file.menu)
    end = bench.add(HangUp(id=bench.node_id("end")))
    built = []
    for code in file.codes:
        path = ("codes", code)
        spot = Spot(path, f"code-{code.removeprefix('*').replace('*', '-')}", code, end)
        target, entry = build_target(bench, spot)
        if isinstance(target, ToLanguage):
            what = '"language" has no choices to go back to here'
            bench.source.blame((*path, "language"), what, "give the code another verb", key=True)
        built.append((code, MenuId(f"{bench.name}/{code}"), entry))
    return built


# -- graphs --------------------------------------------------------------------------------------


def following(node: Node) -> tuple[NodeId, ...]:
    """Return every node a call can come to from ``node``."""
    match node:
        case Ask():
            return (*node.choices.values(), node.otherwise)
        case Collect():
            return (node.next, node.otherwise)
        case Say() | SwitchLanguage():
            return (node.next,)
        case AgentDo():
            return (node.done, node.refused)
        case Branch():
            return (*(case.target for case in node.cases), node.next)
        case Enqueue() | HangUp():
            return ()


def _reachable(entry: NodeId, nodes: Mapping[NodeId, Node]) -> dict[NodeId, Node]:
    reached: dict[NodeId, Node] = {}
    waiting = [entry]
    while waiting:
        found = waiting.pop()
        if found in reached or found not in nodes:
            continue
        reached[found] = nodes[found]
        waiting.extend(following(nodes[found]))
    return reached
