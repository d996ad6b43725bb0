"""Voicemail: what callers say into a queue's box, and the task that each message is for an agent.

Theory: a voicemail is written down before the beep, so that there is a task for whatever is said
after it: whoever kills the engine in mid-word leaves a file at the PBX and its task in the store. A
message is over when the PBX reports it, when its caller is gone or is found again after a restart;
where nobody saw how long it is, it counts as one. Too little sound is no message.

An agent who has the skills of the queue takes a task, and says that it is done or gives it back; it
goes back as well when he logs out. What is done or was no message is forgotten here; the store has
it. This module must not know how a file is recorded, nor where it lies.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.commands import RecordMessage
from acd.core.events import (
    MessageRecorded,
    RecordingEnd,
    VoicemailAction,
    VoicemailRequested,
)
from acd.core.floor import CodeCall, Floor
from acd.core.ids import AgentId, PbxId, QueueId, VoicemailId
from acd.core.ivr import TakeDown
from acd.core.machine import IGNORE, ILLEGAL, Machine
from acd.core.memory import VoicemailMemory
from acd.core.menuplan import MESSAGE_PATH, MessageAction
from acd.core.records import ConfirmationDue, Noticed, Outcome, Presence, Replied, VoicemailKept

SHORTEST_SECONDS: Final = 2.0
"""Less sound than this is no message."""

SILENCE_SECONDS: Final = 10.0
"""Who says nothing for so long has ended."""

OVERDUE_SECONDS: Final = 15.0
"""How much longer than it may be a message is waited for: until written down, its beep, its end."""


UNBEEPED_SECONDS: Final = 1.0
"""How long the Hangup of a caller may follow the beep that could not be played to its end."""


class VoicemailState(StrEnum):
    """How far a voicemail is."""

    RECORDING = "recording"
    """Its caller is about to speak, or does."""
    WAITING = "waiting"
    """For an agent with the skills of its queue."""
    TAKEN = "taken"
    DONE = "done"
    DISCARDED = "discarded"
    """There was too little in it."""


class VoicemailSignal(StrEnum):
    """What can happen to a voicemail."""

    LEFT = "left"
    TOO_SHORT = "too short"
    TAKE = "take"
    FINISH = "finish"
    RELEASE = "release"


_STATE, _SIGNAL = VoicemailState, VoicemailSignal
VOICEMAIL: Final = Machine[VoicemailState, VoicemailSignal](
    "voicemail",
    {
        (_STATE.RECORDING, _SIGNAL.LEFT): _STATE.WAITING,
        (_STATE.RECORDING, _SIGNAL.TOO_SHORT): _STATE.DISCARDED,
        # An agent may ask for anything at any time: what does not fit is refused.
        (_STATE.RECORDING, _SIGNAL.TAKE): IGNORE,
        (_STATE.RECORDING, _SIGNAL.FINISH): IGNORE,
        (_STATE.RECORDING, _SIGNAL.RELEASE): IGNORE,
        (_STATE.WAITING, _SIGNAL.LEFT): ILLEGAL,
        (_STATE.WAITING, _SIGNAL.TOO_SHORT): ILLEGAL,
        (_STATE.WAITING, _SIGNAL.TAKE): _STATE.TAKEN,
        (_STATE.WAITING, _SIGNAL.FINISH): IGNORE,
        (_STATE.WAITING, _SIGNAL.RELEASE): IGNORE,
        (_STATE.TAKEN, _SIGNAL.LEFT): ILLEGAL,
        (_STATE.TAKEN, _SIGNAL.TOO_SHORT): ILLEGAL,
        (_STATE.TAKEN, _SIGNAL.TAKE): IGNORE,
        (_STATE.TAKEN, _SIGNAL.FINISH): _STATE.DONE,
        (_STATE.TAKEN, _SIGNAL.RELEASE): _STATE.WAITING,
        # Both ends are forgotten at once, so nothing can happen to them any more.
        **{(_STATE.DONE, signal): ILLEGAL for signal in _SIGNAL},
        **{(_STATE.DISCARDED, signal): ILLEGAL for signal in _SIGNAL},
    },
)

_ENDS: Final = frozenset({_STATE.DONE, _STATE.DISCARDED})

_ASKED: Final = {
    VoicemailAction.TAKE: _SIGNAL.TAKE,
    VoicemailAction.DONE: _SIGNAL.FINISH,
    VoicemailAction.RELEASE: _SIGNAL.RELEASE,
}


# -- while it is spoken ----------------------------------------------------------------------------


def begin(floor: Floor, call: Call, step: TakeDown, now: float) -> None:
    """The caller is to speak: write the task down first; ``may_begin`` follows when that is so."""
    assert call.dialogue is not None
    voicemail = VoicemailMemory(
        VoicemailId(f"{call.id}-{int(now * 1000)}"),
        _STATE.RECORDING.value,
        call.id,
        step.node.queue,
        call.ani,
        call.dnis,
        call.language,
        tuple({**call.attributes, **call.dialogue.attributes}.items()),
        now,
        changed_at=now,
    )
    call.voicemail, call.recording = voicemail.id, False
    _keep(floor, voicemail, now)
    floor.emit(ConfirmationDue(now, call.id))
    over_at = now + step.node.longest_seconds + OVERDUE_SECONDS
    floor.deadlines.set(("dialogue", call.id), over_at)


def may_begin(floor: Floor, call: Call, *, beep: bool = True) -> None:
    """The task is written down, or cannot be just now: have the PBX beep and record.

    A ``beep`` that the PBX does not have costs nobody his message.
    """
    step = call.dialogue.taking_down if call.dialogue is not None else None
    if step is None or call.voicemail is None or call.recording:
        return
    call.recording = True
    path = f"{floor.plan.voicemail_path_on_pbx}/{call.voicemail}"
    longest = step.node.longest_seconds
    floor.emit(RecordMessage(call.id, step.play_id, path, beep, longest, SILENCE_SECONDS))


def recorded(floor: Floor, call: Call, event: MessageRecorded, now: float) -> bool | None:
    """Judge what was recorded; return whether it is a message, None when he has yet to speak."""
    if event.how is RecordingEnd.NO_BEEP:
        # So it ends, too, for a caller who is just hanging up: look again when that is known.
        call.recording = False
        floor.deadlines.set(("unbeeped", call.id), now + UNBEEPED_SECONDS)
        return None
    if event.how is RecordingEnd.FAILED:
        where = f"{floor.plan.voicemail_path_on_pbx} at the PBX {call.pbx}"
        text = f"call {call.id}: no message can be recorded into {where}: is there such a folder?"
        floor.emit(Noticed(now, "voicemail_failed", text))
    return _over(floor, call, event.seconds, now)


def unseen(floor: Floor, call: Call, now: float) -> None:
    """The recording is over and nobody saw how: whatever there is of it is a message."""
    _over(floor, call, None if call.recording else 0.0, now)


def _over(floor: Floor, call: Call, seconds: float | None, now: float) -> bool:
    call.recording = False
    voicemail = floor.voicemails.get(call.voicemail) if call.voicemail is not None else None
    if voicemail is None or voicemail.state != _STATE.RECORDING.value:
        return voicemail is not None
    is_message = seconds is None or seconds >= SHORTEST_SECONDS
    signal = _SIGNAL.LEFT if is_message else _SIGNAL.TOO_SHORT
    _move(floor, replace(voicemail, left_at=now, seconds=seconds), signal, now)
    if is_message:
        call.left_as = Outcome.VOICEMAIL
    return is_message


def call_ended(floor: Floor, call: Call, now: float) -> None:
    """The caller is gone: what he was saying is a message, and how his call ended follows."""
    unseen(floor, call, now)
    if call.voicemail in floor.voicemails:
        call.left_as = Outcome.VOICEMAIL


# -- after a restart -------------------------------------------------------------------------------


def restore(floor: Floor, kept: tuple[VoicemailMemory, ...], now: float) -> None:
    """Take over what waits; what was being spoken by a call that is in the books is over."""
    floor.voicemails = {voicemail.id: voicemail for voicemail in kept}
    for voicemail in kept:
        if voicemail.state == _STATE.RECORDING.value and voicemail.call not in floor.remembered:
            _move(floor, replace(voicemail, left_at=now), _SIGNAL.LEFT, now)


def recall(floor: Floor, call: Call, now: float) -> None:
    """A call of a former engine was found, or its end was: what it had been saying is a message."""
    for voicemail in floor.voicemails.values():
        if voicemail.call == call.id:
            call.voicemail, call.recording = voicemail.id, True
    if call.recording:
        unseen(floor, call, now)


# -- the task --------------------------------------------------------------------------------------


def requested(floor: Floor, event: VoicemailRequested, now: float) -> None:
    """Do what an agent asked for, or say why not; nothing changes when it is refused."""
    voicemail, agent = floor.voicemails.get(event.voicemail), floor.agents.get(event.agent)
    if voicemail is None:
        refusal = f"no voicemail {event.voicemail!r}, or it is done"
    elif agent is None:
        refusal = f"no agent {event.agent!r}"
    else:
        refusal = act(floor, voicemail, event.action, agent, now)
    floor.emit(Replied(now, event.request, refusal))


def act(
    floor: Floor, voicemail: VoicemailMemory, action: VoicemailAction, agent: Agent, now: float
) -> str:
    """Do it for the agent; return the refusal in words, "" when it was done."""
    if action is VoicemailAction.TAKE:
        if voicemail.agent == agent.id:
            return ""
        if not _could(floor, voicemail.queue, agent):
            return f"agent {agent.id} has not the skills of {voicemail.queue}"
    elif voicemail.agent is not None and voicemail.agent != agent.id:
        return f"voicemail {voicemail.id} has been taken by agent {voicemail.agent}"
    taker = agent.id if action is VoicemailAction.TAKE else voicemail.agent
    if action is VoicemailAction.RELEASE:
        taker = None
    if not _move(floor, replace(voicemail, agent=taker), _ASKED[action], now):
        by = f" by agent {voicemail.agent}" if voicemail.agent is not None else ""
        return f"voicemail {voicemail.id} is {voicemail.state}{by}"
    return ""


def by_phone(floor: Floor, code_call: CodeCall, action: MessageAction, now: float) -> bool:
    """Do it for the agent who dials; tell whether it was done.

    ``NEXT`` puts the path of the message where `MESSAGE_PATH` says. Only those are played that lie
    at the PBX of his phone.
    """
    agent, attributes = floor.agent_at(code_call.phone), code_call.dialogue.attributes
    if agent is None or agent.presence is Presence.LOGGED_OUT:
        return False
    if action is not MessageAction.NEXT:
        wanted = attributes.pop(MESSAGE_PATH, "").rpartition("/")[2]
        voicemail = floor.voicemails.get(VoicemailId(wanted))
        asked = VoicemailAction(action.value)
        return voicemail is not None and not act(floor, voicemail, asked, agent, now)
    found = next(_playable(floor, agent, code_call.pbx), None)
    if found is None or act(floor, found, VoicemailAction.TAKE, agent, now):
        return False
    attributes[MESSAGE_PATH] = f"{floor.plan.voicemail_path_on_pbx}/{found.id}"
    return True


def _playable(floor: Floor, agent: Agent, pbx: PbxId) -> Iterator[VoicemailMemory]:
    """Yield those that the agent may hear there: the oldest that waits first, then what he has."""
    here = [each for each in floor.voicemails.values() if each.call.rpartition("-")[0] == pbx]
    here.sort(key=lambda each: (each.begun_at, each.id))
    for each in here:
        if each.state == _STATE.WAITING.value and _could(floor, each.queue, agent):
            yield each
    yield from (each for each in here if each.agent == agent.id)


def give_back(floor: Floor, agent: Agent, now: float) -> None:
    """The agent goes: what he has taken and not done waits for others."""
    for voicemail in [each for each in floor.voicemails.values() if each.agent == agent.id]:
        _move(floor, replace(voicemail, agent=None), _SIGNAL.RELEASE, now)


def boxes_of(floor: Floor, agent_id: AgentId) -> frozenset[QueueId]:
    """Return the queues whose voicemails the agent may take, those of queues that are gone too."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        return frozenset()
    return frozenset(queue for queue in floor.lines if _could(floor, queue, agent))


def _could(floor: Floor, queue: QueueId, agent: Agent) -> bool:
    """Tell whether the agent has the skills of the queue, be it after its last relaxation."""
    line = floor.lines.get(queue)
    if line is None or queue not in floor.plan.queues:
        return True
    steps = (line.plan.requirement, *(step.requirement for step in line.plan.relaxations))
    return any(requirement.met_by(agent.skills) for requirement in steps)


def _move(floor: Floor, voicemail: VoicemailMemory, signal: VoicemailSignal, now: float) -> bool:
    """Apply a signal to a voicemail that is otherwise as given; tell whether it changed."""
    state = VOICEMAIL.move(VoicemailState(voicemail.state), signal)
    if state is None:
        return False
    _keep(floor, replace(voicemail, state=state.value, changed_at=now), now)
    return True


def _keep(floor: Floor, voicemail: VoicemailMemory, now: float) -> None:
    if voicemail.state in _ENDS:
        floor.voicemails.pop(voicemail.id, None)
    else:
        floor.voicemails[voicemail.id] = voicemail
    floor.emit(VoicemailKept(now, voicemail))
