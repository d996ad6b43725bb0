"""The picture of one moment agrees with what has happened."""

from acd.core.events import LegFailed, RingOutcome
from acd.core.ids import CallId
from acd.core.plan import AgentAction
from acd.core.records import Activity, CallState, QueueView, Snapshot
from tests.core.centre import Centre
from tests.core.queues import talked
from tests.plans import ALL, plan


def queue(snapshot: Snapshot, name: str) -> QueueView:
    """Return one queue of the picture."""
    return next(view for view in snapshot.queues if view.queue == name)


def test_a_queue_counts_who_waits_rings_and_talks_and_who_could_help() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL, "1003": {"billing": 1}}), "1001", "1002")
    talking = centre.call_in()
    centre.answer(talking)
    centre.call_in()
    centre.call_in()
    centre.wait(7.0)
    view = queue(centre.engine.snapshot(centre.now), "fault")
    assert (view.waiting, view.ringing, view.connected) == (1, 1, 1)
    assert view.longest_wait_seconds == 7.0
    assert (view.agents_ready, view.agents_free) == (2, 0)


def test_an_idle_queue_shows_its_label_and_its_free_agents() -> None:
    centre = Centre(plan({"1001": ALL}), "1001")
    view = queue(centre.engine.snapshot(centre.now), "water")
    assert (view.label, view.waiting, view.longest_wait_seconds) == ("Water line", 0, 0.0)
    assert (view.agents_ready, view.agents_free) == (1, 1)


def test_a_call_shows_its_place_and_its_agent() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in("1", ani="0301234567")
    view = centre.call(call)
    assert (view.state, view.queue, view.option, view.agent) == (
        CallState.RINGING,
        "fault",
        "1",
        "1001",
    )
    assert view.ani == "0301234567"
    centre.feed(LegFailed(centre.ring_of(call).offer, RingOutcome.NO_ANSWER))
    assert centre.call(call).agent is None


def test_a_call_shows_its_position_while_it_waits_and_rings_and_never_else() -> None:
    centre = Centre(plan())
    first, second = centre.call_in(), centre.call_in()
    other = centre.call_in("2")
    assert [centre.call(call).position for call in (first, second, other)] == [1, 2, 1]
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.call(first).position == 1
    centre.answer(first)
    assert [centre.call(call).position for call in (first, second)] == [None, 1]
    in_menu = centre.call_in("x")
    assert centre.call(in_menu).position is None


def test_a_queue_shows_how_long_a_newcomer_would_wait() -> None:
    centre = Centre(plan(), "1001")
    assert queue(centre.engine.snapshot(centre.now), "fault").estimate_seconds is None
    talked(centre, "1", 100.0)
    assert queue(centre.engine.snapshot(centre.now), "fault").estimate_seconds == 0.0


def test_an_agent_in_wrap_up_shows_when_it_ends_and_for_which_call() -> None:
    centre = Centre(plan(wrap_up_seconds=300), "1001")
    call = centre.call_in()
    centre.end_talk(centre.answer(call), call)
    view = centre.agent("1001")
    assert view.activity is Activity.WRAP_UP
    assert view.wrap_up_ends_at == centre.now + 300
    assert (view.call, view.queue) == (call, "fault")
    centre.request("1001", AgentAction.END_WRAP_UP)
    view = centre.agent("1001")
    assert (view.wrap_up_ends_at, view.call) == (None, None)


def test_agents_come_by_id_and_calls_by_arrival() -> None:
    centre = Centre(plan({"1003": ALL, "1001": ALL, "1002": ALL}))
    calls = [centre.call_in() for _ in range(3)]
    snapshot = centre.engine.snapshot(centre.now)
    assert [view.agent for view in snapshot.agents] == ["1001", "1002", "1003"]
    assert [view.call for view in snapshot.calls] == calls
    assert CallId("main-1.1") == calls[0]
