"""What is counted goes on when the plan changes, and stays right when clocks do not."""

import msgspec
import pytest

from acd.core.events import RingOutcome
from acd.core.ids import QueueId
from acd.core.queueplan import Strategy
from acd.core.records import (
    AgentRung,
    CallAnswered,
    CallQueued,
    MenuSelected,
    Outcome,
    RingEnded,
    TalkEnded,
    WaitAnnounced,
    WrapUpEnd,
    WrapUpEnded,
)
from acd.labels import OTHER
from tests.pages import ADA, CALL, OFFER, ended, made, page, series, value
from tests.web.centre import BILLING, FAULT, MAIN, MENU, NOW, plan

GONE = QueueId("gone")


def answered(at: float = NOW, waited: float = 15.0) -> CallAnswered:
    return CallAnswered(at, CALL, FAULT, ADA, wait_seconds=waited, ring_seconds=4.0)


@pytest.mark.parametrize(("told", "direction"), [(60.0, "longer"), (100.0, "shorter")])
def test_what_callers_were_told_is_compared_with_their_wait(told: float, direction: str) -> None:
    metrics = made()
    metrics.observe([WaitAnnounced(NOW - 80, CALL, FAULT, 1, told)])
    metrics.observe([WaitAnnounced(NOW - 20, CALL, FAULT, 1, 1.0), answered()])
    metrics.observe([answered()])
    assert value(metrics, "acd_wait_predicted_seconds_total", queue="fault") == told
    assert value(metrics, "acd_wait_actual_seconds_total", queue="fault") == 80
    for way in ("longer", "shorter"):
        labels = {"queue": "fault", "direction": way}
        error = value(metrics, "acd_wait_prediction_error_seconds_sum", **labels)
        count = value(metrics, "acd_wait_prediction_error_seconds_count", **labels)
        assert (error, count) == ((20, 1) if way == direction else (0, 0))


def test_who_hung_up_is_no_measure_of_what_he_was_told() -> None:
    metrics = made()
    metrics.observe([WaitAnnounced(NOW - 80, CALL, FAULT, 1, 60.0), ended(Outcome.ABANDONED)])
    metrics.observe([answered()])
    assert value(metrics, "acd_wait_actual_seconds_total", queue="fault") == 0


@pytest.mark.parametrize("end", ["answered", "left"])
def test_who_joins_after_a_scrape_tells_how_right_its_estimate_was(end: str) -> None:
    metrics = made()
    page(metrics)
    metrics.observe([CallQueued(NOW + 1, CALL, FAULT, NOW)])
    gone = ended(Outcome.ABANDONED)
    metrics.observe(
        [answered(at=NOW + 31)]
        if end == "answered"
        else [msgspec.structs.replace(gone, at=NOW + 31)]
    )
    for name, wanted in (
        ("samples_total", 1),
        ("sample_predicted_seconds_total", 95),
        ("sample_actual_seconds_total", 30),
    ):
        for way in ("answered", "left"):
            found = value(metrics, f"acd_wait_{name}", queue="fault", end=way)
            assert found == (wanted if way == end else 0)


def test_an_answer_counts_by_the_target_of_its_time() -> None:
    metrics = made()
    before = plan()
    assert value(metrics, "acd_queue_target_seconds", queue="fault") == 15
    metrics.observe([answered(waited=15.0), answered(waited=16.0)])
    longer = msgspec.structs.replace(before.queues[FAULT], target_seconds=40.0)
    metrics.adopt(msgspec.structs.replace(before, queues={**before.queues, FAULT: longer}))
    metrics.observe([answered(waited=16.0), answered(waited=41.0)])
    assert value(metrics, "acd_queue_target_seconds", queue="fault") == 40
    assert value(metrics, "acd_calls_answered_in_target_total", queue="fault") == 2


def test_a_clock_set_back_makes_no_time_negative() -> None:
    metrics = made()
    metrics.observe(
        [
            answered(waited=-3600.0),
            TalkEnded(NOW, CALL, FAULT, ADA, talk_seconds=-3600.0, hold_seconds=-3600.0),
            WrapUpEnded(NOW, ADA, FAULT, WrapUpEnd.CAP, -3600.0),
            RingEnded(NOW, OFFER, CALL, FAULT, ADA, RingOutcome.BUSY, -3600.0),
            ended(Outcome.ABANDONED, waited=-3600.0),
        ]
    )
    assert all(number >= 0 for (name, _), number in series(metrics).items() if "acd" in name)
    assert value(metrics, "acd_wait_seconds_count", queue="fault") == 1
    assert value(metrics, "acd_wrap_up_seconds_sum", queue="fault") == 0


def test_a_renamed_queue_keeps_what_it_has_counted() -> None:
    metrics = made()
    metrics.observe([CallQueued(NOW, CALL, FAULT, NOW)] * 3)
    lab = QueueId("lab")
    metrics.adopt(plan(lab, BILLING))
    # Who was on his way to it under the old name is still counted there.
    metrics.observe([CallQueued(NOW, CALL, FAULT, NOW), CallQueued(NOW, CALL, lab, NOW)])
    assert value(metrics, "acd_calls_offered_total", queue="fault") == 4
    assert value(metrics, "acd_calls_offered_total", queue="lab") == 1
    metrics.adopt(plan())
    assert value(metrics, "acd_calls_offered_total", queue="fault") == 4


def test_a_new_plan_adds_its_queues_and_keys_and_keeps_the_sums() -> None:
    metrics = made()
    metrics.observe([CallQueued(NOW, CALL, FAULT, NOW)])
    metrics.adopt(plan(FAULT, QueueId("lab"), keys="123"))
    metrics.observe(
        [CallQueued(NOW, CALL, QueueId("lab"), NOW), MenuSelected(NOW, CALL, MENU, "3")]
    )
    assert value(metrics, "acd_calls_offered_total", queue="fault") == 1
    assert value(metrics, "acd_calls_offered_total", queue="lab") == 1
    assert value(metrics, "acd_menu_selections_total", menu="main", option="3") == 1


def test_rings_are_counted_by_the_strategy_of_their_time() -> None:
    metrics = made()
    rung = AgentRung(NOW, OFFER, CALL, FAULT, ADA)
    metrics.observe([rung])
    before = plan()
    all_at_once = msgspec.structs.replace(before.queues[FAULT], strategy=Strategy.RING_ALL)
    queues = {**before.queues, FAULT: all_at_once}
    metrics.adopt(msgspec.structs.replace(before, queues=queues))
    metrics.observe([rung, rung, AgentRung(NOW, OFFER, CALL, GONE, ADA)])
    for strategy, times in (("longest_idle", 1), ("ring_all", 2)):
        assert value(metrics, "acd_rings_total", queue="fault", strategy=strategy) == times
    assert value(metrics, "acd_rings_total", queue=OTHER, strategy=OTHER) == 1


def test_a_pbx_whose_clock_differs_is_told() -> None:
    metrics = made()
    for seconds, shown in ((0.004, 0.004), (-7.0, -7.0), (-1e9, -86_400.0), (1e300, 86_400.0)):
        metrics.ami_lag(MAIN, seconds)
        metrics.ami_lag(MAIN, float("nan"))
        assert value(metrics, "acd_ami_clock_offset_seconds", pbx="main") == shown
    assert value(metrics, "acd_ami_lag_seconds_count", pbx="main") == 2
