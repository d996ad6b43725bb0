"""Why a call is where it is: every decision about it, and who could have been taken instead.

The trail of a call says what was decided and when. For the steps in which agents mattered, each
agent is looked up as he stood just before (``acd.core.history``). His skills and the reserves are
those of today's plan; a change of the configuration meanwhile shows.
"""

from acd.core.floor import Floor
from acd.core.history import FIRST_STEPS_KEPT
from acd.core.ids import AgentId, CallId, QueueId
from acd.core.queueplan import Requirement
from acd.core.records import Candidate, ExplainedStep, Explanation, TrailStep

WITH_AGENTS = frozenset({"queued", "relaxed", "rung", "patience_over", "plan_changed"})
"""The steps in which agents mattered."""

UNKNOWN = "not known any more"


def explain(floor: Floor, call_id: CallId) -> Explanation | None:
    """Return the whole story of a call that lives or ended not long ago, None otherwise."""
    call = floor.calls.get(call_id)
    trail = call.trail if call is not None else floor.history.ended(call_id)
    if trail is None:
        return None
    asked: Requirement | None = None
    queue: QueueId | None = None
    steps = []
    for index, step in enumerate(trail):
        if index == FIRST_STEPS_KEPT and trail.left_out:
            text = f"{trail.left_out} steps before this one are not kept"
            steps.append(ExplainedStep(step.at, "left_out", text, None, (), ()))
        asked, queue = step.asked or asked, step.queue or queue
        steps.append(_explained(floor, step, asked, queue))
    return Explanation(call_id, call is None, tuple(steps))


def _explained(
    floor: Floor, step: TrailStep, asked: Requirement | None, queue: QueueId | None
) -> ExplainedStep:
    candidates: tuple[Candidate, ...] = ()
    words = asked.words() if asked is not None else ()
    if step.what in WITH_AGENTS and asked is not None:
        order: int | None = step.order
        if step.what == "rung" and step.agent is not None:
            order = floor.history.order_of_ring(step.agent, step.at)
        kept = _kept_back(floor, step.at, order, queue)
        candidates = tuple(
            _candidate(floor, agent, step.at, order, asked, kept)
            for agent in sorted(floor.plan.agents)
        )
    return ExplainedStep(step.at, step.what, step.text, step.agent, words, candidates)


def _kept_back(
    floor: Floor, at: float, order: int | None, queue: QueueId | None
) -> dict[AgentId, QueueId]:
    """Return who was free but kept for another queue's calls, and for which."""
    kept: dict[AgentId, QueueId] = {}
    for reserve in floor.reserves if order is not None else ():
        free = [
            agent
            for agent in floor.plan.agents
            if reserve.requirement.met_by(floor.agents[agent].plan.skills_at(at))
            and (state := floor.history.agent_at(agent, order or 0)) is not None
            and not state.why_not
        ]
        if reserve.queue != queue and len(free) <= reserve.count:
            kept |= dict.fromkeys(free, reserve.queue)
    return kept


def _candidate(
    floor: Floor,
    agent_id: AgentId,
    at: float,
    order: int | None,
    asked: Requirement,
    kept: dict[AgentId, QueueId],
) -> Candidate:
    agent = floor.agents[agent_id]
    skills = agent.plan.skills_at(at)
    why_not, until = UNKNOWN, None
    if not asked.met_by(skills):
        lacking = [
            f"{need.skill} {skills.get(need.skill, 0)} < {need.minimum}"
            for need in asked.all_of
            if skills.get(need.skill, 0) < need.minimum
        ]
        why_not = f"skill: {', '.join(lacking) or 'none of the alternatives'}"
    elif agent_id in kept:
        why_not = f"kept for {kept[agent_id]}"
    elif order is not None:
        state = floor.history.agent_at(agent_id, order)
        if state is not None:
            why_not, until = state.why_not, state.until
    return Candidate(agent.id, agent.plan.name, why_not, until)
