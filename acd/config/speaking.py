"""A text spoken by a program, and made into audio that Asterisk plays without any codec module.

Rules: the program is run without a shell and writes a WAV file of 16 bit at the highest rate wanted
or more; what is kept is WAV, mono, 16 bit, at each rate, brought to one level.
This module must not know which prompts there are, nor where they are kept.
"""

import math
import subprocess
import wave
from array import array
from collections.abc import Mapping, Sequence
from operator import mul
from pathlib import Path

from acd.config.schema import Speech as SpeechCommand
from acd.errors import PromptError

PEAK = 0.85
"""The loudest sample of a prompt, as a share of full scale, so that all sound alike."""


def speak(command: SpeechCommand, voice: str, text: str, files: Mapping[int, Path]) -> None:
    """Write what is said into a file for each rate. Raises PromptError, which tells the text.

    The program's own file is made beside the first and left there, for its folder is temporary.
    """
    raw = next(iter(files.values())).with_name("raw.wav")
    # A text that begins with a dash would be an option of the program.
    _run(command, voice, f" {text}" if text.startswith("-") else text, raw)
    samples, spoken_rate = _read(raw, max(files))
    for rate, file in files.items():
        _write(file, _level(_resample(samples, spoken_rate, rate)), rate)


def _run(command: SpeechCommand, voice: str, text: str, file: Path) -> None:
    """Have ``text`` spoken into ``file``; no shell ever sees it."""
    filled = {"{voice}": voice, "{file}": str(file), "{text}": text}
    argv = []
    for word in command.command:
        for placeholder, value in filled.items():
            if placeholder in word:
                word = word.replace(placeholder, value)
                break
        argv.append(word)
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=command.timeout_seconds,
        )
    except FileNotFoundError as error:
        what = f'the speech command "{argv[0]}" is not installed'
        raise PromptError(f"{what}; install it, or name another in acd.yaml, speech") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PromptError(f'the speech command failed: {error}; text: "{text}"') from error
    if done.returncode != 0 or not file.is_file():
        said = done.stderr.decode(errors="replace").strip() or "it wrote no file"
        raise PromptError(f'"{argv[0]}" ended with {done.returncode}: {said}; text: "{text}"')


def _read(path: Path, at_least: int) -> "tuple[array[int], int]":
    """Return the samples of a 16-bit WAV file, its channels mixed, and their rate."""
    try:
        with wave.open(str(path), "rb") as stream:
            channels, width, rate = stream.getparams()[:3]
            data = stream.readframes(stream.getnframes())
    except (wave.Error, EOFError) as error:
        raise PromptError(f"the speech command wrote no WAV file: {error}") from error
    if width != 2 or rate < at_least:
        what = f"the speech command wrote {8 * width} bit at {rate} Hz"
        raise PromptError(f"{what}; it must write 16 bit at {at_least} Hz or more")
    samples = array("h", data[: len(data) // (2 * channels) * 2 * channels])
    if channels > 1:
        mixed = (
            sum(samples[at : at + channels]) // channels for at in range(0, len(samples), channels)
        )
        samples = array("h", mixed)
    return samples, rate


def _resample(samples: "array[int]", rate: int, wanted: int) -> list[float]:
    """Bring ``samples`` to another rate with a windowed-sinc filter, one kernel for each phase."""
    if rate == wanted:
        return [float(sample) for sample in samples]
    step = math.gcd(rate, wanted)
    phases, stride = wanted // step, rate // step
    cutoff = 0.92 * wanted / rate
    half = math.ceil(14 / cutoff)
    kernels = [_kernel(phase / phases, cutoff, half) for phase in range(phases)]
    padded = array("h", bytes(2 * half)) + samples + array("h", bytes(2 * half + 2))
    out = []
    for number in range(len(samples) * phases // stride):
        whole, phase = divmod(number * stride, phases)
        out.append(sum(map(mul, kernels[phase], padded[whole : whole + 2 * half + 1])))
    return out


def _kernel(offset: float, cutoff: float, half: int) -> list[float]:
    taps = []
    for at in range(-half, half + 1):
        distance = at - offset
        x = math.pi * cutoff * distance
        window = 0.5 + 0.5 * math.cos(math.pi * max(-1.0, min(1.0, distance / (half + 1))))
        taps.append((math.sin(x) / x if x else 1.0) * window)
    total = sum(taps)
    return [tap / total for tap in taps]


def _level(samples: Sequence[float]) -> "array[int]":
    """Bring the loudest sample to ``PEAK``."""
    loudest = max(map(abs, samples), default=0.0)
    if loudest < 1:
        raise PromptError("the speech command wrote silence; check its voice")
    factor = PEAK * 32767 / loudest
    return array("h", (round(sample * factor) for sample in samples))


def _write(path: Path, samples: "array[int]", rate: int) -> None:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes(samples.tobytes())
