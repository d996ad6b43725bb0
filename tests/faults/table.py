"""The fault matrix as a table of what its tests have seen: `python -m tests.faults.table`.

With `--write docs/reliability.md` it takes the place of the page's last one.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.faults.ledger import TALLY, Sighting, sightings

ROWS: Final[dict[int, str]] = {
    1: "engine killed, callers in menus",
    2: "engine killed, callers waiting",
    3: "engine killed, phones ringing",
    4: "engine killed, talks under way",
    5: "engine killed, agents in wrap-up",
    6: "engine killed between decision, action and response",
    7: "engine does not come back",
    8: "AMI connection cut",
    9: "AMI connection half-open",
    10: "Asterisk restarted, stopped, killed",
    11: "slow AMI: engine stalled, connection throttled",
    12: "AMI messages lost, doubled, out of order",
    13: "forged events, hostile headers",
    14: "database locked",
    15: "disk full",
    16: "PostgreSQL gone, restarted, slow",
    17: "killed while committing, power loss",
    18: "bad configuration, missing prompt",
    19: "clock jumps",
    20: "agent's device unreachable, busy, silent, gone",
    21: "hang-ups that race",
    22: "two agents answer, stale call to a phone, a second engine",
    23: "flood of keys",
    24: "burst of callers",
    25: "HTTP without the right token",
    26: "HTTP slow, large or too much",
    27: "leaks of memory and files",
    28: "restarts under load",
}
"""The rows of the matrix, by number."""

ELSEWHERE: Final[dict[int, str]] = {
    22: "two engines with data of their own are not in scope here",
    24: "small; the big box is not in scope here",
    25: "not in scope here",
    26: "not in scope here",
}
"""What of the matrix these tests leave out."""

BEGIN: Final = "<!-- fault table: `make fault-table` writes it -->"
END: Final = "<!-- end of the fault table -->"

HEAD: Final = ("row", "fault", "tries", "lost", "repaired", "first ring, median", "worst")


def cells(row: int, seen: Sequence[Sighting]) -> tuple[str, ...]:
    """One row of the table, all its sightings together."""
    title = ROWS[row] + (f" ({ELSEWHERE[row]})" if row in ELSEWHERE else "")
    if not seen:
        return str(row), title, "-", "-", "-", "-", "-"
    rings = [each for one in seen for each in one.first_ring_ms]
    return (
        str(row),
        title,
        f"{sum(one.tries for one in seen):,}",
        f"{sum(one.lost for one in seen):,}",
        f"{sum(one.repaired for one in seen):,}",
        f"{median(rings):,.0f} ms" if rings else "-",
        f"{max(rings):,.0f} ms" if rings else "-",
    )


def lines(seen: Iterable[Sighting]) -> Iterator[str]:
    """The table in Markdown, its columns in line, so that a terminal can show it as well."""
    by_row: dict[int, list[Sighting]] = {row: [] for row in ROWS}
    for one in seen:
        by_row[one.row].append(one)
    rows = [HEAD, *(cells(row, found) for row, found in by_row.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]

    def line(row: Sequence[str]) -> str:
        padded = (
            text.ljust(width) if column == 1 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rules = [
        "-" * width if column == 1 else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    ]
    yield line(HEAD)
    yield line(rules)
    yield from (line(row) for row in rows[1:])


def rewritten(page: str, table: Iterable[str]) -> str:
    """The page with this table in place of its last; raises ValueError where there is no place."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for the table: the page needs the lines {BEGIN} and {END}")
    return "\n".join([before + begin, *table, end]) + after


class TablePlugin:
    """Shows the table at the end of a run that had tests of the matrix."""

    def __init__(self, tally: Path, *, goes_on: bool = False) -> None:
        """``goes_on``: what the tally holds already is of this very run."""
        self._tally = tally
        self._before = 0 if goes_on else self._size()

    def _size(self) -> int:
        return self._tally.stat().st_size if self._tally.exists() else 0

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        seen = list(sightings(self._tally)) if self._size() > self._before else []
        if seen:
            terminalreporter.write_sep("-", "the fault matrix, as it was seen")
            for line in lines(seen):
                terminalreporter.write_line(line)


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.table", description=__doc__)
    parser.add_argument("--tally", type=Path, default=Path(TALLY))
    parser.add_argument("--write", type=Path, metavar="PAGE")
    given = parser.parse_args()
    table = list(lines(sightings(given.tally)))
    if given.write is None:
        print("\n".join(table))
    else:
        given.write.write_text(rewritten(given.write.read_text(), table))


if __name__ == "__main__":
    main()
