"""Hours in which much goes wrong at once, drawn by their seed, and what nobody could get right.

Shared by the tests and by ``make soak``.
"""

from random import Random
from typing import Final, NamedTuple

from acd.sim.auditor.scene import Tolerances
from acd.sim.auditor.verdicts import Rule
from acd.sim.faults import Faults
from acd.sim.run import Report, run

RECONCILE_SECONDS: Final = 10.0

PATIENT: Final = Tolerances(
    propagation_seconds=30.0, dispatch_seconds=30.0, ring_seconds=30.0, unseen_seconds=12.0
)
"""Nobody is stuck for longer: a round of reading the PBX, its grace, and a second round."""

UNKNOWABLE: Final = frozenset(
    {Rule.TRUE_OUTCOME, Rule.LONGEST_IDLE, Rule.WRAP_UP, Rule.ORDER, Rule.IN_ROOM}
)
"""A talk of which one end was not told and which is over before the next reading is known to
nobody: its caller is booked as one who left, its agent has no wrap-up and does not stand behind
those who were idle. Events in the wrong order show the engine a caller in his room, or out of it,
who is not."""

MOST_WRONG_OUTCOMES: Final = 0.02
"""Of all calls, where one event in a hundred is lost."""


class Trouble(NamedTuple):
    """What goes wrong in an hour."""

    faults: Faults
    cuts: int
    kills: int


def trouble_of(seed: int) -> Trouble:
    """Draw it; one hour in four has each kind of it alone, or none."""
    rng = Random(f"{seed} trouble")

    def share() -> float:
        return rng.choice((0.0, 0.01))

    faults = Faults(lost=share(), doubled=share(), reordered=share(), late=share(), forged=share())
    return Trouble(faults, rng.choice((0, 10, 40)), rng.choice((0, 10, 40)))


def play(seed: int, hours: float) -> Report:
    """Play the hours of this seed with its trouble."""
    trouble = trouble_of(seed)
    return run(
        seed,
        hours,
        faults=trouble.faults,
        cuts=trouble.cuts,
        kills=trouble.kills,
        reconcile_seconds=RECONCILE_SECONDS,
        tolerances=PATIENT,
    )


def broken(report: Report) -> list[str]:
    """Return what broke that could have been got right."""
    found = [str(each) for each in report.violations if each.rule not in UNKNOWABLE]
    wrong = [str(each) for each in report.violations if each.rule is Rule.TRUE_OUTCOME]
    if len(wrong) > max(3, MOST_WRONG_OUTCOMES * report.calls):
        found += wrong
    return found
