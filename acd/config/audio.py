"""How long recorded prompts are, read from the files themselves.

The engine needs it for one thing: a prompt whose end the PBX did not report is taken for over when
it must be. What cannot be measured has no length here.
"""

import wave
from pathlib import Path
from typing import Final

AUDIO_ENDINGS: Final = frozenset(
    {".wav", ".wav16", ".sln", ".sln16", ".ulaw", ".alaw", ".g722", ".gsm", ".ogg", ".opus"}
)
"""What Asterisk plays by name alone; a file with any of these is a prompt somebody recorded."""

_BYTES_A_SECOND: Final = {
    ".alaw": 8000,
    ".ulaw": 8000,
    ".g722": 8000,
    ".gsm": 1650,
    ".sln": 16000,
    ".sln16": 32000,
}
"""Of formats without a header (Asterisk's formats/format_*.c)."""


def prompt_lengths(folder: Path) -> dict[str, float]:
    """Return the seconds of each ``<language>/<prompt>`` below ``folder``, of the longest file."""
    lengths: dict[str, float] = {}
    unknown = set()
    for file in folder.glob("*/**/*"):
        if file.suffix in AUDIO_ENDINGS:
            name = file.relative_to(folder).with_suffix("").as_posix()
            seconds = _seconds(file)
            if seconds is None:
                unknown.add(name)
            else:
                lengths[name] = max(seconds, lengths.get(name, 0.0))
    return {name: seconds for name, seconds in sorted(lengths.items()) if name not in unknown}


def _seconds(file: Path) -> float | None:
    try:
        if file.suffix in (".wav", ".wav16"):
            with wave.open(str(file), "rb") as audio:
                return audio.getnframes() / audio.getframerate()
        rate = _BYTES_A_SECOND.get(file.suffix)
        return file.stat().st_size / rate if rate is not None else None
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return None
