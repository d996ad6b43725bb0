"""The look-ups of ``acd.yaml``: what menus may ask other programs about a caller.

Rules: an address names only what can be known of a caller; a file with a token is named, never
read, so that no secret stands in a plan.
This module must not know how anybody is asked (``acd.lookups``).
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from acd.config.explain import is_known
from acd.config.schema import AcdFile
from acd.config.source import Source
from acd.core.plan import LookupPlan

_NAMES: Final = re.compile(r"\{([^{}]*)\}")


def compile_lookups(acd: AcdFile, config_dir: Path) -> dict[str, LookupPlan]:
    """Return the look-ups by name."""
    return {
        name: LookupPlan(
            url=entry.url,
            into=dict(entry.into),
            timeout_seconds=entry.timeout_seconds,
            token_file=str(config_dir / entry.token_file) if entry.token_file else "",
        )
        for name, entry in acd.lookups.items()
    }


def check_lookups(source: Source, acd: AcdFile, known: Collection[str]) -> None:
    """Blame each address that names an attribute nobody sets; ``known`` are those."""
    for name, entry in acd.lookups.items():
        for attribute in _NAMES.findall(entry.url):
            is_known(source, ("lookups", name, "url"), "attribute", attribute, known)
