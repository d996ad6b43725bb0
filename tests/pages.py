"""A page of metrics: made, read, and the record of an ended call to count on it."""

from prometheus_client.parser import text_string_to_metric_families

from acd.core.ids import AgentId, CallId, OfferId, QueueId
from acd.core.records import CallEnded, Outcome
from acd.metrics import Metrics
from tests.web.centre import FAULT, MAIN, NOW, NUMBERS, plan, snapshot

CALL, ADA, OFFER = CallId("main-1.1"), AgentId("1001"), OfferId("offer-1")


def made() -> Metrics:
    return Metrics(plan(), [MAIN], lambda: [snapshot()])


def page(metrics: Metrics) -> str:
    return metrics.exposition().text().decode()


def series(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return _samples(page(metrics))


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """The value of one series; KeyError when there is no such series."""
    # The parser takes longer for a whole page than all else that a test does with it.
    lines = [line for line in page(metrics).splitlines(keepends=True) if line.startswith(name)]
    return _samples("".join(lines))[name, frozenset(labels.items())]


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def ended(outcome: Outcome, queue: QueueId | None = FAULT, waited: float = 7.0) -> CallEnded:
    return CallEnded(
        at=NOW,
        call=CALL,
        pbx=MAIN,
        outcome=outcome,
        ani=NUMBERS[0],
        dnis="1",
        language="de",
        option="1",
        queue=queue,
        agent=None,
        arrived_at=NOW - 60,
        queued_at=None if queue is None else NOW - waited,
        answered_at=None,
        talk_ended_at=None,
    )
