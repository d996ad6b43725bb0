"""What is live: after every look it is what the engine shows, whatever happened between."""

import math

import msgspec
import pytest

from acd import live as live_module
from acd.ami.items import Outputs
from acd.core.events import DeviceState
from acd.core.ids import AgentId, CallId, QueueId
from acd.core.records import Activity, AgentRung, CallState, Snapshot
from acd.live import Change, Live, Picture, Touched
from acd.pipeline import Item, Pipeline
from acd.sim.faults import Faults
from acd.sim.run import run
from tests.web.centre import FAULT, NOW, NUMBERS, call, snapshot
from tests.web.desk import Desk


def told(of: Snapshot) -> Change:
    """What a newcomer is told when this is so."""
    desk = Desk()
    desk.now = of
    live = desk.live()
    live.begin()
    live.look()
    return live.picture.whole(of.at)


@pytest.mark.slow
@pytest.mark.parametrize("every_seconds", [0.1, 1.0])
def test_what_records_name_is_all_that_changes(
    every_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of a whole centre's hour, with faults, compared at each look, of which none but
    the first is at everything. What no record tells is right within a second."""
    monkeypatch.setattr(live_module, "WHOLE_SECONDS", math.inf)
    looks = 0

    def watch(pipeline: Pipeline) -> None:
        step, touched, clock = pipeline.step, Touched(), [0.0]
        live = Live(pipeline, touched, lambda: clock[0])
        live.begin()
        reader = Picture()

        def watched(item: Item, now: float) -> Outputs:
            nonlocal looks
            outputs = step(item, now)
            touched.note(outputs.records)
            if now - clock[0] >= every_seconds:
                clock[0] = now
                looks += 1
                reader.take(live.look())
                all_of_it = every_seconds >= 1.0
                expected = in_order(told(pipeline.snapshot(now)), all_of_it=all_of_it)
                assert in_order(reader.whole(now), all_of_it=all_of_it) == expected
            return outputs

        monkeypatch.setattr(pipeline, "step", watched)

    run(1, 0.02, faults=Faults(), sabotage=watch)
    assert looks > 50


def in_order(change: Change, *, all_of_it: bool) -> list[object]:
    """What the change is made of, whoever came first; without what may be a second old or not."""
    calls = sorted(change.calls, key=lambda one: one.call)
    agents = sorted(change.agents, key=lambda one: one.agent)
    if all_of_it:
        return [change.queues, calls, agents]
    anyhow = DeviceState.FREE
    return [calls, [msgspec.structs.replace(one, device=anyhow) for one in agents]]


def test_a_picture_shows_what_the_engine_does() -> None:
    picture = Picture()
    picture.take(told(snapshot()))
    shown, real = picture.snapshot(NOW), snapshot()
    assert shown.agents == real.agents
    assert [one.ani for one in shown.calls] == [*NUMBERS, ""]
    assert [one.longest_wait_seconds for one in shown.queues] == [75.0, 0.0]
    assert picture.snapshot(NOW + 5).queues[0].longest_wait_seconds == 80.0


def test_nothing_is_asked_of_the_engine_while_nothing_happens() -> None:
    desk, touched = Desk(), Touched()
    live = desk.live(touched)
    live.begin()
    assert len(live.look().agents) == 5
    desk.now = msgspec.structs.replace(desk.now, agents=(), calls=())
    assert not live.look()
    touched.note([AgentRung(NOW, "offer", CallId("main-900000.1"), FAULT, AgentId("1001"))])  # type: ignore[arg-type]
    change = live.look()
    assert change.gone is not None
    assert change.gone.calls == ("main-900000.1",)
    assert change.gone.agents == ("1001",)


def test_who_was_busy_with_a_call_is_looked_at_with_it() -> None:
    desk, touched = Desk(), Touched()
    live = desk.live(touched)
    live.begin()
    live.look()
    free = tuple(
        msgspec.structs.replace(one, activity=Activity.IDLE, call=None) for one in desk.now.agents
    )
    desk.now = snapshot(calls=[call(2, CallState.QUEUED, NUMBERS[1], agent=None)], agents=free)
    touched.calls.add(CallId("main-900000.2"))
    change = live.look()
    assert [one.agent for one in change.agents] == ["1001"]
    assert [one.state for one in change.calls] == [CallState.QUEUED]


def test_what_no_record_names_is_found_in_the_end() -> None:
    desk = Desk()
    live = desk.live()
    live.begin()
    live.look()
    gone = desk.now.queues[1].queue
    later = NOW + live_module.WHOLE_SECONDS
    desk.now = Snapshot(later, desk.now.queues[:1], (), desk.now.agents[:1])
    change = live.look()
    assert change.gone is not None
    assert change.gone.queues == (gone,) == (QueueId("billing"),)
    assert len(change.gone.calls) == 4
    assert len(change.gone.agents) == 4


def test_nothing_is_noted_for_nobody() -> None:
    touched = Touched()
    live = Desk().live(touched)
    assert not touched.wanted
    live.begin()
    assert touched.wanted
    live.end()
    assert not touched.wanted
    assert touched.take() == (False, set(), set())


def test_estimates_go_by_themselves_once_a_second() -> None:
    desk = Desk()
    live = desk.live()
    live.begin()
    live.look()
    first, other = desk.now.queues
    sooner = msgspec.structs.replace(first, estimate_seconds=90.0, longest_wait_seconds=75.5)
    desk.now = msgspec.structs.replace(desk.now, at=NOW + 0.5, queues=(sooner, other))
    assert not live.look().queues
    sooner = msgspec.structs.replace(sooner, longest_wait_seconds=76.0)
    desk.now = msgspec.structs.replace(desk.now, at=NOW + 1.0, queues=(sooner, other))
    (changed,) = live.look().queues
    assert (changed.estimate_seconds, changed.waiting_since) == (90, NOW - 75)
