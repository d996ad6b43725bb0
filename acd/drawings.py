"""Draws the state machines into DESIGN.md from their tables, so that the drawings cannot go stale.

    python -m acd.drawings DESIGN.md

A drawing stands between ``<!-- machine NAME -->`` and ``<!-- end -->``; what is there is replaced.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from acd.core.agent import ACTIVITY, PRESENCE
from acd.core.call import CALL
from acd.core.voicemail import VOICEMAIL

DRAWINGS: Final[Mapping[str, str]] = {
    machine.name: f"```mermaid\n{machine.mermaid()}\n```"
    for machine in (CALL, PRESENCE, ACTIVITY, VOICEMAIL)
}

_PLACE: Final = re.compile(r"(<!-- machine (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawn(text: str) -> str:
    """Return the text with each drawing made anew; KeyError for a machine that does not exist."""
    return _PLACE.sub(lambda place: f"{place[1]}{DRAWINGS[place[2]]}\n{place[3]}", text)


def main() -> None:
    """Redraw the files named on the command line."""
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(drawn(file.read_text()))


if __name__ == "__main__":
    main()
