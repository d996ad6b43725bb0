"""A report as rows and columns, whoever shows it.

Rules: a cell that is None is not known or divides by nothing; it is shown as a dash and never as 0.
"""

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import msgspec

Cell = str | int | float | None
Kind = Literal["text", "count", "seconds", "share"]
_T = TypeVar("_T", contravariant=True)


class Head(msgspec.Struct, frozen=True):
    """What is known of a column once its cells are there."""

    name: str
    head: str
    kind: Kind
    formula: str = ""
    detail: bool = False
    """Left out where there is little room."""


class Column(msgspec.Struct, Generic[_T], frozen=True):
    """One column: what files call it, what people read over it, and how it follows from sums."""

    name: str
    """As in CSV, with its unit."""
    head: str
    kind: Kind
    cell: Callable[[_T], Cell]
    formula: str = ""
    """In words, where the head does not say it all."""
    detail: bool = False
    """See ``Head``."""

    @property
    def heading(self) -> Head:
        """What stands over it."""
        return Head(self.name, self.head, self.kind, self.formula, self.detail)


class Sheet(msgspec.Struct, frozen=True):
    """A whole report."""

    title: str
    range: str
    """From when to when, in words."""
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """One for each interval and queue, agent or choice, in this order."""
    totals: tuple[tuple[Cell, ...], ...]
    """The same over the whole range; their first cell is ``total``."""
    sums: tuple[tuple[str, tuple[Cell, ...]], ...]
    """For charts: the name of each interval, and its row over all queues, agents or choices."""
    notes: tuple[str, ...]
    """What a reader must know before he believes it."""


def shown(cell: Cell, kind: Kind) -> str:
    """Return a cell as people read it."""
    if cell is None:
        return "-"
    if kind == "share":
        return f"{100 * float(cell):.1f} %"
    if kind == "seconds":
        return f"{float(cell):,.1f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
