"""How a ring ended, from everything a PBX has said of the leg."""

import pytest

from acd.ami.channels import Leg
from acd.ami.outcomes import TIME_RAN_OUT, outcome_of
from acd.core.events import RingOutcome
from acd.core.ids import CallId, OfferId


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"cause": 17}, RingOutcome.BUSY),
        ({"cause": 21, "ringing": True}, RingOutcome.DECLINED),
        ({"cause": 19, "reason": 0}, RingOutcome.DECLINED),
        ({"cause": 19, "reason": TIME_RAN_OUT}, RingOutcome.UNREACHABLE),
        ({"cause": 19, "reason": TIME_RAN_OUT, "ringing": True}, RingOutcome.NO_ANSWER),
        ({"cause": 0, "reason": TIME_RAN_OUT, "ringing": True}, RingOutcome.NO_ANSWER),
        ({"cause": 38}, RingOutcome.UNREACHABLE),
        ({"cause": 38, "ringing": True}, RingOutcome.DECLINED),
        ({"cause": 17, "cancelled": True}, RingOutcome.CANCELLED),
        ({}, RingOutcome.UNREACHABLE),
    ],
)
def test_what_a_ring_came_to(said: dict[str, object], outcome: RingOutcome) -> None:
    leg = Leg(OfferId("acd-x"), CallId("main-1.1"))
    for name, value in said.items():
        setattr(leg, name, value)
    assert outcome_of(leg) is outcome
