"""Overflow circles: exits that would send a caller from queue to queue without end.

Rules: an exit counts when nothing has to happen between it and the next one. A key that the caller
presses, and a longest wait that starts his clock anew, let time pass and break a circle; so does
any target that is no queue. Two ``closed`` exits can only follow each other where both hours are
closed at one moment, which is looked for over the year to come.
This module must not know how exits are written.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from acd.config.source import Source
from acd.core.calendar import HORIZON_SECONDS, Calendar
from acd.core.queueplan import Exit, ExitCondition, ToQueue

Exits = Mapping[str, Sequence[Exit | None]]

State = tuple[str, frozenset[str]]
"""The queue a caller is sent to, and the hours that must be closed for him to come so far."""

Step = tuple[str, int]
"""A queue and which of its exits."""

_MOST_STATES = 20_000
"""Where hours can be combined in more ways than this, the search ends there."""


def check_circles(source: Source, exits: Exits, hours: Mapping[str, Calendar], now: float) -> None:
    """Blame the exit that closes a circle, one for each queue that comes first in one.

    ``exits`` are those of each queue in the order of the file, ``now`` is the moment from which
    ``hours`` are compared, in seconds since the epoch.
    """
    search = _Search(hours, now)
    queues = list(exits)
    for at, queue in enumerate(queues):
        # A circle is found from the first of its queues, so that it is told once.
        circle = search.circle(queue, {name: exits[name] for name in queues[at:]})
        if circle:
            names = " -> ".join(f'"{name}"' for name in (*(name for name, _ in circle), queue))
            last, number = circle[-1]
            what = f"callers would be sent round in a circle: {names}"
            allowed = "let one of these exits lead to a menu, a number or an announcement"
            source.blame((last, "exits", number, "queue"), what, allowed)


class _Search:
    """Looks for ways back to a queue over exits that can hold at one moment."""

    def __init__(self, hours: Mapping[str, Calendar], now: float) -> None:
        self._hours = hours
        self._now = now
        self._together: dict[frozenset[str], bool] = {}

    def circle(self, home: str, exits: Exits) -> list[Step]:
        """Return the shortest way from ``home`` back to it, none when there is no way."""
        start: State = (home, frozenset())
        came: dict[State, tuple[State, int]] = {}
        waiting = deque([start])
        while waiting and len(came) < _MOST_STATES:
            state = waiting.popleft()
            queue, closed = state
            for number, found in enumerate(exits[queue]):
                if found is None or not isinstance(found.target, ToQueue) or _takes_time(found):
                    continue
                reached = (str(found.target.queue), closed | {found.hours} - {""})
                if reached[0] not in exits or reached in came or not self._is_possible(reached[1]):
                    continue
                came[reached] = (state, number)
                if reached[0] == home:
                    return _steps(came, start, reached)
                waiting.append(reached)
        return []

    def _is_possible(self, names: frozenset[str]) -> bool:
        """Say whether all these hours are closed at some moment of the year to come."""
        if names not in self._together:
            self._together[names] = names <= self._hours.keys() and _closed_together(
                [self._hours[name] for name in names], self._now
            )
        return self._together[names]


def _steps(came: Mapping[State, tuple[State, int]], start: State, reached: State) -> list[Step]:
    steps: list[Step] = []
    state = reached
    while not steps or state != start:
        state, number = came[state]
        steps.append((state[0], number))
    return steps[::-1]


def _takes_time(found: Exit) -> bool:
    if found.condition is ExitCondition.MAX_WAIT:
        return isinstance(found.target, ToQueue) and not found.target.keep_clock
    return found.condition is ExitCondition.KEY


def _closed_together(calendars: Sequence[Calendar], now: float) -> bool:
    """Say whether there is a moment from ``now`` on at which none of the calendars is open."""
    moment = now
    while moment <= now + HORIZON_SECONDS:
        if not any(calendar.is_open(moment) for calendar in calendars):
            return True
        changes = [calendar.next_change(moment) for calendar in calendars]
        moment = min((change for change in changes if change is not None), default=float("inf"))
    return False
