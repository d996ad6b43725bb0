"""Agents' time adds up to the time that has passed, whatever they do in between."""

from collections import Counter

from acd.agenttime import AgentTime, State
from acd.core.ids import AgentId
from acd.core.records import Activity, AgentView, Presence
from tests.web.centre import agent

ADA = AgentId("1001")
IDLE: State = (Presence.READY, Activity.IDLE)
TALKING: State = (Presence.READY, Activity.TALKING)
OUT: State = (Presence.LOGGED_OUT, Activity.IDLE)


class Sums:
    """Agents' time and what it has told."""

    def __init__(self, began_at: float = 0.0) -> None:
        self.seconds: Counter[State] = Counter()
        self.time = AgentTime(self._add, began_at)

    def _add(self, state: State, seconds: float) -> None:
        assert seconds >= 0
        self.seconds[state] += seconds  # type: ignore[assignment]


def ada(state: State, since: float) -> AgentView:
    return agent(1001, *state, since=since)


def test_each_stretch_counts_for_what_he_did() -> None:
    sums = Sums()
    sums.time.changed(ADA, IDLE, 100.0)
    sums.time.changed(ADA, TALKING, 110.0)
    sums.time.changed(ADA, IDLE, 150.0)
    assert sums.seconds == {IDLE: 10.0, TALKING: 40.0}


def test_a_look_counts_up_to_its_moment() -> None:
    sums = Sums()
    sums.time.changed(ADA, TALKING, 100.0)
    sums.time.seen([ada(TALKING, 100.0)], 130.0)
    sums.time.seen([ada(TALKING, 100.0)], 145.0)
    sums.time.changed(ADA, IDLE, 150.0)
    assert sums.seconds == {TALKING: 50.0}


def test_who_was_there_before_the_engine_counts_from_its_beginning() -> None:
    sums = Sums(began_at=1000.0)
    sums.time.seen([ada(TALKING, 400.0)], 1010.0)
    assert sums.seconds == {TALKING: 10.0}


def test_who_is_gone_counts_no_longer() -> None:
    sums = Sums()
    sums.time.changed(ADA, OUT, 100.0)
    sums.time.seen([], 110.0)
    sums.time.seen([], 120.0)
    assert sums.seconds == {OUT: 10.0}


def test_a_clock_set_back_counts_nothing() -> None:
    sums = Sums()
    sums.time.changed(ADA, IDLE, 100.0)
    sums.time.changed(ADA, TALKING, 40.0)
    sums.time.seen([ada(TALKING, 90.0)], 30.0)
    assert sum(sums.seconds.values()) == 0
