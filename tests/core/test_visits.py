"""Callers in menus and in the waiting room, and every way of leaving."""

import msgspec
import pytest

from acd.core.commands import (
    CancelRing,
    HangUpCall,
    KeepInMenu,
    MoveToWaitingRoom,
    PlayPrompt,
    StopPrompt,
)
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallerRescued,
    DigitPressed,
    LegAnswered,
    LegConnected,
    LegFailed,
    LegRinging,
    MenuReached,
    PlanReplaced,
    PromptEnded,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, MenuId, NodeId, QueueId
from acd.core.plan import (
    AgentAction,
    Ask,
    AttributeIs,
    Branch,
    Case,
    Collect,
    HoursAre,
    Keep,
    Plan,
    QueueIs,
)
from acd.core.queueplan import ExitCondition, ToMenu
from acd.core.records import (
    CallEnded,
    CallState,
    FormFilled,
    Noticed,
    Outcome,
)
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import rule, with_exits
from tests.plans import daily, plan, with_hours


def test_a_caller_is_asked_then_waits_then_talks() -> None:
    centre = Centre(plan(), "1001")
    call = CallId("main-1.1")
    assert any(isinstance(said, PlayPrompt) for said in centre.feed(CallArrived(call, PBX, "", "")))
    moved = centre.feed(DigitPressed(call, "1"))
    assert any(
        isinstance(said, MoveToWaitingRoom) and said.place.queue == "fault" for said in moved
    )
    assert centre.call(call).state is CallState.QUEUED
    centre.take()
    centre.feed(WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]


def test_nobody_is_rung_before_the_caller_is_in_the_waiting_room() -> None:
    centre = Centre(plan(), "1001")
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""), DigitPressed(call, "1"))
    assert rung(centre) == []


def test_between_two_rounds_of_the_waiting_room_the_next_caller_is_served() -> None:
    centre = Centre(plan())
    first, second = centre.call_in(), centre.call_in()
    centre.feed(WaitingRoomLeft(first))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(second, "1001")]


def test_a_caller_who_comes_back_to_the_menu_while_somebody_rings_is_sent_to_wait_again() -> None:
    """Two Redirects crossed. Joined in the menu he would be torn out of AsyncAGI."""
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    said = centre.feed(MenuReached(call))
    assert CancelRing(offer, call) in said
    assert [one.call for one in said if isinstance(one, MoveToWaitingRoom)] == [call]
    centre.take()
    centre.feed(LegFailed(offer, RingOutcome.CANCELLED))
    assert rung(centre) == []
    centre.feed(WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]


def test_a_round_of_the_waiting_room_costs_no_place() -> None:
    centre = Centre(plan())
    first, _ = centre.call_in(), centre.call_in()
    for _ in range(20):
        centre.feed(WaitingRoomLeft(first))
        centre.wait(0.01)
        centre.feed(WaitingRoomEntered(first))
        centre.wait(10.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(first, "1001")]


def test_the_phone_shows_option_label_wait_and_number() -> None:
    centre = Centre(plan())
    call = centre.call_in("1", ani="0301234567")
    centre.wait(102.0)
    centre.request("1001", AgentAction.LOG_IN)
    ring = centre.ring_of(call)
    assert (ring.label, ring.caller_number) == ("1 Fault 1:42", "0301234567")


def test_the_dead_man_timer_is_put_off_in_the_menu_and_never_after_it() -> None:
    centre = Centre(plan(), "1001")
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    centre.wait(14.0)
    assert len(centre.take(KeepInMenu)) == 2
    centre.feed(DigitPressed(call, "2"))
    centre.wait(60.0)
    assert centre.take(KeepInMenu) == []


def test_a_prompt_that_could_not_be_played_does_not_stop_the_menu() -> None:
    centre = Centre(plan())
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    centre.take()
    centre.feed(PromptEnded(call, 1, False))
    # Asterisk ends AsyncAGI with it: what is ordered before it begins anew comes twice, or never.
    assert centre.take(PlayPrompt) == []
    centre.feed(MenuReached(call))
    assert [play.path for play in centre.take(PlayPrompt)] == ["/acd/de/main/options"]
    centre.feed(PromptEnded(call, 2, True), DigitPressed(call, "8"))
    assert [play.path for play in centre.take(PlayPrompt)] == ["/acd/de/main/wrong"]


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([], Outcome.LEFT_IN_MENU),
        (["1"], Outcome.SHORT_ABANDONED),
        (["1", "wait"], Outcome.ABANDONED),
        (["1", "wait", "rescued"], Outcome.EMERGENCY),
        (["1", "wait", "lost"], Outcome.SWITCH_LOST),
    ],
)
def test_each_way_of_leaving_has_its_own_outcome(steps: list[str], outcome: Outcome) -> None:
    centre = Centre(plan())
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    if "1" in steps:
        centre.feed(DigitPressed(call, "1"), WaitingRoomEntered(call))
    if "wait" in steps:
        centre.wait(6.0)
    if "rescued" in steps:
        centre.feed(CallerRescued(call))
    centre.feed(CallerHungUp(call, lost="lost" in steps))
    assert [ended.outcome for ended in centre.take(CallEnded)] == [outcome]


def test_operators_are_told_of_a_prompt_that_cannot_be_played_but_not_of_who_hangs_up() -> None:
    centre = Centre(plan())
    stays, leaves, goes_on = (CallId(f"main-1.{number}") for number in (1, 2, 3))
    for call in (stays, leaves, goes_on):
        centre.feed(CallArrived(call, PBX, "", ""))
    centre.feed(PromptEnded(stays, 1, False), PromptEnded(leaves, 1, False))
    centre.feed(CallerHungUp(leaves))
    centre.feed(DigitPressed(goes_on, "1"), PromptEnded(goes_on, 1, False))
    centre.wait(2.0)
    told = [one for one in centre.take(Noticed) if one.kind == "prompt_failed"]
    assert [stays in one.text for one in told] == [True]


def test_who_comes_back_to_the_music_after_his_talk_is_let_go() -> None:
    """The menu, the talk and its end crossed on their way: nobody would ever come for him."""
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.feed(MenuReached(call), LegRinging(offer), LegAnswered(offer), LegConnected(offer))
    centre.end_talk(offer)
    assert HangUpCall(call) in centre.feed(WaitingRoomEntered(call))


def from_the_waiting_room(centre: Centre) -> CallId:
    """A caller presses a key that leads out of the queue, and is in the menu."""
    call = centre.call_in()
    centre.feed(DigitPressed(call, "*"))
    centre.take()
    centre.feed(MenuReached(call))
    return call


STAR = rule(ExitCondition.KEY, ToMenu(menu=MenuId("main")), key="*")


def test_who_comes_into_a_menu_from_the_waiting_room_is_asked_as_a_new_caller_is() -> None:
    centre = Centre(with_exits(plan({"1001": {"billing": 1}}), "fault", STAR), "1001")
    call = from_the_waiting_room(centre)
    assert [play.path for play in centre.take(PlayPrompt)] == ["/acd/de/main/welcome"]
    centre.wait(14.0)
    assert len(centre.take(KeepInMenu)) == 2
    centre.feed(DigitPressed(call, "2"), WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]
    assert centre.call(call).option == "2"


def test_who_leaves_the_queue_for_a_menu_is_not_rung_there() -> None:
    centre = Centre(with_exits(plan(), "fault", STAR))
    call = from_the_waiting_room(centre)
    centre.request("1001", AgentAction.LOG_IN)
    centre.wait(4.0)
    assert rung(centre) == []
    assert centre.call(call).state is CallState.IN_MENU
    assert centre.call(call).position is None


def test_who_says_nothing_in_that_menu_goes_on_as_it_says() -> None:
    centre = Centre(with_exits(plan(), "fault", STAR))
    call = from_the_waiting_room(centre)
    for _ in range(8):
        plays = centre.take(PlayPrompt)
        centre.feed(*(PromptEnded(call, play.play_id, True) for play in plays))
        centre.wait(5.0)
    assert centre.call(call).queue == "switchboard"


def test_menu_reached_by_nobody_or_twice_changes_nothing() -> None:
    centre = Centre(with_exits(plan(), "fault", STAR))
    call = from_the_waiting_room(centre)
    centre.take()
    assert centre.feed(MenuReached(CallId("main-9.9"))) == []
    again = centre.feed(MenuReached(call))
    assert [one.path for one in again if isinstance(one, PlayPrompt)] == ["/acd/de/main/welcome"]
    assert centre.call(call).state is CallState.IN_MENU


def test_a_prompt_whose_end_got_lost_is_taken_for_over_soon_after_it_should_be() -> None:
    centre = Centre(msgspec.structs.replace(plan(), prompt_seconds={"de/main/welcome": 4.0}))
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    centre.wait(8.9)
    assert centre.take(StopPrompt) == []
    centre.wait(0.1)
    assert centre.take(StopPrompt) == [StopPrompt(call)]
    played = centre.feed(MenuReached(call))
    assert [one.path for one in played if isinstance(one, PlayPrompt)] == ["/acd/de/main/options"]


def spoken(digits: str) -> Plan:
    """The plan with a welcome that is said in the file of these digits and takes 4 s there."""
    base = plan()
    files = {"de/main/welcome": f"de/main/welcome.{digits}"}
    menu = msgspec.structs.replace(base.menus[MenuId("main")], prompt_files=files)
    return msgspec.structs.replace(
        base,
        menus={**base.menus, menu.id: menu},
        prompt_files=files,
        prompt_seconds={files["de/main/welcome"]: 4.0},
    )


def test_what_is_spoken_is_played_and_timed_by_its_file() -> None:
    centre = Centre(spoken("0123abcd"))
    centre.feed(CallArrived(CallId("main-1.1"), PBX, "", ""))
    (play,) = centre.take(PlayPrompt)
    assert play.path == "/acd/de/main/welcome.0123abcd"
    centre.wait(8.9)
    assert centre.take(StopPrompt) == []
    centre.wait(0.1)
    assert centre.take(StopPrompt) == [StopPrompt(play.call)]


def test_who_is_in_a_menu_hears_its_texts_after_they_have_changed() -> None:
    centre = Centre(spoken("0123abcd"))
    inside, after = CallId("main-1.1"), CallId("main-2.1")
    centre.feed(CallArrived(inside, PBX, "", ""))
    centre.feed(PlanReplaced(spoken("ffffffff")))
    centre.take(PlayPrompt)
    centre.feed(MenuReached(inside))
    centre.feed(CallArrived(after, PBX, "", ""))
    assert [(play.call, play.path) for play in centre.take(PlayPrompt)] == [
        (inside, "/acd/de/main/welcome.0123abcd"),
        (after, "/acd/de/main/welcome.ffffffff"),
    ]


def test_a_closed_option_goes_another_way_as_long_as_it_is_closed() -> None:
    base = with_hours(plan(), office=daily("08:00", "16:00"))
    menu = base.menus[MenuId("main")]
    ask, branch = menu.nodes[NodeId("ask")], NodeId("branch")
    assert isinstance(ask, Ask)
    case = Case((HoursAre("office", False),), NodeId("option-6"))
    nodes = {
        **menu.nodes,
        branch: Branch(id=branch, cases=(case,), next=NodeId("option-2")),
        NodeId("ask"): msgspec.structs.replace(ask, choices={**ask.choices, "2": branch}),
    }
    changed = msgspec.structs.replace(
        base, menus={**base.menus, MenuId("main"): msgspec.structs.replace(menu, nodes=nodes)}
    )
    queues = []
    for hour in (7, 9):
        centre = Centre(changed, now=hour * 3600.0)
        call = CallId("main-1.1")
        centre.feed(CallArrived(call, PBX, "", ""), DigitPressed(call, "2"))
        queues.append(centre.call(call).queue)
    assert queues == ["switchboard", "billing"]


def test_a_branch_knows_what_was_typed_and_how_many_wait() -> None:
    menu = plan().menus[MenuId("main")]
    ask = menu.nodes[NodeId("ask")]
    assert isinstance(ask, Ask)
    collect, branch = NodeId("collect"), NodeId("branch")
    district = AttributeIs("postcode", ("10*",))
    cases = (
        Case((district, QueueIs(QueueId("meter"), waiting=1)), NodeId("option-4")),
        Case((district,), NodeId("option-3")),
    )
    nodes = {
        **menu.nodes,
        collect: Collect(
            id=collect,
            prompts=(),
            into="postcode",
            min_digits=2,
            max_digits=2,
            terminator="#",
            timeout_seconds=3.0,
            retries=0,
            next=branch,
            otherwise=NodeId("option-6"),
        ),
        branch: Branch(id=branch, cases=cases, next=NodeId("option-5")),
        NodeId("ask"): msgspec.structs.replace(ask, choices={**ask.choices, "1": collect}),
    }
    menus = {**plan().menus, MenuId("main"): msgspec.structs.replace(menu, nodes=nodes)}
    centre = Centre(msgspec.structs.replace(plan(), menus=menus))
    queues = []
    for number, typed in enumerate(("10", "10", "99")):
        call = CallId(f"main-1.{number}")
        centre.feed(CallArrived(call, PBX, "", ""))
        centre.feed(*(DigitPressed(call, key) for key in f"1{typed}"))
        queues.append(centre.call(call).queue)
    assert queues == ["meter", "house", "water"]


def test_a_form_holds_what_is_known_of_the_caller_besides_what_he_typed() -> None:
    base = plan()
    menu = base.menus[MenuId("main")]
    keep = Keep(
        id=NodeId("keep"), kind="reading", fields=("ani", "reading", "dnis"), next=NodeId("ask")
    )
    ask = menu.nodes[NodeId("ask")]
    assert isinstance(ask, Ask)
    nodes = {
        **menu.nodes,
        keep.id: keep,
        ask.id: msgspec.structs.replace(ask, choices={**ask.choices, "8": keep.id}),
    }
    changed = msgspec.structs.replace(menu, nodes=nodes)
    centre = Centre(msgspec.structs.replace(base, menus={**base.menus, menu.id: changed}))
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "0301234567", "100"), DigitPressed(call, "8"))
    (form,) = centre.take(FormFilled)
    assert dict(form.values) == {"ani": "0301234567", "reading": "", "dnis": "100"}
