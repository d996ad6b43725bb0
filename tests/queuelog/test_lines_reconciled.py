"""The books of one virtual hour agree to the call: records, reports, metrics and queue_log."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.ami.items import Outputs
from acd.core.memory import Memory
from acd.core.plan import Plan
from acd.core.records import CallEnded, CallQueued, Record
from acd.metrics import Metrics
from acd.pipeline import Item, Pipeline
from acd.queuelog.lines import Entry, Lines
from acd.report.agents import agent_report
from acd.report.asked import Asked
from acd.report.queues import queue_report
from acd.report.sheet import Sheet
from acd.sim.run import PBX, START, run
from acd.store.figures import Figures
from tests.report.booked import UTC, reported, told

EXITS = {"ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY"}
"""What ends a stay without a talk."""


class Bookkeeper:
    """Keeps what every book is fed with, while a pipeline works."""

    def attach(self, pipeline: Pipeline) -> None:
        self.plan: Plan = pipeline.engine.floor.plan
        self._step = pipeline.step
        self.metrics = Metrics(self.plan, [PBX])
        self._lines = Lines(Memory())
        self.records: list[Record] = []
        self.entries: list[Entry] = []
        pipeline.step = self._stepped  # type: ignore[method-assign]

    def _stepped(self, item: Item, now: float) -> Outputs:
        outputs = self._step(item, now)
        self.records += outputs.records
        self.metrics.observe(outputs.records)
        self.entries += self._lines.entries(outputs.records)
        return outputs


def counted(metrics: Metrics, name: str) -> Counter[str]:
    """A metric's samples by queue, as Prometheus reads them."""
    found: Counter[str] = Counter()
    page = metrics.exposition().text().decode()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and sample.value:
                found[sample.labels["queue"]] += int(sample.value)
    return found


def in_order(entries: list[Entry]) -> None:
    """Of each stay: one entry, its rings, then one connect with its end, or one exit."""
    by_call: dict[str, list[str]] = {}
    for one in entries:
        if one.event in EXITS or one.event in ("ENTERQUEUE", "CONNECT") or "RING" in one.event:
            by_call.setdefault(one.call, []).append(one.event)
        elif one.event.startswith("COMPLETE"):
            by_call.setdefault(one.call, []).append("COMPLETE")
    for call, events in by_call.items():
        text = " ".join(events)
        while text:
            assert text.startswith("ENTERQUEUE"), (call, events)
            rest = text.split()[1:]
            while rest and rest[0].startswith("RING"):
                rest.pop(0)
            if rest[:1] == ["CONNECT"]:
                assert rest[1:2] in (["COMPLETE"], []), (call, events)
                rest = rest[2:]
            else:
                assert not rest or rest.pop(0) in EXITS, (call, events)
            text = " ".join(rest)


def whole_year(
    make: Callable[[Figures, Asked], Sheet], folder: Path, records: list[Record], plan: Plan
) -> Sheet:
    """The report on the year of a virtual hour."""
    year = datetime.fromtimestamp(START, UTC).year
    since, until = f"{year}-01-01", f"{year}-12-31"
    now = START + 7200.0
    return reported(make, folder, records, plan, since=since, until=until, now=now, zone=UTC)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_a_virtual_hour_is_the_same_in_each_book(seed: int, tmp_path: Path) -> None:
    books = Bookkeeper()
    report = run(seed, 1.0, sabotage=books.attach)
    assert not report.violations
    ended = [one for one in books.records if isinstance(one, CallEnded)]
    over = {one.call for one in ended}
    living = Counter(
        one.queue for one in books.records if isinstance(one, CallQueued) and one.call not in over
    )
    sheet = whole_year(queue_report, tmp_path, books.records, books.plan)
    rows = {row[1]: told(sheet, row) for row in sheet.totals}
    metrics = books.metrics

    def lines(*events: str) -> Counter[str]:
        return Counter(
            one.queue for one in books.entries if one.event in events and one.call in over
        )

    offered = counted(metrics, "acd_calls_offered_total")
    for queue in books.plan.queues:
        row = rows[queue]
        assert row["offered"] == offered[queue] - living[queue] == lines("ENTERQUEUE")[queue]
        assert row["answered"] == lines("CONNECT")[queue]
        assert row["abandoned"] == counted(metrics, "acd_calls_abandoned_total")[queue]
        assert row["offered"] - row["answered"] == lines(*EXITS)[queue]
        assert row["handled"] == lines("COMPLETEAGENT", "COMPLETECALLER")[queue]
    assert rows["all"]["offered"] > 50
    in_order(books.entries)
    assert {one.event for one in books.entries} >= {"COMPLETEAGENT", "COMPLETECALLER", "ABANDON"}
    agents = whole_year(agent_report, tmp_path, [], books.plan)
    assert told(agents, agents.totals[-1])["handled"] == rows["all"]["handled"]
