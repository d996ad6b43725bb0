"""Why a call is where it is: every decision about it, and who could have been taken instead.

The trail of a call says what was decided and when. For the steps in which agents mattered, each
agent is looked up as he stood just before (``acd.core.history``). His skills are those of today's
plan; a change of the configuration meanwhile shows.
"""

from acd.core.floor import Floor
from acd.core.ids import CallId
from acd.core.queueplan import Requirement
from acd.core.records import Candidate, ExplainedStep, Explanation, TrailStep

WITH_AGENTS = frozenset({"queued", "relaxed", "rung", "patience_over"})
"""The steps in which agents mattered."""


def explain(floor: Floor, call_id: CallId) -> Explanation | None:
    """Return the whole story of a call that lives or ended not long ago, None otherwise."""
    call = floor.calls.get(call_id)
    trail = call.trail if call is not None else floor.history.ended(call_id)
    if trail is None:
        return None
    asked: Requirement | None = None
    steps = []
    for step in trail:
        asked = step.asked or asked
        steps.append(_explained(floor, step, asked))
    return Explanation(call_id, call is None, tuple(steps))


def words_of(requirement: Requirement | None) -> tuple[str, ...]:
    """Return what is asked for in words, one for each need."""
    if requirement is None:
        return ()
    words = [f"{need.skill} >= {need.minimum}" for need in requirement.all_of]
    if requirement.any_of:
        words.append(" or ".join(f"{need.skill} >= {need.minimum}" for need in requirement.any_of))
    return tuple(words)


def _explained(floor: Floor, step: TrailStep, asked: Requirement | None) -> ExplainedStep:
    candidates: tuple[Candidate, ...] = ()
    if step.what in WITH_AGENTS and asked is not None:
        candidates = tuple(
            _candidate(floor, agent, step.at, asked) for agent in sorted(floor.plan.agents)
        )
    return ExplainedStep(step.at, step.what, step.text, step.agent, words_of(asked), candidates)


def _candidate(floor: Floor, agent_id: str, at: float, asked: Requirement) -> Candidate:
    agent = floor.agents[agent_id]  # type: ignore[index]
    skills = agent.plan.skills_at(at)
    if not asked.met_by(skills):
        lacking = [
            f"{need.skill} {skills.get(need.skill, 0)} < {need.minimum}"
            for need in asked.all_of
            if skills.get(need.skill, 0) < need.minimum
        ]
        why = f"skill: {', '.join(lacking) or 'none of the alternatives'}"
        return Candidate(agent.id, agent.plan.name, why, None)
    state = floor.history.agent_at(agent.id, at)
    if state is None:
        return Candidate(agent.id, agent.plan.name, "not known any more", None)
    return Candidate(agent.id, agent.plan.name, state.why_not, state.until)
