"""What a file of sound is like, measured by ``sox``: format, length, level, silence at its ends.

Rules: the file's ending says how Asterisk will read it, so sox must read it the same way; what
cannot be read so is damaged. Nothing here judges a level; ``acd.config.promptreport`` does.
This module must not know what a prompt is.
"""

import math
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acd.errors import PromptError

TIMEOUT_SECONDS: Final = 60.0

_HEADERLESS: Final = ("-c", "1", "-r")
_READ_AS: Final = {
    ".wav": ("-t", "wav"),
    ".wav16": ("-t", "wav"),
    ".sln": ("-t", "raw", "-e", "signed-integer", "-b", "16", *_HEADERLESS, "8000"),
    ".sln16": ("-t", "raw", "-e", "signed-integer", "-b", "16", *_HEADERLESS, "16000"),
    ".ulaw": ("-t", "ul", *_HEADERLESS, "8000"),
    ".alaw": ("-t", "al", *_HEADERLESS, "8000"),
    ".gsm": ("-t", "gsm", *_HEADERLESS, "8000"),
    ".ogg": ("-t", "vorbis"),
}
"""How sox is told to read an ending as Asterisk does. It knows no G.722, and Opus is too new."""

_SILENCE: Final = ("silence", "1", "0.01", "1%")
"""Cuts what stands before the first hundredth of a second that is louder than 1 % of full scale."""
_EFFECTS: Final = ("-n", "stat", "stats", *_SILENCE, "stat", "reverse", *_SILENCE, "stat")
"""Measures the whole, what is left without silence before it, and without silence after it."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What was measured of a file. Levels are in dB, 0 being full scale."""

    rate: int
    channels: int
    encoding: str
    """As sox calls it: 16-bit Signed Integer PCM."""
    seconds: float
    promised_seconds: float
    """By the file's own header; less in the file means that it was cut off."""
    peak_db: float
    peaks: float
    """How many samples are as loud as the loudest."""
    level_db: float | None
    """RMS between the silences; None when all is silence."""
    silence_before: float
    silence_after: float


class NoSoxError(PromptError):
    """There is no sox here."""


class UnmeasuredError(PromptError):
    """sox cannot read this kind of file, which says nothing about the file."""


class DamagedError(PromptError):
    """The file is not what its ending says."""


def measure(path: Path) -> Sound:
    """Measure a file. Raises NoSoxError, DamagedError, or UnmeasuredError."""
    read_as = _READ_AS.get(path.suffix)
    if read_as is None:
        raise UnmeasuredError(f"sox cannot read {path.suffix}")
    if path.stat().st_size == 0:
        raise DamagedError("empty")
    told = _run(["sox", "-V3", *read_as, str(path.absolute()), *_EFFECTS])
    lengths = [float(text) for text in re.findall(r"^Length \(seconds\): +(\S+)", told, re.M)]
    if not lengths or lengths[0] == 0:
        raise DamagedError("there is no sound in it")
    rate = int(_told(told, r"Sample Rate +: (\d+)"))
    samples = re.search(r"^Duration +: .* = (\d+) samples", told, re.M)
    level = (
        0.0 if lengths[-1] == 0 else float(re.findall(r"^RMS +amplitude: +(\S+)", told, re.M)[-1])
    )
    return Sound(
        rate=rate,
        channels=int(_told(told, r"Channels +: (\d+)")),
        encoding=_told(told, r"Sample Encoding: (.+)"),
        seconds=lengths[0],
        promised_seconds=int(samples[1]) / rate if samples else lengths[0],
        peak_db=float(_told(told, r"Pk lev dB +(\S+)")),
        peaks=_count(_told(told, r"Pk count +(\S+)")),
        level_db=20 * math.log10(level) if level > 0 else None,
        silence_before=lengths[0] - lengths[1],
        silence_after=lengths[1] - lengths[-1],
    )


def _run(argv: Sequence[str]) -> str:
    """Return what sox says; it says all of it on standard error."""
    plain = {name: value for name, value in os.environ.items() if name != "SOX_OPTS"}
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            env={**plain, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise NoSoxError(
            "sox is not installed, so nothing was measured; install the package sox"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnmeasuredError(f"sox failed: {error}") from error
    told = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        why = next((line for line in told.splitlines() if " FAIL " in line), "no reason told")
        raise DamagedError(f"sox cannot read it: {why.rpartition(': ')[2]}")
    return told


def _told(told: str, pattern: str) -> str:
    found = re.search(f"^{pattern}", told, re.M)
    if found is None:
        raise UnmeasuredError("sox answered in a way that is not known; is it sox 14.4?")
    return found[1]


def _count(text: str) -> float:
    """Read a number as sox shortens it: 2.82k."""
    factor = {"k": 1e3, "M": 1e6}.get(text[-1])
    return float(text) if factor is None else float(text[:-1]) * factor
