"""Days that are over are added up before somebody asks: by a process of its own, once a day.

`acd report` keeps what it has added up of whole days (``acd.store.daysums``); this does the same
for all days in the store, so that the first report on a year need not. It runs beside an engine,
at lower priority, because adding up millions of rows in one of its threads would hold up the event
loop: ``python -m acd.daysums <config>``.

Rules: nothing depends on it but how long a report takes; what fails is told and tried again.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from acd.errors import OperatorError, StoreError
from acd.log import Log
from acd.retention import DAY_SECONDS

if TYPE_CHECKING:
    from acd.config.service import Service
    from acd.report.intervals import Interval
    from acd.store.sql import SqlStore

FIRST_SECONDS: Final = 600.0
"""After its start an engine has better things to do, and `acd.deletion` is done by then."""
_DAYS_AT_ONCE: Final = 31
_PRIORITY: Final = 10
_MOST_TOLD: Final = 500


def add_up(store: "SqlStore", service: "Service", now: float) -> int:
    """Add up all days that are over at ``now`` and not kept, the last ones first; return how many.

    Raises StoreError.
    """
    from acd.report.agents import agent_report
    from acd.report.asked import Asked
    from acd.report.menus import menu_report
    from acd.report.queues import queue_report
    from acd.store.daysums import keep
    from acd.store.figures import Figures

    added: set[float] = set()
    for some in _months(_days(store, service.time_zone, now)):
        asked = Asked(tuple(some), service.plan, service.time_zone, now, agents_shown=True)
        for make in (queue_report, agent_report, menu_report):
            with store.reading() as connection, store.reading() as beside:
                figures = Figures(connection, now, beside)
                make(figures, asked)
            keep(store, figures.fresh)
            added.update(one.begins_at for one in figures.fresh)
    return len(added)


def _days(store: "SqlStore", zone_name: str, now: float) -> "Sequence[Interval]":
    """From that of the first call on to yesterday."""
    from zoneinfo import ZoneInfo

    from acd.report.intervals import make_intervals

    first = store.first_end()
    if first is None or first >= now:
        return ()
    # A range that begins in the middle of a day has only a part of it.
    days = make_intervals(first - 2 * DAY_SECONDS, now, "day", ZoneInfo(zone_name))
    return days[1:-1]


def _months(days: "Sequence[Interval]") -> "Iterator[Sequence[Interval]]":
    for end in range(len(days), 0, -_DAYS_AT_ONCE):
        yield days[max(0, end - _DAYS_AT_ONCE) : end]


async def add_up_in_time(
    config: Path,
    log: Log,
    *,
    first_seconds: float = FIRST_SECONDS,
    every_seconds: float = DAY_SECONDS,
) -> None:
    """Have it done soon and then every day, for ever; what it did is a line of the log."""
    await asyncio.sleep(first_seconds)
    while True:
        try:
            days = await _added_up_beside(config)
        except (OSError, StoreError) as why:
            # No process may be left to be had: that is no reason for the engine to end.
            log.warning("days_not_added_up", why=str(why)[:_MOST_TOLD])
        else:
            if days:
                log.info("days_added_up", days=days)
        await asyncio.sleep(every_seconds)


async def _added_up_beside(config: Path) -> int:
    """Return how many days a process added up. Raises OSError, or StoreError with its words."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "acd.daysums", str(config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, why = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        told = " ".join(why.decode("utf-8", "replace").split())
        raise StoreError(told or str(process.returncode))
    return int(said or 0)


def main() -> int:
    """Print how many days were added up; 1 when it failed, with the reason."""
    from acd.clock import Clock
    from acd.command import today
    from acd.config.reader import read_service
    from acd.store.opening import open_store

    os.nice(_PRIORITY)
    try:
        service = read_service(Path(sys.argv[1]), today())
        store = open_store(service.store_url)
        try:
            print(add_up(store, service, Clock().now()))
        finally:
            store.close()
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
