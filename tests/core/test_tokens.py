"""Tokens: unguessable, replayable, of one length."""

import pytest

from acd.core.tokens import Tokens


def test_the_same_secret_makes_the_same_sequence_and_another_a_different_one() -> None:
    first, again, other = (Tokens(secret * 16) for secret in (b"a", b"a", b"b"))
    mine = [first.next() for _ in range(50)]
    assert mine == [again.next() for _ in range(50)]
    assert set(mine).isdisjoint(other.next() for _ in range(50))
    assert {len(token) for token in mine} == {20}


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_secret_of_a_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        Tokens(b"x" * length)
