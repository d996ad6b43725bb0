"""What the floor wants kept, and what a new engine makes of it.

Whoever changes an agent or a call marks him (``Floor.keep``, ``Floor.report_agent``); at the end of
the step each who is marked is told once, whole. A new engine is told everything again before its
first PBX is read. Agents are as they were, a wrap-up with its old deadline. Calls are only
remembered: the PBX says which of them still are and where they stand, and each that is found gets
back his way and his answers. Those that are not found when their PBX has been read have ended
unseen, and get the final record they lack.
"""

from typing import Final

import msgspec

from acd.core import incidents, voicemail
from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.clients import identify
from acd.core.ending import end_call
from acd.core.events import RingOutcome
from acd.core.floor import Floor
from acd.core.ids import CallId, OfferId, PbxId
from acd.core.memory import (
    AgentMemory,
    CallMemory,
    LegVisit,
    Memory,
    WrapUpMemory,
    moved,
    newest,
)
from acd.core.offers import work_unseen
from acd.core.records import (
    Activity,
    AgentKept,
    CallKept,
    CallState,
    Noticed,
    Outcome,
    Presence,
    Repaired,
    TalkEnded,
    VoicemailKept,
    WrapUpEnd,
    WrapUpEnded,
)
from acd.core.waiting import place_of

COMES_SECONDS: Final = 12.0
"""How long a caller may take from one place in the menu to its start. The event that tells it may
be lost, and the PBX is read every ten seconds."""


def keep_changed(floor: Floor, now: float) -> None:
    """Tell what has to be kept of those who were marked since the last time."""
    for call in floor.changed_calls.values():
        if call.id not in floor.calls:
            continue
        told = memory_of_call(call)
        if told != call.kept:
            call.kept = told
            floor.emit(CallKept(now, told))
    floor.changed_calls.clear()
    for agent in floor.changed_agents.values():
        memory = memory_of_agent(agent)
        if memory != floor.kept_of_agents.get(agent.id):
            floor.kept_of_agents[agent.id] = memory
            floor.emit(AgentKept(now, memory))
    floor.changed_agents.clear()


def memory_of_call(call: Call) -> CallMemory:
    """Return what must outlive the engine of a living call."""
    asked = call.dialogue if call.state is CallState.IN_MENU else None
    menu, node = asked.place if asked is not None else (None, None)
    attributes = {**call.attributes, **asked.attributes} if asked is not None else call.attributes
    return CallMemory(
        call.id,
        call.pbx,
        call.ani,
        call.dnis,
        call.arrived_at,
        call.language,
        call.option,
        tuple(attributes.items()),
        menu,
        node,
        tuple(call.menu_path),
        call.queue,
        call.queued_at,
        call.answered_at,
        tuple(call.queue_path),
        tuple(call.legs.values()),
        place_of(call) if call.state in (CallState.QUEUED, CallState.RINGING) else None,
        tuple(sorted(call.heard)),
        call.client,
    )


def memory_of_agent(agent: Agent) -> AgentMemory:
    """Return what must outlive the engine of an agent."""
    wrap_up = None
    if agent.wrap_up_ends_at is not None and agent.queue is not None and agent.call is not None:
        wrap_up = WrapUpMemory(
            agent.queue, agent.call, agent.wrap_up_started_at, agent.wrap_up_ends_at
        )
    return AgentMemory(
        agent.id,
        agent.presence.value,
        agent.reason,
        agent.phone,
        agent.presence_since,
        agent.logged_in_at,
        agent.idle_since,
        wrap_up,
        agent.calls_taken,
        agent.talk_seconds,
        agent.calls_in_row,
    )


# -- a new engine ------------------------------------------------------------------------------


def restore(floor: Floor, memory: Memory, now: float) -> None:
    """Make the agents what they were and remember the calls, before any PBX is live.

    If the clock was set back, what was lies in the future: then all of it is moved by as much as
    its last moment is too late, and told anew. So nobody who comes now is before those who wait.
    """
    floor.set_back_seconds = max(0.0, newest(memory) - now)
    if floor.set_back_seconds > 0:
        memory = moved(memory, floor.set_back_seconds)
        floor.emit(*(AgentKept(now, agent) for agent in memory.agents))
        floor.emit(*(CallKept(now, call) for call in memory.calls))
        floor.emit(*(VoicemailKept(now, one) for one in memory.voicemails))
    for kept in memory.agents:
        agent = floor.agents.get(kept.agent)
        if agent is not None:
            _restore_agent(floor, agent, kept, now)
    floor.remembered = {call.call: call for call in memory.calls}
    incidents.restore(floor, memory.incidents, now)
    voicemail.restore(floor, memory.voicemails, now)


def _restore_agent(floor: Floor, agent: Agent, kept: AgentMemory, now: float) -> None:
    floor.kept_of_agents[agent.id] = kept
    agent.presence, agent.reason = Presence(kept.presence), kept.reason
    agent.since = agent.presence_since = kept.since
    agent.logged_in_at, agent.idle_since = kept.logged_in_at, kept.idle_since
    agent.calls_taken, agent.talk_seconds = kept.calls_taken, kept.talk_seconds
    agent.calls_in_row = kept.calls_in_row
    if agent.presence is not Presence.LOGGED_OUT:
        other = floor.at_phone.setdefault(kept.phone, agent.id)
        if other != agent.id:
            text = f"{agent.id} and {other} were both logged in at {kept.phone}; {agent.id} is out"
            floor.emit(Noticed(now, "phone_taken", text))
            agent.presence = Presence.LOGGED_OUT
        else:
            agent.phone = kept.phone
            floor.watch_shift(agent, now)
    if kept.wrap_up is not None:
        _restore_wrap_up(floor, agent, kept.wrap_up, now)
    if agent.presence is not Presence.LOGGED_OUT:
        floor.report_agent(agent, now, "presence")
    floor.review_agent(agent, now)


def _restore_wrap_up(floor: Floor, agent: Agent, kept: WrapUpMemory, now: float) -> None:
    if kept.ends_at <= now or kept.queue not in floor.lines:
        ended_at = min(now, kept.ends_at)
        agent.idle_since = ended_at
        seconds = ended_at - kept.started_at
        floor.emit(WrapUpEnded(now, agent.id, kept.queue, WrapUpEnd.CAP, seconds, kept.call))
        return
    # A clock that was set back meanwhile keeps nobody longer than his whole wrap-up.
    started_at = min(kept.started_at, now)
    ends_at = min(kept.ends_at, now + (kept.ends_at - kept.started_at))
    agent.activity, agent.since = Activity.WRAP_UP, started_at
    agent.call, agent.queue = kept.call, kept.queue
    agent.wrap_up_started_at, agent.wrap_up_ends_at = started_at, ends_at
    floor.deadlines.set(("wrap_up", agent.id), ends_at)


def recall(floor: Floor, call: Call, now: float) -> CallMemory | None:
    """Give a call that was found what is remembered of it; None when nothing is.

    For whom it is the number tells only then: the plan may be another since it came.
    """
    kept = floor.remembered.pop(call.id, None)
    if kept is None:
        identify(floor.plan, call)
        return None
    floor.deadlines.clear(("comes", call.id))
    call.client = kept.client
    call.arrived_at, call.answered_at = kept.arrived_at, kept.answered_at
    call.option = call.option or kept.option
    call.attributes = dict(kept.attributes)
    call.menu_path = list(kept.menu_path)
    call.queue_path = list(kept.queue_path)
    call.legs = {leg.offer: leg for leg in kept.legs}
    call.heard = frozenset(kept.heard)
    for leg in kept.legs:
        if leg.connected_at is not None and leg.ended_at is not None:
            call.talk_ended_at = leg.ended_at
    voicemail.recall(floor, call, now)
    return kept


def found_in_menu(floor: Floor, call: CallId, now: float) -> None:
    """A caller we remember is on his way to the start of the menu: wait for him there."""
    if call in floor.remembered:
        floor.deadlines.set(("comes", call), now + COMES_SECONDS)


def did_not_come(floor: Floor, call: CallId, now: float) -> None:
    """He hung up on his way, and his PBX does not tell it of one we did not know."""
    kept = floor.remembered.get(call)
    if kept is not None:
        end_remembered(floor, kept, None, now)


def end_unseen(floor: Floor, pbx: PbxId, now: float) -> None:
    """The PBX has been read: what was remembered of it and not found has ended meanwhile."""
    gone = [
        kept
        for kept in floor.remembered.values()
        if kept.pbx == pbx and ("comes", kept.call) not in floor.deadlines
    ]
    for kept in gone:
        floor.emit(Repaired(now, "call_ended_unseen", kept.call))
        end_remembered(floor, kept, None, now)


def end_remembered(floor: Floor, kept: CallMemory, outcome: Outcome | None, now: float) -> None:
    """Write the final record of a call of which nothing is left but what was kept."""
    call = Call(kept.call, kept.pbx, kept.ani, kept.dnis, kept.arrived_at)
    recall(floor, call, now)
    call.language, call.queued_at = kept.language, kept.queued_at
    call.queue = kept.queue if kept.queue in floor.lines else None
    talked = [leg for leg in kept.legs if leg.connected_at is not None]
    call.agent = talked[-1].agent if talked else None
    ringing = [leg for leg in kept.legs if leg.connected_at is None and leg.ended_at is None]
    if ringing and not talked and outcome is None:
        outcome = Outcome.UNSEEN
        _may_have_worked(floor, ringing, kept.call, now)
    for leg in talked:
        if leg.ended_at is None:
            talk_ended_unseen(floor, call, leg, now)
    floor.calls[call.id] = call
    end_call(floor, call, outcome, now)


def ring_found(floor: Floor, call: CallId, offer: OfferId, now: float) -> None:
    """A phone still rings for a caller we remember, who is gone: so by this leg he never talked."""
    kept = floor.remembered.get(call)
    if kept is not None:
        cancelled = RingOutcome.CANCELLED.value
        legs = tuple(
            msgspec.structs.replace(leg, ended_at=now, how=cancelled) if leg.offer == offer else leg
            for leg in kept.legs
        )
        floor.remembered[call] = msgspec.structs.replace(kept, legs=legs)


def _may_have_worked(floor: Floor, ringing: list[LegVisit], call: CallId, now: float) -> None:
    """Give the one whose phone rang his wrap-up; of several, nobody knows who it was."""
    [leg, *others] = ringing
    agent = floor.agents.get(leg.agent)
    if agent is not None and not others:
        work_unseen(floor, agent, leg.queue, call, now)
        floor.report_agent(agent, now)
        floor.review_agent(agent, now)


def talk_ended_unseen(floor: Floor, call: Call, leg: LegVisit, now: float) -> None:
    """A talk of a former engine is over: when it ended nobody knows, so it ends now.

    Its agent has his wrap-up, unless he has been found to do something else meanwhile.
    """
    assert leg.connected_at is not None
    call.talk_ended_at = now
    call.leg_changes(leg.offer, ended_at=now, how="talked")
    agent, line = floor.agents.get(leg.agent), floor.lines.get(leg.queue)
    if agent is None or line is None or agent.activity is not Activity.IDLE:
        return
    seconds = now - leg.connected_at
    agent.talk_seconds += seconds
    floor.emit(TalkEnded(now, call.id, leg.queue, agent.id, seconds, leg.hold_seconds))
    work_unseen(floor, agent, leg.queue, call.id, now)
    floor.report_agent(agent, now)
    floor.review_agent(agent, now)
