"""How fast time passes in a centre of 500 agents without a PBX: `make bench-sim`.

Talks of 240 s in the mean, wrap-up of 60 s ended by its cap, agents 90 % busy, three of six skills
each; a caller presses a key, waits in his room, is rung for and talks. What is timed is the engine
with everything that happens to it, once the centre has filled. The whole way from AMI's bytes and
back is `acd sim`'s.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from acd.core.ids import QueueId, SkillId
from acd.core.queueplan import Need, QueuePlan, Requirement
from acd.core.records import Activity
from bench.theory import Draws, Load
from bench.virtual import Caller, VirtualCentre, plan_of

AGENTS: Final = 500
KINDS: Final = 6
SKILLS_EACH: Final = 3
TALK_SECONDS: Final = 240.0
WRAP_UP_SECONDS: Final = 60.0
LIFT_SECONDS: Final = 3.0
OCCUPANCY: Final = 0.9
HOUR: Final = 3600.0


def centre(seed: int) -> VirtualCentre:
    """Return the centre at midnight, empty, with callers to come for ever."""
    kinds = [f"kind-{number}" for number in range(1, KINDS + 1)]
    queues = [
        QueuePlan(
            id=QueueId(kind),
            label={},
            requirement=Requirement((Need(SkillId(kind)),)),
            wrap_up_seconds=WRAP_UP_SECONDS,
        )
        for kind in kinds
    ]
    agents = {
        str(1000 + number): {kinds[(number + step) % KINDS]: 1 for step in range(SKILLS_EACH)}
        for number in range(AGENTS)
    }
    return VirtualCentre(plan_of(queues, agents), _callers(seed), lift_seconds=LIFT_SECONDS)


def _callers(seed: int) -> Iterator[Caller]:
    handled = TALK_SECONDS + WRAP_UP_SECONDS
    load = Load(AGENTS, OCCUPANCY * AGENTS * TALK_SECONDS / handled, TALK_SECONDS)
    draws, rng = Draws(load, seed), Random(f"{seed} kinds")
    for arrival, talk in zip(draws.arrivals, draws.talks, strict=False):
        yield Caller(arrival, talk, key=str(rng.randint(1, KINDS)))


def occupancy(busy: VirtualCentre) -> float:
    """Return the share of the agents who talk or wrap up just now."""
    agents = busy.engine.snapshot(busy.now).agents
    return sum(one.activity in (Activity.TALKING, Activity.WRAP_UP) for one in agents) / len(agents)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what was measured; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.sim", description=__doc__)
    parser.add_argument("--hours", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    busy = centre(given.seed)
    busy.run(until=HOUR)
    shares, seconds, cpu_seconds = [], 0.0, 0.0
    events, visits = busy.events, len(busy.visits)
    for minute in range(60 * given.hours):
        began, cpu_began = time.perf_counter(), time.process_time()
        busy.run(until=HOUR + 60.0 * (minute + 1))
        seconds += time.perf_counter() - began
        cpu_seconds += time.process_time() - cpu_began
        shares.append(occupancy(busy))
    events, visits = busy.events - events, len(busy.visits) - visits
    waits = [visit.wait_seconds for visit in busy.visits.values()]
    print(
        f"{AGENTS} agents, {100 * sum(shares) / len(shares):.0f} % busy; {visits} calls and "
        f"{events} events in {given.hours} h, worked off in {seconds:.1f} s "
        f"({cpu_seconds:.1f} s of CPU, {1e6 * cpu_seconds / events:.0f} us an event); "
        f"mean wait {sum(waits) / len(waits):.1f} s with {LIFT_SECONDS:g} s of ringing"
    )
    print(
        json.dumps(
            {"bench": "sim", "virtual_seconds_per_second": round(HOUR * given.hours / seconds)}
        )
    )


if __name__ == "__main__":
    main()
