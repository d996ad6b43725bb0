"""What a report on agents says: where their time went."""

from pathlib import Path

import pytest

from acd.core.records import Presence
from acd.report.agents import agent_report
from tests.report.booked import ANNA, BERT, BILLING, EIGHT, ended, plan, reported, told
from tests.report.booked import total as total_of
from tests.store.samples import presence, wrap_up, wrap_up_over

NINE = EIGHT + 3600


def a_morning() -> list[object]:
    """Anna: an hour and a half from eight, a talk over nine o'clock, half an hour of pause."""
    return [
        presence(EIGHT, Presence.READY),
        presence(EIGHT + 600, Presence.NOT_READY, "break"),
        presence(EIGHT + 1500, Presence.READY),
        ended(1, at=NINE - 130, wait=10, talk=240, hold=20),
        presence(NINE - 60, Presence.NOT_READY, "lunch"),
        wrap_up(NINE + 120),
        wrap_up_over(NINE + 180),
        presence(NINE + 1800, Presence.LOGGED_OUT),
    ]


def test_seconds_count_where_they_were_spent(tmp_path: Path) -> None:
    records = [*a_morning(), ended(2, at=EIGHT, agent=BERT, missed=[ANNA])]
    sheet = reported(agent_report, tmp_path, records, plan(BILLING), length="1h", agents_shown=True)  # type: ignore[arg-type]
    rows = {(str(row[0])[11:16], row[1]): told(sheet, row) for row in sheet.rows}
    eight, nine = rows["08:00", ANNA], rows["09:00", ANNA]
    assert (eight["staffed_seconds"], nine["staffed_seconds"]) == (3600, 1800)
    assert (eight["work_seconds"], nine["work_seconds"]) == (120, 180)
    assert (eight["not_ready_seconds"], nine["not_ready_seconds"]) == (900, 1620)
    assert eight["occupancy"] == pytest.approx(120 / 2700)
    assert nine["occupancy"] == pytest.approx(1.0), "a pause in a talk is no pause yet"
    assert nine["utilisation"] == pytest.approx(0.1)
    assert (eight["handled"], nine["handled"]) == (0, 1)
    assert nine["average_handle_seconds"] == 300.0
    assert (eight["rings_unanswered"], rows["08:00", BERT]["handled"]) == (1, 1)
    assert total_of(sheet, ANNA)["staffed_seconds"] == 5400


def test_agents_are_one_row_unless_it_is_switched_on(tmp_path: Path) -> None:
    records = [*a_morning(), ended(2, agent=BERT)]
    sheet = reported(agent_report, tmp_path, records, plan(BILLING))  # type: ignore[arg-type]
    texts = [str(cell) for row in (*sheet.rows, *sheet.totals) for cell in row]
    assert not {ANNA, BERT} & {*texts}
    assert total_of(sheet)["handled"] == 2
    assert total_of(sheet)["work_seconds"] == 240 + 60 + 60
    assert any("single agents are off" in note for note in sheet.notes)


def test_what_lasts_counts_until_now(tmp_path: Path) -> None:
    records = [presence(EIGHT, Presence.READY), presence(EIGHT + 100, Presence.NOT_READY, "x")]
    sheet = reported(agent_report, tmp_path, records, plan(BILLING), now=EIGHT + 300)
    assert total_of(sheet)["staffed_seconds"] == 300
    assert total_of(sheet)["not_ready_seconds"] == 200
    assert total_of(sheet)["occupancy"] == 0.0


def test_nobody_is_dashes(tmp_path: Path) -> None:
    sheet = reported(agent_report, tmp_path, [], plan(BILLING))
    assert (total_of(sheet)["staffed_seconds"], total_of(sheet)["occupancy"]) == (0, None)
