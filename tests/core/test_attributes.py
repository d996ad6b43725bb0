"""What is known of a caller: the value of an attribute, what it asks for and what it is worth."""

import msgspec

from acd.core.attributes import MOST_SHIFT_SECONDS, possible, shift_seconds, value_of
from acd.core.call import Call
from acd.core.ids import CallId, Language, PbxId, SkillId
from acd.core.plan import Need
from acd.core.queueplan import CallerValue
from tests.core.centre import Centre
from tests.core.queues import FAULT
from tests.plans import plan


def caller() -> Call:
    """Return a caller who speaks English and typed his customer number."""
    call = Call(CallId("main-1.1"), PbxId("main"), "0301234567", "100", 0.0)
    call.language = Language("en")
    call.attributes = {"customer": "gold", "ani": "forged"}
    return call


def test_what_is_built_in_comes_before_what_was_typed() -> None:
    names = ("language", "ani", "dnis", "customer", "unknown")
    values = [value_of(caller(), name) for name in names]
    assert values == ["en", "0301234567", "100", "gold", ""]


def test_values_add_up_and_are_bounded_both_ways() -> None:
    queue = plan().queues[FAULT]

    def shift(*seconds: float, priority: float = 0.0) -> float:
        values = tuple(
            CallerValue(attribute="customer", value="gold", seconds=each) for each in seconds
        )
        changed = msgspec.structs.replace(queue, caller_values=values, priority_seconds=priority)
        return shift_seconds(changed, caller())

    assert shift(30.0, 20.0, priority=5.0) == 55.0
    assert shift(3000.0, 3000.0) == MOST_SHIFT_SECONDS
    assert shift(-3000.0, -3000.0) == -MOST_SHIFT_SECONDS


def test_needs_for_skills_that_nobody_has_are_no_needs() -> None:
    floor = Centre(plan({"1001": {"fault": 3}})).engine.floor
    known, unknown = Need(SkillId("fault"), 9), Need(SkillId("language.eo"))
    assert possible(floor, (known, unknown)) == (known,)
