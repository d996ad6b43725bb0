"""A run of the engine done again from its journal, and compared byte for byte.

Rules: the pipeline is made from the journal's header and stepped with its entries at their times;
nothing is sent anywhere and no clock is read. After the first difference, a gap or damage the
engine's state is not the recorded one any more, so nothing is stepped from there on; what follows
is counted and said. It must not know AMI, nor what an item means.
"""

import traceback
from collections import Counter
from pathlib import Path
from typing import TextIO

from acd import __version__
from acd.ami.items import FramesReceived, Outputs
from acd.core.records import CallOffered, Snapshot
from acd.errors import JournalError
from acd.journal.entries import (
    Check,
    Entry,
    Gap,
    Header,
    RunEnd,
    Said,
    make_pipeline,
    state_digest,
)
from acd.journal.reader import Fault, Part, Run, find
from acd.pipeline import Item


class Replay:
    """One journal being replayed: `take` each part, then look at what came of it."""

    def __init__(self, header: Header, verbose: TextIO | None = None) -> None:
        self.pipeline = make_pipeline(header)
        self.started_at = self.now = header.started_at
        self.entries = self.unstepped = self.checks = 0
        self.actions = self.written_bytes = self.calls = self.rejected = 0
        self.records: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.difference = ""
        """The first thing that is not as it was recorded."""
        self.state_agreed = False
        """The snapshot at the end is the recorded one."""
        self._stopped = ""
        self._said = Said()
        self._verbose = verbose

    @property
    def agreed(self) -> bool:
        """Whether everything there is was stepped, and nothing of it differed."""
        return not (self.difference or self.unstepped or any(one.fatal for one in self.faults))

    def take(self, part: Part) -> None:
        """Work off the next part of the run."""
        match part:
            case Fault():
                self.faults.append(part)
                if part.fatal:
                    self._stop("damage")
            case Gap(sequence, count, why):
                lost = (
                    f"entries {sequence} to {sequence + count - 1}"
                    if count > 1
                    else (f"entry {sequence}")
                )
                text = f"{lost} could not be journalled when it was recorded: {why}"
                self.faults.append(Fault(text))
                self._stop("a gap")
            case Entry() if self._stopped:
                self.unstepped += 1
            case Entry():
                self._step(part)
            case Check() if not self._stopped:
                self.checks += 1
                if part.sequence != self.entries:
                    self._differ(f"the check entry after entry {part.sequence} stands elsewhere")
                elif part.digest != self._said.digest():
                    self._differ(f"what was said up to entry {part.sequence} has another SHA-256")
            case RunEnd() if not self._stopped:
                self._compare_state(part)
            case _:
                pass  # Nothing can be said about it where the state is not known.

    def _stop(self, why: str) -> None:
        self._stopped = self._stopped or why

    def _differ(self, text: str) -> None:
        self.difference = self.difference or text
        self._stop("the first difference")

    def _step(self, entry: Entry) -> None:
        self.entries += 1
        self.now = entry.now
        try:
            outputs = self.pipeline.step(entry.item, entry.now)
        except Exception as error:
            self._raised(entry, error)
            return
        if self._verbose is not None:
            _tell_step(entry, outputs, self._verbose)
        if entry.said is None:
            self._differ(
                f"entry {entry.sequence} ({_named(entry.item)}): the recorded engine failed over "
                "it, this one does not"
            )
            return
        if self._said.step(outputs) != entry.said:
            self._differ(
                f"entry {entry.sequence} ({_named(entry.item)}): this engine says something else "
                f"than the recorded one; it says {_summary(outputs)}"
            )
        self._count(outputs)

    def _raised(self, entry: Entry, error: Exception) -> None:
        where = f"entry {entry.sequence} ({_named(entry.item)})"
        if entry.said is None:
            self.faults.append(
                Fault(f"{where}: the engine failed over it, as it did when recorded: {error!r}")
            )
            self._stop("the failure")
        else:
            self._differ(f"{where}: this engine fails over it, the recorded one did not: {error!r}")
        if self._verbose is not None:
            traceback.print_exception(error, file=self._verbose)

    def _count(self, outputs: Outputs) -> None:
        for write in outputs.writes:
            self.actions += write.data.count(b"\r\n\r\n")
            self.written_bytes += len(write.data)
        for record in outputs.records:
            self.records[type(record).__name__] += 1
            self.calls += isinstance(record, CallOffered)
        self.rejected += len(outputs.rejected)

    def _compare_state(self, end: RunEnd) -> None:
        self.now = max(self.now, end.at)
        if not end.state:
            return
        if state_digest(self.pipeline.snapshot(end.at)) == end.state:
            self.state_agreed = True
        else:
            self._differ(f"the state after entry {end.sequence}, the last, is another")


def replay(path: Path, out: TextIO, *, until: int | None = None, verbose: bool = False) -> bool:
    """Replay a run and write for people what came of it; returns whether everything agreed.

    ``path`` is any file of a run, or a directory, of which the newest run is taken. With ``until``
    the entries after that sequence number are left alone. Raises JournalError when nothing of it
    can be replayed.
    """
    files = find(path)
    run = Run(files)
    header = run.header
    many = f", {len(files.paths)} files" if len(files.paths) > 1 else ""
    out.write(f"{files.paths[0]}: run {files.run}{many}\n")
    if files.others:
        out.write(f"  other runs, not looked at: {', '.join(files.others)}\n")
    if header.acd_version != __version__:
        out.write(f"  recorded by acd {header.acd_version}, replayed by acd {__version__}\n")
    try:
        doing = Replay(header, out if verbose else None)
    except Exception as error:
        raise JournalError(f"{files.paths[0]}: no engine can be made of it: {error!r}") from error
    cut_short = False
    for part in run.parts():
        if until is not None and isinstance(part, Entry) and part.sequence > until:
            cut_short = True
            break
        doing.take(part)
    _report(doing, out, until if cut_short else None)
    return doing.agreed


def _report(doing: Replay, out: TextIO, until: int | None) -> None:
    write = out.write
    write(
        f"  {_entries(doing.entries)}, {doing.now - doing.started_at:.1f} s, {doing.calls} calls, "
        f"{doing.actions} commands to PBXs in {doing.written_bytes} bytes"
        + (f", {doing.rejected} messages rejected\n" if doing.rejected else "\n")
    )
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(doing.records.items()))
    write(f"  records: {kinds or 'none'}\n")
    write(f"  at the end: {_state(doing.pipeline.snapshot(doing.now))}\n")
    for fault in doing.faults:
        write(f"{'FAULT' if fault.fatal else 'note'} {fault.text}\n")
    if doing.unstepped:
        write(f"FAULT {_entries(doing.unstepped)} after that can be read, but not replayed\n")
    if until is not None:
        write(f"note stopped after entry {until}, as asked for; the rest was not looked at\n")
    if doing.difference:
        write(f"DIFFERENCE {doing.difference}\n")
    checks = _entries(doing.checks, "check ")
    state = " and the state at the end" if doing.state_agreed else ""
    if doing.agreed:
        write(f"agreed: every entry, {checks}{state}\n")
    else:
        write(f"not proven: {_entries(doing.entries)} stepped, {checks} looked at\n")


def _entries(count: int, kind: str = "") -> str:
    return f"{count} {kind}{'entry' if count == 1 else 'entries'}"


def _state(snapshot: Snapshot) -> str:
    calls = Counter(call.state.value for call in snapshot.calls)
    agents = Counter(f"{one.presence.value}/{one.activity.value}" for one in snapshot.agents)
    parts = []
    for title, counts in (("calls", calls), ("agents", agents)):
        text = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        parts.append(f"{title}: {text or 'none'}")
    return "; ".join(parts)


def _named(item: Item) -> str:
    if isinstance(item, FramesReceived):
        first = [frame.partition(b"\r\n")[0] for frame in item.frames]
        names = (repr(name.decode("utf-8", "backslashreplace")) for name in first)
        return f"FramesReceived, {', '.join(names)}"
    return type(item).__name__


def _summary(outputs: Outputs) -> str:
    said = [f"{len(write.data)} bytes to {write.pbx}" for write in outputs.writes]
    said += [f"drop {drop.pbx}" for drop in outputs.drops]
    said += [type(record).__name__ for record in outputs.records]
    return ", ".join(said) or "nothing"


def _tell_step(entry: Entry, outputs: Outputs, out: TextIO) -> None:
    out.write(f"{entry.sequence} {entry.now:.6f} {_named(entry.item)}\n")
    for write in outputs.writes:
        for action in write.data.split(b"\r\n\r\n")[:-1]:
            lines = action.decode("utf-8", "backslashreplace").split("\r\n")
            out.write(f"    > {write.pbx} {' | '.join(lines)}\n")
    for record in outputs.records:
        out.write(f"    {record!r}\n")
    for pbx, reason in outputs.rejected:
        out.write(f"    rejected from {pbx}: {reason}\n")
