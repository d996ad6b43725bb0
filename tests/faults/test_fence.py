"""Row 22: of several who answer one talks, and what comes late gets nobody: on the real Asterisk.

Two engines on one store are out of scope.
"""

from collections.abc import Iterator

import pytest

from acd.ami.reading import OFFER_ID
from acd.core.commands import RingAgent
from acd.core.records import Activity, Outcome
from tests.faults.ledger import Ledger
from tests.faults.stage import real_centre
from tests.lab.script import Script
from tests.scenarios.asterisk import TRUNK_CHANNELS, AsteriskWorld
from tests.scenarios.centre import GENERALISTS, TEAM, Centre
from tests.scenarios.world import Handset, until

pytestmark = pytest.mark.asterisk

CALLERS, CALLERS_IN_SOAK = 5, 500
FIRST, SECOND, STRANGER, *_ = GENERALISTS

Stage = tuple[Centre, AsteriskWorld]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with real_centre(tmp_path_factory.mktemp("fence")) as stage:
        yield stage


def test_row_22_ten_agents_answer_at_once(stage: Stage, ledger: Ledger, soak: bool) -> None:
    centre, world = stage
    centre.begin()
    centre.on_duty(**{f"a{agent}": Handset(ring_seconds=0.1, talk_seconds=0.2) for agent in TEAM})
    callers = CALLERS_IN_SOAK if soak else CALLERS
    wrong, answers = list[str](), 0
    with world.lab.observer() as observer:
        for _ in range(callers):
            number = centre.number()
            world.call(number, keys=[(0.2, "*")])
            end = centre.ended(number, timeout=15)
            entered = [
                event["Uniqueid"]
                for event in observer.named("BridgeEnter")
                if OFFER_ID.fullmatch(event["Uniqueid"])
            ]
            observer.events.clear()
            legs = {ring.id: ring.agent for ring in world.rings() if ring.number == number}
            byes = [m for m in world._at_phones() if m.call_id in legs and m.kind == "BYE"]
            answers += len(byes)
            hung_up = [legs[bye.call_id] for bye in byes if bye.sent]
            if len(entered) != 1 or hung_up != [end.agent] or end.outcome is not Outcome.ANSWERED:
                wrong.append(f"{number}: {len(entered)} talked, {hung_up} hung up, we say {end}")
            until(lambda: idle(centre), 5, "everybody idle again")
    ledger.saw(22, tries=callers, lost=len(wrong))
    print(f"{answers} answers for {callers} callers")
    assert wrong == []
    assert answers > 2 * callers, "they did not answer at once"
    centre.clear()


def idle(centre: Centre) -> bool:
    return all(centre.engine.agent(agent).activity is Activity.IDLE for agent in TEAM)


def test_row_22_a_stale_call_to_a_phone_gets_nobody(stage: Stage, ledger: Ledger) -> None:
    """Of an offer that has been given up, or that somebody has taken already."""
    centre, world = stage
    centre.begin()
    world.phones(
        {FIRST: Handset("rings_on"), SECOND: Handset(ring_seconds=1.5), STRANGER: Handset()}
    )
    centre.log_in(FIRST)
    centre.log_in(SECOND)
    number = centre.number()
    caller = world.call(number, keys=[(0.2, "1")])
    centre.ring(SECOND)
    given_up, valid = (order.claim for order in centre.said(RingAgent))
    with world.lab.observer() as observer:
        script = Script(world.lab, observer, beating=False)
        (channel,) = [name for name in world.channels() if name.startswith(TRUNK_CHANNELS)]
        stale = [script.ring(STRANGER, channel, offer=given_up, alone=True)]
        observer.event("Hangup", Uniqueid=stale[0])
        centre.is_(SECOND, Activity.TALKING)
        for alone in (True, False):
            stale.append(script.ring(STRANGER, channel, offer=valid, alone=alone))
            observer.event("Hangup", Uniqueid=stale[-1])
        entered = {event["Uniqueid"] for event in observer.named("BridgeEnter")}
        left = [event["Channel"] for event in observer.named("BridgeLeave")]
    stolen = [leg for leg in stale if leg in entered]
    centre.is_(SECOND, Activity.TALKING)
    ledger.saw(22, tries=len(stale), lost=len(stolen))
    assert stolen == []
    assert len(world.rings(STRANGER)) == len(stale)
    assert left.count(channel) == 1, "he left the waiting room, and nothing after it"
    assert caller.visit().ended_at is None
    world.hang_up(TRUNK_CHANNELS)
    end = centre.ended(number)
    assert (end.outcome, end.agent) == (Outcome.ANSWERED, SECOND)
    centre.clear()
