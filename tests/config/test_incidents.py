"""incidents.yaml: known faults in the plan, in every language, and every mistake in its line."""

import json
import sys

import pytest

from acd.config.incidents import AGAIN
from acd.config.loader import load
from acd.config.telling import speak_new
from acd.core.incident import Incident
from acd.errors import ConfigError
from tests.config.conftest import TODAY, Small
from tests.config.test_prompts import SPEAKER, spoken

ENTRY = """\
mitte:
  queues: [fault]
  postcodes: ["10*", "12043"]
  text: {de: Der Strom ist weg., en: The power is out.}
  hazard: {de: Kein Wasser trinken.}
  begins: 2026-11-23 12:00
  ends: 2026-11-23 15:00
"""


@pytest.fixture
def house(small: Small) -> Small:
    """The small configuration with an incident, and the question."""
    small.edit("config/acd.yaml", "service_name", "time_zone: Europe/Berlin\nservice_name")
    small.write("config/incidents.yaml", ENTRY)
    small.write("prompts/incident.yaml", 'again: {de: "Noch einmal?", en: "Again?"}\n')
    return small


def read(small: Small) -> tuple[Incident, ...]:
    loaded = load(small.root / "config", today=TODAY, need_prompts=False)
    return loaded.plan.incidents


def refused(small: Small) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(small)
    return [str(one) for one in error.value.problems]


def test_it_is_in_the_plan_as_it_is_heard(house: Small) -> None:
    [told] = read(house)
    assert (told.id, told.queues, told.postcodes) == ("mitte", ("fault",), ("10*", "12043"))
    assert told.ends_at is not None
    assert told.ends_at - told.begins_at == 3 * 3600
    # 12 o'clock in Berlin.
    assert told.begins_at == 1_795_431_600.0
    said = {clip.language: (clip.prompt, clip.text) for clip in told.text}
    assert said == {
        "de": ("incident/mitte", "Der Strom ist weg."),
        "en": ("incident/mitte", "The power is out."),
    }
    assert {clip.text for clip in told.hazard} == {"Kein Wasser trinken."}
    assert {clip.prompt for clip in told.question} == {AGAIN}


def test_without_the_file_there_are_none(small: Small) -> None:
    assert read(small) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("[fault]", "[fault, fualt]", 2, 'unknown queue "fualt"'),
        ("text:", "txt:", 4, "txt"),
        ('"12043"', '"1*0"', 3, "1*0"),
        ("en: The", "tr: The", 4, 'unknown language "tr"'),
        ("2026-11-23 15:00", "2026-11-23 11:00", 7, "it ends before it begins"),
        ("2026-11-23 12:00", "2026-02-30 12:00", 6, "2026-02-30"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    house: Small, old: str, new: str, line: int, what: str
) -> None:
    house.edit("config/incidents.yaml", old, new)
    problem = refused(house)[0]
    assert f"incidents.yaml:{line}:" in problem
    assert what in problem


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("mitte: {text: {de: Weg.}}\n", "nothing says whose callers hear it"),
        ("mitte: {queues: [fault]}\n", "either spoken or recorded"),
    ],
)
def test_what_is_missing_is_told(house: Small, text: str, what: str) -> None:
    house.write("config/incidents.yaml", text)
    [problem] = refused(house)
    assert what in problem


@pytest.mark.slow
def test_a_reload_speaks_what_is_new(house: Small) -> None:
    house.write("speaker.py", SPEAKER)
    command = json.dumps(
        [sys.executable, "-S", str(house.root / "speaker.py"), "{voice}", "{file}", "{text}"]
    )
    house.edit("config/acd.yaml", "service_name", f"speech: {{command: {command}}}\nservice_name")
    config = house.root / "config"
    assert speak_new(config, TODAY)
    assert sorted(text for _, text in spoken(house)) == [
        "Der Strom ist weg.",
        *["Kein Wasser trinken."] * 2,
        "The power is out.",
    ]
    assert not speak_new(config, TODAY)
    [told] = read(house)
    assert all(clip.seconds > 0 for clip in (*told.text, *told.hazard))
    house.edit("config/incidents.yaml", "Der Strom ist weg.", "Fail.")
    with pytest.raises(ConfigError, match="no such voice"):
        speak_new(config, TODAY)
