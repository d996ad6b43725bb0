"""The page for Prometheus, of one moment: what was copied of it, and how it becomes text.

The event loop copies (`acd.metrics.Metrics.exposition`), which is quick; making the text of some
twenty thousand lines is not, and is done in whichever thread asks for it. Nothing in an Exposition
changes any more, so all on a page is of one moment.

It must not know who counts, nor HTTP.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

import acd
from acd.core.plan import Plan
from acd.families import AnyFamily
from acd.gauges import Figure, Moment, agent_gauges, call_gauges, skill_gauges
from acd.series import head, series

_PIECE_CHARACTERS: Final = 40_000

BUILD: Final = Figure("acd_build_info", "Always 1.", ("version",), [((acd.__version__,), 1)])


class Process:
    """What the client library knows of this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

    def page(self) -> str:
        """Return it as text."""
        return generate_latest(self._registry).decode()


class Exposition(NamedTuple):
    """All numbers of one moment; ``moment`` is None where there is no engine to look at."""

    moment: Moment | None
    plan: Plan
    counted: Sequence[tuple[AnyFamily, array[float]]]
    looked_at: Sequence[Figure]
    process: Process

    def text(self, between: Callable[[], object] = lambda: None) -> bytes:
        """Return it in Prometheus' text format, version 0.0.4.

        ``between`` is called after each piece, about a millisecond's work, for whoever must let
        others have their turn.
        """
        pieces, size = list[str](), 0
        for piece in self._pieces():
            pieces.append(piece)
            size += len(piece)
            if size > _PIECE_CHARACTERS:
                between()
                size = 0
        return "".join(pieces).encode()

    def _pieces(self) -> Iterator[str]:
        if self.moment is not None:
            yield from map(_page, call_gauges(self.moment))
            yield from map(_page, agent_gauges(self.moment, self.plan))
            yield from map(_page, skill_gauges(self.moment, self.plan))
        for family, numbers in self.counted:
            yield family.page(numbers)
        yield from map(_page, (*self.looked_at, BUILD))
        yield self.process.page()


def _page(figure: Figure) -> str:
    lines = [head(figure.name, "counter" if figure.counts else "gauge", figure.text)]
    for values, value in figure.samples:
        pairs = zip(figure.labels, values, strict=True)
        lines.append(f"{series(figure.name, pairs)} {float(value)!r}\n")
    return "".join(lines)
