"""Erlang's formulas, and the same waiting line as a recursion of a few lines.

Both are yardsticks for the router and share no code with it, nor with each other. A load is one
skill, Poisson arrivals, exponential talks without wrap-up, first come first served; with Erlang A
a caller's patience is exponential too. Time is in seconds, loads in erlangs.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapreplace
from itertools import accumulate, islice, repeat
from math import exp, expm1, inf, log
from operator import mul
from random import Random
from typing import Final, NamedTuple

PIECE: Final = 100_000
"""How many calls of a long run are in memory at a time."""


class Load(NamedTuple):
    """One waiting line; without a ``patience_seconds`` nobody hangs up."""

    agents: int
    erlangs: float
    talk_seconds: float = 240.0
    patience_seconds: float = inf
    within_seconds: float = 20.0
    """What the service level asks for."""

    @property
    def calls_per_second(self) -> float:
        """How many call in."""
        return self.erlangs / self.talk_seconds

    def __str__(self) -> str:
        patience = self.patience_seconds
        return f"a={self.erlangs:g} c={self.agents}" + (
            f" patience={patience:g}s" if patience < inf else ""
        )


class Figures(NamedTuple):
    """What comes of a load."""

    p_wait: float
    """The share who find every agent busy."""
    asa_seconds: float
    """The mean wait of the answered."""
    service_level: float
    """Answered within the load's ``within_seconds``, of all offered."""
    abandoned: float
    """The share who hung up."""


def erlang_c(load: Load) -> Figures:
    """Return the figures of a line nobody leaves; the agents must be more than the erlangs."""
    a, c = load.erlangs, load.agents
    assert a < c, f"{load}: the line grows for ever"
    blocked = 1.0
    for k in range(1, c + 1):
        blocked = a * blocked / (k + a * blocked)  # Erlang B, which does not overflow.
    p_wait = blocked / (1.0 - (a / c) * (1.0 - blocked))
    spare = (c - a) / load.talk_seconds
    return Figures(p_wait, p_wait / spare, 1.0 - p_wait * exp(-spare * load.within_seconds), 0.0)


def erlang_a(load: Load) -> Figures:
    """Return the figures of a line with patience.

    Who waits and who leaves comes from the birth-death chain of the calls in the house; how long
    the answered waited from the density of the wait that is offered (``_offered_wait_density``).
    """
    c, arrival = load.agents, load.calls_per_second
    service, leaving = 1.0 / load.talk_seconds, 1.0 / load.patience_seconds
    weights = [1.0]
    while len(weights) <= c or weights[-1] > 1e-18 * max(weights):
        k = len(weights)
        weights.append(weights[-1] * arrival / (min(k, c) * service + max(k - c, 0) * leaving))
    total = sum(weights)
    p_wait = sum(weights[c:]) / total
    waiting = sum((k - c) * weight for k, weight in enumerate(weights) if k > c) / total
    abandoned = leaving * waiting / arrival

    def served(x: float) -> float:
        return exp(-leaving * x) * _offered_wait_density(load, weights[c - 1] / total, x)

    far = load.within_seconds
    while served(far) > 1e-18 * served(0.0):
        far *= 1.5
    asa = _integral(lambda x: x * served(x), far, 40_000) / (1.0 - abandoned)
    within = 1.0 - p_wait + _integral(served, load.within_seconds, 2_000)
    return Figures(p_wait, asa, within, abandoned)


def _offered_wait_density(load: Load, one_free: float, x: float) -> float:
    """The density at ``x`` of the wait a caller is offered, whether or not he stays for it.

    Baccelli and Hebuterne's, for exponential patience; ``one_free`` is the probability that just
    one agent is free.
    """
    arrival, patience = load.calls_per_second, load.patience_seconds
    stayed = -expm1(-x / patience) * patience
    return one_free * arrival * exp(arrival * stayed - x * load.agents / load.talk_seconds)


def _integral(f: Callable[[float], float], end: float, steps: int) -> float:
    """Simpson's rule from 0 to ``end``; ``steps`` is even."""
    h = end / steps
    odd = sum(f(h * k) for k in range(1, steps, 2))
    even = sum(f(h * k) for k in range(2, steps, 2))
    return (f(0.0) + 4.0 * odd + 2.0 * even + f(end)) * h / 3.0


def figures_of(load: Load) -> Figures:
    """Return Erlang's figures of the load, A where callers have patience, else C."""
    return erlang_a(load) if load.patience_seconds < inf else erlang_c(load)


class Draws:
    """A load's callers from a seed: three streams without end, in seconds."""

    def __init__(self, load: Load, seed: int) -> None:
        self.arrivals = accumulate(_exponential(f"{seed} arrivals", 1.0 / load.calls_per_second))
        self.talks = _exponential(f"{seed} talks", load.talk_seconds)
        self.patiences = (
            _exponential(f"{seed} patiences", load.patience_seconds)
            if load.patience_seconds < inf
            else repeat(inf)
        )


def _exponential(seed: str, mean: float) -> Iterator[float]:
    # All in C: this is half of what a long run costs. A logarithm of 0 is left out.
    uniform = filter(None, iter(Random(seed).random, -1.0))
    return map(mul, map(log, uniform), repeat(-mean))


def offered_waits(
    arrivals: Iterable[float],
    talks: Iterable[float],
    patiences: Iterable[float],
    free_at: list[float],
) -> list[float]:
    """Return the wait that each caller is offered, first come first served.

    A caller whose patience is shorter hangs up when it is over and takes nobody's time. ``free_at``
    is a heap of when each agent is free next; it is brought up to date, so that a long run can be
    cut into pieces.
    """
    waits: list[float] = []
    add = waits.append
    for arrival, talk, patience in zip(arrivals, talks, patiences, strict=False):
        begins = free_at[0]
        if begins <= arrival:
            add(0.0)
            heapreplace(free_at, arrival + talk)
        else:
            wait = begins - arrival
            add(wait)
            if wait <= patience:
                heapreplace(free_at, begins + talk)
    return waits


def simulated(load: Load, calls: int, seed: int) -> Figures:
    """Return the figures of so many calls through the recursion, from a house that is empty."""
    draws, free_at = Draws(load, seed), [0.0] * load.agents
    waited = answered = within = 0
    seconds = 0.0
    for begin in range(0, calls, PIECE):
        size = min(PIECE, calls - begin)
        patiences = list(islice(draws.patiences, size))
        waits = offered_waits(
            islice(draws.arrivals, size), islice(draws.talks, size), patiences, free_at
        )
        waited += size - waits.count(0.0)
        if load.patience_seconds < inf:
            waits = [
                wait for wait, patience in zip(waits, patiences, strict=True) if wait <= patience
            ]
        answered += len(waits)
        seconds += sum(waits)
        within += len([wait for wait in waits if wait <= load.within_seconds])
    return Figures(waited / calls, seconds / answered, within / calls, 1.0 - answered / calls)
