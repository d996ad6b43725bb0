"""A loop that comes late is told how late it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from acd import looplag


class Loop:
    """Calls when it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((seconds, call))


def test_how_late_it_came_is_told_and_it_is_asked_again() -> None:
    now, told = 100.0, list[float]()
    loop = Loop()
    looplag.watch(cast(asyncio.AbstractEventLoop, loop), lambda: now, told.append)
    for late in (0.0, 0.75, -0.02):
        [(seconds, come)] = loop.calls
        loop.calls.clear()
        now += seconds + late
        come()
    assert told == [pytest.approx(0.0), pytest.approx(0.75), 0.0]
    assert len(loop.calls) == 1
