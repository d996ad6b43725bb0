"""The AMI connection breaks under a thousand callers: how soon the PBX has been read again."""

from collections.abc import Iterator
from functools import partial

import pytest

from acd.core.events import PbxLive
from acd.core.records import CallEnded, CallState, Repaired
from acd.sim.pbx import VirtualPbx
from tests.scenarios.centre import PHONES, PROMPT_SECONDS, Centre, now
from tests.scenarios.simulated import SimulatedWorld
from tests.scenarios.world import until

CALLERS = 1_000
BATCH = 50
RESYNC_SECONDS = 1.0
CUTS = 3


@pytest.fixture
def centre() -> Iterator[Centre]:
    centre = Centre(SimulatedWorld(PHONES, PROMPT_SECONDS))
    centre.begin()
    yield centre
    centre.stop()


@pytest.mark.slow
def test_a_thousand_channels_are_read_again_within_a_second(centre: Centre) -> None:
    world = centre.world
    assert isinstance(world, SimulatedWorld)

    def waiting() -> int:
        states = [view.state for view in centre.engine.snapshot().calls]
        return states.count(CallState.QUEUED)

    for first in range(0, CALLERS, BATCH):
        for number in range(first, first + BATCH):
            world.act(partial(_dial, number=f"0309{number:06d}"))
        until(lambda first=first: waiting() == first + BATCH, 20, "callers who wait")  # type: ignore[misc]
    took = []
    for _ in range(CUTS):
        read = len(centre.engine.steps)
        cut_at = now()
        centre.proxy.cut()

        def live(read: int = read) -> list[float]:
            steps = centre.engine.steps[read:]
            return [step.at for step in steps if isinstance(step.event, PbxLive)]

        took.append(until(live, 10, "a PBX that has been read")[0] - cut_at)
        assert waiting() == CALLERS
    print(f"{CALLERS} channels: from cut to live {', '.join(f'{s:.3f}' for s in took)} s")
    # A round of waiting that began meanwhile is all that anybody could have missed.
    assert {each.kind for each in centre.said(Repaired)} <= {"wait_began_unseen"}
    assert not centre.said(CallEnded)
    assert sorted(took)[CUTS // 2] <= RESYNC_SECONDS


def _dial(pbx: VirtualPbx, at: float, *, number: str) -> None:
    pbx.dial_in(at, number=number, keys=[(0.3, "1")])
