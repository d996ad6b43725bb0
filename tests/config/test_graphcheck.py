"""Circles, dead ends and menus nobody reaches: refused or warned of, each with file and line."""

import pytest

from acd.config.files import read_files
from acd.config.graphcheck import check_graphs
from acd.config.menus import Menus
from acd.config.parts import compile_parts
from acd.core.ids import MenuId, NodeId, PromptId
from acd.core.plan import Branch, MenuPlan, Node, Say
from tests.config.conftest import TODAY, Small

OTHER = """\
menu: {name}
languages: [de, en]
choices:
  1: {{label: {{de: Weiter, en: On}}, {first}}}
wrong_key: {{de: Falsch., en: Wrong.}}
otherwise: {{{otherwise}}}
"""


def menu(small: Small, name: str, first: str, otherwise: str = "hang_up: true") -> None:
    small.write(f"ivr_menus/{name}.yaml", OTHER.format(name=name, first=first, otherwise=otherwise))


def warned(small: Small) -> list[str]:
    return [str(each).replace(f"{small.root}/", "") for each in small.load().warnings]


def test_a_whole_configuration_has_nothing_to_warn_of(small: Small) -> None:
    assert warned(small) == []


# -- menus nobody reaches -----------------------------------------------------------------------


def test_a_menu_to_which_nothing_leads_is_warned_of(small: Small) -> None:
    menu(small, "lost", "queue: fault")
    assert warned(small) == [
        "ivr_menus/lost.yaml:1:7: warning: no number, code, queue or other menu leads to the menu "
        '"lost"; lead to it by "menu: lost", or remove the file'
    ]


def test_a_survey_is_led_to_by_its_queue_and_one_that_is_switched_off_is_no_mistake(
    small: Small,
) -> None:
    menu(small, "after", "collect: [{into: kind, say: {de: Wie?, en: How?}}], hang_up: true")
    assert warned(small) == []
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "survey: after")
    assert warned(small) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("ivr_menus/main.yaml", "otherwise: {queue: billing}", "otherwise: {menu: lost}"),
        ("config/queues.yaml", "wrap_up_seconds: 120", "exits: [{full: 9, menu: lost}]"),
        ("ivr_menus/agent.yaml", "    do: login\n", "    menu: lost\n"),
    ],
)
def test_a_menu_is_reached_from_menus_queues_and_codes(
    small: Small, name: str, old: str, new: str
) -> None:
    menu(small, "lost", "queue: fault")
    if "agent" in name:
        small.write(name, 'menu: agent\nlanguages: [de, en]\ncodes: {"*30": {menu: lost}}\n')
    else:
        small.edit(name, old, new)
    assert warned(small) == []


def test_who_is_reached_from_an_unreached_menu_alone_is_unreached(small: Small) -> None:
    menu(small, "lost", "menu: gone")
    menu(small, "gone", "queue: fault")
    assert [line.partition(":")[0] for line in warned(small)] == [
        "ivr_menus/gone.yaml", "ivr_menus/lost.yaml"]  # fmt: skip


# -- dead ends ----------------------------------------------------------------------------------


def test_menus_that_lead_to_nothing_but_each_other_are_refused(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "  9: {language: next}\n",
               "  3: {label: {de: A, en: A}, menu: one}\n  9: {language: next}\n")  # fmt: skip
    menu(small, "one", "menu: two", "menu: two")
    menu(small, "two", "menu: one", "menu: one")
    told = (
        "ivr_menus/{}.yaml:3:1: no way out: whatever a caller presses here, he comes to no queue "
        "and no end; let a choice lead to a queue, or hang up"
    )
    assert small.told() == [told.format("one"), told.format("two")]


def test_who_can_go_round_but_also_out_is_let_be(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "  9: {language: next}\n",
               "  3: {label: {de: A, en: A}, menu: one}\n  9: {language: next}\n")  # fmt: skip
    menu(small, "one", "menu: main", "menu: main")
    assert warned(small) == []


def test_who_presses_nothing_and_goes_round_for_ever_is_a_warning(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "otherwise: {queue: billing}", "otherwise: {menu: one}")
    menu(small, "one", "queue: fault", "menu: main")
    assert warned(small) == [
        "ivr_menus/main.yaml:4:1: warning: who presses nothing goes round here until he hangs up, "
        'by way of ivr_menus/one.yaml:3; let "otherwise" lead to a queue or hang up, once he had '
        "his turns"
    ]


# -- circles in which nobody is asked -----------------------------------------------------------


def checked(small: Small, nodes: list[Node]) -> list[str]:
    """What is told of these nodes, as a code's menu of the small configuration."""
    files = read_files(small.root / "config", None)
    source = files.menu_sources["agent"]
    plan = MenuPlan(
        id=MenuId("agent/*30"), languages=(), entry=nodes[0].id, nodes={n.id: n for n in nodes}
    )
    menus = Menus(
        plans={plan.id: plan},
        nodes=dict(plan.nodes),
        places={"agent/code-30": (source, ("codes", "*30"))},
    )
    check_graphs(files, menus, compile_parts(files, TODAY), TODAY)
    return [str(found).replace(f"{small.root}/", "") for found in source.problems]


def test_a_circle_without_a_question_is_refused_once(small: Small) -> None:
    one, two, three = (NodeId(f"agent/code-30-{name}") for name in ("say", "branch", "more"))
    said = (PromptId("x"),)
    nodes: list[Node] = [
        Say(id=one, prompts=said, next=two),
        Branch(id=two, cases=(), next=three),
        Say(id=three, prompts=said, next=one),
    ]
    assert checked(small, nodes) == [
        "ivr_menus/agent.yaml:4:3: a call that comes here goes round without being asked anything; "
        "let one of these ways lead to a menu, to digits or to an end"
    ]
    nodes[2] = Say(id=three, prompts=said, next=three)
    assert len(checked(small, nodes)) == 1


@pytest.mark.parametrize("before", ["", "say: {de: Ja., en: Yes.}, "])
def test_a_code_that_goes_back_to_itself_is_refused(small: Small, before: str) -> None:
    """The walk through it would never end: there is nothing to go back to but its beginning."""
    code = f'  "*30": {{{before}back: true}}\n'
    small.write("ivr_menus/agent.yaml", f"menu: agent\nlanguages: [de, en]\ncodes:\n{code}")
    (told,) = small.told()
    assert told.startswith(
        "ivr_menus/agent.yaml:4:3: a call that comes here goes round without being asked anything"
    )


@pytest.mark.parametrize(
    ("then", "first", "otherwise", "expected"),
    [
        ("{menu: main}", "back: true", "back: true", ""),
        ("{back: true}", "back: true", "back: true", ""),
        ("{menu: one}", "back: true", "hang_up: true", ""),
        ("{menu: one}", "back: true", "back: true", "no way out"),
    ],
)
def test_a_sub_menu_is_no_dead_end_when_one_can_go_back_and_out(
    small: Small, then: str, first: str, otherwise: str, expected: str
) -> None:
    ways = "otherwise: {hang_up: true}" if not expected else "otherwise: {menu: one}"
    small.write(
        "ivr_menus/main.yaml",
        "menu: main\nlanguages: [de, en]\nchoices:\n"
        f"  1: {{label: {{de: A, en: A}}, menu: one, then: {then}}}\n"
        f"wrong_key: {{de: Falsch., en: Wrong.}}\n{ways}\n",
    )
    menu(small, "one", first, otherwise)
    told = small.told()
    assert [expected in line for line in told] == [True] * len(told)
    assert bool(told) == bool(expected)


@pytest.mark.parametrize(
    ("otherwise", "is_warned"), [("hang_up: true", False), ("back: true", True)]
)
def test_who_presses_nothing_in_a_sub_menu_may_be_let_go_there(
    small: Small, otherwise: str, is_warned: bool
) -> None:
    small.edit("ivr_menus/main.yaml", "otherwise: {queue: billing}",
               "otherwise: {menu: one, then: {menu: main}}")  # fmt: skip
    menu(small, "one", "queue: fault", otherwise)
    assert [line.partition(":")[0] for line in warned(small)] == (
        ["ivr_menus/main.yaml"] if is_warned else [])  # fmt: skip


# -- hours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "opens"),
    [
        ("{time_zone: Etc/UTC, weekly: {mon-sun: closed}}", False),
        ("{time_zone: Etc/UTC, weekly: {mon: closed}, special_days: {2026-11-01: '8:00-9:00'}}",
         False),
        ("{time_zone: Etc/UTC, weekly: {mon: closed}, special_days: {2028-11-01: '8:00-9:00'}}",
         False),
        ("{time_zone: Etc/UTC, weekly: {mon: closed}, special_days: {2027-11-01: '8:00-9:00'}}",
         True),
        ("{time_zone: Etc/UTC, weekly: {sun: '0:00-0:01'}}", True),
    ],
)  # fmt: skip
def test_hours_that_do_not_open_within_a_year_are_warned_of(
    small: Small, hours: str, opens: bool
) -> None:
    small.write("config/hours.yaml", f"rare: {hours}\n")
    told = [
        'config/hours.yaml:1:1: warning: "rare" does not open on any day of the coming year; '
        "give it hours of a weekday, or a special day"
    ]
    assert warned(small) == ([] if opens else told)


# -- what the rest owes -------------------------------------------------------------------------


def test_nothing_is_concluded_from_menus_that_were_refused(small: Small) -> None:
    menu(small, "lost", "queue: moon")
    assert [told.partition(": ")[2] for told in small.told()] == [
        'unknown queue "moon"; allowed: fault, billing'
    ]


def test_a_warning_stops_nothing(small: Small) -> None:
    menu(small, "lost", "queue: fault")
    loaded = small.load()
    assert loaded.warnings
    assert MenuId("lost") in loaded.plan.menus
