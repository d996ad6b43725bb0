"""What a second skill is worth: `make docs-pooling` draws docs/pooling.svg.

Six kinds of calls, five agents for each, Poisson arrivals, exponential talks of 240 s, no wrap-up,
on the real engine. Agents who can do one kind only are six small centres; agents who can do all are
one large one, and for these two Erlang C is drawn beside. Agents with two kinds, in a chain (1 and
2, 2 and 3, ..., 6 and 1), come close to the large one at a fraction of the training: what
Wallace and Whitt (2005) showed for call centres, and Jordan and Graves (1995) for factories.
"""

import sys
from collections.abc import Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final

from acd.core.ids import QueueId, SkillId
from acd.core.queueplan import Need, QueuePlan, Requirement
from bench.chart import Chart, Series
from bench.theory import Draws, Load, erlang_c
from bench.virtual import Caller, VirtualCentre, plan_of

KINDS: Final = 6
AGENTS_OF_A_KIND: Final = 5
TALK_SECONDS: Final = 240.0
OCCUPANCIES: Final = (0.70, 0.75, 0.80, 0.84, 0.88, 0.90, 0.92, 0.94)
CALLS: Final = 40_000
WARM_UP_PERCENT: Final = 4
"""So many more callers come first and are not counted: they find the house empty."""


def mean_wait_seconds(
    skills_each: int, occupancy: float, calls: int = CALLS, seed: int = 1
) -> float:
    """Return the mean wait of all callers when each agent can do so many of the kinds."""
    load = Load(KINDS * AGENTS_OF_A_KIND, occupancy * KINDS * AGENTS_OF_A_KIND, TALK_SECONDS)
    kinds = [f"kind-{number}" for number in range(1, KINDS + 1)]
    queues = [
        QueuePlan(
            id=QueueId(kind),
            label={},
            requirement=Requirement((Need(SkillId(kind)),)),
            wrap_up_seconds=0.0,
        )
        for kind in kinds
    ]
    agents = {
        f"{1000 + number}": {kinds[(number + step) % KINDS]: 1 for step in range(skills_each)}
        for number in range(load.agents)
    }
    warm_up = calls * WARM_UP_PERCENT // 100
    callers = islice(_callers(load, seed), warm_up + calls)
    centre = VirtualCentre(plan_of(queues, agents), callers)
    centre.run()
    return sum(centre.visits[warm_up + number].wait_seconds for number in range(calls)) / calls


def _callers(load: Load, seed: int) -> Iterator[Caller]:
    """The same callers for every centre: each of a kind drawn at random."""
    draws, rng = Draws(load, seed), Random(f"{seed} kinds")
    for arrival, talk in zip(draws.arrivals, draws.talks, strict=False):
        yield Caller(arrival, talk, key=str(rng.randint(1, KINDS)))


def chart(processes: int = 2) -> Chart:
    """Measure every point and put them into one picture."""
    centres = (
        ("one skill each", 1, "#c0392b"),
        ("two skills each, in a chain", 2, "#1f6fb2"),
        ("all six skills each", KINDS, "#1e8449"),
    )
    tasks = [(skills, occupancy) for _, skills, _ in centres for occupancy in OCCUPANCIES]
    with get_context("spawn").Pool(processes) as pool:
        waits = dict(zip(tasks, pool.starmap(mean_wait_seconds, tasks, 1), strict=True))
    measured = [
        Series(
            name,
            colour,
            [(100.0 * occupancy, waits[skills, occupancy]) for occupancy in OCCUPANCIES],
        )
        for name, skills, colour in centres
    ]
    return Chart(
        title="What a second skill is worth",
        subtitle=f"{KINDS} kinds of calls, {KINDS * AGENTS_OF_A_KIND} agents, talks of "
        f"{TALK_SECONDS:g} s, {CALLS:,} calls a point on acd's engine",
        x_title="occupancy of the agents (%)",
        y_title="mean wait of all callers (s)",
        x_range=(69.0, 95.0),
        y_range=(0.0, 400.0),
        series=[
            _theory("Erlang C: five agents", AGENTS_OF_A_KIND, "#c0392b"),
            _theory("Erlang C: thirty agents", KINDS * AGENTS_OF_A_KIND, "#1e8449"),
            *measured,
        ],
    )


def _theory(name: str, agents: int, colour: str) -> Series:
    points = []
    for step in range(97):
        occupancy = 0.70 + 0.0025 * step
        load = Load(agents, occupancy * agents, TALK_SECONDS)
        points.append((100.0 * occupancy, erlang_c(load).asa_seconds))
    return Series(name, colour, points, dashed=True)


def main() -> None:
    """Draw the picture into the file that is named."""
    drawn = chart()
    for series in drawn.series:
        if not series.dashed:
            points = "  ".join(f"{x:.0f} %: {y:.1f} s" for x, y in series.points)
            print(f"{series.name}: {points}")
    Path(sys.argv[1]).write_text(drawn.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
