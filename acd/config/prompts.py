"""The folder of prompts: what is recorded, what is spoken, what must be, what nobody needs.

Rules: a file that ``build`` did not make is never written over, moved or removed: whoever records a
prompt puts it in place under its own name and has won. A spoken file never changes: another text
has another name (``acd.config.promptfiles``), and the old file stays until ``clean`` takes it away,
which it does only when nothing has named it for a time, because an engine that was not reloaded
yet, or a caller who entered a menu before, may still play it. ``spoken.json`` has the digests of
what we made, so that a file that somebody replaced is known as a recording; of each recording the
text that stood when it was first seen, so that a text changed since is told; and since when a
file is unused.
This module must not know what a menu is, only what is said.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from acd.config.audio import files_below
from acd.config.loader import Loaded
from acd.config.menus import Speech
from acd.config.promptfiles import (
    ENDING_OF_RATE,
    prompt_name,
    spoken_file,
    spoken_name,
)
from acd.config.speaking import speak
from acd.errors import PromptError

MANIFEST = "spoken.json"
AT_RUN_TIME = "incident"
"""The folder below each language's where the engine has incidents spoken (``acd.config.telling``).
What is set over HTTP is named by nothing here, and may be told for weeks."""


class _Recorded(msgspec.Struct, frozen=True):
    """What is known of a recording: digests of its audio, and of the text when that was new."""

    audio: str
    text: str


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What is known of files, each by its path below the folder of prompts."""

    recorded: dict[str, _Recorded] = {}
    """By ``<language>/<prompt>``."""
    spoken: dict[str, str] = {}
    """File with ending -> digest of the audio that we made."""
    unused: dict[str, datetime] = {}
    """File with ending -> when it was first seen that nothing names it any more."""


@dataclass(slots=True)
class Prompts:
    """How the prompts stand, each as ``<language>/<prompt>``."""

    recorded: list[str] = field(default_factory=list)
    """Somebody put a file of his own there."""
    outdated: list[str] = field(default_factory=list)
    """Of these: recorded, but the text has changed since."""
    current: list[str] = field(default_factory=list)
    """Spoken by us, and says what the menu says."""
    stale: list[str] = field(default_factory=list)
    """Spoken by us, but the text, the voice, the command or a rate has changed since."""
    missing: list[str] = field(default_factory=list)
    """Nothing there."""
    untold: list[str] = field(default_factory=list)
    """Of these: there is no text either, so only a recording helps."""
    files: dict[str, list[str]] = field(default_factory=dict)
    """The files, with endings, of each prompt that has some."""
    unused: list[str] = field(default_factory=list)
    """Files, with endings, that nothing names."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of the files that we spoke and nothing names."""

    removed: list[str]
    kept: list[str]
    """They have not been unused for long enough."""


def status(loaded: Loaded) -> Prompts:
    """Compare what is to be said with what is there. Load with ``need_prompts=False``."""
    return _Shelf(loaded).status()


def build(loaded: Loaded, now: float, only_missing: bool = True) -> Prompts:
    """Speak what is missing or stale, with ``only_missing`` false all that is not recorded.

    Returns how the prompts stood before. Raises ``PromptError`` when the command fails; what was
    spoken until then stays and is not spoken again. Load with ``need_prompts=False``.
    """
    shelf = _Shelf(loaded)
    before = shelf.status()
    wanted = {*before.missing, *before.stale, *(() if only_missing else before.current)}
    try:
        for speech in loaded.speeches:
            if prompt_name(speech) in wanted:
                shelf.speak(speech)
    finally:
        shelf.note(now)
        shelf.save()
    return before


def clean(loaded: Loaded, now: float, keep_seconds: float) -> Cleaned:
    """Remove what we spoke and nothing has named for ``keep_seconds``, as far as that is known.

    A file is known as unused from the first ``build`` or ``clean`` that found it so.
    """
    shelf = _Shelf(loaded)
    try:
        return shelf.clean(now, keep_seconds)
    finally:
        shelf.save()


def accept(loaded: Loaded, names: Iterable[str], now: float) -> None:
    """Take the recordings ``names`` as right for the present text. Raises ``PromptError``."""
    shelf = _Shelf(loaded)
    recorded = shelf.status().recorded
    for name in names:
        if name not in recorded:
            what = f"{name} is not recorded"
            raise PromptError(f"{what}; name a recording like de/main/welcome, without ending")
        shelf.manifest.recorded.pop(name, None)
    shelf.note(now)
    shelf.save()


class _Shelf:
    """The folder of prompts and the list of what is known of it."""

    def __init__(self, loaded: Loaded) -> None:
        self._acd = loaded.settings
        self._folder = loaded.prompts_dir
        self._speeches = {prompt_name(speech): speech for speech in loaded.speeches}
        self._untold = loaded.untold
        self._endings = [ENDING_OF_RATE[rate] for rate in sorted(set(self._acd.speech.rates))]
        self.manifest = _read_manifest(self._folder / MANIFEST)

    def status(self) -> Prompts:
        there = files_below(self._folder)
        once_spoken = {spoken_name(file) for file in there}
        found = Prompts()
        for name, speech in self._speeches.items():
            spoken = spoken_file(speech, self._acd)
            endings = there.get(name, ())
            files = [f"{name}{ending}" for ending in sorted(endings)]
            ours = [f"{spoken}{ending}" for ending in self._endings]
            whole = set(self._endings) <= there.get(spoken, set())
            if files or (whole and any(map(self._is_replaced, ours))):
                found.recorded.append(name)
                if self._recording(name, speech, files or ours).text != _text_digest(speech):
                    found.outdated.append(name)
            elif whole:
                found.current.append(name)
            elif name in once_spoken:
                found.stale.append(name)
            else:
                found.missing.append(name)
            if files or whole:
                found.files[name] = files or ours
        for name in self._untold:
            if endings := there.get(name, ()):
                found.recorded.append(name)
                found.files[name] = [f"{name}{ending}" for ending in sorted(endings)]
            else:
                found.missing.append(name)
                found.untold.append(name)
        every = {f"{file}{ending}" for file, endings in there.items() for ending in endings}
        unnamed = every.difference(*found.files.values())
        found.unused = sorted(file for file in unnamed if file.split("/")[1] != AT_RUN_TIME)
        return found

    def speak(self, speech: Speech) -> None:
        """Speak one prompt and put its files in place, each whole."""
        targets = [f"{spoken_file(speech, self._acd)}{ending}" for ending in self._endings]
        voice = self._acd.languages[speech.voice].voice
        (self._folder / targets[0]).parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".speaking-") as temporary:
            rates = sorted(set(self._acd.speech.rates))
            ready: dict[int, Path] = {rate: Path(temporary, f"{rate}.wav") for rate in rates}
            speak(self._acd.speech, voice, speech.text, ready)
            for file, target in zip(ready.values(), targets, strict=True):
                file.chmod(0o644)
                os.replace(file, self._folder / target)
                self.manifest.spoken[target] = _digest(self._folder / target)

    def clean(self, now: float, keep_seconds: float) -> Cleaned:
        """Remove what has been unused for so long, and take note of what is unused now."""
        self.note(now)
        removed, kept = [], []
        for name, since in sorted(self.manifest.unused.items()):
            path = self._folder / name
            if self.manifest.spoken.get(name) != _digest(path):
                continue  # Not ours, or not any more.
            if now - max(since.timestamp(), path.stat().st_mtime) < keep_seconds:
                kept.append(name)
                continue
            path.unlink()
            removed.append(name)
        self.note(now)
        return Cleaned(removed, kept)

    def note(self, now: float) -> None:
        """Bring what is known up to what is there."""
        found = self.status()
        known = self.manifest
        moment = datetime.fromtimestamp(int(now), UTC)
        unused = {name: known.unused.get(name, moment) for name in found.unused}
        known.unused = {name: since for name, since in unused.items() if name in known.spoken}
        known.spoken = {
            **{
                name: made for name, made in known.spoken.items() if (self._folder / name).is_file()
            },
            **{
                file: _digest(self._folder / file)
                for name in found.current
                for file in found.files[name]
            },
        }
        known.recorded = {
            name: self._recording(name, self._speeches[name], found.files[name])
            for name in found.recorded
            if name in self._speeches
        }

    def save(self) -> None:
        """Write what is known, sorted, so that a change is easy to read."""
        known = msgspec.to_builtins(self.manifest)
        text = json.dumps(known, indent=1, sort_keys=True) + "\n"
        path = self._folder / MANIFEST
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".new")
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)

    def _is_replaced(self, file: str) -> bool:
        made = self.manifest.spoken.get(file)
        return made is not None and made != _digest(self._folder / file)

    def _recording(self, name: str, speech: Speech, files: Iterable[str]) -> _Recorded:
        """Return what is known of a recording; of a new one, that it says the present text."""
        audio = _short(b"".join((self._folder / file).read_bytes() for file in files))
        known = self.manifest.recorded.get(name)
        if known is not None and known.audio == audio:
            return known
        return _Recorded(audio=audio, text=_text_digest(speech))


def _digest(path: Path) -> str:
    return _short(path.read_bytes())


def _text_digest(speech: Speech) -> str:
    return _short(speech.text.encode())


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _read_manifest(path: Path) -> _Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except FileNotFoundError:
        return _Manifest()
    except (OSError, msgspec.DecodeError) as error:
        raise PromptError(f"{path}: {error}; restore it from version control") from error
