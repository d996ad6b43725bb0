"""Values in words, as who knows the recordings' names would read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.plan import Kind
from acd.core.speaking import MOST_DIGITS, prompts_of, said, said_position, said_wait


@pytest.mark.parametrize(("kind", "value", "words"), [
    (Kind.DIGITS, "1052", "1 0 5 2"),
    (Kind.DIGITS, "+4930#", "4 9 3 0 hash"),
    (Kind.DIGITS, "anonym", ""),
    (Kind.NUMBER, "0", "0"),
    (Kind.NUMBER, "21", "21"),
    (Kind.NUMBER, "100", "100"),
    (Kind.NUMBER, "101", "100 1"),
    (Kind.NUMBER, "1971", "1000 900 71"),
    (Kind.NUMBER, "21000", "21 thousand"),
    (Kind.NUMBER, "101000", "100 before-1 thousand"),
    (Kind.NUMBER, "999999", "900 99 thousand 900 99"),
    (Kind.NUMBER, "1000000", "1 0 0 0 0 0 0"),
    (Kind.DATE, "2026-12-24", "day-24 month-12 2000 26"),
    (Kind.DATE, "2026-13-24", "2 0 2 6 1 3 2 4"),
    (Kind.TIME, "15:30", "15 minute-30"),
    (Kind.TIME, "1:00", "before-1 minute-0"),
    (Kind.TIME, "25:00", "2 5 0 0"),
    (Kind.AMOUNT, "1", "before-1 euro"),
    (Kind.AMOUNT, "12,50", "12 euro 50 cent"),
    (Kind.AMOUNT, "0.99", "99 cent"),
    (Kind.AMOUNT, "0", "0 euro"),
])  # fmt: skip
def test_a_value_is_said(kind: Kind, value: str, words: str) -> None:
    assert said(kind, value) == tuple(f"say/{word}" for word in words.split())


def test_a_place_and_a_wait_are_said_as_to_who_waits() -> None:
    assert said_position(0) == ("wait/position-1",)
    assert said_position(10) == ()
    assert said_wait(90.0) == ("wait/band-2",)
    assert said_wait(10_000.0) == ("wait/band-more",)
    assert said_wait(None) == ()


@given(kind=st.sampled_from(Kind), value=st.text(max_size=60) | st.from_regex(r"[0-9:,.-]{0,12}"))
def test_whatever_a_value_holds_only_what_is_recorded_is_said(kind: Kind, value: str) -> None:
    found = said(kind, value)
    assert set(found) <= set(prompts_of(kind)) | set(prompts_of(Kind.DIGITS))
    assert len(found) <= MOST_DIGITS


@given(number=st.integers(0, 999_999))
def test_no_two_numbers_sound_alike(number: int) -> None:
    """Read backwards, what is said is the number."""
    total = last = 0
    for word in said(Kind.NUMBER, str(number)):
        name = word.removeprefix("say/")
        if name == "thousand":
            total = (total + last) * 1000
            last = 0
        else:
            total, last = total + last, 1 if name == "before-1" else int(name)
    assert total + last == number
