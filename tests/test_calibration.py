"""What callers were told, beside what came of it."""

from acd.calibration import FRESH_SECONDS, Kept, Predictions, Samples
from acd.core.ids import CallId, QueueId
from acd.core.records import QueueView

CALL, FAULT, BILLING = CallId("main-1.1"), QueueId("fault"), QueueId("billing")


def test_the_first_prediction_of_a_queue_visit_counts() -> None:
    predictions = Predictions()
    predictions.told(CALL, FAULT, 100.0, 60.0)
    predictions.told(CALL, FAULT, 130.0, 5.0)
    assert predictions.answered(CALL, FAULT, 180.0) == Kept(60.0, 80.0)
    assert predictions.answered(CALL, FAULT, 181.0) is None


def test_another_queue_is_another_visit() -> None:
    predictions = Predictions()
    predictions.told(CALL, FAULT, 100.0, 60.0)
    assert predictions.answered(CALL, BILLING, 110.0) is None
    predictions.told(CALL, FAULT, 120.0, 60.0)
    predictions.told(CALL, BILLING, 130.0, 10.0)
    assert predictions.answered(CALL, BILLING, 150.0) == Kept(10.0, 20.0)


def test_who_leaves_is_forgotten() -> None:
    predictions = Predictions()
    predictions.told(CALL, FAULT, 100.0, 60.0)
    assert predictions.left(CALL, 130.0) == (FAULT, Kept(60.0, 30.0))
    assert predictions.left(CALL, 140.0) is None
    assert len(predictions) == 0
    assert predictions.answered(CALL, FAULT, 110.0) is None


def test_a_clock_set_back_is_no_wait_below_nothing() -> None:
    predictions = Predictions()
    predictions.told(CALL, FAULT, 100.0, 60.0)
    assert predictions.answered(CALL, FAULT, 40.0) == Kept(60.0, 0.0)


def view(queue: QueueId, estimate_seconds: float | None) -> QueueView:
    return QueueView(queue, queue, 0, 0, 0, 0.0, 0, 0, estimate_seconds)


def test_the_first_who_joins_after_a_look_is_a_sample_told_or_not() -> None:
    samples, second = Samples(), CallId("main-1.2")
    samples.looked([view(FAULT, 60.0), view(BILLING, None)], 100.0)
    samples.joined(CALL, FAULT, 102.0)
    samples.joined(second, FAULT, 103.0)
    samples.joined(CallId("main-1.3"), BILLING, 103.0)
    assert len(samples) == 1
    assert samples.answered(second, FAULT, 160.0) is None
    assert samples.answered(CALL, FAULT, 172.0) == Kept(60.0, 70.0)


def test_an_estimate_of_some_time_ago_is_for_nobody() -> None:
    samples = Samples()
    samples.looked([view(FAULT, 60.0)], 100.0)
    samples.joined(CALL, FAULT, 100.1 + FRESH_SECONDS)
    assert len(samples) == 0
    samples.looked([view(FAULT, 50.0)], 110.0)
    samples.looked([], 111.0)
    samples.joined(CALL, FAULT, 112.0)
    assert len(samples) == 0
