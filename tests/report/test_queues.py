"""What a report on queues says, from books that a store wrote."""

from pathlib import Path

import pytest

from acd.core.memory import QueueVisit
from acd.core.records import Outcome
from acd.report.queues import queue_report
from tests.report.booked import BERT, BILLING, EIGHT, NIGHT, SUPPORT, ended, plan, reported, told
from tests.report.booked import total as total_of
from tests.store import samples

OF_BOTH = plan(BILLING, SUPPORT)


def test_the_example_of_the_glossary(tmp_path: Path) -> None:
    """1,000 answered, 860 of them within T; 60 abandoned, 20 within T, 10 of these short."""
    waits = [5.0] * 860 + [40.0] * 140
    records = [ended(number, wait=wait) for number, wait in enumerate(waits)]
    gone = [(3.0, Outcome.SHORT_ABANDONED)] * 10
    gone += [(15.0, Outcome.ABANDONED)] * 10 + [(60.0, Outcome.ABANDONED)] * 40
    records += [
        ended(2000 + number, wait=wait, talk=None, how=how)
        for number, (wait, how) in enumerate(gone)
    ]
    sheet = reported(queue_report, tmp_path, records, plan(BILLING))
    row = total_of(sheet, BILLING)
    assert (row["offered"], row["answered"], row["answered_within"]) == (1060, 1000, 860)
    assert (row["abandoned"], row["short_abandoned"]) == (60, 10)
    assert row["service_level_e"] == pytest.approx(860 / 1050)
    assert row["abandonment"] == pytest.approx(60 / 1060)
    assert row["average_speed_of_answer_seconds"] == pytest.approx(9.9)
    assert row["average_time_to_abandon_seconds"] == pytest.approx((30 + 150 + 2400) / 60)
    assert row["average_wait_seconds"] == pytest.approx((9900 + 2580) / 1060)
    assert row["longest_wait_seconds"] == 60.0
    [head] = [head for head in sheet.heads if head.name == "service_level_e"]
    assert "variant E" in head.formula


def test_handling_is_talk_hold_and_wrap_up(tmp_path: Path) -> None:
    records = [
        ended(1, wait=10, talk=100, hold=30),
        ended(2, wait=10, talk=50, missed=[BERT]),
        samples.wrap_up(EIGHT + 110, number=1),
        samples.wrap_up_over(EIGHT + 130),
        samples.wrap_up(EIGHT + 160, number=2),
    ]
    sheet = reported(queue_report, tmp_path, records, plan(BILLING), now=EIGHT + 170)
    row = total_of(sheet, BILLING)
    assert row["handled"] == 2
    assert row["average_talk_seconds"] == 60.0
    assert row["average_hold_seconds"] == 15.0
    assert row["average_wrap_up_seconds"] == 15.0, "one lasts, until now"
    assert row["average_handle_seconds"] == 90.0


def test_each_stay_counts_where_it_began(tmp_path: Path) -> None:
    """One who overflowed is offered twice, once to each queue."""
    stays = (
        QueueVisit(BILLING, EIGHT - 10, EIGHT + 50, "overflowed"),
        QueueVisit(SUPPORT, EIGHT + 50, EIGHT + 55, "answered"),
    )
    records = [ended(1, queue=SUPPORT, queue_path=stays, queued_at=EIGHT + 50)]
    sheet = reported(queue_report, tmp_path, records, OF_BOTH, length="1h")
    rows = {(str(row[0])[11:16], row[1]): told(sheet, row) for row in sheet.rows}
    assert rows["07:00", BILLING]["offered"] == rows["07:00", BILLING]["other_outcomes"] == 1
    assert rows["08:00", BILLING]["offered"] == 0
    assert rows["08:00", SUPPORT]["service_level_e"] == 1.0
    assert total_of(sheet)["offered"] == 2


def test_a_wait_clock_that_goes_on_counts_whole(tmp_path: Path) -> None:
    """As in the metrics: T is about the caller, not about his last queue."""
    stays = (
        QueueVisit(BILLING, EIGHT, EIGHT + 50, "overflowed"),
        QueueVisit(SUPPORT, EIGHT + 50, EIGHT + 55, "answered"),
    )
    records = [ended(1, queue=SUPPORT, queue_path=stays, queued_at=EIGHT)]
    row = total_of(reported(queue_report, tmp_path, records, OF_BOTH), SUPPORT)
    assert (row["average_speed_of_answer_seconds"], row["service_level_e"]) == (55.0, 0.0)


def test_nothing_is_zeros_and_dashes_and_said(tmp_path: Path) -> None:
    sheet = reported(queue_report, tmp_path, [], OF_BOTH)
    row = total_of(sheet)
    assert row["offered"] == row["answered_within"] == row["handled"] == 0
    for name in ("service_level_e", "abandonment", "average_wait_seconds", "longest_wait_seconds"):
        assert row[name] is None
    assert any("Nothing was counted" in note for note in sheet.notes)


def test_a_renamed_queue_stands_under_both_names(tmp_path: Path) -> None:
    """Of the old one nobody knows T any more; its level is not made up, and neither is the sum."""
    records = [ended(1, queue=BILLING), ended(2, queue=SUPPORT)]
    sheet = reported(queue_report, tmp_path, records, plan(SUPPORT))
    old, new = total_of(sheet, BILLING), total_of(sheet, SUPPORT)
    assert (old["offered"], old["service_level_e"], old["answered_within"]) == (1, None, None)
    assert (new["offered"], new["service_level_e"]) == (1, 1.0)
    assert total_of(sheet)["service_level_e"] is None
    assert any(BILLING in note for note in sheet.notes)
    again = reported(queue_report, tmp_path, [], plan(SUPPORT), within_seconds=5.0)
    assert total_of(again)["service_level_e"] == 0.0
    assert total_of(again, BILLING)["threshold_seconds"] == 5.0


def test_what_is_not_over_is_said_and_what_has_not_begun_has_no_row(tmp_path: Path) -> None:
    records = [ended(1), samples.living(2, at=EIGHT)]
    sheet = reported(queue_report, tmp_path, records, plan(BILLING), length="1h", now=EIGHT + 900)
    assert len(sheet.rows) == 9
    assert any("1 call is not over" in note for note in sheet.notes)


def test_a_clock_set_back_makes_no_wait_below_nothing(tmp_path: Path) -> None:
    stays = (QueueVisit(BILLING, EIGHT, EIGHT - 100, "answered"),)
    sheet = reported(queue_report, tmp_path, [ended(1, queue_path=stays)], plan(BILLING))
    assert total_of(sheet)["average_wait_seconds"] == 0.0


def test_a_clock_set_back_makes_no_talk_below_nothing(tmp_path: Path) -> None:
    sheet = reported(queue_report, tmp_path, [ended(1, talk=-50.0)], plan(BILLING))
    assert total_of(sheet)["average_handle_seconds"] == 0.0


def test_days_of_which_records_were_deleted_are_said(tmp_path: Path) -> None:
    for days, is_said in ((30, True), (50, False)):
        sheet = reported(queue_report, tmp_path, [], plan(BILLING), records_days=days)
        assert any("may be missing" in note for note in sheet.notes) is is_said


def test_a_second_final_record_of_a_call_counts_nothing(tmp_path: Path) -> None:
    records = [ended(1)]
    reported(queue_report, tmp_path, records, plan(BILLING))
    again = [ended(1, at=EIGHT + 5.0), *records]
    sheet = reported(queue_report, tmp_path, again, plan(BILLING))
    assert (total_of(sheet)["offered"], total_of(sheet)["handled"]) == (1, 1)


def test_the_day_of_25_hours_counts_each_hour_once(tmp_path: Path) -> None:
    autumn = NIGHT - 8 * 86_400 - 3600
    records = [ended(hour, at=autumn + hour * 3600 + 1800) for hour in range(25)]
    day = "2026-10-25"
    sheet = reported(
        queue_report, tmp_path, records, plan(BILLING), since=day, until=day, length="1h"
    )
    assert [told(sheet, row)["offered"] for row in sheet.rows] == [1] * 25
    assert total_of(sheet)["offered"] == 25
