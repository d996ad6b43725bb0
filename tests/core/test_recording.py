"""Recordings of talks: only with a caller's yes, and with what was left out written down."""

import msgspec
import pytest

from acd.core.commands import MuteRecording, PlayPrompt
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    DigitPressed,
    LegEnded,
    LegLeftTalk,
    MenuReached,
    PbxDown,
    PbxLive,
    PromptEnded,
    RecordingAction,
    RecordingExpired,
    RecordingMuted,
    RecordingRequested,
    WaitingRoomEntered,
)
from acd.core.ids import AgentId, CallId, MenuId, NodeId, OfferId, QueueId, RequestId
from acd.core.memory import Pause
from acd.core.plan import AgentAction, Ask, Collect, Enqueue, Plan
from acd.core.queueplan import ExitCondition, RecordingPlan, ToMenu
from acd.core.recording import CONSENT
from acd.core.records import CallEnded, RecordingDeleted, Replied
from tests.core.centre import PBX, Centre
from tests.core.queues import rule, with_exits
from tests.core.rebirth import killed
from tests.plans import plan, prompt, with_queue

FAULT = QueueId("fault")
PAUSE, RESUME = RecordingAction.PAUSE, RecordingAction.RESUME


def house(*, asks: bool = True, records: bool = True, path: str = "/rec") -> Plan:
    """A plan whose queue ``fault`` records, and whose key 1 asks for it."""
    base = plan()
    if records:
        base = with_queue(base, "fault", recording=RecordingPlan(keep_days=30))
    (main,) = [menu for name, menu in base.menus.items() if name == "main"]
    option = main.nodes[NodeId("option-1")]
    assert isinstance(option, Enqueue)
    ask = Collect(
        id=NodeId("may-we"),
        prompts=prompt("main/may-we"),
        into=CONSENT,
        min_digits=1,
        max_digits=1,
        terminator="#",
        timeout_seconds=5.0,
        retries=0,
        next=option.id,
        otherwise=option.id,
    )
    entry = main.nodes[main.entry]
    assert isinstance(entry, Ask)
    nodes = {**main.nodes, option.id: msgspec.structs.replace(option, asks_recording=asks)}
    if asks:
        nodes |= {
            ask.id: ask,
            main.entry: msgspec.structs.replace(entry, choices={**entry.choices, "1": ask.id}),
        }
    menus = {**base.menus, main.id: msgspec.structs.replace(main, nodes=nodes)}
    return msgspec.structs.replace(base, menus=menus, recordings_path_on_pbx=path)


def calls(centre: Centre, answer: str) -> CallId:
    """A caller chooses key 1 and answers so; "" is no key at all."""
    centre.calls += 1
    call = CallId(f"main-1.{centre.calls}")
    centre.feed(CallArrived(call, PBX, "0301234567", "100"), DigitPressed(call, "1"))
    for key in answer:
        centre.feed(DigitPressed(call, key))
    for _ in range(2):
        played = [one for one in centre.said if isinstance(one, PlayPrompt) and one.call == call]
        centre.feed(PromptEnded(call, played[-1].play_id, ok=True))
    centre.wait(6.0)
    centre.feed(WaitingRoomEntered(call))
    return call


def ended(centre: Centre, call: CallId) -> CallEnded:
    centre.feed(CallerHungUp(call))
    return next(one for one in centre.said if isinstance(one, CallEnded) and one.call == call)


def asks(centre: Centre, action: RecordingAction, number: int = 7) -> list[object]:
    """What is said to an agent's wish."""
    return [*centre.feed(RecordingRequested(RequestId(number), AgentId("1001"), action))]


def replies(said: list[object]) -> list[str]:
    return [one.refusal for one in said if isinstance(one, Replied)]


def test_a_caller_who_says_yes_is_recorded_into_a_file_named_by_his_call() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    assert centre.ring_of(call).recording == "/rec/fault/main-1.1.wav"
    offer = centre.answer(call)
    centre.wait(60.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    end = ended(centre, call)
    assert end.recording == "fault/main-1.1.wav"
    assert dict(end.attributes)[CONSENT] == "yes"


@pytest.mark.parametrize("answer", ["2", "0", "*", "#", ""])
def test_whatever_is_no_yes_is_a_no_and_no_file_is_named_to_the_pbx(answer: str) -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, answer)
    assert centre.ring_of(call).recording == ""
    centre.answer(call)
    end = ended(centre, call)
    assert end.recording == ""
    assert dict(end.attributes)[CONSENT] == "no"


@pytest.mark.parametrize(
    "where", [house(asks=False), house(records=False), house(path="")], ids=["unasked", "off", "no"]
)
def test_without_question_queue_or_folder_nothing_is_recorded(where: Plan) -> None:
    centre = Centre(where, "1001")
    call = calls(centre, "1")
    assert centre.ring_of(call).recording == ""


def test_a_yes_is_taken_back_by_a_later_no() -> None:
    """He leaves the queue by a key, chooses it again, and is asked again."""
    leads_back = rule(ExitCondition.KEY, ToMenu(menu=MenuId("main")), key="0")
    centre = Centre(with_exits(house(), "fault", leads_back))
    call = calls(centre, "1")
    centre.feed(DigitPressed(call, "0"), MenuReached(call))
    for _ in range(2):
        played = [one for one in centre.said if isinstance(one, PlayPrompt) and one.call == call]
        centre.feed(PromptEnded(call, played[-1].play_id, ok=True))
    centre.feed(DigitPressed(call, "1"), DigitPressed(call, "2"))
    centre.wait(1.0)
    centre.feed(WaitingRoomEntered(call))
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.ring_of(call).recording == ""


def test_a_yes_for_a_ring_that_nobody_answered_is_no_recording() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    end = ended(centre, call)
    assert end.recording == ""


def test_a_pause_is_told_when_the_pbx_has_done_it_and_stands_in_the_record() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    offer = centre.answer(call)
    centre.wait(10.0)
    said = asks(centre, PAUSE)
    assert [one for one in said if isinstance(one, MuteRecording)] == [
        MuteRecording(offer, call, True)
    ]
    assert replies(said) == []
    paused_at = centre.now
    assert replies([*centre.feed(RecordingMuted(offer, done=True))]) == [""]
    centre.wait(20.0)
    said = asks(centre, RESUME)
    assert MuteRecording(offer, call, False) in said
    assert replies([*centre.feed(RecordingMuted(offer, done=True))]) == [""]
    centre.wait(5.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    (leg,) = ended(centre, call).legs
    assert leg.pauses == (Pause(paused_at, paused_at + 20.0),)


def test_a_pause_that_lasts_to_the_end_ends_with_the_talk() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    offer = centre.answer(call)
    for number in (1, 2):
        asks(centre, PAUSE, number)
        centre.feed(RecordingMuted(offer, done=True))
    began = centre.now
    centre.wait(9.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    (leg,) = ended(centre, call).legs
    assert leg.pauses == (Pause(began, began + 9.0),)


def test_a_pause_that_the_pbx_refuses_is_refused_and_is_none() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    offer = centre.answer(call)
    asks(centre, PAUSE)
    assert replies([*centre.feed(RecordingMuted(offer, done=False))]) == [
        "the PBX has not paused it"
    ]
    assert ended(centre, call).legs[0].pauses == ()


def test_nothing_can_be_paused_without_a_talk_or_a_recording() -> None:
    centre = Centre(house(), "1001")
    assert replies(asks(centre, PAUSE)) == ["not in a talk"]
    call = calls(centre, "2")
    assert replies(asks(centre, PAUSE)) == ["not in a talk"]
    centre.answer(call)
    assert replies(asks(centre, PAUSE)) == ["this talk is not recorded"]
    nobody = RecordingRequested(RequestId(1), AgentId("4711"), PAUSE)
    assert replies([*centre.feed(nobody)]) == ["no agent '4711'"]


def test_who_asked_is_answered_also_when_the_link_breaks_or_the_talk_ends() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    offer = centre.answer(call)
    asks(centre, PAUSE)
    (lost,) = replies([*centre.feed(PbxDown(PBX))])
    assert lost.startswith("the connection to the PBX was lost")
    assert replies(asks(centre, PAUSE)) == ["the PBX is not connected; try again"]
    centre.feed(PbxLive(PBX))
    asks(centre, PAUSE)
    assert replies([*centre.feed(LegLeftTalk(offer))]) == ["the talk is over"]
    assert centre.feed(RecordingMuted(offer, done=True)) == []
    assert centre.feed(RecordingMuted(OfferId("gone"), done=True)) == []


def test_recording_and_pause_outlive_the_engine() -> None:
    centre = Centre(house(), "1001")
    call = calls(centre, "1")
    offer = centre.answer(call)
    asks(centre, PAUSE)
    centre.feed(RecordingMuted(offer, done=True))
    began = centre.now
    again = killed(centre, house(), away_seconds=3.0)
    again.take()
    assert MuteRecording(offer, call, False) in asks(again, RESUME)
    again.feed(RecordingMuted(offer, done=True))
    end = ended(again, call)
    assert end.recording == "fault/main-1.1.wav"
    assert end.legs[0].pauses == (Pause(began, began + 3.0),)


def test_a_recording_that_was_deleted_is_told_to_the_books() -> None:
    centre = Centre(house())
    said = centre.feed(RecordingExpired(CallId("main-1.1")))
    assert said == [RecordingDeleted(centre.now, CallId("main-1.1"))]
