"""Numbers with names and labels that write themselves as Prometheus reads them.

Owns the text format 0.0.4. Whoever counts binds a child once by its labels' values and adds to it;
its line is written but for the number when it is bound, so that a page of many thousand lines costs
a few milliseconds. The client library makes each line anew at every scrape, which took longer than
`make bench-metrics` allows; what it knows of the process, it still tells.

- Nothing goes backwards and nothing is negative: a clock that was set back adds nothing.
- One thread counts and writes. There is no lock.

It must not know what is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Generic, Protocol, TypeVar


class Child(Protocol):
    """One set of labels' values with its numbers."""

    def write(self, lines: list[str]) -> None:
        """Add its lines."""


class Counter:
    """It only grows."""

    __slots__ = ("_line", "value")

    def __init__(self, line: str) -> None:
        self._line = line
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Add to it; less than nothing is nothing."""
        if amount > 0.0:
            self.value += amount

    def write(self, lines: list[str]) -> None:
        """Add its line."""
        lines.append(f"{self._line}{self.value!r}\n")


class Gauge:
    """What is so now."""

    __slots__ = ("_line", "value")

    def __init__(self, line: str) -> None:
        self._line = line
        self.value = 0.0

    def set(self, value: float) -> None:
        """Replace it."""
        self.value = float(value)

    def write(self, lines: list[str]) -> None:
        """Add its line."""
        lines.append(f"{self._line}{self.value!r}\n")


class Histogram:
    """How often a value was at most each of the bounds, and the sum of all."""

    __slots__ = ("_bounds", "_counts", "_lines", "sum")

    def __init__(self, bounds: Sequence[float], lines: Sequence[str]) -> None:
        self._bounds = bounds
        self._lines = lines
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one; less than nothing is nothing."""
        if not value > 0.0:
            value = 0.0
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def write(self, lines: list[str]) -> None:
        """Add its lines: the buckets, which hold all that are smaller, how many, and the sum."""
        total = 0
        for line, total in zip(self._lines, accumulate(self._counts), strict=False):
            lines.append(f"{line}{total}.0\n")
        count, together = self._lines[-2:]
        lines.append(f"{count}{total}.0\n{together}{self.sum!r}\n")


_Child = TypeVar("_Child", bound=Child)


class Family(Generic[_Child]):
    """One metric: its name, what it means, the names of its labels, and its children."""

    kind = ""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.name = name
        self.text = text
        self.label_names = tuple(labels)
        self._children: dict[tuple[str, ...], _Child] = {}

    def labels(self, *values: str) -> _Child:
        """Return the child with these values, in the order of the labels' names; made if new."""
        child = self._children.get(values)
        if child is None:
            pairs = list(zip(self.label_names, values, strict=True))
            child = self._children[values] = self._made(pairs)
        return child

    def _made(self, pairs: Sequence[tuple[str, str]]) -> _Child:
        raise NotImplementedError

    def page(self) -> str:
        """Return all there is to say of it, as text."""
        lines = [head(self.name, self.kind, self.text)]
        for child in self._children.values():
            child.write(lines)
        return "".join(lines)


class CounterFamily(Family[Counter]):
    """Counters of one name, which ends in ``_total``."""

    kind = "counter"

    def _made(self, pairs: Sequence[tuple[str, str]]) -> Counter:
        return Counter(f"{series(self.name, pairs)} ")


class GaugeFamily(Family[Gauge]):
    """Gauges of one name."""

    kind = "gauge"

    def _made(self, pairs: Sequence[tuple[str, str]]) -> Gauge:
        return Gauge(f"{series(self.name, pairs)} ")


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
        return Histogram(self.bounds, [*buckets, *others])


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
