"""What there is to say of each prompt: how it stands, what its files are like, what is wrong.

Rules: a fault is told with what was measured and what was expected. A prompt that callers would not
hear, or not as it was meant (missing, spoken of another text, damaged, clipped, of a format that
Asterisk does not play under that ending), is grave; the rest is for somebody's ears to judge.
This module must not know how prompts are spoken, nor how a report is shown.
"""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from acd.config.prompts import Prompts
from acd.config.sound import DamagedError, NoSoxError, Sound, UnmeasuredError, measure

CLIPPED_DB: Final = -0.3
CLIPPED_SAMPLES: Final = 10
"""So many samples at the very top: cut off there. A voice touches its loudest once or twice."""
LOUD_DB: Final = -12.0
QUIET_DB: Final = -30.0
"""RMS between the silences; what ``acd prompts build`` makes lies around -20."""
SILENT_PEAK_DB: Final = -40.0
SILENCE_SECONDS: Final = 1.0
"""At either end; a caller takes more for a dead line, or misses the moment to press a key."""
LANGUAGES_RATIO: Final = 2.0
LANGUAGES_SECONDS: Final = 3.0
"""One language takes so much longer than another, in both ways: perhaps it says something else."""

_WAV: Final = "16-bit Signed Integer PCM"
_PLAYED_AS: Final = {
    ".wav": (8000, _WAV),
    ".wav16": (16000, _WAV),
    ".ogg": (8000, "Vorbis"),
}
"""Rate and encoding that Asterisk's formats/format_*.c takes under an ending, always mono. What has
no header cannot be of another format, only sound wrong."""


class State(StrEnum):
    """How a prompt, or a file that is none, stands."""

    RECORDED = "recorded"
    OUTDATED = "recorded, old text"
    SPOKEN = "spoken"
    STALE = "spoken, old text"
    MISSING = "missing"
    UNUSED = "unused"


class Fault(StrEnum):
    """What can be wrong with a prompt."""

    MISSING = "missing"
    TEXT_CHANGED = "text changed"
    DAMAGED = "damaged"
    WRONG_FORMAT = "wrong format"
    CLIPPED = "clipped"
    TOO_LOUD = "too loud"
    TOO_QUIET = "too quiet"
    SILENCE = "silence"
    LANGUAGES_DIFFER = "languages differ"
    NOT_MEASURED = "not measured"


GRAVE: Final = frozenset({Fault.MISSING, Fault.DAMAGED, Fault.WRONG_FORMAT, Fault.CLIPPED})


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, and what was seen of it."""

    fault: Fault
    detail: str


class Row(msgspec.Struct, kw_only=True):
    """One prompt in one language, or a file that nothing names."""

    name: str
    """``<language>/<prompt>``; of an unused file its path."""
    state: State
    files: list[str] = []
    """With endings, below the folder of prompts."""
    seconds: float | None = None
    peak_db: float | None = None
    level_db: float | None = None
    """Of the first of ``files`` that could be measured."""
    findings: list[Finding] = []

    @property
    def grave(self) -> bool:
        """Whether callers would not hear this, or not as it was meant."""
        return any(finding.fault in GRAVE for finding in self.findings)


class Report(msgspec.Struct, kw_only=True):
    """All of it."""

    rows: list[Row]
    notice: str = ""
    """Why nothing was measured, empty when it was."""

    @property
    def grave(self) -> bool:
        """Whether a prompt is missing, damaged, clipped or of a wrong format."""
        return any(row.grave for row in self.rows)

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each state and each fault, all named."""
        states = {state.value: 0 for state in State}
        faults = {fault.value: 0 for fault in Fault if fault is not Fault.MISSING}
        for row in self.rows:
            states[row.state] += 1
            for fault in {finding.fault for finding in row.findings} - {Fault.MISSING}:
                faults[fault] += 1
        return {**states, **faults}


def report(found: Prompts, folder: Path) -> Report:
    """Measure every file that callers may hear, and say what is wrong. Changes nothing."""
    heard = sorted({file for files in found.files.values() for file in files})
    measured: Mapping[str, Sound | Finding] = {}
    notice = ""
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            measured = dict(
                zip(heard, pool.map(lambda file: _measured(folder / file), heard), strict=True)
            )
    except NoSoxError as error:
        notice = str(error)
    rows = [*_missing(found), *_there(found, measured)]
    _compare_languages(rows)
    rows.sort(key=lambda row: row.name)
    rows += [Row(name=file, state=State.UNUSED, files=[file]) for file in found.unused]
    return Report(rows=rows, notice=notice)


def _measured(path: Path) -> Sound | Finding:
    try:
        return measure(path)
    except DamagedError as error:
        return Finding(Fault.DAMAGED, str(error))
    except UnmeasuredError as error:
        return Finding(Fault.NOT_MEASURED, str(error))


def _missing(found: Prompts) -> Iterable[Row]:
    for name in found.missing:
        what = "there is no text for it: record it" if name in found.untold else "not spoken yet"
        yield Row(name=name, state=State.MISSING, findings=[Finding(Fault.MISSING, what)])
    for name in found.stale:
        what = "text, voice, command or rates have changed since it was spoken"
        yield Row(name=name, state=State.STALE, findings=[Finding(Fault.MISSING, what)])


def _there(found: Prompts, measured: Mapping[str, Sound | Finding]) -> Iterable[Row]:
    outdated = set(found.outdated)
    for name in (*found.recorded, *found.current):
        state = State.RECORDED if name in found.recorded else State.SPOKEN
        row = Row(name=name, state=state, files=found.files[name], findings=[])
        if name in outdated:
            row.state = State.OUTDATED
            what = (
                'recorded, but the text has changed since: record it anew, or "acd prompts accept"'
            )
            row.findings.append(Finding(Fault.TEXT_CHANGED, what))
        for file in row.files:
            sound = measured.get(file)
            if isinstance(sound, Finding):
                row.findings.append(sound)
            elif sound is not None:
                row.findings.extend(_faults(Path(file).suffix, sound))
                if row.seconds is None:
                    row.seconds = round(sound.seconds, 2)
                    row.peak_db = sound.peak_db
                    row.level_db = None if sound.level_db is None else round(sound.level_db, 1)
        yield row


def _faults(ending: str, sound: Sound) -> Iterable[Finding]:
    """Judge one file."""
    if ending in _PLAYED_AS:
        rate, encoding = _PLAYED_AS[ending]
        if (sound.rate, sound.channels, sound.encoding) != (rate, 1, encoding):
            channels = "mono" if sound.channels == 1 else f"{sound.channels} channels"
            what = f"{sound.rate} Hz, {channels}, {sound.encoding}"
            yield Finding(Fault.WRONG_FORMAT, f"{what}; {ending} is {rate} Hz, mono, {encoding}")
    if sound.promised_seconds - sound.seconds > 0.01:
        what = f"{sound.seconds:.1f} s of the {sound.promised_seconds:.1f} s it should have"
        yield Finding(Fault.DAMAGED, f"cut off: {what}")
    if sound.peak_db >= CLIPPED_DB and sound.peaks >= CLIPPED_SAMPLES:
        yield Finding(Fault.CLIPPED, f"{sound.peaks:.0f} samples at full scale")
    elif sound.level_db is not None and sound.level_db > LOUD_DB:
        yield Finding(Fault.TOO_LOUD, f"{sound.level_db:.0f} dB; at most {LOUD_DB:.0f}")
    if sound.level_db is None or sound.peak_db < SILENT_PEAK_DB:
        yield Finding(Fault.TOO_QUIET, f"nothing louder than {sound.peak_db:.0f} dB")
        return
    if sound.level_db < QUIET_DB:
        yield Finding(Fault.TOO_QUIET, f"{sound.level_db:.0f} dB; at least {QUIET_DB:.0f}")
    for where, seconds in (("before", sound.silence_before), ("after", sound.silence_after)):
        if seconds > SILENCE_SECONDS:
            yield Finding(Fault.SILENCE, f"{seconds:.1f} s {where} the words")


def _compare_languages(rows: Iterable[Row]) -> None:
    """Find prompts that take much longer in one language than in another."""
    by_prompt: dict[str, list[Row]] = {}
    for row in rows:
        if row.seconds is not None:
            by_prompt.setdefault(row.name.partition("/")[2], []).append(row)
    for same in by_prompt.values():
        shortest = min(same, key=lambda row: row.seconds or 0.0)
        short = shortest.seconds or 0.0
        for row in same:
            seconds = row.seconds or 0.0
            if seconds >= short * LANGUAGES_RATIO and seconds - short >= LANGUAGES_SECONDS:
                what = f"{seconds:.1f} s, but {short:.1f} s in {shortest.name.partition('/')[0]}"
                row.findings.append(Finding(Fault.LANGUAGES_DIFFER, what))
