"""The table of the fault matrix: counted by several, shown as one."""

from pathlib import Path

import pytest

from tests.faults import table
from tests.faults.ledger import Ledger, sightings

ROOT = Path(__file__).parents[2]


def row(shown: list[str], number: int) -> list[str]:
    (line,) = (line for line in shown if line.startswith(f"| {number:>3} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_what_several_tests_saw_of_a_row_is_one_line(tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    Ledger(tally).saw(8, tries=20, lost=0, repaired=3, first_ring_ms=[100, 300])
    Ledger(tally).saw(8, tries=5, lost=1, first_ring_ms=[1200])
    shown = list(table.lines(sightings(tally)))
    assert row(shown, 8)[2:] == ["25", "1", "3", "300 ms", "1,200 ms"]
    assert row(shown, 9)[2:] == ["-"] * 5


def test_every_row_has_a_line_and_what_is_left_out_says_so(tmp_path: Path) -> None:
    shown = list(table.lines(sightings(tmp_path / "none")))
    assert [int(line.split("|")[1]) for line in shown[2:]] == list(range(1, 29))
    assert all("not in scope here" in row(shown, number)[1] for number in (22, 24, 25, 26))


def test_the_table_takes_the_place_of_the_last_one() -> None:
    page = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    assert table.rewritten(page, ["new"]) == f"before\n{table.BEGIN}\nnew\n{table.END}\nafter\n"
    with pytest.raises(ValueError, match="no place for the table"):
        table.rewritten("a page without", ["new"])


def test_the_page_has_a_place_for_it_with_every_row() -> None:
    page = (ROOT / "docs/reliability.md").read_text()
    generated = page.partition(table.BEGIN)[2].partition(table.END)[0]
    titles = [line.split("|")[2].strip() for line in generated.splitlines()[3:]]
    assert titles == [table.cells(number, [])[1] for number in table.ROWS]
