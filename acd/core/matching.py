"""Who gets whom: the one global matcher, run on the event that makes a match possible.

There is no tick. When an agent becomes free he gets the call with the earliest due time among all
he can serve; when a call becomes servable it gets the agent its queue's strategy takes first.
Between events nothing matches anything: no call waits while an agent is free who fits and is not
kept back for another queue, so only what has just changed needs to be looked at.

A queue that rings all has several legs for one call. They share one claim, which the PBX gives to
the first who answers; whoever becomes free while they ring is rung as well.
"""

from heapq import heapify, heappop, heappush

from acd.core import recording
from acd.core.agent import ActivitySignal, Agent
from acd.core.call import Call, CallSignal
from acd.core.commands import RingAgent
from acd.core.display import ring_label
from acd.core.floor import Floor
from acd.core.ids import AgentId, OfferId
from acd.core.memory import LegVisit
from acd.core.offer import Offer
from acd.core.queue import CallHeap
from acd.core.queueplan import Strategy
from acd.core.records import AgentRung, CallState, TrailStep

RING_GRACE_SECONDS = 3.0
"""How much later than the PBX we give a ring up ourselves, should its answer be lost."""

RETRY_SECONDS = 0.5
"""When a phone more is due for a caller who cannot be joined just now: when to look again."""


def match_agent(floor: Floor, agent: Agent, now: float) -> None:
    """Give a free agent the call that is due first among those he can serve, if any."""
    if agent.id not in floor.free:
        return
    best = floor.first_call(agent)
    for queue, heap in floor.kept_for.get(agent.id, {}).items():
        call = heap.first(floor.live)
        if (
            call is not None
            and (best is None or (call.due_at, call.sequence) < (best.due_at, best.sequence))
            and floor.may_take(agent.id, queue)
        ):
            best = call
    if best is not None:
        ring(floor, best, agent, now)
        if best.preferred is None:
            ring_the_others(floor, best, now)
    elif floor.open_rings:
        _join_ring(floor, agent, now)


def match_call(floor: Floor, call: Call, now: float) -> None:
    """Give a waiting call the agents whom its queue's strategy takes first, if any is free.

    A call that rings at all gets those besides who may serve it only now.
    """
    if call.id in floor.open_rings:
        _ring_all(floor, call, now)
    if call.state is not CallState.QUEUED or not call.in_room or call.pbx not in floor.live:
        return
    if call.preferred is not None:
        agent = floor.agents[call.preferred]
        if agent.id in floor.free and floor.may_take(agent.id, call.queue):
            ring(floor, call, agent, now)
        return
    found = next_agent(floor, call)
    if found is not None:
        ring(floor, call, found, now)
        ring_the_others(floor, call, now)


def next_agent(floor: Floor, call: Call) -> Agent | None:
    """Return the free agent who is to be rung for the call next, None when nobody is free."""
    assert call.queue is not None
    return floor.choose(floor.lane_of(call), floor.lines[call.queue].plan)


def match_all(floor: Floor, now: float) -> None:
    """Serve those who wait, in their order, as if each had just come: when much has changed."""
    heaps = [lane.calls for lane in floor.lanes.values()]
    heaps += (heap for kept in floor.kept_for.values() for heap in kept.values())
    heads = [_head(floor, heap) for heap in heaps if heap]
    firsts = [head for head in heads if head is not None]
    heapify(firsts)
    while firsts and floor.free:
        _, _, call, heap = heappop(firsts)
        match_call(floor, call, now)
        if call.state is CallState.QUEUED:
            # Nobody for him is nobody for those behind him, who ask for the same.
            continue
        head = _head(floor, heap)
        if head is not None:
            heappush(firsts, head)
    if floor.open_rings:
        match_these(floor, set(floor.free), now)


def _head(floor: Floor, heap: CallHeap) -> "tuple[float, int, Call, CallHeap] | None":
    call = heap.first(floor.live)
    return None if call is None else (call.due_at, call.sequence, call, heap)


def review_and_match(floor: Floor, agent: Agent, now: float) -> None:
    """Recompute whether the agent is free, and if he is, find him a call at once."""
    match_freed(floor, agent, floor.review_agent(agent, now), now)


def match_freed(floor: Floor, agent: Agent, became_free: bool, now: float) -> None:
    """Find the agent a call at once, if he is free.

    Who has just become so may complete a reserve: then those it kept back are free for other
    queues.
    """
    match_agent(floor, agent, now)
    if became_free and agent.id in floor.free:
        for reserve in floor.reserves:
            if agent.id in reserve.free and len(reserve.free) == reserve.count + 1:
                match_these(floor, reserve.free, now)


def match_these(floor: Floor, agents: set[AgentId], now: float) -> None:
    """Find calls for those of these agents who are free, longest idle first."""
    free = (agent for agent in agents if agent in floor.free)
    for agent_id in sorted(free, key=floor.free.idle_order):
        match_agent(floor, floor.agents[agent_id], now)


def ring_one_more(floor: Floor, call: Call, now: float) -> None:
    """Ring progressively: the next agent rings too; those who ring go on."""
    if not _may_ring_more(floor, call) or not call.in_room:
        floor.deadlines.set(("progress", call.id), now + RETRY_SECONDS)
        return
    found = next_agent(floor, call)
    if found is not None:
        ring(floor, call, found, now)
    _set_progress(floor, call, now)


def ring(floor: Floor, call: Call, agent: Agent, now: float) -> None:
    """Offer the call to the agent, alone or besides those whose phones ring for it already."""
    assert call.queue is not None
    assert call.queued_at is not None
    queue = floor.lines[call.queue].plan
    offer_id = OfferId(f"acd-{floor.new_token()}")
    several = queue.strategy in (Strategy.RING_ALL, Strategy.RING_PROGRESSIVELY)
    if not call.offers:
        call.claim = f"acd-{floor.new_token()}" if several else offer_id
        call.moves(CallSignal.OFFER, now)
        call.agent = agent.id
    alone = call.claim == offer_id
    offer = Offer(
        offer_id, call.id, agent.id, queue.id, agent.phone, call.ani, now, claim=call.claim
    )
    agent.activity_moves(ActivitySignal.OFFER, now)
    call.offers.append(offer_id)
    file = recording.file_for(floor, call, queue.id)
    call.legs[offer_id] = LegVisit(offer_id, agent.id, queue.id, agent.phone, now, recording=file)
    floor.keep(call)
    agent.offer = offer_id
    agent.call, agent.queue = call.id, queue.id
    agent.offered_in[queue.id] = floor.next_sequence()
    floor.offers[offer_id] = offer
    free_agents = len(floor.free)
    floor.review_agent(agent, now)
    floor.deadlines.set(("ring", offer_id), now + queue.ring_timeout_seconds + RING_GRACE_SECONDS)
    waited = int(now - call.queued_at)
    label = ring_label(floor.plan, floor.option_labels, queue, call, waited)
    floor.emit(
        RingAgent(
            offer_id,
            call.id,
            call.claim,
            alone,
            call.pbx,
            agent.id,
            agent.phone,
            label,
            call.ani,
            queue.ring_timeout_seconds,
            f"{floor.plan.recordings_path_on_pbx}/{file}" if file else "",
        ),
        AgentRung(now, offer_id, call.id, queue.id, agent.id),
    )
    why = "preferred agent" if call.preferred == agent.id else queue.strategy.value
    call.trail.append(TrailStep(now, "rung", f"{why}, of {free_agents} free agents", agent.id))
    floor.report_agent(agent, now)


def ring_the_others(floor: Floor, call: Call, now: float) -> None:
    """Let those besides him ring whom the queue's strategy wants to, now or later."""
    assert call.queue is not None
    queue = floor.lines[call.queue].plan
    if queue.strategy is Strategy.RING_PROGRESSIVELY:
        _set_progress(floor, call, now)
    elif queue.strategy is Strategy.RING_ALL:
        floor.open_rings[call.id] = call
        _ring_all(floor, call, now)


def _ring_all(floor: Floor, call: Call, now: float) -> None:
    while _may_ring_more(floor, call) and (found := next_agent(floor, call)) is not None:
        ring(floor, call, found, now)


def _may_ring_more(floor: Floor, call: Call) -> bool:
    """Tell whether one more phone may ring for a call for which some ring already.

    Not once somebody has answered: he is being joined with the caller. Not once all rings were
    taken back either: the claim is void at the PBX, and nobody may revive it.
    """
    if call.state is not CallState.RINGING or call.pbx not in floor.live:
        return False
    rings = [floor.offers[offer] for offer in call.offers if not floor.offers[offer].cancelled]
    return bool(rings) and not any(ring.answered for ring in rings)


def _set_progress(floor: Floor, call: Call, now: float) -> None:
    assert call.queue is not None
    seconds = floor.lines[call.queue].plan.progress_seconds
    floor.deadlines.set(("progress", call.id), now + seconds)


def _join_ring(floor: Floor, agent: Agent, now: float) -> None:
    """Nobody waits for this agent: let his phone ring along with the others'."""
    fitting = [
        call
        for call in floor.open_rings.values()
        if _may_ring_more(floor, call)
        and floor.requirement_of(call).met_by(agent.skills)
        and floor.may_take(agent.id, call.queue)
    ]
    if fitting:
        ring(floor, min(fitting, key=lambda call: (call.due_at, call.sequence)), agent, now)
