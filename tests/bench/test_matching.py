"""The bench's centre is a true one: what it counts is what the engine has."""

import pytest

from acd.core.records import Activity, CallState
from bench.matching import DUE, FREED, PACE, QUEUED, Centre, Cost, Size, growth

pytestmark = pytest.mark.slow


def test_the_centre_is_as_full_as_it_says() -> None:
    centre = Centre(Size(waiting=120, agents=60, queues=20, skills=64), seed=3)
    centre.fill()
    for _ in range(100):
        centre.turn()
    picture = centre.engine.snapshot(centre.now)
    waiting = [call for call in picture.calls if call.state is CallState.QUEUED]
    talking = [agent for agent in picture.agents if agent.activity is Activity.TALKING]
    assert len(waiting) == centre.waiting
    assert centre.waiting >= 100
    assert len(talking) == sum(map(len, centre.talks.values()))
    assert all(centre.costs[kind] for kind in (QUEUED, FREED, DUE))


def test_growth_is_of_means_at_one_pace_and_each_kind_counts_alike() -> None:
    small = {kind: Cost.of([10.0, 30.0]) for kind in (QUEUED, FREED, DUE)}
    large = {QUEUED: Cost.of([20.0]), FREED: Cost.of([20.0] * 9), DUE: Cost.of([80.0])}
    pace = Cost.of([50.0])
    assert growth({**small, PACE: pace}, {**large, PACE: pace}) == 2.0
    assert growth({**small, PACE: pace}, {**large, PACE: Cost.of([100.0])}) == 1.0
