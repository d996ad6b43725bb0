"""The journal as the daemon sees it: ``append`` costs a microsecond, a thread does the rest.

Rules: whatever the disk does, ``append`` neither waits nor raises, and what is given to it is never
changed afterwards: the thread encodes it, many at a time, which costs a third of what it would
between two messages. What the thread cannot write it keeps and tries again; when more than
``buffer_bytes`` stand in line, entries are dropped and counted, and as soon as there is room again
a ``Gap`` says so in their place.
"""

import secrets
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from acd import __version__
from acd.ami.items import FramesReceived, Outputs
from acd.core.memory import Memory
from acd.core.plan import Plan
from acd.core.records import Snapshot
from acd.journal import framing
from acd.journal.entries import (
    Check,
    Entry,
    Gap,
    Header,
    RunEnd,
    Said,
    Segment,
    SegmentEnd,
    encode,
    state_digest,
)
from acd.journal.segments import OpenSegment, Shelf, Tell, name_of
from acd.pipeline import Item, PbxSetup

_GATHER_SECONDS: Final = 0.1
"""What comes within this time is written at once; so much of a run a killed engine may lose."""
_RETRY_SECONDS: Final = 1.0
_PIECE_BYTES: Final = 1024 * 1024
_STEP_BYTES: Final = 64
_RECORD_BYTES: Final = 256
"""What a step and a record of it take in memory, about, beside the frame itself."""


class _Step(NamedTuple):
    """An entry to be: what it was stepped with, and what was said; None when it raised."""

    sequence: int
    now: float
    item: Item
    outputs: Outputs | None


class _Proof(NamedTuple):
    """A check to be, with whatever has been said when its turn comes."""

    sequence: int


class JournalLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How large a journal may grow, on disk and in memory."""

    segment_bytes: int = 64 * 1024 * 1024
    segment_seconds: float = 86_400.0
    """A file holds no more than about that time, so that what is old can be deleted."""
    total_bytes: int = 2 * 1024 * 1024 * 1024
    """All runs in the directory together; the file that is being written is never deleted."""
    buffer_bytes: int = 32 * 1024 * 1024
    """How much may wait for a slow disk before entries are dropped."""
    check_every: int = 1000
    """So many entries stand between two proofs."""


class Journal:
    """One run's journal. Make one with what the pipeline is made with, then `append` each step."""

    def __init__(
        self,
        directory: Path,
        plan: Plan,
        pbxs: Sequence[PbxSetup],
        *,
        secret: bytes,
        now: float,
        memory: Memory | None = None,
        limits: JournalLimits | None = None,
        tell: Tell = lambda kind, text: None,
    ) -> None:
        """Begin a run; ``now`` and the rest are what the Pipeline is given, to the last bit.

        Nothing is opened here: a directory that cannot be written is told through ``tell`` (a short
        constant word and a text, from another thread), and tried again each second.
        """
        moment = datetime.fromtimestamp(now, UTC)
        self.run = f"{moment:%Y%m%dT%H%M%S-%f}-{secrets.token_hex(3)}"
        self._directory = directory
        self._limits = limits or JournalLimits()
        self._tell = tell
        self._said = Said()
        self._sequence = 0
        self._gap: Gap | None = None
        self._accepted_bytes = 0
        self._written_bytes = 0
        self._pending: deque[tuple[int, bytes | _Step | _Proof]] = deque()
        """With about how many bytes each takes."""
        self._dropped = self._unencodable = 0
        self._signalled = False
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._over = threading.Event()
        """Nothing is written any more."""
        self._failing = False
        self._segment: OpenSegment | None = None
        self._number = 0
        self._stepped_at = self._begun_at = now
        """Of the last step, and of the first in the file that is being written."""
        self._shelf = Shelf(directory, self.run, self._limits.total_bytes, self._told)
        self._untidy = threading.Event()
        header = Header(__version__, now, secret, tuple(pbxs), plan, memory or Memory())
        self._put(encode(header))
        self._threads = [
            threading.Thread(target=work, name=f"journal-{name}", daemon=True)
            for name, work in (("write", self._write), ("tidy", self._tidy))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def buffered_bytes(self) -> int:
        """About how much waits for the disk."""
        return self._accepted_bytes - self._written_bytes

    def waiting_at(self) -> float | None:
        """When the oldest item came that the disk has not been given yet; None for none."""
        for place in range(3):  # The header, proofs and gaps stand between items.
            try:
                _, what = self._pending[place]
            except IndexError:  # The writing thread may just have taken it.
                return None
            if isinstance(what, _Step):
                return what.now
        return None

    @property
    def dropped(self) -> int:
        """Entries that are not in the journal, for a metric."""
        return self._dropped + self._unencodable

    def append(self, now: float, item: Item, outputs: Outputs) -> None:
        """Keep one item, the time it was stepped at and what came of it. Never waits or raises."""
        self._sequence += 1
        size = _STEP_BYTES + _RECORD_BYTES * len(outputs.records)
        self._take(size, _Step(self._sequence, now, item, outputs))

    def append_bug(self, now: float, item: Item) -> None:
        """Keep the item whose step raised: the bug report. Only `close` may follow."""
        self._sequence += 1
        self._take(_STEP_BYTES, _Step(self._sequence, now, item, None))

    def close(
        self, now: float, snapshot: Snapshot | None = None, timeout_seconds: float = 0.5
    ) -> bool:
        """End the run: the last proof, the ``snapshot`` of ``now``, and what waits is written.

        Blocks for at most twice the time given, so a loop gives it to a thread. Returns whether
        everything was written; a journal without its end is read like that of a killed engine.
        """
        if self._gap is not None and self._has_room():
            self._put(encode(self._gap))
            self._gap = None
        state = state_digest(snapshot) if snapshot is not None else b""
        if self._gap is None:
            self._put(_Proof(self._sequence))
            self._put(encode(RunEnd(self._sequence, now, state)))
        self._closing.set()
        self._wake.set()
        writer, tidier = self._threads
        writer.join(timeout_seconds)
        self._over.set()
        self._untidy.set()
        tidier.join(timeout_seconds)
        return not self._pending and not self.buffered_bytes

    # -- on the loop ---------------------------------------------------------------------------

    def _has_room(self) -> bool:
        return self._accepted_bytes - self._written_bytes <= self._limits.buffer_bytes

    def _take(self, size: int, step: _Step) -> None:
        if not self._has_room():
            self._drop("the disk was full or too slow")
            return
        if self._gap is not None:
            self._put(encode(self._gap))
            self._gap = None
        if isinstance(step.item, FramesReceived):
            size += sum(map(len, step.item.frames))
        self._put(step, size)

    def _put(self, what: bytes | _Step | _Proof, size: int = _STEP_BYTES) -> None:
        self._accepted_bytes += size
        self._pending.append((size, what))
        if not self._signalled:
            self._signalled = True
            self._wake.set()

    def _drop(self, why: str) -> None:
        self._dropped += 1
        if self._gap is None:
            self._gap = Gap(self._sequence, 1, why)
            self._told("journal_gap", f"entry {self._sequence} and perhaps more are lost: {why}")
        else:
            self._gap = Gap(self._gap.sequence, self._gap.count + 1, self._gap.why)

    # -- in the threads ------------------------------------------------------------------------

    def _told(self, kind: str, text: str) -> None:
        try:
            self._tell(kind, text)
        except RuntimeError:
            pass  # The loop that would have logged it is closed.

    def _write(self) -> None:
        pending = self._pending
        most_bytes = min(_PIECE_BYTES, self._limits.segment_bytes)
        while True:
            self._wake.wait()
            self._wake.clear()
            # Whoever appends from here on wakes us again, though we may take it with us now.
            self._signalled = False
            self._closing.wait(_GATHER_SECONDS)
            closing = self._closing.is_set()
            while pending:
                piece = bytearray()
                taken = 0
                while pending and len(piece) < most_bytes:
                    size, what = pending.popleft()
                    taken += size
                    piece += self._framed(what)
                if not self._written(bytes(piece)):
                    closing = True
                    break
                self._written_bytes += taken
            if closing:
                if self._segment is not None:
                    self._segment.close()
                return

    def _framed(self, what: bytes | _Step | _Proof) -> bytes:
        if isinstance(what, _Proof):
            return self._proof(what.sequence)
        if not isinstance(what, _Step):
            return framing.encode(what)
        sequence, now, item, outputs = what
        self._stepped_at = now
        try:
            said = None if outputs is None else self._said.step(outputs)
            framed = framing.encode(encode(Entry(sequence, now, item, said)))
        except Exception as error:
            # A text that is no Unicode, say. The engine has done its work; only a replay ends here.
            self._unencodable += 1
            why = f"it could not be encoded: {error}"
            self._told("journal_gap", f"entry {sequence} is lost: {why}")
            return framing.encode(encode(Gap(sequence, 1, why)))
        if sequence % self._limits.check_every == 0:
            return framed + self._proof(sequence)
        return framed

    def _proof(self, sequence: int) -> bytes:
        return framing.encode(encode(Check(sequence, self._said.digest())))

    def _written(self, data: bytes) -> bool:
        """Write until it is done; False when it cannot be and the journal is being closed."""
        while True:
            try:
                self._into_segment(data)
            except OSError as error:
                if not self._failing:
                    self._failing = True
                    self._told(
                        "journal_unwritable",
                        f"{self._directory}: {error.strerror or error}; calls go on without a "
                        "journal. Make room, or mend the directory's owner or mode",
                    )
                if self._closing.wait(_RETRY_SECONDS):
                    return False
            else:
                if self._failing:
                    self._failing = False
                    self._told("journal_writable", f"{self._directory}: written to again")
                return True

    def _is_full(self, segment: OpenSegment) -> bool:
        limits = self._limits
        too_old = self._stepped_at - self._begun_at >= limits.segment_seconds
        return too_old or segment.size_bytes >= limits.segment_bytes

    def _into_segment(self, data: bytes) -> None:
        segment = self._segment
        if segment is not None and self._is_full(segment):
            segment.write(framing.encode(encode(SegmentEnd(self._number + 1))))
            segment.close()
            self._segment = segment = None
        if segment is None:
            number = self._number + 1
            segment = OpenSegment(self._directory / name_of(self.run, number))
            try:
                begin = framing.encode(encode(Segment(self.run, number)))
                segment.write(framing.preamble() + begin + data)
            except OSError:
                segment.size_bytes = 0
                segment.close()
                raise
            self._segment, self._number, self._begun_at = segment, number, self._stepped_at
            self._untidy.set()
        else:
            segment.write(data)

    def _tidy(self) -> None:
        while True:
            self._untidy.wait()
            self._untidy.clear()
            # Asked before, not after: what was finished meanwhile wants another round.
            is_last = self._over.is_set()
            segment = self._segment
            if segment is not None:
                self._shelf.tidy(segment.path)
            if is_last:
                return
