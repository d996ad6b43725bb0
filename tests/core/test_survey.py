"""What follows a talk: callers whose agent has hung up are asked, and let go."""

import msgspec

from acd.core.commands import HangUpCall, PlayPrompt, ReturnAfterTalk
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallFoundInMenu,
    DigitPressed,
    LegEnded,
    LegLeftTalk,
    MenuReached,
    PlanReplaced,
    PromptEnded,
)
from acd.core.ids import CallId, MenuId, NodeId, OfferId, QueueId
from acd.core.plan import Collect, Enqueue, HangUp, MenuPlan, Plan
from acd.core.records import (
    Activity,
    CallEnded,
    CallState,
    Outcome,
    SurveyAnswered,
    TalkEnded,
    WrapUpStarted,
)
from tests.core.centre import PBX, Centre, rung
from tests.core.rebirth import killed
from tests.plans import DE, EN, plan, prompt

FAULT = QueueId("fault")


def question(name: str, following: str) -> Collect:
    return Collect(
        id=NodeId(name),
        prompts=prompt(f"survey/{name}"),
        into=name,
        min_digits=1,
        max_digits=1,
        terminator="#",
        timeout_seconds=5.0,
        retries=0,
        next=NodeId(following),
        otherwise=NodeId("bye"),
    )


def house(*, survey: str | None = "survey", ends: bool = True) -> Plan:
    """A plan whose queue ``fault`` asks two questions after the talk."""
    base = plan()
    bye = (
        HangUp(id=NodeId("bye"))
        if ends
        else Enqueue(id=NodeId("bye"), queue=FAULT, option="", label={DE: "", EN: ""})
    )
    nodes = {
        NodeId("kind"): question("kind", "solved"),
        NodeId("solved"): question("solved", "bye"),
        NodeId("bye"): bye,
    }
    menu = MenuPlan(
        id=MenuId("survey"), languages=(DE, EN), entry=NodeId("kind"), nodes=dict(nodes)
    )
    asked = MenuId(survey) if survey else None
    queue = msgspec.structs.replace(base.queues[FAULT], survey=asked)
    return msgspec.structs.replace(
        base,
        queues={**base.queues, FAULT: queue},
        menus={**base.menus, menu.id: menu},
    )


def talked(centre: Centre) -> tuple[CallId, OfferId]:
    """A caller and his agent talk."""
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(60.0)
    return call, offer


def back(centre: Centre, call: CallId, offer: OfferId) -> None:
    """The agent hangs up, and the PBX brings the caller back into the menu."""
    centre.feed(LegLeftTalk(offer), MenuReached(call), LegEnded(offer))


def found_in_the_menu(centre: Centre, call: CallId, house: Plan) -> Centre:
    """A new engine, which finds the caller in the menu and sends him to its start."""
    again = Centre(
        house, now=centre.now + 5.0, memory=centre.memory(), found=[CallFoundInMenu(call)]
    )
    again.take()
    again.feed(CallArrived(call, PBX, "0301234567", "100"))
    return again


def answers(centre: Centre) -> list[tuple[str, str]]:
    return [(one.question, one.answer) for one in centre.take(SurveyAnswered)]


def test_the_caller_is_asked_when_his_agent_has_hung_up_and_let_go_after_his_answers() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    assert [one.call for one in centre.take(ReturnAfterTalk)] == [call]
    back(centre, call, offer)
    (first,) = centre.take(PlayPrompt)
    assert (first.call, first.path) == (call, "/acd/de/survey/kind")
    assert centre.call(call).state is CallState.IN_MENU
    centre.feed(DigitPressed(call, "2"), PromptEnded(call, first.play_id, ok=True))
    assert not [one for one in centre.said if isinstance(one, HangUpCall)]
    (second,) = [one for one in centre.said if isinstance(one, PlayPrompt)]
    centre.feed(DigitPressed(call, "1"), PromptEnded(call, second.play_id, ok=True))
    said = centre.take()
    told = [one for one in said if isinstance(one, SurveyAnswered)]
    assert [(one.call, one.queue, one.agent, one.question, one.answer) for one in told] == [
        (call, FAULT, "1001", "kind", "2"),
        (call, FAULT, "1001", "solved", "1"),
    ]
    assert [one.call for one in said if isinstance(one, HangUpCall)] == [call]
    centre.feed(CallerHungUp(call))
    (end,) = centre.take(CallEnded)
    assert (end.outcome, end.agent, end.queue) == (Outcome.ANSWERED, "1001", FAULT)
    assert dict(end.attributes) == {"kind": "2", "solved": "1"}


def test_a_queue_without_a_survey_lets_him_go_and_asks_for_nothing_beforehand() -> None:
    centre = Centre(house(survey=None), "1001")
    call, offer = talked(centre)
    assert centre.take(ReturnAfterTalk) == []
    back(centre, call, offer)
    assert [one.call for one in centre.take(HangUpCall)] == [call]


def test_wrap_up_begins_with_the_end_of_the_talk_and_not_of_the_survey() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    ended_at = centre.now
    back(centre, call, offer)
    (began,) = centre.take(WrapUpStarted)
    assert began.at == ended_at
    centre.wait(3.0)
    view = centre.agent("1001")
    assert (view.activity, view.wrap_up_ends_at) == (Activity.WRAP_UP, began.ends_at)
    centre.feed(DigitPressed(call, "1"), CallerHungUp(call))
    assert centre.agent("1001").wrap_up_ends_at == began.ends_at


def test_it_is_the_same_when_the_callers_coming_is_told_first() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    centre.feed(MenuReached(call), LegLeftTalk(offer), LegEnded(offer))
    said = centre.take()
    assert len([one for one in said if isinstance(one, TalkEnded)]) == 1
    assert len([one for one in said if isinstance(one, WrapUpStarted)]) == 1
    centre.feed(DigitPressed(call, "3"), CallerHungUp(call))
    (end,) = [one for one in centre.said if isinstance(one, CallEnded)]
    assert end.talk_ended_at == end.at
    assert [leg.how for leg in end.legs] == ["talked"]


def test_the_agent_takes_the_next_caller_while_the_last_one_answers() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    back(centre, call, offer)
    other = centre.call_in()
    centre.take()
    centre.wait(301.0)
    assert (other, "1001") in rung(centre)


def test_who_hangs_up_in_the_middle_has_given_the_answers_he_gave() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    back(centre, call, offer)
    centre.feed(DigitPressed(call, "5"), CallerHungUp(call))
    assert answers(centre) == [("kind", "5")]


def test_who_says_nothing_is_let_go_and_nothing_is_kept_of_it() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    centre.take()
    back(centre, call, offer)
    (first,) = centre.take(PlayPrompt)
    centre.feed(PromptEnded(call, first.play_id, ok=True))
    centre.wait(6.0)
    said = centre.take()
    assert [one.call for one in said if isinstance(one, HangUpCall)] == [call]
    assert not [one for one in said if isinstance(one, SurveyAnswered)]


def test_after_a_talk_nobody_waits_again_whatever_the_menu_says() -> None:
    centre = Centre(house(ends=False), "1001")
    call, offer = talked(centre)
    back(centre, call, offer)
    centre.feed(DigitPressed(call, "1"), DigitPressed(call, "1"))
    assert [one.call for one in centre.take(HangUpCall)] == [call]


def test_a_survey_that_a_reload_took_away_meanwhile_is_not_missed() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    centre.feed(PlanReplaced(plan()))
    back(centre, call, offer)
    assert [one.call for one in centre.take(HangUpCall)] == [call]


def test_a_new_engine_asks_him_where_he_was_and_keeps_what_he_said() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    back(centre, call, offer)
    centre.feed(DigitPressed(call, "4"))
    assert answers(centre) == [("kind", "4")]
    again = found_in_the_menu(centre, call, house())
    (asked,) = again.take(PlayPrompt)
    assert asked.path == "/acd/de/survey/solved"
    again.feed(DigitPressed(call, "1"))
    assert answers(again) == [("solved", "1")]
    again.feed(CallerHungUp(call))
    (end,) = again.take(CallEnded)
    assert (end.outcome, end.agent, end.queue) == (Outcome.ANSWERED, "1001", FAULT)
    assert dict(end.attributes) == {"kind": "4", "solved": "1"}


def test_a_talk_that_ended_while_no_engine_was_there_has_its_wrap_up_and_its_survey() -> None:
    centre = Centre(house(), "1001")
    call, _ = talked(centre)
    again = found_in_the_menu(centre, call, house())
    said = again.take()
    assert [one.agent for one in said if isinstance(one, WrapUpStarted)] == ["1001"]
    assert [one.path for one in said if isinstance(one, PlayPrompt)] == ["/acd/de/survey/kind"]


def test_a_talk_that_goes_on_over_a_restart_ends_in_the_survey() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    again = killed(centre, house(), away_seconds=1.0)
    assert again.call(call).state is CallState.CONNECTED
    back(again, call, offer)
    assert any(one.path.endswith("survey/kind") for one in again.take(PlayPrompt))


def test_who_had_talked_and_has_no_survey_any_more_is_let_go_by_a_new_engine() -> None:
    centre = Centre(house(), "1001")
    call, offer = talked(centre)
    back(centre, call, offer)
    again = found_in_the_menu(centre, call, plan())
    assert [one.call for one in again.take(HangUpCall)] == [call]
    again.feed(CallerHungUp(call))
    (end,) = again.take(CallEnded)
    assert end.outcome is Outcome.ANSWERED
