"""Lines as Prometheus reads them, and numbers that never go backwards."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from acd.series import CounterFamily, GaugeFamily, HistogramFamily


def read(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


@given(st.text(), st.text(), st.text())
def test_any_text_is_read_back_as_it_was(help_text: str, first: str, second: str) -> None:
    family = CounterFamily("acd_x_total", help_text.replace("\r", ""), ("b", "a"))
    family.labels(first, second).inc(3)
    assert read(family.page(family.copy())) == {("acd_x_total", (("a", second), ("b", first))): 3.0}


def test_one_child_for_the_same_labels() -> None:
    family = GaugeFamily("acd_x", "X.", ("a",))
    family.labels("1").set(5)
    family.labels("1").set(6)
    assert family.page(family.copy()) == '# HELP acd_x X.\n# TYPE acd_x gauge\nacd_x{a="1"} 6.0\n'
    with pytest.raises(ValueError, match="zip"):
        family.labels("1", "2")


def test_a_histogram_counts_what_is_at_most_each_bound() -> None:
    family = HistogramFamily("acd_x_seconds", "X.", (), (1, 2.5))
    child = family.labels()
    for seconds in (0.5, 1.0, 2.0, 9.0):
        child.observe(seconds)
    found = {
        name + "".join(end for _, end in labels): v
        for (name, labels), v in read(family.page(family.copy())).items()
    }
    assert found == {
        "acd_x_seconds_bucket1.0": 2,
        "acd_x_seconds_bucket2.5": 3,
        "acd_x_seconds_bucket+Inf": 4,
        "acd_x_seconds_count": 4,
        "acd_x_seconds_sum": 12.5,
    }


@given(st.lists(st.sampled_from([-1e9, -0.5, 0.0, 0.1, 7.0, nan, -inf])))
def test_a_clock_that_was_set_back_makes_nothing_smaller(values: list[float]) -> None:
    times = HistogramFamily("acd_x_seconds", "X.", (), (1,)).labels()
    counter = CounterFamily("acd_x_total", "X.", ()).labels()
    for value in values:
        before = (times.sum, counter.value)
        times.observe(value)
        counter.inc(value)
        assert (times.sum, counter.value) >= before
    assert times.sum == pytest.approx(sum(value for value in values if value > 0))
