"""What entries owe each other: names that exist, agents who can serve, prompts that are there.

Rules: every check runs on what could be read and tells each problem at the line that can repair
it; a check whose answer could be wrong because something was refused before it keeps silent.
This module must not know how entries are read, nor what becomes of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from acd.config.explain import did_you_mean, one_of
from acd.config.files import Files
from acd.config.menus import Menus, Speech, has_choices
from acd.config.schema import AcdFile, Pbx
from acd.config.source import Key, Source

AUDIO_ENDINGS = frozenset(
    {".wav", ".wav16", ".sln", ".sln16", ".ulaw", ".alaw", ".g722", ".gsm", ".ogg", ".opus"}
)
"""What Asterisk plays by name alone; a file with any of these is a prompt somebody recorded."""

RESERVED_REASON = "rona"
"""The engine's own reason, after a ring that nobody answered."""


def check_all(files: Files, menus: Menus) -> None:
    """Check everything but prompts; problems go to the files' sources."""
    if files.acd is not None:
        _check_acd(files, files.acd)
    _check_skills(files)
    _check_queues(files)
    _check_agents(files)


def check_prompts(speeches: Iterable[Speech], folder: Path, shown: str) -> None:
    """Blame every line that says something for which there is no file below ``folder``."""
    there: dict[str, set[str]] = {}
    for speech in speeches:
        if speech.language not in there:
            there[speech.language] = prompts_below(folder / speech.language)
        if speech.prompt not in there[speech.language]:
            what = f"no prompt {shown}/{speech.language}/{speech.prompt}.wav"
            allowed = 'record it, or have it spoken by "acd prompts build"'
            speech.source.blame(speech.path, what, allowed)


def prompts_below(folder: Path) -> set[str]:
    """Return the prompts that have a file below a language's ``folder``."""
    return {
        found.relative_to(folder).with_suffix("").as_posix()
        for found in folder.rglob("*")
        if found.suffix in AUDIO_ENDINGS
    }


def _check_acd(files: Files, acd: AcdFile) -> None:
    source = files.acd_source
    _once(source, [(("pbxs", at, "name"), pbx.name) for at, pbx in enumerate(acd.pbxs)], "PBX")
    for at, pbx in enumerate(acd.pbxs):
        _check_pbx(source, ("pbxs", at), pbx)
    reasons = [(("not_ready_reasons", at), name) for at, name in enumerate(acd.not_ready_reasons)]
    _once(source, reasons, "reason")
    for path, name in reasons:
        if name == RESERVED_REASON:
            what = f'"{name}" is what we say ourselves of who did not answer'
            source.blame(path, what, "give the agents' own reason another name")
    for code, language in acd.languages.items():
        for field, needed in (("option", ("{label}", "{key}")), ("switch", ("{key}",))):
            sentence = language.option if field == "option" else language.switch
            for placeholder in needed:
                if placeholder not in sentence:
                    what = f'"{field}" does not say {placeholder}'
                    source.blame(("languages", code, field), what, f"write {placeholder} in it")
    if acd.http.host not in ("127.0.0.1", "::1", "localhost") and acd.http.tokens_file is None:
        what = f'"{acd.http.host}" is open to other machines and no tokens are asked for'
        source.blame(("http", "host"), what, 'write 127.0.0.1, or add "tokens_file"')
    if not any("{file}" in word for word in acd.speech.command):
        what = "the command is not told where to write"
        source.blame(("speech", "command"), what, "write {file} for the WAV file")
    menus = [name for name, found in files.menu_sources.items() if has_choices(found)]
    if files.menu_sources and acd.callers_menu not in menus:
        what = f'unknown menu "{acd.callers_menu}"{did_you_mean(acd.callers_menu, menus)}'
        source.blame(("callers_menu",), what, f"{one_of(menus)} (files of {files.menus_dir.name}/)")


def _check_pbx(source: Source, path: tuple[Key, ...], pbx: Pbx) -> None:
    if (pbx.secret_file is None) == (pbx.secret_credential is None):
        what = f'the PBX "{pbx.name}" needs one place of its secret'
        source.blame(path, what, 'write either "secret_file" or "secret_credential"')
    if pbx.system_name_file is not None and pbx.system_name_credential is not None:
        what = f'the PBX "{pbx.name}" has two places of its system name'
        allowed = 'keep one of "system_name_file" and "system_name_credential"'
        source.blame((*path, "system_name_credential"), what, allowed)


def _check_skills(files: Files) -> None:
    for name, entry in (files.skills or {}).items():
        if entry is not None:
            _check_languages(files, files.skills_source, (name, "label"), entry.label)


def _check_queues(files: Files) -> None:
    source = files.queues_source
    for name, entry in files.whole_queues():
        _check_languages(files, source, (name, "label"), entry.label)
        known = True
        for skill in entry.needs:
            known &= _know_skill(files, source, (name, "needs", skill), skill)
        if not known or files.agents is None or None in files.agents:
            continue
        able = [
            agent
            for agent in files.whole_agents()
            if all(agent.skills.get(skill, 0) >= grade for skill, grade in entry.needs.items())
        ]
        if not able:
            needs = ", ".join(f"{skill} {grade}" for skill, grade in entry.needs.items())
            what = f'no agent can serve the queue "{name}", which needs {needs}'
            best = [_best(files, skill) for skill in entry.needs]
            source.blame((name, "needs"), what, f"agents.yaml has {', '.join(best)}", key=True)


def _best(files: Files, skill: str) -> str:
    grades = [(agent.skills.get(skill, 0), agent.id) for agent in files.whole_agents()]
    grade, agent = max(grades, key=lambda found: found[0], default=(0, ""))
    return f'nobody with "{skill}"' if grade == 0 else f'"{skill}" {grade} at most ({agent})'


def _check_agents(files: Files) -> None:
    source = files.agents_source
    whole = [(at, entry) for at, entry in enumerate(files.agents or ()) if entry is not None]
    _once(source, [((at, "id"), entry.id) for at, entry in whole], "agent")
    _once(source, [((at, "phone"), entry.phone) for at, entry in whole], "phone")
    for at, entry in whole:
        if entry.pin is not None and not entry.id.isdecimal():
            what = f'"{entry.id}" cannot be typed on a telephone, so the PIN is of no use'
            source.blame((at, "pin"), what, "give the agent a number as id, or no PIN")
        for skill in entry.skills:
            _know_skill(files, source, (at, "skills", skill), skill)


def _know_skill(files: Files, source: Source, path: tuple[Key, ...], skill: str) -> bool:
    if files.skills is None or skill in files.skills:
        return True
    known = list(files.skills)
    what = f'unknown skill "{skill}"{did_you_mean(skill, known)}'
    source.blame(path, what, f"{one_of(known)} (skills.yaml)", key=True)
    return False


def _check_languages(
    files: Files, source: Source, path: tuple[Key, ...], texts: Mapping[str, str]
) -> None:
    if files.acd is None:
        return
    known = list(files.acd.languages)
    for language in known:
        if language not in texts:
            what = f'"{path[-1]}" says nothing in "{language}"'
            source.blame(path, what, f"add {language}: ...")
    for code in texts:
        if code not in known:
            what = f'unknown language "{code}"{did_you_mean(code, known)}'
            source.blame((*path, code), what, f"{one_of(known)} (acd.yaml)", key=True)


def _once(source: Source, found: Sequence[tuple[tuple[Key, ...], str]], noun: str) -> None:
    first: dict[str, int] = {}
    for path, name in found:
        if name in first:
            what = f'{noun} "{name}" stands here twice'
            source.blame(path, what, f"first in line {first[name]}")
        first.setdefault(name, source.place(*path)[0])
