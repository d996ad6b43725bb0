"""Numbers with names and labels that write themselves as Prometheus reads them.

Owns the text format 0.0.4. Whoever counts binds a child once by its labels' values and adds to it;
its lines are written but for the numbers when it is bound, so that a page of many thousand lines
costs a few milliseconds. The client library makes each line anew at every scrape, which took longer
than `make bench-metrics` allows; what it knows of the process, it still tells.

- Nothing goes backwards and nothing is negative: a clock that was set back adds nothing.
- One thread counts. A family's numbers stand in one array, so a copy of them is of one moment and
  costs next to nothing; its page may be written in any thread, while counting goes on.

It must not know what is counted.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar


class _Single:
    """One number of its family's."""

    __slots__ = ("_at", "_numbers")

    def __init__(self, numbers: array[float], at: int) -> None:
        self._numbers = numbers
        self._at = at

    @property
    def value(self) -> float:
        """What it is now."""
        return self._numbers[self._at]


class Counter(_Single):
    """It only grows."""

    __slots__ = ()

    def inc(self, amount: float = 1.0) -> None:
        """Add to it; less than nothing is nothing."""
        if amount > 0.0:
            self._numbers[self._at] += amount


class Gauge(_Single):
    """What is so now."""

    __slots__ = ()

    def set(self, value: float) -> None:
        """Replace it."""
        self._numbers[self._at] = value


class Histogram:
    """How often a value was at most each of the bounds, and the sum of all."""

    __slots__ = ("_at", "_bounds", "_numbers")

    def __init__(self, numbers: array[float], at: int, bounds: Sequence[float]) -> None:
        self._numbers = numbers
        self._at = at
        self._bounds = bounds

    @property
    def sum(self) -> float:
        """Of all that were observed."""
        return self._numbers[self._at + len(self._bounds) + 1]

    def observe(self, value: float) -> None:
        """Count one; less than nothing is nothing."""
        if not value > 0.0:
            value = 0.0
        self._numbers[self._at + bisect_left(self._bounds, value)] += 1.0
        self._numbers[self._at + len(self._bounds) + 1] += value


_Child = TypeVar("_Child")


class Family(Generic[_Child]):
    """One metric: its name, what it means, the names of its labels, and its children."""

    kind = ""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.name = name
        self.text = text
        self.label_names = tuple(labels)
        self._children: dict[tuple[str, ...], _Child] = {}
        self._numbers = array("d")
        self._lines: list[str] = []
        """As they begin, in the order of the numbers; never changed, only added to."""

    def labels(self, *values: str) -> _Child:
        """Return the child with these values, in the order of the labels' names; made if new."""
        child = self._children.get(values)
        if child is None:
            pairs = list(zip(self.label_names, values, strict=True))
            child = self._children[values] = self._made(pairs)
        return child

    def _made(self, pairs: Sequence[tuple[str, str]]) -> _Child:
        raise NotImplementedError

    def _room(self, lines: Sequence[str], numbers: int) -> int:
        """Make room for a child that writes these lines, and return where its numbers begin."""
        at = len(self._numbers)
        self._lines.extend(lines)
        self._numbers.extend([0.0] * numbers)
        return at

    def copy(self) -> array[float]:
        """Return the numbers of this moment, for ``page``."""
        return self._numbers[:]

    def page(self, numbers: array[float]) -> str:
        """Return all there is to say of a copy, as text. Children made after it are not in it."""
        return head(self.name, self.kind, self.text) + self._told(numbers)

    def _told(self, numbers: array[float]) -> str:
        lines = zip(self._lines, numbers, strict=False)
        return "".join([f"{line}{number!r}\n" for line, number in lines])


class CounterFamily(Family[Counter]):
    """Counters of one name, which ends in ``_total``."""

    kind = "counter"

    def _made(self, pairs: Sequence[tuple[str, str]]) -> Counter:
        return Counter(self._numbers, self._room([f"{series(self.name, pairs)} "], 1))


class GaugeFamily(Family[Gauge]):
    """Gauges of one name."""

    kind = "gauge"

    def _made(self, pairs: Sequence[tuple[str, str]]) -> Gauge:
        return Gauge(self._numbers, self._room([f"{series(self.name, pairs)} "], 1))


class HistogramFamily(Family[Histogram]):
    """Histograms of one name; ``bounds`` rise and are above 0."""

    kind = "histogram"

    def __init__(
        self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, text, labels)
        self.bounds = tuple(map(float, bounds))

    def _made(self, pairs: Sequence[tuple[str, str]]) -> Histogram:
        ends = [*map(repr, self.bounds), "+Inf"]
        buckets = [f"{series(f'{self.name}_bucket', [*pairs, ('le', end)])} " for end in ends]
        others = [f"{series(f'{self.name}_{what}', pairs)} " for what in ("count", "sum")]
        at = self._room([*buckets, *others], len(ends) + 1)
        return Histogram(self._numbers, at, self.bounds)

    def _told(self, numbers: array[float]) -> str:
        # Buckets hold all that are smaller; after them come how many there are, and the sum.
        each = len(self.bounds) + 2
        told: list[float] = []
        for at in range(0, len(numbers), each):
            told += accumulate(numbers[at : at + each - 1])
            told += (told[-1], numbers[at + each - 1])
        lines = zip(self._lines, told, strict=False)
        return "".join([f"{line}{number!r}\n" for line, number in lines])


def head(name: str, kind: str, text: str) -> str:
    """Return the two lines that come before a metric's own."""
    told = text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {told}\n# TYPE {name} {kind}\n"


def series(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return name and labels as a line begins, labels in the order of their names."""
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(pairs))
    return f"{name}{{{told}}}" if told else name


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
