"""The calls themselves, as CSV or JSON, a line each as they came.

Rules: a caller's number is cut to its last three digits, and what he typed is left out, unless
``whole`` asks for both; agents are named only where ``agents_shown`` says so. Times are those of
the given zone, with their offset, so that none is meant twice.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, TextIO
from zoneinfo import ZoneInfo

import msgspec

from acd.core.memory import LegVisit
from acd.core.records import CallEnded
from acd.report.sheet import Cell
from acd.report.writing import write_rows

COLUMNS: Final = (
    *("call", "pbx", "outcome", "ani", "dnis", "client", "language", "queue", "agent"),
    *("arrived_at", "queued_at", "answered_at", "talk_ended_at", "ended_at"),
    *("wait_seconds", "talk_seconds", "hold_seconds", "queues", "rings", "choices", "skills"),
    *("attributes", "recording"),
)


class Exporting(msgspec.Struct, frozen=True):
    """How calls are told."""

    zone: ZoneInfo
    whole: bool = False
    agents_shown: bool = False

    def at(self, moment: float | None) -> str | None:
        """A time with milliseconds and offset."""
        if moment is None:
            return None
        local = datetime.fromtimestamp(moment, UTC).astimezone(self.zone)
        return local.isoformat(timespec="milliseconds")

    def number(self, number: str) -> str:
        """A caller's number, as far as it is told."""
        return number if self.whole or not number else f"...{number[-3:]}"


def write_calls_csv(calls: Iterable[CallEnded], how: Exporting, out: TextIO) -> None:
    """Write a line for each call; what it has several of stands in one cell, between spaces."""
    write_rows(COLUMNS, (_cells(call, how) for call in calls), out)


def write_calls_json(calls: Iterable[CallEnded], how: Exporting, out: TextIO) -> None:
    """Write a JSON object a line, with all stays in queues and all rings."""
    for call in calls:
        out.write(msgspec.json.encode(_told(call, how)).decode() + "\n")


def _cells(call: CallEnded, how: Exporting) -> Iterator[Cell]:
    told = _told(call, how)
    for name in COLUMNS:
        value = told[name]
        if isinstance(value, dict):
            value = " ".join(f"{key}={typed}" for key, typed in value.items())
        elif isinstance(value, list):
            value = " ".join(_word(one) for one in value)
        assert value is None or isinstance(value, str | int | float)
        yield value


def _word(one: object) -> str:
    if isinstance(one, dict):
        return f"{one['queue']}:{one['how'] or 'open'}"
    return str(one)


def _told(call: CallEnded, how: Exporting) -> dict[str, object]:
    talks = [one for one in call.legs if one.connected_at is not None]
    left_at = [call.at if one.left_at is None else one.left_at for one in call.queue_path]
    waits = [end - one.entered_at for one, end in zip(call.queue_path, left_at, strict=True)]
    talked = [max(0.0, (one.ended_at or call.at) - (one.connected_at or 0.0)) for one in talks]
    return {
        "call": call.call,
        "pbx": call.pbx,
        "outcome": call.outcome.value,
        "ani": how.number(call.ani),
        "dnis": call.dnis,
        "client": call.client,
        "language": call.language,
        "queue": call.queue,
        "agent": call.agent if how.agents_shown else None,
        "arrived_at": how.at(call.arrived_at),
        "queued_at": how.at(call.queued_at),
        "answered_at": how.at(call.answered_at),
        "talk_ended_at": how.at(call.talk_ended_at),
        "ended_at": how.at(call.at),
        "wait_seconds": round(sum(max(0.0, one) for one in waits), 3) if waits else None,
        "talk_seconds": round(sum(talked), 3) if talks else None,
        "hold_seconds": round(sum(one.hold_seconds for one in talks), 3) if talks else None,
        "queues": [
            {
                "queue": one.queue,
                "entered_at": how.at(one.entered_at),
                "left_at": how.at(end),
                "how": one.how,
            }
            for one, end in zip(call.queue_path, left_at, strict=True)
        ],
        "rings": [
            {
                "queue": one.queue,
                "agent": one.agent if how.agents_shown else None,
                "rung_at": how.at(one.rung_at),
                "connected_at": how.at(one.connected_at),
                "ended_at": how.at(one.ended_at),
                "hold_seconds": round(one.hold_seconds, 3),
                "how": one.how,
                "transferred": _transferred(one, how),
            }
            for one in call.legs
        ],
        "choices": list(call.menu_path),
        "skills": list(call.skills),
        "attributes": dict(call.attributes) if how.whole else {},
        "recording": call.recording,
    }


def _transferred(leg: LegVisit, how: Exporting) -> dict[str, str | None] | None:
    """How the agent passed the caller on; a colleague's number names him as well."""
    made = leg.transferred
    if made is None:
        return None
    if not how.agents_shown:
        return {"kind": made.kind.value, "number": None, "agent": None}
    return {"kind": made.kind.value, "number": made.number, "agent": made.agent}
