"""Prompts are spoken once, anew when their text changes, and never over what somebody recorded."""

import json
import math
import sys
import wave
from array import array
from ast import literal_eval
from pathlib import Path

import pytest

from acd.config.loader import load
from acd.config.prompts import MANIFEST, PEAK, RATE, build, status
from acd.errors import PromptError
from tests.config.conftest import TODAY, Small

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent

SPEAKER = '''\
"""Speaks by whistling 1,000 Hz and 6,000 Hz for a tenth of a second; notes what it was told."""
import math, sys, wave
from array import array
voice, file, text = sys.argv[1:]
with open(__file__ + ".log", "a") as log:
    log.write(ascii([voice, text]) + "\\n")
if text == "Fail.":
    sys.exit("no such voice")
tones = () if text == "Silence." else (1000, 6000)
rates = {"Slow.": (8000, 1), "Guten Tag.": (22050, 2)}
rate, channels = rates.get(text, (16000, 2))  # Of 22,050 samples 8,000 are made slowly.
one = [sum(math.sin(2 * math.pi * t * n / rate) for t in tones) * 9000 for n in range(rate // 10)]
with wave.open(file, "wb") as out:
    out.setnchannels(channels)
    out.setsampwidth(2)
    out.setframerate(rate)
    out.writeframes(array("h", [round(s) for s in one for _ in range(channels)]).tobytes())
if text == "Garbage.":
    open(file, "w").write("x")
'''


@pytest.fixture
def whistler(small: Small) -> Small:
    """The small configuration with a speech command of the test's own."""
    small.write("speaker.py", SPEAKER)
    command = json.dumps(
        [sys.executable, "-S", str(small.root / "speaker.py"), "{voice}", "{file}", "{text}"]
    )
    small.edit("config/acd.yaml", "service_name", f"speech: {{command: {command}}}\nservice_name")
    return small


def spoken(small: Small) -> list[list[str]]:
    """Take what the speaker was told since last asked."""
    log = small.root / "speaker.py.log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [literal_eval(line) for line in lines]


def samples(path: Path) -> "array[int]":
    with wave.open(str(path)) as stream:
        assert stream.getparams()[:3] == (1, 2, RATE)
        return array("h", stream.readframes(stream.getnframes()))


def loudness(found: "array[int]", tone: int) -> float:
    """The amplitude of one tone, as a share of full scale."""
    parts = [
        sum(s * wave_of(2 * math.pi * tone * n / RATE) for n, s in enumerate(found))
        for wave_of in (math.sin, math.cos)
    ]
    return 2 * math.hypot(*parts) / len(found) / 32767


def test_what_is_missing_is_spoken_and_nothing_twice(whistler: Small) -> None:
    before = build(whistler.load())
    assert len(before.missing) == 12
    said = spoken(whistler)
    assert len(said) == 12
    assert ["de", "Guten Tag."] in said
    assert ["en", "For English, press 9."] in said
    assert whistler.told(need_prompts=True) == []
    after = build(whistler.load())
    assert (len(after.current), after.missing, after.stale) == (12, [], [])
    assert spoken(whistler) == []


def test_audio_is_what_asterisk_plays_and_nothing_folds_back(whistler: Small) -> None:
    build(whistler.load())
    found = samples(whistler.root / "prompts/de/main/welcome.wav")
    assert abs(len(found) - RATE / 10) <= 1
    assert max(map(abs, found)) == round(PEAK * 32767)
    assert loudness(found, 1000) > 0.9 * PEAK
    # 6,000 Hz does not fit into 8,000 samples a second and would be heard as 2,000 Hz.
    assert loudness(found, 2000) < 0.001


def test_audio_at_the_right_rate_is_only_levelled(whistler: Small) -> None:
    whistler.edit("ivr_menus/main.yaml", "Hello.", "Slow.")
    build(whistler.load())
    assert len(samples(whistler.root / "prompts/en/main/welcome.wav")) == RATE // 10


def test_a_changed_text_is_spoken_anew_and_no_other(whistler: Small) -> None:
    build(whistler.load())
    spoken(whistler)
    whistler.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    assert status(whistler.load()).stale == ["de/main/welcome"]
    build(whistler.load())
    assert spoken(whistler) == [["de", "Guten Morgen."]]


def test_a_changed_voice_is_spoken_anew(whistler: Small) -> None:
    build(whistler.load())
    whistler.edit("config/acd.yaml", "voice: en", "voice: en-us")
    assert len(status(whistler.load()).stale) == 6


def test_all_can_be_spoken_again(whistler: Small) -> None:
    build(whistler.load())
    spoken(whistler)
    build(whistler.load(), only_missing=False)
    assert len(spoken(whistler)) == 12


def test_a_recording_is_never_touched(whistler: Small) -> None:
    build(whistler.load())
    recorded = whistler.root / "prompts/de/main/welcome.wav"
    recorded.write_bytes(b"a voice")
    other = whistler.root / "prompts/en/main/welcome.alaw"
    other.write_bytes(b"another")
    whistler.edit("ivr_menus/main.yaml", "{de: Guten Tag., en: Hello.}", "{de: A., en: B.}")
    before = build(whistler.load(), only_missing=False)
    assert sorted(before.recorded) == ["de/main/welcome", "en/main/welcome"]
    assert recorded.read_bytes() == b"a voice"
    assert other.read_bytes() == b"another"


def test_a_prompt_that_was_lost_is_spoken_again(whistler: Small) -> None:
    build(whistler.load())
    (whistler.root / "prompts/de/main/welcome.wav").unlink()
    assert build(whistler.load()).missing == ["de/main/welcome"]
    assert status(whistler.load()).missing == []


def test_what_no_menu_says_any_more_is_reported_and_left(whistler: Small) -> None:
    build(whistler.load())
    whistler.edit("ivr_menus/main.yaml", "welcome: {de: Guten Tag., en: Hello.}\n", "")
    assert build(whistler.load()).unused == ["de/main/welcome", "en/main/welcome"]
    assert (whistler.root / "prompts/de/main/welcome.wav").is_file()


def test_no_shell_ever_sees_a_text(whistler: Small) -> None:
    hostile = "$(touch x) `touch x`; touch x {file} {voice}"
    whistler.edit("ivr_menus/main.yaml", "de: Guten Tag.", f'de: "{hostile}"')
    build(whistler.load())
    assert ["de", hostile] in spoken(whistler)
    assert not (whistler.root / "x").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Fail.", 'ended with 1: no such voice; text: "Fail."'),
        ("Silence.", "the speech command wrote silence; check its voice"),
        ("Garbage.", "the speech command wrote no WAV file"),
    ],
)
def test_a_failing_command_is_told_and_what_was_spoken_stays(
    whistler: Small, text: str, why: str
) -> None:
    whistler.edit("ivr_menus/main.yaml", "de: Falsch.", f"de: {text}")
    with pytest.raises(PromptError) as refused:
        build(whistler.load())
    assert why in str(refused.value)
    left = status(whistler.load())
    assert "de/main/wrong-key" in left.missing
    assert left.current
    assert not list((whistler.root / "prompts").glob(".speaking-*"))


def test_a_command_that_is_not_installed_is_told(small: Small) -> None:
    small.edit("config/acd.yaml", "service_name",
               "speech: {command: [no-such-speaker, '{file}']}\nservice_name")  # fmt: skip
    with pytest.raises(PromptError, match='"no-such-speaker" is not installed; install it, or'):
        build(small.load())


def test_a_broken_list_of_what_was_spoken_is_told(whistler: Small) -> None:
    whistler.write(f"prompts/{MANIFEST}", "{")
    with pytest.raises(PromptError, match="restore it from version control"):
        status(whistler.load())


def test_the_shipped_prompts_say_what_the_shipped_menus_say() -> None:
    found = status(load(ROOT / "config", today=TODAY))
    assert (found.missing, found.stale, found.unused) == ([], [], [])


def test_the_shipped_prompts_can_be_heard() -> None:
    for path in sorted((ROOT / "prompts").rglob("*.wav")):
        found = samples(path)
        energy = math.sqrt(sum(sample * sample for sample in found[::7]) / len(found[::7]))
        assert energy > 300, path
