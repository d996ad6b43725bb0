"""What may stand in a metric's label: names of the configuration, closed lists, constant words.

A name that is in none of them is counted under ``other``, so a stranger's text can neither become
a label nor grow the page. A caller's number is never a label.
This module must not know what is counted, nor who reads it.
"""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from acd.core.queueplan import ExitCondition
from acd.core.records import Outcome

OTHER: Final = "other"
"""The label of what the configuration does not name (any more)."""

NO_QUEUE: Final = ""
"""The queue of a call that never entered one; Prometheus reads an empty label as none."""

RONA: Final = "rona"
"""The reason of who was set not ready because he did not answer."""

MOST_WORDS: Final = 64
"""How many different kinds or reasons one PBX or one counter may bring before ``other``."""

_COUNTED_AS: Final = {
    ExitCondition.MAX_WAIT: Outcome.TIMED_OUT,
    ExitCondition.KEY: Outcome.LEFT_BY_KEY,
}

WAYS_OUT: Final = (
    *(
        (condition.value, _COUNTED_AS.get(condition, Outcome.OVERFLOWED).value)
        for condition in ExitCondition
    ),
    ("supervisor", Outcome.OVERFLOWED.value),
    ("supervisor", Outcome.WITHDRAWN.value),
    (OTHER, OTHER),
)
"""How a call can leave a queue before an answer: by which rule, and what the queue counts it as."""


class Countable(Protocol):
    """What a word is counted by."""

    def inc(self, amount: float = 1) -> None:
        """Add to it."""


_Count = TypeVar("_Count", bound=Countable)


class Words(Generic[_Count]):
    """Counts by a label whose values are constant words of another module; ``bind`` makes one.

    The words are few and ours; the bound only makes sure that a mistake elsewhere (text of a
    stranger given as a word) cannot fill the memory or the page.
    """

    def __init__(self, bind: Callable[[str], _Count]) -> None:
        self._bind = bind
        self._counts = {OTHER: bind(OTHER)}

    def count(self, word: str, times: int = 1) -> None:
        """Count the word, or ``other`` when it cannot be one."""
        count = self._counts.get(word)
        if count is None:
            plain = word.isascii() and word.replace("_", "").isalpha() and len(word) <= 40
            if plain and len(self._counts) < MOST_WORDS:
                count = self._counts[word] = self._bind(word)
            else:
                count = self._counts[OTHER]
        count.inc(times)
