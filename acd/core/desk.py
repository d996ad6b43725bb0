"""What agents do about themselves: log in and out, ready, not ready, end of wrap-up.

The same rules hold whether they were said by telephone or over HTTP. Each move answers with a
refusal in words, or with nothing when it was done.
"""

from hmac import compare_digest
from typing import Final

from acd.core.agent import Agent, PresenceSignal
from acd.core.floor import Floor
from acd.core.ids import DeviceId
from acd.core.matching import review_and_match
from acd.core.offers import end_wrap_up, take_back
from acd.core.plan import AgentAction
from acd.core.records import Activity, Presence, ShiftEnding, WrapUpEnd
from acd.core.voicemail import give_back

SHIFT_OVER: Final = "shift_over"
"""The not-ready reason of an agent whose shift is over while he has a call."""


def act(
    floor: Floor,
    agent: Agent,
    action: AgentAction,
    reason: str,
    now: float,
    phone: DeviceId | None = None,
) -> str:
    """Do what the agent asked; return the refusal in words, "" when it was done.

    ``phone`` binds that phone to him, with LOG_IN only. Nothing changes when it is refused.
    """
    if agent.id not in floor.plan.agents:
        return f"agent {agent.id} is no longer in agents.yaml"
    match action:
        case AgentAction.LOG_IN:
            return _log_in(floor, agent, phone, now)
        case AgentAction.LOG_OUT:
            if agent.presence is Presence.LOGGED_OUT:
                return "not logged in"
            floor.at_phone.pop(agent.phone, None)
            agent.phone = agent.plan.phone
            _says(floor, agent, PresenceSignal.LOG_OUT, "", now)
            take_back(floor, agent, now)
            end_wrap_up(floor, agent, WrapUpEnd.LOGGED_OUT, now)
            give_back(floor, agent, now)
        case AgentAction.READY:
            if agent.presence is Presence.LOGGED_OUT:
                return "not logged in"
            _says(floor, agent, PresenceSignal.READY, "", now)
        case AgentAction.NOT_READY:
            if agent.presence is Presence.LOGGED_OUT:
                return "not logged in"
            known = floor.plan.not_ready_reasons
            if reason not in known:
                return f"unknown reason {reason!r}; allowed: {', '.join(known)}"
            _says(floor, agent, PresenceSignal.NOT_READY, reason, now)
            take_back(floor, agent, now)
        case AgentAction.END_WRAP_UP:
            if not end_wrap_up(floor, agent, WrapUpEnd.EARLY, now):
                return "not in wrap-up"
    return ""


def pin_is_right(agent: Agent, pin: str) -> bool:
    """Compare a PIN in constant time; an agent without a PIN cannot log in elsewhere."""
    return bool(agent.plan.pin) and compare_digest(agent.plan.pin.encode(), pin.encode())


def _says(floor: Floor, agent: Agent, signal: PresenceSignal, reason: str, now: float) -> None:
    if agent.presence_moves(signal, reason, now):
        floor.report_agent(agent, now, "presence")
    review_and_match(floor, agent, now)


def shift_due(floor: Floor, agent: Agent, now: float) -> None:
    """The agent's shift ends, now or soon: say so, and log him out if the plan wants it.

    When it begins there is nothing to say, only its end to wait for.
    """
    shift = agent.plan.shift
    calendar = floor.plan.hours.get(shift.hours) if shift is not None else None
    if shift is None or calendar is None or agent.presence is Presence.LOGGED_OUT:
        return
    if calendar.is_open(now):
        ends_at = calendar.next_change(now)
        if ends_at is not None and ends_at - shift.warn_seconds <= now:
            floor.emit(ShiftEnding(now, agent.id, ends_at, False))
        floor.watch_shift(agent, now)
        return
    floor.emit(ShiftEnding(now, agent.id, now, True))
    if not shift.log_out:
        floor.watch_shift(agent, now)
        return
    if agent.activity is Activity.IDLE:
        act(floor, agent, AgentAction.LOG_OUT, "", now)
    else:
        # He finishes his call and its wrap-up, gets no other, and is then logged out.
        _says(floor, agent, PresenceSignal.NOT_READY, SHIFT_OVER, now)
        agent.leaves = True


def _log_in(floor: Floor, agent: Agent, phone: DeviceId | None, now: float) -> str:
    phone = phone or agent.phone
    if phone != agent.phone and agent.activity in (Activity.RINGING, Activity.TALKING):
        return f"busy with a call at {agent.phone}; log in elsewhere when it is over"
    other = floor.at_phone.get(phone, agent.id)
    if other != agent.id:
        return f"{phone} is in use by agent {other}, who has to log out first"
    if floor.at_phone.get(agent.phone) == agent.id:
        del floor.at_phone[agent.phone]
    floor.at_phone[phone] = agent.id
    moved, agent.phone = phone != agent.phone, phone
    if agent.presence_moves(PresenceSignal.LOG_IN, "", now) or moved:
        floor.report_agent(agent, now, "presence")
    review_and_match(floor, agent, now)
    return ""
