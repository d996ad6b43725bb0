"""How a ring ended, from what the PBX has said of the agent's leg. Pure.

Theory (DESIGN.md, rings; tests/recordings): cause 17 busy; 21 declined; 19 depends on the
Originate's reason: 3, our time ran out, is no answer when RINGING was seen and unreachable when
not; any other is a phone's own 480 (do not disturb), declined. 0 with reason 3 is Asterisk 22
before 22.8, which does not set 19 when our time ran out. 26 or 0 after our cancel is cancelled, and
so is a ring that the PBX ends because it is stopped; no channel at all, or any other cause,
unreachable, but declined when it had rung.

It must not know what comes of it.
"""

from typing import Final

from acd.ami.channels import Leg
from acd.core.events import RingOutcome

TIME_RAN_OUT: Final = 3
"""OriginateResponse's Reason when the Timeout of the Originate was over (AST_CONTROL_RINGING)."""


def outcome_of(leg: Leg) -> RingOutcome:
    """Return the outcome of a leg that is gone and never talked."""
    if leg.cancelled:
        return RingOutcome.CANCELLED
    if leg.cause == 17:
        return RingOutcome.BUSY
    if leg.cause == 21 or (leg.cause == 19 and leg.reason not in (TIME_RAN_OUT, None)):
        return RingOutcome.DECLINED
    ran_out = leg.cause in (19, None) or (leg.cause == 0 and leg.reason == TIME_RAN_OUT)
    if ran_out and leg.ringing:
        return RingOutcome.NO_ANSWER
    # A phone that rang can be reached, whoever ended the ring.
    return RingOutcome.DECLINED if leg.ringing else RingOutcome.UNREACHABLE
