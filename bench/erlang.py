"""The router beside Erlang's formulas: `make proof-erlang`.

A run long enough to meet the formulas is too long for an engine, and a short one cannot tell a
right router from a wrong one. So there are two steps. The engine's waits equal, call by call, those
of a naive recursion over the same arrivals and talks; and the recursion alone, over many more
calls, equals theory. Five loads of Erlang C, three of Erlang A, in which callers have
patience.

The last line is JSON; the exit status is 1 when a wait differs by more than 1 us or a figure by
more than 2 %.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import islice
from math import inf
from multiprocessing import get_context
from typing import Final, NamedTuple

from acd.core.ids import QueueId, SkillId
from acd.core.queueplan import Need, QueuePlan, Requirement
from bench.theory import Draws, Figures, Load, figures_of, offered_waits, simulated
from bench.virtual import Caller, VirtualCentre, plan_of

LOADS: Final = (
    Load(agents=1, erlangs=0.6),
    Load(agents=5, erlangs=4.0),
    Load(agents=26, erlangs=18.0),
    Load(agents=26, erlangs=24.0),  # The check value: 360 calls an hour, AHT 240 s.
    Load(agents=100, erlangs=92.0),
    Load(agents=5, erlangs=4.0, patience_seconds=120.0),
    Load(agents=26, erlangs=30.0, patience_seconds=180.0),
    Load(agents=100, erlangs=100.0, patience_seconds=240.0),
)
ENGINE_CALLS: Final = 100_000
CALLS: Final = 20_000_000
"""Through the recursion, for each load."""
MOST_DIFFERENCE_US: Final = 1.0
MOST_ERROR_PERCENT: Final = 2.0


class Waits(NamedTuple):
    """What the engine gave beside the recursion."""

    worst_us: float
    """The largest difference of two waits."""
    disagreements: int
    """Callers whom one answered and the other did not, or whom the engine lost."""
    seconds: float


class Recursion(NamedTuple):
    """What the recursion gave, to be held against theory."""

    figures: Figures
    calls: int
    seconds: float


def engine_waits(load: Load, calls: int, seed: int) -> Waits:
    """Let the engine serve the first so many callers of this load, and compare every wait."""
    began = time.monotonic()
    draws = Draws(load, seed)
    arrivals = list(islice(draws.arrivals, calls))
    talks = list(islice(draws.talks, calls))
    patiences = list(islice(draws.patiences, calls))
    offered = offered_waits(arrivals, talks, patiences, [0.0] * load.agents)
    queue = QueuePlan(
        id=QueueId("all"),
        label={},
        requirement=Requirement((Need(SkillId("all")),)),
        wrap_up_seconds=0.0,
    )
    agents = {f"{1000 + number}": {"all": 1} for number in range(load.agents)}
    callers = map(Caller, arrivals, talks, patiences)
    centre = VirtualCentre(plan_of([queue], agents), callers)
    centre.run()
    worst, disagreements = 0.0, calls - len(centre.visits)
    for number, visit in centre.visits.items():
        wait, patience = offered[number], patiences[number]
        disagreements += visit.answered is not (wait <= patience)
        worst = max(worst, abs(visit.wait_seconds - min(wait, patience)))
    return Waits(1e6 * worst, disagreements, time.monotonic() - began)


def recursion(load: Load, calls: int, seed: int) -> Recursion:
    """Put so many callers through the recursion."""
    began = time.monotonic()
    return Recursion(simulated(load, calls, seed), calls, time.monotonic() - began)


def errors_percent(load: Load, measured: Figures) -> dict[str, float]:
    """Return how far each measured figure is from theory, in percent of theory."""
    theory = figures_of(load)
    return {
        name: 100.0 * abs(found - wanted) / wanted
        for name, found, wanted in zip(Figures._fields, measured, theory, strict=True)
        if wanted > 0.0
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each load, then one line of JSON; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.erlang", description=__doc__)
    parser.add_argument("--engine-calls", type=int, default=ENGINE_CALLS)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    began = time.monotonic()
    with get_context("spawn").Pool(given.processes) as pool:
        recursions = [
            pool.apply_async(
                recursion,
                (
                    load,
                    given.calls,
                    given.seed,
                ),
            )
            for load in LOADS
        ]
        waits = [
            pool.apply_async(engine_waits, (load, given.engine_calls, given.seed)) for load in LOADS
        ]
        cases = [
            _case(load, one.get(), other.get(), given.engine_calls)
            for load, one, other in zip(LOADS, waits, recursions, strict=True)
        ]
    worst_percent = max(case.error_percent for case in cases)
    worst_us = max(case.wait_difference_us for case in cases)
    print(f"{time.monotonic() - began:.0f} s in {given.processes} processes")
    report = {
        "bench": "erlang",
        "worst_error_percent": worst_percent,
        "worst_wait_difference_us": worst_us,
        "cases": [case._asdict() for case in cases],
    }
    print(json.dumps(report))
    wrong = worst_percent > MOST_ERROR_PERCENT or worst_us > MOST_DIFFERENCE_US
    return int(wrong or any(case.disagreements for case in cases))


class Case(NamedTuple):
    """One load's line of the report."""

    formula: str
    agents: int
    erlangs: float
    patience_seconds: float | None
    engine_calls: int
    disagreements: int
    wait_difference_us: float
    recursion_calls: int
    p_wait: float
    asa_seconds: float
    service_level: float
    abandoned: float
    error_percent: float


def _case(load: Load, waits: Waits, run: Recursion, engine_calls: int) -> Case:
    """Print a load for people, and return its line of the report."""
    theory, errors = figures_of(load), errors_percent(load, run.figures)
    patient = load.patience_seconds == inf
    print(f"Erlang {'C' if patient else 'A'} {load}")
    print(
        f"  engine beside recursion: {engine_calls} calls, {waits.disagreements} disagreements, "
        f"worst difference {waits.worst_us:.6f} us ({waits.seconds:.0f} s)"
    )
    print(f"  recursion beside theory: {run.calls} calls ({run.seconds:.0f} s)")
    for name, error in errors.items():
        found, wanted = getattr(run.figures, name), getattr(theory, name)
        print(f"    {name:14} {found:10.4f} {wanted:10.4f}  {error:.2f} %", flush=True)
    figures = run.figures
    return Case(
        formula="C" if patient else "A",
        agents=load.agents,
        erlangs=load.erlangs,
        patience_seconds=None if patient else load.patience_seconds,
        engine_calls=engine_calls,
        disagreements=waits.disagreements,
        wait_difference_us=round(waits.worst_us, 6),
        recursion_calls=run.calls,
        p_wait=round(figures.p_wait, 5),
        asa_seconds=round(figures.asa_seconds, 3),
        service_level=round(figures.service_level, 5),
        abandoned=round(figures.abandoned, 5),
        error_percent=round(max(errors.values()), 3),
    )


if __name__ == "__main__":
    sys.exit(main())
