"""When a caller leaves a queue, or may not join it: which of the queue's rules holds now.

Rules are looked at in the order in which operators wrote them; the first that holds is followed.
What hangs on one call (its time, its key) has a deadline of that call. What hangs on the queue
(nobody logged in, closing time, too many waiting) is looked at when an agent's presence changes,
when a calendar opens or closes, and every ``REVIEW_SECONDS`` for what drifts with time.

It decides nothing else and moves nobody: ``acd.core.waiting`` does.
"""

from bisect import bisect_left
from collections.abc import Iterator
from math import inf
from typing import Final

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.estimate import estimate_for_next_seconds, estimate_seconds
from acd.core.floor import Floor
from acd.core.queue import Line
from acd.core.queueplan import OF_THE_QUEUE, Exit, ExitCondition, Need
from acd.core.records import CallState, Outcome, Presence

REVIEW_SECONDS: Final = 5.0

_DESERTED: Final = frozenset({ExitCondition.NO_AGENTS, ExitCondition.NONE_READY})

OUTCOMES: Final = {
    ExitCondition.MAX_WAIT: Outcome.TIMED_OUT,
    ExitCondition.KEY: Outcome.LEFT_BY_KEY,
}
"""How a queue counts who left by which rule; by any other he overflowed."""


def outcome_of(rule: Exit) -> Outcome:
    """Name how the queue counts a caller who left by this rule."""
    return OUTCOMES.get(rule.condition, Outcome.OVERFLOWED)


def on_join(floor: Floor, line: Line, call: Call, now: float) -> Exit | None:
    """Return the rule that keeps the caller from joining the queue now, None when he may."""
    for rule in line.plan.exits:
        if rule.on_join and _holds_on_join(floor, line, rule, call, now):
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
        elif rule.condition in _DESERTED and rule.grace_seconds > 0:
            for needs in {floor.needs_of_client(call) for _, _, call in line.entries}:
                since = _deserted_since(floor, line, rule, needs)
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
    match rule.condition:
        case ExitCondition.CROWDED:
            most = _most_waiting(floor, line, rule)
            return _waiting(line)[most:] if len(line) > most else []
        case ExitCondition.ESTIMATE:
            return _with_long_waits(floor, _waiting(line), rule.limit, now)
        case ExitCondition.CLOSED:
            return _waiting(line) if _is_closed(floor, rule, now) else []
        case _:
            return _deserted(floor, line, rule, now)


def _deserted(floor: Floor, line: Line, rule: Exit, now: float) -> list[Call]:
    """Return the calls for which nobody is there: one client's agents are not another's."""
    found: dict[tuple[Need, ...], bool] = {}
    leaving = []
    for call in _waiting(line):
        needs = floor.needs_of_client(call)
        if needs not in found:
            found[needs] = _is_deserted(floor, line, rule, needs, now)
        if found[needs]:
            leaving.append(call)
    return leaving


def _waiting(line: Line) -> list[Call]:
    return [call for _, _, call in line.entries if call.state is CallState.QUEUED]


def _with_long_waits(floor: Floor, waiting: list[Call], limit: float, now: float) -> list[Call]:
    """Return the calls whose estimate is over the limit.

    Those who stand in one heap are served in order by the same agents: where the estimate of one is
    over the limit, so is that of all behind him. One search for each heap is enough.
    """
    heaps: dict[int, list[Call]] = {}
    for call in waiting:
        heaps.setdefault(id(call.heap), []).append(call)

    def is_long(call: Call) -> bool:
        seconds = estimate_seconds(floor, call, now)
        return seconds is not None and seconds > limit

    leaving: list[Call] = []
    for calls in heaps.values():
        leaving += calls[bisect_left(calls, True, key=is_long) :]
    return leaving


def _holds_on_join(floor: Floor, line: Line, rule: Exit, call: Call, now: float) -> bool:
    match rule.condition:
        case ExitCondition.FULL:
            return len(line) >= rule.limit
        case ExitCondition.CROWDED:
            return len(line) >= _most_waiting(floor, line, rule)
        case ExitCondition.ESTIMATE:
            seconds = estimate_for_next_seconds(floor, line, now)
            return seconds is not None and seconds > rule.limit
        case ExitCondition.CLOSED:
            return _is_closed(floor, rule, now)
        case ExitCondition.NO_AGENTS | ExitCondition.NONE_READY:
            return _is_deserted(floor, line, rule, floor.needs_of_client(call), now)
        case _:
            return False


def _most_waiting(floor: Floor, line: Line, rule: Exit) -> int:
    """Return how many calls may wait before the queue is crowded: one may at any time."""
    agents = sum(agent.presence is not Presence.LOGGED_OUT for agent in _who_could(floor, line, ()))
    return max(1, int(rule.limit * agents + 1e-9))


def _is_closed(floor: Floor, rule: Exit, now: float) -> bool:
    calendar = floor.plan.hours.get(rule.hours)
    return calendar is not None and not calendar.is_open(now)


def _is_deserted(floor: Floor, line: Line, rule: Exit, needs: tuple[Need, ...], now: float) -> bool:
    since = _deserted_since(floor, line, rule, needs)
    return since is not None and now - since >= rule.grace_seconds


def _deserted_since(floor: Floor, line: Line, rule: Exit, needs: tuple[Need, ...]) -> float | None:
    """Return since when nobody is logged in, or ready, as the rule has it; None: somebody is.

    ``needs`` are those of a client, besides the queue's.

    Where nobody could serve the queue at all it is deserted since ever.
    """
    since = -inf
    for agent in _who_could(floor, line, needs):
        if rule.condition is ExitCondition.NO_AGENTS:
            here, until = agent.presence is not Presence.LOGGED_OUT, agent.logged_in_until
        else:
            here, until = agent.presence is Presence.READY, agent.ready_until
        if here:
            return None
        since = max(since, until)
    return since


def _who_could(floor: Floor, line: Line, needs: tuple[Need, ...]) -> Iterator[Agent]:
    """Yield the agents who could serve the queue, be it after its last relaxation, and these."""
    seen: set[str] = set()
    steps = (line.plan.requirement, *(step.requirement for step in line.plan.relaxations))
    for requirement in steps:
        for agent_id in floor.lane_for(line.plan, requirement.also(needs)).agents:
            if agent_id not in seen:
                seen.add(agent_id)
                yield floor.agents[agent_id]
