"""Whether anybody can do what queues and menus ask for, and whether each relaxation can come.

Rules: an agent counts when he fits at some time, past or to come, so that the same files are right
on every day; that nobody fits today is a warning. Groups that are not enabled give nothing. What is
told here is certain: nobody is warned of what may be so.
This module must not know how needs and skills are written.
"""

from collections.abc import Mapping, Sequence
from math import inf

from acd.config.source import Key, Source
from acd.core.ids import QueueId, SkillId
from acd.core.plan import AgentPlan
from acd.core.queueplan import ExitCondition, Need, QueuePlan, Requirement

Asked = tuple[Source, tuple[Key, ...], QueueId, tuple[Need, ...]]
"""Needs that a menu adds to those of a queue, and where it says so."""


_TODAY = "look at the dates of skills in agents.yaml and groups.yaml"


class Staff:
    """All agents, with what each can do at any time, or at some time between two moments."""

    def __init__(self, agents: Sequence[AgentPlan], begin: float = -inf, end: float = inf) -> None:
        self._skills = {agent.id: _between(agent, begin, end) for agent in agents}

    def anybody(self, needed: Requirement) -> bool:
        """Say whether at least one agent fits at some time."""
        return any(map(needed.met_by, self._each()))

    def count(self, needed: Requirement) -> int:
        """Return how many agents fit at some time."""
        return sum(any(map(needed.met_by, ever)) for ever in self._skills.values())

    def best(self, needed: Requirement) -> str:
        """Say for each skill asked for who has the highest grade in it."""
        skills = dict.fromkeys(need.skill for need in (*needed.all_of, *needed.any_of))
        return f"agents.yaml has {', '.join(self._best(skill) for skill in skills)}"

    def _best(self, skill: SkillId) -> str:
        grade, agent = 0, ""
        for name, ever in self._skills.items():
            for skills in ever:
                if skills.get(skill, 0) > grade:
                    grade, agent = skills[skill], name
        return f'nobody with "{skill}"' if grade == 0 else f'"{skill}" {grade} at most ({agent})'

    def _each(self) -> "list[Mapping[SkillId, int]]":
        return [skills for ever in self._skills.values() for skills in ever]


def _between(agent: AgentPlan, begin: float, end: float) -> list[Mapping[SkillId, int]]:
    """Return what the agent can do at each time at which it is something else."""
    moment: float | None = begin
    found = []
    while moment is not None and moment < end:
        found.append(agent.skills_at(moment))
        moment = agent.next_skill_change(moment)
    return found


def said(needed: Requirement) -> str:
    """Return needs in words: ``fault 3, meter 1 and one of a 1, b 2``."""
    all_of = ", ".join(f"{need.skill} {need.minimum}" for need in needed.all_of)
    any_of = ", ".join(f"{need.skill} {need.minimum}" for need in needed.any_of)
    return f"{all_of}{' and ' if all_of and any_of else ''}{'one of ' if any_of else ''}{any_of}"


def check_queue(source: Source, queue: QueuePlan, staff: Staff, today: Staff) -> None:
    """Blame what nobody can serve: the queue, one of its relaxations, what it reserves.

    Warn when nobody of ``today`` can serve the queue.
    """
    needed = queue.requirement
    steps = [step.requirement for step in queue.relaxations]
    path = (queue.id, "needs" if needed.all_of else "any_of")
    what = f'no agent can serve the queue "{queue.id}", which needs {said(needed)}'
    what += ", even after its last relaxation" if steps else ""
    if not any(staff.anybody(each) for each in (needed, *steps)):
        source.blame(path, what, staff.best(needed), key=True)
    elif not any(today.anybody(each) for each in (needed, *steps)):
        source.warn(path, f"today {what}", _TODAY, key=True)
    for at, step in enumerate(steps):
        if not staff.anybody(step):
            what = f"no agent satisfies this relaxation, which asks for {said(step)}"
            source.blame((queue.id, "relax", at), what, staff.best(step))
    group = staff.count(needed) if queue.reserved_agents else 0
    if queue.reserved_agents > group:
        agents = "agent" if group == 1 else "agents"
        what = f"{queue.reserved_agents} cannot be reserved: {group} {agents} can serve the queue"
        source.blame((queue.id, "reserved_agents"), what, f"at most {group}")


def check_asked(
    asked: Sequence[Asked], queues: Mapping[QueueId, QueuePlan], staff: Staff, today: Staff
) -> None:
    """Blame the needs of menus that, with those of the queue, nobody satisfies at any step.

    Warn when nobody of ``today`` does, but for what is told of the queue itself.
    """
    for source, path, name, needs in asked:
        queue = queues.get(name)
        if queue is None:
            continue
        first = queue.requirement.also(needs)
        steps = [
            step.requirement.also(needs) if step.keeps_extra_needs else step.requirement
            for step in queue.relaxations
        ]
        what = f'no agent can serve the queue "{name}" with these needs: {said(first)}'
        if not any(staff.anybody(each) for each in (first, *steps)):
            source.blame(path, what, staff.best(first), key=True)
        elif today.anybody(queue.requirement) and not any(map(today.anybody, (first, *steps))):
            source.warn(path, f"today {what}", _TODAY, key=True)


def check_relaxations(source: Source, queue: QueuePlan) -> None:
    """Blame each relaxation that never comes, or that changes nothing when it does."""
    before = 0.0
    held = {(queue.requirement, True)}
    waits = [each.limit for each in queue.exits if each.condition is ExitCondition.MAX_WAIT]
    limit = min(waits, default=inf)
    for at, step in enumerate(queue.relaxations):
        path: tuple[Key, ...] = (queue.id, "relax", at)
        if step.after_seconds <= before:
            what = f'"after_seconds" is not later than the step before, at {before:g}'
            source.blame((*path, "after_seconds"), what, f"more than {before:g}")
        elif step.after_seconds >= limit:
            what = f"this relaxation never comes: after {limit:g} seconds the caller has left"
            source.blame((*path, "after_seconds"), what, f"less than {limit:g}")
        now_held = (step.requirement, step.keeps_extra_needs)
        if held == {now_held}:
            allowed = 'write other "needs" or "any_of", or keep_extra_needs: false'
            source.blame(path, "this relaxation changes nothing", allowed)
        # A step that hangs on the estimate may not have come.
        held = {*held, now_held} if step.estimate_over_seconds is not None else {now_held}
        before = step.after_seconds
