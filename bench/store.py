"""What the books cost while calls go on: `make bench-store`.

An asyncio loop puts the records of whole calls into the writer (`acd.store.writer`), as the daemon
does, into SQLite and into a PostgreSQL of its own that writes through to the disk. A call has 12
records: five states of its own, four of its agent, wrap-up begun and ended, and the final record.
They are spread over its life as they would be, with many calls under way at once, so that the
states of one call seldom meet in one transaction, where only the last of them would be written.

Two runs for each database. In the paced one calls come at a steady rate, and what is measured is
the loop: how late a timer that is due each millisecond was at worst, beside the same loop without a
writer. In the other calls come as fast as the store makes them durable: calls a second of that run,
from the first put to the last commit. The last line is JSON.
"""

import argparse
import asyncio
import gc
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from acd.core.records import Record
from acd.store.opening import open_store
from acd.store.writer import Writer
from tests.store.postgres import Postgres
from tests.store.samples import whole_call

PACE_CALLS: Final = 600
"""A second, in the paced run: above the 500 that are asked for."""
UNDER_WAY: Final = 1_000
"""Calls that live at the same time."""
TICK_SECONDS: Final = 0.001
MOST_PENDING: Final = 20_000
"""Records put and not yet durable, in the other run."""


def records_in_turn(first: int, calls: int) -> list[list[Record]]:
    """Return what is put at each turn for so many calls, numbered from ``first``.

    A turn is one call's share of time: at each a new call begins, and those under way go on by
    about one record every ``UNDER_WAY / 12`` turns.
    """
    step = UNDER_WAY // 12
    turns: list[list[Record]] = [[] for _ in range(calls + UNDER_WAY)]
    for number in range(calls):
        for which, record in enumerate(whole_call(first + number)):
            turns[number + which * step].append(record)
    return turns


class Stall(NamedTuple):
    """How late a timer was, in milliseconds; ``ours_ms`` without what the system made us wait."""

    late_ms: float
    ours_ms: float


class Stalls:
    """How late a timer was that is due each millisecond.

    A thread that could run and finds no processor free is late by the machine's doing, as when
    something else runs beside it, and the loop is too when that thread has the interpreter's lock.
    Linux tells how long each thread has waited (``/proc/.../schedstat``). What several of them
    waited at once is taken off several times, so ``ours_ms`` is rather too small than too large.
    """

    def __init__(self) -> None:
        self._stalls: list[Stall] = []
        self.noticed = asyncio.Event()
        """Set when the timer has been due once."""
        self._threads = [
            os.open(path, os.O_RDONLY) for path in Path("/proc/self/task").glob("*/schedstat")
        ]
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        waited_ms = self._waited_ms()
        while True:
            due = time.perf_counter() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            late_ms = (time.perf_counter() - due) * 1000
            before, waited_ms = waited_ms, self._waited_ms()
            self._stalls.append(Stall(late_ms, max(0.0, late_ms - (waited_ms - before))))
            self.noticed.set()

    def _waited_ms(self) -> float:
        """How long our threads have waited for a processor, all together."""
        waited_ns = sum(int(os.pread(thread, 100, 0).split()[1]) for thread in self._threads)
        return waited_ns / 1_000_000

    def end(self) -> tuple[Stall, str]:
        """Return the worst, and all of it in words."""
        self._task.cancel()
        for thread in self._threads:
            os.close(thread)
        late = sorted(stall.late_ms for stall in self._stalls)
        ours = sorted(stall.ours_ms for stall in self._stalls)
        p99 = int(0.99 * len(late))
        return Stall(late[-1], ours[-1]), (
            f"loop late by at most {late[-1]:.1f} ms, p99 {late[p99]:.1f} ms; without waiting for"
            f" a processor {ours[-1]:.1f} ms, p99 {ours[p99]:.1f} ms"
        )


async def paced(put: Callable[[list[Record]], object], turns: list[list[Record]]) -> float:
    """Put one turn's records at a time, ``PACE_CALLS`` turns a second; return the real rate."""
    began = time.perf_counter()
    done = 0
    while done < len(turns):
        due = min(int((time.perf_counter() - began) * PACE_CALLS) + 1, len(turns))
        for turn in turns[done:due]:
            put(turn)
        done = due
        await asyncio.sleep(TICK_SECONDS)
    return done / (time.perf_counter() - began)


async def unpaced(writer: Writer, turns: list[list[Record]]) -> None:
    """Put them as fast as they become durable."""
    tickets: list[int] = []
    for number, turn in enumerate(turns):
        tickets.append(writer.put(turn))
        if number % 50 == 0:
            await asyncio.sleep(0)
        if writer.pending > MOST_PENDING:
            await writer.wait_committed(tickets[len(tickets) * 9 // 10])
    await writer.wait_committed(tickets[-1])


class Measured(NamedTuple):
    """Of one database."""

    calls_per_s: float
    worst_stall_ms: float


async def measure(name: str, url: str, home: Path, calls: int) -> Measured:
    """Print and return what writing into the store at ``url`` comes to."""
    said: list[str] = []
    writer = Writer(
        lambda: open_store(url), home / f"{name}.spill", time.monotonic, on_trouble=said.append
    )
    writer.start()
    first, rest = records_in_turn(0, calls), records_in_turn(calls, calls)
    gc.collect()
    gc.freeze()

    stalls = Stalls()
    rate = await paced(writer.put, first)
    await writer.wait_committed(writer.put([]))
    worst, words = stalls.end()
    print(f"{name}: {rate:.0f} calls a second: {words}; trouble: {said or 'none'}", flush=True)
    began = time.perf_counter()
    await unpaced(writer, rest)
    seconds = time.perf_counter() - began
    print(f"{name}: as fast as it goes: {calls / seconds:.0f} calls a second", flush=True)
    in_time = writer.stop(10.0)
    store = open_store(url)
    found = store.ended_count()
    store.close()
    assert in_time, "the writer did not end"
    assert found == 2 * calls, f"{found} final records of {2 * calls} calls"
    gc.unfreeze()
    return Measured(calls / seconds, worst.late_ms)


async def without_writer(calls: int) -> None:
    """Print how late the same loop is when what is put goes nowhere."""
    turns = records_in_turn(0, calls)
    gc.collect()
    gc.freeze()
    stalls = Stalls()
    await paced(lambda turn: None, turns)
    _, words = stalls.end()
    gc.unfreeze()
    print(f"no writer: {words}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both databases and print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__)
    parser.add_argument("--calls", type=int, default=6_000)
    given = parser.parse_args(arguments)
    with ExitStack() as at_end:
        home = Path(at_end.enter_context(TemporaryDirectory(prefix="acd-bench-store-")))
        server = Postgres(durable=True)
        at_end.callback(server.remove)
        server.start()
        asyncio.run(without_writer(given.calls))
        sqlite = asyncio.run(measure("sqlite", f"sqlite:///{home / 'acd.db'}", home, given.calls))
        postgresql = asyncio.run(measure("postgresql", server.url(), home, given.calls))
    print(
        json.dumps(
            {
                "bench": "store",
                "sqlite_calls_per_s": round(sqlite.calls_per_s),
                "postgresql_calls_per_s": round(postgresql.calls_per_s),
                "worst_stall_ms": round(max(sqlite.worst_stall_ms, postgresql.worst_stall_ms), 1),
            }
        )
    )


if __name__ == "__main__":
    main()
