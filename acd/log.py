"""The log: one line for each change of state, as JSON for machines or as text for people.

Owns how lines look and how they leave the process.

- Callers' numbers are cut to their last three digits before anything is written; secrets never
  come here.
- Writing never holds up a call: lines go to a thread through a bounded queue. When whoever reads
  the log has stopped reading, lines are dropped and their number is told when he reads again.
- Records are made lines by that thread, and without structlog: ten of them for a call cost the
  event loop a tenth of its time when it did that itself.
- structlog is imported when a log is opened, not before.

It must not know what a record means, nor decide anything by it.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import IO, Final, Literal, Protocol

import msgspec

from acd.core.records import (
    AgentChanged,
    AgentKept,
    CallKept,
    ConfirmationDue,
    FormFilled,
    IncidentKept,
    LookUpDue,
    Noticed,
    Record,
    Repaired,
    VoicemailKept,
)
from acd.gathering import Gathering

_NUMBER: Final = re.compile(r"(?<![\d.])\d{2,}(\d{3})(?!\d|\.\d)")
"""Five digits or more, but for Uniqueids and moments, which have a point in them."""
_NUMBER_FIELDS: Final = frozenset({"ani", "dnis", "number"})
_SHORTENED: Final = _NUMBER_FIELDS | {"target"}
_NOT_TOLD: Final = frozenset(
    {"at", "skills", "attributes", "menu_path", "queue_path", "heard", "legs", "answer", "said"}
)
"""A call's whole way stands in its final record, and what he typed is nobody's business here."""
_AT_THE_FRONT: Final = frozenset({"at", "level", "event", "exception"})
_QUEUE_LINES: Final = 10_000
_GATHER_SECONDS: Final = 0.05


class Log(Protocol):
    """Where lines go: a short constant text, and what is particular about it as fields."""

    def debug(self, event: str, /, **fields: object) -> object:
        """Only of use to who looks for a fault."""

    def info(self, event: str, /, **fields: object) -> object:
        """Something is as it should be, and new."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Someone should look at it by day."""

    def error(self, event: str, /, **fields: object) -> object:
        """Something failed that should not."""

    def critical(self, event: str, /, **fields: object) -> object:
        """We are about to stop."""

    def tell(self, record: Record) -> None:
        """One record is one line; numbers are cut to their last three digits.

        What an agent does is told by the calls' own lines; his is for what he said and for his
        phone.
        """


class LineWriter:
    """Hands lines to a thread that writes them, so that a stalled reader stalls nobody else."""

    def __init__(self, stream: IO[str], form: Literal["text", "json"] = "text") -> None:
        self._stream = stream
        self._render = _as_json if form == "json" else _as_text
        self._dropped = 0
        self._gathering = Gathering[str | Record](
            "log", self._write, gather_seconds=_GATHER_SECONDS, most_waiting=_QUEUE_LINES
        )

    def write(self, line: str | Record) -> None:
        """Take one line without its end, or what one is to be made of; never waits."""
        if not self._gathering.put(line):
            self._dropped += 1

    def close(self, within_seconds: float = 0.5) -> None:
        """Write what is left, for at most this long; nothing may be written afterwards."""
        self._gathering.close(within_seconds)

    def _write(self, lines: list[str | Record]) -> bool:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            lines.append(f"{dropped} lines of the log were dropped")
        told = [line if isinstance(line, str) else self._line_of(line) for line in lines if line]
        try:
            self._stream.write("".join(f"{line}\n" for line in told))
            self._stream.flush()
        except (OSError, ValueError):
            # Nobody reads any more, and there is no better place to say so.
            return False
        return True

    def _line_of(self, record: Record) -> str:
        try:
            return self._render(None, "", fields_of(record))
        except ValueError as error:  # A text that is no Unicode, from far away.
            return f"a {type(record).__name__} could not be written: {error.__class__.__name__}"


def open_log(
    form: Literal["text", "json"],
    now: Callable[[], float],
    *,
    stream: IO[str] | None = None,
    level: Literal["debug", "info", "warning", "error"] = "info",
) -> tuple[Log, LineWriter]:
    """A log on ``stream`` (standard error without one) and the writer to be closed at the end."""
    import structlog

    stream = stream or sys.stderr
    writer = LineWriter(stream, form)

    class Lines(structlog.make_filtering_bound_logger(level)):  # type: ignore[misc]
        """What structlog makes of everything, but for records."""

        def tell(self, record: Record) -> None:
            if is_told(record):
                writer.write(record)

    def stamp(
        _logger: object, _name: str, fields: structlog.typing.EventDict
    ) -> Mapping[str, object]:
        return {"at": _moment(now()), **fields}

    made: Log = structlog.wrap_logger(
        _Sink(writer),
        processors=[
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            _as_json if form == "json" else _as_text,
        ],
        wrapper_class=Lines,
    ).bind()
    return made, writer


def _moment(at: float) -> str:
    seconds, milliseconds = divmod(round(at * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03}+00:00"


@lru_cache(maxsize=16)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


_UNTOLD: Final = (
    *(CallKept, AgentKept, IncidentKept, VoicemailKept),
    *(ConfirmationDue, FormFilled, LookUpDue),
)
"""What is kept, or is between us; what callers typed is in some of it."""


def is_told(record: Record) -> bool:
    """Whether a record has a line: ``_UNTOLD`` has none, nor what an agent's calls tell."""
    if isinstance(record, AgentChanged):
        return record.what != "activity"
    return not isinstance(record, _UNTOLD)


def fields_of(record: Record) -> dict[str, object]:
    """What a record's line tells, in its order."""
    kind = record.__class__
    warns = kind is Noticed or kind is Repaired
    fields: dict[str, object] = {"at": _moment(record.at)}
    for name in _told_of(kind):
        value = getattr(record, name)
        if value is not None and value != "":
            fields[name] = _shown(name, value) if name in _SHORTENED else value
    if warns:
        fields["text"] = without_numbers(str(fields.get("text", "")))
    fields["event"] = _event_of(kind)
    fields["level"] = "warning" if warns else "info"
    return fields


@cache
def _told_of(kind: type[Record]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name not in _NOT_TOLD)


def _shown(name: str, value: object) -> object:
    """A record's field as it may be logged."""
    if name in _NUMBER_FIELDS:
        return masked(str(value))
    kind, _, number = str(value).partition(":")
    return f"number:{masked(number)}" if kind == "number" else value


def masked(number: str) -> str:
    """A telephone number as it may be logged: its last three digits."""
    return f"...{number[-3:]}" if len(number) > 3 else number


def without_numbers(text: str) -> str:
    """Free text with whatever may be a caller's number cut to its last three digits."""
    return _NUMBER.sub(r"...\1", text)


def capture_logging(log: Log) -> None:
    """What libraries say through `logging` becomes lines of this log, from warnings on; acd's own
    modules that use it, from information on.
    """
    root = logging.getLogger()
    root.handlers[:] = [_Bridge(log)]
    root.setLevel(logging.WARNING)
    logging.getLogger("acd").setLevel(logging.INFO)


class _Bridge(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        text = without_numbers(record.getMessage())
        say = self._log.info
        if record.levelno >= logging.ERROR:
            say = self._log.error
        elif record.levelno >= logging.WARNING:
            say = self._log.warning
        error = record.exc_info[1] if record.exc_info else None
        say(record.name, text=text, exc_info=error)


class _Sink:
    """What structlog writes to: every level is the same writer."""

    def __init__(self, writer: LineWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = writer.write


def _as_json(_logger: object, _name: str, fields: Mapping[str, object]) -> str:
    return msgspec.json.encode(fields, enc_hook=str).decode()


def _as_text(_logger: object, _name: str, fields: Mapping[str, object]) -> str:
    """`<time> <level> <event> name=value ...`, what went wrong on lines of its own."""
    rest = []
    for name, value in fields.items():
        if name not in _AT_THE_FRONT:
            text = f"{value:.3f}" if isinstance(value, float) else str(value)
            plain = " " not in text and text.isprintable()
            rest.append(f"{name}={text}" if plain else f"{name}={text!r}")
    line = f"{fields['at']} {fields['level']:<8} {fields['event']:<20} {' '.join(rest)}"
    return f"{line}\n{fields['exception']}" if "exception" in fields else line.rstrip()


_EVENT_NAMES: Final[dict[type, str]] = {}


def _event_of(kind: type) -> str:
    """`CallAnswered` as `call_answered`."""
    name = _EVENT_NAMES.get(kind)
    if name is None:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        _EVENT_NAMES[kind] = name
    return name
