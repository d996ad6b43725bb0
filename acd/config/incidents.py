"""``config/incidents.yaml``: known faults that stand there until somebody takes them out.

Rules: their words are prompts like those of menus (``incident/<id>``), spoken in every language
that callers hear. A language without words of its own hears those of the first, in its voice.
This module must not know how words are spoken, nor who hears them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

from pydantic import Field, StringConstraints

from acd.config.agents import Midnights
from acd.config.expectations import moment_of
from acd.config.explain import is_known
from acd.config.menubench import Speech
from acd.config.schema import Entry, Moment, Name, PromptName, Spoken
from acd.config.source import Key, Source
from acd.core.ids import IncidentId, Language, PromptId, QueueId
from acd.core.incident import Clip, Incident, Wish

Postcode = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}\*?$")]

AGAIN: Final = PromptId("incident/again")
"""The question whether he wants to hear it again, hangs up, or stays: ``prompts/incident.yaml``."""


class IncidentEntry(Entry):
    """One known fault: whom it concerns, what is said of it, from when and until when."""

    queues: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    """Callers for these queues hear it."""
    postcodes: Annotated[list[Postcode], Field(max_length=500)] = Field(default_factory=list)
    """Callers who typed such a postcode hear it; "10*" is all that begin so."""
    text: Spoken = Field(default_factory=dict)
    """What is said."""
    recording: PromptName | None = None
    """A recorded prompt instead."""
    hazard: Spoken = Field(default_factory=dict)
    """What everybody hears before anything else; no key skips it."""
    may_leave: bool = True
    """Callers are asked whether they stay, and may hang up informed."""
    begins: Moment | None = None
    """From when on; without it, at once."""
    ends: Moment | None = None
    """Until when; without it, until it is taken out."""


class Words(NamedTuple):
    """What is to be said of one incident, each once for a language."""

    text: tuple[Speech, ...]
    hazard: tuple[Speech, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An incident as it stands in the file, and its words."""

    wish: Wish
    words: Words
    path: tuple[Key, ...]

    def prompts(self) -> tuple[PromptId, ...]:
        """Return the prompts it names that are not its own words."""
        named = [self.wish.recording] if self.wish.recording else []
        named += [AGAIN] if self.wish.may_leave else []
        return tuple(map(PromptId, named))


def words_of(
    wish: Wish, languages: Iterable[str], source: Source, path: tuple[Key, ...] = ()
) -> Words:
    """Return what has to be spoken of it, in each of the languages."""

    def speeches(texts: Mapping[Language, str], name: str) -> tuple[Speech, ...]:
        if not texts:
            return ()
        first = next(iter(texts))
        prompt = PromptId(f"incident/{name}")
        said = {code: code if code in texts else first for code in map(Language, languages)}
        return tuple(
            Speech(code, prompt, voice, texts[voice], source, path) for code, voice in said.items()
        )

    return Words(speeches(wish.text, wish.id), speeches(wish.hazard, f"{wish.id}-hazard"))


def compile_incidents(
    entries: Mapping[str, IncidentEntry | None],
    source: Source,
    queues: Collection[str] | None,
    languages: Sequence[Language],
    midnights: Midnights,
) -> list[Written]:
    """Return what stands in the file; what is wrong goes to its source, and is left out."""
    found = []
    for name, entry in entries.items():
        if entry is None or not source.is_clean(name):
            continue
        _check(source, name, entry, queues, languages)
        begins, ends = (
            moment_of(source, (name, field), text, midnights) if text else None
            for field, text in (("begins", entry.begins), ("ends", entry.ends))
        )
        if ends is not None and ends <= (begins or 0.0):
            source.blame((name, "ends"), "it ends before it begins", "put the later moment here")
        if source.is_clean(name):
            wish = _wish(name, entry, begins or 0.0, ends)
            found.append(Written(wish, words_of(wish, languages, source, (name,)), (name,)))
    return found


def incidents_of(
    written: Iterable[Written],
    languages: Sequence[Language],
    files: Mapping[str, str],
    seconds: Mapping[str, float],
) -> tuple[Incident, ...]:
    """Return the incidents as they are heard; ``files`` and ``seconds`` are the plan's."""

    def clip(language: Language, prompt: PromptId, text: str = "") -> Clip:
        name = f"{language}/{prompt}"
        return Clip(language, prompt, seconds.get(files.get(name, name), 0.0), text)

    def clips(speeches: Iterable[Speech]) -> tuple[Clip, ...]:
        return tuple(clip(one.language, one.prompt, one.text) for one in speeches)

    def named(prompt: str) -> tuple[Clip, ...]:
        return tuple(clip(language, PromptId(prompt)) for language in languages)

    return tuple(
        Incident(
            id=one.wish.id,
            queues=one.wish.queues,
            postcodes=one.wish.postcodes,
            text=named(one.wish.recording) if one.wish.recording else clips(one.words.text),
            hazard=clips(one.words.hazard),
            question=named(AGAIN) if one.wish.may_leave else (),
            begins_at=one.wish.begins_at,
            ends_at=one.wish.ends_at,
        )
        for one in written
    )


def _check(
    source: Source,
    name: str,
    entry: IncidentEntry,
    queues: Collection[str] | None,
    languages: Sequence[Language],
) -> None:
    for at, queue in enumerate(entry.queues):
        is_known(source, (name, "queues", at), "queue", queue, queues)
    if not entry.queues and not entry.postcodes:
        what = "nothing says whose callers hear it"
        source.blame((name,), what, 'add "queues" or "postcodes"', key=True)
    if bool(entry.text) == bool(entry.recording):
        what = "it has to be either spoken or recorded"
        source.blame((name,), what, 'give "text" or "recording"', key=True)
    for field, texts in (("text", entry.text), ("hazard", entry.hazard)):
        for code in texts:
            is_known(source, (name, field, code), "language", code, languages, key=True)


def _wish(name: str, entry: IncidentEntry, begins_at: float, ends_at: float | None) -> Wish:
    return Wish(
        id=IncidentId(name),
        queues=tuple(map(QueueId, entry.queues)),
        postcodes=tuple(entry.postcodes),
        text={Language(code): text for code, text in entry.text.items()},
        recording=entry.recording or "",
        hazard={Language(code): text for code, text in entry.hazard.items()},
        may_leave=entry.may_leave,
        begins_at=begins_at,
        ends_at=ends_at,
    )
