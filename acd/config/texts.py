"""Prompts that queues and menus name: each has a recording, or a text in ``prompts/<folder>.yaml``.

The text of ``wait/thanks`` stands in ``prompts/wait.yaml`` under ``thanks``, in each language.

Rules: a text is spoken and checked like what menus say (``Speech``), but only when a line names
it; a file of texts that nothing needs is not read. A prompt that a menu says may be named, too.
This module must not know where in a queue prompts are named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel

from acd.config.explain import read_entry
from acd.config.files import shown
from acd.config.incidents import AGAIN
from acd.config.menus import Speech
from acd.config.schema import PromptName, Spoken
from acd.config.source import Key, Source, read
from acd.core.ids import Language, PromptId


class TextFile(RootModel[Annotated[dict[PromptName, Spoken], Field(max_length=1000)]]):
    """A file of texts: a prompt's name without its folder -> what it says in each language."""


@dataclass(frozen=True, slots=True)
class Naming:
    """A line that names prompts, and which."""

    source: Source
    path: tuple[Key, ...]
    prompts: tuple[PromptId, ...]


Untold = tuple[Naming, Language, tuple[PromptId, ...]]
"""Prompts that a line names and that have no text in a language."""


@dataclass(slots=True)
class Texts:
    """What the files of texts say of the prompts that are named."""

    sources: list[Source] = field(default_factory=list)
    """The files that were read, with their problems."""
    speeches: list[Speech] = field(default_factory=list)
    """The texts of what is named, once for each language."""
    untold: list[Untold] = field(default_factory=list)
    """What is named and has no text in a language: there must be a recording."""


def read_texts(
    folder: Path,
    named: Iterable[Naming],
    languages: Sequence[Language],
    said: Iterable[Speech],
) -> Texts:
    """Find the texts of all prompts ``named``, in all ``languages``, below ``folder``.

    What the menus have ``said`` already needs no other text.
    """
    texts = Texts()
    known = {(speech.language, speech.prompt) for speech in said}
    files: dict[str, tuple[Source, Mapping[str, Spoken]]] = {}
    for naming in named:
        for language in languages:
            untold = []
            for prompt in naming.prompts:
                if (language, prompt) in known:
                    continue
                found = _text(folder, files, language, prompt)
                if found is None:
                    untold.append(prompt)
                    continue
                known.add((language, prompt))
                source, path, text = found
                texts.speeches.append(Speech(language, prompt, language, text, source, path))
            if untold:
                texts.untold.append((naming, language, tuple(untold)))
    texts.sources.extend(source for source, _ in files.values() if source.root or source.problems)
    return texts


def asked_of_incidents(acd: Source, folder: Path) -> list[Naming]:
    """Return the line that names the question about incidents, where there is a text for it.

    It has to be at hand before there is an incident: speaking it then would take its time.
    """
    there = (folder / "incident.yaml").is_file()
    return [Naming(acd, ("languages",), (AGAIN,))] if there else []


def text_of(folder: Path, language: Language, prompt: PromptId) -> str | None:
    """Return the text of a prompt from the files of texts below ``folder``, None without one."""
    found = _text(folder, {}, language, prompt)
    return found[2] if found is not None else None


def _text(
    folder: Path,
    files: dict[str, tuple[Source, Mapping[str, Spoken]]],
    language: Language,
    prompt: PromptId,
) -> tuple[Source, tuple[Key, ...], str] | None:
    """Return the file, the place and the text of a prompt, None when there is no text."""
    name, _, rest = prompt.partition("/")
    if not rest:
        return None
    if name not in files:
        path = folder / f"{name}.yaml"
        if path.is_file():
            source = read(path, shown(path))
            read_in = read_entry(TextFile, source)
            files[name] = (source, read_in.root if read_in else {})
        else:
            files[name] = (Source(shown(path), None), {})
    source, entries = files[name]
    text = entries.get(rest, {}).get(language)
    return None if text is None else (source, (rest, language), text)
