"""Who gets whom: the one global matcher, run on the event that makes a match possible.

There is no tick. When an agent becomes free he gets the call with the earliest due time among all
lanes he can serve; when a call becomes servable it gets the free agent who has been idle longest.
Between events nothing matches anything: no call waits while a fitting agent is free, so only the
one who has just changed needs to be looked at.
"""

from acd.core.agent import ActivitySignal, Agent
from acd.core.call import Call, CallSignal
from acd.core.commands import RingAgent
from acd.core.floor import Floor, Offer
from acd.core.ids import OfferId
from acd.core.records import AgentRung, CallState

RING_GRACE_SECONDS = 3.0
"""How much later than the PBX we give a ring up ourselves, should its answer be lost."""


def match_agent(floor: Floor, agent: Agent, now: float) -> None:
    """Give a free agent the call that is due first among those he can serve, if any."""
    if agent.id not in floor.free:
        return
    best: Call | None = None
    for lane in floor.lanes_of[agent.id]:
        call = lane.first_call(floor.live)
        if call is not None and (
            best is None or (call.due_at, call.sequence) < (best.due_at, best.sequence)
        ):
            best = call
    if best is not None:
        ring(floor, best, agent, now)


def match_call(floor: Floor, call: Call, now: float) -> None:
    """Give a waiting call the fitting agent who has been idle longest, if any is free."""
    if call.state is not CallState.QUEUED or not call.in_room or call.pbx not in floor.live:
        return
    assert call.queue is not None
    found = floor.lanes[call.queue].longest_idle(floor.free)
    if found is not None:
        ring(floor, call, floor.agents[found], now)


def match_all(floor: Floor, now: float) -> None:
    """Look at every free agent, longest idle first: for when much has changed at once."""
    for agent_id, _ in sorted(floor.free.items(), key=lambda item: item[1]):
        match_agent(floor, floor.agents[agent_id], now)


def review_and_match(floor: Floor, agent: Agent, now: float) -> None:
    """Recompute whether the agent is free, and if he is, find him a call at once."""
    floor.review_agent(agent, now)
    match_agent(floor, agent, now)


def ring(floor: Floor, call: Call, agent: Agent, now: float) -> None:
    """Offer the call to the agent: from here on nobody else is rung for it, nor he for another."""
    assert call.queue is not None
    assert call.queued_at is not None
    queue = floor.lanes[call.queue].plan
    offer = Offer(
        OfferId(f"acd-{floor.new_token()}"), call.id, agent.id, queue.id, agent.phone, now
    )
    call.moves(CallSignal.OFFER, now)
    agent.activity_moves(ActivitySignal.OFFER, now)
    call.offer = agent.offer = offer.id
    call.agent = agent.id
    agent.call, agent.queue = call.id, queue.id
    floor.offers[offer.id] = offer
    floor.review_agent(agent, now)
    floor.deadlines.set(("ring", offer.id), now + queue.ring_timeout_seconds + RING_GRACE_SECONDS)
    waited = int(now - call.queued_at)
    label = floor.label_of(queue, call.option)
    floor.emit(
        RingAgent(
            offer.id,
            call.id,
            offer.id,
            True,
            call.pbx,
            agent.id,
            agent.phone,
            f"{call.option} {label} {waited // 60}:{waited % 60:02d}".strip(),
            call.ani,
            queue.ring_timeout_seconds,
        ),
        AgentRung(now, offer.id, call.id, queue.id, agent.id),
    )
    floor.report_agent(agent, now)
