"""What a line of the log looks like, whose numbers are in it, and that writing never waits."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Literal

import msgspec
import pytest

from acd.core.ids import AgentId, CallId, Language, PbxId, QueueId
from acd.core.memory import CallMemory
from acd.core.records import (
    CallAnswered,
    CallEnded,
    CallKept,
    CallLeftQueue,
    CallRelaxed,
    CallReordered,
    Noticed,
    Outcome,
    ShiftEnding,
    WaitAnnounced,
)
from acd.log import LineWriter, capture_logging, masked, open_log, without_numbers

CALL = CallId("main-1700000000.17")
ENDED = CallEnded(
    at=1_700_000_012.5,
    call=CALL,
    pbx=PbxId("main"),
    outcome=Outcome.ABANDONED,
    ani="+493055510017",
    dnis="0800555010",
    language="de",
    option="",
    queue=QueueId("fault"),
    agent=None,
    arrived_at=1_700_000_000.0,
    queued_at=None,
    answered_at=None,
    talk_ended_at=None,
)


def lines(form: Literal["text", "json"], *records: object) -> list[str]:
    stream = io.StringIO()
    log, writer = open_log(form, lambda: 1_700_000_000.0, stream=stream)
    for record in records:
        if isinstance(record, str):
            log.info(record, pbx="main")
        else:
            log.tell(record)  # type: ignore[arg-type]
    writer.close(5)
    return stream.getvalue().splitlines()


def test_a_record_is_one_line_of_json_with_short_numbers() -> None:
    (line,) = lines("json", ENDED)
    assert json.loads(line) == {
        "at": "2023-11-14T22:13:32.500+00:00",
        "level": "info",
        "event": "call_ended",
        "call": CALL,
        "pbx": "main",
        "outcome": "abandoned",
        "ani": "...017",
        "dnis": "...010",
        "language": "de",
        "queue": "fault",
        "arrived_at": 1_700_000_000.0,
    }


def test_a_record_is_one_line_of_text() -> None:
    answered = CallAnswered(1_700_000_001.0, CALL, QueueId("fault"), AgentId("1001"), 3.14159, 1.0)
    assert lines("text", answered, "ready") == [
        "2023-11-14T22:13:21.000+00:00 info     call_answered        "
        "call=main-1700000000.17 queue=fault agent=1001 wait_seconds=3.142 ring_seconds=1.000",
        "2023-11-14T22:13:20.000+00:00 info     ready                pbx=main",
    ]


def test_what_the_router_does_about_a_wait_is_told() -> None:
    fault, at = QueueId("fault"), 1_700_000_001.0
    said = lines(
        "text",
        CallRelaxed(at, CALL, fault, 2),
        CallReordered(at, CALL, fault, 1_700_000_000.5),
        WaitAnnounced(at, CALL, fault, None, 95.0),
        ShiftEnding(at, AgentId("1001"), 1_700_000_300.0, False),
    )
    assert [line.split(None, 2)[2] for line in said] == [
        "call_relaxed         call=main-1700000000.17 queue=fault step=2",
        "call_reordered       call=main-1700000000.17 queue=fault due_at=1700000000.500",
        "wait_announced       call=main-1700000000.17 queue=fault estimate_seconds=95.000",
        "shift_ending         agent=1001 ends_at=1700000300.000 over=False",
    ]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("number:+493055510017", "number:...017"),
        ("number:4711", "number:...711"),
        ("number:112", "number:112"),
        ("queue:billing", "queue:billing"),
        ("announcement", "announcement"),
    ],
)
def test_a_number_that_a_rule_leads_to_shows_three_digits(target: str, shown: str) -> None:
    left = CallLeftQueue(1.0, CALL, QueueId("fault"), Outcome.TIMED_OUT, "max_wait", target, 300.0)
    (line,) = lines("json", left)
    assert json.loads(line)["target"] == shown
    assert (json.loads(line)["rule"], json.loads(line)["outcome"]) == ("max_wait", "timed_out")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_stranger_cannot_write_lines(form: Literal["text", "json"]) -> None:
    forged = Noticed(1.0, "odd", "name\n2023-11-14 info call_ended\x1b[2J")
    (line,) = lines(form, forged)
    assert "\x1b" not in line
    assert "odd" in line


def test_notices_are_warnings_without_numbers() -> None:
    (line,) = lines("json", Noticed(1.0, "odd", "caller +493055510017 left"))
    assert json.loads(line)["level"] == "warning"
    assert json.loads(line)["text"] == "caller +...017 left"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+493055510017", "+...017"),
        ("%2B493055510017%0A", "%2B...017%0A"),
        ("<sip:03055510017@host>", "<sip:...017@host>"),
        ("Uniqueid: sim-1700000000.17", "Uniqueid: sim-1700000000.17"),
        ("epoch 12, 4711", "epoch 12, 4711"),
    ],
)
def test_free_text_shows_three_digits_of_a_number(text: str, shown: str) -> None:
    assert without_numbers(text) == shown


def test_short_numbers_stay() -> None:
    assert [masked("110"), masked("1001"), masked("")] == ["110", "...001", ""]


class Stalled(io.StringIO):
    """A reader that does not read until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.read_on = threading.Event()

    def write(self, text: str) -> int:
        self.read_on.wait(10)
        return super().write(text)


def test_a_stalled_reader_stalls_nobody_and_is_told_what_he_missed() -> None:
    stream = Stalled()
    writer = LineWriter(stream)
    for number in range(10_500):
        writer.write(f"line {number}")
    stream.read_on.set()
    writer.write("last")
    writer.close(10)
    said = stream.getvalue().splitlines()
    (told,) = [line for line in said if line.endswith("lines of the log were dropped")]
    dropped = int(told.split()[0])
    written = [line for line in said if line.startswith("line ")]
    assert dropped > 0
    assert len(written) + dropped + ("last" in said) == 10_501


def test_a_reader_that_is_gone_is_harmless() -> None:
    stream = io.StringIO()
    stream.close()
    writer = LineWriter(stream)
    writer.write("nobody reads this")
    writer.close(5)


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("acd").setLevel(logging.NOTSET)


def test_what_libraries_say_becomes_lines(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    log, writer = open_log("json", lambda: 0.0, stream=stream)
    capture_logging(log)
    logging.getLogger("uvicorn.error").info("not worth a line")
    logging.getLogger("uvicorn.error").warning("invalid request from 493055510017")
    logging.getLogger("acd.web").info("login by %s", "token")
    writer.close(5)
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["level"], line["text"]) for line in said] == [
        ("uvicorn.error", "warning", "invalid request from ...017"),
        ("acd.web", "info", "login by token"),
    ]


def test_what_a_caller_typed_and_what_is_kept_of_him_is_not_logged() -> None:
    ended = msgspec.structs.replace(ENDED, attributes=(("customer", "4711815"),))
    kept = CallKept(1.0, CallMemory(CALL, PbxId("main"), "+493055510017", "", 0.0, Language("de")))
    text = "".join(lines("text", ended, kept))
    assert "call_ended" in text
    assert "4711815" not in text
    assert "kept" not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_text_that_is_no_unicode_costs_no_more_than_its_own_line(
    form: Literal["text", "json"],
) -> None:
    first, second = lines(form, Noticed(1.0, "odd", "half \ud800 a pair"), Noticed(2.0, "odd", "."))
    assert "oticed" in first
    assert "noticed" in second
