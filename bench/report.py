"""A report over five million calls of a year in SQLite: `make bench-report`.

The rows are made by the database itself, out of a seed, in the tables that a store writes; what is
timed is what `acd report` does from opening the database to having the sheet. The database is in a
folder of its own, which is gone afterwards. Prints one line of JSON for each topic, queues last.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from acd.core.ids import QueueId
from acd.core.plan import Plan
from acd.report.agents import agent_report
from acd.report.asked import Asked
from acd.report.intervals import make_intervals, read_range
from acd.report.queues import queue_report
from acd.report.sheet import Sheet
from acd.store.figures import Figures
from acd.store.opening import open_store
from tests import plans

QUEUES: Final = 10
AGENTS: Final = 200
LIMIT_SECONDS: Final = 10.0
ZONE: Final = ZoneInfo("Europe/Berlin")
BEGIN: Final = datetime(2025, 1, 1, tzinfo=ZONE).timestamp()
YEAR_SECONDS: Final = 365 * 86_400.0

_CHANCE: Final = "((({n} + :seed) * {factor}) % 1000003) / 1000003.0"
"""A number from 0 up to 1 that looks like chance and is the same each time."""


def _chance(factor: int, n: str = "n") -> str:
    return _CHANCE.format(n=n, factor=factor)


_ROWS: Final = f"""
CREATE TEMP TABLE made AS
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :calls)
SELECT n,
    'main-' || (1700000000 + n) || '.' || n AS call,
    'queue_' || CAST({QUEUES} * {_chance(7919)} AS INTEGER) AS queue,
    'agent_' || CAST({AGENTS} * {_chance(104729)} AS INTEGER) AS agent,
    :begin + {YEAR_SECONDS} * n / :calls AS entered_at,
    60.0 * {_chance(15485863)} * {_chance(32452843)} AS wait,
    30.0 + 400.0 * {_chance(49979687)} AS talk,
    {_chance(67867967)} AS fate
FROM numbers;

INSERT INTO queue_visits
SELECT entered_at, call, 0, queue, wait,
    CASE WHEN fate < 0.9 THEN 'answered' WHEN fate < 0.92 THEN 'short_abandoned'
        WHEN fate < 0.97 THEN 'abandoned' WHEN fate < 0.99 THEN 'overflowed' ELSE 'timed_out' END
FROM made ORDER BY entered_at;

INSERT INTO legs
SELECT entered_at + wait + talk, call, 0, agent, queue, entered_at, entered_at + wait, 0.0, 'talked'
FROM made WHERE fate < 0.9 ORDER BY 1;

INSERT OR IGNORE INTO wrap_ups (agent, started_at, ended_at, ends_at, how, queue, call)
SELECT agent, entered_at + wait + talk, entered_at + wait + talk + 30.0,
    entered_at + wait + talk + 300.0, 'early', queue, call
FROM made WHERE fate < 0.9 ORDER BY 1, 2;

INSERT INTO agent_sessions
WITH RECURSIVE days(d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM days WHERE d < 364),
    people(a) AS (SELECT 0 UNION ALL SELECT a + 1 FROM people WHERE a + 1 < {AGENTS})
SELECT 'agent_' || a, :begin + d * 86400.0, :begin + d * 86400.0 + 80000.0, 'PJSIP/' || a
FROM people, days;

DROP TABLE made;
"""


def fill(path: Path, calls: int, seed: int) -> None:
    """Make the rows of so many calls in an empty store."""
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE"):
            connection.execute(f"PRAGMA {pragma}")
        values = {"calls": calls, "seed": seed, "begin": BEGIN}
        connection.execute("BEGIN")
        for statement in _ROWS.split(";"):
            if statement.strip():
                connection.execute(statement, values)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def plan() -> Plan:
    """A plan with the queues of the rows, half of them with a T of their own."""
    base = plans.plan({})
    some = next(iter(base.queues.values()))
    queues = {
        QueueId(f"queue_{number}"): msgspec.structs.replace(
            some, id=QueueId(f"queue_{number}"), target_seconds=max(20.0, 15.0 + number)
        )
        for number in range(QUEUES)
    }
    return msgspec.structs.replace(base, queues=queues)


def report(path: Path, make: Callable[[Figures, Asked], Sheet], length: str) -> tuple[Sheet, float]:
    """Return the report on the whole year, and how long it took."""
    begin, end = read_range("2025-01-01", "2025-12-31", ZONE, BEGIN)
    began = time.perf_counter()
    asked = Asked(
        make_intervals(begin, end, length, ZONE), plan(), ZONE.key, end, agents_shown=True
    )
    store = open_store(f"sqlite:///{path}")
    try:
        with store.reading() as connection, store.reading() as beside:
            sheet = make(Figures(connection, asked.now, beside), asked)
    finally:
        store.close()
    return sheet, time.perf_counter() - began


def main() -> int:
    """Print what it takes; 1 when the report on queues takes too long or loses a call."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", default="day")
    parser.add_argument("--agents", action="store_true", help="the report on agents, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="acd-report-") as folder:
        path = Path(folder) / "acd.db"
        began = time.perf_counter()
        fill(path, given.calls, given.seed)
        said = f"{given.calls:,} calls made in {time.perf_counter() - began:.0f} s"
        print(f"{said}, {path.stat().st_size / 1e9:.2f} GB", file=sys.stderr)
        if given.agents:
            _, seconds = report(path, agent_report, given.interval)
            print(f"the report on agents took {seconds:.1f} s", file=sys.stderr)
        sheet, seconds = report(path, queue_report, given.interval)
    place = [head.name for head in sheet.heads].index("offered")
    counted = sheet.totals[-1][place]
    print(json.dumps({"bench": "report", "calls": counted, "seconds": round(seconds, 2)}))
    return 0 if counted == given.calls and seconds < LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
