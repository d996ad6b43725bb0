"""Messages for a queue: whatever was said after the beep is a task, and waits until it is done."""

import msgspec
import pytest

from acd.core.commands import EnterMenu, HangUpCall, PlayPrompt, RecordMessage
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallFoundInMenu,
    Confirmed,
    DigitPressed,
    MenuReached,
    MessageRecorded,
    PromptEnded,
    RecordingEnd,
    VoicemailAction,
    VoicemailRequested,
)
from acd.core.ids import AgentId, CallId, NodeId, PromptId, QueueId, RequestId, VoicemailId
from acd.core.memory import VoicemailMemory
from acd.core.plan import AgentAction, HangUp, Plan, Say, TakeMessage
from acd.core.queueplan import Box, ExitCondition, ToVoicemail
from acd.core.records import (
    CallEnded,
    CallLeftQueue,
    ConfirmationDue,
    Noticed,
    Outcome,
    Replied,
    VoicemailKept,
)
from acd.core.voicemail import VOICEMAIL, VoicemailState
from tests.core.centre import PBX, Centre
from tests.core.queues import rule, with_exits, with_queue
from tests.core.rebirth import killed
from tests.plans import QUEUES, plan

CALL = CallId("main-1.1")
FAULT = QueueId("fault")
BOX = Box(
    invitation=(PromptId("box/invitation"),), thanks=(PromptId("box/thanks"),), longest_seconds=60.0
)
TAKE, DONE, RELEASE = VoicemailAction.TAKE, VoicemailAction.DONE, VoicemailAction.RELEASE


def house() -> Plan:
    """Key 1 of the first menu leads into the box of fault; 1001 has that skill, 1002 has not."""
    base = plan({"1001": dict.fromkeys(QUEUES, 1), "1002": {"billing": 1}})
    menu = base.menus[base.callers_menu]
    take, thanks, bye = map(NodeId, ("option-1", "thanks", "bye"))
    nodes = {
        **menu.nodes,
        take: TakeMessage(
            id=take,
            queue=FAULT,
            prompts=BOX.invitation,
            longest_seconds=BOX.longest_seconds,
            next=thanks,
            otherwise=NodeId("option-6"),
        ),
        thanks: Say(id=thanks, prompts=BOX.thanks, next=bye),
        bye: HangUp(id=bye),
    }
    menus = {**base.menus, menu.id: msgspec.structs.replace(menu, nodes=nodes)}
    return msgspec.structs.replace(base, menus=menus)


def invited(centre: Centre, call: CallId = CALL) -> PlayPrompt:
    """A caller dials in and chooses the box; the first prompt ends, and he hears what to do."""
    first = centre.feed(CallArrived(call, PBX, "0301234567", "100"))
    playing = next(one for one in first if isinstance(one, PlayPrompt))
    said = centre.feed(DigitPressed(call, "1"), PromptEnded(call, playing.play_id, True))
    return next(one for one in said if isinstance(one, PlayPrompt))


def speaks(centre: Centre, call: CallId = CALL) -> RecordMessage:
    """The same caller hears the invitation to its end and then the beep."""
    invitation = invited(centre, call)
    assert invitation.path.endswith("/box/invitation")
    said = centre.feed(PromptEnded(call, invitation.play_id, True))
    return next(one for one in said if isinstance(one, RecordMessage))


def recorded(ordered: RecordMessage, seconds: float) -> MessageRecorded:
    return MessageRecorded(ordered.call, ordered.play_id, RecordingEnd.OVER, seconds)


def voicemails(centre: Centre) -> tuple[VoicemailMemory, ...]:
    return centre.engine.snapshot(centre.now).voicemails


def the_one(centre: Centre) -> VoicemailMemory:
    (one,) = voicemails(centre)
    return one


def asks(centre: Centre, agent: str, action: VoicemailAction) -> str:
    """The agent asks for something about the one voicemail; return the refusal."""
    voicemail = the_one(centre).id
    asked = VoicemailRequested(RequestId(7), voicemail, action, AgentId(agent))
    return next(one for one in centre.feed(asked) if isinstance(one, Replied)).refusal


def test_every_state_knows_every_signal() -> None:
    assert "recording --> waiting: left" in VOICEMAIL.mermaid()


def test_a_message_is_spoken_thanked_for_and_waits() -> None:
    centre = Centre(house())
    ordered = speaks(centre)
    assert ordered.path == f"/var/lib/acd/voicemail/main-1.1-{int(centre.now * 1000)}"
    assert (ordered.beep, ordered.longest_seconds) == (True, 60.0)
    assert voicemails(centre) == ()
    [thanks] = [one for one in centre.feed(recorded(ordered, 8.5)) if isinstance(one, PlayPrompt)]
    assert thanks.path.endswith("/box/thanks")
    said = centre.feed(PromptEnded(CALL, thanks.play_id, True))
    assert HangUpCall(CALL) in said
    centre.feed(CallerHungUp(CALL))
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.VOICEMAIL]
    one = the_one(centre)
    assert (one.state, one.queue, one.ani, one.dnis) == ("waiting", "fault", "0301234567", "100")
    assert (one.seconds, one.left_at) == (8.5, centre.now)
    assert ordered.path.endswith(f"/{one.id}")


def test_the_beep_comes_when_the_task_is_written_down() -> None:
    centre = Centre(house())
    centre.confirms = False
    invitation = invited(centre)
    said = centre.feed(PromptEnded(CALL, invitation.play_id, True))
    kept = [one.voicemail.state for one in said if isinstance(one, VoicemailKept)]
    assert kept == ["recording"]
    assert ConfirmationDue(centre.now, CALL) in said
    assert not any(isinstance(one, RecordMessage) for one in said)
    ordered = centre.feed(Confirmed(CALL, True))
    assert any(isinstance(one, RecordMessage) for one in ordered)
    assert centre.feed(Confirmed(CALL, True)) == [], "told twice, he speaks once"


def test_a_store_that_is_away_silences_nobody() -> None:
    centre = Centre(house())
    centre.confirms = False
    invitation = invited(centre)
    centre.feed(PromptEnded(CALL, invitation.play_id, True))
    assert any(isinstance(one, RecordMessage) for one in centre.feed(Confirmed(CALL, False)))


def test_who_hangs_up_in_mid_message_has_left_it() -> None:
    centre = Centre(house())
    ordered = speaks(centre)
    centre.feed(recorded(ordered, 2.0), CallerHungUp(CALL))
    assert (the_one(centre).state, the_one(centre).seconds) == ("waiting", 2.0)
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.VOICEMAIL]


def test_an_end_that_nobody_reported_leaves_a_message_all_the_same() -> None:
    centre = Centre(house())
    speaks(centre)
    centre.feed(CallerHungUp(CALL))
    assert (the_one(centre).state, the_one(centre).seconds) == ("waiting", None)


def test_too_little_sound_is_no_message_and_the_caller_goes_on() -> None:
    centre = Centre(house())
    ordered = speaks(centre)
    centre.feed(recorded(ordered, 1.9))
    assert voicemails(centre) == ()
    assert [one.voicemail.state for one in centre.take(VoicemailKept)][-1] == "discarded"
    assert centre.call(CALL).queue == "switchboard", "as somebody who chose nothing"
    centre.feed(CallerHungUp(CALL))
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.SHORT_ABANDONED]


def test_who_hangs_up_before_the_beep_has_left_nothing() -> None:
    centre = Centre(house())
    centre.confirms = False
    invitation = invited(centre)
    centre.feed(PromptEnded(CALL, invitation.play_id, True), CallerHungUp(CALL))
    assert voicemails(centre) == ()
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.LEFT_IN_MENU]


def test_a_key_skips_the_invitation_and_does_not_end_the_message() -> None:
    centre = Centre(house())
    invitation = invited(centre)
    centre.feed(DigitPressed(CALL, "5"))
    centre.take()
    centre.feed(PromptEnded(CALL, invitation.play_id, True))
    [ordered] = centre.take(RecordMessage)
    assert centre.feed(DigitPressed(CALL, "#")) == [], "the PBX stops by itself, and says so"
    assert not any(isinstance(one, EnterMenu) for one in centre.wait(5.0))
    centre.feed(recorded(ordered, 4.0))
    assert the_one(centre).state == "waiting"


def test_a_beep_that_is_missing_costs_nobody_his_message() -> None:
    centre = Centre(house())
    first = speaks(centre)
    centre.feed(MessageRecorded(CALL, first.play_id, RecordingEnd.NO_BEEP, 0.0))
    centre.take()
    centre.wait(1.0)
    [again] = centre.take(RecordMessage)
    assert (again.path, again.beep) == (first.path, False)
    centre.feed(recorded(again, 5.0))
    assert the_one(centre).seconds == 5.0


def test_who_hangs_up_at_the_beep_has_left_nothing() -> None:
    """The PBX tells it as it tells of a beep that is missing."""
    centre = Centre(house())
    first = speaks(centre)
    centre.feed(MessageRecorded(CALL, first.play_id, RecordingEnd.NO_BEEP, 0.0), CallerHungUp(CALL))
    assert voicemails(centre) == ()


def test_a_missing_folder_is_told_and_the_caller_goes_on() -> None:
    centre = Centre(house())
    ordered = speaks(centre)
    centre.take()
    centre.feed(MessageRecorded(CALL, ordered.play_id, RecordingEnd.FAILED, 0.0))
    [told] = centre.take(Noticed)
    assert told.kind == "voicemail_failed"
    assert "/var/lib/acd/voicemail at the PBX main" in told.text
    assert centre.call(CALL).queue == "switchboard"


def test_a_message_without_end_is_broken_off_and_kept() -> None:
    centre = Centre(house())
    speaks(centre)
    centre.wait(60.0 + 15.0)
    centre.feed(MenuReached(CALL))
    assert (the_one(centre).state, the_one(centre).seconds) == ("waiting", None)


def test_an_answer_that_comes_late_changes_nothing() -> None:
    centre = Centre(house())
    ordered = speaks(centre)
    centre.feed(recorded(ordered, 6.0))
    centre.feed(recorded(ordered, 1.0))
    assert the_one(centre).seconds == 6.0


# -- queues and their boxes ------------------------------------------------------------------------


def with_box(house: Plan) -> Plan:
    key = rule(ExitCondition.KEY, ToVoicemail(queue=FAULT), key="5")
    return with_queue(with_exits(house, "fault", key), "fault", box=BOX)


def test_a_waiting_caller_leaves_by_key_for_the_box() -> None:
    centre = Centre(with_box(plan()))
    call = centre.call_in()
    centre.feed(DigitPressed(call, "5"))
    [left] = centre.take(CallLeftQueue)
    assert (left.outcome, left.target) == (Outcome.LEFT_BY_KEY, "voicemail:fault")
    [invitation] = [one for one in centre.feed(MenuReached(call)) if isinstance(one, PlayPrompt)]
    said = centre.feed(PromptEnded(call, invitation.play_id, True))
    ordered = next(one for one in said if isinstance(one, RecordMessage))
    centre.feed(recorded(ordered, 3.0), CallerHungUp(call))
    assert the_one(centre).queue == "fault"
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.VOICEMAIL]


# -- an engine that is killed ----------------------------------------------------------------------


def test_killed_while_the_caller_speaks_and_he_hangs_up_meanwhile() -> None:
    centre = Centre(house())
    speaks(centre)
    again = killed(centre, house(), away_seconds=3.0)
    assert (the_one(again).state, the_one(again).seconds) == ("waiting", None)
    assert [one.outcome for one in again.take(CallEnded)] == [Outcome.VOICEMAIL]


def test_killed_while_the_caller_speaks_and_he_is_still_there() -> None:
    """What he had said is one message; he is asked again and may say the rest."""
    centre = Centre(house())
    first = speaks(centre)
    found = [CallFoundInMenu(CALL), CallArrived(CALL, PBX, "0301234567", "100")]
    again = Centre(house(), now=centre.now + 1.0, memory=centre.memory(), found=found)
    assert the_one(again).state == "waiting"
    [invitation] = again.take(PlayPrompt)
    assert invitation.path.endswith("/box/invitation")
    said = again.feed(PromptEnded(CALL, invitation.play_id, True))
    second = next(one for one in said if isinstance(one, RecordMessage))
    assert second.path != first.path
    again.feed(recorded(second, 9.0), CallerHungUp(CALL))
    assert [one.seconds for one in voicemails(again)] == [None, 9.0]


def test_one_whose_call_is_in_the_books_already_waits_at_once() -> None:
    centre = Centre(house())
    speaks(centre)
    memory = msgspec.structs.replace(centre.memory(), calls=())
    again = Centre(house(), now=centre.now + 1.0, memory=memory)
    assert the_one(again).state == "waiting"


def test_what_was_taken_stays_with_its_agent_over_a_restart() -> None:
    centre = Centre(house(), "1001")
    centre.feed(recorded(speaks(centre), 3.0), CallerHungUp(CALL))
    assert asks(centre, "1001", TAKE) == ""
    again = killed(centre, house())
    assert (the_one(again).state, the_one(again).agent) == ("taken", "1001")
    assert asks(again, "1001", DONE) == ""
    assert killed(again, house()).engine.snapshot(again.now).voicemails == ()


def test_a_clock_that_was_set_back_keeps_their_order() -> None:
    centre = Centre(house())
    centre.feed(recorded(speaks(centre), 3.0), CallerHungUp(CALL))
    again = killed(centre, house(), away_seconds=-1000.0)
    assert the_one(again).begun_at <= again.now


# -- the task --------------------------------------------------------------------------------------


@pytest.fixture
def left() -> Centre:
    """One message in the box of fault."""
    centre = Centre(house(), "1001", "1002")
    centre.feed(recorded(speaks(centre), 3.0), CallerHungUp(CALL))
    return centre


def test_an_agent_takes_it_and_says_that_it_is_done(left: Centre) -> None:
    assert asks(left, "1001", TAKE) == ""
    assert (the_one(left).state, the_one(left).agent) == ("taken", "1001")
    assert asks(left, "1001", TAKE) == "", "his it is already"
    assert asks(left, "1001", DONE) == ""
    assert voicemails(left) == ()
    assert left.take(VoicemailKept)[-1].voicemail.state == VoicemailState.DONE


def test_only_who_has_the_skill_may_take_it(left: Centre) -> None:
    assert asks(left, "1002", TAKE) == "agent 1002 has not the skills of fault"
    assert "fault" in left.engine.boxes_of(AgentId("1001"))
    assert "fault" not in left.engine.boxes_of(AgentId("1002"))
    assert left.engine.boxes_of(AgentId("nobody")) == frozenset()


def test_nobody_takes_what_another_has(left: Centre) -> None:
    asks(left, "1001", TAKE)
    voicemail = the_one(left).id
    assert asks(left, "1002", DONE) == f"voicemail {voicemail} has been taken by agent 1001"
    assert the_one(left).agent == "1001"


def test_what_nobody_has_taken_cannot_be_done(left: Centre) -> None:
    voicemail = the_one(left).id
    assert asks(left, "1001", DONE) == f"voicemail {voicemail} is waiting"
    assert asks(left, "1001", RELEASE) == f"voicemail {voicemail} is waiting"


def test_given_back_it_waits_again(left: Centre) -> None:
    asks(left, "1001", TAKE)
    assert asks(left, "1001", RELEASE) == ""
    assert (the_one(left).state, the_one(left).agent) == ("waiting", None)


def test_who_logs_out_gives_back_what_he_has_taken(left: Centre) -> None:
    asks(left, "1001", TAKE)
    left.request("1001", AgentAction.LOG_OUT)
    assert (the_one(left).state, the_one(left).agent) == ("waiting", None)


def test_what_does_not_exist_is_refused_in_words(left: Centre) -> None:
    unknown = VoicemailRequested(RequestId(7), VoicemailId("x"), TAKE, AgentId("1001"))
    assert Replied(left.now, RequestId(7), "no voicemail 'x', or it is done") in left.feed(unknown)
    assert asks(left, "9999", TAKE) == "no agent '9999'"


def test_a_box_without_its_queue_is_no_dead_end() -> None:
    """A queue that is gone from the plan may still name a box that is."""
    bare = with_exits(plan(), "fault", rule(ExitCondition.KEY, ToVoicemail(queue=FAULT), key="5"))
    centre = Centre(bare)
    call = centre.call_in()
    centre.feed(DigitPressed(call, "5"))
    said = centre.feed(MenuReached(call))
    assert any(isinstance(one, PlayPrompt) for one in said), "he is in the first menu again"
