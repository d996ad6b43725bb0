"""The page of one moment: nothing that comes later is on it, and all on it fits together."""

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from acd.core.ids import PbxId, QueueId
from acd.core.plan import Plan
from acd.core.records import CallQueued
from acd.metrics import Metrics
from tests.pages import CALL, made
from tests.web.centre import FAULT, NOW, plan, snapshot


def test_what_is_counted_after_the_copy_is_not_on_its_page() -> None:
    metrics = made()
    metrics.observe([CallQueued(NOW, CALL, FAULT, NOW)])
    copied = metrics.exposition()
    before = without_process(copied.text())
    metrics.observe([CallQueued(NOW, CALL, FAULT, NOW)] * 3)
    metrics.ami_message(PbxId("main"), "Unheard")
    metrics.adopt(with_more(plan()))
    assert without_process(copied.text()) == before
    assert 'acd_calls_offered_total{queue="fault"} 1.0' in before
    after = metrics.exposition().text().decode()
    assert 'acd_calls_offered_total{queue="fault"} 4.0' in after
    assert 'acd_calls_offered_total{queue="parking"} 0.0' in after
    assert 'kind="Unheard"' in after


def test_every_agent_is_counted_once_however_he_is_told_apart() -> None:
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(made().exposition().text().decode()):
        sums[family.name] = sum(sample.value for sample in family.samples)
    assert sums["acd_agents"] == sums["acd_agent_devices"] == len(snapshot().agents)


def test_whoever_makes_it_is_told_where_others_may_have_their_turn() -> None:
    turns: list[None] = []
    metrics = Metrics(with_more(plan(), 40), [PbxId("main")], lambda: [snapshot()])
    text = metrics.exposition().text(lambda: turns.append(None))
    assert len(text) / 100_000 < len(turns) < len(text) / 40_000


def with_more(of: Plan, copies: int = 1) -> Plan:
    """The plan with another queue, or some."""
    more = {
        name: replace(of.queues[FAULT], id=name)
        for name in (QueueId(f"parking{number or ''}") for number in range(copies))
    }
    return replace(of, queues={**of.queues, **more})


def without_process(page: bytes) -> str:
    lines = page.decode().splitlines()
    return "\n".join(line for line in lines if "process_" not in line)
