"""The file of a queue_log: written by a thread of its own, a whole line at a time.

Rules: nobody waits for it, and a disk that is full costs lines of this file and nothing else; how
many is told once it takes lines again. Half a line is never left behind. It is opened again when
somebody has moved it away (logrotate), and moved away by itself when it is too long.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from acd.core.memory import Memory
from acd.core.records import Record
from acd.gathering import Gathering
from acd.queuelog.lines import Lines

OpenQueueLog = Callable[[Memory, Callable[[str], None]], "QueueLogFile"]
"""Opens one, given what was before and who hears of trouble."""

_GATHER_SECONDS: Final = 0.1
_MOST_WAITING: Final = 50_000
"""Steps that wait to be written at most; a full disk must not fill the memory as well."""


class QueueLogFile:
    """One file at ``path``; ``lines`` is used by the writing thread alone.

    It is moved to ``<path>.1``, and that to ``<path>.2``, when it has ``most_bytes``; ``kept`` of
    these stay. ``tell`` hears, in the thread, why it cannot be written, and what it has cost.
    """

    def __init__(
        self,
        path: Path,
        lines: Lines,
        tell: Callable[[str], None],
        *,
        most_bytes: int = 100_000_000,
        kept: int = 5,
    ) -> None:
        self._path = path
        self._lines = lines
        self._tell = tell
        self._most_bytes = most_bytes
        self._kept = kept
        self._file: int | None = None
        self._lost = 0
        self._trouble = ""
        self._gathering = Gathering[Sequence[Record]](
            "queue_log",
            self._tell_of,
            gather_seconds=_GATHER_SECONDS,
            most_waiting=_MOST_WAITING,
            done=self._end,
        )

    def put(self, records: Sequence[Record]) -> None:
        """Take the records of one step; never waits."""
        if not self._gathering.put(records):
            self._lost += 1

    def close(self, within_seconds: float = 0.5) -> None:
        """Write what is left, for at most this long; nothing may be put afterwards."""
        self._gathering.close(within_seconds)

    def _tell_of(self, steps: list[Sequence[Record]]) -> bool:
        entries = [one for step in steps for one in self._lines.entries(step)]
        if entries:
            self._write([one.line() for one in entries])
        return True

    def _end(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def _write(self, lines: list[str]) -> None:
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        try:
            file = self._opened(len(data))
            size = os.fstat(file).st_size
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(file, rest) :]
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file, size)
                raise
        except OSError as error:
            self._lost += len(lines)
            why = error.strerror or type(error).__name__
            if why != self._trouble:
                self._trouble = why
                self._tell(f"{self._path} cannot be written: {why}")
            return
        if self._lost:
            self._tell(f"{self._path} lacks {self._lost} lines: {self._trouble or 'too many'}")
            self._lost, self._trouble = 0, ""

    def _opened(self, more: int) -> int:
        """The file as it is to be written on: the one that is called so, and not too long."""
        if self._file is not None and self._was_moved(self._file):
            self._shut(self._file)
        if self._file is None:
            self._file = self._open()
        size = os.fstat(self._file).st_size
        if size and size + more > self._most_bytes:
            self._shut(self._file)
            self._move_away()
            self._file = self._open()
        return self._file

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o640)

    def _shut(self, file: int) -> None:
        self._file = None
        os.close(file)

    def _was_moved(self, file: int) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        mine = os.fstat(file)
        return (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino)

    def _move_away(self) -> None:
        names = [self._path.with_name(f"{self._path.name}.{n}") for n in range(1, self._kept + 1)]
        for younger, older in zip(reversed(names[:-1]), reversed(names[1:]), strict=True):
            if younger.exists():
                younger.replace(older)
        self._path.replace(names[0])
