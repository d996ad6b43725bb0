"""A night of virtual hours in which much goes wrong, drawn by the seed: events lost, late, doubled,
out of order and forged, broken connections, killed engines.

    python -m bench.soak --seeds 100000

A seed that breaks a rule is printed at once and does it again: ``--first N --seeds 1``.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from typing import NamedTuple

from tests.sim.spoilt import broken, play, trouble_of


class Played(NamedTuple):
    """What came of one seed."""

    seed: int
    calls: int
    cuts: int
    kills: int
    repairs: int
    broken: list[str]


def main() -> int:
    """Play all seeds and print one line of JSON; status 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="bench.soak")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    started = time.monotonic()
    tasks = [(seed, given.hours) for seed in range(given.first, given.first + given.seeds)]
    played, bad = [], []
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for one in pool.imap_unordered(_play, tasks):
            played.append(one)
            if one.broken:
                bad.append(one.seed)
                print(f"seed {one.seed} broke:", *one.broken, sep="\n  ", flush=True)
            if len(played) % 100 == 0:
                print(f"{len(played)} of {len(tasks)} seeds, {len(bad)} broken", file=sys.stderr)
    print(
        json.dumps(
            {
                "bench": "soak",
                "seeds": len(played),
                "virtual_hours": round(len(played) * given.hours, 2),
                "calls": sum(one.calls for one in played),
                "engine_kills": sum(one.kills for one in played),
                "connection_cuts": sum(one.cuts for one in played),
                "repairs": sum(one.repairs for one in played),
                "broken_seeds": sorted(bad),
                "seconds": round(time.monotonic() - started, 1),
            }
        )
    )
    return 1 if bad else 0


def _play(task: tuple[int, float]) -> Played:
    seed, hours = task
    trouble = trouble_of(seed)
    try:
        report = play(seed, hours)
    except Exception as error:  # The night goes on; the seed is told.
        return Played(seed, 0, 0, 0, 0, [f"it raised {error!r}"])
    return Played(
        seed,
        report.calls,
        round(trouble.cuts * hours),
        round(trouble.kills * hours),
        sum(report.repairs.values()),
        broken(report),
    )


if __name__ == "__main__":
    sys.exit(main())
