"""A surge is far more than usual, and not just a few calls at a quiet hour."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from acd.core.ids import QueueId
from acd.core.surge import Counts, Surge, SurgeRule, surges

FAULT, BILLING = QueueId("fault"), QueueId("billing")
RULE = SurgeRule(ratio=3.0, least_calls=10)

COUNTS = st.dictionaries(st.sampled_from([FAULT, BILLING]), st.integers(0, 500))
PAST = st.lists(COUNTS, max_size=8)


def weeks(*hours: int) -> list[Counts]:
    return [{FAULT: calls} for calls in hours]


def test_far_more_callers_than_in_the_same_hour_of_past_weeks_are_a_surge() -> None:
    # Sixteen an hour are four in a quarter of it.
    assert surges(RULE, {FAULT: 12}, weeks(16, 16)) == (Surge(FAULT, 12, 4.0),)
    assert surges(RULE, {FAULT: 11}, weeks(16, 16)) == ()


def test_a_few_calls_are_none_however_quiet_the_hour_is() -> None:
    assert surges(RULE, {FAULT: 9}, weeks(0, 0)) == ()
    assert surges(RULE, {FAULT: 10}, weeks(0, 0)) == (Surge(FAULT, 10, 0.0),)


def test_a_holiday_or_an_earlier_surge_among_the_weeks_changes_nothing() -> None:
    usual = surges(RULE, {FAULT: 12}, weeks(16, 16, 16))
    assert surges(RULE, {FAULT: 12}, weeks(16, 0, 16, 400, 16)) == usual


def test_nothing_is_said_without_a_past_or_when_it_is_switched_off() -> None:
    assert surges(RULE, {FAULT: 99}, []) == surges(RULE, {FAULT: 99}, weeks(0)) == ()
    assert surges(replace(RULE, enabled=False), {FAULT: 99}, weeks(0, 0)) == ()


def test_the_greatest_comes_first() -> None:
    found = surges(RULE, {FAULT: 20, BILLING: 40}, weeks(0, 0))
    assert [one.queue for one in found] == [BILLING, FAULT]


@given(COUNTS, PAST, st.integers(0, 500))
def test_more_callers_never_make_a_surge_less(calls: Counts, past: list[Counts], more: int) -> None:
    before = {one.queue for one in surges(RULE, calls, past)}
    after = surges(RULE, {queue: count + more for queue, count in calls.items()}, past)
    assert before <= {one.queue for one in after}


@given(COUNTS, PAST, COUNTS)
def test_busier_weeks_never_make_a_surge_of_none(
    calls: Counts, past: list[Counts], more: Counts
) -> None:
    busier = [{q: week.get(q, 0) + more.get(q, 0) for q in (FAULT, BILLING)} for week in past]
    before = {one.queue for one in surges(RULE, calls, past)}
    assert {one.queue for one in surges(RULE, calls, busier)} <= before


@given(COUNTS, PAST)
def test_each_surge_is_what_the_rule_says(calls: Counts, past: list[Counts]) -> None:
    for one in surges(RULE, calls, past):
        assert one.calls == calls[one.queue] >= RULE.least_calls
        assert one.calls >= RULE.ratio * one.expected
