"""What becomes a label: every way out of a queue that the router knows, and no stranger's text."""

from hypothesis import given
from hypothesis import strategies as st

from acd.core.exits import outcome_of
from acd.core.ids import MenuId
from acd.core.offers import RONA as RONA_OF_THE_ROUTER
from acd.core.queueplan import Exit, ExitCondition, ToMenu
from acd.labels import MOST_WORDS, OTHER, RONA, WAYS_OUT, Words


class Count:
    """Counts one word."""

    def __init__(self) -> None:
        self.sum = 0.0

    def inc(self, amount: float = 1) -> None:
        self.sum += amount


def test_each_rule_is_counted_as_the_router_counts_it() -> None:
    menu = ToMenu(menu=MenuId("main"))
    ways = {
        (condition.value, outcome_of(Exit(condition=condition, target=menu)).value)
        for condition in ExitCondition
    }
    people = {("supervisor", "overflowed"), ("supervisor", "withdrawn")}
    assert set(WAYS_OUT) == ways | people | {(OTHER, OTHER)}


def test_a_rona_is_called_as_the_router_calls_it() -> None:
    assert RONA == RONA_OF_THE_ROUTER


@given(st.lists(st.text(max_size=60), max_size=200))
def test_words_are_plain_and_few(texts: list[str]) -> None:
    counts: dict[str, Count] = {}
    words = Words(lambda word: counts.setdefault(word, Count()))
    for text in texts:
        words.count(text)
    assert len(counts) <= MOST_WORDS
    assert all(word.isascii() and word.replace("_", "").isalpha() for word in counts)
    assert sum(count.sum for count in counts.values()) == len(texts)
