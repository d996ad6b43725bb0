"""What operators are told about numbers and clients: file, line, and what to do."""

import pytest

from tests.config.conftest import Small
from tests.config.test_clients import CLIENT, SHARED, with_client

MISTAKES = [
    ("menu: shared", "menu: shard",
     '3:7: unknown menu "shard", did you mean "shared"?; allowed: main, shared'),
    ("menu: shared", "menu: agent",
     '3:7: unknown menu "agent"; allowed: main, shared'),
    ("groups: [south]", "groups: [soth]",
     '6:10: unknown group "soth", did you mean "south"?; allowed: south, north (groups.yaml)'),
    ("groups: [south]", "groups: [south, south]",
     '6:17: group "south" stands here twice; keep one'),
    ("groups: [south]", "groups: [north]",
     '6:1: no agent of north can serve the queue "fault", to which key 1 of the menu "shared" '
     "leads; add a group whose agents can, or give them skills"),
    ("groups: [south]", "groups: []",
     '6:1: "groups" is empty; at least 1 needed'),
    ("languages: [en, de]", "languages: [en, fr]",
     '4:17: unknown language "fr"; allowed: de, en (acd.yaml)'),
    ("languages: [en, de]", "languages: [en, en]",
     '4:17: language "en" stands here twice; keep one'),
    ("en: Lindau here.", "fr: Ici.",
     '5:1: "greeting" says nothing in "en"; add en: ...'),
    ("answer: {de: Stadtwerke Lindau,", "answer: {",
     '7:1: "answer" says nothing in "de"; add de: ...'),
    ("name: Lindau", "name: Stadtwerke Lindau am schönen Bodensee",
     '1:7: "name" is too long; at most 24 characters'),
    ('"0800 201"', "nought",
     '2:11: "entry 1" cannot be "nought"; a number as it is dialled'),
    ("+49 800 202", "0049800201",
     '2:23: the number "0049800201" is taken; config/clients/lindau.yaml:2 has it: keep one'),
    ("ask:", "asks:", '8:1: unknown key "asks", did you mean "ask"?'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told_at_its_line(small: Small, old: str, new: str, problem: str) -> None:
    with_client(small)
    small.edit("config/clients/lindau.yaml", old, new)
    first = small.told()[0]
    shown = problem.replace('"entry 1"', "entry 1")
    assert first.startswith(f"config/clients/lindau.yaml:{shown}"), first


def test_a_queue_that_its_callers_overflow_to_needs_its_agents_as_well(small: Small) -> None:
    with_client(small)
    rule = "\n  exits:\n    - {max_wait_seconds: 60, queue: billing}"
    small.edit("config/queues.yaml", "needs: {fault: 3}", "needs: {fault: 3}" + rule)
    assert small.told() == [
        'config/clients/lindau.yaml:6:1: no agent of south can serve the queue "billing", '
        'to which its callers overflow from the queue "fault"; '
        "add a group whose agents can, or give them skills"
    ]


def test_a_menu_that_changes_languages_needs_all_of_them(small: Small) -> None:
    with_client(small, 'name: Lindau\nnumbers: ["0800201"]\nlanguages: [en]\n')
    assert small.told() == [
        'config/clients/lindau.yaml:3:1: the menu "main" lets callers change to "de"; '
        "add de, or name a menu without that"
    ]


def test_a_client_may_speak_fewer_languages_than_a_menu_that_does_not_change_them(
    small: Small,
) -> None:
    text = CLIENT.replace("[en, de]", "[en]").replace("de: Lindau., ", "")
    assert with_client(small, text).told() == []


def test_a_number_that_two_clients_claim(small: Small) -> None:
    with_client(small)
    with_client(small, 'name: Bregenz\nnumbers: ["+49800 201"]\nmenu: shared\n', "bregenz")
    assert small.told() == [
        'config/clients/lindau.yaml:2:11: the number "0800 201" is taken; '
        "config/clients/bregenz.yaml:2 has it: keep one"
    ]


def test_a_longer_number_may_belong_to_another(small: Small) -> None:
    with_client(small)
    with_client(small, 'name: Bregenz\nnumbers: ["0800 20*"]\nmenu: shared\n', "bregenz")
    assert small.told() == []


def test_numbers_name_menus_that_callers_can_enter(small: Small) -> None:
    small.write("config/numbers.yaml", '"0800 3": mian\n"0800 4": agent\n"08003 ": main\n')
    assert small.told() == [
        'config/numbers.yaml:1:11: unknown menu "mian", did you mean "main"?; allowed: main',
        'config/numbers.yaml:2:11: unknown menu "agent"; allowed: main',
        'config/numbers.yaml:3:1: the number "08003 " is taken; '
        "config/numbers.yaml:1 has it: keep one",
    ]


def test_a_number_that_cannot_be_dialled(small: Small) -> None:
    small.write("config/numbers.yaml", "service: main\n")
    (told,) = small.told()
    assert told.startswith('config/numbers.yaml:1:1: "service" cannot be a key here; a number as')


def test_a_menu_for_a_number_or_a_client_is_led_to(small: Small) -> None:
    small.write("ivr_menus/shared.yaml", SHARED)
    assert [str(one) for one in small.load().warnings if "shared" in str(one)] != []
    small.write("config/numbers.yaml", '"0800 3": shared\n')
    assert small.load().warnings == ()
    (small.root / "config/numbers.yaml").unlink()
    assert with_client(small).load().warnings == ()


def test_a_file_that_would_not_be_read(small: Small) -> None:
    with_client(small, CLIENT, "Lin dau")
    assert small.told() == [
        'config/clients/Lin dau.yaml:1:1: "Lin dau" cannot be the name of a client; small letters,'
        " digits and _, a letter first, at most 32"
    ]
    (small.root / "config/clients/Lin dau.yaml").rename(small.root / "config/clients/lindau.yml")
    (told,) = small.told()
    assert told.startswith("config/clients/lindau.yml: the file would not be read")


def test_waiting_callers_of_every_menu_that_is_entered_are_told_in_its_languages(
    small: Small,
) -> None:
    """A menu for one number alone may speak a language that the callers' menu does not."""
    small.edit("config/acd.yaml", "not_ready", _FRENCH + "not_ready")
    for name in ("skills", "queues"):
        text = (small.root / f"config/{name}.yaml").read_text(encoding="utf-8")
        small.write(f"config/{name}.yaml", text.replace("en: ", "fr: X, en: "))
    small.write("ivr_menus/shared.yaml", _SHARED_IN_FRENCH)
    small.write("config/numbers.yaml", '"0800 3": shared\n')
    small.edit("config/queues.yaml", "  needs: {fault: 3}", _ANNOUNCED + "  needs: {fault: 3}")
    told = [line for line in small.told(need_prompts=True) if "wait/thanks" in line]
    assert [line.partition("prompts/")[2][:2] for line in told] == ["de", "en", "fr"]


_FRENCH = """\
  fr:
    name: Français
    voice: fr
    option: "Pour {label}, tapez {key}."
    switch: "Pour le français, tapez {key}."
"""
_SHARED_IN_FRENCH = """\
menu: shared
languages: [fr]
choices:
  1: {queue: fault}
wrong_key: {fr: Faux.}
otherwise: {queue: fault}
"""
_ANNOUNCED = "  announcements: {prompts: [wait/thanks]}\n"
