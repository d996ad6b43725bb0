"""Prompts that nobody has recorded, spoken by a program into ``prompts/<language>/``.

Rules: a file that ``build`` did not make is never written over, moved or judged, whatever its
ending: whoever records a prompt puts it in place and has won. What ``build`` made stands in
``spoken.json`` with two digests, one of what was said (text, voice, command) and one of the audio,
so a changed text is spoken anew and a file that somebody replaced is known as recorded.
Audio is WAV, 8 kHz, mono, 16 bit: what Asterisk plays without any codec module.
This module must not know what a menu is, only what is said.
"""

import hashlib
import json
import math
import os
import subprocess
import tempfile
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import mul
from pathlib import Path

import msgspec

from acd.config.audio import AUDIO_ENDINGS
from acd.config.loader import Loaded
from acd.config.menus import Speech
from acd.config.schema import Speech as SpeechCommand
from acd.errors import PromptError

RATE = 8000
"""Samples a second of what is written."""
PEAK = 0.85
"""The loudest sample of a prompt, as a share of full scale, so that all sound alike."""
MANIFEST = "spoken.json"


class _Made(msgspec.Struct, frozen=True):
    """What is known of one file we made: digests of what was said and of the audio."""

    said: str
    audio: str


@dataclass(slots=True)
class Prompts:
    """How the prompts stand, each as ``<language>/<prompt>``."""

    recorded: list[str] = field(default_factory=list)
    """Somebody put a file of his own there."""
    current: list[str] = field(default_factory=list)
    """Spoken by us, and says what the menu says."""
    stale: list[str] = field(default_factory=list)
    """Spoken by us, but the text, the voice or the command has changed since."""
    missing: list[str] = field(default_factory=list)
    """Nothing there."""
    unused: list[str] = field(default_factory=list)
    """Spoken by us once; no menu says it any more."""


def status(loaded: Loaded) -> Prompts:
    """Compare what the menus say with what is there. Load with ``need_prompts=False``."""
    return _Shelf(loaded).status()


def build(loaded: Loaded, only_missing: bool = True) -> Prompts:
    """Speak what is missing or stale, with ``only_missing`` false all that is not recorded.

    Returns how the prompts stood before. Raises ``PromptError`` when the command fails; what was
    spoken until then stays and is not spoken again. Load with ``need_prompts=False``.
    """
    shelf = _Shelf(loaded)
    before = shelf.status()
    wanted = {*before.missing, *before.stale, *(() if only_missing else before.current)}
    try:
        for speech in loaded.speeches:
            if _name(speech) in wanted:
                shelf.speak(speech)
    finally:
        shelf.save()
    return before


class _Shelf:
    """The folder of prompts and the list of what we made there."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._folder = loaded.prompts_dir
        self._command = loaded.settings.speech
        self._made = _read_manifest(self._folder / MANIFEST)

    def status(self) -> Prompts:
        found = Prompts()
        names = set()
        for speech in self._loaded.speeches:
            name = _name(speech)
            names.add(name)
            made = self._made.get(name)
            ours = self._folder / f"{name}.wav"
            others = [ours.with_suffix(ending) for ending in AUDIO_ENDINGS - {".wav"}]
            is_ours = made is not None and ours.is_file() and _digest(ours) == made.audio
            if any(map(Path.is_file, others)) or (ours.is_file() and not is_ours):
                found.recorded.append(name)
            elif made is None or not is_ours:
                found.missing.append(name)
            elif made.said == self._said(speech):
                found.current.append(name)
            else:
                found.stale.append(name)
        found.unused = sorted(set(self._made) - names)
        return found

    def speak(self, speech: Speech) -> None:
        """Speak one prompt and put it in place whole."""
        target = self._folder / f"{_name(speech)}.wav"
        target.parent.mkdir(parents=True, exist_ok=True)
        voice = self._loaded.settings.languages[speech.voice].voice
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".speaking-") as temporary:
            raw, ready = Path(temporary, "raw.wav"), Path(temporary, "ready.wav")
            _run(self._command, voice, speech.text, raw)
            _write(ready, _level(_resample(*_read(raw))))
            ready.chmod(0o644)
            os.replace(ready, target)
        self._made[_name(speech)] = _Made(self._said(speech), _digest(target))

    def save(self) -> None:
        """Write the list of what we made, sorted, so that a change is easy to read."""
        kept = {name: msgspec.to_builtins(made) for name, made in sorted(self._made.items())}
        text = json.dumps(kept, indent=1) + "\n"
        path = self._folder / MANIFEST
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".new")
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)

    def _said(self, speech: Speech) -> str:
        voice = self._loaded.settings.languages[speech.voice].voice
        said = "\0".join((speech.text, voice, *self._command.command))
        return hashlib.sha256(said.encode()).hexdigest()


def _name(speech: Speech) -> str:
    return f"{speech.language}/{speech.prompt}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_manifest(path: Path) -> dict[str, _Made]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Made])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise PromptError(f"{path}: {error}; restore it from version control") from error


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


# -- audio ---------------------------------------------------------------------------------------


def _read(path: Path) -> "tuple[array[int], int]":
    """Return the samples of a 16-bit WAV file, its channels mixed, and their rate."""
    try:
        with wave.open(str(path), "rb") as stream:
            channels, width, rate = stream.getparams()[:3]
            data = stream.readframes(stream.getnframes())
    except (wave.Error, EOFError) as error:
        raise PromptError(f"the speech command wrote no WAV file: {error}") from error
    if width != 2 or rate < RATE:
        what = f"the speech command wrote {8 * width} bit at {rate} Hz"
        raise PromptError(f"{what}; it must write 16 bit at {RATE} Hz or more")
    samples = array("h", data[: len(data) // (2 * channels) * 2 * channels])
    if channels > 1:
        mixed = (
            sum(samples[at : at + channels]) // channels for at in range(0, len(samples), channels)
        )
        samples = array("h", mixed)
    return samples, rate


def _resample(samples: "array[int]", rate: int) -> list[float]:
    """Bring ``samples`` to ``RATE`` with a windowed-sinc filter, one kernel for each phase."""
    if rate == RATE:
        return [float(sample) for sample in samples]
    step = math.gcd(rate, RATE)
    phases, stride = RATE // step, rate // step
    cutoff = 0.92 * RATE / rate
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


def _write(path: Path, samples: "array[int]") -> None:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes(samples.tobytes())
