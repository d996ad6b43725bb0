"""A menu without a telephone: it goes as with callers, and an example that lies is named."""

from pathlib import Path

import pytest

from acd.rehearsal import Circumstances, Rehearsal, failures
from tests.config.conftest import Small
from tests.plans import login_menu, main_menu

MENU = """\
menu: main
languages: [de, en]
welcome: {de: Guten Tag., en: Hello.}
choices:
  1:
    queue: fault
    collect:
      - {into: postcode, say: {de: Postleitzahl?, en: Postcode?}, min_digits: 5, max_digits: 5}
    instead:
      - when: {attribute: postcode, values: ["10*"]}
        say: {de: Ist bekannt., en: We know.}
        hang_up: true
      - when: {queue: fault, waiting_at_least: 9}
        queue: billing
  2:
    queue: billing
    instead:
      - {when: {closed: office}, queue: fault}
  3:
    queue: billing
    instead:
      - {when: {local_incident: billing}, queue: fault}
  9: {language: next}
wrong_key: {de: Falsch., en: Wrong.}
otherwise: {queue: billing}
expect:
"""
HOURS = 'office: {time_zone: Europe/Berlin, weekly: {mon-fri: "08:00-16:00"}}\n'


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def told(small: Small, example: str) -> list[str]:
    small.write("config/hours.yaml", HOURS)
    small.write("ivr_menus/main.yaml", f"{MENU}  - {{{example}}}\n")
    loaded = small.load()
    return [
        str(problem).rpartition("/")[2] for problem in failures(loaded.plan, loaded.expectations)
    ]


def test_prompts_are_heard_to_their_end_and_keys_lead_on() -> None:
    rehearsal = Rehearsal(main_menu(), Circumstances())
    assert [prompt for _, prompt in rehearsal.heard] == ["main/welcome", "main/options"]
    rehearsal.press("9")
    rehearsal.press("2")
    assert rehearsal.heard[2:] == [("en", "main/welcome"), ("en", "main/options")]
    assert rehearsal.end is not None
    assert getattr(rehearsal.end, "queue", "") == "billing"


def test_digits_are_typed_one_by_one_and_silence_ends_them() -> None:
    rehearsal = Rehearsal(login_menu(), Circumstances())
    assert rehearsal.play("1001.0815#")
    assert [node.action for node in rehearsal.done] == ["login"]
    assert rehearsal.dialogue.attributes["agent"] == "1001"


@pytest.mark.parametrize(
    "example",
    [
        "queue: billing",
        'keys: "120095", queue: fault, typed: {postcode: "20095"}',
        'keys: "110115", hang_up: true',
        'keys: "1....", queue: billing',
        'keys: "120095", waiting: {fault: 9}, queue: billing',
        'keys: "92", queue: billing, language: en',
        'keys: "2", queue: billing, at: 2026-11-20 10:00',
        'keys: "2", queue: fault, at: 2026-11-20 18:00',
        'keys: "2", queue: fault, at: 2026-11-20 10:00, closed: [office]',
        'keys: "3", queue: billing, local_incidents: [fault]',
        'keys: "3", queue: fault, local_incidents: [billing]',
        'keys: "7.2", queue: billing',
        'keys: "2", attributes: {language: en}, queue: billing, language: en',
    ],
)
def test_examples_that_are_true_are_passed_over(small: Small, example: str) -> None:
    assert told(small, example) == []


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        ('keys: "1", queue: fault',
         'this call does not end in the queue "fault" but in the queue "billing"'),
        ('keys: "110115", queue: fault',
         'this call does not end in the queue "fault" but by being hung up'),
        ('keys: "2", hang_up: true', 'this call is not hung up but ends in the queue "billing"'),
        ('keys: "2", queue: billing, language: en', 'this call ends in the language "de"'),
        ('keys: "120095", queue: fault, typed: {postcode: "2*"}',
         '"postcode" is "20095" in the end of this call'),
        ('keys: "2", do: login',
         '"login" is not done in this call, which ends in the queue "billing"'),
    ],
)  # fmt: skip
def test_an_example_that_lies_is_named_with_its_line(
    small: Small, example: str, problem: str
) -> None:
    assert told(small, example) == [f"main.yaml:27:5: {problem}; mend the menu, or the example"]
