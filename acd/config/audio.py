"""Which sound files there are in the folder of prompts, and how long they are.

The engine needs the length for one thing: a prompt whose end the PBX did not report is taken for
over when it must be. What cannot be measured has no length here.
"""

import os
import struct
import wave
from collections.abc import Iterable, Mapping
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

_PLAIN_WAV: Final = struct.Struct("<4s4x4s4sIHHI6xH4sI")
"""RIFF, WAVE, the format of samples as they are, and at once the samples: 44 bytes."""


def files_below(folder: Path) -> dict[str, set[str]]:
    """Return the endings of each ``<language>/<file>`` with sound below the folder of prompts."""
    there: dict[str, set[str]] = {}
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # Just being spoken.
        below = Path(path).relative_to(folder).as_posix()
        for file in files if below != "." else ():
            name, ending = os.path.splitext(file)
            if ending in AUDIO_ENDINGS:
                there.setdefault(f"{below}/{name}", set()).add(ending)
    return there


def prompt_lengths(folder: Path, there: Mapping[str, Iterable[str]]) -> dict[str, float]:
    """Return the seconds of each ``<language>/<file>``, of the longest of its endings.

    ``there`` is what ``files_below`` found. What cannot be measured has no length.
    """
    lengths: dict[str, float] = {}
    for name, endings in sorted(there.items()):
        seconds = [seconds_of(folder / f"{name}{ending}") for ending in endings]
        known = [each for each in seconds if each is not None]
        if known and len(known) == len(seconds):
            lengths[name] = max(known)
    return lengths


def seconds_of(file: Path) -> float | None:
    """Return how long a file plays, None where that cannot be measured."""
    try:
        if file.suffix in (".wav", ".wav16"):
            return _plain_wav(file) or _any_wav(file)
        rate = _BYTES_A_SECOND.get(file.suffix)
        return file.stat().st_size / rate if rate is not None else None
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return None


def _plain_wav(file: Path) -> float | None:
    """The same for a WAV file as nearly all are, in a third of the time: there are thousands."""
    with open(file, "rb", buffering=0) as audio:
        head = audio.read(_PLAIN_WAV.size)
    if len(head) < _PLAIN_WAV.size:
        return None
    riff, wav, chunk, size, kind, channels, rate, bits, data, length = _PLAIN_WAV.unpack(head)
    if (riff, wav, chunk, size, kind, data) != (b"RIFF", b"WAVE", b"fmt ", 16, 1, b"data"):
        return None
    frame = channels * ((bits + 7) // 8)
    return float(length // frame / rate) if frame and rate else None


def _any_wav(file: Path) -> float:
    with wave.open(str(file), "rb") as audio:
        return audio.getnframes() / audio.getframerate()
