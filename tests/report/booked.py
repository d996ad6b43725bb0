"""Books with few calls in them, and reports of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from acd.core.ids import AgentId, CallId, DeviceId, OfferId, PbxId, QueueId
from acd.core.memory import LegVisit, QueueVisit
from acd.core.plan import Plan
from acd.core.records import CallEnded, Outcome, Record
from acd.report.asked import Asked
from acd.report.intervals import make_intervals, read_range
from acd.report.sheet import Cell, Sheet
from acd.store.figures import Figures
from tests import plans
from tests.store.fresh import open_fresh

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
BILLING, SUPPORT = QueueId("billing"), QueueId("support")
ANNA, BERT = AgentId("anna"), AgentId("bert")
NIGHT = datetime(2026, 11, 2, tzinfo=BERLIN).timestamp()
EIGHT = NIGHT + 8 * 3600
"""Eight o'clock on a Monday."""


def plan(*names: QueueId, target_seconds: float = 20.0) -> Plan:
    """A plan with these queues."""
    base = plans.plan({})
    some = next(iter(base.queues.values()))
    queues = {
        name: msgspec.structs.replace(some, id=name, target_seconds=target_seconds)
        for name in names
    }
    return msgspec.structs.replace(base, queues=queues)


def ended(
    number: int,
    at: float = EIGHT,
    *,
    queue: QueueId = BILLING,
    wait: float = 10.0,
    talk: float | None = 60.0,
    how: Outcome = Outcome.ANSWERED,
    agent: AgentId = ANNA,
    hold: float = 0.0,
    missed: Sequence[AgentId] = (),
    menu_path: tuple[str, ...] = ("main:1",),
    **changes: object,
) -> CallEnded:
    """One who entered a queue at ``at``; without ``talk`` nobody answered him."""
    left_at = at + wait
    rings = [
        LegVisit(OfferId(f"{number}-{who}"), who, queue, DeviceId(f"PJSIP/{who}"), at,
                 ended_at=left_at, how="no_answer")
        for who in missed
    ]  # fmt: skip
    if talk is not None:
        phone = DeviceId(f"PJSIP/{agent}")
        rings.append(
            LegVisit(OfferId(f"{number}"), agent, queue, phone, at, left_at, left_at + talk, hold,
                     "talked")
        )  # fmt: skip
    else:
        how = Outcome.ABANDONED if how is Outcome.ANSWERED else how
    over_at = left_at + (talk or 0.0)
    values: dict[str, object] = {
        "call": CallId(f"main-{number}"),
        "pbx": PbxId("main"),
        "outcome": how,
        "ani": "030123456",
        "dnis": "0800",
        "language": "de",
        "option": "1",
        "queue": queue,
        "agent": agent if talk is not None else None,
        "arrived_at": at - 5.0,
        "queued_at": at,
        "answered_at": left_at if talk is not None else None,
        "talk_ended_at": over_at if talk is not None else None,
        "menu_path": menu_path,
        "queue_path": (QueueVisit(queue, at, left_at, how.value),),
        "legs": tuple(rings),
    }
    return CallEnded(over_at, **{**values, **changes})  # type: ignore[arg-type]


def reported(
    make: Callable[[Figures, Asked], Sheet],
    folder: Path,
    records: Iterable[Record],
    of: Plan,
    *,
    since: str = "2026-11-02",
    until: str = "2026-11-02",
    length: str = "day",
    now: float = NIGHT + 40 * 86_400,
    zone: ZoneInfo = BERLIN,
    within_seconds: float | None = None,
    agents_shown: bool = False,
    records_days: int | None = None,
) -> Sheet:
    """Write the records into a database of their own and report on it."""
    begin, end = read_range(since, until, zone, now)
    intervals = make_intervals(begin, end, length, zone)
    asked = Asked(intervals, of, zone.key, now, within_seconds, records_days, agents_shown)
    store = open_fresh(folder / "acd.db")
    try:
        store.write(list(records))
        with store.reading() as connection, store.reading() as beside:
            return make(Figures(connection, now, beside), asked)
    finally:
        store.close()


def told(sheet: Sheet, row: Sequence[Cell]) -> dict[str, Cell]:
    """The cells of a row by the names of their columns."""
    return {head.name: cell for head, cell in zip(sheet.heads, row, strict=True)}


def total(sheet: Sheet, name: str = "all") -> dict[str, Cell]:
    """The row of a queue, agent or menu over the whole range."""
    [row] = [row for row in sheet.totals if row[1] == name]
    return told(sheet, row)
