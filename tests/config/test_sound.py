"""What real sox measures of files that were made for it."""

from array import array
from pathlib import Path

import pytest

from acd.config.sound import DamagedError, NoSoxError, UnmeasuredError, measure
from tests.sounds import needs_sox, silence, tone, write_wav

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    needs_sox()
    return tmp_path / "some prompt.wav"


def test_a_file_as_it_should_be(file: Path) -> None:
    found = measure(write_wav(file, tone(2.0, 0.2)))
    assert (found.rate, found.channels) == (8000, 1)
    assert found.encoding == "16-bit Signed Integer PCM"
    assert found.seconds == found.promised_seconds == 2.0
    assert found.peak_db == pytest.approx(-10.5, abs=0.3)
    assert found.peaks < 10
    assert found.level_db == pytest.approx(-17.0, abs=0.3)
    assert found.silence_before < 0.02
    assert found.silence_after < 0.02


def test_rate_and_channels_are_told(file: Path) -> None:
    found = measure(write_wav(file, tone(rate=44100), 44100, channels=2))
    assert (found.rate, found.channels, found.seconds) == (44100, 2, 2.0)


def test_silence_at_the_ends_is_measured_and_does_not_count_for_the_level(file: Path) -> None:
    found = measure(write_wav(file, [*silence(0.7), *tone(2.0, 0.2), *silence(1.5)]))
    assert found.silence_before == pytest.approx(0.7, abs=0.02)
    assert found.silence_after == pytest.approx(1.5, abs=0.02)
    assert found.level_db == pytest.approx(-17.0, abs=0.3)


def test_nothing_but_silence_has_no_level(file: Path) -> None:
    found = measure(write_wav(file, silence(1.0)))
    assert found.level_db is None
    assert found.peak_db < -80


def test_a_file_that_is_cut_off_promises_more_than_it_has(file: Path) -> None:
    write_wav(file, tone(2.0))
    file.write_bytes(file.read_bytes()[: 44 + 8000])
    found = measure(file)
    assert found.promised_seconds == 2.0
    assert found.seconds == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"This is no audio at all.\n" * 20, "sox cannot read it: RIFF header not found"),
        (b"RIFF\x24\x00\x00\x00WAVE", "sox cannot read it: .+"),
    ],
)
def test_what_is_no_wav_file_is_damaged(file: Path, content: bytes, why: str) -> None:
    file.write_bytes(content)
    with pytest.raises(DamagedError, match=f"^{why}$"):
        measure(file)


def test_a_file_without_a_sample_is_damaged(file: Path) -> None:
    with pytest.raises(DamagedError, match="there is no sound in it"):
        measure(write_wav(file, []))


@pytest.mark.parametrize(("ending", "rate"), [(".sln", 8000), (".sln16", 16000)])
def test_what_has_no_header_is_read_as_asterisk_reads_it(
    file: Path, ending: str, rate: int
) -> None:
    raw = file.with_suffix(ending)
    raw.write_bytes(array("h", [round(32767 * one) for one in tone(2.0, 0.2, rate)]).tobytes())
    found = measure(raw)
    assert (found.rate, found.seconds) == (rate, 2.0)
    assert found.level_db == pytest.approx(-17.0, abs=0.3)


@pytest.mark.parametrize("ending", [".ulaw", ".alaw"])
def test_companded_files_are_read(file: Path, ending: str) -> None:
    companded = file.with_suffix(ending)
    companded.write_bytes(bytes([0x10, 0x90] * 8000))
    found = measure(companded)
    assert (found.rate, found.seconds) == (8000, 2.0)
    assert found.level_db is not None


def test_a_format_that_sox_does_not_know_is_not_called_damaged(file: Path) -> None:
    file.with_suffix(".g722").write_bytes(b"\x00" * 100)
    with pytest.raises(UnmeasuredError, match=r"sox cannot read \.g722"):
        measure(file.with_suffix(".g722"))


def test_a_name_that_looks_like_a_command_is_a_name(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    for name in ("|touch x.wav", "-n.wav", "; touch x.wav"):
        assert measure(write_wav(Path(name), tone())).seconds == 2.0
    assert not Path("x.wav").exists()


def test_options_of_the_user_change_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOX_OPTS", "--no-such-option")
    assert measure(write_wav(file, tone())).seconds == 2.0


def test_without_sox_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSoxError, match=r"sox is not installed, .*; install the package sox"):
        measure(write_wav(tmp_path / "x.wav", tone()))
