"""A text is handed to the speech command as it stands."""

from pathlib import Path

from acd.config.schema import Speech
from acd.config.speaking import speak
from tests.sounds import tone, write_wav


def spoken(tmp_path: Path, text: str) -> str:
    """What a speech command gets as its text."""
    made, told = write_wav(tmp_path / "made.wav", tone(0.1)), tmp_path / "told"
    script = f'cp {made} "$1"; printf %s "$2" >{told}'
    command = Speech(command=["sh", "-c", script, "-", "{file}", "{text}"])
    speak(command, "de", text, {8000: tmp_path / "ready.wav"})
    return told.read_text()


def test_what_looks_like_a_placeholder_in_a_text_is_text(tmp_path: Path) -> None:
    assert spoken(tmp_path, "say {file} and {voice}") == "say {file} and {voice}"


def test_a_text_is_no_option_of_the_program(tmp_path: Path) -> None:
    assert spoken(tmp_path, "-w /etc/passwd") == " -w /etc/passwd"
