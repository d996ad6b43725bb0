"""A new plan and those who wait already: places stay, everything else is the new plan's."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallFoundWaiting,
    DigitPressed,
    PlanReplaced,
    Tick,
    WaitingRoomEntered,
)
from acd.core.ids import CallId, Language, MenuId, SkillId
from acd.core.place import Place
from acd.core.plan import AgentAction, Need, Plan
from acd.core.queueplan import ExitCondition, ToAnnouncement, ToMenu
from acd.core.records import CallEnded, CallState, Outcome
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import (
    BILLING,
    ENGLISH,
    FAULT,
    announcing,
    asks_for,
    in_english,
    order,
    relax,
    rule,
    say_then_queue,
    with_exits,
    with_menu,
    with_option,
    with_queue,
    without_queue,
)
from tests.plans import plan, prompt

SPEAKERS = {"german": {"fault": 1}, "english": {"fault": 1, "language.en": 1}}


def test_places_and_clocks_stay() -> None:
    centre = Centre(plan(targets={"fault": 20.0}))
    calls = [centre.call_in() for _ in range(3)]
    before = [centre.call(call) for call in calls]
    centre.wait(7.0)
    centre.feed(PlanReplaced(plan(targets={"fault": 500.0})))
    assert [centre.call(call) for call in calls] == before
    assert order(centre) == calls


def test_a_requirement_of_the_new_plan_holds_at_once() -> None:
    agents = {"senior": {"fault": 5}, "junior": {"fault": 1}}
    centre = Centre(plan(agents))
    call = centre.call_in()
    centre.feed(PlanReplaced(with_queue(plan(agents), "fault", requirement=asks_for(("fault", 5)))))
    centre.request("junior", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.request("senior", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "senior")]


def test_steps_that_stay_as_they_were_are_not_taken_twice() -> None:
    steps = (relax(30.0, ("fault", 2)), relax(90.0, ("fault", 1)))
    house = with_queue(
        plan({"trainee": {"fault": 1}}),
        "fault",
        requirement=asks_for(("fault", 5)),
        relaxations=steps,
    )
    centre = Centre(house, "trainee")
    call = centre.call_in()
    centre.wait(40.0)
    centre.feed(PlanReplaced(house), Tick())
    whats = [step.what for step in centre.engine.floor.calls[call].trail]
    assert whats == ["queued", "relaxed"]
    centre.wait(50.0)
    assert rung(centre) == [(call, "trainee")]


def test_who_talks_after_a_step_that_is_gone_from_the_plan_ends_like_any_other() -> None:
    agents = {"trainee": {"fault": 1}}
    asks = asks_for(("fault", 5))
    steps = (relax(30.0, ("fault", 1)),)
    house = with_queue(plan(agents), "fault", requirement=asks, relaxations=steps)
    centre = Centre(house, "trainee")
    call = centre.call_in()
    centre.wait(30.0)
    centre.lift("trainee")
    centre.feed(PlanReplaced(with_queue(plan(agents), "fault", requirement=asks)))
    centre.feed(CallerHungUp(call))
    assert [ended.outcome for ended in centre.take(CallEnded)] == [Outcome.ANSWERED]


def test_a_language_that_nobody_speaks_any_more_is_not_waited_for() -> None:
    """Nobody could ever take him; who comes now is not asked for it either."""
    house = with_option(plan(SPEAKERS), "1", attribute_needs=(ENGLISH,))
    centre = Centre(house, "german")
    call = in_english(centre)
    assert rung(centre) == []
    centre.feed(PlanReplaced(plan({"german": {"fault": 1}})))
    assert rung(centre) == [(call, "german")]


def test_nor_is_it_after_a_restart_with_another_plan() -> None:
    centre = Centre(plan({"german": {"fault": 1}}), "german")
    needs = (Need(SkillId("language.en")),)
    at = centre.now - 5.0
    place = Place(FAULT, at, at, at + 20.0, "1", Language("de"), "100", needs)
    centre.feed(CallFoundWaiting(CallId("main-0.1"), PBX, "", place))
    assert rung(centre) == [("main-0.1", "german")]


def test_a_caller_in_a_menu_finishes_the_graph_he_entered() -> None:
    """Whatever his key means now to others, for him it means what he was told."""
    old = plan({"1001": {"fault": 1, "billing": 1}})
    centre = Centre(old)
    call = CallId("main-9.1")
    centre.feed(CallArrived(call, PBX, "030123", "100"))
    centre.feed(PlanReplaced(with_option(old, "1", queue=BILLING)))
    centre.wait(3.0)
    centre.feed(DigitPressed(call, "1"), WaitingRoomEntered(call))
    assert centre.call(call).queue == FAULT
    assert centre.call(centre.call_in("1")).queue == BILLING
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]


def test_so_he_does_when_menu_and_queue_are_gone() -> None:
    old = plan({"1001": {"fault": 1, "billing": 1}})
    centre = Centre(old)
    call = CallId("main-9.1")
    centre.feed(CallArrived(call, PBX, "030123", "100"))
    menus = {name: menu for name, menu in old.menus.items() if name != "main"}
    other = msgspec.structs.replace(
        without_queue(old, "fault"), menus=menus, callers_menu=MenuId("x")
    )
    centre.feed(PlanReplaced(with_menu(other, say_then_queue("x", "billing", "sorry"))))
    # He presses what is no choice, hears the choices again, and then one that is.
    centre.feed(DigitPressed(call, "8"))
    centre.wait(1.0)
    centre.feed(DigitPressed(call, "1"), WaitingRoomEntered(call))
    assert centre.call(call).queue == FAULT
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]


INTO_MENU = ToMenu(menu=MenuId("x"))

PLANS = (
    plan(SPEAKERS),
    without_queue(plan(SPEAKERS), "fault"),
    with_queue(
        plan(SPEAKERS),
        "fault",
        relaxations=(relax(30.0, ("fault", 1)), relax(40.0)),
        announcements=announcing(position=True, estimate=True, prompts=prompt("thanks")),
    ),
    with_exits(
        plan({"german": {"fault": 1, "billing": 1}}),
        "fault",
        rule(ExitCondition.NO_AGENTS, "billing", grace_seconds=20.0),
        rule(ExitCondition.MAX_WAIT, ToAnnouncement(prompts=prompt("closed")), limit=90.0),
        rule(ExitCondition.CROWDED, "meter", limit=2.0),
        rule(ExitCondition.CLOSED, "billing", hours="office"),
        requirement=asks_for(("fault", 2)),
        relaxations=(relax(10.0, ("fault", 1)),),
    ),
    with_menu(
        with_exits(
            plan(SPEAKERS),
            "fault",
            rule(ExitCondition.MAX_WAIT, ToMenu(menu=MenuId("x")), limit=25.0),
        ),
        say_then_queue("x", "water", "sorry"),
    ),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(range(len(PLANS))),
            st.sampled_from(["call", "english", "wait", "long", "login", "logout", "restart"]),
        ),
        max_size=25,
    )
)
def test_whatever_is_reloaded_when_nothing_breaks_and_nobody_is_lost(
    moves: list[int | str],
) -> None:
    """The centre checks all invariants after each event; callers wait, talk or are in a menu."""
    centre = Centre(with_hours(PLANS[0]))
    calls: list[CallId] = []
    for move in moves:
        match move:
            case int(which):
                centre.feed(PlanReplaced(with_hours(PLANS[which])))
            case "call":
                calls.append(centre.call_in())
            case "english":
                calls.append(in_english(centre))
            case "wait":
                centre.wait(11.0)
            case "long":
                centre.wait(100.0)
            case "login" | "logout":
                action = AgentAction.LOG_IN if move == "login" else AgentAction.LOG_OUT
                centre.request("german", action)
            case _:
                pass
    living = {view.call: view.state for view in centre.engine.snapshot(centre.now).calls}
    for call in calls:
        assert living[call] in (CallState.QUEUED, CallState.RINGING, CallState.IN_MENU)
        if living[call] is not CallState.IN_MENU:
            assert any(call in order(centre, queue) for queue in centre.engine.floor.lines)


def with_hours(changed: Plan) -> Plan:
    """Return the plan with the hours that its rules name."""
    hours = PLANS[3].hours
    return msgspec.structs.replace(changed, hours=hours)
