"""A timeline on the screen."""

import io
from datetime import UTC

from rich.console import Console

from acd.core.ids import CallId
from acd.timeline import timeline
from acd.trace import Moment, Timeline

CALL = CallId("main-1700000000.17")


def shown(of: Timeline) -> list[str]:
    console = Console(file=io.StringIO(), width=110, record=True)
    console.print(timeline(of, UTC))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_each_moment_is_a_line_with_its_witnesses() -> None:
    moments = (
        Moment(1_700_000_000.0, ("journal", "log"), "call_queued", {"queue": "fault"}),
        Moment(1_700_000_002.5, ("record",), "ended", {"outcome": "an[bold]\x1b[31m"}),
    )
    lines = shown(Timeline(CALL, moments, ("record: none",)))
    assert lines[0] == f"Call {CALL}, from 2023-11-14 22:13:20+00:00"
    assert lines[2].split() == ["22:13:20.000", "+0.0", "s", "journal+log", "call", "queued",
                                "queue=fault"]  # fmt: skip
    assert "outcome=an[bold]?[31m" in lines[3]
    assert lines[-1] == "note: record: none"


def test_nothing_known_is_said() -> None:
    assert shown(Timeline(CALL, (), ("log: none was named; --log does",))) == [
        f"Call {CALL}: nothing is known of it.",
        "note: log: none was named; --log does",
    ]
