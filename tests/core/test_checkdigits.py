"""Check digits: numbers of the rules' own documents, and every single slip of a finger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.checkdigits import is_plausible
from acd.core.ids import NodeId
from acd.core.plan import Bound, Check, Collect

RIGHT = {
    Check.LUHN: "79927398713",
    Check.MOD_97: "9999123456789012141490",
    Check.MOD_11_10: "794623",
    Check.EAN: "73513537",
    Check.DAMM: "5724",
    Check.VERHOEFF: "1234567890120",
}


def node(check: Check | None, least: Bound | None = None, most: Bound | None = None) -> Collect:
    end = NodeId("end")
    return Collect(id=NodeId("n"), prompts=(), into="n", min_digits=1, max_digits=32,
                   terminator="#", timeout_seconds=5.0, retries=1, next=end, otherwise=end,
                   check=check, at_least=least, at_most=most)  # fmt: skip


@pytest.mark.parametrize("check", list(Check))
def test_a_right_number_passes_and_one_wrong_digit_does_not(check: Check) -> None:
    right = RIGHT[check]
    assert is_plausible(node(check), right, {})
    for at in range(len(right)):
        wrong = f"{right[:at]}{(int(right[at]) + 1) % 10}{right[at + 1 :]}"
        assert not is_plausible(node(check), wrong, {}), wrong


@given(
    typed=st.text(max_size=40),
    check=st.sampled_from([None, *Check]),
    known=st.dictionaries(st.just("last"), st.text(max_size=10)),
)
def test_nothing_that_is_typed_or_known_breaks_a_check(
    typed: str, check: Check | None, known: dict[str, str]
) -> None:
    found = is_plausible(node(check, "last", 99), typed, known)
    assert not found or (typed.isascii() and typed.isdigit() and int(typed) <= 99)
