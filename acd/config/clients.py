"""``config/clients/*.yaml`` and ``config/numbers.yaml``: the companies one answers for, and which
dialled number means whom, or which menu.

Rules: a client's name is its file's. A client that is not enabled keeps its numbers from others but
does not have them yet: who dials one is a caller like all others. A greeting is spoken as
``client-<name>/greeting``, once for each of the client's languages.
This module must not know what a menu says, nor who can serve whom.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from acd.config.files import Files
from acd.config.menus import Menus, Speech
from acd.config.source import Key, Source
from acd.core.ids import ClientId, Language, MenuId, PromptId
from acd.core.numbers import ClientPlan, Dialled, Numbers, same_form
from acd.core.plan import Need
from acd.core.queueplan import in_groups


@dataclass(frozen=True, slots=True)
class Claim:
    """A line that claims a number, in its one form; ``*`` at its end is a beginning."""

    source: Source
    path: tuple[Key, ...]
    number: str
    client: ClientId | None


@dataclass(slots=True)
class Clients:
    """All clients and numbers as plans hold them."""

    plans: dict[ClientId, ClientPlan] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    speeches: list[Speech] = field(default_factory=list)


def claims(files: Files) -> Iterator[Claim]:
    """Yield every number that is claimed, with its place."""
    code = files.country_code
    for number in files.numbers or {}:
        yield Claim(files.numbers_source, (number,), _form(number, code), None)
    for name, entry in files.whole_clients():
        for at, number in enumerate(entry.numbers):
            path = ("numbers", at)
            yield Claim(files.client_sources[name], path, _form(number, code), ClientId(name))


def compile_clients(files: Files, menus: Menus) -> Clients:
    """Make the plans of clients and numbers of what could be read; nothing is blamed here."""
    found = Clients()
    others = files.acd.callers_menu if files.acd is not None else ""
    for name, entry in files.whole_clients():
        if not entry.enabled:
            continue
        menu = menus.plans.get(MenuId(entry.menu or others))
        languages = languages_of(entry.languages, menu.languages if menu else ())
        greeting = PromptId(f"client-{name}/greeting")
        source = files.client_sources[name]
        for language in languages:
            if language in entry.greeting:
                text, path = entry.greeting[language], ("greeting", language)
                found.speeches.append(Speech(language, greeting, language, text, source, path))
        found.plans[ClientId(name)] = ClientPlan(
            id=ClientId(name),
            name=entry.name,
            menu=MenuId(entry.menu or others),
            language=languages[0] if languages else Language(""),
            greeting=(greeting,) if entry.greeting else (),
            needs=(Need(in_groups(entry.groups)),) if entry.groups else (),
            answer={Language(code): text for code, text in entry.answer.items()},
            ask=tuple(entry.ask),
            tell=tuple(entry.tell),
        )
    found.numbers = _numbers(files, found.plans)
    return found


def _numbers(files: Files, clients: Mapping[ClientId, ClientPlan]) -> Numbers:
    whole: dict[str, Dialled] = {}
    beginnings: dict[str, Dialled] = {}
    for claim in claims(files):
        if claim.client is None:
            dialled = Dialled(MenuId((files.numbers or {})[str(claim.path[0])]))
        elif claim.client in clients:
            dialled = Dialled(clients[claim.client].menu, claim.client)
        else:
            continue
        into = beginnings if claim.number.endswith("*") else whole
        into.setdefault(claim.number.removesuffix("*"), dialled)
    return Numbers(country_code=files.country_code, whole=whole, beginnings=beginnings)


def languages_of(own: Sequence[str] | None, menus: Sequence[Language]) -> tuple[Language, ...]:
    """Return the languages of a client: its own, or those of its menu."""
    return tuple(Language(code) for code in own) if own is not None else tuple(menus)


def _form(number: str, country_code: str) -> str:
    end = "*" if number.endswith("*") else ""
    return same_form(number.removesuffix("*"), country_code) + end
