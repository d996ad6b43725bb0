"""A new engine after the old one was killed: who is what, who stands where, and the books."""

from collections.abc import Callable

import msgspec
import pytest

from acd.core.commands import CancelRing, ChangePlace, MoveToWaitingRoom, PlayPrompt
from acd.core.events import (
    AgentRequested,
    CallArrived,
    CallerHungUp,
    CallerRescued,
    CallFoundInMenu,
    CallFoundWaiting,
    DigitPressed,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegLeftTalk,
    LegRinging,
    RingFound,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import AgentId, CallId, DeviceId, OfferId, QueueId, RequestId
from acd.core.memory import Memory
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import Strategy
from acd.core.records import (
    Activity,
    CallEnded,
    CallOffered,
    CallState,
    Outcome,
    Presence,
    Repaired,
    TalkEnded,
    WrapUpEnd,
    WrapUpEnded,
)
from acd.core.waiting import place_of
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import without_queue
from tests.core.rebirth import found_on_the_pbx, killed
from tests.plans import ALL, plan, with_queue, with_queues

TWO = {"1001": ALL, "1002": ALL}


def after_a_talk(house: Plan) -> Centre:
    centre = Centre(house, "1001")
    centre.call_in()
    centre.talk("1001", 30.0)
    assert centre.agent("1001").activity is Activity.WRAP_UP
    return centre


def test_wrap_up_goes_on_to_its_old_deadline_and_nobody_can_ring_him_before() -> None:
    house = plan({"1001": ALL})
    centre = after_a_talk(house)
    centre.wait(100.0)
    centre = killed(centre, house, away_seconds=5.0)
    call = centre.call_in()
    assert centre.agent("1001").wrap_up_ends_at == centre.now + 195.0
    centre.wait(194.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1001")]


def test_wrap_up_whose_deadline_passed_meanwhile_is_over_and_so_it_is_told() -> None:
    house = plan({"1001": ALL})
    centre = killed(after_a_talk(house), house, away_seconds=400.0)
    [ended] = centre.take(WrapUpEnded)
    assert (ended.how, ended.seconds) == (WrapUpEnd.CAP, 300.0)
    call = centre.call_in()
    assert rung(centre) == [(call, "1001")]


def test_wrap_up_is_never_longer_than_a_whole_one_though_the_clock_was_set_back() -> None:
    house = plan({"1001": ALL})
    centre = after_a_talk(house)
    whole = centre.agent("1001").wrap_up_ends_at
    assert whole is not None
    seconds = whole - centre.now
    centre.wait(100.0)
    centre = killed(centre, house, away_seconds=-3600.0)
    assert centre.agent("1001").wrap_up_ends_at == centre.now + seconds
    centre.wait(seconds)
    assert centre.agent("1001").activity is Activity.IDLE


@pytest.mark.parametrize("remembered", [True, False])
def test_who_waits_stays_before_who_comes_though_the_clock_was_set_back(remembered: bool) -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    waits = []
    for _ in range(3):
        waits.append(centre.call_in())
        centre.wait(70.0)
    before = [centre.call(call) for call in waits]
    memory = centre.memory() if remembered else Memory()
    found = found_on_the_pbx(centre)
    # The last is found first, as channels are listed in any order.
    centre = Centre(house, now=centre.now - 3600.0, memory=memory, found=found[::-1])
    centre.calls = len(waits)
    after = [centre.call(call) for call in waits]
    assert all(one.queued_at is not None and one.queued_at <= centre.now for one in after)
    assert [one.due_at - after[0].due_at for one in after] == [
        one.due_at - before[0].due_at for one in before
    ]
    told = {one.call: one.place for one in centre.said if isinstance(one, ChangePlace)}
    assert {call: place.due_at for call, place in told.items()} == {
        one.call: one.due_at for one in after
    }
    comes = centre.call_in()
    # Killed once more: by the new clock all is as it was.
    centre = killed(centre, house, away_seconds=2.0)
    assert [centre.call(call).due_at for call in waits] == [one.due_at for one in after]
    centre.request("1001", AgentAction.LOG_IN)
    served = []
    for _ in range(4):
        [(call, _agent)] = rung(centre)
        served.append(call)
        centre.talk("1001")
        centre.request("1001", AgentAction.END_WRAP_UP)
    assert served == [*waits, comes]


def test_wrap_up_of_a_queue_that_is_gone_is_over() -> None:
    centre = after_a_talk(plan({"1001": ALL}))
    centre = killed(centre, without_queue(plan({"1001": ALL}), "fault"))
    assert centre.agent("1001").activity is Activity.IDLE


def test_what_agents_said_and_where_they_sit_is_kept() -> None:
    house = plan({"1001": ALL, "1002": ALL, "1003": ALL})
    centre = Centre(house, "1002")
    desk = DeviceId("PJSIP/1009")
    centre.feed(AgentRequested(RequestId(1), AgentId("1001"), AgentAction.LOG_IN, "", desk))
    centre.request("1002", AgentAction.NOT_READY, "break")
    before = {agent: centre.agent(agent) for agent in TWO}
    centre = killed(centre, house, away_seconds=9.0)
    assert {agent: centre.agent(agent) for agent in before} == before
    call = centre.call_in()
    assert centre.rings["1001"].phone == desk
    assert rung(centre) == [(call, "1001")]


def test_two_who_were_kept_at_one_phone_do_not_both_have_it() -> None:
    house = plan(TWO)
    centre = Centre(house, *TWO)
    one, other = centre.agents_kept.values()
    centre.agents_kept[other.agent] = msgspec.structs.replace(other, phone=one.phone)
    centre = killed(centre, house)
    assert centre.agent("1001").presence is Presence.READY
    assert centre.agent("1002").presence is Presence.LOGGED_OUT


def test_whoever_was_idle_longest_still_is() -> None:
    house = with_queues(plan(TWO), wrap_up_seconds=0.0)
    centre = Centre(house, "1002", "1001")
    centre.call_in()
    centre.talk("1002", 5.0)
    centre = killed(centre, house)
    call = centre.call_in()
    assert rung(centre) == [(call, "1001")]


def test_a_caller_who_was_sent_to_wait_and_is_still_in_the_menu_keeps_his_place() -> None:
    """The engine died between its decision and the PBX's work on it."""
    house = plan({"1001": ALL})
    centre = Centre(house)
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "0301234567", "100"), DigitPressed(call, "2"))
    due_at = centre.call(call).due_at
    centre.wait(2.0)
    memory = centre.memory()
    centre = Centre(house, now=centre.now, memory=memory, found=[CallFoundInMenu(call)])
    centre.feed(CallArrived(call, PBX, "0301234567", "100"))
    [sent] = centre.take(MoveToWaitingRoom)
    assert (sent.call, sent.place.due_at) == (call, due_at)
    view = centre.call(call)
    assert (view.state, view.queue, view.due_at) == (CallState.QUEUED, "billing", due_at)


def test_a_caller_who_hangs_up_on_his_way_to_the_menu_has_his_record() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "0301234567", "100"))
    memory = centre.memory()
    centre = Centre(house, now=centre.now, memory=memory, found=[CallFoundInMenu(call)])
    assert centre.take(CallEnded) == []
    centre.wait(12.0)
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.LEFT_IN_MENU]


def test_a_caller_in_the_menu_is_asked_where_he_was_in_his_language() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "0301234567", "100"), DigitPressed(call, "9"))
    before = centre.take(PlayPrompt)[-1].path
    centre = killed(centre, house)
    centre.feed(CallArrived(call, PBX, "0301234567", "100"))
    assert centre.take(PlayPrompt)[0].path == before
    assert centre.take(CallOffered) == []


def test_a_call_that_ended_meanwhile_gets_its_one_record() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    gone = centre.call_in()
    centre.wait(60.0)
    centre = killed(centre, house, vanished=True)
    assert [(one.kind, one.text) for one in centre.said if isinstance(one, Repaired)] == [
        ("call_ended_unseen", gone)
    ]
    assert [(one.call, one.outcome) for one in centre.take(CallEnded)] == [
        (gone, Outcome.ABANDONED)
    ]
    centre.feed(CallerHungUp(gone))
    assert centre.take(CallEnded) == []
    assert centre.memory().calls == ()


def test_a_caller_who_is_gone_with_the_ring_for_him_may_have_talked_and_so_it_is_booked() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    gone = centre.call_in()
    centre.wait(2.0)
    centre = killed(centre, house, away_seconds=60.0, vanished=True)
    [ended] = [one for one in centre.said if isinstance(one, CallEnded)]
    assert (ended.call, ended.outcome, ended.agent) == (gone, Outcome.UNSEEN, None)
    assert [(leg.agent, leg.how) for leg in ended.legs] == [("1001", "unseen")]
    assert centre.agent("1001").wrap_up_ends_at == centre.now + 300.0
    assert not centre.take(TalkEnded)
    centre.request("1001", AgentAction.END_WRAP_UP)
    following = centre.call_in()
    assert rung(centre) == [(following, "1001")]


def test_a_caller_who_is_gone_while_his_phone_still_rings_has_given_up() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    gone = centre.call_in()
    rings = [one for one in found_on_the_pbx(centre) if isinstance(one, RingFound)]
    centre = Centre(house, now=centre.now + 20.0, memory=centre.memory(), found=rings)
    ends = [(one.call, one.outcome) for one in centre.said if isinstance(one, CallEnded)]
    assert ends == [(gone, Outcome.ABANDONED)]
    assert [one.offer for one in centre.take(CancelRing)] == [rings[0].offer]
    assert centre.agent("1001").activity is Activity.IDLE


def test_of_several_who_may_have_talked_unseen_nobody_is_locked() -> None:
    house = with_queue(plan(TWO), "fault", strategy=Strategy.RING_ALL)
    centre = Centre(house, *TWO)
    centre.call_in()
    centre = killed(centre, house, away_seconds=60.0, vanished=True)
    assert [centre.agent(agent).activity for agent in TWO] == [Activity.IDLE] * 2
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.UNSEEN]


@pytest.mark.parametrize("caller", ["gone", "on his way out"])
def test_a_talk_that_ended_meanwhile_has_an_end_and_its_agent_his_wrap_up(caller: str) -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    call = centre.call_in()
    centre.lift("1001")
    answered_at = centre.now
    centre.wait(60.0)
    place = place_of(centre.engine.floor.calls[call])
    still_there = [CallFoundWaiting(call, PBX, "0301234567", place, in_room=False)]
    centre = Centre(
        house,
        now=centre.now + 3.0,
        memory=centre.memory(),
        found=[] if caller == "gone" else still_there,
    )
    ends_at = centre.now + 300.0
    assert centre.agent("1001").activity is Activity.WRAP_UP
    assert centre.agent("1001").wrap_up_ends_at == ends_at
    if caller != "gone":
        centre.feed(CallerHungUp(call))
    talks = [one for one in centre.said if isinstance(one, TalkEnded)]
    assert [(one.agent, one.talk_seconds) for one in talks] == [("1001", 63.0)]
    [ended] = centre.take(CallEnded)
    assert (ended.outcome, ended.answered_at) == (Outcome.ANSWERED, answered_at)
    assert ended.talk_ended_at == ends_at - 300.0
    following = centre.call_in()
    centre.wait(299.9)
    assert rung(centre) == []
    centre.wait(0.2)
    assert rung(centre) == [(following, "1001")]


def test_a_talk_whose_end_was_still_seen_keeps_it_though_the_calls_end_was_not() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house, "1001")
    call = centre.call_in()
    offer = centre.lift("1001")
    centre.wait(60.0)
    ended_at = centre.now
    centre.feed(LegLeftTalk(offer))
    centre = killed(centre, house, away_seconds=3.0, vanished=True)
    [ended] = centre.take(CallEnded)
    assert (ended.call, ended.talk_ended_at) == (call, ended_at)


def test_a_caller_whom_the_dialplan_rescued_meanwhile_is_booked_so() -> None:
    house = plan({"1001": ALL})
    centre = Centre(house)
    call = centre.call_in()
    centre = Centre(house, now=centre.now, memory=centre.memory(), found=[CallerRescued(call)])
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.EMERGENCY]


# -- killed at any moment ------------------------------------------------------------------------

CALLS = [CallId(f"main-1.{number}") for number in range(4)]


def steps() -> list[Callable[[Centre], object]]:
    """A day in short: menus, queues, rings, talks, wrap-ups, pauses, a caller who gives up."""

    def come(call: CallId, key: str) -> list[Callable[[Centre], object]]:
        return [
            lambda centre: centre.feed(CallArrived(call, PBX, f"030{call}", "100")),
            lambda centre: centre.feed(DigitPressed(call, key)),
            lambda centre: centre.feed(WaitingRoomEntered(call)),
        ]

    def served(agent: str) -> list[Callable[[Centre], object]]:
        def offer(centre: Centre) -> OfferId:
            return centre.rings[agent].offer

        return [
            lambda centre: centre.feed(LegRinging(offer(centre))),
            lambda centre: centre.feed(LegAnswered(offer(centre)), LegConnected(offer(centre))),
            lambda centre: centre.wait(30.0),
            lambda centre: centre.feed(LegLeftTalk(offer(centre))),
            lambda centre: centre.feed(LegEnded(offer(centre))),
            lambda centre: centre.feed(CallerHungUp(centre.rings[agent].call)),
        ]

    return [
        *come(CALLS[0], "1"),
        lambda centre: centre.request("1001", AgentAction.LOG_IN),
        *come(CALLS[1], "2"),
        *served("1001"),
        lambda centre: centre.request("1002", AgentAction.LOG_IN),
        *come(CALLS[2], "1"),
        lambda centre: centre.request("1001", AgentAction.NOT_READY, "break"),
        *served("1002"),
        lambda centre: centre.feed(WaitingRoomLeft(CALLS[2])),
        lambda centre: centre.feed(CallerHungUp(CALLS[2])),
        lambda centre: centre.wait(100.0),
        *come(CALLS[3], "3"),
        lambda centre: centre.request("1002", AgentAction.END_WRAP_UP),
        lambda centre: centre.request("1002", AgentAction.LOG_OUT),
    ]


@pytest.mark.parametrize("upto", range(len(steps()) + 1))
def test_killed_after_any_step_everybody_stands_where_he_stood(upto: int) -> None:
    house = with_queue(plan(TWO), "fault", wrap_up_seconds=45.0)
    centre = Centre(house)
    for step in steps()[:upto]:
        step(centre)
    again = killed(centre, house)
    # Nobody rings any more: rings of the old engine are taken back, and perhaps made anew.
    for agent in TWO:
        before, after = centre.agent(agent), again.agent(agent)
        assert (after.presence, after.reason, after.phone, after.wrap_up_ends_at) == (
            before.presence,
            before.reason,
            before.phone,
            before.wrap_up_ends_at,
        )
        if before.activity in (Activity.TALKING, Activity.WRAP_UP):
            assert after.activity is before.activity
    waiting = (CallState.QUEUED, CallState.RINGING)
    for view in centre.engine.snapshot(centre.now).calls:
        if view.state in (CallState.IN_MENU, CallState.ARRIVED):
            assert again.engine.floor.calls.get(view.call) is None
            continue
        other = again.call(view.call)
        assert (other.queue, other.queued_at, other.due_at, other.arrived_at, other.ani) == (
            view.queue,
            view.queued_at,
            view.due_at,
            view.arrived_at,
            view.ani,
        )
        assert (other.state in waiting) is (view.state in waiting)
    assert len(again.memory().agents) == len(centre.memory().agents)


def test_nothing_is_kept_of_a_call_that_is_over() -> None:
    centre = Centre(plan(TWO))
    for step in steps():
        step(centre)
    living = {view.call for view in centre.engine.snapshot(centre.now).calls}
    assert {one.call for one in centre.memory().calls} == living
    assert QueueId("meter") in {one.queue for one in centre.memory().calls}
