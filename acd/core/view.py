"""The picture of one moment, for pages, metrics and the terminal: read, never written."""

from collections.abc import Collection

from acd.core import incidents
from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.clients import briefing
from acd.core.estimate import estimate_for_next_seconds
from acd.core.events import DeviceState
from acd.core.floor import Floor
from acd.core.ids import AgentId, CallId, QueueId
from acd.core.records import AgentView, CallState, CallView, Presence, QueueView, Snapshot
from acd.core.voicemail import VoicemailState


def snapshot(floor: Floor, now: float) -> Snapshot:
    """Return queues in the plan's order, calls in order of arrival, agents by id, incidents."""
    return Snapshot(
        now,
        _queues(floor, now),
        tuple(_call(floor, call) for call in floor.calls.values()),
        tuple(_agent(floor, agent) for _, agent in sorted(floor.agents.items())),
        incidents.views(floor, now),
        tuple(one for one in floor.voicemails.values() if one.state != VoicemailState.RECORDING),
    )


def part(
    floor: Floor,
    now: float,
    calls: Collection[CallId],
    agents: Collection[AgentId],
    *,
    queues: bool,
) -> Snapshot:
    """Return those of these calls that live and of these agents that there are, and the agents of
    these calls; with ``queues`` every queue. It costs what it holds."""
    living = [floor.calls[one] for one in calls if one in floor.calls]
    whom = {*agents, *(call.agent for call in living if call.agent is not None)}
    return Snapshot(
        now,
        _queues(floor, now) if queues else (),
        tuple(_call(floor, call) for call in living),
        tuple(_agent(floor, floor.agents[one]) for one in sorted(whom) if one in floor.agents),
    )


def _queues(floor: Floor, now: float) -> tuple[QueueView, ...]:
    states: dict[QueueId, dict[CallState, int]] = {queue: {} for queue in floor.lines}
    oldest: dict[QueueId, float] = {}
    for call in floor.calls.values():
        if call.queue is None or call.queued_at is None:
            continue
        count = states[call.queue]
        count[call.state] = count.get(call.state, 0) + 1
        if call.state in (CallState.QUEUED, CallState.RINGING):
            oldest[call.queue] = min(oldest.get(call.queue, now), call.queued_at)
    ready = {one for one, agent in floor.agents.items() if agent.presence is Presence.READY}
    free = set(floor.free)
    views = []
    for queue, line in floor.lines.items():
        if queue not in floor.plan.queues and not states[queue]:
            continue
        agents = floor.lane_for(line.plan, line.plan.requirement).agents
        views.append(
            QueueView(
                queue,
                line.plan.label.get(floor.plan.house_language, queue),
                states[queue].get(CallState.QUEUED, 0),
                states[queue].get(CallState.RINGING, 0),
                states[queue].get(CallState.CONNECTED, 0),
                now - oldest.get(queue, now),
                len(ready.intersection(agents)),
                len(free.intersection(agents)),
                estimate_for_next_seconds(floor, line, now),
            )
        )
    return tuple(views)


def _call(floor: Floor, call: Call) -> CallView:
    waits = call.state in (CallState.QUEUED, CallState.RINGING)
    line = floor.lines[call.queue] if waits and call.queue is not None else None
    return CallView(
        call.id,
        call.pbx,
        call.state,
        call.since,
        call.arrived_at,
        call.ani,
        call.dnis,
        call.language,
        call.option,
        call.queue,
        call.queued_at,
        call.due_at if call.queue is not None else None,
        call.agent,
        line.position(call) if line is not None else None,
        briefing(floor.plan, call),
        dict(call.attributes),
    )


def _agent(floor: Floor, agent: Agent) -> AgentView:
    device: DeviceState = floor.device_of(agent)
    call = floor.calls.get(agent.call) if agent.call is not None else None
    return AgentView(
        agent.id,
        agent.plan.name,
        agent.phone,
        agent.presence,
        agent.reason,
        agent.activity,
        device,
        agent.since,
        agent.call,
        agent.queue,
        agent.wrap_up_ends_at,
        briefing(floor.plan, call) if call is not None else None,
        dict(call.attributes) if call is not None else {},
    )
