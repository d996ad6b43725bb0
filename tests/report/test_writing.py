"""CSV that spreadsheets cannot run, and a table that is read as text."""

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from acd.core.ids import QueueId
from acd.report.queues import queue_report
from acd.report.sheet import shown
from acd.report.writing import safe_cell, table, write_csv
from tests.report.booked import BILLING, ended, plan, reported


@pytest.mark.parametrize("text", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_written_as_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_other_cells_are_as_they_are() -> None:
    assert [safe_cell(one) for one in ("billing", 3, -3, 0.25, None)] == [
        "billing",
        3,
        -3,
        0.25,
        "",
    ]


def test_csv_has_a_line_for_each_interval_and_queue(tmp_path: Path) -> None:
    sheet = reported(queue_report, tmp_path, [ended(1)], plan(BILLING), length="1h")
    out = io.StringIO()
    write_csv(sheet, out)
    rows = list(csv.DictReader(out.getvalue().splitlines()))
    assert len(rows) == 24
    assert rows[8]["interval"] == "2026-11-02 08:00+01:00"
    assert (rows[8]["offered"], rows[8]["service_level_e"]) == ("1", "1.0")
    assert (rows[9]["offered"], rows[9]["service_level_e"]) == ("0", "")


def test_the_table_says_what_its_columns_are_and_names_are_no_markup(tmp_path: Path) -> None:
    hostile = QueueId("[red]x\x1b[2J")
    sheet = reported(queue_report, tmp_path, [ended(1, queue=hostile)], plan(BILLING))
    console = Console(width=300, record=True, force_terminal=True, file=io.StringIO())
    console.print(table(sheet))
    text = console.export_text()
    assert "SL (E)" in text
    assert "variant E: answered within T / (offered - short abandons)" in text
    assert "[red]x?[2J" in text


@pytest.mark.parametrize("width", [80, 100, 132, 190])
def test_a_narrow_table_shows_whole_numbers_and_names_what_has_no_room(
    tmp_path: Path, width: int
) -> None:
    """In eighty columns every figure was an ellipsis."""
    sheet = reported(queue_report, tmp_path, [ended(1)], plan(BILLING), length="1h")
    console = Console(width=width, record=True, force_terminal=True, file=io.StringIO())
    console.print(table(sheet, console.width))
    text = console.export_text()
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "offered" in text
    head = text.split("2026-11-02 00:00")[0]
    assert ("AHT" in head) is ("no room here for" not in text)


def test_cells_are_shown_with_their_units() -> None:
    assert shown(0.8191, "share") == "81.9 %"
    assert shown(12345, "count") == "12,345"
    assert shown(71.25, "seconds") == "71.2"
    assert shown(None, "seconds") == "-"
