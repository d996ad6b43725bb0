"""A text is handed to the speech command as it stands."""

from pathlib import Path

from acd.config.schema import Speech
from acd.config.speaking import speak
from tests.sounds import tone, write_wav


def test_what_looks_like_a_placeholder_in_a_text_is_text(tmp_path: Path) -> None:
    made, told = write_wav(tmp_path / "made.wav", tone(0.1)), tmp_path / "told"
    script = f'cp {made} "$1"; printf %s "$2" >{told}'
    command = Speech(command=["sh", "-c", script, "-", "{file}", "{text}"])
    speak(command, "de", "say {file} and {voice}", {8000: tmp_path / "ready.wav"})
    assert told.read_text() == "say {file} and {voice}"
