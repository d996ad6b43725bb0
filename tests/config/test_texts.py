"""Prompts that queues name: recorded, or spoken from a text in the folder of prompts."""

import pytest

from tests.config.conftest import Small

WAIT = """\
thanks:
  de: Danke.
  en: Thank you.
"""


@pytest.fixture
def thanking(small: Small) -> Small:
    """With a queue that says thanks; the prompts of the menus are there."""
    small.edit("config/queues.yaml", "wrap_up_seconds: 120",
               "announcements: {prompts: [wait/thanks]}")  # fmt: skip
    for speech in small.load().speeches:
        put(small, f"{speech.language}/{speech.prompt}")
    return small


def put(small: Small, prompt: str) -> None:
    small.write(f"prompts/{prompt}.wav", b"")


def test_a_text_is_spoken_like_what_menus_say(thanking: Small) -> None:
    before = len(thanking.load().speeches)
    thanking.write("prompts/wait.yaml", WAIT + "\nunnamed: {de: X}\n")
    new = thanking.load().speeches[before:]
    assert [(speech.language, speech.prompt, speech.text) for speech in new] == [
        ("de", "wait/thanks", "Danke."),
        ("en", "wait/thanks", "Thank you."),
    ]
    repair = 'record it, or have it spoken by "acd prompts build"'
    assert thanking.told(need_prompts=True) == [
        f"prompts/wait.yaml:2:7: no prompt prompts/de/wait/thanks.wav; {repair}",
        f"prompts/wait.yaml:3:7: no prompt prompts/en/wait/thanks.wav; {repair}",
    ]


def test_what_two_queues_name_is_one_text(thanking: Small) -> None:
    thanking.write("prompts/wait.yaml", WAIT)
    count = len(thanking.load().speeches)
    thanking.edit("config/queues.yaml", "{billing: 1}",
                  "{billing: 1}\n  exits: [{full: 9, announcement: [wait/thanks]}]")  # fmt: skip
    assert len(thanking.load().speeches) == count


def test_a_recording_needs_no_text(thanking: Small) -> None:
    put(thanking, "de/wait/thanks")
    put(thanking, "en/wait/thanks")
    assert thanking.told(need_prompts=True) == []


def test_without_text_and_recording_the_line_that_names_it_is_told(thanking: Small) -> None:
    put(thanking, "en/wait/thanks")
    assert thanking.told(need_prompts=True) == [
        "config/queues.yaml:4:29: no prompt prompts/de/wait/thanks.wav; "
        "record it, or write thanks: {de: ...} in prompts/wait.yaml"
    ]
    thanking.write("prompts/wait.yaml", "thanks: {en: Thank you.}\n")
    (problem,) = thanking.told(need_prompts=True)
    assert problem.startswith("config/queues.yaml:4:29: no prompt prompts/de/wait/thanks.wav")
    assert thanking.told() == []


def test_positions_and_estimates_have_prompts_of_their_own(thanking: Small) -> None:
    put(thanking, "de/wait/position-2")
    thanking.edit("config/queues.yaml", "prompts: [wait/thanks]",
                  "position: true, position_limit: 3, estimate: true")  # fmt: skip
    assert [problem.split("; ")[0] for problem in thanking.told(need_prompts=True)] == [
        "config/queues.yaml:4:29: no prompt prompts/de/wait/position-1.wav and 1 more",
        "config/queues.yaml:4:29: no prompt prompts/en/wait/position-1.wav and 2 more",
        "config/queues.yaml:4:64: no prompt prompts/de/wait/longer.wav and 7 more",
        "config/queues.yaml:4:64: no prompt prompts/en/wait/longer.wav and 7 more",
    ]


def test_an_exit_may_say_what_a_menu_says(thanking: Small) -> None:
    thanking.edit("config/queues.yaml", "announcements: {prompts: [wait/thanks]}",
                  "exits: [{full: 9, announcement: [main/welcome, bye]}]")  # fmt: skip
    assert thanking.told(need_prompts=True) == [
        f"config/queues.yaml:4:50: no prompt prompts/{language}/bye.wav; record it"
        for language in ("de", "en")
    ]


def test_prompts_are_needed_in_the_languages_of_callers_only(thanking: Small) -> None:
    thanking.edit("config/acd.yaml", "  en:\n", "  fr: {name: F, voice: fr, "
                  'option: "{label}, {key}.", switch: "Français, {key}."}\n  en:\n')  # fmt: skip
    for name in ("config/skills.yaml", "config/queues.yaml"):
        text = (thanking.root / name).read_text(encoding="utf-8")
        thanking.write(name, text.replace("{de:", "{fr: Oui., de:"))
    put(thanking, "de/wait/thanks")
    put(thanking, "en/wait/thanks")
    assert thanking.told(need_prompts=True) == []


def test_a_text_belongs_to_the_fingerprint(thanking: Small) -> None:
    before = thanking.load().fingerprint
    thanking.write("prompts/wait.yaml", WAIT)
    assert thanking.load().fingerprint != before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "1:1: must be a mapping; write lines of the form key: value below it"),
        ("thanks: Danke.", '1:9: "thanks" must be a mapping; '
         "write lines of the form key: value below it"),
        ("thanks: {de: }", '1:10: "de" is empty'),
        ("thanks: {de: [x]}", '1:10: "de" must be one text, not a list or mapping'),
        ("thanks: {de: x", "1:15: not valid YAML: did not find expected ',' or '}'; "
         "check quotes, colons and indentation just before"),
        ('"thän ks": {de: x}', '1:1: "thän ks" cannot be a key here; '
         "a prompt is written as its file is called, without language and ending: wait/thanks"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_file_of_texts_is_told(thanking: Small, text: str, problem: str) -> None:
    thanking.write("prompts/wait.yaml", text)
    assert thanking.told() == [f"prompts/wait.yaml:{problem}"]
