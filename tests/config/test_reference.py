"""docs/menus.md shows every key of the menus as the models have them, and its examples are true."""

import re
from pathlib import Path

import pytest

from acd.config.reference import MODELS, pictures, table, written
from acd.config.verbs import VERBS
from acd.errors import ConfigError
from tests.config.conftest import Small

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
MENUS = ROOT / "docs" / "menus.md"


def test_the_page_is_as_the_models_have_it() -> None:
    text = MENUS.read_text()
    assert written(text, CONFIG) == text, "make docs-menus writes it anew"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example_of_its_own(verb: str) -> None:
    example = vars(VERBS[verb]).get("EXAMPLE", "")
    assert re.search(rf"^{verb}:", example, re.MULTILINE), f"{verb}: give its model an EXAMPLE"


def test_a_picture_shows_what_follows_the_key_and_ends_at_other_menus() -> None:
    drawn = pictures(CONFIG)
    assert set(drawn) == set(VERBS)
    assert [line.strip() for line in drawn["menu"].splitlines()] == [
        "flowchart TD",
        'n0(("1"))',
        'n1{{"main/choices: a key"}}',
        "n0 --> n1",
    ]
    assert 'n0 --> n1\n    n1 -->|"done"| n2' in drawn["do"]
    assert '{{"this menu: a key"}}' in drawn["language"]


def test_an_example_that_is_refused_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VERBS["queue"], "EXAMPLE", "queue: moon\n")
    with pytest.raises(ConfigError, match=r'example_queue\.yaml:5:12: unknown queue "moon"'):
        pictures(CONFIG)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_its_table(name: str) -> None:
    assert f"<!-- keys {name} -->" in MENUS.read_text()


def test_a_verbs_table_has_its_own_keys_and_not_those_all_have() -> None:
    assert "`estimate_over_seconds`" in table("when")
    assert "`queue` | needed" in table("queue")
    assert all("`announce`" not in table(verb) for verb in VERBS)


def test_a_model_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        written("<!-- keys moon -->\n<!-- end -->", CONFIG)


def test_the_pages_choices_are_accepted(tmp_path: Path) -> None:
    """Each example of a choice, put into a small configuration, has nothing to be told of it."""
    blocks = re.findall(r"```yaml\n(?:choices:\n)?(  \d:\n.*?)```", MENUS.read_text(), re.DOTALL)
    assert len(blocks) == 3
    for number, block in enumerate(blocks):
        small = Small(tmp_path / str(number))
        small.write("config/hours.yaml", OFFICE)
        text = re.sub(r"queue: (meter|switchboard)", "queue: fault", block)
        text = re.sub(r"^  \d:", "  4:", text)
        if "label" not in text:
            text = text.replace("  4:\n", "  4:\n    label: {de: Zähler, en: Meter}\n")
        small.edit(
            "ivr_menus/main.yaml", "  9: {language: next}\n", f"{text}  9: {{language: next}}\n"
        )
        assert small.told() == []


OFFICE = 'office: {time_zone: Europe/Berlin, weekly: {mon-fri: "08:00-16:00"}}\n'
