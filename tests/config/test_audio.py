"""How long a prompt is, by its file."""

import wave
from pathlib import Path

import pytest

from acd.config.audio import prompt_lengths


def wav(file: Path, seconds: float, rate: int = 8000) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(bytes(2 * round(rate * seconds)))


def test_lengths_are_told_by_language_and_prompt(tmp_path: Path) -> None:
    wav(tmp_path / "de/main/welcome.wav", 2.5)
    wav(tmp_path / "en/wait/a/b.wav16", 1.25, rate=16000)
    (tmp_path / "spoken.json").write_text("{}")
    assert prompt_lengths(tmp_path) == {"de/main/welcome": 2.5, "en/wait/a/b": 1.25}


@pytest.mark.parametrize(
    ("ending", "size"),
    [("alaw", 8000), ("ulaw", 8000), ("g722", 8000), ("gsm", 1650), ("sln", 16000)],
)
def test_formats_without_a_header_are_told_by_their_size(
    tmp_path: Path, ending: str, size: int
) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / f"de/x.{ending}").write_bytes(bytes(3 * size))
    assert prompt_lengths(tmp_path) == {"de/x": 3.0}


def test_the_longest_of_several_files_counts(tmp_path: Path) -> None:
    wav(tmp_path / "de/x.wav", 2.0)
    (tmp_path / "de/x.alaw").write_bytes(bytes(8000 * 5))
    assert prompt_lengths(tmp_path) == {"de/x": 5.0}


@pytest.mark.parametrize(("name", "content"), [("x.ogg", b"OggS"), ("x.wav", b"no audio")])
def test_what_cannot_be_measured_has_no_length(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / name).write_bytes(content)
    (tmp_path / "de/x.alaw").write_bytes(bytes(8000))
    assert prompt_lengths(tmp_path) == {}


def test_without_a_folder_nothing_is_known(tmp_path: Path) -> None:
    assert prompt_lengths(tmp_path / "nowhere") == {}
