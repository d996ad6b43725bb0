"""The router's waits are those of a naive waiting line, and its yardsticks are right."""

from collections.abc import Iterator
from math import inf

import pytest

from acd.core.plan import Plan
from bench import erlang
from bench.theory import Load, erlang_a, erlang_c, offered_waits, simulated
from bench.virtual import Caller, VirtualCentre

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("load", erlang.LOADS, ids=str)
def test_every_wait_is_that_of_the_naive_line(load: Load) -> None:
    waits = erlang.engine_waits(load, calls=3_000, seed=7)
    assert waits.disagreements == 0
    assert waits.worst_us <= erlang.MOST_DIFFERENCE_US


def test_a_router_that_is_late_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents who lift half a millisecond late are seen: the comparison can fail."""

    def slow(plan: Plan, callers: Iterator[Caller]) -> VirtualCentre:
        return VirtualCentre(plan, callers, lift_seconds=0.0005)

    monkeypatch.setattr(erlang, "VirtualCentre", slow)
    assert erlang.engine_waits(Load(5, 4.0), calls=500, seed=7).worst_us > 100.0


def test_a_router_that_loses_a_caller_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(VirtualCentre):
        def _arrives(self, number: int, caller: Caller) -> None:
            if number != 17:
                super()._arrives(number, caller)

    monkeypatch.setattr(erlang, "VirtualCentre", Deaf)
    assert erlang.engine_waits(Load(5, 4.0), calls=200, seed=7).disagreements == 1


def test_the_check_value() -> None:
    """360 calls an hour of 240 s on 26 agents."""
    figures = erlang_c(Load(agents=26, erlangs=360 / 3600 * 240))
    assert figures.p_wait == pytest.approx(0.5967, abs=5e-5)
    assert figures.asa_seconds == pytest.approx(71.6, abs=0.05)
    assert figures.service_level == pytest.approx(0.495, abs=5e-4)


def test_erlang_c_with_one_agent_is_the_textbooks() -> None:
    """M/M/1: a caller waits with probability a, and a / (1 - a) talks in the mean."""
    figures = erlang_c(Load(agents=1, erlangs=0.6))
    assert figures.p_wait == pytest.approx(0.6)
    assert figures.asa_seconds == pytest.approx(0.6 / 0.4 * 240)


def test_erlang_a_with_endless_patience_is_erlang_c() -> None:
    patient = erlang_a(Load(agents=26, erlangs=24.0, patience_seconds=1e9))
    assert patient == pytest.approx(erlang_c(Load(agents=26, erlangs=24.0)), rel=1e-3, abs=1e-5)


def test_erlang_a_whose_patience_is_a_talk_is_a_poisson_house() -> None:
    """Patience as long as a talk: the calls in the house are as many as with endless agents."""
    figures = erlang_a(Load(agents=2, erlangs=1.0, patience_seconds=240.0))
    at_least_two = 1.0 - 2.0 / 2.718281828459045
    assert figures.p_wait == pytest.approx(at_least_two)


@pytest.mark.parametrize(
    "load", [Load(5, 4.0, 240.0, 120.0), Load(26, 30.0, 240.0, 180.0)], ids=str
)
def test_both_derivations_of_erlang_a_agree(load: Load) -> None:
    """Who is answered within a very long time, by the density, is who never left, by the chain."""
    figures = erlang_a(load._replace(within_seconds=3_000.0))
    assert figures.service_level == pytest.approx(1.0 - figures.abandoned, abs=1e-6)


def test_the_recursion_on_four_callers() -> None:
    """Two agents; the third caller waits, the fourth hangs up before his turn."""
    waits = offered_waits(
        arrivals=[0.0, 1.0, 2.0, 3.0],
        talks=[10.0, 20.0, 30.0, 40.0],
        patiences=[inf, inf, inf, 5.0],
        free_at=[0.0, 0.0],
    )
    assert waits == [0.0, 0.0, 8.0, 18.0]


@pytest.mark.slow
def test_the_recursion_comes_near_theory() -> None:
    """A short run of what `make proof-erlang` does with twenty million calls a load."""
    load = Load(5, 4.0)
    errors = erlang.errors_percent(load, simulated(load, 300_000, seed=1))
    assert max(errors.values()) < 5.0
