"""One call from every witness: log, journal and final record joined into one timeline.

The log tells what was logged. The journal holds what the PBX said, and a replay of it what the
engine said and decided; a record that the log tells as well is one moment with two witnesses. The
final record stands beside both: it is what the books say.

Rules: each witness may be missing, and then it is said why. Numbers are cut to their last three
digits and what a caller typed is left out, as in the log. Nothing is changed anywhere.
It must not know how a timeline is shown.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from acd.ami.items import FramesReceived, Outputs
from acd.core.ids import AgentId, CallId
from acd.core.records import CallEnded, Record, WrapUpEnded, WrapUpStarted
from acd.errors import JournalError
from acd.journal.entries import Entry, Gap, Said, make_pipeline
from acd.journal.reader import Fault, Run, find
from acd.journal.segments import listed
from acd.log import fields_of, is_told, masked, without_numbers

LOG, JOURNAL, PBX, COMMAND, RECORD = "log", "journal", "pbx", "command", "record"
"""The witnesses: lines of the log, what a replay decides, what the PBX said and was told, and the
final record."""

_SAYS: Final = re.compile(r"(\w+)=('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)")
_TEXT_LINE: Final = re.compile(r"(\d{4}-\d\d-\d\dT\S+) +(\w+) +(\S+) *(.*)")
_NOT_SHOWN: Final = frozenset({"at", "event", "level", "call"})
_OF_EVENTS: Final = ("Cause", "Cause-txt", "BridgeType", "Application", "Context", "DeviceState")
_OF_ACTIONS: Final = ("Command", "Context", "Cause")
"""What is shown of what passed between us and a PBX; digits and variables are not."""


class Moment(msgspec.Struct, frozen=True):
    """Something that happened: ``about`` is what is particular, as words."""

    at: float
    witnesses: tuple[str, ...]
    what: str
    about: Mapping[str, str]


class Timeline(msgspec.Struct, frozen=True):
    """All that is known of a call, in order; ``notes`` say which witness could not be heard."""

    call: CallId
    moments: tuple[Moment, ...]
    notes: tuple[str, ...] = ()


def join(call: CallId, moments: Iterable[Moment], notes: Iterable[str] = ()) -> Timeline:
    """Put them in order; what two witnesses tell at one moment in the same words is one."""
    found: dict[tuple[int, str, str], Moment] = {}
    for one in moments:
        key = round(one.at * 1000), one.what, one.about.get("agent", "")
        known = found.get(key)
        if known is None or RECORD in {*one.witnesses, *known.witnesses}:
            key = key if known is None else (*key[:2], f"{key[2]} {len(found)}")
            found[key] = one
        else:
            witnesses = dict.fromkeys((*known.witnesses, *one.witnesses))
            about = {**known.about, **one.about}
            found[key] = Moment(known.at, tuple(witnesses), one.what, about)
    # What came in before what was made of it, where both have the same time.
    order = (PBX, JOURNAL, LOG, COMMAND, RECORD)
    ordered = sorted(found.values(), key=lambda one: (one.at, order.index(one.witnesses[0])))
    return Timeline(call, tuple(ordered), tuple(notes))


# -- the log ---------------------------------------------------------------------------------------


def from_log(lines: Iterable[str], call: CallId) -> Iterator[Moment]:
    """Yield what a log says about a call, in either of its forms; other lines are passed over."""
    names_it = re.compile(rf"(?<![\w.-]){re.escape(call)}(?![\w-]|\.\w)")
    for line in lines:
        if names_it.search(line) and (fields := _line(line)) is not None:
            at, event, about = fields
            yield Moment(at, (LOG,), event, about)


def _line(line: str) -> tuple[float, str, dict[str, str]] | None:
    """Time, event and the rest of one line; None when it is none of ours."""
    try:
        if (begins := line.find("{")) >= 0 and line.rstrip().endswith("}"):
            fields = msgspec.json.decode(line[begins:], type=dict[str, object])
        elif found := _TEXT_LINE.search(line):
            said = {name: _word(text) for name, text in _SAYS.findall(found[4])}
            fields = {"at": found[1], "event": found[3], **said}
        else:
            return None
        at = datetime.fromisoformat(str(fields["at"])).timestamp()
        return at, str(fields["event"]), _about(fields)
    except (ValueError, KeyError, msgspec.DecodeError):
        return None


def _word(text: str) -> str:
    if text[:1] not in "'\"":
        return text
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _about(fields: Mapping[str, object]) -> dict[str, str]:
    return {
        name: f"{value:.3f}" if isinstance(value, float) else str(value)
        for name, value in fields.items()
        if name not in _NOT_SHOWN
    }


# -- the journal -----------------------------------------------------------------------------------


def from_journal(path: Path, call: CallId, notes: list[str]) -> Iterator[Moment]:
    """Yield what the PBX said of a call, was told about it, and what was decided.

    ``path`` is a file of a run or the folder of all: the newest run in which the call occurs is
    replayed, as far as it does. What cannot be read goes to ``notes``.
    """
    seen = _Seen(call)
    for first in _runs(path, notes):
        try:
            run = Run(find(first))
            last = max((part.sequence for part in _entries(run) if seen.came(part)), default=0)
        except JournalError as error:
            notes.append(f"journal: {error}")
            continue
        if last:
            yield from _replayed(Run(find(first)), call, last, notes)
            return
    notes.append("journal: the call does not occur in it")


def _runs(path: Path, notes: list[str]) -> list[Path]:
    """A file of each run, the newest first."""
    try:
        if not path.is_dir():
            return [path]
        files = {one.run: one.path for one in reversed(listed(path))}
    except OSError as error:
        notes.append(f"journal: {path}: {error.strerror or error}")
        return []
    return list(files.values())


def _entries(run: Run) -> Iterator[Entry]:
    return (part for part in run.parts() if isinstance(part, Entry))


def _replayed(run: Run, call: CallId, last: int, notes: list[str]) -> Iterator[Moment]:
    """Do the run again until the call is over and nobody is in wrap-up for it."""
    pipeline = make_pipeline(run.header)
    seen, locked, said = _Seen(call), set[AgentId](), Said()
    for part in run.parts():
        if isinstance(part, Gap) or (isinstance(part, Fault) and part.fatal):
            notes.append("journal: it has a hole, after which nothing of it can be told")
            return
        if not isinstance(part, Entry):
            continue
        if part.sequence > last and not locked:
            return
        for frame in seen.frames(part):
            yield _of_pbx(part.now, frame, (PBX,), b"Event", _OF_EVENTS)
        try:
            outputs = pipeline.step(part.item, part.now)
        except Exception as error:  # What the engine failed over ends a run.
            notes.append(f"journal: entry {part.sequence}: the engine fails over it: {error!r}")
            return
        if part.said is not None and said.step(outputs) != part.said:
            notes.append(
                f"journal: from entry {part.sequence} on this acd decides otherwise than the one "
                "that wrote it, so what follows is not told"
            )
            return
        yield from _decided(part.now, outputs, seen, locked)


def _decided(now: float, outputs: Outputs, seen: "_Seen", locked: set[AgentId]) -> Iterator[Moment]:
    for record in outputs.records:
        if is_told(record) and _concerns(record, seen.call, locked):
            fields = fields_of(record)
            yield Moment(record.at, (JOURNAL,), str(fields["event"]), _about(fields))
    for write in outputs.writes:
        for action in write.data.split(b"\r\n\r\n"):
            if seen.is_about(action):
                yield _of_pbx(now, action, (COMMAND,), b"Action", _OF_ACTIONS)


def _concerns(record: Record, call: CallId, locked: set[AgentId]) -> bool:
    own: bool = getattr(record, "call", None) == call
    if own and isinstance(record, WrapUpStarted):
        locked.add(record.agent)
    elif own and isinstance(record, WrapUpEnded):
        locked.discard(record.agent)
    return own


class _Seen:
    """Knows what of a PBX's talk is about a call: its own channel, and what is linked to it."""

    def __init__(self, call: CallId) -> None:
        self.call = call
        # The PBX puts its own name and a dash before it.
        unique = rb": (?:[^\r\n]*-)?" + re.escape(call.rpartition("-")[2].encode()) + rb"\r\n"
        self._own = re.compile(rb"\r\nUniqueid" + unique)
        self._linked = re.compile(rb"\r\nLinkedid" + unique)
        self._channel = re.compile(rb"\r\nChannel: ([^\r\n]+)")
        self._channels: set[bytes] = set()

    def came(self, entry: Entry) -> bool:
        """Whether the PBX said something about it in this entry."""
        return any(True for _ in self.frames(entry))

    def frames(self, entry: Entry) -> Iterator[bytes]:
        """What it said."""
        if isinstance(entry.item, FramesReceived):
            for frame in entry.item.frames:
                text = frame + b"\r\n"
                if self._own.search(text):
                    self._channels.update(self._channel.findall(text)[:1])
                    yield frame
                elif self._linked.search(text):
                    yield frame

    def is_about(self, action: bytes) -> bool:
        """Whether an action is about it: by its own channel, or by its name in what it sets."""
        if self.call.encode() in action:
            return True
        found = self._channel.search(b"\r\n" + action + b"\r\n")
        return found is not None and found[1] in self._channels


def _of_pbx(
    at: float, frame: bytes, witnesses: tuple[str, ...], kind: bytes, shown: Iterable[str]
) -> Moment:
    """One AMI message, without digits and numbers."""
    fields: dict[str, str] = {}
    for line in frame.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(": ")
        fields.setdefault(name, value)
    what = fields.get(kind.decode(), "Response")
    if "Command" in fields:
        # Its verb alone: what is said to him may be what he typed, digit by digit.
        fields["Command"] = " ".join(fields["Command"].split()[:2])
    about = {name: without_numbers(fields[name]) for name in shown if fields.get(name)}
    return Moment(at, witnesses, what, about)


# -- the record ------------------------------------------------------------------------------------


def from_record(ended: CallEnded) -> Iterator[Moment]:
    """Yield what the books say of a call that is over."""

    def moment(at: float | None, what: str, **about: str | None) -> Iterator[Moment]:
        if at is not None:
            said = {name: text for name, text in about.items() if text}
            yield Moment(at, (RECORD,), what, said)

    client = ended.client
    yield from moment(
        ended.arrived_at, "arrived", ani=masked(ended.ani), dnis=masked(ended.dnis), client=client
    )
    for visit in ended.queue_path:
        yield from moment(visit.entered_at, "entered_queue", queue=visit.queue)
        yield from moment(visit.left_at, "left_queue", queue=visit.queue, how=visit.how)
    for leg in ended.legs:
        who = {"agent": leg.agent, "queue": leg.queue}
        yield from moment(leg.rung_at, "rung", **who)
        yield from moment(leg.connected_at, "connected", **who)
        if leg.transferred is not None:
            passed = {"kind": leg.transferred.kind.value, "number": leg.transferred.number}
            yield from moment(
                leg.ended_at, "transferred", to=leg.transferred.agent, **passed, **who
            )
        yield from moment(leg.ended_at, "leg_ended", how=leg.how, **who)
    choices = " ".join(ended.menu_path)
    yield from moment(
        ended.at,
        "ended",
        outcome=ended.outcome.value,
        choices=choices,
        language=ended.language,
        needs=", ".join(ended.skills),
    )
