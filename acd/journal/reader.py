"""A run read back: what is there, in order, and where something is wrong or missing.

Rules: a reader changes no file. What can be read is read: after damage it goes on where it can, and
each fault is told in its place, with the file and the byte. Only a run of which nothing can be
replayed at all (no first file, no header, a newer format) is an error.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from acd.errors import JournalError
from acd.journal import entries, framing
from acd.journal.entries import Check, Entry, Gap, Header, RunEnd, Segment, SegmentEnd
from acd.journal.segments import SegmentFile, listed, run_of, unpack

MOST_SEGMENT_BYTES: Final = 1024 * 1024 * 1024
"""No file is unpacked further than that."""


class Fault(msgspec.Struct, frozen=True):
    """Something is wrong with the files; ``text`` says where and what.

    ``fatal`` unless it is only the end that is missing, as it is of an engine that was killed.
    """

    text: str
    fatal: bool = True


class RunFiles(msgspec.Struct, frozen=True):
    """The files of one run in order, and the names of other runs that lie beside it."""

    run: str
    paths: tuple[Path, ...]
    others: tuple[str, ...] = ()


Part = Entry | Check | Gap | RunEnd | Fault


def find(path: Path) -> RunFiles:
    """Return the run of a segment, or the newest run in a directory. Raises JournalError."""
    try:
        if path.is_dir():
            segments = listed(path)
            if not segments:
                raise JournalError(f"{path}: there is no journal in this directory")
            run = segments[-1].run
        else:
            path.stat()
            named = run_of(path)
            if named is None:
                return RunFiles(path.name, (path,))
            segments, run = listed(path.parent), named
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error
    own = [one for one in segments if one.run == run]
    return RunFiles(run, tuple(_in_order(own)), tuple(sorted({s.run for s in segments} - {run})))


def _in_order(segments: list[SegmentFile]) -> Iterator[Path]:
    """Yield the files of one run. Raises JournalError when the first is gone."""
    first = segments[0]
    if first.number != 1:
        raise JournalError(
            f"{first.path}: the beginning of this run is gone (its first file has number 1, this "
            f"is {first.number}), so it cannot be replayed; give journals more room to keep more"
        )
    yield from (one.path for one in segments)


class Run:
    """One run being read, once and from its beginning."""

    def __init__(self, files: RunFiles) -> None:
        """Read the header. Raises JournalError when there is none that can be used."""
        self.files = files
        self._last = 0
        """The sequence number of the last entry."""
        self._hole = False
        """Something was told that explains why entries are missing."""
        self._ended = False
        self._following: int | None = None
        """The number of the file in which the run goes on, None when this one has no end."""
        self._name = ""
        self._path = files.paths[0]
        self._file = _read(self._path)
        try:
            framing.check_preamble(self._file.data)
        except framing.PreambleError as error:
            raise JournalError(f"{self._path}: {error}") from error
        self._frames = framing.frames(self._file.data)
        self.header = self._read_header()

    def parts(self) -> Iterator[Part]:
        """Yield everything after the header; the last one is ``RunEnd`` or a fault."""
        yield from self._rest_of_file()
        for path in self.files.paths[1:]:
            wanted, self._path = self._following, path
            if wanted is None:
                yield self._fault("the file before it has no end")
            yield from self._next_file(wanted)
        if self._following is not None:
            yield Fault(f"{self._path}: the run goes on in file {self._following}, which is gone")
        elif not self._ended:
            yield Fault(
                f"{self._path}: the run has no end after entry {self._last}: its engine was "
                "killed or is still at work, or the rest is lost",
                fatal=False,
            )

    # -- the beginning of a file ---------------------------------------------------------------

    def _read_header(self) -> Header:
        found: list[entries.Content] = []
        for frame in (next(self._frames, None), next(self._frames, None)):
            if not isinstance(frame, framing.Frame):
                raise JournalError(
                    f"{self._path}: is cut or damaged where it says what the engine was started "
                    "with, so nothing of it can be replayed"
                )
            try:
                found.append(entries.decode(frame.payload))
            except msgspec.MsgspecError as error:
                raise JournalError(f"{self._path}: {_foreign(frame, error)}") from error
        segment, header = found
        if not (isinstance(segment, Segment) and segment.number == 1):
            raise JournalError(
                f"{self._path}: this is not the beginning of a run, so it cannot be replayed"
            )
        if not isinstance(header, Header):
            raise JournalError(f"{self._path}: does not say what the engine was started with")
        self._name = segment.run
        return header

    def _next_file(self, wanted: int | None) -> Iterator[Part]:
        self._following = None
        self._file = _read(self._path)
        try:
            framing.check_preamble(self._file.data)
        except framing.PreambleError as error:
            yield self._fault(str(error))
            return
        self._frames = framing.frames(self._file.data)
        first = next(self._frames, None)
        segment = None
        if isinstance(first, framing.Frame):
            with suppress(msgspec.MsgspecError):
                segment = entries.decode(first.payload)
        if not isinstance(segment, Segment):
            yield self._fault("is cut or damaged where it says which file of which run it is")
        elif segment.run != self._name:
            yield self._fault(f"belongs to the run {segment.run}")
            return
        elif wanted is not None and segment.number != wanted:
            yield self._fault(f"file {wanted} of the run is gone")
        yield from self._rest_of_file()

    # -- what is in it -------------------------------------------------------------------------

    def _rest_of_file(self) -> Iterator[Part]:
        is_last = self._path == self.files.paths[-1]
        for frame in self._frames:
            if isinstance(frame, framing.Damage):
                at = f"byte {frame.offset}: {frame.size_bytes} bytes are no whole entry"
                yield self._fault(at, fatal=not (frame.cut and is_last))
                continue
            try:
                content = entries.decode(frame.payload)
            except msgspec.MsgspecError as error:
                yield self._fault(_foreign(frame, error))
                continue
            if self._ended or self._following is not None:
                yield self._fault(f"byte {frame.offset}: something follows the end")
            yield from self._taken(content, frame)
        if self._file.wrong:
            yield self._fault(self._file.wrong, fatal=not (self._file.cut and is_last))

    def _taken(self, content: entries.Content, frame: framing.Frame) -> Iterator[Part]:
        match content:
            case Entry(sequence) | Gap(sequence):
                if sequence != self._last + 1 and not self._hole:
                    missing = f"entry {sequence} follows entry {self._last}"
                    yield self._fault(f"byte {frame.offset}: {missing}")
                self._hole = False
                self._last = sequence
                if isinstance(content, Gap):
                    self._last += content.count - 1
                yield content
            case Check():
                yield content
            case RunEnd():
                self._ended = True
                yield content
            case SegmentEnd(following):
                self._following = following
            case Segment() | Header():
                yield self._fault(f"byte {frame.offset}: the beginning of a run within a run")

    def _fault(self, text: str, *, fatal: bool = True) -> Fault:
        self._hole = True
        return Fault(f"{self._path}: {text}", fatal)


class _File(msgspec.Struct, frozen=True):
    """A file's bytes as far as they could be had, and what is wrong with their packing."""

    data: bytes
    wrong: str = ""
    cut: bool = False


def _read(path: Path) -> _File:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error
    if not data.startswith(b"\x1f\x8b"):
        return _File(data)
    return _File(*unpack(data, MOST_SEGMENT_BYTES))


def _foreign(frame: framing.Frame, error: Exception) -> str:
    return (
        f"byte {frame.offset}: this acd does not understand what stands there ({error}); "
        "replay it with the acd that wrote it"
    )
