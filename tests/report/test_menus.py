"""What a report on menus says."""

from pathlib import Path

from acd.core.records import Outcome
from acd.report.menus import NO_CHOICE, menu_report
from tests.report.booked import BILLING, ended, plan, reported, told
from tests.report.booked import total as total_of


def test_choices_are_counted_with_what_became_of_the_calls(tmp_path: Path) -> None:
    left = {"talk": None, "how": Outcome.LEFT_IN_MENU, "queue_path": (), "legs": ()}
    records = [
        ended(1, menu_path=("main:1", "billing:2")),
        ended(2, menu_path=("main:1", "billing:2", "billing:2")),
        ended(3, menu_path=("main:1",), talk=None),
        ended(4, menu_path=("main:1",), **left),  # type: ignore[arg-type]
        ended(5, menu_path=(), **left),  # type: ignore[arg-type]
    ]
    sheet = reported(menu_report, tmp_path, records, plan(BILLING))
    rows = {row[1:3]: told(sheet, row) for row in sheet.totals}
    main = rows["main", "1"]
    assert (main["selections"], main["calls"], main["answered"]) == (4, 4, 2)
    assert (main["abandoned"], main["left_in_menu"]) == (1, 1)
    assert main["answered_share"] == 0.5
    assert (rows["billing", "2"]["selections"], rows["billing", "2"]["calls"]) == (3, 2)
    assert rows[NO_CHOICE, ""]["calls"] == 1
    assert (total_of(sheet)["calls"], total_of(sheet)["selections"]) == (5, 7)


def test_nobody_is_said(tmp_path: Path) -> None:
    sheet = reported(menu_report, tmp_path, [], plan(BILLING))
    assert sheet.rows == ()
    assert any("Nothing was counted" in note for note in sheet.notes)
