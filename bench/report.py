"""Reports over five million calls of a year in SQLite: `make bench-report`.

The rows are made by the database itself, out of a seed, in the tables that a store writes; what is
timed is what `acd report` does from opening the database to having the sheet. Each report is made
twice: when nothing was added up before, as after an upgrade (`first_..._seconds`), and when days
that are over are kept (`acd.store.daysums`), as `acd.daysums` and each report leave them. Both must
say the same. The database is in a folder of its own, which is gone afterwards. The last line is
JSON: `seconds` are those of the report on queues.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from acd.core.ids import QueueId
from acd.core.plan import Plan
from acd.report.agents import agent_report
from acd.report.asked import Asked
from acd.report.intervals import make_intervals, read_range
from acd.report.menus import menu_report
from acd.report.queues import queue_report
from acd.report.sheet import Sheet
from acd.store.daysums import keep
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

INSERT INTO not_ready_spans
WITH RECURSIVE pauses(p) AS (SELECT 0 UNION ALL SELECT p + 1 FROM pauses WHERE p < 365 * 3 - 1),
    people(a) AS (SELECT 0 UNION ALL SELECT a + 1 FROM people WHERE a + 1 < {AGENTS})
SELECT 'agent_' || a, :begin + 86400.0 * (p / 3) + 20000.0 * (p % 3) + 97.0 * a,
    :begin + 86400.0 * (p / 3) + 20000.0 * (p % 3) + 97.0 * a + 900.0, 'break'
FROM people, pauses;

INSERT INTO ended_calls (call, pbx, outcome, ani, dnis, language, option, queue, agent, arrived_at,
    queued_at, answered_at, talk_ended_at, ended_at, skills, attributes, menu_path, queue_path,
    legs, recording)
SELECT call, 'main',
    CASE WHEN fate < 0.9 THEN 'answered' WHEN fate < 0.92 THEN 'short_abandoned'
        WHEN fate < 0.97 THEN 'abandoned' WHEN fate < 0.99 THEN 'overflowed' ELSE 'timed_out' END,
    '...123', '0800', 'de', '1', queue, CASE WHEN fate < 0.9 THEN agent END, entered_at,
    entered_at, CASE WHEN fate < 0.9 THEN entered_at + wait END,
    CASE WHEN fate < 0.9 THEN entered_at + wait + talk END,
    entered_at + wait + CASE WHEN fate < 0.9 THEN talk ELSE 0.0 END, '[]', '[]',
    '["main:' || (1 + n % 6) || CASE WHEN n % 7 < 3 THEN '","fault:' || (1 + n % 4) ELSE '' END
        || '"]', '[]', '[]', ''
FROM made ORDER BY n;

DROP TABLE made;
"""


def fill(path: Path, calls: int, seed: int) -> None:
    """Make the rows of so many calls in a store from before days were kept, and upgrade it.

    Triggers would note the change of each of 25 million rows, and take as long as all else.
    """
    config = Config()
    config.set_main_option("script_location", "acd.store:migrations")
    config.set_main_option("path_separator", "os")
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as begun:
        config.attributes["connection"] = begun
        command.upgrade(config, "0008")
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
    open_store(f"sqlite:///{path}").close()


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


Make = Callable[[Figures, Asked], Sheet]
TOPICS: Final[Mapping[str, tuple[Make, str]]] = {
    "": (queue_report, "offered"),
    "agent_": (agent_report, "handled"),
    "menu_": (menu_report, "calls"),
}
"""What stands before the seconds of each, and which of its columns counts calls."""


def report(path: Path, make: Make, length: str) -> tuple[Sheet, float]:
    """Return the report on the whole year, and how long it took; what it added up is kept."""
    begin, end = read_range("2025-01-01", "2025-12-31", ZONE, BEGIN)
    began = time.perf_counter()
    asked = Asked(
        make_intervals(begin, end, length, ZONE), plan(), ZONE.key, end, agents_shown=True
    )
    store = open_store(f"sqlite:///{path}")
    try:
        with store.reading() as connection, store.reading() as beside:
            figures = Figures(connection, asked.now, beside)
            sheet = make(figures, asked)
        seconds = time.perf_counter() - began
        keep(store, figures.fresh)
    finally:
        store.close()
    return sheet, seconds


def counted(sheet: Sheet, column: str) -> int:
    """How many calls the report has in all."""
    count = sheet.totals[-1][[head.name for head in sheet.heads].index(column)]
    assert isinstance(count, int)
    return count


def main() -> int:
    """Print what it takes; 1 when a report takes too long, loses a call or is not the same."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", default="day")
    given = parser.parse_args()
    line: dict[str, str | float] = {"bench": "report", "calls": 0}
    right, counts = True, list[int]()
    with tempfile.TemporaryDirectory(prefix="acd-report-") as folder:
        path = Path(folder) / "acd.db"
        began = time.perf_counter()
        fill(path, given.calls, given.seed)
        said = f"{given.calls:,} calls made in {time.perf_counter() - began:.0f} s"
        print(f"{said}, {path.stat().st_size / 1e9:.2f} GB", file=sys.stderr)
        for name, (make, column) in TOPICS.items():
            first, first_seconds = report(path, make, given.interval)
            sheet, seconds = report(path, make, given.interval)
            counts.append(counted(sheet, column))
            right = right and sheet == first and seconds < LIMIT_SECONDS
            line[f"{name}seconds"] = round(seconds, 2)
            line[f"first_{name}seconds"] = round(first_seconds, 2)
    offered, _, chose = counts
    line["calls"] = offered
    print(json.dumps(line))
    return 0 if right and offered == chose == given.calls else 1


if __name__ == "__main__":
    sys.exit(main())
