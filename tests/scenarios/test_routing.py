"""The router at work: all phones at once, three queues in a row, and words while waiting."""

from acd.core.records import (
    Activity,
    CallAnswered,
    CallLeftQueue,
    Outcome,
    Presence,
    WaitAnnounced,
)
from tests.scenarios.centre import OVERFLOW_SECONDS, TEAM, TELLER, THIRD, Centre, ms
from tests.scenarios.figures import soon, tell
from tests.scenarios.world import Handset, Ring, until

ROUNDS = 100


def test_ten_phones_ring_at_once_and_one_has_the_call(centre: Centre) -> None:
    """All ten answer in the same instant, a hundred times: one bridge each, the others stop."""
    rounds = ROUNDS if centre.real else 20
    quick = Handset(ring_seconds=0.05, talk_seconds=0.15)
    centre.on_duty(**{f"a{agent}": quick for agent in TEAM})
    numbers = []
    for _ in range(rounds):
        for agent in TEAM:
            centre.is_(agent, Activity.IDLE)
        number = centre.number()
        centre.world.call(number, keys=[(0.2, "*")])
        assert centre.ended(number, 10).outcome is Outcome.ANSWERED
        numbers.append(number)
    rings = centre.world.rings()
    gaps = [
        gap
        for number in numbers
        for gap in _losers_stopped_after_ms(centre, [r for r in rings if r.number == number])
    ]
    answered = [one.call for one in centre.said(CallAnswered)]
    assert len(answered) == len(set(answered)) == rounds
    for agent in TEAM:
        centre.is_(agent, Activity.IDLE)
        assert centre.engine.agent(agent).presence is Presence.READY, agent
    if centre.real:
        # The virtual PBX does not say when who answered too late was let go: on a quick machine
        # that is nearly everybody.
        assert len(gaps) >= rounds
        worst = max(gaps)
        tell(f"ring all: {rounds} rounds of {len(TEAM)}, the others stopped within {worst:.0f} ms")
        # The machine is shared: a few may be late, no more.
        assert sum(gap > 100.0 for gap in gaps) <= len(gaps) * 0.02


def _losers_stopped_after_ms(centre: Centre, rings: list[Ring]) -> list[float]:
    """Milliseconds from the caller's talk to the end of each other phone's ring or short answer."""
    assert len({ring.agent for ring in rings}) == len(rings) > 1, "a phone rang twice for him"
    winner = max(rings, key=lambda ring: _talk_seconds(centre, ring))
    talk = centre.world.talk(winner)
    assert talk is not None, "nobody has talked"
    ends = [_stopped_at(centre, ring) for ring in rings if ring.id != winner.id]
    return [max(0.0, ms(end, talk.began_at)) for end in ends if end is not None]


def _stopped_at(centre: Centre, ring: Ring) -> float | None:
    """When a phone that did not get the call fell silent, or had its own answer ended."""
    if centre.world.talk(ring) is not None:

        def over() -> float | None:
            talk = centre.world.talk(ring)
            return talk.ended_at if talk is not None else None

        return until(over, 3, f"an end of the answer of {ring.agent}")
    end = centre.world.ring_end(ring)
    if end is None:
        # The virtual PBX's facts do not say when who answered too late was let go.
        assert not centre.real
        return None
    assert end.how == "cancelled"
    return end.at


def _talk_seconds(centre: Centre, ring: Ring) -> float:
    talk = centre.world.talk(ring)
    if talk is None or talk.ended_at is None:
        return 0.0
    return talk.ended_at - talk.began_at


def test_a_caller_overflows_through_three_queues_and_keeps_his_wait_clock(centre: Centre) -> None:
    number, behind = centre.number(), centre.number()
    centre.world.call(number, keys=[(0.1, "0")])
    centre.waiting(number)
    centre.world.call(behind, keys=[(0.1, "0")])
    left = until(
        lambda: [one for one in centre.said(CallLeftQueue) if one.queue == "second"], 8, "overflow"
    )
    assert left[0].outcome is Outcome.TIMED_OUT
    assert left[0].target == "queue:third"
    centre.on_duty(a1061=Handset(talk_seconds=0.3))
    ring = centre.ring(THIRD)
    assert ring.number == number
    end = centre.ended(number)
    assert (end.outcome, end.queue, end.agent) == (Outcome.ANSWERED, "third", THIRD)
    (answered,) = [one for one in centre.said(CallAnswered) if one.call == end.call]
    assert answered.wait_seconds >= 2 * OVERFLOW_SECONDS
    # He who came behind is still behind, in the last queue as in the first.
    assert centre.ring(THIRD, nth=2).number == behind
    assert [one.queue for one in centre.said(CallLeftQueue) if one.call == end.call] == [
        "first",
        "second",
    ]


def test_an_agent_who_becomes_free_interrupts_an_announcement(centre: Centre) -> None:
    number = centre.number()
    centre.world.call(number, keys=[(0.1, "#")])
    until(lambda: centre.said(WaitAnnounced), 5, "an announcement")
    said_at = centre.said(WaitAnnounced)[0].at
    centre.on_duty(a1062=Handset(ring_seconds=0.3, talk_seconds=1.0))
    ring = centre.ring(TELLER)
    talk = until(lambda: centre.world.talk(ring), 5, "the talk")
    end = centre.ended(number)
    assert end.answered_at is not None
    assert end.answered_at - said_at < 5.0, "the announcement of 6 s was waited for"
    soon(
        "from the agent's answer in mid-announcement to the talk",
        max(0.0, ms(end.answered_at, talk.began_at)),
        real=centre.real,
    )


def test_a_waiting_caller_leaves_by_key_and_is_told_goodbye(centre: Centre) -> None:
    number = centre.number()
    caller = centre.world.call(number, keys=[(0.1, "#"), (1.5, "0")])
    visit = caller.wait_ended()
    assert visit.ended_by == "pbx"
    assert centre.outcome(number) is Outcome.LEFT_BY_KEY
    assert centre.engine.prompts(number, heard=True)[-1] == "de/main/wrong"
