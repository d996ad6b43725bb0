"""A timeline as people read it: when, who says so, what, and what is particular about it.

Rules: as in ``acd.account``: wall clock, with the seconds since the first moment beside it; every
text is shown as text. It must not know where the timeline came from.
"""

from datetime import UTC, datetime, tzinfo
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from acd.trace import COMMAND, JOURNAL, LOG, PBX, RECORD, Timeline

_STYLES: Final = {PBX: "cyan", COMMAND: "yellow", JOURNAL: "", LOG: "", RECORD: "green"}


def timeline(of: Timeline, zone: tzinfo | None = None) -> RenderableType:
    """The whole of it for a console; ``zone`` is whose wall clock is meant, else this machine's."""
    notes = [Text(f"note: {_plain(note)}", style="dim") for note in of.notes]
    if not of.moments:
        return Group(Text(f"Call {_plain(of.call)}: nothing is known of it."), *notes)
    began_at = of.moments[0].at
    first = datetime.fromtimestamp(began_at, UTC).astimezone(zone)
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in ("time", "since", "witnesses", "what"):
        table.add_column(column, no_wrap=True, justify="right" if column == "since" else "left")
    table.add_column("about")
    for one in of.moments:
        at = datetime.fromtimestamp(one.at, UTC).astimezone(zone)
        about = " ".join(f"{name}={_plain(text)}" for name, text in one.about.items())
        table.add_row(
            Text(f"{at:%H:%M:%S.%f}"[:-3], style="dim"),
            Text(f"+{one.at - began_at:.1f} s", style="dim"),
            Text("+".join(one.witnesses), style=_STYLES.get(one.witnesses[0], "")),
            Text(_plain(one.what.replace("_", " ")), style="bold"),
            Text(about),
        )
    head = f"Call {_plain(of.call)}, from {first.isoformat(' ', 'seconds')}\n"
    return Group(Text(head), table, *notes)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
