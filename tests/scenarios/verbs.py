"""A menu in which every verb of ``acd.config.verbs`` is met, as YAML and compiled like any other.

Callers who dial `NUMBER` hear it; `CODE` and `LISTEN` are its codes for agents. `WAYS` says by
which keys a caller comes into each verb. What is said is said by a few recordings of the world.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from acd.config.verbs import VERBS
from acd.core.events import VoicemailAction
from acd.core.ids import MenuId
from acd.core.numbers import Dialled, Numbers
from acd.core.plan import LookupPlan, Plan
from acd.core.records import Outcome
from tests.config.conftest import Small
from tests.scenarios.centre import Centre
from tests.scenarios.selfservice import LOOK_UP_SECONDS, OUTSIDE, SILENT, contracts

NUMBER: Final = "0800555303"
CODE: Final = "*30"
LISTEN: Final = "*36"
_MENU: Final = MenuId("verbs")

_VERBS: Final = f"""\
menu: verbs
languages: [de, en]
choices:
  1: {{queue: fault}}
  2: {{language: next}}
  3:
    label: {{de: Vorraum, en: anteroom}}
    menu: inner
    then: {{label: {{de: danach, en: after}}, queue: billing}}
  4:
    label: {{de: Stand, en: reading}}
    collect:
      - into: reading
        say: {{de: "Stand?", en: "Reading?"}}
        max_digits: 4
        confirm: {{de: "{{reading:digits}}, ja?", en: "{{reading:digits}}, yes?"}}
    keep: reading
    fields: [reading, ani]
    then:
      say: {{de: Danke., en: Thanks.}}
      hang_up: true
  5:
    label: {{de: Vertrag, en: contract}}
    collect:
      - {{into: contract, say: {{de: "Nummer?", en: "Number?"}}, max_digits: 4}}
    lookup: contract
    found:
      say: {{de: "{{customer:digits}}", en: "{{customer:digits}}"}}
      hang_up: true
    not_found: {{queue: billing}}
    failed: {{queue: fault}}
  6:
    label: {{de: Gas, en: gas}}
    transfer: "{OUTSIDE}"
  7:
    label: {{de: Nachricht, en: message}}
    voicemail: billing
  8:
    label: {{de: Zeiten, en: hours}}
    say: {{de: Werktags., en: On workdays.}}
    hang_up: true
wrong_key: {{de: Falsch., en: Wrong.}}
retries: 0
timeout_seconds: 1
otherwise: {{hang_up: true}}
"""

_INNER: Final = """\
menu: inner
languages: [de, en]
choices:
  1:
    label: {de: hinaus, en: out}
    back: true
wrong_key: {de: Falsch., en: Wrong.}
retries: 0
timeout_seconds: 1
otherwise: {hang_up: true}
"""

_SETTINGS: Final = f"""\
external_numbers: ["{OUTSIDE}"]
lookups:
  contract:
    url: http://127.0.0.1:1/{{contract}}
    into: {{customer: customer.number}}
    timeout_seconds: {LOOK_UP_SECONDS}
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How a caller comes into a verb, and what his record may say when he hangs up there."""

    keys: str
    ends: tuple[Outcome, ...] = (Outcome.LEFT_IN_MENU,)
    """The last is for who was too early, or hung up while the words before the end were said."""


WAYS: Final[dict[str, Way]] = {
    "queue": Way("1", (Outcome.SHORT_ABANDONED, Outcome.LEFT_IN_MENU)),
    "language": Way("2"),
    "menu": Way("3"),
    "back": Way("31", (Outcome.SHORT_ABANDONED, Outcome.LEFT_IN_MENU)),
    "keep": Way("442#1", (Outcome.DEFLECTED, Outcome.LEFT_IN_MENU)),
    "lookup": Way(f"5{SILENT}#"),
    "transfer": Way("6", (Outcome.DEFLECTED, Outcome.LEFT_IN_MENU)),
    "voicemail": Way("7"),
    "hang_up": Way("8", (Outcome.DEFLECTED, Outcome.LEFT_IN_MENU)),
}
"""Every verb but those which an agent meets who dials `CODE` or `LISTEN`."""

MORE: Final[dict[str, Way]] = {
    "digits": Way("44"),
    "confirmation": Way("442#"),
}
"""Other places in which a caller may hang up."""


def written(folder: Path) -> Small:
    """Write the configuration with that menu into ``folder``."""
    small = Small(folder)
    settings = (folder / "config" / "acd.yaml").read_text(encoding="utf-8")
    small.write("config/acd.yaml", settings + _SETTINGS)
    small.edit("config/queues.yaml", "  needs: {billing: 1}\n", "  needs: {billing: 1}\n"
               "  voicemail: {longest_seconds: 20}\n")  # fmt: skip
    example = "\n".join(f"    {line}" for line in VERBS["next_voicemail"].EXAMPLE.splitlines())
    codes = (folder / "ivr_menus" / "agent.yaml").read_text(encoding="utf-8")
    small.write("ivr_menus/agent.yaml", f'{codes}  "{LISTEN}":\n{example}\n')
    small.write("ivr_menus/verbs.yaml", _VERBS)
    small.write("ivr_menus/inner.yaml", _INNER)
    return small


@contextmanager
def menu_of_verbs(centre: Centre, folder: Path) -> Iterator[Small]:
    """Have an engine with that menu at work, which reads these files again when it is told to."""
    before, files = centre.plan, written(folder)
    try:
        with contracts() as contract:
            centre.plan = with_verbs(before, files, contract)
            centre.read = lambda: with_verbs(before, files, contract)
            centre.restart_engine()
            centre.begin()
            yield files
            centre.clear()
            for one in centre.engine.snapshot().voicemails:
                for action in (VoicemailAction.TAKE, VoicemailAction.DONE):
                    assert centre.engine.about_voicemail(one.id, action, "1002") == ""
    finally:
        centre.plan, centre.read = before, lambda: before
        centre.restart_engine()
        centre.begin()


def with_verbs(plan: Plan, files: Small, contract: LookupPlan) -> Plan:
    """Return the scenarios' plan with that menu behind `NUMBER`, and its code.

    Raises ConfigError when there is something wrong with the files.
    """
    loaded = files.load()
    compiled = loaded.plan
    files = {
        f"{each.language}/{each.prompt}": f"{each.language}/{_recording(each.prompt)}"
        for each in loaded.speeches
        if not each.prompt.startswith("say/")
    }
    for prompt in ("voicemail/invitation", "voicemail/thanks"):
        files |= {f"{each}/{prompt}": f"{each}/{_recording(prompt)}" for each in ("de", "en")}
    codes = {code: compiled.code_menus[code] for code in (CODE, LISTEN)}
    mine = {
        name: msgspec.structs.replace(compiled.menus[name], prompt_files=files)
        for name in (_MENU, MenuId("inner"), *codes.values())
    }
    numbers = Numbers(
        country_code=plan.numbers.country_code,
        whole={**plan.numbers.whole, f"+49{NUMBER[1:]}": Dialled(_MENU)},
    )
    return msgspec.structs.replace(
        plan,
        menus={**plan.menus, **mine},
        code_menus={**plan.code_menus, **codes},
        numbers=numbers,
        lookups={"contract": contract},
    )


def _recording(prompt: str) -> str:
    """Return which of the world's recordings is heard; what agents hear is told from the rest."""
    if not prompt.startswith("agent/"):
        return "incident/text"
    return "agent/refused" if prompt.endswith(("refused", "none")) else "agent/done"


def named(value: object) -> set[str]:
    """Return the verbs that stand anywhere in a file of menus."""
    if isinstance(value, Mapping):
        return {key for key in value if key in VERBS}.union(*map(named, value.values()))
    return set().union(*map(named, value)) if isinstance(value, list) else set()
