"""What a hostile far end writes, and what is forged on the link, is nobody else's business."""

from collections.abc import Iterator
from contextlib import contextmanager

from acd.core.records import Activity, Record
from acd.sim.faults import HOSTILE_TEXTS
from tests.scenarios.centre import Centre
from tests.scenarios.hostile import INVITES, forgeries_of
from tests.scenarios.world import Hostile, remains, until


@contextmanager
def _bystanders(centre: Centre) -> Iterator[list[str]]:
    """One caller talks, one waits; at the end nothing has happened to either, nor to the agent."""
    agent, talks, waits = "1030", centre.number(), centre.number()
    centre.on_duty(agent)
    centre.world.call(talks, keys=[(0.1, "1")])
    centre.is_(agent, Activity.TALKING)
    centre.world.call(waits, keys=[(0.1, "1")])
    centre.waiting(waits)
    before = [centre.engine.call(talks), centre.engine.call(waits), centre.engine.agent(agent)]
    mine = centre.engine.ids(talks) | centre.engine.ids(waits)
    steps = len(centre.engine.steps)
    yield [talks, waits]
    assert [
        centre.engine.call(talks),
        centre.engine.call(waits),
        centre.engine.agent(agent),
    ] == before
    said = [
        record
        for step in centre.engine.steps[steps:]
        for record in step.said
        if isinstance(record, Record) and getattr(record, "call", None) in mine
    ]
    assert said == []
    assert len(centre.world.rings()) == 1


def test_hostile_text_in_callers_fields_touches_nobody_else(centre: Centre) -> None:
    with _bystanders(centre):
        callers = [
            centre.world.call(centre.number(), hostile=hostile, hang_up_after=0.6)
            for hostile in INVITES
        ]
        # Where the number dialled is sound they do get into the menu.
        sound = [caller for caller, raw in zip(callers, INVITES, strict=True) if not raw.number]
        until(lambda: all(caller.visit().answered_at for caller in sound), 3, "answers")
        remains(lambda: centre.engine.exit_status is None, 1.5, "the engine")
        until(lambda: len(centre.engine.snapshot().calls) == 2, 5, "the end of the hostile calls")
        assert all(
            not view.ani or set(view.ani) <= set("0123456789*#+")
            for view in centre.engine.snapshot().calls
        )
    # Who calls next is served as ever.
    number = centre.number()
    centre.world.call(number, keys=[(0.1, "2")])
    centre.waiting(number)


def test_hostile_names_of_the_virtual_far_end(centre: Centre) -> None:
    """Raw text that no SIP stack would pass on: as names and as numbers."""
    with _bystanders(centre):
        for text in HOSTILE_TEXTS:
            centre.world.call(text, hostile=Hostile(name=text), hang_up_after=0.3)
        remains(lambda: centre.engine.exit_status is None, 0.8, "the engine")
        until(lambda: len(centre.engine.snapshot().calls) == 2, 5, "the end of the hostile calls")


def test_forged_events_on_the_link_touch_nobody(centre: Centre) -> None:
    """What a caller's text might smuggle into AMI: without the system name, or with it twice."""
    ami = centre.world.ami
    with _bystanders(centre) as numbers:
        tracker = centre.engine.daemon.pipeline.sessions[next(iter(centre.engine.daemon.links))]
        callers = list(tracker.tracker.callers.values())
        assert len(callers) == len(numbers)
        forgeries = [
            message
            for caller in callers
            for message in forgeries_of(caller.channel, caller.uniqueid, ami.system_name)
        ]
        rejected = _rejected(centre)
        for forgery in forgeries:
            centre.proxy.say(forgery)
        until(lambda: _rejected(centre) >= rejected + len(forgeries), 3, "every forgery refused")
        assert centre.engine.daemon.readiness().ready


def _rejected(centre: Centre) -> float:
    return sum(
        float(line.rpartition(" ")[2])
        for line in centre.engine.metrics().splitlines()
        if line.startswith("acd_ami_rejected_messages_total{")
    )
