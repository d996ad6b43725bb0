"""What is said of prompts, by real sox on files that were made for it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from acd.config.promptreport import Fault, Report, Row, State, report
from acd.config.prompts import Prompts
from tests.sounds import needs_sox, silence, tone, write_wav

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    needs_sox()
    return tmp_path


def of(folder: Path, *files: str, **lists: list[str]) -> Report:
    """The report on recorded ``files``, each a prompt of its own."""
    names = {Path(file).with_suffix("").as_posix(): [file] for file in files}
    return report(Prompts(recorded=list(names), files=names, **lists), folder)


def judged(folder: Path, samples: Sequence[float], rate: int = 8000, channels: int = 1) -> Row:
    """The row of one prompt with this sound."""
    write_wav(folder / "de/main/welcome.wav", samples, rate, channels)
    [row] = of(folder, "de/main/welcome.wav").rows
    return row


def faults(row: Row) -> list[tuple[str, str]]:
    return [(finding.fault.value, finding.detail) for finding in row.findings]


def test_of_a_good_recording_there_is_nothing_to_say(folder: Path) -> None:
    row = judged(folder, tone())
    assert faults(row) == []
    assert (row.name, row.state, row.seconds) == ("de/main/welcome", State.RECORDED, 2.0)
    assert row.level_db == pytest.approx(-17.0, abs=0.3)


def test_a_clipped_recording_is_grave(folder: Path) -> None:
    row = judged(folder, tone(level=2.0))
    [(fault, detail)] = faults(row)
    assert fault == "clipped"
    assert detail.endswith("samples at full scale")
    assert row.grave


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (0.6, ("too loud", "-7 dB; at most -12")),
        (0.03, ("too quiet", "-33 dB; at least -30")),
        (0.002, ("too quiet", "nothing louder than -50 dB")),
    ],
)
def test_level_is_told_with_what_is_expected(
    folder: Path, level: float, told: tuple[str, str]
) -> None:
    row = judged(folder, tone(level=level))
    assert faults(row) == [told]
    assert not row.grave


def test_silence_alone_is_too_quiet_and_not_silence_at_the_ends(folder: Path) -> None:
    [(fault, _)] = faults(judged(folder, silence(5.0)))
    assert fault == "too quiet"


def test_silence_at_the_ends_is_told_with_its_length(folder: Path) -> None:
    assert faults(judged(folder, [*silence(1.5), *tone(), *silence(2.5)])) == [
        ("silence", "1.5 s before the words"),
        ("silence", "2.5 s after the words"),
    ]
    assert faults(judged(folder, [*silence(0.5), *tone(), *silence(0.5)])) == []


def test_another_rate_and_stereo_are_a_wrong_format(folder: Path) -> None:
    row = judged(folder, tone(rate=44100), 44100, channels=2)
    pcm = "16-bit Signed Integer PCM"
    assert faults(row) == [
        ("wrong format", f"44100 Hz, 2 channels, {pcm}; .wav is 8000 Hz, mono, {pcm}")
    ]
    assert row.grave


def test_each_rate_has_its_ending(folder: Path) -> None:
    write_wav(folder / "de/a.wav16", tone(rate=16000), 16000)
    write_wav(folder / "de/b.wav16", tone())
    write_wav(folder / "de/c.wav", tone(rate=16000), 16000)
    rows = of(folder, "de/a.wav16", "de/b.wav16", "de/c.wav").rows
    assert [[finding.fault for finding in row.findings] for row in rows] == [
        [], [Fault.WRONG_FORMAT], [Fault.WRONG_FORMAT]]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "detail"),
    [(b"", "empty"), (b"no audio\n" * 99, "sox cannot read it: RIFF header not found")],
)
def test_what_is_no_audio_is_damaged_and_the_rest_still_comes(
    folder: Path, content: bytes, detail: str
) -> None:
    write_wav(folder / "de/good.wav", tone())
    (folder / "de/bad.wav").write_bytes(content)
    bad, good = of(folder, "de/bad.wav", "de/good.wav").rows
    assert faults(bad) == [("damaged", detail)]
    assert bad.grave
    assert (faults(good), good.seconds) == ([], 2.0)


def test_a_file_that_is_cut_off_is_damaged(folder: Path) -> None:
    path = write_wav(folder / "de/main/welcome.wav", tone())
    path.write_bytes(path.read_bytes()[:8044])
    [row] = of(folder, "de/main/welcome.wav").rows
    assert faults(row) == [("damaged", "cut off: 0.5 s of the 2.0 s it should have")]


def test_what_cannot_be_measured_is_told_and_not_grave(folder: Path) -> None:
    (folder / "de").mkdir()
    (folder / "de/x.g722").write_bytes(b"\x00" * 99)
    found = of(folder, "de/x.g722")
    assert faults(found.rows[0]) == [("not measured", "sox cannot read .g722")]
    assert not found.grave


def test_languages_that_differ_much_in_length_are_told(folder: Path) -> None:
    for name, seconds in (("de/long", 9.0), ("en/long", 4.0), ("de/short", 2.5), ("en/short", 1.0)):
        write_wav(folder / f"{name}.wav", tone(seconds))
    rows = of(folder, "de/long.wav", "en/long.wav", "de/short.wav", "en/short.wav").rows
    assert {row.name: faults(row) for row in rows if row.findings} == {
        "de/long": [("languages differ", "9.0 s, but 4.0 s in en")]
    }


def test_how_prompts_stand_is_told_without_any_sound(folder: Path) -> None:
    write_wav(folder / "de/old.wav", tone())
    found = of(
        folder,
        "de/old.wav",
        outdated=["de/old"],
        stale=["de/changed"],
        missing=["de/new", "de/wordless"],
        untold=["de/wordless"],
        unused=["de/gone.12345678.wav"],
    )
    assert [(row.name, row.state.value, row.grave) for row in found.rows] == [
        ("de/changed", "spoken, old text", True),
        ("de/new", "missing", True),
        ("de/old", "recorded, old text", False),
        ("de/wordless", "missing", True),
        ("de/gone.12345678.wav", "unused", False),
    ]
    assert faults(found.rows[3]) == [("missing", "there is no text for it: record it")]
    counted = {what: count for what, count in found.counts().items() if count}
    assert counted == {
        "recorded, old text": 1, "spoken, old text": 1, "missing": 2, "unused": 1,
        "text changed": 1}  # fmt: skip


def test_without_sox_all_that_needs_no_measuring_still_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "de/a.wav", tone(level=2.0))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = of(tmp_path, "de/a.wav", missing=["de/b"])
    assert found.notice.endswith("install the package sox")
    assert [(row.name, row.state, row.seconds) for row in found.rows] == [
        ("de/a", State.RECORDED, None),
        ("de/b", State.MISSING, None),
    ]
