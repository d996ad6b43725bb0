"""A small whole configuration in a folder of its own, which a test breaks in one place."""

from datetime import date
from pathlib import Path

import pytest

from acd.config.loader import Loaded, load
from acd.core.ids import MenuId
from acd.core.plan import Ask, MenuPlan
from acd.errors import ConfigError

TODAY = date(2026, 11, 22)

FILES = {
    "config/acd.yaml": """\
pbxs:
  - name: main
    secret_file: secrets/main
service_name: Waterworks
languages:
  de:
    name: Deutsch
    voice: de
    option: "Für {label} drücken Sie die {key}."
    switch: "Für Deutsch drücken Sie die {key}."
  en:
    name: English
    voice: en
    option: "For {label}, press {key}."
    switch: "For English, press {key}."
    keys: {"*": star}
not_ready_reasons: [break, meeting]
""",
    "config/skills.yaml": """\
fault:
  label: {de: Entstörung, en: Faults}
billing:
  label: {de: Abrechnung, en: Billing}
""",
    "config/queues.yaml": """\
fault:
  label: {de: Entstörung, en: Faults}
  needs: {fault: 3}
  wrap_up_seconds: 120
billing:
  label: {de: Abrechnung, en: Billing}
  needs: {billing: 1}
""",
    "config/agents.yaml": """\
- id: "1001"
  name: Anna Berger
  phone: PJSIP/1001
  skills: {fault: 5}
- id: "1002"
  name: Tom Wolf
  phone: PJSIP/1002
  skills: {billing: 5, fault: 1}
  pin: "0815"
""",
    "ivr_menus/main.yaml": """\
menu: main
languages: [de, en]
welcome: {de: Guten Tag., en: Hello.}
choices:
  1: {queue: fault}
  2: {label: {de: Rechnung, en: Bill}, queue: billing}
  9: {language: next}
wrong_key: {de: Falsch., en: Wrong.}
otherwise: {queue: billing}
""",
    "ivr_menus/agent.yaml": """\
menu: agent
languages: [de, en]
codes:
  "*30":
    do: login
    done: {de: Angemeldet., en: Logged in.}
    refused: {de: Nein., en: No.}
""",
}


class Small:
    """The small configuration below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)
        (root / "prompts").mkdir()

    def write(self, name: str, text: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one place where ``old`` stands."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        self.write(name, text.replace(old, new))

    def load(self, need_prompts: bool = False) -> Loaded:
        return load(self.root / "config", today=TODAY, need_prompts=need_prompts)

    def told(self, need_prompts: bool = False) -> list[str]:
        """Load, and return what an operator is told, with file names as below ``root``."""
        try:
            self.load(need_prompts)
        except ConfigError as error:
            return [str(problem).replace(f"{self.root}/", "") for problem in error.problems]
        return []


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def main(small: Small) -> MenuPlan:
    """Return the callers' menu."""
    return small.load().plan.menus[MenuId("main")]


def chosen(menu: MenuPlan, key: str) -> object:
    """Return the node to which a key leads."""
    ask = menu.nodes[menu.entry]
    assert isinstance(ask, Ask)
    return menu.nodes[ask.choices[key]]


def code(small: Small, dialled: str) -> MenuPlan:
    """Return the menu of a code."""
    plan = small.load().plan
    return plan.menus[plan.code_menus[dialled]]
