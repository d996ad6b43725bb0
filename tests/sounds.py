"""Files of sound that tests of prompts are about, made without sox; and that sox is there."""

import math
import shutil
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

HOW_TO_GET_SOX = "these tests measure with sox: make lab-install, or apt-get install sox"


def needs_sox() -> None:
    """Fail, rather than skip in silence, where there is no sox."""
    assert shutil.which("sox"), HOW_TO_GET_SOX


def tone(seconds: float = 2.0, level: float = 0.2, rate: int = 8000) -> list[float]:
    """A voice of sorts: its loudest is reached once, in the middle."""
    count = round(seconds * rate)
    shape = [1 + 0.5 * math.exp(-(((n - count / 2) / 30) ** 2)) for n in range(count)]
    return [level * shape[n] * math.sin(2 * math.pi * 440.3 * n / rate) for n in range(count)]


def silence(seconds: float, rate: int = 8000) -> list[float]:
    return [0.0] * round(seconds * rate)


def write_wav(path: Path, samples: Sequence[float], rate: int = 8000, channels: int = 1) -> Path:
    """Write samples between -1 and 1, cut off where they are beyond."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = [round(32767 * max(-1.0, min(1.0, sample))) for sample in samples]
    with wave.open(str(path), "wb") as stream:
        stream.setparams((channels, 2, rate, 0, "NONE", ""))
        stream.writeframes(array("h", [each for each in cut for _ in range(channels)]).tobytes())
    return path
