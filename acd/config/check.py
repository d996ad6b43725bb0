"""What entries owe each other: names that exist, agents who can serve, prompts that are there.

Rules: every check runs on what could be read and tells each problem at the line that can repair
it; a check whose answer could be wrong because something was refused before it keeps silent.
This module must not know how entries are read, nor what becomes of them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from acd.config.explain import did_you_mean, is_known, one_of
from acd.config.files import Files
from acd.config.graphcheck import check_graphs
from acd.config.hours import ALWAYS_NAME
from acd.config.lookups import check_lookups
from acd.config.menus import Menus, Speech, has_choices
from acd.config.parts import Parts
from acd.config.promptfiles import ENDING_OF_RATE, prompt_name, spoken_file, spoken_name
from acd.config.queuecheck import check_queue_names, check_queue_sense
from acd.config.schema import AcdFile, Pbx, RetentionEntry
from acd.config.source import Key, Source
from acd.config.texts import Untold
from acd.core.plan import Collect

CALLER_ATTRIBUTES = ("language", "ani", "dnis", "client")
"""What is known of every caller; the rest is what menus collect."""

RESERVED_REASON = "rona"
"""The engine's own reason, after a ring that nobody answered."""


def check_all(files: Files, menus: Menus, parts: Parts, today: date) -> None:
    """Check everything but prompts; problems go to the files' sources.

    ``today`` is the day from which hours are compared with each other.
    """
    if files.acd is not None:
        _check_acd(files, files.acd)
    _check_skills(files)
    _check_groups(files)
    _check_agents(files)
    for name, entry in files.whole_queues():
        _check_languages(files, files.queues_source, (name, "label"), entry.label)
        check_queue_names(files, menus, name, entry)
    _check_attributes(files, menus)
    check_queue_sense(files, menus, parts, today)
    check_graphs(files, menus, parts, today)


def check_prompts(
    speeches: Iterable[Speech],
    untold: Iterable[Untold],
    acd: AcdFile | None,
    there: Mapping[str, Collection[str]],
    shown: str,
) -> None:
    """Blame every line that has something said for which there is no file.

    ``there`` are the endings of each file there is. ``untold`` is what has no text either, so that
    it cannot be spoken. Without ``acd`` nobody knows which file says what: any will do.
    """
    once_spoken = {spoken_name(file) for file in there}
    for speech in speeches:
        name = prompt_name(speech)
        if name in there or (acd is None and name in once_spoken):
            continue
        endings = there.get(spoken_file(speech, acd), ()) if acd is not None else ()
        if acd is not None and {ENDING_OF_RATE[rate] for rate in acd.speech.rates} <= {*endings}:
            continue
        what = f"no prompt {shown}/{name}.wav"
        if name in once_spoken:
            what = f"prompt {shown}/{name} was spoken, but of another text or voice"
        allowed = 'record it, or have it spoken by "acd prompts build"'
        speech.source.blame(speech.path, what, allowed)
    for naming, language, prompts in untold:
        missing = [prompt for prompt in prompts if f"{language}/{prompt}" not in there]
        if missing:
            name, _, rest = missing[0].partition("/")
            text = f", or write {rest}: {{{language}: ...}} in {shown}/{name}.yaml" if rest else ""
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            what = f"no prompt {shown}/{language}/{missing[0]}.wav{more}"
            naming.source.blame(naming.path, what, f"record it{text}")


def _check_retention(source: Source, days: RetentionEntry) -> None:
    if days.numbers_days is not None and (
        days.journal_days is None or days.journal_days > days.numbers_days
    ):
        what = "the journal holds callers' numbers and would be kept longer than these"
        allowed = f"at most {days.numbers_days}, as numbers_days says"
        source.blame(("retention", "journal_days"), what, allowed)


def _check_acd(files: Files, acd: AcdFile) -> None:
    source = files.acd_source
    _once(source, [(("pbxs", at, "name"), pbx.name) for at, pbx in enumerate(acd.pbxs)], "PBX")
    _check_retention(source, acd.retention)
    numbers = [(("external_numbers", at), name) for at, name in enumerate(acd.external_numbers)]
    _once(source, numbers, "number")
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


def _check_groups(files: Files) -> None:
    for name, entry in (files.groups or {}).items():
        for skill in entry.skills if entry is not None else ():
            _know_skill(files, files.groups_source, (name, "skills", skill), skill)


def _check_agents(files: Files) -> None:
    source = files.agents_source
    whole = [(at, entry) for at, entry in enumerate(files.agents or ()) if entry is not None]
    _once(source, [((at, "id"), entry.id) for at, entry in whole], "agent")
    _once(source, [((at, "phone"), entry.phone) for at, entry in whole], "phone")
    hours = None if files.hours is None else [ALWAYS_NAME, *files.hours]
    for at, entry in whole:
        if entry.pin is not None and not entry.id.isdecimal():
            what = f'"{entry.id}" cannot be typed on a telephone, so the PIN is of no use'
            source.blame((at, "pin"), what, "give the agent a number as id, or no PIN")
        for skill in entry.skills:
            _know_skill(files, source, (at, "skills", skill), skill)
        groups = [((at, "groups", number), name) for number, name in enumerate(entry.groups)]
        _once(source, groups, "group")
        for path, name in groups:
            is_known(source, path, "group", name, files.groups, "groups.yaml")
        if not (entry.skills or entry.groups) and source.is_clean(at):
            what = f'agent "{entry.id}" can do nothing'
            source.blame((at,), what, 'add "skills" or "groups"')
        if entry.on_demand and entry.max_calls_in_row:
            what = '"on_demand" and "max_calls_in_row" say the same thing twice'
            source.blame((at, "on_demand"), what, "keep one of them", key=True)
        if entry.shift is not None:
            place = (at, "shift", "hours")
            is_known(source, place, "hours", entry.shift.hours, hours, "hours.yaml")


def _know_skill(files: Files, source: Source, path: tuple[Key, ...], skill: str) -> bool:
    return is_known(source, path, "skill", skill, files.skills, "skills.yaml", key=True)


def _check_attributes(files: Files, menus: Menus) -> None:
    """Blame what looks at an attribute of callers that nothing ever sets."""
    if any(source.problems for source in files.menu_sources.values()):
        return
    nodes = [node for menu in menus.plans.values() for node in menu.nodes.values()]
    found = {n.into for n in nodes if isinstance(n, Collect)}
    for lookup in files.acd.lookups.values() if files.acd is not None else ():
        found.update(lookup.into)
    known = [*CALLER_ATTRIBUTES, *sorted(found)]
    for source, path, name in menus.attributes:
        is_known(source, path, "attribute", name, known)
    if files.acd is not None:
        check_lookups(files.acd_source, files.acd, known)
    for queue, entry in files.whole_queues():
        for at, value in enumerate(entry.caller_values):
            path = (queue, "caller_values", at, "attribute")
            is_known(files.queues_source, path, "attribute", value.attribute, known)


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
