"""Callers in menus, and agents who dial codes: the dialogue's wishes carried out.

A call in a menu holds two deadlines: ``dialogue`` (a key that does not come, a prompt that does
not fall silent) and ``keep`` (the dead-man timer on its channel, put off every few seconds; when
nobody does, the dialplan takes the caller to the emergency queue).
"""

from typing import Final

from acd.core import codes, incidents, recording, survey, voicemail, waiting
from acd.core.attributes import BUILT_IN, value_of
from acd.core.call import Call, CallSignal
from acd.core.circumstances import KnownNow
from acd.core.clients import enter, first_menu
from acd.core.commands import (
    HangUpCall,
    KeepInMenu,
    MoveToWaitingRoom,
    PlayPrompt,
    SendToNumber,
    StopPrompt,
)
from acd.core.deciding import composed, decide
from acd.core.ending import end_call
from acd.core.events import (
    CallArrived,
    CodeDialled,
    LookedUp,
    LookUpFailed,
    MessageRecorded,
)
from acd.core.floor import CodeCall, Floor
from acd.core.ids import CallId, Language, NodeId
from acd.core.ivr import (
    ALL_DIGITS,
    FIRST,
    Act,
    Chosen,
    Compose,
    Decide,
    Dialogue,
    Finished,
    Inquire,
    Missed,
    Note,
    Play,
    Step,
    Stop,
    TakeDown,
    WakeAt,
)
from acd.core.matching import match_call, review_and_match
from acd.core.menuplan import AgentDo, Enqueue, HangUp, MessageDo, Transfer
from acd.core.offers import silence
from acd.core.records import (
    CallOffered,
    CallState,
    ConfirmationDue,
    FormFilled,
    LookUpDue,
    MenuMissed,
    MenuSelected,
    Noticed,
    Outcome,
)
from acd.core.remembering import end_remembered, recall

KEEP_SECONDS: Final = 5.0
"""How often the dead-man timer (14 s in the dialplan) is put off."""

PROMPT_LATE_SECONDS: Final = 5.0
"""How much later than it should end a prompt is taken for over, though nobody has told it."""

UNPLAYED_SECONDS: Final = 1.0
"""How long the Hangup of a caller may follow the end of the prompt that he left."""

Talker = Call | CodeCall


def arrived(floor: Floor, event: CallArrived, now: float) -> None:
    """A new caller: play him the first menu."""
    if event.call in floor.calls:
        menu_reached(floor, event.call, now)
        return
    call = Call(event.call, event.pbx, event.ani, event.dnis, now)
    floor.calls[call.id] = call
    kept = recall(floor, call, now)
    if kept is None:
        floor.emit(CallOffered(now, call.id, call.pbx))
    call.moves(CallSignal.MENU, now)
    if kept is not None and kept.place is not None and kept.place.queue in floor.lines:
        # He was sent to wait, and the engine died before he was on his way.
        waiting.take_place(floor, call, kept.place, now)
        floor.emit(MoveToWaitingRoom(call.id, kept.place))
        return
    if kept is not None and kept.answered_at is not None:
        _ask_or_let_go(floor, call, survey.resume(floor, call, kept, now), kept.node, now)
        return
    menu = floor.plan.menus.get(kept.menu) if kept is not None and kept.menu is not None else None
    language = kept.language if kept is not None else Language("")
    call.dialogue = enter(floor.plan, call, menu or first_menu(floor.plan, call), language)
    call.dialogue.attributes = dict(call.attributes)
    call.language = call.dialogue.language
    _keep(floor, call.id, now)
    at = kept.node if kept is not None and menu is not None else None
    first = incidents.first_words(floor, call, now, again=at == FIRST)
    _carry_out(floor, call, call.dialogue.start(now, at, first), now)


def code_dialled(floor: Floor, event: CodeDialled, now: float) -> None:
    """An agent's phone dialled a code: answer it, and offer him nothing meanwhile."""
    if event.call in floor.code_calls:
        menu_reached(floor, event.call, now)
        return
    menu = floor.plan.code_menus.get(event.code)
    if menu is None:
        floor.emit(Noticed(now, "unknown_code", f"{event.phone} dialled {event.code!r}"))
        floor.emit(HangUpCall(event.call))
        return
    dialogue = Dialogue(floor.plan.menus[menu], floor.plan.house_language)
    code_call = CodeCall(event.call, event.pbx, event.phone, dialogue, set())
    floor.code_calls[event.call] = code_call
    codes.engage(floor, code_call, floor.agent_at(event.phone), now)
    _keep(floor, event.call, now)
    _carry_out(floor, code_call, dialogue.start(now), now)


def menu_reached(floor: Floor, call_id: CallId, now: float) -> None:
    """A call stands in the menu again: after a prompt broken off, a talk, or a lost command."""
    talker = _talker(floor, call_id)
    if isinstance(talker, Call) and talker.state is CallState.CONNECTED:
        _after_talk(floor, talker, now)
        return
    if isinstance(talker, Call) and talker.state in (CallState.QUEUED, CallState.RINGING):
        # Our Redirect to the waiting room got lost, or crossed his way back: send him again.
        # Nobody may be joined with him here: Bridge() would tear him out of AsyncAGI.
        talker.in_room = False
        silence(floor, talker, now)
        floor.emit(MoveToWaitingRoom(talker.id, waiting.place_of(talker)))
        return
    dialogue = talker.dialogue if talker is not None else None
    if talker is None or dialogue is None:
        return
    floor.deadlines.clear(("enter", call_id))
    _keep(floor, call_id, now)
    if isinstance(talker, Call) and dialogue.taking_down is not None:
        voicemail.unseen(floor, talker, now)
    _carry_out(floor, talker, dialogue.restarted(now), now)


def _after_talk(floor: Floor, call: Call, now: float) -> None:
    """His agent has hung up: the caller has the survey of his queue, or is let go."""
    if survey.begin(floor, call, now):
        call.moves(CallSignal.MENU, now)
        _ask_or_let_go(floor, call, True, None, now)
    else:
        floor.emit(HangUpCall(call.id))


def _ask_or_let_go(floor: Floor, call: Call, follows: bool, at: NodeId | None, now: float) -> None:
    if not follows:
        floor.emit(HangUpCall(call.id))
        return
    assert call.dialogue is not None
    _keep(floor, call.id, now)
    _carry_out(floor, call, call.dialogue.start(now, at), now)


def digit(floor: Floor, call_id: CallId, key: str, now: float) -> None:
    """Count a key for whoever is in a dialogue, or waits where a key leads out."""
    talker = _talker(floor, call_id)
    if isinstance(talker, Call) and talker.state in (CallState.QUEUED, CallState.RINGING):
        waiting.key_pressed(floor, talker, key, now)
    elif talker is not None and talker.dialogue is not None:
        _carry_out(floor, talker, talker.dialogue.digit(key, now), now)


def confirmed(floor: Floor, call_id: CallId, durable: bool, now: float) -> None:
    """Tell an agent what he did by telephone; if it could not be written down, that it failed, so
    that he does it again. A caller may speak now, for what he says has a task."""
    code_call = floor.code_calls.get(call_id)
    if code_call is not None:
        _carry_out(floor, code_call, code_call.dialogue.agent_done(durable, now), now)
    elif call_id in floor.calls:
        voicemail.may_begin(floor, floor.calls[call_id])


def prompt_ended(floor: Floor, call_id: CallId, play_id: int, ok: bool, now: float) -> None:
    """Go on after a prompt; one that could not be played is passed over and soon noticed."""
    talker = _talker(floor, call_id)
    if talker is None or talker.dialogue is None:
        return
    if not ok and not talker.dialogue.over:
        # So it ends, too, for a caller who is just hanging up: look again when that is known.
        floor.deadlines.set(("unplayed", call_id), now + UNPLAYED_SECONDS)
    _carry_out(floor, talker, talker.dialogue.prompt_ended(play_id, now, played=ok), now)


def message_recorded(floor: Floor, event: MessageRecorded, now: float) -> None:
    """What a caller said is recorded: go on, by whether there is a message."""
    call = floor.calls.get(event.call)
    asked = call.dialogue.taking_down if call is not None and call.dialogue is not None else None
    if call is None or call.dialogue is None or asked is None or asked.play_id != event.play_id:
        return
    kept = voicemail.recorded(floor, call, event, now)
    if kept is not None:
        _carry_out(floor, call, call.dialogue.message_ended(event.play_id, kept, now), now)


def unplayed_due(floor: Floor, call_id: CallId, now: float) -> None:
    """A prompt could not be played, and it was not because the caller left: tell operators."""
    if _talker(floor, call_id) is not None:
        floor.emit(Noticed(now, "prompt_failed", f"call {call_id}: a prompt could not be played"))


def looked_up(floor: Floor, event: LookedUp | LookUpFailed, now: float) -> None:
    """Go on with what was found of the caller, or without; then operators are told why."""
    if isinstance(event, LookUpFailed):
        text = f"call {event.call}, {event.node}: {event.reason}"
        floor.emit(Noticed(now, "look_up_failed", text))
    talker = _talker(floor, event.call)
    if talker is None or talker.dialogue is None:
        return
    if isinstance(event, LookUpFailed):
        steps = talker.dialogue.look_up_failed(event.node, now)
    else:
        steps = talker.dialogue.looked_up(event.node, event.values, now)
    _carry_out(floor, talker, steps, now)


def dialogue_due(floor: Floor, call_id: CallId, now: float) -> None:
    """The dialogue asked to be woken now. While its PBX is away the caller is not to blame."""
    talker = _talker(floor, call_id)
    if talker is None or talker.dialogue is None:
        return
    if talker.pbx not in floor.live:
        floor.deadlines.set(("dialogue", call_id), now + 1.0)
        return
    _carry_out(floor, talker, talker.dialogue.timed_out(now), now)


def keep_due(floor: Floor, call_id: CallId, now: float) -> None:
    """Put off the dead-man timer of a call that is still in a menu."""
    talker = _talker(floor, call_id)
    if talker is not None and talker.dialogue is not None and not talker.dialogue.over:
        floor.emit(KeepInMenu(call_id))
        _keep(floor, call_id, now)


def room_entered(floor: Floor, call_id: CallId, now: float) -> None:
    """The caller hears music: from now on somebody may be rung for him."""
    call = floor.calls.get(call_id)
    if call is None or call.in_room:
        return
    call.in_room = True
    if call.state is CallState.CONNECTED and not call.offers:
        # His talk is over, and what should have let him go got lost on the way.
        floor.emit(HangUpCall(call.id))
    match_call(floor, call, now)


def room_left(floor: Floor, call_id: CallId) -> None:
    """The caller is between two rounds, or being joined with an agent."""
    call = floor.calls.get(call_id)
    if call is not None:
        call.in_room = False


def gone(floor: Floor, call_id: CallId, outcome: Outcome | None, now: float) -> None:
    """The caller is gone: end the call with its one final record.

    ``outcome`` is given when somebody else than the caller ended it; an answered call stays
    answered all the same.
    """
    code_call = floor.code_calls.pop(call_id, None)
    if code_call is not None:
        for kind in ("dialogue", "keep", "unplayed"):
            floor.deadlines.clear((kind, call_id))
        for agent_id in code_call.agents:
            agent = floor.agents[agent_id]
            agent.code_calls.discard(call_id)
            review_and_match(floor, agent, now)
        return
    call = floor.calls.get(call_id)
    if call is not None:
        end_call(floor, call, outcome, now)
    elif (kept := floor.remembered.get(call_id)) is not None:
        end_remembered(floor, kept, outcome, now)


# -- carrying out what a dialogue wants ------------------------------------------------------


def _talker(floor: Floor, call_id: CallId) -> Talker | None:
    return floor.calls.get(call_id) or floor.code_calls.get(call_id)


def _keep(floor: Floor, call_id: CallId, now: float) -> None:
    floor.deadlines.set(("keep", call_id), now + KEEP_SECONDS)


def _carry_out(floor: Floor, talker: Talker, steps: list[Step], now: float) -> None:
    dialogue = talker.dialogue
    assert dialogue is not None
    if isinstance(talker, Call):
        talker.language = dialogue.language
        talker.attributes.update(dialogue.attributes)
        survey.note_answers(floor, talker, now)
        if steps:
            floor.keep(talker)
    for step in steps:
        match step:
            case Play(play_id, language, prompt, can_stop):
                file = floor.plan.file_of(language, prompt, dialogue.menu)
                path = floor.plan.path_of(file)
                stop_digits = ALL_DIGITS if can_stop else ""
                floor.emit(PlayPrompt(talker.id, play_id, path, stop_digits))
                over_at = now + PROMPT_LATE_SECONDS + incidents.seconds_of(floor, file)
                floor.deadlines.set(("dialogue", talker.id), over_at)
            case Stop():
                floor.emit(StopPrompt(talker.id))
            case WakeAt(None):
                floor.deadlines.clear(("dialogue", talker.id))
            case WakeAt(at):
                assert at is not None
                floor.deadlines.set(("dialogue", talker.id), at)
            case Chosen() | Missed() | Note() | Inquire():
                _tell(floor, talker, dialogue, step, now)
            case Act() | Decide() | Compose() | TakeDown():
                _answer(floor, talker, dialogue, step, now)
            case Finished(node):
                _finish(floor, talker, node, now)


def _tell(
    floor: Floor,
    talker: Talker,
    dialogue: Dialogue,
    step: Chosen | Missed | Note | Inquire,
    now: float,
) -> None:
    """Put into records what the caller did, and what others have to do for him."""
    match step:
        case Chosen(option, menu):
            if isinstance(talker, Call):
                talker.menu_path.append(f"{menu}:{option}")
                floor.emit(MenuSelected(now, talker.id, menu, option))
        case Missed(kind):
            floor.emit(MenuMissed(now, talker.id, dialogue.here, kind))
        case Note(form, values):
            filled = KnownNow(floor, talker, now).values_of(values)
            floor.emit(FormFilled(now, talker.id, form, filled))
        case Inquire(node):
            known = dict(dialogue.attributes)
            if isinstance(talker, Call):
                known |= {name: value_of(talker, name) for name in BUILT_IN}
            floor.emit(LookUpDue(now, talker.id, node.id, node.lookup, known))


def _finish(floor: Floor, talker: Talker, node: Enqueue | Transfer | HangUp, now: float) -> None:
    """Let the talker go where his menu leads in the end."""
    if not isinstance(talker, Call):
        floor.emit(HangUpCall(talker.id))
        return
    if isinstance(node, Enqueue) and talker.answered_at is None:
        _enqueue(floor, talker, node, now)
        return
    if talker.queued_at is None and talker.left_as is None:
        talker.left_as = Outcome.DEFLECTED
    if isinstance(node, Transfer):
        floor.emit(SendToNumber(talker.id, node.number))
        end_call(floor, talker, talker.left_as, now)
    else:
        floor.emit(HangUpCall(talker.id))


def _take_down(floor: Floor, talker: Talker, step: TakeDown, now: float) -> None:
    if isinstance(talker, Call):
        voicemail.begin(floor, talker, step, now)
    else:
        # An agent who dials a code leaves no message.
        ended = talker.dialogue.message_ended(step.play_id, False, now)
        _carry_out(floor, talker, ended, now)


def _answer(
    floor: Floor,
    talker: Talker,
    dialogue: Dialogue,
    step: Act | Decide | Compose | TakeDown,
    now: float,
) -> None:
    match step:
        case Act(node):
            _act_and_tell(floor, talker, node, now)
        case Decide(node):
            target = decide(node, KnownNow(floor, talker, now))
            _carry_out(floor, talker, dialogue.decided(target, now), now)
        case Compose(sentence):
            prompts = composed(sentence, KnownNow(floor, talker, now))
            _carry_out(floor, talker, dialogue.composed(prompts, now), now)
        case TakeDown():
            _take_down(floor, talker, step, now)


def _enqueue(floor: Floor, call: Call, node: Enqueue, now: float) -> None:
    assert call.dialogue is not None
    floor.deadlines.clear(("keep", call.id))
    told = incidents.before_queue(floor, call, node, now)
    if told is not None:
        _keep(floor, call.id, now)
        _carry_out(floor, call, call.dialogue.go_on(told, now), now)
        return
    recording.note_consent(call, node)
    waiting.enqueue(floor, call, node, now)
    if call.state is CallState.IN_MENU and call.id in floor.calls:
        # A rule keeps him out of the queue and has another dialogue for him.
        _keep(floor, call.id, now)
        _carry_out(floor, call, call.dialogue.start(now), now)


def _act_and_tell(floor: Floor, talker: Talker, node: AgentDo | MessageDo, now: float) -> None:
    """What was done is told when it is durable (``confirmed``), what was refused at once."""
    assert talker.dialogue is not None
    if isinstance(talker, CodeCall) and codes.act(floor, talker, node, now):
        floor.emit(ConfirmationDue(now, talker.id))
    else:
        _carry_out(floor, talker, talker.dialogue.agent_done(False, now), now)
