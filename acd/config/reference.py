"""Writes what may stand in menus into docs/menus.md, from the models that read them.

    python -m acd.config.reference docs/menus.md

A table stands between ``<!-- keys NAME -->`` and ``<!-- end -->``; what is there is replaced.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from acd.config.conditions import WhenEntry
from acd.config.explain import descriptions
from acd.config.schema import CodesFile, ExpectEntry, MenuFile
from acd.config.target import CollectEntry, Target
from acd.config.verbs import VERBS, AttributeNeedEntry

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

_PLACE: Final = re.compile(r"(<!-- keys (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(name: str) -> str:
    """Return the keys of one model, each with what it is for; those all targets have left out."""
    model = MODELS[name]
    told = descriptions(model)
    common = set(Target.model_fields) if name in VERBS else set()
    rows = []
    for key, field in model.model_fields.items():
        if key not in common:
            needed = "needed" if field.is_required() else ""
            text = told[key].replace("``", "`").replace("\n", " ")
            rows.append(f"| `{key}` | {needed} | {re.sub(' +', ' ', text)} |\n")
    return f"| key | | |\n|---|---|---|\n{''.join(rows)}"


def written(text: str) -> str:
    """Return the text with each table made anew; KeyError for a model that does not exist."""
    return _PLACE.sub(lambda place: f"{place[1]}{table(place[2])}{place[3]}", text)


def main() -> None:
    """Write the files named on the command line anew."""
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(written(file.read_text()))


if __name__ == "__main__":
    main()
