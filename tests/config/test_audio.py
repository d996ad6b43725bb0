"""Which files of sound there are, and how long each is."""

import wave
from pathlib import Path

import pytest

from acd.config.audio import files_below, prompt_lengths, seconds_of


def wav(file: Path, seconds: float, rate: int = 8000) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(bytes(2 * round(rate * seconds)))


def lengths(folder: Path) -> dict[str, float]:
    return prompt_lengths(folder, files_below(folder))


def test_lengths_are_told_by_language_and_prompt(tmp_path: Path) -> None:
    wav(tmp_path / "de/main/welcome.wav", 2.5)
    wav(tmp_path / "en/wait/a/b.wav16", 1.25, rate=16000)
    (tmp_path / "spoken.json").write_text("{}")
    assert lengths(tmp_path) == {"de/main/welcome": 2.5, "en/wait/a/b": 1.25}


@pytest.mark.parametrize(
    ("ending", "size"),
    [("alaw", 8000), ("ulaw", 8000), ("g722", 8000), ("gsm", 1650), ("sln", 16000)],
)
def test_formats_without_a_header_are_told_by_their_size(
    tmp_path: Path, ending: str, size: int
) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / f"de/x.{ending}").write_bytes(bytes(3 * size))
    assert lengths(tmp_path) == {"de/x": 3.0}


def test_the_longest_of_several_files_counts(tmp_path: Path) -> None:
    wav(tmp_path / "de/x.wav", 2.0)
    (tmp_path / "de/x.alaw").write_bytes(bytes(8000 * 5))
    assert lengths(tmp_path) == {"de/x": 5.0}


@pytest.mark.parametrize(("name", "content"), [("x.ogg", b"OggS"), ("x.wav", b"no audio")])
def test_what_cannot_be_measured_has_no_length(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / name).write_bytes(content)
    (tmp_path / "de/x.alaw").write_bytes(bytes(8000))
    assert lengths(tmp_path) == {}


def test_without_a_folder_nothing_is_known(tmp_path: Path) -> None:
    assert lengths(tmp_path / "nowhere") == {}


def test_only_sound_counts_and_not_what_is_just_being_spoken(tmp_path: Path) -> None:
    for name in (
        "de/a.wav",
        "de/a.wav16",
        "de/b.txt",
        "a.wav",
        "de/x/c.0123abcd.wav",
        ".speaking-1/8.wav",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert files_below(tmp_path) == {"de/a": {".wav", ".wav16"}, "de/x/c.0123abcd": {".wav"}}


@pytest.mark.parametrize(("channels", "width", "rate"), [(1, 2, 8000), (2, 2, 16000), (1, 1, 8000)])
def test_a_wav_file_plays_as_long_however_its_chunks_lie(
    tmp_path: Path, channels: int, width: int, rate: int
) -> None:
    plain, other = tmp_path / "plain.wav", tmp_path / "other.wav"
    with wave.open(str(plain), "wb") as audio:
        audio.setnchannels(channels)
        audio.setsampwidth(width)
        audio.setframerate(rate)
        audio.writeframes(bytes(1001 * channels * width))
    content = plain.read_bytes()
    other.write_bytes(content[:12] + b"LIST\x04\0\0\0INFO" + content[12:])
    assert seconds_of(plain) == seconds_of(other) == 1001 / rate


@pytest.mark.parametrize("content", [b"RIFF", b"RIFF____WAVEfmt ", bytes(44), bytes(20)])
def test_a_wav_file_that_is_none_has_no_length(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(content)
    assert seconds_of(file) is None
