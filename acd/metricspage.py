"""Writes every metric into docs/metrics.md, from the tables that the daemon's page is made of.

    python -m acd.metricspage docs/metrics.md

What stands between ``<!-- metrics CHAPTER -->`` and ``<!-- end -->`` is replaced by a table, and
between ``<!-- formulas -->`` and ``<!-- end -->`` by what can be computed from them.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from acd.bookgauges import JOURNAL, STORE
from acd.core.ids import MenuId
from acd.core.plan import Plan
from acd.core.records import Snapshot
from acd.core.states import Outcome
from acd.dashboards.formulas import FORMULAS
from acd.deletion import DELETED
from acd.enginegauges import PROCESS
from acd.families import Chapter, Families
from acd.gauges import Figure, agent_gauges, call_gauges, skill_gauges


class Row(NamedTuple):
    """One metric as the page tells it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def rows() -> Mapping[str, list[Row]]:
    """Return every metric of ours by chapter, in the order of the tables."""
    made, nothing = Families(), Snapshot(at=0.0, queues=(), calls=(), agents=())
    agents = [*agent_gauges(nothing, _NO_PLAN), *skill_gauges(nothing, _NO_PLAN)]
    return {
        "calls": [*_counted(made.calls), *_looked_at(call_gauges(nothing))],
        "agents": [*_counted(made.agents), *_looked_at(agents)],
        "menus": [*_counted(made.menus)],
        "engine": [*_counted(made.engine), *_looked_at(PROCESS)],
        "pbx": [*_counted(made.pbx)],
        "books": [*_looked_at((*STORE, *JOURNAL, DELETED))],
    }


_NO_PLAN: Final = Plan(
    queues={},
    agents={},
    menus={},
    callers_menu=MenuId(""),
    code_menus={},
    not_ready_reasons=(),
    prompts_path_on_pbx="",
    service_name="",
    service_number="",
)


def _counted(chapter: Chapter) -> Iterator[Row]:
    for family in chapter.made:
        yield Row(family.name, family.kind, family.label_names, family.text)


def _looked_at(figures: Iterable[Figure]) -> Iterator[Row]:
    for figure in figures:
        kind = "counter" if figure.counts else "gauge"
        yield Row(figure.name, kind, figure.labels, figure.text)


def table(chapter: str) -> str:
    """Return one chapter's metrics; KeyError when there is no such chapter."""
    lines = ["| metric | kind | labels | |", "|---|---|---|---|"]
    for row in rows()[chapter]:
        labels = ", ".join(f"`{label}`" for label in row.labels)
        lines.append(f"| `{row.name}` | {row.kind} | {labels} | {row.text} |")
    return "\n".join(lines) + "\n"


def formulas() -> str:
    """Return what can be computed, each with its PromQL."""
    return "\n".join(
        f"**{formula.name}**: {formula.text}\n\n```promql\n{formula.promql}\n```\n"
        for formula in FORMULAS
    )


_TABLE: Final = re.compile(r"(<!-- metrics (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FORMULAS: Final = re.compile(r"(<!-- formulas -->\n).*?(<!-- end -->)", re.DOTALL)
_OUTCOMES: Final = re.compile(r"(<!-- outcomes -->).*?(<!-- end -->)", re.DOTALL)


def written(text: str) -> str:
    """Return the text with tables and formulas made anew."""
    outcomes = ", ".join(f"`{outcome.value}`" for outcome in Outcome)
    text = _TABLE.sub(lambda place: f"{place[1]}{table(place[2])}{place[3]}", text)
    text = _FORMULAS.sub(lambda place: f"{place[1]}{formulas()}{place[2]}", text)
    return _OUTCOMES.sub(lambda place: f"{place[1]}{outcomes}{place[2]}", text)


def main() -> None:
    """Write the files named on the command line anew."""
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(written(file.read_text()))


if __name__ == "__main__":
    main()
