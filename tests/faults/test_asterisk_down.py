"""Asterisk is restarted, stopped or killed under its calls: row 10 of the matrix.

It cannot keep them. So they end, each in one final record that says so, and whoever had talked has
talked; agents are free and blamed for nothing, and served again soon after it has booted.

Asterisk's own records are the third witness. Told to stop or restart it hangs up every channel
first, and so writes a record of each. Killed it writes none: those calls stand in our books alone.
"""

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import msgspec
import pytest

from acd.core.records import Activity, CallEnded, Outcome, Presence, Repaired
from tests.faults.ledger import Ledger
from tests.faults.stage import real_centre
from tests.lab.ami import AmiError
from tests.scenarios.asterisk import TRUNK_CHANNELS, AsteriskWorld
from tests.scenarios.centre import GENERALISTS, Centre, ms
from tests.scenarios.world import Handset, until

pytestmark = pytest.mark.asterisk

SERVED_AGAIN_SECONDS = 5.0
AWAY_SECONDS = 7.0
"""How long a PBX that was stopped stays away."""
RING_TIMEOUT_SECONDS = 60.0
TRIES, TRIES_IN_SOAK = 1, 30

TALKERS, RINGERS, AFTERWARDS = GENERALISTS[:3], GENERALISTS[3:5], GENERALISTS[5]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, AsteriskWorld]]:
    """A centre in which nobody's ring ends before its PBX does."""
    with real_centre(tmp_path_factory.mktemp("down")) as (centre, world):
        queues = {
            queue: msgspec.structs.replace(plan, ring_timeout_seconds=RING_TIMEOUT_SECONDS)
            for queue, plan in centre.plan.queues.items()
        }
        centre.plan = msgspec.structs.replace(centre.plan, queues=queues)
        centre.restart_engine()
        yield centre, world


def restarted(world: AsteriskWorld) -> None:
    world.lab.restart()


def stopped(world: AsteriskWorld) -> None:
    with world.lab.observer() as observer, contextlib.suppress(AmiError):
        observer.command("core stop now")
    world.lab.stop_process()
    time.sleep(AWAY_SECONDS)
    world.lab.boot()


def killed(world: AsteriskWorld) -> None:
    world.lab.kill()
    world.lab.boot()


@pytest.mark.parametrize("how", [restarted, stopped, killed], ids=lambda how: how.__name__)
def test_row_10_asterisk_ends_with_its_calls(
    stage: tuple[Centre, AsteriskWorld],
    how: Callable[[AsteriskWorld], None],
    ledger: Ledger,
    soak: bool,
) -> None:
    centre, world = stage
    tries = TRIES_IN_SOAK if soak else TRIES
    lost: list[str] = []
    first_rings: list[float] = []
    repaired = 0
    for _ in range(tries):
        centre.begin()
        wrong, first_ring = _one(centre, world, how)
        lost += wrong
        first_rings.append(first_ring)
        repaired += len(centre.said(Repaired))
        centre.clear()
    ledger.saw(10, tries=tries, lost=len(lost), repaired=repaired, first_ring_ms=first_rings)
    print(f"{how.__name__}: first ring {max(first_rings):.0f} ms after FullyBooted at worst")
    assert lost == []
    assert max(first_rings) <= SERVED_AGAIN_SECONDS * 1000


def _one(
    centre: Centre, world: AsteriskWorld, how: Callable[[AsteriskWorld], None]
) -> tuple[list[str], float]:
    """Fill the PBX, end it, and tell what is wrong and how soon a phone rang again."""
    handsets = {**dict.fromkeys(TALKERS, Handset()), **dict.fromkeys(RINGERS, Handset("rings_on"))}
    world.phones({**handsets, AFTERWARDS: Handset()})
    calls: dict[str, Outcome] = {}

    def call(key: str) -> str:
        number = centre.number()
        world.call(number, keys=[(0.1, key)] if key else [])
        return number

    for agent in TALKERS:
        centre.log_in(agent)
        calls[call("1")] = Outcome.ANSWERED
        centre.is_(agent, Activity.TALKING)
    for _ in range(3):
        number = call("2")
        calls[number] = Outcome.SWITCH_LOST
        centre.waiting(number)
    in_menu = call("")
    calls[in_menu] = Outcome.SWITCH_LOST
    until(lambda: centre.engine.call(in_menu) is not None, 5, "a caller in the menu")
    for agent in RINGERS:
        centre.log_in(agent)
        centre.is_(agent, Activity.RINGING)
    how(world)
    booted_at = time.time()
    world.call(following := centre.number(), keys=[(0.1 + 0.3 * n, "1") for n in range(20)])
    centre.engine.wait_live()
    centre.log_in(AFTERWARDS)
    ring = until(lambda: [r for r in world.rings() if r.number == following], 10, "a ring")[0]
    rung_again = {each.agent for each in world.rings() if each.number == following}
    wrong = _wrong(centre, calls, rung_again)
    wrong += _not_in_both_books(centre, world, [*calls], by_asterisk=how is not killed)
    return wrong, ms(ring.at, booted_at)


def _wrong(centre: Centre, calls: dict[str, Outcome], rung_again: set[str]) -> list[str]:
    """Say in words what is not as it should be after the calls' end."""
    wrong = []
    for number, expected in calls.items():
        ends = [end.outcome for end in centre.said(CallEnded) if end.ani == number]
        if ends != [expected]:
            wrong.append(f"{number} should be {expected} once, is {ends}")
    for agent in {*TALKERS, *RINGERS} - rung_again:
        view = centre.engine.agent(agent)
        if view.activity in (Activity.RINGING, Activity.TALKING):
            wrong.append(f"{agent} is still {view.activity}")
        if view.presence is not Presence.READY:
            wrong.append(f"{agent} is {view.presence} for {view.reason}")
    return wrong


def _not_in_both_books(
    centre: Centre, world: AsteriskWorld, numbers: list[str], *, by_asterisk: bool
) -> list[str]:
    """Compare our final records with Asterisk's by the Uniqueid of the caller's channel."""
    ours, theirs = defaultdict(set), defaultdict(set)
    for end in centre.said(CallEnded):
        ours[end.ani].add(end.call.partition("-")[2])
    for row in world.lab.cdr_rows():
        if row.channel.startswith(TRUNK_CHANNELS):
            theirs[row.src].add(row.uniqueid.removeprefix(f"{world.lab.system_name}-"))
    return [
        f"{number}: Asterisk has {sorted(theirs[number])}, we have {sorted(ours[number])}"
        for number in numbers
        if theirs[number] != (ours[number] if by_asterisk else set())
    ]
