"""What callers were told, beside what came of it."""

from acd.calibration import Kept, Predictions
from acd.core.ids import CallId, QueueId

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
    predictions.forget(CALL)
    predictions.forget(CALL)
    assert len(predictions) == 0
    assert predictions.answered(CALL, FAULT, 110.0) is None


def test_a_clock_set_back_is_no_wait_below_nothing() -> None:
    predictions = Predictions()
    predictions.told(CALL, FAULT, 100.0, 60.0)
    assert predictions.answered(CALL, FAULT, 40.0) == Kept(60.0, 0.0)
