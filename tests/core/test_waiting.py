"""A caller in a queue: what he asks for, his place, and where a rule leads him."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.attributes import MOST_SHIFT_SECONDS
from acd.core.commands import (
    ChangePlace,
    EnterMenu,
    HangUpCall,
    KeepInMenu,
    MoveToWaitingRoom,
    PlayPrompt,
    SendToNumber,
)
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallFoundWaiting,
    DigitPressed,
    LegConnected,
    LegFailed,
    MenuReached,
    PbxDown,
    PbxLive,
    PlanReplaced,
    PromptEnded,
    RingOutcome,
    Tick,
    WaitingRoomEntered,
)
from acd.core.ids import CallId, Language, MenuId, QueueId, SkillId
from acd.core.place import Place
from acd.core.plan import AgentAction, Need, Plan
from acd.core.queueplan import (
    CallerValue,
    Exit,
    ExitCondition,
    PreferredAgent,
    Target,
    ToAnnouncement,
    ToMenu,
    ToNumber,
    ToQueue,
)
from acd.core.records import (
    CallAnswered,
    CallEnded,
    CallLeftQueue,
    CallRelaxed,
    CallState,
    Noticed,
    Outcome,
)
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import (
    ENGLISH,
    FAULT,
    asks_for,
    in_english,
    known,
    order,
    relax,
    rule,
    say_then_queue,
    talked,
    with_exits,
    with_menu,
    with_option,
    with_queue,
    without_queue,
)
from tests.plans import plan, prompt

GRADED = {"senior": {"fault": 5}, "junior": {"fault": 2}, "trainee": {"fault": 1}}
STEPS = (relax(30.0, ("fault", 2)), relax(90.0, ("fault", 1)))


def demanding(**changes: object) -> Plan:
    """A queue that wants grade 5, after 30 s grade 2, after 90 s anybody."""
    changes = {"requirement": asks_for(("fault", 5)), "relaxations": STEPS, **changes}
    return with_queue(plan(GRADED), "fault", **changes)


def found(centre: Centre, name: str, waited: float, **place: object) -> CallId:
    """A caller who has waited ``waited`` seconds is found after a restart."""
    at = centre.now - waited
    there = Place(FAULT, at, at, at + 20.0, "1", Language("de"), "100")
    call = CallId(f"main-0.{name}")
    centre.feed(CallFoundWaiting(call, PBX, "", msgspec.structs.replace(there, **place)))
    return call


# -- relaxation --------------------------------------------------------------------------------


def test_a_call_asks_for_less_as_it_waits_and_then_gets_who_was_free_all_along() -> None:
    centre = Centre(demanding(), "trainee", "junior")
    call = centre.call_in()
    centre.wait(29.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "junior")]


def test_the_last_step_reaches_everybody_and_each_is_said() -> None:
    centre = Centre(demanding(), "trainee")
    call = centre.call_in()
    centre.wait(100.0)
    assert [(one.call, one.step) for one in centre.said if isinstance(one, CallRelaxed)] == [
        (call, 1),
        (call, 2),
    ]
    assert rung(centre) == [(call, "trainee")]


def test_relaxing_keeps_the_place() -> None:
    centre = Centre(demanding())
    first = centre.call_in()
    centre.wait(35.0)
    second = centre.call_in()
    assert order(centre) == [first, second]
    centre.request("senior", AgentAction.LOG_IN)
    assert rung(centre) == [(first, "senior")]


def test_the_relaxed_and_the_demanding_stand_in_one_order() -> None:
    """The junior gets the relaxed caller, the senior the one who came first of all he can serve."""
    centre = Centre(demanding())
    first = centre.call_in()
    centre.wait(40.0)
    second = centre.call_in()
    centre.request("junior", AgentAction.LOG_IN)
    assert rung(centre) == [(first, "junior")]
    centre.request("senior", AgentAction.LOG_IN)
    assert rung(centre) == [(second, "senior")]


def test_a_step_that_falls_due_while_a_phone_rings_counts_for_the_next_ring() -> None:
    centre = Centre(demanding(ring_timeout_seconds=60.0), "senior", "junior")
    call = centre.call_in()
    centre.wait(31.0)
    assert [agent for _, agent in rung(centre)] == ["senior"]
    assert centre.call(call).state is CallState.RINGING
    offer = next(iter(centre.engine.floor.offers))
    centre.feed(LegFailed(offer, RingOutcome.DECLINED))
    assert rung(centre) == [(call, "junior")]


def test_after_a_restart_all_steps_that_are_due_are_taken_at_once() -> None:
    centre = Centre(demanding(), "trainee")
    call = found(centre, "1", waited=95.0)
    centre.feed(Tick())
    assert [one.step for one in centre.said if isinstance(one, CallRelaxed)] == [1, 2]
    assert rung(centre) == [(call, "trainee")]


def test_after_a_restart_the_next_step_comes_when_it_would_have_come() -> None:
    centre = Centre(demanding(), "junior")
    call = found(centre, "1", waited=20.0)
    centre.wait(9.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "junior")]


def test_a_caller_of_another_queue_keeps_his_clock_but_its_steps_begin_anew() -> None:
    """Steps count from the entry into the queue: ``entered_at``, not the wait clock."""
    centre = Centre(demanding(), "junior")
    call = found(centre, "1", waited=300.0, entered_at=centre.now)
    centre.wait(29.0)
    assert rung(centre) == []
    centre.wait(1.0)
    assert rung(centre) == [(call, "junior")]


def test_a_step_on_the_estimate_waits_until_the_wait_is_long() -> None:
    """A talk takes 100 s: the next waits about as long, the fourth after him too long."""
    step = relax(10.0, ("fault", 2), estimate_over_seconds=200.0)
    centre = Centre(demanding(relaxations=(step,), wrap_up_seconds=0.0), "senior")
    talked(centre, "1", 100.0)
    centre.answer(centre.call_in())
    centre.take()
    following = [centre.call_in() for _ in range(4)]
    centre.wait(20.0)
    assert {one.call for one in centre.take(CallRelaxed)} == set(following[2:])


def test_a_step_on_the_estimate_is_taken_when_nobody_is_ready_who_could_serve_him() -> None:
    step = relax(10.0, ("fault", 2), estimate_over_seconds=200.0)
    centre = Centre(demanding(relaxations=(step,)), "junior")
    call = centre.call_in()
    centre.wait(10.0)
    assert rung(centre) == [(call, "junior")]


# -- extra needs -------------------------------------------------------------------------------

SPEAKERS = {"german": {"fault": 1}, "english": {"fault": 1, "language.en": 1}}


def test_an_option_asks_for_more_than_the_queue() -> None:
    house = with_option(plan(GRADED), "1", needs=(Need(SkillId("fault"), 3),))
    centre = Centre(house, "trainee", "junior", "senior")
    call = centre.call_in()
    assert rung(centre) == [(call, "senior")]


def test_the_callers_language_asks_for_somebody_who_speaks_it() -> None:
    house = with_option(plan(SPEAKERS), "1", attribute_needs=(ENGLISH,))
    centre = Centre(house, "german", "english")
    call = in_english(centre)
    assert rung(centre) == [(call, "english")]


def test_a_language_that_nobody_has_as_a_skill_asks_for_nothing() -> None:
    house = with_option(plan(GRADED), "1", attribute_needs=(ENGLISH,))
    centre = Centre(house, "junior")
    call = in_english(centre)
    assert rung(centre) == [(call, "junior")]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_step_keeps_the_language_or_gives_it_up(keeps: bool) -> None:
    house = with_option(plan(SPEAKERS), "1", attribute_needs=(ENGLISH,))
    step = relax(30.0, ("fault", 1), keeps_extra_needs=keeps)
    centre = Centre(with_queue(house, "fault", relaxations=(step,)), "german")
    call = in_english(centre)
    centre.wait(60.0)
    assert rung(centre) == ([] if keeps else [(call, "german")])


def test_extra_needs_survive_a_restart() -> None:
    centre = Centre(plan(SPEAKERS), "german")
    call = found(centre, "1", waited=5.0, needs=(Need(SkillId("language.en"), 1),))
    assert rung(centre) == []
    centre.request("english", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "english")]


def test_extra_needs_go_with_him_into_the_next_queue() -> None:
    house = with_option(
        plan({"german": {"billing": 1}, "english": {"billing": 1, "language.en": 1}}),
        "1",
        attribute_needs=(ENGLISH,),
    )
    exits = (rule(ExitCondition.MAX_WAIT, "billing", limit=60.0),)
    centre = Centre(with_queue(house, "fault", exits=exits), "german")
    call = in_english(centre)
    centre.wait(61.0)
    assert centre.call(call).queue == "billing"
    assert rung(centre) == []
    centre.request("english", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "english")]


# -- order -------------------------------------------------------------------------------------


def due_at(centre: Centre, call: CallId) -> float:
    """Return the call's place in the order over all queues."""
    due = centre.call(call).due_at
    assert due is not None
    return due


def test_the_due_time_is_entry_plus_target_less_priority() -> None:
    house = with_queue(plan(targets={"fault": 20.0}), "fault", priority_seconds=30.0)
    centre = Centre(house)
    assert due_at(centre, centre.call_in()) == centre.now - 10.0


def test_what_a_callers_attributes_are_worth_adds_up() -> None:
    values = (
        CallerValue(attribute="ani", value="0301234567", seconds=60.0),
        CallerValue(attribute="language", value="de", seconds=15.0),
        CallerValue(attribute="dnis", value="999", seconds=500.0),
    )
    centre = Centre(with_queue(plan(), "fault", caller_values=values))
    ordinary = centre.call_in(ani="0309999999")
    centre.wait(50.0)
    dear = centre.call_in(ani="0301234567")
    assert order(centre) == [dear, ordinary]
    centre.wait(15.0)
    later = centre.call_in(ani="0301234567")
    assert order(centre) == [dear, ordinary, later]


def test_a_negative_value_lets_others_pass() -> None:
    values = (CallerValue(attribute="ani", value="0900", seconds=-60.0),)
    centre = Centre(with_queue(plan(), "fault", caller_values=values))
    nuisance = centre.call_in(ani="0900")
    centre.wait(30.0)
    ordinary = centre.call_in()
    assert order(centre) == [ordinary, nuisance]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("12"),
            st.sampled_from(["a", "b", "c", ""]),
            st.floats(0.0, 2000.0),
        ),
        min_size=2,
        max_size=12,
    ),
    st.floats(-5000.0, 5000.0),
    st.sampled_from([None, 1, 3]),
)
@pytest.mark.slow
def test_whoever_waited_longer_than_all_shifts_is_before_every_newcomer(
    comers: list[tuple[str, str, float]], priority: float, position: int | None
) -> None:
    """Nothing starves: 2 x MOST_SHIFT_SECONDS and the difference of the targets are the bound."""
    values = tuple(
        CallerValue(attribute="ani", value=ani, seconds=seconds)
        for ani, seconds in (("a", 9000.0), ("b", -9000.0), ("c", 100.0))
    )
    house = plan(targets={"fault": 10.0, "billing": 70.0})
    house = with_queue(house, "fault", caller_values=values, priority_seconds=priority)
    house = with_queue(house, "billing", caller_values=values)
    if position is not None:
        house = with_option(house, "1", position=position)
    centre = Centre(house)
    bound = 2 * MOST_SHIFT_SECONDS + 60.0
    came: list[tuple[float, CallId]] = []
    for key, ani, pause in comers:
        centre.wait(pause)
        came.append((centre.now, centre.call_in(key, ani)))
        newest = due_at(centre, came[-1][1])
        for at, call in came[:-1]:
            if centre.now - at > bound:
                assert due_at(centre, call) < newest


def test_a_position_puts_a_caller_before_who_stands_there_now() -> None:
    centre = Centre(with_option(plan(), "1", position=2))
    first = centre.call_in()
    rest = []
    for _ in range(3):
        centre.wait(5.0)
        rest.append(centre.call_in())
    assert order(centre) == [first, *reversed(rest)]


def test_a_position_behind_the_last_is_the_end_of_the_queue() -> None:
    centre = Centre(with_option(plan(), "1", position=5))
    first = centre.call_in()
    centre.wait(5.0)
    second = centre.call_in()
    assert order(centre) == [first, second]


def test_a_position_never_lets_newcomers_pass_somebody_for_ever() -> None:
    """Every caller asks for the first position: who has waited the bound is not passed any more."""
    centre = Centre(with_option(plan(), "1", position=1))
    patient = centre.call_in()
    came = centre.now
    while centre.now - came <= MOST_SHIFT_SECONDS:
        centre.wait(400.0)
        centre.call_in()
    centre.wait(400.0)
    late = centre.call_in()
    assert order(centre).index(patient) < order(centre).index(late)


# -- a plan that is replaced meanwhile ---------------------------------------------------------


def test_steps_of_a_new_plan_hold_for_those_who_wait_already() -> None:
    centre = Centre(demanding(relaxations=()), "junior")
    call = centre.call_in()
    centre.wait(100.0)
    assert rung(centre) == []
    centre.feed(PlanReplaced(demanding()), Tick())
    assert rung(centre) == [(call, "junior")]


def test_a_later_step_in_a_new_plan_is_waited_for() -> None:
    centre = Centre(demanding(), "junior")
    centre.call_in()
    centre.wait(10.0)
    centre.feed(PlanReplaced(demanding(relaxations=(relax(60.0, ("fault", 2)),))))
    centre.wait(45.0)
    assert rung(centre) == []
    centre.wait(5.0)
    assert len(rung(centre)) == 1


def test_a_step_that_is_not_due_by_the_new_plan_is_taken_back() -> None:
    centre = Centre(demanding())
    call = centre.call_in()
    centre.wait(35.0)
    centre.feed(PlanReplaced(demanding(relaxations=(relax(60.0, ("fault", 2)),))))
    centre.request("junior", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.wait(25.0)
    assert rung(centre) == [(call, "junior")]


def test_a_longest_wait_of_a_new_plan_holds_for_those_who_wait_already() -> None:
    goodbye = ToAnnouncement(prompts=prompt("closed"))
    short = (rule(ExitCondition.MAX_WAIT, goodbye, limit=60.0),)
    long = (rule(ExitCondition.MAX_WAIT, goodbye, limit=600.0),)
    centre = Centre(plan())
    call = centre.call_in()
    centre.feed(PlanReplaced(with_queue(plan(), "fault", exits=short)))
    centre.wait(30.0)
    centre.feed(PlanReplaced(with_queue(plan(), "fault", exits=long)))
    centre.wait(569.0)
    assert centre.take(CallLeftQueue) == []
    centre.wait(1.0)
    assert [one.call for one in centre.take(CallLeftQueue)] == [call]


def test_a_longest_wait_that_is_gone_from_the_plan_lets_nobody_go() -> None:
    goodbye = ToAnnouncement(prompts=prompt("closed"))
    exits = (rule(ExitCondition.MAX_WAIT, goodbye, limit=60.0),)
    centre = Centre(with_queue(plan(), "fault", exits=exits))
    call = centre.call_in()
    centre.feed(PlanReplaced(plan()))
    centre.wait(600.0)
    assert centre.call(call).state is CallState.QUEUED


def test_who_waits_in_a_queue_that_is_gone_is_still_served() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.feed(PlanReplaced(without_queue(plan(), "fault")))
    centre.wait(100.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]


def test_who_is_found_in_a_queue_that_is_gone_hears_the_menu_again() -> None:
    """Left alone, he would hear music until he hangs up: nobody else knows of him."""
    centre = Centre(without_queue(plan(), "fault"))
    call = found(centre, "1", waited=100.0)
    assert [one.kind for one in centre.said if isinstance(one, Noticed)] == ["unknown_queue"]
    assert EnterMenu(call) in centre.said
    assert centre.call(call).state is CallState.IN_MENU


# -- the preferred agent -----------------------------------------------------------------------


def test_a_caller_kept_for_an_agent_who_goes_is_given_to_the_others_at_once() -> None:
    preferred = PreferredAgent(patience_seconds=120.0, within_seconds=3600.0)
    house = with_queue(
        plan({"his": {"fault": 1}, "other": {"fault": 1}}, wrap_up_seconds=0.0),
        "fault",
        preferred_agent=preferred,
    )
    centre = Centre(house, "his")
    talked(centre, "1", 60.0)
    busy = centre.call_in(ani="0")
    centre.answer(busy)
    centre.take()
    call = centre.call_in()
    centre.request("other", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.request("his", AgentAction.LOG_OUT)
    centre.feed(Tick())
    assert rung(centre) == [(call, "other")]


# -- the place on the channel ------------------------------------------------------------------


def test_the_place_goes_with_the_caller_on_his_channel() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    (moved,) = centre.take(MoveToWaitingRoom)
    place = moved.place
    assert (place.queue, place.queued_at, place.entered_at) == (FAULT, centre.now, centre.now)
    assert (place.due_at, place.option, place.language) == (centre.now + 20.0, "1", "de")
    assert moved.call == call


def test_who_moves_on_within_the_waiting_room_has_his_new_place_written() -> None:
    exits = (rule(ExitCondition.MAX_WAIT, "billing", limit=60.0),)
    centre = Centre(with_queue(plan(targets={"billing": 5.0}), "fault", exits=exits))
    call = centre.call_in()
    came = centre.now
    centre.wait(60.0)
    assert not any(isinstance(one, EnterMenu) for one in centre.said)
    (moved,) = centre.take(ChangePlace)
    assert (moved.call, moved.place.queue) == (call, "billing")
    assert (moved.place.queued_at, moved.place.entered_at) == (came, came + 60.0)
    assert moved.place.due_at == came + 5.0


def test_nobody_is_rung_for_a_caller_who_talks_already() -> None:
    centre = Centre(demanding(), "senior")
    call = centre.call_in()
    centre.feed(LegConnected(centre.ring_of(call).offer))
    centre.take()
    centre.request("junior", AgentAction.LOG_IN)
    centre.wait(500.0)
    assert rung(centre) == []
    assert centre.engine.floor.lines[FAULT].entries == []


def test_menus_added_by_a_plan_do_not_touch_who_waits() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.feed(PlanReplaced(with_menu(plan(), plan().menus[plan().callers_menu])))
    assert centre.call(call).state is CallState.QUEUED


# -- where a rule leads ------------------------------------------------------------------------

MENU, GOODBYE = ToMenu(menu=MenuId("after")), ToAnnouncement(prompts=prompt("closed"))


def leaving(*exits: Exit, **changes: object) -> Plan:
    """A queue with these rules, and a menu ``after`` that leads into the queue water."""
    house = with_menu(plan(), say_then_queue("after", "water", "sorry"))
    return with_exits(house, "fault", *exits, **changes)


def after(seconds: float, target: Target | str) -> Exit:
    """Return the rule that lets callers go after so long."""
    return rule(ExitCondition.MAX_WAIT, target, limit=seconds)


def test_the_next_queue_can_keep_the_wait_clock_and_with_it_the_place() -> None:
    centre = Centre(leaving(after(100.0, "billing")))
    old = centre.call_in("1")
    centre.wait(50.0)
    young = centre.call_in("2")
    centre.wait(50.0)
    assert order(centre, "billing") == [old, young]
    centre.feed(PlanReplaced(plan({"1001": {"billing": 1}})))
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.ring_of(old).label == "1 Billing line 1:40"
    centre.answer(old)
    assert centre.take(CallAnswered)[0].wait_seconds == 100.0


def test_the_next_queue_can_begin_the_wait_clock_anew() -> None:
    target = ToQueue(queue=QueueId("billing"), keep_clock=False)
    centre = Centre(leaving(after(100.0, target)))
    old = centre.call_in("1")
    centre.wait(50.0)
    young = centre.call_in("2")
    centre.wait(50.0)
    assert order(centre, "billing") == [young, old]
    assert centre.call(old).queued_at == centre.now
    assert centre.take(CallLeftQueue)[0].wait_seconds == 100.0


def test_three_queues_in_a_row_keep_the_clock_and_each_counts_him() -> None:
    house = leaving(after(30.0, "billing"))
    house = with_exits(house, "billing", after(30.0, "meter"))
    centre = Centre(house)
    call = centre.call_in()
    centre.wait(60.0)
    assert centre.call(call).queue == "meter"
    gone = [(one.queue, one.wait_seconds, one.target) for one in centre.take(CallLeftQueue)]
    assert gone == [("fault", 30.0, "queue:billing"), ("billing", 60.0, "queue:meter")]


def test_into_a_menu_and_from_there_into_another_queue_with_a_new_clock() -> None:
    centre = Centre(leaving(after(60.0, MENU)))
    call = centre.call_in()
    centre.take()
    centre.wait(60.0)
    assert centre.take(EnterMenu) == [EnterMenu(call)]
    centre.feed(MenuReached(call))
    (play,) = centre.take(PlayPrompt)
    assert play.path == "/acd/de/sorry"
    centre.wait(4.0)
    centre.feed(PromptEnded(call, play.play_id, True), WaitingRoomEntered(call))
    view = centre.call(call)
    assert (view.state, view.queue) == (CallState.QUEUED, "water")
    assert view.queued_at == centre.now


def test_a_caller_who_may_not_join_hears_the_menu_where_he_is() -> None:
    centre = Centre(leaving(rule(ExitCondition.NO_AGENTS, MENU)))
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""), DigitPressed(call, "1"))
    assert [play.path for play in centre.said if isinstance(play, PlayPrompt)][-1:] == [
        "/acd/de/sorry"
    ]
    assert not any(isinstance(one, EnterMenu | MoveToWaitingRoom) for one in centre.said)
    centre.wait(14.0)
    assert len(centre.take(KeepInMenu)) == 2


def test_an_announcement_and_then_the_end_of_the_call() -> None:
    centre = Centre(leaving(after(60.0, GOODBYE)))
    call = centre.call_in()
    centre.wait(60.0)
    centre.feed(MenuReached(call))
    play = centre.take(PlayPrompt)[-1]
    assert play.path == "/acd/de/closed"
    centre.feed(PromptEnded(call, play.play_id, True))
    assert centre.take(HangUpCall) == [HangUpCall(call)]
    centre.feed(CallerHungUp(call))
    assert centre.take(CallEnded)[0].outcome is Outcome.TIMED_OUT


def test_an_announcement_is_in_the_callers_language() -> None:
    centre = Centre(leaving(after(60.0, GOODBYE)))
    call = in_english(centre)
    centre.wait(60.0)
    centre.feed(MenuReached(call))
    assert centre.take(PlayPrompt)[-1].path == "/acd/en/closed"


@pytest.mark.parametrize("joins", [True, False])
def test_out_to_a_number_ends_the_call_in_the_books_once(joins: bool) -> None:
    number = ToNumber(number="+49301")
    condition = ExitCondition.MAX_WAIT if joins else ExitCondition.NO_AGENTS
    centre = Centre(leaving(rule(condition, number, limit=60.0)))
    call = centre.call_in()
    centre.wait(60.0)
    assert [one for one in centre.said if isinstance(one, SendToNumber)] == [
        SendToNumber(call, "+49301")
    ]
    assert known(centre, call) is None
    centre.feed(MenuReached(call), DigitPressed(call, "1"), CallerHungUp(call))
    (ended,) = centre.take(CallEnded)
    assert ended.outcome is (Outcome.TIMED_OUT if joins else Outcome.OVERFLOWED)
    assert ended.queue == "fault"


def test_a_circle_of_queues_is_cut_and_he_waits() -> None:
    deserted = ExitCondition.NO_AGENTS
    house = leaving(rule(deserted, "billing"))
    house = with_exits(house, "billing", rule(deserted, "meter"))
    house = with_exits(house, "meter", rule(deserted, "fault"))
    centre = Centre(house)
    call = centre.call_in()
    assert centre.call(call).state is CallState.QUEUED
    centre.wait(100.0)
    assert centre.call(call).state is CallState.QUEUED
    centre.feed(PlanReplaced(plan({"1001": dict.fromkeys(("fault", "billing", "meter"), 1)})))
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.call(call).state is CallState.RINGING


def test_a_circle_through_a_menu_that_asks_nothing_is_cut_and_he_waits() -> None:
    """The menu's way back into the queue takes no time: without an end the engine would die."""
    circle = rule(ExitCondition.NO_AGENTS, ToMenu(menu=MenuId("back")), while_waiting=False)
    house = with_menu(leaving(circle), say_then_queue("back", "fault"))
    centre = Centre(house)
    call = centre.call_in()
    view = centre.call(call)
    assert (view.state, view.queue) == (CallState.QUEUED, "fault")


def test_a_circle_through_a_menu_that_speaks_goes_on_as_long_as_he_listens() -> None:
    circle = rule(ExitCondition.NO_AGENTS, ToMenu(menu=MenuId("back")))
    centre = Centre(with_menu(leaving(circle), say_then_queue("back", "fault", "sorry")))
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""), DigitPressed(call, "1"))
    for _ in range(30):
        centre.wait(3.0)
        play = [one for one in centre.said if isinstance(one, PlayPrompt)][-1]
        centre.feed(PromptEnded(call, play.play_id, True))
        assert centre.call(call).state is CallState.IN_MENU


def test_a_queue_that_sends_on_into_a_menu_sends_him_there_once() -> None:
    house = with_exits(leaving(after(60.0, "billing")), "billing", rule(ExitCondition.FULL, MENU))
    centre = Centre(house)
    call = centre.call_in()
    centre.take()
    centre.wait(60.0)
    assert centre.take(EnterMenu) == [EnterMenu(call)]


def test_who_does_not_arrive_in_the_menu_is_sent_there_again() -> None:
    """The order got lost on a link that broke: he would hear music for ever."""
    centre = Centre(leaving(after(60.0, MENU)))
    call = centre.call_in()
    centre.wait(60.0)
    centre.take()
    centre.feed(PbxDown(PBX))
    centre.wait(20.0)
    assert centre.take(EnterMenu) == []
    centre.feed(PbxLive(PBX))
    centre.wait(3.0)
    assert centre.take(EnterMenu) == [EnterMenu(call)]
    centre.feed(MenuReached(call))
    centre.take()
    centre.wait(20.0)
    assert centre.take(EnterMenu) == []


def test_a_key_on_the_way_into_a_menu_waits_for_it() -> None:
    star = rule(ExitCondition.KEY, ToMenu(menu=MenuId("main")), key="*")
    centre = Centre(leaving(star))
    call = centre.call_in()
    centre.feed(DigitPressed(call, "*"))
    centre.take()
    assert centre.feed(DigitPressed(call, "2")) == []
    centre.feed(MenuReached(call), WaitingRoomEntered(call))
    assert centre.call(call).queue == "billing"
    assert centre.take(PlayPrompt) == []


def test_a_round_of_music_reported_late_does_not_count_for_the_next_queue() -> None:
    """He was just entering it when he was sent into the menu: nobody may be joined with him now."""
    house = leaving(rule(ExitCondition.KEY, MENU, key="*"))
    centre = Centre(msgspec.structs.replace(house, agents=plan({"1001": {"water": 1}}).agents))
    centre.request("1001", AgentAction.LOG_IN)
    call = centre.call_in()
    centre.feed(DigitPressed(call, "*"), WaitingRoomEntered(call), MenuReached(call))
    play = centre.take(PlayPrompt)[-1]
    centre.feed(PromptEnded(call, play.play_id, True))
    assert centre.call(call).queue == "water"
    assert rung(centre) == []
    centre.feed(WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_caller_who_hangs_up_on_the_way_is_counted_as_the_rule_says(seconds: float) -> None:
    centre = Centre(leaving(rule(ExitCondition.KEY, MENU, key="*")))
    call = centre.call_in()
    centre.feed(DigitPressed(call, "*"))
    centre.wait(seconds)
    centre.feed(CallerHungUp(call), MenuReached(call))
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.LEFT_BY_KEY]
    assert centre.engine.next_deadline() is None


def test_who_left_one_queue_and_gives_up_in_the_next_has_abandoned_that_one() -> None:
    centre = Centre(leaving(after(60.0, "billing")))
    call = centre.call_in()
    centre.wait(70.0)
    centre.feed(CallerHungUp(call))
    left = [one for one in centre.said if isinstance(one, CallLeftQueue)]
    assert [(one.queue, one.outcome) for one in left] == [("fault", Outcome.TIMED_OUT)]
    (ended,) = centre.take(CallEnded)
    assert (ended.queue, ended.outcome) == ("billing", Outcome.ABANDONED)


def test_a_menu_that_is_gone_from_the_plan_is_replaced_by_the_first_one() -> None:
    """The queue is gone as well, and those who wait in it keep its rules."""
    centre = Centre(leaving(after(60.0, MENU)))
    call = centre.call_in()
    centre.feed(PlanReplaced(without_queue(plan(), "fault")))
    centre.wait(60.0)
    centre.feed(MenuReached(call))
    assert centre.take(PlayPrompt)[-1].path == "/acd/de/main/welcome"


def test_a_queue_that_is_gone_from_the_plan_can_still_be_a_target() -> None:
    centre = Centre(leaving(after(60.0, "billing")))
    call = centre.call_in()
    gone = without_queue(without_queue(plan(), "fault"), "billing")
    centre.feed(PlanReplaced(gone))
    centre.wait(60.0)
    assert centre.call(call).state is CallState.QUEUED
