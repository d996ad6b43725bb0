"""The report on prompts as people read it: a table of what is to be done, and a line that counts.

Rules: without ``everything`` only those show of which something is to be said. Every text is shown
as text, without markup or control characters, because file names come from elsewhere.
It must not know how a prompt is measured.
"""

import json
from collections.abc import Iterable
from typing import TextIO

import msgspec
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from acd.config.promptreport import Report, Row, State

WIDTH = 160
"""In a file or a pipe, where there is no window."""


def show(report: Report, out: TextIO, *, everything: bool = False) -> None:
    """Print the report."""
    console = Console(file=out, highlight=False, width=None if out.isatty() else WIDTH)
    console.print(sheet(report, everything=everything))


def in_json(report: Report) -> str:
    """Return all of the report as one JSON object."""
    whole = {**msgspec.to_builtins(report), "counts": report.counts(), "grave": report.grave}
    return json.dumps(whole, ensure_ascii=False, indent=1)


def sheet(report: Report, *, everything: bool = False) -> RenderableType:
    """The whole report, for a console."""
    rows = [row for row in report.rows if everything or row.findings or row.state is State.UNUSED]
    parts: list[RenderableType] = [_table(rows)] if rows else []
    if report.notice:
        parts.append(Text(report.notice, style="bold yellow"))
    return Group(*parts, Text(_counted(report)))


def _table(rows: Iterable[Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("prompt", overflow="fold")
    table.add_column("is", no_wrap=True)
    for column in ("s", "peak", "level"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("what is wrong", overflow="fold")
    for row in rows:
        details = [f"{one.fault}: {one.detail}" for one in row.findings]
        table.add_row(
            Text(_plain(row.name)),
            Text(row.state, style="red" if row.grave else ""),
            *(Text("" if one is None else f"{one:.1f}") for one in _figures(row)),
            Text("\n".join(map(_plain, details)), style="bold" if row.grave else ""),
        )
    return table


def _figures(row: Row) -> tuple[float | None, ...]:
    return row.seconds, row.peak_db, row.level_db


def _counted(report: Report) -> str:
    prompts = sum(row.state is not State.UNUSED for row in report.rows)
    found = ", ".join(f"{count} {what}" for what, count in report.counts().items() if count)
    return f"{prompts} prompts: {found or 'none'}"


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
