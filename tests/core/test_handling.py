"""What talks and wrap-ups take, from the first that ends; and what callers would be told of it."""

from heapq import heappop, heappush
from math import log
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.commands import RingAgent
from acd.core.estimate import estimate_seconds
from acd.core.events import CallerHungUp, LegAnswered, LegConnected, LegEnded, LegLeftTalk
from acd.core.handling import NEWEST, MovingMean
from acd.core.ids import CallId
from acd.core.plan import AgentAction
from acd.core.records import CallState
from tests.core.centre import Centre
from tests.plans import plan


def mean_of(values: list[float]) -> MovingMean:
    mean = MovingMean()
    for value in values:
        mean.take(value)
    return mean


@given(st.lists(st.floats(0.1, 1000.0), min_size=1, max_size=40))
def test_a_mean_stays_among_its_values(values: list[float]) -> None:
    mean = mean_of(values).seconds
    assert min(values) - 1e-9 <= mean <= max(values) + 1e-9


@given(st.lists(st.floats(0.1, 1000.0), min_size=1, max_size=NEWEST))
def test_the_first_value_counts_as_much_as_the_next(values: list[float]) -> None:
    assert mean_of(values).seconds == pytest.approx(sum(values) / len(values))


def test_the_newest_count_most_later_on() -> None:
    assert mean_of([100.0] * 50 + [200.0] * NEWEST).seconds > 160


def test_before_the_first_end_nothing_is_known() -> None:
    assert MovingMean().expected_seconds([300.0]) == 0.0


def test_who_is_under_way_longer_than_the_mean_makes_it_longer() -> None:
    mean = mean_of([20.0, 40.0])
    assert mean.expected_seconds([5.0, 29.0]) == 30.0
    assert mean.expected_seconds([60.0, 60.0]) == 30.0 + 0.5 * 120.0 / 3
    certain = mean_of([30.0] * 1000)
    assert certain.expected_seconds([60.0, 60.0]) == pytest.approx(30.0, abs=0.1)


# -- the first five minutes of a day on which too many call ----------------------------------------


class Told(NamedTuple):
    """What a caller would have been told when he came, and the wait he got."""

    estimate_seconds: float
    wait_seconds: float


class Morning:
    """Ten agents begin with nothing known; twice as many call as they can serve."""

    TALK, WRAP_UP, AGENTS, LOAD = 180.0, 60.0, 10, 2.0

    def __init__(self, seed: int) -> None:
        names = [str(1001 + number) for number in range(self.AGENTS)]
        self.centre = Centre(plan({name: {"fault": 1} for name in names}), *names)
        self.rng = Random(seed)
        self.began = self.centre.now
        self.due: list[tuple[float, int, tuple[str, ...]]] = []
        self.asked: dict[CallId, tuple[float, float | None]] = {}
        self.told: list[tuple[float, Told]] = []

    def at(self, seconds: float, *what: str) -> None:
        heappush(self.due, (self.centre.now - self.began + seconds, len(self.due), what))

    def drawn(self, mean: float) -> float:
        """Long tails, as talks have."""
        return self.rng.lognormvariate(log(mean) - 0.245, 0.7)

    def play(self, seconds: float) -> list[tuple[float, Told]]:
        """Who came when, in the first so many seconds, for whom there was an estimate."""
        between = (self.TALK + self.WRAP_UP) / (self.AGENTS * self.LOAD)
        self.at(0.0, "call")
        while self.due:
            when, _, what = heappop(self.due)
            self.centre.wait(max(0.0, self.began + when - self.centre.now))
            match what:
                case ("call",):
                    if when < seconds:
                        self.at(self.rng.expovariate(1 / between), "call")
                    self.comes(when)
                case ("end", offer, call, agent):
                    self.centre.feed(LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call))
                    self.at(min(self.drawn(self.WRAP_UP), 299.0), "ready", agent)
                case ("ready", agent):
                    self.centre.request(agent, AgentAction.END_WRAP_UP)
            self.answer()
        return self.told

    def comes(self, when: float) -> None:
        call = self.centre.call_in()
        floor = self.centre.engine.floor
        if floor.calls[call].state is CallState.QUEUED:
            seconds = estimate_seconds(floor, floor.calls[call], self.centre.now)
            self.asked[call] = (when, seconds)

    def answer(self) -> None:
        while rings := self.centre.take(RingAgent):
            for ring in rings:
                self.centre.feed(LegAnswered(ring.offer), LegConnected(ring.offer))
                when, seconds = self.asked.pop(ring.call, (0.0, None))
                if seconds is not None:
                    waited = self.centre.now - self.began - when
                    self.told.append((when, Told(seconds, waited)))
                self.at(self.drawn(self.TALK), "end", ring.offer, ring.call, ring.agent)


def test_callers_of_an_overloaded_first_five_minutes_are_not_told_half() -> None:
    told = [one for seed in range(8) for when, one in Morning(seed).play(300.0) if when > 180.0]
    assert len(told) > 40
    estimated, waited = (sum(each) for each in zip(*told, strict=True))
    assert 0.7 < estimated / waited < 1.3
