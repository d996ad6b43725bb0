"""Deadlines: the earliest first, moved and cleared by key."""

from hypothesis import given
from hypothesis import strategies as st

from acd.core.deadlines import Deadlines


def test_a_deadline_that_is_moved_is_due_only_at_its_new_time() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("b", 2.0)
    deadlines.set("a", 3.0)
    assert deadlines.next() == 2.0
    assert list(deadlines.due(2.5)) == ["b"]
    assert list(deadlines.due(3.0)) == ["a"]
    assert deadlines.next() is None


def test_equal_times_come_in_the_order_in_which_they_were_set() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key in "zyx":
        deadlines.set(key, 1.0)
    assert list(deadlines.due(1.0)) == ["z", "y", "x"]


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 50))))
def test_it_agrees_with_a_dictionary(moves: list[tuple[int, int | None]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    plain: dict[int, int] = {}
    for key, at in moves:
        if at is None:
            deadlines.clear(key)
            plain.pop(key, None)
        else:
            deadlines.set(key, at)
            plain[key] = at
        assert deadlines.next() == min(plain.values(), default=None)
        assert len(deadlines) == len(plain)
    assert sorted(deadlines.due(25)) == sorted(key for key, at in plain.items() if at <= 25)
