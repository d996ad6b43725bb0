"""Prompts are spoken once, beside the old file when their text changes, and recordings win."""

import json
import math
import os
import shlex
import sys
import wave
from array import array
from pathlib import Path

import pytest

from acd.config import prompts
from acd.config.loader import Loaded, load
from acd.config.prompts import MANIFEST, Prompts, accept, clean, status
from acd.config.speaking import PEAK
from acd.core.ids import Language, MenuId, PromptId
from acd.errors import PromptError
from tests.config.conftest import TODAY, Small
from tests.sounds import tone, write_wav

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent

SPEAKER = '''\
"""Speaks by whistling 1,000 Hz and 6,000 Hz for a tenth of a second; notes what it was told."""
import math, sys, wave
from array import array
voice, file, text = sys.argv[1:]
with open(__file__.replace("speaker.py", "speaker.log"), "a", encoding="utf-8") as log:
    log.write(f"{voice}\\t{text}\\n")
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
    """The small configuration with a speech command whose tones can be measured."""
    small.write("speaker.py", SPEAKER)
    command = json.dumps(
        [sys.executable, "-S", str(small.root / "speaker.py"), "{voice}", "{file}", "{text}"]
    )
    small.edit("config/acd.yaml", "service_name", f"speech: {{command: {command}}}\nservice_name")
    return small


@pytest.fixture
def parrot(small: Small) -> Small:
    """The small configuration with a speech command that says always the same, but in no time."""
    made, log = small.root / "parrot.wav", small.root / "speaker.log"
    write_wav(made, tone(0.1))
    line = f'printf "%s\\t%s\\n" "$1" "$3" >>{shlex.quote(str(log))}'
    script = f'{line}; cp {shlex.quote(str(made))} "$2"'
    command = json.dumps(["sh", "-c", script, "-", "{voice}", "{file}", "{text}"])
    small.edit("config/acd.yaml", "service_name", f"speech: {{command: {command}}}\nservice_name")
    return small


def spoken(small: Small) -> list[list[str]]:
    """Take what the speaker was told since last asked: voice and text."""
    log = small.root / "speaker.log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line.split("\t") for line in lines]


NOW = 1_800_000_000.0
DAY = 86_400.0
RATE = 8000


def build(loaded: Loaded, only_missing: bool = True, now: float = NOW) -> Prompts:
    return prompts.build(loaded, now, only_missing)


def the_file(small: Small, name: str) -> Path:
    """The one file of this prompt that was spoken."""
    folder, _, last = name.rpartition("/")
    [found] = (small.root / "prompts" / folder).glob(f"{last}.????????.wav")
    return found


def files(small: Small) -> set[str]:
    folder = small.root / "prompts"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.wav*")}


def samples(path: Path, rate: int = RATE) -> "array[int]":
    with wave.open(str(path)) as stream:
        assert stream.getparams()[:3] == (1, 2, rate)
        return array("h", stream.readframes(stream.getnframes()))


def loudness(found: "array[int]", tone: int, rate: int = RATE) -> float:
    """The amplitude of one tone, as a share of full scale."""
    parts = [
        sum(s * wave_of(2 * math.pi * tone * n / rate) for n, s in enumerate(found))
        for wave_of in (math.sin, math.cos)
    ]
    return 2 * math.hypot(*parts) / len(found) / 32767


def test_what_is_missing_is_spoken_and_nothing_twice(parrot: Small) -> None:
    before = build(parrot.load())
    assert len(before.missing) == 12
    said = spoken(parrot)
    assert len(said) == 12
    assert ["de", "Guten Tag."] in said
    assert ["en", "For English, press 9."] in said
    assert parrot.told(need_prompts=True) == []
    after = build(parrot.load())
    assert (len(after.current), after.missing, after.stale) == (12, [], [])
    assert spoken(parrot) == []


def test_audio_is_what_asterisk_plays_and_nothing_folds_back(whistler: Small) -> None:
    build(whistler.load())
    found = samples(the_file(whistler, "de/main/welcome"))
    assert abs(len(found) - RATE / 10) <= 1
    assert max(map(abs, found)) == round(PEAK * 32767)
    assert loudness(found, 1000) > 0.9 * PEAK
    # 6,000 Hz does not fit into 8,000 samples a second and would be heard as 2,000 Hz.
    assert loudness(found, 2000) < 0.001


def test_audio_at_the_right_rate_is_only_levelled(whistler: Small) -> None:
    whistler.edit("ivr_menus/main.yaml", "Hello.", "Slow.")
    build(whistler.load())
    assert len(samples(the_file(whistler, "en/main/welcome"))) == RATE // 10


def test_a_changed_text_is_spoken_beside_the_old_one_and_no_other(parrot: Small) -> None:
    build(parrot.load())
    spoken(parrot)
    old = the_file(parrot, "de/main/welcome")
    was, there = old.read_bytes(), files(parrot)
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    assert status(parrot.load()).stale == ["de/main/welcome"]
    build(parrot.load())
    assert spoken(parrot) == [["de", "Guten Morgen."]]
    assert old.read_bytes() == was
    [new] = files(parrot) - there
    assert parrot.load(need_prompts=True).plan.prompt_files["de/main/welcome"] + ".wav" == new
    assert status(parrot.load()).unused == [f"de/main/{old.name}"]


def test_a_text_that_comes_back_needs_no_speaking(parrot: Small) -> None:
    build(parrot.load())
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    build(parrot.load())
    spoken(parrot)
    parrot.edit("ivr_menus/main.yaml", "Guten Morgen.", "Guten Tag.")
    build(parrot.load())
    assert spoken(parrot) == []


def test_until_a_changed_text_is_spoken_the_configuration_is_refused(parrot: Small) -> None:
    build(parrot.load())
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    assert parrot.told(need_prompts=True) == [
        "ivr_menus/main.yaml:3:15: prompt prompts/de/main/welcome was spoken, but of another text "
        'or voice; record it, or have it spoken by "acd prompts build"'
    ]
    build(parrot.load())
    assert parrot.told(need_prompts=True) == []


def test_who_is_in_a_menu_keeps_the_files_of_its_texts(parrot: Small) -> None:
    build(parrot.load())
    old = parrot.load().plan
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    build(parrot.load())
    new = parrot.load().plan
    german, welcome = Language("de"), PromptId("main/welcome")
    entered = old.menus[MenuId("main")]
    assert new.file_of(german, welcome, entered) == old.file_of(german, welcome)
    assert new.file_of(german, welcome) != old.file_of(german, welcome)
    assert new.prompt_seconds[old.file_of(german, welcome)] == pytest.approx(0.1, rel=0.01)
    assert "de/main/welcome" not in old.menus[MenuId("agent/*30")].prompt_files


def test_a_changed_voice_is_spoken_anew(parrot: Small) -> None:
    build(parrot.load())
    parrot.edit("config/acd.yaml", "voice: en", "voice: en-us")
    assert len(status(parrot.load()).stale) == 6


def test_all_can_be_spoken_again(parrot: Small) -> None:
    build(parrot.load())
    spoken(parrot)
    there = files(parrot)
    build(parrot.load(), only_missing=False)
    assert len(spoken(parrot)) == 12
    assert files(parrot) == there


def test_every_rate_has_its_file_of_one_name(whistler: Small) -> None:
    whistler.edit("config/acd.yaml", "speech: {", "speech: {rates: [16000, 8000], ")
    build(whistler.load())
    narrow = the_file(whistler, "de/main/welcome")
    assert len(samples(narrow)) == pytest.approx(RATE / 10, abs=1)
    wide = samples(narrow.with_suffix(".wav16"), 16000)
    assert len(wide) == pytest.approx(1600, abs=1)
    assert loudness(wide, 6000, 16000) > 0.4 * PEAK
    narrow.unlink()
    assert whistler.told(need_prompts=True) != []
    assert build(whistler.load()).stale == ["de/main/welcome"]
    assert whistler.told(need_prompts=True) == []


def test_a_speaker_that_is_too_narrow_is_told(whistler: Small) -> None:
    whistler.edit("config/acd.yaml", "speech: {", "speech: {rates: [16000], ")
    whistler.edit("ivr_menus/main.yaml", "Hello.", "Slow.")
    with pytest.raises(PromptError, match="16 bit at 8000 Hz; it must write 16 bit at 16000 Hz"):
        build(whistler.load())


def test_a_recording_wins_and_is_never_touched(parrot: Small) -> None:
    build(parrot.load())
    parrot.write("prompts/de/main/welcome.wav", b"a voice")
    parrot.write("prompts/en/main/welcome.alaw", b"another")
    assert not {"de/main/welcome", "en/main/welcome"} & parrot.load().plan.prompt_files.keys()
    parrot.edit("ivr_menus/main.yaml", "{de: Guten Tag., en: Hello.}", "{de: A., en: B.}")
    before = build(parrot.load(), only_missing=False)
    assert sorted(before.recorded) == ["de/main/welcome", "en/main/welcome"]
    clean(parrot.load(), NOW + DAY, 0.0)
    assert (parrot.root / "prompts/de/main/welcome.wav").read_bytes() == b"a voice"
    assert (parrot.root / "prompts/en/main/welcome.alaw").read_bytes() == b"another"


def test_a_spoken_file_that_somebody_replaced_is_a_recording(parrot: Small) -> None:
    build(parrot.load())
    the_file(parrot, "de/main/welcome").write_bytes(b"a voice")
    assert build(parrot.load(), only_missing=False).recorded == ["de/main/welcome"]
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    build(parrot.load())
    assert clean(parrot.load(), NOW + DAY, 0.0).removed == []
    assert b"a voice" in [path.read_bytes() for path in parrot.root.glob("prompts/de/main/*.wav")]


def test_a_recording_whose_text_has_changed_since_is_told_until_it_is_accepted(
    parrot: Small,
) -> None:
    parrot.write("prompts/de/main/welcome.wav", b"a voice")
    build(parrot.load())
    assert status(parrot.load()).outdated == []
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    for _ in range(2):
        assert build(parrot.load()).outdated == ["de/main/welcome"]
    accept(parrot.load(), ["de/main/welcome"], NOW)
    assert status(parrot.load()).outdated == []


def test_a_new_recording_says_the_present_text(parrot: Small) -> None:
    parrot.write("prompts/de/main/welcome.wav", b"a voice")
    build(parrot.load())
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    parrot.write("prompts/de/main/welcome.wav", b"the voice again")
    assert status(parrot.load()).outdated == []


def test_only_recordings_can_be_accepted(parrot: Small) -> None:
    build(parrot.load())
    with pytest.raises(PromptError, match="de/main/welcome is not recorded; name a recording"):
        accept(parrot.load(), ["de/main/welcome"], NOW)


def test_a_prompt_that_was_lost_is_spoken_again(parrot: Small) -> None:
    build(parrot.load())
    the_file(parrot, "de/main/welcome").unlink()
    assert build(parrot.load()).missing == ["de/main/welcome"]
    assert status(parrot.load()).missing == []


def test_a_prompt_without_text_must_be_recorded(parrot: Small) -> None:
    parrot.edit("config/queues.yaml", "  wrap_up_seconds: 120",
                  "  announcements: {prompts: [wait/thanks]}")  # fmt: skip
    found = build(parrot.load())
    assert found.untold == ["de/wait/thanks", "en/wait/thanks"]
    parrot.write("prompts/de/wait/thanks.wav", b"a voice")
    found = status(parrot.load())
    assert (found.recorded, found.untold) == (["de/wait/thanks"], ["en/wait/thanks"])


def test_what_nothing_names_is_removed_when_it_is_old_enough(parrot: Small) -> None:
    build(parrot.load())
    old = {f"{language}/main/{the_file(parrot, f'{language}/main/welcome').name}"
           for language in ("de", "en")}  # fmt: skip
    for name in old:
        os.utime(parrot.root / "prompts" / name, (NOW, NOW))
    parrot.edit("ivr_menus/main.yaml", "welcome: {de: Guten Tag., en: Hello.}\n", "")
    parrot.write("prompts/de/main/greeting.wav", b"a voice that nothing names")
    build(parrot.load(), now=NOW + 5 * DAY)
    assert set(status(parrot.load()).unused) == old | {"de/main/greeting.wav"}
    early = clean(parrot.load(), NOW + 5.5 * DAY, DAY)
    assert (early.removed, set(early.kept)) == ([], old)
    assert set(clean(parrot.load(), NOW + 6 * DAY, DAY).removed) == old
    assert status(parrot.load()).unused == ["de/main/greeting.wav"]
    assert parrot.told(need_prompts=True) == []


def test_what_the_engine_says_of_incidents_is_not_called_unused_nor_removed(parrot: Small) -> None:
    build(parrot.load())
    said = ("prompts/de/incident/mitte.0123abcd.wav", "prompts/de/incident/recorded.wav")
    for name in said:
        parrot.write(name, b"the water is brown")
    build(parrot.load())
    assert status(parrot.load()).unused == []
    clean(parrot.load(), NOW + 365 * DAY, 0.0)
    assert all((parrot.root / name).is_file() for name in said)


def test_a_file_that_is_younger_is_not_removed_and_one_named_again_starts_anew(
    parrot: Small,
) -> None:
    build(parrot.load())
    os.utime(the_file(parrot, "de/main/welcome"), (NOW + DAY, NOW + DAY))
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    build(parrot.load())
    assert clean(parrot.load(), NOW + 1.5 * DAY, DAY).removed == []
    parrot.edit("ivr_menus/main.yaml", "Guten Morgen.", "Guten Tag.")
    build(parrot.load(), now=NOW + 2 * DAY)
    parrot.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    build(parrot.load(), now=NOW + 3 * DAY)
    assert clean(parrot.load(), NOW + 3.5 * DAY, DAY).removed == []


def test_a_list_that_lost_what_was_spoken_is_made_again(parrot: Small) -> None:
    build(parrot.load())
    manifest = parrot.root / "prompts" / MANIFEST
    was = manifest.read_bytes()
    manifest.unlink()
    build(parrot.load())
    assert manifest.read_bytes() == was
    assert len(spoken(parrot)) == 12


def test_no_shell_ever_sees_a_text(parrot: Small) -> None:
    hostile = "$(touch x) `touch x`; touch x"
    parrot.edit("ivr_menus/main.yaml", "de: Guten Tag.", f'de: "{hostile}"')
    build(parrot.load())
    assert ["de", hostile] in spoken(parrot)
    assert not (parrot.root / "x").exists()


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


def test_a_broken_list_of_what_was_spoken_is_told(parrot: Small) -> None:
    parrot.write(f"prompts/{MANIFEST}", "{")
    with pytest.raises(PromptError, match="restore it from version control"):
        status(parrot.load())


def test_the_shipped_prompts_say_what_the_shipped_menus_say() -> None:
    found = status(load(ROOT / "config", today=TODAY))
    assert (found.missing, found.stale, found.unused) == ([], [], [])
    assert found.recorded == [], "none is recorded: spoken by an older acd? Remove, and build again"


def test_the_shipped_prompts_can_be_heard() -> None:
    for path in sorted((ROOT / "prompts").rglob("*.wav")):
        found = samples(path)
        energy = math.sqrt(sum(sample * sample for sample in found[::7]) / len(found[::7]))
        assert energy > 300, path
