"""Each kind has its days, and a number that is cut shows three digits."""

import pytest

from acd.retention import DEFAULT, Kind, Retention, cut


def test_every_kind_has_days_and_the_journal_none_longer_than_numbers() -> None:
    assert all(DEFAULT.days(kind) for kind in Kind)
    assert DEFAULT.journal_days is not None
    assert DEFAULT.numbers_days is not None
    assert DEFAULT.journal_days <= DEFAULT.numbers_days
    assert Retention(records_days=None).days(Kind.WRAP_UPS) is None


@pytest.mark.parametrize(("number", "left"), [("+49305551", "...551"), ("110", "110"), ("", "")])
def test_what_is_left_of_a_number(number: str, left: str) -> None:
    assert cut(number) == left
