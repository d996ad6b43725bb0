"""The gauges of one moment: every queue, and nothing where nothing is known."""

from acd.core.records import Snapshot
from acd.gauges import gauges
from tests.web.centre import snapshot


def test_each_queue_has_its_numbers() -> None:
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot())}
    assert found["acd_calls_waiting"] == {("fault",): 1, ("billing",): 0}
    assert found["acd_queue_agents_ready"] == {("fault",): 3, ("billing",): 2}
    assert found["acd_agents"]["ready", "wrap_up"] == 1


def test_an_estimate_that_nobody_can_make_is_absent() -> None:
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot())}
    assert found["acd_estimated_wait_seconds"] == {("fault",): 95.0}


def test_an_empty_centre_names_the_same_gauges() -> None:
    nothing = Snapshot(at=0.0, queues=(), calls=(), agents=())
    assert [gauge.name for gauge in gauges(nothing)] == [gauge.name for gauge in gauges(snapshot())]
