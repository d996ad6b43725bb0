"""The centre of `make bench-sim` is as busy as it should be."""

import pytest

from bench.sim import HOUR, OCCUPANCY, centre, occupancy

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_agents_are_as_busy_as_planned() -> None:
    busy = centre(seed=1)
    shares = []
    for minute in range(30):
        busy.run(until=HOUR / 3 + 60.0 * minute)
        shares.append(occupancy(busy))
    assert sum(shares) / len(shares) == pytest.approx(OCCUPANCY, abs=0.05)
