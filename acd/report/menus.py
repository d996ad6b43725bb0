"""The report on menus: which keys callers chose, and what became of those who did.

Rules: a call counts where it came. It is counted once for each time a key was chosen in it, and
once in each row's outcomes; who chose nothing has a row of his own.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from acd.core.states import Outcome
from acd.report.asked import ALL, TOTAL, Asked, notes
from acd.report.sheet import Cell, Column, Head, Sheet
from acd.report.sums import ratio
from acd.store.figures import Figures

NO_CHOICE: Final = "(no choice)"


@dataclass(slots=True)
class MenuSums:
    """What was counted of one choice."""

    selections: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    """Calls with this choice, by outcome."""

    @property
    def calls(self) -> int:
        """Calls in which it was chosen at all."""
        return self.ended.total()

    def count(self, outcome: str, calls: int, times: int) -> None:
        """Add calls in which it was chosen so many times each."""
        self.selections += calls * times
        self.ended[outcome] += calls


_ABANDONED: Final = (Outcome.ABANDONED.value, Outcome.SHORT_ABANDONED.value)

_MENU: Final[tuple[Column[MenuSums], ...]] = (
    Column("selections", "chosen", "count", lambda one: one.selections, "times it was chosen"),
    Column("calls", "calls", "count", lambda one: one.calls, "calls in which it was chosen"),
    Column("answered", "answered", "count", lambda one: one.ended[Outcome.ANSWERED.value]),
    Column("abandoned", "abandoned", "count", lambda one: sum(one.ended[w] for w in _ABANDONED),
           "hung up in a queue"),
    Column("left_in_menu", "left in menu", "count",
           lambda one: one.ended[Outcome.LEFT_IN_MENU.value], "ended in a menu, without a queue"),
    Column("deflected", "deflected", "count", lambda one: one.ended[Outcome.DEFLECTED.value],
           "solved by what they heard"),
    Column("answered_share", "answered", "share",
           lambda one: ratio(one.ended[Outcome.ANSWERED.value], one.calls), "answered / calls"),
)  # fmt: skip


def menu_report(figures: Figures, asked: Asked) -> Sheet:
    """Each choice in each interval."""
    counted: list[tuple[str, dict[str, MenuSums]]] = []
    charted: list[tuple[str, MenuSums]] = []
    totals: dict[str, MenuSums] = {}
    whole = MenuSums()
    for interval in asked.begun():
        found: dict[str, MenuSums] = {}
        together = MenuSums()
        for chosen in figures.chosen(interval.begin, interval.end):
            times = Counter(chosen.path)
            for choice, often in times.items() or ((NO_CHOICE, 0),):
                for kept in (found, totals):
                    kept.setdefault(choice, MenuSums()).count(chosen.outcome, chosen.count, often)
            for both in (whole, together):
                both.count(chosen.outcome, chosen.count, times.total())
        charted.append((interval.name, together))
        counted.append((interval.name, found))
    choices = sorted(totals)

    def row(name: str, choice: str, sums: MenuSums) -> tuple[Cell, ...]:
        menu, _, key = choice.rpartition(":")
        return (name, menu or choice, key if menu else "", *(one.cell(sums) for one in _MENU))

    none = MenuSums()
    return Sheet(
        "Menus",
        asked.range,
        (
            Head("interval", "interval", "text"),
            Head("menu", "menu", "text"),
            Head("key", "key", "text"),
            *(one.heading for one in _MENU),
        ),
        tuple(
            row(name, choice, found.get(choice, none))
            for name, found in counted
            for choice in choices
        ),
        (*(row(TOTAL, one, totals[one]) for one in choices), row(TOTAL, ALL, whole)),
        tuple((name, row(name, ALL, sums)) for name, sums in charted),
        tuple(notes(figures, asked, whole.calls)),
    )
