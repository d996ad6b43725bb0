"""Ways of a branch (``instead`` in menus) that no call ever takes.

Rules: as with exits of queues, such a way is refused; only what holds on every day counts, so
hours that stay closed for a year are worth a warning and no more. A way and what leads to it are
not put together: time goes by while something is said. Hours that somebody wrote may be open day
and night for a while, and no menu must be refused for it: only ``always`` is certain.
This module must not know how conditions are written.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import inf

from acd.config.hours import ALWAYS_NAME
from acd.config.menus import Menus, Place
from acd.core.calendar import HORIZON_SECONDS, Calendar
from acd.core.ids import Language
from acd.core.plan import AttributeIs, Branch, Case, Condition, HoursAre, QueueIs

Hours = Mapping[str, Calendar]
Together = dict[tuple[HoursAre, ...], bool]
"""What has been found out: many ways look at the same hours."""


def check_ways(menus: Menus, hours: Hours, now: float) -> None:
    """Blame each way of a branch that is never taken, warn of those not within a year.

    ``now`` is when that year begins.
    """
    together: Together = {}
    for name, node in menus.nodes.items():
        place = menus.place_of(name) if isinstance(node, Branch) else None
        if isinstance(node, Branch) and place is not None:
            _check(node.cases, place, _spoken(menus, node))
            _check_times(node.cases, place, hours, now, together)


def _spoken(menus: Menus, branch: Branch) -> set[Language]:
    """Return what callers may speak at a branch, if it looks at that."""
    looked_at = {
        condition.attribute
        for case in branch.cases
        for condition in case.conditions
        if isinstance(condition, AttributeIs)
    }
    if "language" not in looked_at:
        return set()
    return set(menus.languages_at(branch.id))


def _check_times(
    cases: Sequence[Case], place: Place, hours: Hours, now: float, together: Together
) -> None:
    source, path = place
    if source.problems:
        return
    for at, case in enumerate(cases):
        times = tuple(each for each in case.conditions if isinstance(each, HoursAre))
        if len(times) < 2 or not hours.keys() >= {time.hours for time in times}:
            continue  # Some were refused.
        if times not in together:
            together[times] = _come_together(times, hours, now)
        if not together[times]:
            told = " and ".join(f'"{t.hours}" {"open" if t.is_open else "closed"}' for t in times)
            what = f"within a year there is no moment with {told}"
            source.warn((*path, "instead", at, "when"), what, "write other hours")


def _come_together(times: Sequence[HoursAre], hours: Hours, now: float) -> bool:
    """Say whether there is a moment from ``now`` on at which all these conditions hold."""
    moment = now
    while moment <= now + HORIZON_SECONDS:
        if all(hours[time.hours].is_open(moment) is time.is_open for time in times):
            return True
        changes = [hours[time.hours].next_change(moment) for time in times]
        moment = min((change for change in changes if change is not None), default=inf)
    return False


def _check(cases: Sequence[Case], place: Place, spoken: set[Language]) -> None:
    source, path = place
    for at, case in enumerate(cases):
        here = (*path, "instead", at)
        if why := _never(case, spoken):
            source.blame((*here, "when"), f"this way is never taken: {why}", "remove the way")
            continue
        if all(_certain(condition) for condition in case.conditions):
            what = "this way is always taken, so nothing that stands after it ever is"
            source.blame((*here, "when"), what, "write it as the verb itself, without a condition")
            return
        for before in range(at):
            if _forestalls(cases[before], case):
                line = source.place(*path, "instead", before)[0]
                what = f"this way is never taken: the one in line {line} always comes first"
                source.blame((*here, "when"), what, "remove it, or write it before the other")
                break


def _never(case: Case, spoken: set[Language]) -> str:
    """Return why the conditions can never hold together, empty when they can."""
    for condition in case.conditions:
        match condition:
            case HoursAre(name, False) if name == ALWAYS_NAME:
                return f'"{name}" is always open'
            case AttributeIs("language", values) if not any(
                _covers(value, language) for value in values for language in spoken
            ):
                return f"callers speak {', '.join(sorted(spoken))} here"
    for one, other in combinations(case.conditions, 2):
        match one, other:
            case HoursAre(name, open_), HoursAre(same, also) if name == same and open_ != also:
                return f'"{name}" cannot be open and closed at once'
    return ""


def _certain(condition: Condition) -> bool:
    match condition:
        case HoursAre(name, True):
            return name == ALWAYS_NAME
        case AttributeIs(_, values):
            return "*" in values
        case _:
            return False


def _forestalls(first: Case, second: Case) -> bool:
    """Say whether ``first`` holds whenever ``second`` does."""
    return all(
        _certain(needed) or any(_implies(given, needed) for given in second.conditions)
        for needed in first.conditions
    )


def _implies(given: Condition, needed: Condition) -> bool:
    match given, needed:
        case AttributeIs(name, values), AttributeIs(same, wanted):
            covered = all(any(_covers(each, value) for each in wanted) for value in values)
            return name == same and covered
        case QueueIs(name, waiting, seconds), QueueIs(same, least, over):
            longer = over is None or (seconds is not None and seconds >= over)
            return name == same and waiting >= least and longer
        case _:
            return given == needed


def _covers(wanted: str, value: str) -> bool:
    """Say whether whatever ``value`` stands for is also among what ``wanted`` stands for."""
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted
