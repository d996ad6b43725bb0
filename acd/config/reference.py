"""Writes what may stand in menus into docs/menus.md, from the models that read them.

    python -m acd.config.reference docs/menus.md

Each place below is replaced: ``<!-- verbs -->`` up to ``<!-- end of verbs -->`` by every verb with
its example and its picture, then ``<!-- keys NAME -->`` up to ``<!-- end -->`` by a model's keys.

Rules: an example is read and built by the loader, as a choice of the sample configuration that
lies beside the page's folder, so what the page shows is true or nothing is written.
"""

import inspect
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from textwrap import indent
from typing import Final

from pydantic import BaseModel

from acd.config.conditions import WhenEntry
from acd.config.explain import descriptions
from acd.config.loader import Loaded, load
from acd.config.menufiles import CodesFile, ExpectEntry, MenuFile
from acd.config.target import CollectEntry, Target
from acd.config.verbs import VERBS, AttributeNeedEntry
from acd.core.ids import MenuId, NodeId
from acd.core.plan import Ask, MenuPlan
from acd.menugraph import draw, mermaid

MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "menu_file": MenuFile,
    "codes_file": CodesFile,
    "target": Target,
    **VERBS,
    "collect": CollectEntry,
    "when": WhenEntry,
    "expect": ExpectEntry,
    "attribute_needs": AttributeNeedEntry,
}

_VERBS_PLACE: Final = re.compile(r"(<!-- verbs -->\n).*?(<!-- end of verbs -->)", re.DOTALL)
_PLACE: Final = re.compile(r"(<!-- keys (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_MENU: Final = """\
menu: {name}
languages: [de, en]
choices:
  1:
{target}
wrong_key: {{de: Falsch., en: Wrong.}}
otherwise: {{hang_up: true}}
"""
"""The menu in which an example is a choice."""

_SOME_DAY: Final = date(2026, 1, 1)
"""Pictures do not hang on the day."""


def table(name: str) -> str:
    """Return the keys of one model, each with what it is for; those all targets have left out."""
    model = MODELS[name]
    told = descriptions(model)
    common = set(Target.model_fields) if name in VERBS else set()
    rows = []
    for key, field in model.model_fields.items():
        if key not in common:
            needed = "needed" if field.is_required() else ""
            rows.append(f"| `{key}` | {needed} | {_in_one_line(told[key])} |\n")
    return f"| key | | |\n|---|---|---|\n{''.join(rows)}"


def pictures(config_dir: Path) -> dict[str, str]:
    """Return the Mermaid picture of each verb's example.

    Raises ConfigError when the configuration or one of the examples is refused.
    """
    plans = _with_examples(config_dir).plan.menus
    entries = {menu.entry for menu in plans.values()}
    return {verb: _picture(plans[MenuId(_menu_of(verb))], entries) for verb in VERBS}


def _picture(menu: MenuPlan, entries: Collection[NodeId]) -> str:
    asked = menu.nodes[menu.entry]
    assert isinstance(asked, Ask)
    drawn = mermaid(draw(menu, asked.choices["1"], led_by="1", ends=entries))
    return drawn.replace(f"{menu.id}/choices", "this menu").replace(f"{menu.id}/", "")


def _with_examples(config_dir: Path) -> Loaded:
    """Load a copy of the menus with one more for each verb, in which its example is a choice."""
    with tempfile.TemporaryDirectory() as folder:
        menus = Path(folder) / "ivr_menus"
        shutil.copytree(config_dir.parent / "ivr_menus", menus)
        for verb, model in VERBS.items():
            name = _menu_of(verb)
            text = _MENU.format(name=name, target=indent(model.EXAMPLE, "    "))
            (menus / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load(config_dir, menus, today=_SOME_DAY, need_prompts=False)


def _menu_of(verb: str) -> str:
    return f"example_{verb}"


def _verbs(config_dir: Path) -> Iterator[str]:
    drawn = pictures(config_dir)
    for verb, model in VERBS.items():
        yield f"### {verb}\n\n{_in_one_line(inspect.getdoc(model) or '')}\n\n"
        yield f"```yaml\n{model.EXAMPLE}```\n\n"
        yield f"<!-- keys {verb} -->\n<!-- end -->\n\n"
        yield f"```mermaid\n{drawn[verb]}```\n\n"


def _in_one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def written(text: str, config_dir: Path) -> str:
    """Return the text with verbs and tables made anew; KeyError for a model that does not exist."""
    if _VERBS_PLACE.search(text):
        verbs = "".join(_verbs(config_dir))
        text = _VERBS_PLACE.sub(lambda place: f"{place[1]}{verbs}{place[2]}", text)
    return _PLACE.sub(lambda place: f"{place[1]}{table(place[2])}{place[3]}", text)


def main() -> None:
    """Write the files named on the command line anew."""
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(written(file.read_text(), file.resolve().parents[1] / "config"))


if __name__ == "__main__":
    main()
