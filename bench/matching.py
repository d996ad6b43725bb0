"""What one event costs the router in a very large centre: `make bench-matching`.

10,000 waiting calls, 2,000 agents, 64 skills, 100 queues, and beside them a centre a tenth and one
ten times as large in all four. A harder one is shown as well, ten times as large with no more than
the same 64 skills: ten times as many agents can then serve each call. Half of the queues are short
of agents: there calls wait, ask for less as time goes on, and whoever becomes free is given the one
that is due first. In the other half agents are idle, and each call is a choice among them by the
queue's strategy; all strategies are in use. Three kinds of event are timed: a call comes to its
queue, an agent becomes free, a relaxation falls due. Everything that follows within the engine is
part of each.

Microseconds are this process's CPU time, so that what else runs on the machine does not count; and
growth is that of the cost beside a fixed loop's, so that a processor that slows down meanwhile does
not count either.
Collections are set as the daemon sets them (`acd.daemon.run`): frozen once the centre exists,
before the first call, and then enabled.
"""

import argparse
import gc
import json
import time
import tracemalloc
from collections.abc import Sequence
from math import log10
from random import Random
from statistics import fmean, median
from typing import Final, NamedTuple

from acd.core.commands import CancelRing, Command, RingAgent
from acd.core.engine import Engine
from acd.core.events import (
    AgentRequested,
    CallerHungUp,
    CallFoundWaiting,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    PbxLive,
    RingOutcome,
    Tick,
)
from acd.core.ids import AgentId, CallId, Language, OfferId, PbxId, QueueId, RequestId, SkillId
from acd.core.place import Place
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import Need, QueuePlan, Relaxation, Requirement, Strategy
from acd.core.records import Record
from acd.core.tokens import Tokens
from bench.virtual import plan_of

PBX: Final = PbxId("main")
WAITING: Final = 10_000
AGENTS: Final = 2_000
QUEUES: Final = 100
SKILLS: Final = 64
FEWEST_SUBJECTS: Final = 6
"""Of each half: an agent knows up to so many."""
LANGUAGES: Final = 4
"""Of the skills; every call asks for one of them besides what its queue asks for."""
WAIT_SECONDS: Final = 300.0
"""About how long a call waits: the steps of its queue fall due meanwhile."""
RING_ALL_AGENTS: Final = 8
"""A queue that rings all rings about so many; the size of such a group does not grow."""

QUEUED, FREED, DUE, ALL = "call queued", "agent free", "step due", "all"
PACE: Final = "fixed loop"
PACE_STEPS: Final = 5_000
PACED_TURNS: Final = 20


class Size(NamedTuple):
    """How large a centre is."""

    waiting: int
    agents: int
    queues: int
    skills: int

    @classmethod
    def of(cls, times: float, skills: int | None = None) -> "Size":
        """Return the size that is so many times the one in question; ``skills`` if they are not."""
        most = max(LANGUAGES + 2 * FEWEST_SUBJECTS, int(SKILLS * times))
        return cls(int(WAITING * times), int(AGENTS * times), int(QUEUES * times), skills or most)


Graded = dict[str, int]


class Half(NamedTuple):
    """The short or the idle half of a centre: its own skills, agents and queues."""

    subjects: list[str]
    agents: dict[str, Graded]
    queues: list[QueuePlan]


# -- the plan --------------------------------------------------------------------------------------


def build_half(name: str, size: Size, rng: Random) -> Half:
    """Draw half of a centre's agents and queues."""
    subjects = [f"{name}-{number}" for number in range((size.skills - LANGUAGES) // 2)]
    agents = {
        f"{name}-{number}": {
            **{skill: rng.randint(1, 10) for skill in rng.sample(subjects, rng.randint(3, 6))},
            **{f"language-{one}": 5 for one in rng.sample(range(LANGUAGES), rng.randint(1, 2))},
        }
        for number in range(size.agents // 2)
    }
    strategies = list(Strategy)
    queues = [
        _queue(f"{name}-{number}", strategies[number % len(strategies)], subjects, agents, rng)
        for number in range(size.queues // 2)
    ]
    return Half(subjects, agents, queues)


def _queue(
    name: str, strategy: Strategy, subjects: list[str], agents: dict[str, Graded], rng: Random
) -> QueuePlan:
    requirement = _requirement(subjects, rng)
    relaxations: tuple[Relaxation, ...] = _relaxations(requirement)
    if strategy is Strategy.RING_ALL:
        requirement, relaxations = _narrow(subjects, agents, rng), ()
    some = rng.sample(sorted(agents), min(10, len(agents)))
    return QueuePlan(
        id=QueueId(name),
        label={},
        requirement=requirement,
        relaxations=relaxations,
        target_seconds=rng.choice((10.0, 20.0, 60.0)),
        strategy=strategy,
        agent_order=tuple(AgentId(agent) for agent in some),
        agent_weights={AgentId(agent): 3.0 for agent in some},
        wrap_up_seconds=0.0,
    )


def _requirement(subjects: list[str], rng: Random) -> Requirement:
    """One skill mostly, two of two, or one of two, at one of four grades."""
    first, second = sorted(rng.sample(subjects, 2))
    grade = rng.choice((1, 3, 5, 8))
    both = (Need(SkillId(first), grade), Need(SkillId(second), grade))
    kind = rng.random()
    if kind < 0.6:
        return Requirement(both[:1])
    return Requirement(both) if kind < 0.9 else Requirement((), both)


def _relaxations(requirement: Requirement) -> tuple[Relaxation, ...]:
    """After a minute any grade does, after two any one of the skills in any language."""
    needs = [Need(need.skill) for need in (*requirement.all_of, *requirement.any_of)]
    lower = Requirement(
        tuple(Need(need.skill) for need in requirement.all_of),
        tuple(Need(need.skill) for need in requirement.any_of),
    )
    return (
        Relaxation(after_seconds=60.0, requirement=lower),
        Relaxation(
            after_seconds=120.0,
            requirement=Requirement((), tuple(needs)),
            keeps_extra_needs=False,
        ),
    )


def _narrow(subjects: list[str], agents: dict[str, Graded], rng: Random) -> Requirement:
    """A need that about RING_ALL_AGENTS agents satisfy, whatever the size of the centre."""
    first, second = sorted(rng.sample(subjects, 2))
    found = Requirement((Need(SkillId(first)),))
    most = RING_ALL_AGENTS * 2
    for skills in ((first,), (first, second)):
        for grade in range(1, 11):
            found = Requirement(tuple(Need(SkillId(skill), grade) for skill in skills))
            fitting = sum(
                all(graded.get(skill, 0) >= grade for skill in skills) for graded in agents.values()
            )
            if fitting <= most:
                return found
    return found


# -- the centre under way --------------------------------------------------------------------------


class Talk(NamedTuple):
    """A talk under way."""

    offer: OfferId
    call: CallId


class Centre:
    """An engine, the people around it, and what each kind of event has cost."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.rng = Random(f"{seed} {size}")
        self.short, self.idle = (build_half(name, size, self.rng) for name in ("short", "idle"))
        self.plan: Plan = plan_of(
            [*self.short.queues, *self.idle.queues], {**self.short.agents, **self.idle.agents}
        )
        self.now = 0.0
        self.calls = 0
        self.waiting = 0
        self.costs: dict[str, list[float]] = {QUEUED: [], FREED: [], DUE: []}
        """Microseconds of each event since ``costs`` was last cleared."""
        self.talks: dict[str, list[Talk]] = {"short": [], "idle": []}
        self.engine = Engine(self.plan, Tokens(b"0123456789abcdef").next, self.now)
        self._feed(PbxLive(PBX))
        for agent in self.plan.agents:
            self._feed(AgentRequested(RequestId(0), agent, AgentAction.LOG_IN))

    def fill(self) -> None:
        """Let calls come until so many wait, and about half of the idle half's agents talk."""
        for _ in range(len(self.idle.agents) // 2):
            self.call_comes(self.idle)
        while self.waiting < self.size.waiting:
            self.pass_time()
            self.call_comes(self.short)

    def turn(self) -> None:
        """Let one call come and one agent become free in each half, and time pass."""
        for half in (self.short, self.idle):
            self.pass_time()
            self.agent_hangs_up(half)
            self.call_comes(half)

    def pass_time(self) -> None:
        """Go on by as much as makes a call wait for WAIT_SECONDS, and do what falls due."""
        end = self.now + WAIT_SECONDS / self.size.waiting
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self._settle(self._timed(DUE, Tick()))
        self.now = end

    def call_comes(self, half: Half) -> None:
        """A caller stands in the waiting room of one of the half's queues."""
        self.calls += 1
        self.waiting += 1
        place = Place(
            queue=self.rng.choice(half.queues).id,
            queued_at=self.now,
            entered_at=self.now,
            due_at=self.now + self.rng.choice((10.0, 20.0, 60.0)),
            option="1",
            language=Language("en"),
            dnis=f"0800{self.calls % 100:03d}",
            needs=(Need(SkillId(f"language-{self.rng.randrange(LANGUAGES)}")),),
        )
        call = CallId(f"main-1700000000.{self.calls}")
        event = CallFoundWaiting(call, PBX, f"030{self.calls:07d}", place)
        self._settle(self._timed(QUEUED, event))

    def agent_hangs_up(self, half: Half) -> None:
        """One of the half's agents, any, ends his talk and is free when his phone has hung up."""
        talks = self.talks["short" if half is self.short else "idle"]
        if not talks:
            return
        chosen = self.rng.randrange(len(talks))
        talks[chosen], talks[-1] = talks[-1], talks[chosen]
        talk = talks.pop()
        self._feed(LegLeftTalk(talk.offer))
        self._settle(self._timed(FREED, LegEnded(talk.offer)))
        self._feed(CallerHungUp(talk.call))

    def _timed(self, kind: str, event: Event) -> list[Command | Record]:
        began = time.process_time_ns()
        outputs = self.engine.handle(event, self.now)
        self.costs[kind].append((time.process_time_ns() - began) / 1000)
        return outputs

    def _settle(self, outputs: list[Command | Record]) -> None:
        """Whoever is rung first for a call answers at once; the others' phones fall silent."""
        rings = [one for one in outputs if isinstance(one, RingAgent)]
        answered: set[CallId] = set()
        for ring in rings:
            if ring.call not in answered:
                answered.add(ring.call)
                self.waiting -= 1
                self.talks[ring.agent.partition("-")[0]].append(Talk(ring.offer, ring.call))
                self._feed(LegRinging(ring.offer), LegAnswered(ring.offer))
                for other in self._feed(LegConnected(ring.offer)):
                    if isinstance(other, CancelRing):
                        self._settle(self._feed(LegFailed(other.offer, RingOutcome.CANCELLED)))

    def _feed(self, *events: Event) -> list[Command | Record]:
        outputs: list[Command | Record] = []
        for event in events:
            outputs += self.engine.handle(event, self.now)
        return outputs


# -- what is measured ------------------------------------------------------------------------------


class Cost(NamedTuple):
    """Microseconds of the timed events of one centre."""

    median_us: float
    mean_us: float
    p99_us: float
    worst_us: float

    @classmethod
    def of(cls, microseconds: Sequence[float]) -> "Cost":
        """Return the figures of these."""
        ordered = sorted(microseconds)
        p99 = ordered[int(0.99 * len(ordered))]
        return cls(median(ordered), fmean(ordered), p99, ordered[-1])


def measure(size: Size, turns: int, seed: int) -> dict[str, Cost]:
    """Print and return what each kind of event, and all together, cost in such a centre."""
    began = time.monotonic()
    centre = Centre(size, seed)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    gc.enable()
    centre.fill()
    for _ in range(turns // 4):
        centre.turn()
    for costs in centre.costs.values():
        costs.clear()
    filled = time.monotonic()
    paces = []
    for number in range(turns):
        centre.turn()
        if number % PACED_TURNS == 0:
            paces.append(pace_us())
    gc.unfreeze()
    print(
        f"{size.waiting} waiting, {size.agents} agents, {size.skills} skills, "
        f"{size.queues} queues: "
        f"filled in {filled - began:.0f} s, {turns} turns in {time.monotonic() - filled:.0f} s"
    )
    found = {kind: Cost.of(costs) for kind, costs in centre.costs.items()}
    found[ALL] = Cost.of([cost for costs in centre.costs.values() for cost in costs])
    found[PACE] = Cost.of(paces)
    for kind, cost in found.items():
        print(
            f"  {kind:12} median {cost.median_us:6.1f}  mean {cost.mean_us:6.1f}  "
            f"p99 {cost.p99_us:7.1f}  worst {cost.worst_us:8.1f} us",
            flush=True,
        )
    return found


def pace_us() -> float:
    """Return what a fixed piece of work costs just now: the pace changes by the minute."""
    began = time.process_time_ns()
    count = 0
    while count < PACE_STEPS:
        count += 1
    return (time.process_time_ns() - began) / 1000


def growth(smaller: dict[str, Cost], larger: dict[str, Cost]) -> float:
    """Return how many times the mean cost is that of the smaller centre; each kind counts alike.

    Costs are those at one pace of the processor.
    """

    def cost(found: dict[str, Cost]) -> float:
        return sum(found[kind].mean_us for kind in (QUEUED, FREED, DUE)) / found[PACE].median_us

    return cost(larger) / cost(smaller)


def bytes_per_waiting_call(size: Size, seed: int) -> float:
    """Return what a waiting call holds in memory, the strings it came with included."""
    centre = Centre(size, seed)
    while len(centre.talks["short"]) < len(centre.short.agents) * 0.9:
        centre.call_comes(centre.short)
    before_waiting = centre.waiting
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for costs in centre.costs.values():
        costs.clear()
    while centre.waiting - before_waiting < size.waiting:
        centre.pass_time()
        centre.call_comes(centre.short)
    for costs in centre.costs.values():
        costs.clear()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / (centre.waiting - before_waiting)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all sizes and print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching", description=__doc__)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--beside",
        type=float,
        nargs="*",
        default=[0.1, 10.0],
        help="sizes beside the one in question, as multiples of it",
    )
    given = parser.parse_args(arguments)
    multiples = sorted({1.0, *given.beside})
    costs = [measure(Size.of(times), given.turns, given.seed) for times in multiples]
    # The worst step counts; one that is not of ten times is put as if it were.
    steps = [
        growth(costs[k], costs[k + 1]) ** (1.0 / log10(multiples[k + 1] / multiples[k]))
        for k in range(len(multiples) - 1)
    ]
    asked = costs[multiples.index(1.0)][ALL]
    most = Size.of(multiples[-1], SKILLS)
    if most.skills < Size.of(multiples[-1]).skills:
        harder = growth(costs[multiples.index(1.0)], measure(most, given.turns, given.seed))
        print(f"  with {SKILLS} skills still: {harder:.2f} times the cost of the one in question")
    print(
        json.dumps(
            {
                "bench": "matching",
                "waiting": WAITING,
                "agents": AGENTS,
                "median_us": round(asked.median_us, 1),
                "p99_us": round(asked.p99_us, 1),
                "growth_per_10x": round(max(steps, default=1.0), 2),
                "bytes_per_waiting_call": round(bytes_per_waiting_call(Size.of(1), given.seed)),
            }
        )
    )


if __name__ == "__main__":
    main()
