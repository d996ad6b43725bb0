"""Rings and talks that begin or end while nobody watches, and a PBX that dies."""

from acd.core.plan import AgentAction
from acd.core.records import (
    Activity,
    CallAnswered,
    CallState,
    Outcome,
    Presence,
    Repaired,
    RingEnded,
)
from tests.scenarios.centre import GENERALISTS, Centre, now
from tests.scenarios.world import Handset, until


def test_an_agent_who_answers_while_the_link_is_away_talks(centre: Centre) -> None:
    # The next try to reach the PBX may be two and a half seconds away.
    centre.on_duty(a1011=Handset(ring_seconds=0.8, talk_seconds=5.0))
    number = centre.number()
    caller = centre.world.call(number, keys=[(0.1, "1")])
    ring = centre.ring("1011")
    centre.proxy.shut()
    until(lambda: centre.world.talk(ring), 3, "a talk")
    centre.proxy.open()
    centre.engine.wait_live()
    assert centre.engine.agent("1011").activity is Activity.TALKING
    assert [answer.agent for answer in centre.said(CallAnswered)] == ["1011"]
    assert caller.wait_ended().ended_by == "pbx"
    centre.is_("1011", Activity.WRAP_UP)
    assert centre.outcome(number) is Outcome.ANSWERED
    assert len(centre.world.rings()) == 1


def test_a_caller_who_leaves_while_the_link_is_away_silences_the_phone(centre: Centre) -> None:
    centre.on_duty(a1012=Handset("rings_on"))
    number = centre.number()
    caller = centre.world.call(number, keys=[(0.1, "1")], hang_up_after=0.8)
    ring = centre.ring("1012")
    centre.proxy.shut()
    caller.wait_ended()
    centre.proxy.open()
    end = until(lambda: centre.world.ring_end(ring), 8, "the end of the ring")
    assert end.how == "cancelled"
    centre.is_("1012", Activity.IDLE)
    view = centre.engine.agent("1012")
    assert (view.presence, view.reason) == (Presence.READY, "")
    assert centre.outcome(number) is Outcome.SHORT_ABANDONED


def test_a_ring_outlives_its_engine(centre: Centre) -> None:
    """The next engine goes on with it: no second ring, and whoever answers has the call."""
    centre.on_duty(a1013=Handset(ring_seconds=1.7, talk_seconds=1.0))
    number = centre.number()
    centre.world.call(number, keys=[(0.1, "1")])
    centre.ring("1013")
    centre.restart_engine()
    centre.is_("1013", Activity.RINGING)
    centre.is_("1013", Activity.TALKING)
    centre.is_("1013", Activity.WRAP_UP)
    assert centre.outcome(number) is Outcome.ANSWERED
    assert len(centre.world.rings("1013")) == 1
    assert [each.kind for each in centre.said(Repaired)] == [
        "waiting_call_adopted",
        "ring_adopted",
    ]


def test_talks_and_wrap_ups_outlive_their_engine(centre: Centre) -> None:
    """A talk is booked to the second; who is in wrap-up has his old deadline."""
    centre.on_duty(a1015=Handset(talk_seconds=0.4), a1016=Handset(talk_seconds=4.0))
    short, long = centre.number(), centre.number()
    centre.world.call(short, keys=[(0.1, "1")])
    centre.is_("1015", Activity.WRAP_UP)
    ends_at = centre.engine.agent("1015").wrap_up_ends_at
    centre.world.call(long, keys=[(0.1, "1")])
    centre.is_("1016", Activity.TALKING)
    centre.restart_engine()
    assert centre.engine.agent("1016").activity is Activity.TALKING
    assert centre.engine.agent("1015").activity is Activity.WRAP_UP
    assert centre.engine.agent("1015").wrap_up_ends_at == ends_at
    centre.is_("1016", Activity.WRAP_UP)
    end = centre.ended(long)
    assert (end.outcome, end.agent, end.queue) == (Outcome.ANSWERED, "1016", "fault")
    [leg] = end.legs
    assert leg.connected_at is not None
    assert leg.ended_at is not None
    assert abs(leg.ended_at - leg.connected_at - 4.0) < 1.0
    assert [visit.how for visit in end.queue_path] == ["answered"]


def test_a_pbx_that_dies_ends_its_calls_in_the_books(centre: Centre) -> None:
    """Calls cannot outlive their PBX: each has one record, and nobody stays busy for ever."""
    talks, waits = centre.number(), centre.number()
    centre.on_duty("1014")
    centre.world.call(talks, keys=[(0.1, "1")])
    centre.is_("1014", Activity.TALKING)
    centre.world.call(waits, keys=[(0.1, "1")])
    centre.waiting(waits)
    centre.world.restart()
    assert centre.ended(waits, timeout=10).outcome is Outcome.SWITCH_LOST
    assert centre.outcome(talks) is Outcome.ANSWERED
    centre.engine.wait_live()
    centre.is_("1014", Activity.WRAP_UP)
    assert centre.engine.request("1014", AgentAction.END_WRAP_UP) == ""
    number = centre.number()
    centre.world.phones({"1014": Handset()})
    centre.world.call(number, keys=[(0.1, "1")])
    assert centre.ring("1014").number == number


def test_answers_around_the_end_of_a_round_of_waiting_connect(centre: Centre) -> None:
    """Every ten seconds a waiting caller is between two bridges for a moment; nobody notices."""
    agents = GENERALISTS[6:18]
    centre.world.phones(
        {agent: Handset(ring_seconds=0.25 + 0.05 * n) for n, agent in enumerate(agents)}
    )
    numbers = [centre.number() for _ in agents]
    for number in numbers:
        centre.world.call(number, keys=[(0.1, "1")])
    for number in numbers:
        centre.waiting(number)
    views = [centre.engine.call(number) for number in numbers]
    first = min(view.since for view in views if view is not None)
    until(lambda: now() > first + 9.4, 12, "the end of the round")
    for agent in agents:
        centre.log_in(agent)

    def connected() -> bool:
        states = [view.state for view in centre.engine.snapshot().calls]
        return states == [CallState.CONNECTED] * len(numbers)

    until(connected, 3, "a talk for everybody")
    assert len(centre.world.rings()) == len(agents)
    assert centre.said(RingEnded) == []
