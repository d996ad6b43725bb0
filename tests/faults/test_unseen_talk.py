"""Rows 4 and 8: a caller's ring, talk and end, all while nobody of us could see them.

Afterwards no channel is left to tell of them. So nobody says that he gave up, nor that he was
served: his record says that nobody saw, and the one who may have talked has his wrap-up.
"""

from collections.abc import Callable, Iterator

import pytest

from acd.core.records import Activity, Outcome, Presence
from tests.faults.ledger import Ledger
from tests.faults.stage import real_centre
from tests.scenarios.asterisk import TRUNK_CHANNELS, AsteriskWorld
from tests.scenarios.centre import GENERALISTS, Centre
from tests.scenarios.world import Handset, until

pytestmark = pytest.mark.asterisk

AFTER_RING_SECONDS = 0.8


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, AsteriskWorld]]:
    with real_centre(tmp_path_factory.mktemp("unseen")) as stage:
        yield stage


def link_away(centre: Centre, meanwhile: Callable[[], None]) -> None:
    centre.proxy.shut()
    meanwhile()
    centre.proxy.open()


def engine_dead(centre: Centre, meanwhile: Callable[[], None]) -> None:
    centre.engine.kill()
    meanwhile()
    centre.start_engine()


@pytest.mark.parametrize(("row", "blind"), [(8, link_away), (4, engine_dead)])
def test_row_08_a_talk_that_nobody_saw_is_not_booked_as_a_caller_who_gave_up(
    stage: tuple[Centre, AsteriskWorld],
    row: int,
    blind: Callable[[Centre, Callable[[], None]], None],
    ledger: Ledger,
) -> None:
    centre, world = stage
    centre.begin()
    agent, other = GENERALISTS[2 * (row == 4) : 2 * (row == 4) + 2]
    centre.on_duty(**{f"a{agent}": Handset(ring_seconds=AFTER_RING_SECONDS, talk_seconds=0.5)})
    talks = world.call(number := centre.number(), keys=[(0.3, "1")])
    ring = centre.ring(agent)

    def talked() -> None:
        until(lambda: (talk := world.talk(ring)) and talk.ended_at, 5, "the end of a talk")
        talks.wait_ended()

    blind(centre, talked)
    centre.engine.wait_live()
    lost = [] if centre.outcome(number) is Outcome.UNSEEN else [f"{centre.ended(number)}"]
    centre.is_(agent, Activity.WRAP_UP)
    if centre.engine.agent(agent).presence is not Presence.READY:
        lost.append(f"{agent} is blamed")
    centre.clear()
    # Who gives up while a phone rings that nobody answers has given up, seen or not.
    centre.begin()
    centre.on_duty(**{f"a{other}": Handset("rings_on")})
    world.call(number := centre.number(), keys=[(0.3, "1")])
    centre.ring(other)
    blind(centre, lambda: world.hang_up(TRUNK_CHANNELS))
    centre.engine.wait_live()
    outcomes = {Outcome.ABANDONED, Outcome.SHORT_ABANDONED}
    if centre.outcome(number) not in outcomes:
        lost.append(f"{centre.ended(number)}")
    centre.is_(other, Activity.IDLE)
    centre.clear()
    ledger.saw(row, tries=2, lost=len(lost))
    assert lost == []
