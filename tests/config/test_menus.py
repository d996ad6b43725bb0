"""Menu files become graphs: what is offered, in which words and voices, and what codes answer."""

import pytest

from acd.config.menus import following
from acd.core.ids import MenuId, NodeId, PromptId
from acd.core.plan import Ask, Branch
from acd.rehearsal import Circumstances, Rehearsal, failures
from tests.config.conftest import Small


def spoken(small: Small) -> dict[str, tuple[str, str]]:
    """Language folder and prompt -> voice and text."""
    return {
        f"{speech.language}/{speech.prompt}": (speech.voice, speech.text)
        for speech in small.load().speeches
    }


def ask(small: Small) -> Ask:
    menu = small.load().plan.menus[MenuId("main")]
    found = menu.nodes[menu.entry]
    assert isinstance(found, Ask)
    return found


def test_choices_are_offered_in_their_order_by_the_languages_own_sentence(small: Small) -> None:
    said = spoken(small)
    assert said["de/main/options"] == (
        "de", "Für Entstörung drücken Sie die 1. Für Rechnung drücken Sie die 2.")  # fmt: skip
    assert said["en/main/options"] == ("en", "For Faults, press 1. For Bill, press 2.")


def test_another_language_is_offered_in_that_language(small: Small) -> None:
    said = spoken(small)
    assert said["de/main/key-9"] == ("en", "For English, press 9.")
    assert said["en/main/key-9"] == ("de", "Für Deutsch drücken Sie die 9.")


def test_an_announcement_replaces_the_sentence(small: Small) -> None:
    own = "{queue: fault, announce: {de: Rohrbruch? Die 1., en: Burst pipe? Press 1.}}"
    small.edit("ivr_menus/main.yaml", "{queue: fault}", own)
    assert spoken(small)["en/main/options"][1] == "Burst pipe? Press 1. For Bill, press 2."


def test_a_key_without_a_digit_is_called_by_its_name(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "  1: {queue: fault}", '  "*": {queue: fault}')
    assert spoken(small)["en/main/options"][1] == "For Faults, press star. For Bill, press 2."
    assert spoken(small)["de/main/options"][1].startswith("Für Entstörung drücken Sie die *.")


def test_the_order_of_the_file_says_when_the_language_is_offered(small: Small) -> None:
    assert ask(small).prompts == ("main/welcome", "main/options", "main/key-9")
    small.edit("ivr_menus/main.yaml", "  9: {language: next}\n", "")
    small.edit("ivr_menus/main.yaml", "  2: ", "  9: {language: next}\n  2: ")
    assert ask(small).prompts == (
        "main/welcome", "main/options", "main/key-9", "main/options-2")  # fmt: skip


def test_a_repetition_leaves_out_the_welcome(small: Small) -> None:
    found = ask(small)
    assert found.repeat_prompts == ("main/options", "main/key-9")
    assert found.wrong_prompts == ("main/wrong-key",)
    assert (found.retries, found.timeout_seconds) == (2, 6.0)


def test_a_menu_may_do_without_a_welcome(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "welcome: {de: Guten Tag., en: Hello.}\n", "")
    assert ask(small).prompts == ("main/options", "main/key-9")


def test_with_three_languages_the_next_one_is_offered(small: Small) -> None:
    small.edit("config/acd.yaml", "  en:\n", "  fr: {name: F, voice: fr, "
               'option: "{label}, {key}.", switch: "Français, {key}."}\n  en:\n')  # fmt: skip
    for name in ("config/skills.yaml", "config/queues.yaml", "ivr_menus/main.yaml"):
        text = (small.root / name).read_text(encoding="utf-8")
        small.write(name, text.replace("{de:", "{fr: Oui., de:"))
    small.edit("ivr_menus/main.yaml", "[de, en]", "[de, en, fr]")
    said = spoken(small)
    assert said["de/main/key-9"][0] == "en"
    assert said["en/main/key-9"] == ("fr", "Français, 9.")
    assert said["fr/main/key-9"][0] == "de"


def test_each_code_is_a_menu_of_its_own(small: Small) -> None:
    plan = small.load().plan
    assert plan.code_menus == {"*30": "agent/*30"}
    assert plan.callers_menu == "main"
    assert set(plan.menus) == {"main", "agent/*30"}


def test_a_menu_holds_what_can_be_reached_and_nothing_else(small: Small) -> None:
    for menu in small.load().plan.menus.values():
        named = {menu.entry} | {name for node in menu.nodes.values() for name in following(node)}
        assert named == set(menu.nodes)


LEADS_TO = {"main": "cd", "a": "b", "b": "c", "c": "ad", "d": "e", "e": "f", "f": "e", "g": "bg"}
"""a, b and c lead round in a circle, so do e and f; g is reached from nowhere but leads in."""


def test_menus_that_lead_to_each_other_hold_the_same_and_others_their_own(small: Small) -> None:
    for name, targets in LEADS_TO.items():
        choices = "".join(
            f"  {key}: {{label: {{de: A, en: A}}, menu: {target}}}\n"
            for key, target in enumerate(targets, 1)
        )
        small.write(
            f"ivr_menus/{name}.yaml",
            f"menu: {name}\nlanguages: [de, en]\nchoices:\n{choices}"
            "wrong_key: {de: Falsch., en: Wrong.}\notherwise: {hang_up: true}\n",
        )
    menus = small.load().plan.menus
    held = {
        name: {node.partition("/")[0] for node in menus[MenuId(name)].nodes} for name in LEADS_TO
    }
    assert held == {
        **{name: set("abcdef") for name in "abc"},
        **{name: set("ef") for name in "ef"},
        "d": set("def"),
        "g": set("abcdefg"),
        "main": {"main", *"abcdef"},
    }
    assert menus[MenuId("a")].nodes is menus[MenuId("c")].nodes


MISTAKES = [
    ("main", "menu: main", "menu: mein",
     '1:7: "menu" is "mein", but the file is called main.yaml; write menu: main'),
    ("main", "[de, en]", "[de, en, fr]",
     '2:21: unknown language "fr"; allowed: de, en (acd.yaml)'),
    ("main", "[de, en]", "[de, en, de]",
     '2:21: "de" stands here twice; keep one'),
    ("main", "{de: Falsch., en: Wrong.}", "{de: Falsch.}",
     '8:1: "wrong_key" says nothing in "en"; add en: ...'),
    ("main", "{de: Falsch., en: Wrong.}", "{de: Falsch., en: Wrong., fr: Faux.}",
     '8:38: unknown language "fr"; allowed: de, en'),
    ("main", "{queue: fault}", "{queue: fault, announce: {de: Eins.}}",
     '5:21: "announce" says nothing in "en"; add en: ...'),
    ("main", "{de: Rechnung, en: Bill}", "{de: Rechnung}",
     '6:7: "label" says nothing in "en"; add en: ...'),
    ("main", "  9: ", "  1: ",
     '7:3: "1" stands here twice; first in line 5: keep one'),
    ("agent", "    do: login\n    done: {de: Angemeldet., en: Logged in.}\n"
     "    refused: {de: Nein., en: No.}", "    language: next",
     '5:5: "language" has no choices to go back to here; give the code another verb'),
]  # fmt: skip


@pytest.mark.parametrize(("menu", "old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told(small: Small, menu: str, old: str, new: str, problem: str) -> None:
    small.edit(f"ivr_menus/{menu}.yaml", old, new)
    assert small.told() == [f"ivr_menus/{menu}.yaml:{problem}"]


def test_a_code_can_have_one_meaning_only(small: Small) -> None:
    text = (small.root / "ivr_menus/agent.yaml").read_text(encoding="utf-8")
    small.write("ivr_menus/boss.yaml", text.replace("menu: agent", "menu: boss"))
    (problem,) = small.told()
    assert problem.startswith('ivr_menus/boss.yaml:4:3: "*30" is also a code of ')


def test_a_menu_one_comes_to_must_speak_the_same_languages(small: Small) -> None:
    other = """\
menu: other
languages: [de]
choices:
  1: {queue: fault}
wrong_key: {de: Nein.}
otherwise: {hang_up: true}
"""
    small.write("ivr_menus/other.yaml", other)
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{menu: other, label: {de: a, en: b}}")
    (problem,) = small.told()
    assert problem.startswith(
        'ivr_menus/main.yaml:5:13: the menu "other" does not speak "en", which this one does; '
    )


@pytest.mark.parametrize("code", ["*30", "*331", "*33*1", "*33*123456"])
def test_codes_that_can_be_dialled_are_codes(small: Small, code: str) -> None:
    small.edit("ivr_menus/agent.yaml", '"*30"', f'"{code}"')
    assert list(small.load().plan.code_menus) == [code]


@pytest.mark.parametrize("code", ["30", "*3", "*3333", "*33*", "*33*1234567", "*30#", "#30"])
def test_codes_that_no_dialplan_would_take_are_refused(small: Small, code: str) -> None:
    small.edit("ivr_menus/agent.yaml", '"*30"', f'"{code}"')
    assert [problem.split(";")[0] for problem in small.told()] == [
        f'ivr_menus/agent.yaml:4:3: "{code}" cannot be a key here'
    ]


NIGHT = """\
menu: night
languages: [de, en]
welcome: {de: Es ist Nacht., en: It is night.}
choices:
  1: {queue: fault}
  2: {label: {de: zurück, en: back}, menu: main}
wrong_key: {de: Falsch., en: Wrong.}
otherwise: {hang_up: true}
"""


def with_night(small: Small, way: str) -> Small:
    small.write(
        "config/hours.yaml", 'day: {time_zone: Europe/Berlin, weekly: {mon-sun: "08:00-20:00"}}\n'
    )
    small.write("ivr_menus/night.yaml", NIGHT)
    small.edit("ivr_menus/main.yaml", "wrong_key:", f"instead:\n  - {way}\nwrong_key:")
    small.edit(
        "ivr_menus/main.yaml",
        "otherwise: {queue: billing}\n",
        "otherwise: {queue: billing}\nexpect:\n"
        '  - {keys: "1", at: 2026-11-20 23:00, queue: fault}\n'
        '  - {keys: "2", at: 2026-11-20 10:00, queue: billing}\n'
        '  - {keys: "21", closed: [day], queue: fault}\n'
        "  - {closed: [day], hang_up: true}\n",
    )
    return small


def test_a_whole_menu_may_give_way_to_another(small: Small) -> None:
    loaded = with_night(small, "{when: {closed: day}, menu: night}").load()
    plan = loaded.plan.menus[MenuId("main")]
    branch = plan.nodes[plan.entry]
    assert isinstance(branch, Branch)
    assert (branch.cases[0].target, branch.next) == ("night/choices", "main/choices")
    again = plan.nodes[NodeId("night/choices")]
    assert isinstance(again, Ask)
    # Who comes from elsewhere is asked for the hours as well.
    assert again.choices["2"] == plan.entry
    assert failures(loaded.plan, loaded.expectations) == []


@pytest.mark.parametrize(
    ("way", "problem"),
    [
        ("{menu: night}", '9:5: nothing says when this way is taken; add "when"'),
        ("{when: {closed: dya}, menu: night}", 'unknown hours "dya"'),
        ("{when: {closed: always}, menu: night}", 'this way is never taken: "always" is always'),
    ],
)
def test_a_mistake_in_a_whole_menus_way_is_told(small: Small, way: str, problem: str) -> None:
    (told,) = with_night(small, way).told()
    assert told.startswith("ivr_menus/main.yaml:9:")
    assert problem in told


def test_a_client_greets_behind_the_ways(small: Small) -> None:
    plan = with_night(small, "{when: {closed: day}, menu: night}").load().plan
    greeting = (PromptId("client-x/greeting"),)
    rehearsal = Rehearsal(plan.menus[MenuId("main")], Circumstances(), greeting)
    assert [prompt for _, prompt in rehearsal.heard][:2] == [*greeting, "main/options"]
