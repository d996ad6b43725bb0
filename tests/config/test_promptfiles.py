"""The file of a prompt: a recording under its own name, else one named after what is said."""

import re

import pytest

from acd.config.promptfiles import spoken_file, spoken_name
from acd.core.ids import Language, MenuId, PromptId
from tests.config.conftest import Small


def welcome(small: Small) -> str:
    """The file in which the German welcome is to be spoken."""
    return small.load().plan.file_of(Language("de"), PromptId("main/welcome"))


def test_the_name_tells_what_is_said(small: Small) -> None:
    assert re.fullmatch(r"de/main/welcome\.[0-9a-f]{8}", welcome(small))
    assert welcome(small) == welcome(small)
    assert spoken_name(welcome(small)) == "de/main/welcome"
    assert spoken_name("de/main/welcome") is None


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("ivr_menus/main.yaml", "Guten Tag.", "Guten Tag!"),
        ("config/acd.yaml", "voice: de", "voice: de+f2"),
        (
            "config/acd.yaml",
            "service_name",
            'speech: {command: [say, "{file}", "{text}"]}\nservice_name',
        ),
        ("config/acd.yaml", "service_name", "speech: {rates: [8000, 16000]}\nservice_name"),
    ],
)
def test_another_text_voice_command_or_rate_is_another_file(
    small: Small, file: str, old: str, new: str
) -> None:
    before = welcome(small)
    small.edit(file, old, new)
    assert welcome(small) != before


def test_what_changes_nothing_that_is_heard_changes_no_file(small: Small) -> None:
    before = welcome(small)
    small.edit("config/acd.yaml", "service_name",
               "speech: {rates: [8000, 8000], timeout_seconds: 5}\nservice_name")  # fmt: skip
    small.edit("ivr_menus/main.yaml", "de: Falsch.", "de: Nein.")
    assert welcome(small) == before


@pytest.mark.parametrize("ending", [".wav", ".alaw", ".g722"])
def test_a_recording_in_any_format_wins(small: Small, ending: str) -> None:
    small.write(f"prompts/de/main/welcome{ending}", b"")
    assert welcome(small) == "de/main/welcome"


def test_a_menu_names_the_files_of_what_is_said_in_it(small: Small) -> None:
    menus = small.load().plan.menus
    said = {"welcome", "options", "key-9", "wrong-key"}
    assert menus[MenuId("main")].prompt_files.keys() == {
        f"{language}/main/{name}" for language in ("de", "en") for name in said
    }
    assert all(name.split("/")[1] == "agent" for name in menus[MenuId("agent/*30")].prompt_files)


def test_what_is_said_twice_the_same_way_is_two_files_all_the_same(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{de: Falsch., en: Wrong.}", "{de: Guten Tag., en: Wrong.}")
    loaded = small.load()
    files = [spoken_file(speech, loaded.settings) for speech in loaded.speeches]
    assert len(set(files)) == len(files)
