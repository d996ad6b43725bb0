"""The table of what is counted: a name once, bounds that rise, words that people understand."""

from acd.core.ids import QueueId
from acd.families import Families, QueueCounts
from acd.series import HistogramFamily


def test_each_name_stands_for_one_metric() -> None:
    names = [family.name for family in Families().all()]
    assert len(names) == len(set(names))


def test_bounds_rise() -> None:
    for family in Families().all():
        if isinstance(family, HistogramFamily):
            assert list(family.bounds) == sorted(set(family.bounds))
            assert family.bounds[0] > 0


def test_a_queues_series_are_on_the_page_before_anything_has_happened() -> None:
    families = Families()
    QueueCounts(families, QueueId("fault"), (20.0,), "longest_idle")
    pages = {family.name: family.page(family.copy()) for family in families.all()}
    assert 'acd_calls_offered_total{queue="fault"} 0.0\n' in pages["acd_calls_offered_total"]
    told = pages["acd_wait_prediction_error_seconds"]
    assert 'acd_wait_prediction_error_seconds_count{direction="longer",queue="fault"} 0.0' in told
