"""An incident's words made audible: ``python -m acd.config.telling`` speaks what is new.

Owns the way from what somebody wrote, be it in ``incidents.yaml`` or over HTTP, to files that the
PBX plays: ``prompts/<language>/incident/<id>.<digest>.wav``, named after what is said like every
spoken prompt, so that words said before are not spoken again. A language without words of its own
hears those of the first, in that one's voice. Speaking takes a second or two and is never done in
the engine's own process.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec

from acd.config.audio import AUDIO_ENDINGS, seconds_of
from acd.config.explain import read_entry
from acd.config.files import beside, shown
from acd.config.incidents import AGAIN, words_of
from acd.config.loader import load
from acd.config.menus import Speech
from acd.config.promptfiles import ENDING_OF_RATE, prompt_name, spoken_file
from acd.config.schema import AcdFile
from acd.config.source import Source, read
from acd.config.speaking import speak
from acd.config.texts import text_of
from acd.core.ids import Language, PromptId
from acd.core.incident import Clip, Incident, Wish
from acd.core.plan import LONGEST_PROMPT_SECONDS
from acd.errors import ConfigError, OperatorError, Problem, PromptError


def tell(config_dir: Path, wish: Wish) -> Incident:
    """Speak what is new of it and return it as it is heard. Raises OperatorError."""
    source = read(config_dir / "acd.yaml", shown(config_dir / "acd.yaml"))
    acd = read_entry(AcdFile, source)
    if acd is None or source.problems:
        raise ConfigError(source.problems)
    strange = sorted({*wish.text, *wish.hazard} - {*acd.languages})
    if strange:
        there = ", ".join(acd.languages)
        raise PromptError(f'nobody here speaks "{strange[0]}"; acd.yaml has {there}')
    return _Shelf(beside(config_dir, acd.prompts), acd).incident(wish)


def speak_new(config_dir: Path, today: date) -> bool:
    """Speak what is new in ``incidents.yaml``; tell whether there was anything.

    Nothing is spoken while anything else is wrong. Raises ConfigError when it cannot be spoken.
    """
    if not (config_dir / "incidents.yaml").is_file():
        return False
    try:
        loaded = load(config_dir, today=today, need_prompts=False)
    except ConfigError:
        return False
    shelf = _Shelf(loaded.prompts_dir, loaded.settings)
    try:
        return shelf.speak_missing(loaded.incident_speeches)
    except PromptError as error:
        where = shown(config_dir / "incidents.yaml")
        raise ConfigError([Problem(where, 0, 0, str(error))]) from error


class _Shelf:
    """The folder of prompts, and who speaks."""

    def __init__(self, folder: Path, acd: AcdFile) -> None:
        self._folder = folder
        self._acd = acd

    def incident(self, wish: Wish) -> Incident:
        words = words_of(wish, self._acd.languages, Source("", None))
        asks = self._question() if wish.may_leave else ()
        text = self._recorded(wish.recording) if wish.recording else self._spoken(words.text)
        return Incident(
            id=wish.id,
            queues=wish.queues,
            postcodes=wish.postcodes,
            text=text,
            hazard=self._spoken(words.hazard),
            question=asks,
            begins_at=wish.begins_at,
            ends_at=wish.ends_at,
        )

    def speak_missing(self, speeches: Iterable[Speech]) -> bool:
        missing = [
            one
            for one in speeches
            if not self._files(prompt_name(one)) and not self._is_spoken(one)
        ]
        for speech in missing:
            self._speak(speech, spoken_file(speech, self._acd))
        return bool(missing)

    def _is_spoken(self, speech: Speech) -> bool:
        wanted = {ENDING_OF_RATE[rate] for rate in self._acd.speech.rates}
        return wanted <= {file.suffix for file in self._files(spoken_file(speech, self._acd))}

    def _recorded(self, name: str) -> tuple[Clip, ...]:
        clips = []
        for code in map(Language, self._acd.languages):
            files = self._files(f"{code}/{name}")
            if not files:
                raise PromptError(f"there is no recording {shown(self._folder)}/{code}/{name}.wav")
            clips.append(Clip(code, PromptId(name), _longest(files)))
        return tuple(clips)

    def _question(self) -> tuple[Clip, ...]:
        clips = []
        for code in map(Language, self._acd.languages):
            if files := self._files(f"{code}/{AGAIN}"):
                clips.append(Clip(code, AGAIN, _longest(files)))
                continue
            found = text_of(self._folder, code, AGAIN)
            if found is None:
                what = f'{shown(self._folder)}/incident.yaml: "again" has no text in {code}'
                raise PromptError(f"{what}; write one, or set the incident without may_leave")
            clips += self._spoken((Speech(code, AGAIN, code, found, Source("", None)),))
        return tuple(clips)

    def _spoken(self, speeches: Iterable[Speech]) -> tuple[Clip, ...]:
        clips = []
        for speech in speeches:
            name = spoken_file(speech, self._acd)
            if not self._is_spoken(speech):
                self._speak(speech, name)
            prompt = PromptId(name.removeprefix(f"{speech.language}/"))
            clips.append(Clip(speech.language, prompt, _longest(self._files(name)), speech.text))
        return tuple(clips)

    def _speak(self, speech: Speech, name: str) -> None:
        voice = self._acd.languages[speech.voice].voice
        target = self._folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".speaking-") as temporary:
                ready: dict[int, Path] = {
                    rate: Path(temporary, f"{rate}{ENDING_OF_RATE[rate]}")
                    for rate in self._acd.speech.rates
                }
                speak(self._acd.speech, voice, speech.text, ready)
                for rate, file in ready.items():
                    file.chmod(0o644)
                    with file.open("rb") as written:
                        os.fsync(written.fileno())
                    os.replace(file, target.with_name(target.name + ENDING_OF_RATE[rate]))
        except OSError as error:
            what = f"{shown(target.parent)} cannot be written: {error.strerror}"
            raise PromptError(f"{what}; let the user that runs acd write there") from error

    def _files(self, name: str) -> list[Path]:
        path = self._folder / name
        return [file for ending in AUDIO_ENDINGS if (file := Path(f"{path}{ending}")).is_file()]


def _longest(files: Iterable[Path]) -> float:
    return max((seconds_of(file) or LONGEST_PROMPT_SECONDS for file in files), default=0.0)


def main() -> None:
    """Read a wish from the standard input, write the incident or what is wrong to the output."""
    wish = msgspec.json.decode(sys.stdin.buffer.read(), type=Wish)
    try:
        told: Incident | str = tell(Path(sys.argv[1]), wish)
    except OperatorError as error:
        told = str(error)
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
