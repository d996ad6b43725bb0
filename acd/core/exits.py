"""When a caller leaves a queue, or may not join it: which of the queue's rules holds now.

Rules are looked at in the order in which operators wrote them; the first that holds is followed.
What hangs on one call (its time, its key) has a deadline of that call. What hangs on the queue
(nobody logged in, closing time, too many waiting) is looked at when an agent's presence changes,
when a calendar opens or closes, and every ``REVIEW_SECONDS`` for what drifts with time.

It decides nothing else and moves nobody: ``acd.core.waiting`` does.
"""

from collections.abc import Iterator
from typing import Final

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.estimate import estimate_for_next_seconds, estimate_seconds
from acd.core.floor import Floor
from acd.core.queue import Line
from acd.core.queueplan import OF_THE_QUEUE, Exit, ExitCondition
from acd.core.records import CallState, Outcome, Presence

REVIEW_SECONDS: Final = 5.0

OUTCOMES: Final = {
    ExitCondition.MAX_WAIT: Outcome.TIMED_OUT,
    ExitCondition.KEY: Outcome.LEFT_BY_KEY,
}
"""How a queue counts who left by which rule; by any other he overflowed."""


def outcome_of(rule: Exit) -> Outcome:
    """Name how the queue counts a caller who left by this rule."""
    return OUTCOMES.get(rule.condition, Outcome.OVERFLOWED)


def on_join(floor: Floor, line: Line, now: float) -> Exit | None:
    """Return the rule that keeps a caller from joining the queue now, None when he may."""
    for rule in line.plan.exits:
        if rule.on_join and _holds_on_join(floor, line, rule, now):
            return rule
    return None


def of_key(line: Line, key: str) -> Exit | None:
    """Return the rule by which a waiting caller leaves with this key."""
    for rule in line.plan.exits:
        if rule.condition is ExitCondition.KEY and rule.while_waiting and rule.key == key:
            return rule
    return None


def by_time(line: Line) -> Exit | None:
    """Return the rule that ends a wait by its length, the shortest if there are several."""
    rules = [
        rule
        for rule in line.plan.exits
        if rule.condition is ExitCondition.MAX_WAIT and rule.while_waiting
    ]
    return min(rules, key=lambda rule: rule.limit, default=None)


def next_review(floor: Floor, line: Line, now: float) -> float:
    """Return when the rules of the queue have to be looked at again, at the latest."""
    at = now + REVIEW_SECONDS
    for rule in line.plan.exits:
        calendar = floor.plan.hours.get(rule.hours)
        if rule.condition is ExitCondition.CLOSED and calendar is not None:
            change = calendar.next_change(now)
            at = at if change is None else min(at, change)
        since = line.empty_since.get(rule)
        if since is not None and since + rule.grace_seconds > now:
            at = min(at, since + rule.grace_seconds)
    return at


def who_leaves(floor: Floor, line: Line, now: float) -> Iterator[tuple[Call, Exit]]:
    """Yield the waiting calls that a rule of the queue lets go now, and the rule."""
    gone: set[str] = set()
    for rule in line.plan.exits:
        if not rule.while_waiting or rule.condition not in OF_THE_QUEUE:
            continue
        for call in _leaving_by(floor, line, rule, now):
            if call.id not in gone:
                gone.add(call.id)
                yield call, rule


def _leaving_by(floor: Floor, line: Line, rule: Exit, now: float) -> list[Call]:
    waiting = [call for _, _, call in line.entries if call.state is CallState.QUEUED]
    match rule.condition:
        case ExitCondition.CROWDED:
            agents = sum(1 for _ in _logged_in(floor, line))
            excess = len(waiting) - int(rule.limit * agents)
            return waiting[len(waiting) - excess :] if excess > 0 else []
        case ExitCondition.ESTIMATE:
            leaving = []
            for call in reversed(waiting):
                seconds = estimate_seconds(floor, call, now)
                if seconds is None or seconds <= rule.limit:
                    break
                leaving.append(call)
            return leaving
        case ExitCondition.CLOSED:
            return waiting if _is_closed(floor, rule, now) else []
        case _:
            if not _is_deserted(floor, line, rule):
                line.empty_since.pop(rule, None)
                return []
            since = line.empty_since.setdefault(rule, now)
            return waiting if now - since >= rule.grace_seconds else []


def _holds_on_join(floor: Floor, line: Line, rule: Exit, now: float) -> bool:
    match rule.condition:
        case ExitCondition.FULL:
            return len(line) >= rule.limit
        case ExitCondition.CROWDED:
            agents = sum(1 for _ in _logged_in(floor, line))
            return len(line) + 1 > rule.limit * agents and len(line) > 0
        case ExitCondition.ESTIMATE:
            seconds = estimate_for_next_seconds(floor, line, now)
            return seconds is not None and seconds > rule.limit
        case ExitCondition.CLOSED:
            return _is_closed(floor, rule, now)
        case ExitCondition.NO_AGENTS | ExitCondition.NONE_READY:
            return _is_deserted(floor, line, rule)
        case _:
            return False


def _is_closed(floor: Floor, rule: Exit, now: float) -> bool:
    calendar = floor.plan.hours.get(rule.hours)
    return calendar is not None and not calendar.is_open(now)


def _is_deserted(floor: Floor, line: Line, rule: Exit) -> bool:
    if rule.condition is ExitCondition.NO_AGENTS:
        return next(_logged_in(floor, line), None) is None
    return all(agent.presence is not Presence.READY for agent in _logged_in(floor, line))


def _logged_in(floor: Floor, line: Line) -> Iterator[Agent]:
    """Yield the agents at work who could serve the queue, be it after its last relaxation."""
    seen: set[str] = set()
    steps = (line.plan.requirement, *(step.requirement for step in line.plan.relaxations))
    for requirement in steps:
        for agent_id in floor.lane_for(line.plan, requirement).agents:
            agent = floor.agents[agent_id]
            if agent_id not in seen and agent.presence is not Presence.LOGGED_OUT:
                seen.add(agent_id)
                yield agent
