"""The virtual-time run itself: the same seed gives the same bytes, and a report people can read."""

import io
import os
import subprocess
import sys
from random import Random

import pytest

from acd.core.records import Outcome
from acd.sim.auditor.verdicts import Rule, Violation
from acd.sim.centre import QUEUES, build_plan
from acd.sim.faults import Faults
from acd.sim.run import START, Report, Wire, print_report, run

HOURS = 0.1

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))]


def printed(report: Report) -> str:
    out = io.StringIO()
    print_report(report, out)
    return out.getvalue()


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert run(5, HOURS) == run(5, HOURS)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    """The order of a set of texts differs from process to process; nothing may hang on it."""
    program = f"from acd.sim.run import run; print(run(5, {HOURS}, cuts=100).digest)"
    digests = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    ]
    assert digests == [run(5, HOURS, cuts=100).digest] * 2


def test_another_seed_gives_another_hour() -> None:
    assert run(5, HOURS).digest != run(6, HOURS).digest


def test_a_plan_of_ones_own_is_played() -> None:
    plan = build_plan(Random("another centre"))
    report = run(5, HOURS, plan=plan)
    assert report.agents == len(plan.agents)
    assert report.digest != run(5, HOURS).digest
    assert report.violations == ()


@pytest.mark.slow
def test_everything_that_can_happen_to_a_ring_happens() -> None:
    rings: set[str] = set()
    for seed in range(3):
        rings |= run(seed, 0.4).rings.keys()
    assert rings == {
        "connected",
        "busy",
        "declined",
        "no_answer",
        "unreachable",
        "cancelled",
        "caller_left",
    }


@pytest.mark.slow
def test_callers_end_as_callers_do() -> None:
    report = run(7, 0.6)
    assert report.outcomes.keys() == {
        Outcome.ANSWERED,
        Outcome.ABANDONED,
        Outcome.SHORT_ABANDONED,
        Outcome.LEFT_IN_MENU,
    }
    assert sum(report.outcomes.values()) == report.calls


@pytest.mark.parametrize(
    "latency_seconds", [0.008, *(pytest.param(each, marks=pytest.mark.slow) for each in (0, 1e-4))]
)
def test_the_rules_hold_however_slow_the_wire_is(latency_seconds: float) -> None:
    report = run(8, 0.3, latency_seconds=latency_seconds)
    assert report.violations == (), printed(report)


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_that_come_twice_change_nothing_that_counts(seed: int) -> None:
    report = run(seed, 0.3, faults=Faults(doubled=0.1))
    assert report.violations == (), printed(report)


@pytest.mark.parametrize("seed", SEEDS)
def test_forged_messages_are_refused_and_change_nothing(seed: int) -> None:
    forged = run(seed, 0.3, faults=Faults(forged=0.2))
    assert forged.violations == (), printed(forged)
    assert sum(forged.rejected.values()) > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_connections_break_no_rule(seed: int) -> None:
    """What arrived, rang, talked and left meanwhile is found out, and nobody is forgotten."""
    report = run(seed, 0.3, cuts=80)
    assert report.connections > 15
    assert report.violations == (), printed(report)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_engine_breaks_no_rule(seed: int) -> None:
    """Every minute the engine dies, and the next one has the store and the PBX to go by."""
    report = run(seed, HOURS * 3, kills=60)
    assert report.connections > 12
    assert report.violations == (), printed(report)
    assert report.outcomes["answered"] > 0


def test_a_connection_that_holds_is_made_once() -> None:
    assert run(5, HOURS).connections == 1


def test_what_is_written_arrives_later_and_in_order() -> None:
    wire = Wire(Random(1), 0.01)
    for number in range(200):
        wire.put([b"%d" % number], START + number * 0.001)
    assert [frame for _, frame in wire.arriving] == [b"%d" % number for number in range(200)]
    delays = [at - START - number * 0.001 for number, (at, _) in enumerate(wire.arriving)]
    assert all(0.0 <= delay < 0.011 for delay in delays)
    assert len({round(delay, 6) for delay in delays}) > 100


def test_every_seed_has_a_whole_centre() -> None:
    for seed in range(50):
        plan = build_plan(Random(seed))
        assert 20 <= len(plan.agents) <= 28
        for queue in plan.queues.values():
            fitting = [
                agent for agent in plan.agents.values() if queue.requirement.met_by(agent.skills)
            ]
            assert len(fitting) >= 2
        assert tuple(plan.queues) == QUEUES


def test_the_report_names_the_seed_and_what_was_broken() -> None:
    report = run(5, HOURS)
    text = printed(report)
    assert text.startswith("seed 5: 0.1 h, ")
    assert text.endswith("no violations with seed 5\n")
    violation = Violation(START, Rule.ORDER, "B before A", ("A waits", "B is rung for"))
    broken = Report(
        **{name: getattr(report, name) for name in report.__struct_fields__[:-1]},
        violations=(violation,),
    )
    assert "VIOLATION 1700000000.000000 order kept: B before A\n    A waits\n" in printed(broken)
    assert printed(broken).endswith("1 violation with seed 5\n")
