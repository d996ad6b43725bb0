"""What a scrape asks of the engine: a little at a time, and the same in the end."""

from msgspec.structs import replace

from acd.census import taken
from acd.core.events import PlanReplaced
from acd.core.ids import QueueId
from acd.core.plan import Plan
from acd.core.records import Activity, Census, Presence
from tests.core.centre import Centre
from tests.core.queues import FAULT, talked
from tests.plans import plan

ONE = {"1001": {"fault": 1}}


def house(queues: int) -> Plan:
    """A plan with so many queues of the same kind."""
    before = plan(ONE)
    names = [FAULT, *(QueueId(f"fault-{number}") for number in range(1, queues))]
    return replace(before, queues={name: replace(before.queues[FAULT], id=name) for name in names})


def under_way(queues: int) -> Centre:
    """A centre in which a talk has ended, somebody talks and somebody waits."""
    centre = Centre(house(queues), "1001")
    talked(centre, "1", 240.0, 60.0)
    centre.take()
    centre.answer(centre.call_in())
    centre.call_in()
    return centre


def test_it_tells_what_the_snapshot_tells() -> None:
    centre = under_way(25)
    *pauses, found = taken(centre.engine, lambda: centre.now)
    assert pauses == [None, None, None]
    assert isinstance(found, Census)
    seen = centre.engine.snapshot(centre.now)
    assert found.queues == seen.queues
    assert [view.estimate_seconds is not None for view in found.queues] == [True, *[False] * 24]
    (agent,) = found.agents
    assert (agent.presence, agent.activity) == (Presence.READY, Activity.TALKING)
    assert (agent.device, agent.queue) == (seen.agents[0].device, FAULT)


def test_a_queue_that_goes_meanwhile_is_not_asked_for() -> None:
    centre = under_way(25)
    pieces = taken(centre.engine, lambda: centre.now)
    next(pieces)
    centre.feed(PlanReplaced(house(3)))
    *_, found = pieces
    assert found is not None
    assert [view.queue for view in found.queues] == ["fault", "fault-1", "fault-2"]
    assert found.queues[0].estimate_seconds is not None
