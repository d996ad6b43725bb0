"""What agents' phones and waiting callers see: labels, order, and every way a ring can end."""

import itertools
from collections.abc import Sequence

from acd.core.events import RingOutcome
from acd.core.plan import AgentAction
from acd.core.records import (
    Activity,
    CallEnded,
    CallState,
    Outcome,
    Presence,
    RingEnded,
)
from acd.core.records import WrapUpEnded as WrapUpOver
from tests.lab.rtp import RtpRecorder, loudness
from tests.scenarios.asterisk import TRUNK_CHANNELS, AsteriskWorld
from tests.scenarios.centre import RING_TIMEOUT_SECONDS, UNKNOWN, Centre, ms
from tests.scenarios.figures import soon, tell
from tests.scenarios.world import Handset, until

AUDIBLE = 40
"""Root mean square of 16-bit samples; digital silence is 8 in A-law."""


def test_a_waiting_caller_hears_music(centre: Centre) -> None:
    world = centre.world
    assert isinstance(world, AsteriskWorld)
    number = centre.number()
    with RtpRecorder("127.0.0.2") as heard:
        world.call(number, keys=[(0.2, "1")], media_port=heard.port, hang_up_after=3.0)
        centre.waiting(number)
        before = len(heard.packets)
        centre.ended(number)
    waiting = heard.packets[before + 10 :]
    assert len(waiting) > 50
    assert loudness(waiting) > AUDIBLE


def test_the_phone_shows_option_wait_and_number(centre: Centre) -> None:
    """The label stays through the talk, and the caller's side never sees it."""
    number, withheld = centre.number(), "anonymous"
    caller = centre.world.call(number, keys=[(0.2, "2")])
    centre.waiting(number)
    anonymous = centre.world.call(withheld, keys=[(0.2, "1")])
    until(lambda: len(centre.engine.snapshot().calls) == 2, 5, "two callers")
    view = centre.engine.call(number)
    assert view is not None
    assert view.queued_at is not None
    queued_at = view.queued_at
    until(lambda: centre.engine.snapshot().at >= queued_at + 2.2, 5, "a wait of two seconds")
    centre.on_duty(a1002=Handset(talk_seconds=1.0), a1001=Handset(talk_seconds=0.5))
    ring = centre.ring("1002")
    assert (ring.label, ring.number) == ("2 Billing 0:02", number)
    other = centre.ring("1001")
    assert other.label.startswith("1 Fault 0:0")
    assert other.number == "anonym"
    visit = caller.wait_ended()
    assert visit.ended_by == "pbx"
    assert visit.told == ()
    assert anonymous.wait_ended().told == ()
    assert centre.world.shown("1002") == ["2 Billing 0:02"]


def test_each_failed_ring_goes_on_to_the_next_agent_at_once(centre: Centre) -> None:
    """Busy, declined, do not disturb, unknown, dead, no answer: the caller keeps his place."""
    failing = {
        "1012": ("busy", RingOutcome.BUSY),
        "1013": ("declined", RingOutcome.DECLINED),
        "1014": ("do_not_disturb", RingOutcome.DECLINED),
        UNKNOWN: ("", RingOutcome.UNREACHABLE),
        "1015": ("dead", RingOutcome.UNREACHABLE),
        "1016": ("rings_on", RingOutcome.NO_ANSWER),
        "1017": ("declined", RingOutcome.DECLINED),
    }
    centre.world.phones(
        {agent: Handset(does) for agent, (does, _) in failing.items() if does}
        | {"1018": Handset(), "1019": Handset()}
    )
    for agent in failing:
        centre.log_in(agent)
    first, behind = centre.number(), centre.number()
    centre.world.call(first, keys=[(0.2, "1")])
    centre.ring("1017", timeout=8)
    centre.waiting(first)
    rings = centre.world.rings()
    assert [ring.agent for ring in rings] == [agent for agent in failing if agent != UNKNOWN]
    for ring, following in itertools.pairwise(rings):
        end = centre.world.ring_end(ring)
        # Who says nothing at all cannot be told of a cancel either.
        ended_at = end.at if end is not None else ring.at + RING_TIMEOUT_SECONDS
        name = f"from {failing[ring.agent][0]} to the next agent's INVITE"
        soon(name, ms(following.at, ended_at), real=centre.real)
    outcomes = {
        end.agent: end.outcome
        for end in centre.said(RingEnded)
        if end.call in centre.engine.ids(first)
    }
    assert outcomes == {agent: outcome for agent, (_, outcome) in failing.items()}
    for agent, (does, _) in failing.items():
        view = centre.engine.agent(agent)
        rona = (Presence.NOT_READY, "rona") if does == "rings_on" else (Presence.READY, "")
        assert (view.presence, view.reason) == rona, agent
        assert view.activity is Activity.IDLE, agent
    centre.world.call(behind, keys=[(0.1, "1")])
    centre.waiting(behind)
    centre.log_in("1018")
    assert centre.ring("1018").number == first
    centre.log_in("1019")
    assert centre.ring("1019").number == behind


def test_callers_are_served_in_order_by_the_longest_idle(centre: Centre) -> None:
    numbers = [centre.number() for _ in range(3)]
    for number in numbers:
        centre.world.call(number, keys=[(0.1, "1")])
        centre.waiting(number)
    centre.on_duty("1018")
    assert centre.ring("1018").number == numbers[0]
    centre.is_("1018", Activity.TALKING)
    for agent, number in (("1019", numbers[1]), ("1020", numbers[2])):
        centre.log_in(agent)
        assert centre.ring(agent).number == number


def test_a_caller_who_leaves_silences_the_phone(centre: Centre) -> None:
    """The phone gets a CANCEL, the agent no wrap-up, and the next caller gets the agent."""
    centre.on_duty(a1021=Handset(ring_seconds=1.5))
    first, second = centre.number(), centre.number()
    caller = centre.world.call(first, keys=[(0.2, "1")], hang_up_after=1.2)
    ring = centre.ring("1021")
    left = caller.wait_ended()
    end = until(lambda: centre.world.ring_end(ring), 2, "the end of the ring")
    assert end.how == "cancelled"
    assert left.ended_at is not None
    soon(
        "from the caller's BYE to CANCEL at the phone", ms(end.at, left.ended_at), real=centre.real
    )
    centre.is_("1021", Activity.IDLE)
    assert centre.outcome(first) is Outcome.SHORT_ABANDONED
    centre.world.call(second, keys=[(0.2, "1")])
    assert centre.ring("1021", nth=2).number == second
    assert not [end for end in centre.said(WrapUpOver) if end.agent == "1021"]


RACERS = [str(number) for number in range(1019, 1039)]
RACE_ROUNDS = 3
RACE_SECONDS = 1.1


def test_an_agent_answers_as_the_caller_leaves(centre: Centre) -> None:
    """Twenty at once, the answers spread around the moment of leaving; nobody is left over."""
    offset = RACE_SECONDS - 0.35
    seen: dict[Outcome, int] = {}
    kept = 0
    for _ in range(RACE_ROUNDS):
        step = 0.002
        handsets = {
            agent: Handset(ring_seconds=offset + (index - len(RACERS) / 2) * step)
            for index, agent in enumerate(RACERS)
        }
        centre.world.phones(handsets)
        for agent in RACERS:
            centre.log_in(agent)
        # Those of the round before may have hung up a moment ago, and their PBX not said so yet.
        centre.wait_free(RACERS)
        numbers = [centre.number() for _ in RACERS]
        callers = [
            centre.world.call(number, keys=[(0.2, "1")], hang_up_after=RACE_SECONDS)
            for number in numbers
        ]
        leads = []
        for caller, number in zip(callers, numbers, strict=True):
            visit = caller.wait_ended(8)
            kept += _let_go_of(centre, number)
            outcome = centre.outcome(number)
            assert len([e for e in centre.said(CallEnded) if e.ani == number]) == 1
            seen[outcome] = seen.get(outcome, 0) + 1
            rung = [ring for ring in centre.world.rings() if ring.number == number]
            assert len(rung) == 1, _racers(centre, numbers)
            assert visit.ended_at is not None
            leads.append(visit.ended_at - rung[0].at)
        # Next time the answers come just when this time's callers left.
        offset = sorted(leads)[len(leads) // 2]
        until(lambda: not centre.engine.remains_of(), 3, "an end of every leg")
        assert centre.world.channels() == []
        for agent in RACERS:
            view = centre.engine.agent(agent)
            assert view.activity in (Activity.IDLE, Activity.WRAP_UP), agent
            assert view.presence is Presence.READY, agent
            centre.engine.request(agent, AgentAction.LOG_OUT)
    assert set(seen) <= {Outcome.ANSWERED, Outcome.SHORT_ABANDONED}
    assert len(seen) == 2, "the race had only one kind of end"
    if centre.real:
        late = [end for end in centre.said(RingEnded) if end.outcome is RingOutcome.CALLER_LEFT]
        tell(
            f"answers as the caller leaves: {sum(seen.values())} races, "
            f"{seen[Outcome.ANSWERED]} connected, {len(late)} answered too late, "
            f"{kept} kept by the PBX after their BYE"
        )
    assert kept <= 2


def _racers(centre: Centre, numbers: Sequence[str]) -> str:
    """Who was rung for whom, and how those stand who were not rung."""
    rung = {ring.agent: ring.number for ring in centre.world.rings() if ring.number in numbers}
    left = [centre.engine.agent(agent) for agent in RACERS if agent not in rung]
    return "\n".join([f"rung: {rung}", *map(str, left)])


def _let_go_of(centre: Centre, number: str) -> int:
    """Count a caller whom the PBX keeps though it has answered his BYE, and have it let him go.

    Seen twice in 1,400 races on Asterisk 22.10: BYE and Bridge() meet, and both legs stand
    in the talk until somebody hangs up. What the engine believes is then what the PBX says; that
    the PBX can be made to let go, and the engine follows, is what is left to be shown.
    """
    try:
        centre.ended(number)
    except TimeoutError:
        world = centre.world
        if not isinstance(world, AsteriskWorld) or not world.channels():
            raise
        view = centre.engine.call(number)
        assert view is not None
        assert view.state is CallState.CONNECTED
        world.hang_up(TRUNK_CHANNELS)
        return 1
    return 0
