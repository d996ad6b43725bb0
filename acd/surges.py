"""Watching for surges: once a minute, in a thread of its own, on a reading of the store.

Rules: it suggests and never sets anything, since only people know what has happened. A queue of
which an incident tells already is left out. The same hour is that of the house's clock, whatever
the clocks did in between. What it cannot read it says once, and goes on.
It must not know what is done with a suggestion.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, Protocol

from acd.core.ids import QueueId
from acd.core.records import Snapshot
from acd.core.surge import HOUR_SECONDS, WINDOW_SECONDS, Surge, SurgeRule, surges
from acd.errors import StoreError
from acd.log import Log
from acd.store.port import Store

EVERY_SECONDS: Final = 60.0
TOLD_AGAIN_SECONDS: Final = 3600.0
"""A surge that comes and goes is one line in the log within this."""


class Board:
    """What is suggested now."""

    def __init__(self) -> None:
        self.surges: tuple[Surge, ...] = ()


class Engine(Protocol):
    """What is asked of the engine."""

    def snapshot(self) -> Snapshot:
        """The state after the last step."""


def same_hours(now: float, rule: SurgeRule) -> list[float]:
    """Return when the hour began that lies around now, in each past week, the last week first."""
    from zoneinfo import ZoneInfo

    local = datetime.fromtimestamp(now - WINDOW_SECONDS / 2, ZoneInfo(rule.time_zone))
    middles = (local - timedelta(weeks=week) for week in range(1, rule.weeks + 1))
    return [middle.timestamp() - HOUR_SECONDS / 2 for middle in middles]


def look(store: Store, snapshot: Snapshot, rule: SurgeRule) -> tuple[Surge, ...]:
    """Return the surges of this moment. Raises StoreError."""
    now = snapshot.at
    calls = store.arrivals(now - WINDOW_SECONDS, now)
    begun_at = store.first_end()
    # At most hours nobody needs the past.
    if begun_at is None or not rule.enabled or max(calls.values(), default=0) < rule.least_calls:
        return ()
    hours = takewhile(lambda hour: hour >= begun_at, same_hours(now, rule))
    past = [store.arrivals(hour, hour + HOUR_SECONDS) for hour in hours]
    known = {queue for view in snapshot.incidents if view.is_on for queue in view.incident.queues}
    return tuple(one for one in surges(rule, calls, past) if one.queue not in known)


async def watch(
    open_store: Callable[[], Store],
    engine: Engine,
    rule: Callable[[], SurgeRule],
    board: Board,
    log: Log,
) -> None:
    """Look now and every minute, for ever; what is found stands on the ``board``."""
    store: Store | None = None
    complained = False
    told: dict[QueueId, float] = {}
    while True:
        try:
            if store is None:
                store = await asyncio.to_thread(open_store)
            snapshot = engine.snapshot()
            board.surges = await asyncio.to_thread(look, store, snapshot, rule())
            complained = False
        except StoreError as error:
            board.surges = ()
            if not complained:
                log.warning("surges_not_watched", why=str(error))
            complained = True
        else:
            for one in board.surges:
                if snapshot.at - told.get(one.queue, -TOLD_AGAIN_SECONDS) >= TOLD_AGAIN_SECONDS:
                    told[one.queue] = snapshot.at
                    expected = round(one.expected, 1)
                    log.warning("surge", queue=one.queue, calls=one.calls, expected=expected)
        await asyncio.sleep(EVERY_SECONDS)
