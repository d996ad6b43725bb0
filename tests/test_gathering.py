"""A thread that works off together what came within a moment."""

import threading

from acd.gathering import Gathering


def test_all_comes_in_order_and_the_end_is_told_last() -> None:
    told: list[object] = []

    def work(found: list[int]) -> bool:
        told.extend(found)
        return True

    one = Gathering("t", work, gather_seconds=0.0, most_waiting=2_000, done=lambda: told.append(""))
    assert all(one.put(number) for number in range(1_000))
    one.close(10)
    assert told == [*range(1_000), ""]


def test_what_comes_while_it_waits_is_worked_off_together() -> None:
    parts: list[list[int]] = []

    def work(found: list[int]) -> bool:
        parts.append(found)
        return True

    # Only closing ends the wait for company.
    one = Gathering("t", work, gather_seconds=60.0, most_waiting=10)
    for number in range(3):
        one.put(number)
    one.close(10)
    assert parts == [[0, 1, 2]]


def test_nobody_waits_for_a_thread_that_is_held_up_and_too_much_is_refused() -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def work(found: list[int]) -> bool:
        begun.set()
        return goes_on.wait(10)

    one = Gathering("t", work, gather_seconds=0.0, most_waiting=2)
    assert one.put(0)
    assert begun.wait(10)
    assert [one.put(number) for number in range(4)] == [True, True, False, False]
    goes_on.set()
    one.close(10)


def test_it_ends_when_its_work_is_in_vain() -> None:
    ended = threading.Event()
    one = Gathering("t", lambda found: False, gather_seconds=0.0, most_waiting=2, done=ended.set)
    one.put(0)
    assert ended.wait(10)
    one.close(10)
