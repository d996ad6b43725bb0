"""A sheet as CSV and as a coloured table.

Rules: a cell that a spreadsheet would take for a formula is written as text. Names come from
elsewhere: they are shown as text, without markup or control characters.
"""

import csv
from collections.abc import Iterable
from itertools import accumulate
from typing import Final, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from acd.report.sheet import Cell, Head, Sheet, shown

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDE: Final = 190
_PADDING: Final = 3
_EDGES: Final = 2
"""Characters that a column and the whole need besides: rich's own spaces."""
_GOOD: Final = 0.8
_FAIR: Final = 0.6
"""Of a service level, for the eye alone: green from the first on, red below the second."""


def safe_cell(cell: Cell) -> str | int | float:
    """Return a cell of CSV: no formula (a quote goes before it), nothing for what is not known."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return cell if isinstance(cell, int) else round(cell, 6)


def write_rows(heads: Iterable[str], rows: Iterable[Iterable[Cell]], out: TextIO) -> None:
    """Write CSV, each row as it comes."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(list(heads))
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)


def write_csv(sheet: Sheet, out: TextIO) -> None:
    """Write a report: the rows of its intervals, without totals, which are no intervals."""
    write_rows((head.name for head in sheet.heads), sheet.rows, out)


def table(sheet: Sheet, width: int = _WIDE) -> RenderableType:
    """The report for a console of so many characters.

    A narrow one gets no details, and no column that has no room; those are named below.
    """
    wanted = [n for n, head in enumerate(sheet.heads) if width >= _WIDE or not head.detail]
    needed = [_width(sheet, place) for place in wanted]
    places = wanted[: _that_fit(needed, width)]
    heads = [sheet.heads[place] for place in places]
    made = Table(title=Text(f"{sheet.title}, {sheet.range}"), title_justify="left", box=SIMPLE_HEAD)
    for head, least in zip(heads, needed, strict=False):
        side: JustifyMethod = "left" if head.kind == "text" else "right"
        made.add_column(Text(head.head), justify=side, no_wrap=side == "left", min_width=least)
    before: Cell = None
    for row, style in (
        *((one, "") for one in sheet.rows),
        *((one, "bold") for one in sheet.totals),
    ):
        if before is not None and row[0] != before:
            made.add_section()
        cells = [row[place] for place in places]
        made.add_row(*_texts(heads, cells, repeats=row[0] == before), style=style)
        before = row[0]
    formulas = [f"{head.head}: {head.formula}" for head in heads if head.formula]
    left_out = ", ".join(sheet.heads[place].head for place in wanted[len(places) :])
    narrow = [f"no room here for {left_out}: widen the terminal, or --format csv"]
    notes = (*sheet.notes, *(narrow if left_out else ()), *formulas)
    return Group(made, *(Text(_plain(line), style="dim") for line in notes))


def _width(sheet: Sheet, place: int) -> int:
    """What a column needs: its longest cell, or the longest word above them."""
    head = sheet.heads[place]
    cells = (shown(row[place], head.kind) for row in (*sheet.rows, *sheet.totals))
    return max(map(len, (*head.head.split(), *cells)))


def _that_fit(widths: list[int], width: int) -> int:
    """How many of the columns have room, from the left; the first two always."""
    ends = accumulate(each + _PADDING for each in widths)
    return max(2, sum(end + _EDGES <= width for end in ends))


def _texts(heads: Iterable[Head], row: Iterable[Cell], *, repeats: bool) -> Iterable[Text]:
    for number, (head, cell) in enumerate(zip(heads, row, strict=True)):
        text = "" if repeats and number == 0 else _plain(shown(cell, head.kind))
        yield Text(text, style=_style(head, cell))


def _style(head: Head, cell: Cell) -> str:
    if cell is None or cell == 0:
        return "dim"
    if head.name == "service_level_e" and isinstance(cell, float):
        return "green" if cell >= _GOOD else "yellow" if cell >= _FAIR else "red"
    if head.name in ("abandoned", "rings_unanswered"):
        return "yellow"
    return ""


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
