"""Which file a prompt is: its own name if somebody recorded it, else one that tells what is said.

Rules: a recording is ``de/main/welcome.wav`` (or another ending) and always wins. What a program
spoke is ``de/main/welcome.3f9a1c2e.wav``, the eight digits being a digest of text, voice, command
and rates: a changed text is another file, and the one that somebody may be hearing, or that a PBX
has a copy of, is left as it is. Each menu names the files of its own texts, so that a caller who
entered it before a reload hears that menu to its end.
This module must not know how files come to be.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from acd.config.menus import Speech
from acd.config.schema import AcdFile
from acd.config.schema import Speech as SpeechCommand
from acd.core.ids import MenuId
from acd.core.menuplan import MenuPlan

ENDING_OF_RATE: Final = {8000: ".wav", 16000: ".wav16"}
"""By Asterisk's formats/format_wav.c; a wideband channel is played the second where both are."""

_SPOKEN: Final = re.compile(r"(?P<name>.+)\.[0-9a-f]{8}")


def prompt_name(speech: Speech) -> str:
    """Return ``<language>/<prompt>``."""
    return f"{speech.language}/{speech.prompt}"


def spoken_file(speech: Speech, acd: AcdFile) -> str:
    """Return the file, without ending, in which a program speaks this."""
    voice = acd.languages[speech.voice].voice
    said = "\0".join((speech.text, voice, _manner(acd.speech)))
    return f"{prompt_name(speech)}.{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def _manner(speech: SpeechCommand) -> str:
    rates = sorted({int(rate) for rate in speech.rates})
    return "\0".join((*speech.command, *map(str, rates)))


def spoken_name(file: str) -> str | None:
    """Return the prompt's name if a program spoke this file (without ending), else None."""
    found = _SPOKEN.fullmatch(file)
    return found["name"] if found else None


def files_of(speeches: Iterable[Speech], acd: AcdFile, there: Collection[str]) -> Mapping[str, str]:
    """Return the file of each ``<language>/<prompt>`` that nobody has recorded."""
    return {
        name: spoken_file(speech, acd)
        for speech in speeches
        if (name := prompt_name(speech)) not in there
    }


def with_files(
    menus: Mapping[MenuId, MenuPlan], files: Mapping[str, str]
) -> dict[MenuId, MenuPlan]:
    """Have each menu name the files of what is said in it and in the menus it goes on in."""
    by_menu: dict[str, dict[str, str]] = {}
    for name, file in files.items():
        by_menu.setdefault(name.split("/")[1], {})[name] = file
    return {menu: _with_files(plan, by_menu) for menu, plan in menus.items()}


def _with_files(menu: MenuPlan, by_menu: Mapping[str, Mapping[str, str]]) -> MenuPlan:
    # Nodes and prompts are both named after the menu file they come from.
    own = {node.partition("/")[0] for node in menu.nodes}
    files = {name: file for each in sorted(own) for name, file in by_menu.get(each, {}).items()}
    return msgspec.structs.replace(menu, prompt_files=files)
