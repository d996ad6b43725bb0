"""The books of the same time agree to the call: our records, the metrics, queue_log, CDR.

Callers and phones are SIPp's. Asterisk's own call record has a row for each caller's channel and
each agent's leg, and its queue_log has our lines by `QueueLog`; ours have a final record for each
call, and a talk for each leg that answered.
"""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.core.plan import Plan
from acd.core.records import CallEnded, Outcome, TalkEnded
from acd.report.queues import queue_report
from tests.faults.stage import real_centre
from tests.report.booked import UTC, reported, told
from tests.scenarios.asterisk import TRUNK_CHANNELS, AsteriskWorld
from tests.scenarios.centre import Centre
from tests.scenarios.world import Handset, until

pytestmark = pytest.mark.asterisk


def play(centre: Centre, world: AsteriskWorld) -> int:
    """Have callers call, of every kind; return how many, when all are over."""
    early = [
        world.call(centre.number(), keys=[(0.3, "1")], hang_up_after=2.5),
        world.call(centre.number(), keys=[(0.3, "2")], hang_up_after=3.0),
        world.call(centre.number(), hang_up_after=0.8),
    ]
    for caller in early:
        caller.wait_ended()
    # One whom only his caller can end: alone, and in wrap-up afterwards.
    centre.on_duty(a1013=Handset())
    alone = world.call(centre.number(), keys=[(0.3, "3")], hang_up_after=5.0)
    alone.wait_ended(30.0)
    centre.on_duty(
        a1011=Handset("rings_on"),
        a1012=Handset(talk_seconds=0.6),
        a1014=Handset(talk_seconds=0.8),
        a1015=Handset("declined"),
        a1016=Handset(talk_seconds=0.5),
    )
    late = [world.call(centre.number(), keys=[(0.3, key)]) for key in ("1", "1", "4")]
    for caller in late:
        caller.wait_ended(30.0)
    return len(early) + 1 + len(late)


def counted(centre: Centre, name: str) -> Counter[str]:
    """A metric by queue, as Prometheus reads it."""
    with urlopen(f"{centre.engine.daemon.url()}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and sample.value:
                found[sample.labels["queue"]] += int(sample.value)
    return found


def test_records_metrics_queue_log_and_cdr_agree(tmp_path_factory: pytest.TempPathFactory) -> None:
    with real_centre(tmp_path_factory.mktemp("books")) as (centre, world):
        centre.queue_log_on_pbx = True
        centre.restart_engine()
        calls = play(centre, world)
        until(lambda: len(centre.said(CallEnded)) == calls, 10, "each final record")
        talks = centre.said(TalkEnded)
        log = centre.engine.queue_log

        def lines() -> list[list[str]]:
            return [line.split("|") for line in log.read_text().splitlines()]

        until(lambda: sum(one[4] == "WRAPUPSTART" for one in lines()) == len(talks), 5, "queue_log")
        until(lambda: len(callers_of(world)) == calls, 10, "CDR")
        records = {one.call: one for one in centre.said(CallEnded)}
        metrics = {
            name: counted(centre, f"acd_calls_{name}_total")
            for name in ("offered", "answered", "abandoned", "short_abandoned")
        }
        until(
            lambda: bare(of_asterisk(world)) == bare(lines()), 5, "the same in Asterisk's queue_log"
        )
        centre.engine.kill()
        rows = report_of(log.parent, centre.plan)
        billed = callers_of(world)
        legs = {row.uniqueid for row in world.lab.cdr_rows() if row.channel.startswith("PJSIP/10")
                and row.disposition == "ANSWERED"}  # fmt: skip
        events = Counter((one[2], one[4]) for one in lines())
        connects = [one for one in lines() if one[4] == "CONNECT"]
        centre.start_engine()

    assert {call.removeprefix("main-"): one.ani for call, one in records.items()} == billed
    assert {one[6] for one in connects} == legs
    assert len(connects) == len(talks) == sum(metrics["answered"].values()) == 4
    assert {event for _, event in events} >= {
        "COMPLETEAGENT",
        "COMPLETECALLER",
        "ABANDON",
        "RINGNOANSWER",
    }
    queues = {one.queue for one in records.values() if one.queue is not None}
    for queue in queues:
        row = rows[queue]
        assert row["offered"] == metrics["offered"][queue] == events[queue, "ENTERQUEUE"]
        assert row["answered"] == metrics["answered"][queue] == events[queue, "CONNECT"]
        assert row["abandoned"] == metrics["abandoned"][queue] == events[queue, "ABANDON"]
        assert row["short_abandoned"] == metrics["short_abandoned"][queue]
    ours = Counter(one.outcome for one in records.values())
    assert ours[Outcome.LEFT_IN_MENU] == calls - sum(int(str(rows[q]["offered"])) for q in queues)


def of_asterisk(world: AsteriskWorld) -> list[list[str]]:
    """What Asterisk's own queue_log has of us: all but what it says of itself."""
    file = world.lab.directory / "log" / "queue_log"
    rows = [line.split("|") for line in file.read_text().splitlines()]
    return [row for row in rows if row[4] not in ("QUEUESTART", "CONFIGRELOAD")]


def bare(rows: list[list[str]]) -> list[tuple[str, ...]]:
    """Lines as both write them: without times, empty ends, the call's PBX and callers' numbers."""
    found = []
    for row in rows:
        fields = [row[1].removeprefix("main-"), *row[2:]]
        if fields[3] == "ENTERQUEUE":
            fields[5] = fields[5][-3:]
        while fields[-1] == "":
            fields.pop()
        found.append(tuple(fields))
    return sorted(found)


def callers_of(world: AsteriskWorld) -> dict[str, str]:
    """The number of each caller's channel that Asterisk has booked, by its id without the PBX's."""
    return {
        row.uniqueid.removeprefix(f"{world.lab.system_name}-"): row.src
        for row in world.lab.cdr_rows()
        if row.channel.startswith(TRUNK_CHANNELS)
    }


def report_of(folder: Path, plan: Plan) -> dict[object, dict[str, object]]:
    """Today's totals by queue, out of the database there."""
    now = datetime.now(UTC)
    sheet = reported(queue_report, folder, [], plan, since=f"{now - timedelta(1):%F}",
                     until=f"{now:%F}", now=now.timestamp(), zone=UTC)  # fmt: skip
    return {row[1]: dict(told(sheet, row)) for row in sheet.totals}
