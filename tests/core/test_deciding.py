"""Which way a call goes from a branch: the first whose conditions all hold."""

import pytest

from acd.core.deciding import decide
from acd.core.ids import NodeId, QueueId
from acd.core.plan import (
    AttributeIs,
    Branch,
    Case,
    Condition,
    HoursAre,
    LocalIncident,
    QueueIs,
)


class Known:
    """A caller from 0301234 whose postcode is 10115, at night, with three waiting in billing."""

    def __init__(self, postcode: str = "10115") -> None:
        self._attributes = {"ani": "0301234", "postcode": postcode}

    def value_of(self, attribute: str) -> str:
        return self._attributes.get(attribute, "")

    def is_open(self, hours: str) -> bool:
        return hours == "always"

    def waiting(self, queue: QueueId) -> int:
        return 3 if queue == "billing" else 0

    def estimate_seconds(self, queue: QueueId) -> float | None:
        return 90.0 if queue == "billing" else None

    def has_local_incident(self, queue: QueueId) -> bool:
        return queue == "fault"


BILLING, FAULT = QueueId("billing"), QueueId("fault")


def holds(*conditions: Condition, postcode: str = "10115") -> bool:
    """Whether the way with these conditions is taken."""
    case = Case(conditions, NodeId("there"))
    return (
        decide(Branch(id=NodeId("b"), cases=(case,), next=NodeId("on")), Known(postcode)) == "there"
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (HoursAre("always", True), True),
        (HoursAre("always", False), False),
        (HoursAre("office", False), True),
        (AttributeIs("postcode", ("20095", "10115")), True),
        (AttributeIs("postcode", ("101",)), False),
        (AttributeIs("postcode", ("101*",)), True),
        (AttributeIs("postcode", ("*",)), True),
        (AttributeIs("contract", ("",)), True),
        (AttributeIs("contract", ("1*",)), False),
        (QueueIs(BILLING, waiting=3), True),
        (QueueIs(BILLING, waiting=4), False),
        (QueueIs(BILLING, over_seconds=60.0), True),
        (QueueIs(BILLING, over_seconds=90.0), False),
        (QueueIs(BILLING, waiting=4, over_seconds=60.0), False),
        (QueueIs(FAULT, over_seconds=0.0), False),
    ],
)
def test_a_condition_holds_or_not(condition: Condition, expected: bool) -> None:
    assert holds(condition) is expected


def test_a_postcode_is_asked_for_once_and_while_an_incident_hangs_on_it() -> None:
    assert holds(LocalIncident(FAULT), postcode="")
    assert not holds(LocalIncident(FAULT))
    assert not holds(LocalIncident(BILLING), postcode="")


def test_all_conditions_of_a_way_must_hold() -> None:
    assert holds(HoursAre("office", False), QueueIs(BILLING, waiting=1))
    assert not holds(HoursAre("office", False), QueueIs(BILLING, waiting=9))


def test_the_first_way_that_holds_is_taken() -> None:
    cases = (
        Case((HoursAre("office", True),), NodeId("first")),
        Case((HoursAre("always", True),), NodeId("second")),
        Case((HoursAre("always", True),), NodeId("third")),
    )
    assert decide(Branch(id=NodeId("b"), cases=cases, next=NodeId("on")), Known()) == "second"
