"""The picture of one moment, for pages, metrics and the terminal: read, never written."""

from collections import Counter
from collections.abc import Collection, Iterable

from acd.core import incidents
from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.clients import briefing
from acd.core.estimate import Outlook
from acd.core.events import DeviceState
from acd.core.floor import Floor
from acd.core.ids import AgentId, CallId, QueueId
from acd.core.memory import VoicemailMemory
from acd.core.records import (
    AgentState,
    AgentView,
    CallState,
    CallView,
    Census,
    Estimates,
    Presence,
    QueueView,
    Snapshot,
)
from acd.core.voicemail import VoicemailState


def snapshot(floor: Floor, now: float) -> Snapshot:
    """Return queues in the plan's order, calls in order of arrival, agents by id, incidents."""
    return Snapshot(
        now,
        _queues(floor, now, estimates(floor, now, floor.lines)),
        tuple(_call(floor, call) for call in floor.calls.values()),
        tuple(_agent(floor, agent) for _, agent in sorted(floor.agents.items())),
        incidents.views(floor, now),
        _voicemails(floor),
    )


def estimates(floor: Floor, now: float, queues: Iterable[QueueId]) -> Estimates:
    """Return how long who joined each of these queues now would wait; None when nobody can know."""
    outlook = Outlook(floor, now)
    lines = [floor.lines[queue] for queue in queues if queue in floor.lines]
    return {line.id: outlook.next_seconds(line) for line in lines}


def census(floor: Floor, now: float, known: Estimates) -> Census:
    """Return what is counted of the same, at a fraction of its cost: agents in no order.

    Estimates are the dearest part of it, so they are what is ``known``, by queue.
    """
    return Census(
        now,
        _queues(floor, now, known),
        tuple(
            AgentState(
                one.id,
                one.presence,
                one.reason,
                one.activity,
                floor.device_of(one),
                one.since,
                one.queue,
            )
            for one in floor.agents.values()
        ),
        _voicemails(floor),
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
        _queues(floor, now, estimates(floor, now, floor.lines)) if queues else (),
        tuple(_call(floor, call) for call in living),
        tuple(_agent(floor, floor.agents[one]) for one in sorted(whom) if one in floor.agents),
    )


def _voicemails(floor: Floor) -> tuple[VoicemailMemory, ...]:
    return tuple(one for one in floor.voicemails.values() if one.state != VoicemailState.RECORDING)


def _queues(floor: Floor, now: float, known: Estimates) -> tuple[QueueView, ...]:
    # Large centres ask this of a thousand calls and more, so no state is looked up by its name.
    queued, ringing, connected = Counter[QueueId](), Counter[QueueId](), Counter[QueueId]()
    oldest: dict[QueueId, float] = {}
    for call in floor.calls.values():
        queue, since = call.queue, call.queued_at
        if queue is None or since is None:
            continue
        if call.state is CallState.CONNECTED:
            connected[queue] += 1
        elif call.state is CallState.QUEUED or call.state is CallState.RINGING:
            (queued if call.state is CallState.QUEUED else ringing)[queue] += 1
            if since < oldest.get(queue, now):
                oldest[queue] = since
    ready = {one for one, agent in floor.agents.items() if agent.presence is Presence.READY}
    free = set(floor.free)
    views = []
    for queue, line in floor.lines.items():
        counts = queued[queue], ringing[queue], connected[queue]
        if queue not in floor.plan.queues and not any(counts):
            continue
        agents = floor.lane_for(line.plan, line.plan.requirement).agents
        views.append(
            QueueView(
                queue,
                line.plan.label.get(floor.plan.house_language, queue),
                *counts,
                now - oldest.get(queue, now),
                sum(map(ready.__contains__, agents)),
                sum(map(free.__contains__, agents)),
                known.get(queue),
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
