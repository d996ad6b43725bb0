"""Menu files made into graphs: the choices, the sentences that offer them, the codes to dial.

Rules: node ids are ``<menu>/<name>`` and unique over all files, so a menu that goes on in another
just names its entry; a MenuPlan holds what can be reached from where it is entered. What is said
is listed as ``Speech``, once for each language, whether somebody recorded it or not. Choices are
offered in the order of the file, all in one prompt, except that the offer of another language is
a prompt of its own in that language's voice.
This module must not know where files lie, nor what a verb does.
"""

from collections.abc import Collection, Mapping

from acd.config.building import build_target, build_ways
from acd.config.explain import read_entry
from acd.config.menubench import BEGIN, MenuBench, begin_of
from acd.config.menubench import Menus as Menus
from acd.config.menubench import Place as Place
from acd.config.menubench import Speech as Speech
from acd.config.menubench import Surroundings as Surroundings
from acd.config.menubench import has_choices as has_choices
from acd.config.menufiles import CodesFile, MenuFile
from acd.config.schema import (
    LanguageEntry,
)
from acd.config.target import Spot, Target
from acd.config.verbs import ToLanguage, ToQueue
from acd.core.ids import Language, MenuId, NodeId, PromptId
from acd.core.plan import (
    Ask,
    HangUp,
    MenuPlan,
    Node,
    Sentence,
)
from acd.menugraph import ways

_KEY_NAMES = {"*": "star", "#": "hash"}


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
            entered[MenuId(name)] = (bench.languages, begin_of(name, source))
    known: dict[NodeId, dict[NodeId, Node]] = {}
    said: dict[int, dict[str, Sentence]] = {}
    for menu, (languages, entry) in entered.items():
        reached = known[entry] = _reachable(entry, nodes, known)
        if id(reached) not in said:
            menus = {node.partition("/")[0] for node in reached}
            said[id(reached)] = _sentences_in(menus, built)
        built.plans[menu] = MenuPlan(
            id=menu,
            languages=languages,
            entry=entry,
            nodes=reached,
            sentences=said[id(reached)],
        )
    return built


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
    if file.instead:
        spot = Spot((), BEGIN, "", otherwise)
        bench.stand(spot)
        build_ways(bench, spot, len(file.instead), bench.entry)
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
    return tuple(target for _, target in ways(node))


def _sentences_in(menus: Collection[str], built: Menus) -> dict[str, Sentence]:
    return {
        name: sentence for name, sentence in built.sentences.items() if name.split("/")[1] in menus
    }


def _reachable(
    entry: NodeId,
    nodes: Mapping[NodeId, Node],
    known: Mapping[NodeId, dict[NodeId, Node]],
) -> dict[NodeId, Node]:
    """Return the nodes to which ``entry`` leads; ``known`` are those of entries before it.

    Entries that lead to each other have all nodes in common, and so one mapping: a tree of menus
    with ways back would else be walked once for each of them.
    """
    reached: dict[NodeId, Node] = {}
    waiting = [entry]
    while waiting:
        found = waiting.pop()
        if found in reached or found not in nodes:
            continue
        if found in known:
            if entry in known[found]:
                return known[found]
            reached.update(known[found])
            continue
        reached[found] = nodes[found]
        waiting.extend(following(nodes[found]))
    return reached
