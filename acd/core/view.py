"""The picture of one moment, for pages, metrics and the terminal: read, never written."""

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.events import DeviceState
from acd.core.floor import Floor
from acd.core.records import AgentView, CallState, CallView, Presence, QueueView, Snapshot


def snapshot(floor: Floor, now: float) -> Snapshot:
    """Return queues in the plan's order, calls in order of arrival, agents by id."""
    return Snapshot(
        now,
        _queues(floor, now),
        tuple(_call(call) for call in floor.calls.values()),
        tuple(_agent(floor, agent) for _, agent in sorted(floor.agents.items())),
    )


def _queues(floor: Floor, now: float) -> tuple[QueueView, ...]:
    states: dict[str, dict[CallState, int]] = {queue: {} for queue in floor.lanes}
    oldest: dict[str, float] = {}
    for call in floor.calls.values():
        if call.queue is None or call.queued_at is None:
            continue
        count = states[call.queue]
        count[call.state] = count.get(call.state, 0) + 1
        if call.state in (CallState.QUEUED, CallState.RINGING):
            oldest[call.queue] = min(oldest.get(call.queue, now), call.queued_at)
    ready = dict.fromkeys(floor.lanes, 0)
    free = dict.fromkeys(floor.lanes, 0)
    for agent_id, lanes in floor.lanes_of.items():
        for lane in lanes:
            ready[lane.id] += floor.agents[agent_id].presence is Presence.READY
            free[lane.id] += agent_id in floor.free
    return tuple(
        QueueView(
            queue,
            lane.plan.label.get(floor.house_language, queue),
            states[queue].get(CallState.QUEUED, 0),
            states[queue].get(CallState.RINGING, 0),
            states[queue].get(CallState.CONNECTED, 0),
            now - oldest.get(queue, now),
            ready[queue],
            free[queue],
        )
        for queue, lane in floor.lanes.items()
        if queue in floor.plan.queues or states[queue]
    )


def _call(call: Call) -> CallView:
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
    )


def _agent(floor: Floor, agent: Agent) -> AgentView:
    device: DeviceState = floor.device_of(agent)
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
    )
