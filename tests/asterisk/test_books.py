"""The books of the same time agree to the call: our records, the metrics, queue_log, CDR.

Callers and phones are SIPp's. Asterisk's own call record has a row for each caller's channel and
each agent's leg, and its queue_log has our lines by `QueueLog`; ours have a final record for each
call, and a leg for each ring. Callers come faster than they can be served and go in every way there
is, so which of them ends how is chance; that all books say the same of him is not.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from urllib.request import urlopen

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.core.ids import QueueId
from acd.core.plan import Plan
from acd.core.records import CallEnded, Outcome
from acd.report.queues import queue_report
from tests.faults.stage import real_centre
from tests.lab.rtp import Key
from tests.lab.sipp import Call, CallRow, SippCallers
from tests.report.booked import UTC, reported, told
from tests.scenarios.asterisk import TRUNK_CHANNELS, AsteriskWorld
from tests.scenarios.centre import ASKED, SPEAKS, TEAM, TELLER, THIRD, Centre
from tests.scenarios.world import HANDS_ON, Handset, PassOn, until

pytestmark = pytest.mark.asterisk

SERVED, CALLERS_A_SECOND = 150, 40.0
"""Callers of the ordinary options, more than their agents can serve at once."""
WRAP_UP_SECONDS, SHORT_SECONDS = 0.3, 1.0
TOO_LATE = {"caller_left", "cancelled"}
"""How a leg ended for which nobody was left: it may have answered, and then Asterisk billed it."""
ENDS_OF_TALK = ("COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER")
EXITS = {
    "abandoned": "ABANDON",
    "short_abandoned": "ABANDON",
    "timed_out": "EXITWITHTIMEOUT",
    "overflowed": "EXITWITHTIMEOUT",
    "left_by_key": "EXITWITHKEY",
}


def hurried(plan: Plan) -> Plan:
    """The centre's plan with wrap-ups and a short threshold that callers here live to see."""
    changes = {"wrap_up_seconds": WRAP_UP_SECONDS, "short_abandon_seconds": SHORT_SECONDS}
    queues = {name: msgspec.structs.replace(one, **changes) for name, one in plan.queues.items()}
    return msgspec.structs.replace(plan, queues=queues)


def calls_of_every_kind(centre: Centre) -> list[Call]:
    """Callers in any order: served, gone from menu, queue and talk, sent on, told, recorded."""
    dice = Random(7)

    def call(keys: str, hang_up: float = -1.0, begins: str = "0307", speaks: float = 0.0) -> Call:
        pressed = tuple(Key(key, 0.3 + 0.7 * n, 0.06) for n, key in enumerate(keys))
        number = begins + centre.number()[4:]
        return Call(number, keys=pressed, hang_up_after_seconds=hang_up, keys_by="info",
                    speaks_seconds=speaks)  # fmt: skip

    kinds = [call(dice.choice("1246")) for _ in range(SERVED)]
    kinds += [call(dice.choice("1246"), dice.uniform(0.4, 2.5)) for _ in range(30)]
    kinds += [call("", dice.uniform(0.1, 0.9)) for _ in range(12)]
    kinds += [call("0") for _ in range(8)]
    kinds += [call("*") for _ in range(6)]
    # The one agent of this queue leaves hanging up to his callers, and some press a key.
    kinds += [call("#", dice.uniform(1.5, 3.0)) for _ in range(6)] + [call("#0") for _ in range(4)]
    kinds += [call("710115#", begins=ASKED) for _ in range(6)]
    kinds += [call("7", 6.0, begins=SPEAKS, speaks=6.0) for _ in range(2)]
    dice.shuffle(kinds)
    return kinds


def play(centre: Centre, world: AsteriskWorld, directory: Path) -> list[CallRow]:
    """Have them all call and go; returns what became of each."""
    answering = {f"a{number}": Handset(talk_seconds=0.3 + number % 5 / 10)
                 for number in range(1017, 1037)}  # fmt: skip
    others = {
        "a1011": Handset("rings_on"),
        "a1012": Handset("declined"),
        "a1013": Handset("busy"),
        f"a{HANDS_ON}": Handset(talk_seconds=0.3, passes_on=PassOn("1017")),
        f"a{THIRD}": Handset(talk_seconds=0.3),
        f"a{TELLER}": Handset(talk_seconds=4.0),
        **{f"a{number}": Handset(talk_seconds=0.4) for number in TEAM},
    }
    centre.on_duty(**answering, **others)
    calls = calls_of_every_kind(centre)
    callers = SippCallers(world.lab, calls, directory, per_second=CALLERS_A_SECOND)
    with callers:
        return callers.wait(60)


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


def test_records_metrics_queue_log_and_cdr_agree(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with real_centre(tmp_path_factory.mktemp("books")) as (centre, world):
        centre.queue_log_on_pbx = True
        centre.plan = hurried(centre.plan)
        centre.restart_engine()
        seen = play(centre, world, tmp_path)
        until(lambda: len(centre.said(CallEnded)) == len(seen), 10, "each final record")
        until(lambda: len(callers_of(world)) == len(seen), 10, "CDR")
        records = centre.said(CallEnded)
        log = centre.engine.queue_log

        def lines() -> list[list[str]]:
            return [line.split("|") for line in log.read_text().splitlines()]

        talks = sum(leg.how == "talked" for one in records for leg in one.legs)
        until(lambda: sum(one[4] == "WRAPUPSTART" for one in lines()) == talks, 5, "queue_log")
        metrics = {
            name: counted(centre, f"acd_calls_{name}_total")
            for name in ("offered", "answered", "abandoned", "short_abandoned", "ended")
        }
        until(
            lambda: bare(of_asterisk(world)) == bare(lines()), 5, "the same in Asterisk's queue_log"
        )
        centre.engine.kill()
        rows = report_of(log.parent, centre.plan)
        billed = callers_of(world)
        legs = {
            row.uniqueid
            for row in world.lab.cdr_rows()
            if row.uniqueid.startswith("acd-") and row.disposition == "ANSWERED"
        }
        told_lines = lines()
        centre.start_engine()

    # Whoever called has one record, and one channel at Asterisk.
    assert {one.call.removeprefix("main-"): one.ani for one in records} == billed
    assert sorted(one.ani for one in records) == sorted(row.call.number for row in seen)
    # Each stay in a queue, each ring and each talk: a line in the order of things.
    for record in records:
        said = [one for one in told_lines if one[1] == record.call]
        assert sorted(story_of(said)) == sorted(story(record)), record
    # Asterisk has billed the legs of those who talked, and of those who came too late for that.
    how = {leg.offer: leg.how for one in records for leg in one.legs}
    assert {offer for offer in how if how[offer] == "talked"} <= legs
    assert {how[offer] for offer in legs} - {"talked"} <= TOO_LATE
    for queue in {visit.queue for one in records for visit in one.queue_path}:
        agree(queue, records, metrics, rows[queue], told_lines)
    ended = Counter(one.outcome for one in records)
    print(dict(ended), f"{talks} talks")
    assert sum(metrics["ended"].values()) == len(records)
    assert ended[Outcome.LEFT_IN_MENU] >= 12
    assert set(ended) >= {
        Outcome.ANSWERED,
        Outcome.ABANDONED,
        Outcome.SHORT_ABANDONED,
        Outcome.LEFT_BY_KEY,
        Outcome.DEFLECTED,
        Outcome.VOICEMAIL,
    }
    events = {one[4] for one in told_lines}
    assert events >= {"RINGNOANSWER", "RINGCANCELED", "COMPLETEAGENT", "COMPLETECALLER"}
    assert events >= {"ABANDON", "EXITWITHKEY", "EXITWITHTIMEOUT", "BLINDTRANSFER"}


def agree(
    queue: QueueId,
    records: list[CallEnded],
    metrics: dict[str, Counter[str]],
    row: dict[str, object],
    lines: list[list[str]],
) -> None:
    """The five books say the same of a queue."""
    visits = Counter(v.how for one in records for v in one.queue_path if v.queue == queue)
    events = Counter(one[4] for one in lines if one[2] == queue)
    offered, answered = visits.total(), visits["answered"]
    short, abandoned = visits["short_abandoned"], visits["abandoned"]
    assert offered == row["offered"] == metrics["offered"][queue] == events["ENTERQUEUE"]
    assert answered == row["answered"] == metrics["answered"][queue] == events["CONNECT"]
    assert answered == sum(events[one] for one in ENDS_OF_TALK)
    assert short == row["short_abandoned"] == metrics["short_abandoned"][queue]
    both = abandoned + short
    assert both == row["abandoned"] == metrics["abandoned"][queue] == events["ABANDON"]


def story(record: CallEnded) -> Iterator[tuple[str, ...]]:
    """What a queue_log has to say of a call, by its record: of rings who was rung, and how."""
    for visit in record.queue_path:
        yield visit.queue, "ENTERQUEUE"
        if visit.how != "answered":
            yield visit.queue, EXITS[visit.how]
    for leg in record.legs:
        if leg.how == "talked":
            yield leg.queue, "CONNECT", leg.agent, leg.offer
            yield leg.queue, "COMPLETE" if leg.transferred is None else "TRANSFER", leg.agent
        else:
            event = "RINGCANCELED" if leg.how in TOO_LATE else "RINGNOANSWER"
            yield leg.queue, event, leg.agent


def story_of(lines: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """The same of its lines."""
    for _, _, queue, agent, event, *data in lines:
        if event == "CONNECT":
            yield queue, event, agent, data[1]
        elif event in ENDS_OF_TALK:
            yield queue, "COMPLETE" if event.startswith("COMPLETE") else "TRANSFER", agent
        elif event.startswith("RING"):
            yield queue, event, agent
        elif event != "WRAPUPSTART":
            yield queue, event


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
