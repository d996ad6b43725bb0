"""Which number a caller dialled, however it is written, and what it stands for."""

import pytest

from acd.core.ids import ClientId, MenuId
from acd.core.numbers import Dialled, Numbers, same_form


@pytest.mark.parametrize(
    "written",
    ["+49800555100", "0049800555100", "0800555100", "0800 555-100", "+49 800/555100"],
)
def test_a_number_is_one_number_however_it_is_written(written: str) -> None:
    assert same_form(written, "49") == "+49800555100"


def test_the_country_says_what_one_zero_stands_for() -> None:
    assert same_form("01234", "43") == "+431234"


@pytest.mark.parametrize("number", ["100", "49800555100", "", "*30", "110"])
def test_what_has_no_zero_before_it_stays_as_it_is(number: str) -> None:
    assert same_form(number, "49") == number


NUMBERS = Numbers(
    whole={"+49800555201": Dialled(MenuId("whole")), "100": Dialled(MenuId("short"))},
    beginnings={
        "+4980055520": Dialled(MenuId("ten")),
        "+49800": Dialled(MenuId("free"), ClientId("free")),
        "10": Dialled(MenuId("extensions")),
    },
)


@pytest.mark.parametrize(
    ("dialled", "menu"),
    [
        ("0800555201", "whole"),
        ("+49800555201", "whole"),
        ("0049800555202", "ten"),
        ("0800555100", "free"),
        ("100", "short"),
        ("101", "extensions"),
        ("10", "extensions"),
    ],
)
def test_the_whole_number_counts_first_then_the_longest_beginning(dialled: str, menu: str) -> None:
    found = NUMBERS.find(dialled)
    assert found is not None
    assert found.menu == menu


@pytest.mark.parametrize("dialled", ["", "1", "030123", "+1800555201", "0", "+"])
def test_any_other_number_stands_for_nothing(dialled: str) -> None:
    assert NUMBERS.find(dialled) is None


def test_without_numbers_nothing_stands_for_anything() -> None:
    assert Numbers().find("0800555100") is None
