"""The files of a journal: names, writing, and keeping them small and few.

``<run>.<number>.journal`` is written to, or was when its engine died; ``.journal.gz`` is finished.
A run's name begins with its start in UTC, so names in order are runs in order. The file being
written is locked (flock) before it has its name, so that whoever tidies leaves it alone.
All of this blocks and belongs into threads. It must not know what the bytes mean.
"""

import fcntl
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

Tell = Callable[[str, str], None]
"""Told a short constant word and a text for people; called from whichever thread."""

PLAIN: Final = ".journal"
PACKED: Final = ".journal.gz"
_PART: Final = ".journal.gz.part"
_NAMELESS: Final = ".new"
"""Behind the name of a file that is not locked yet."""
_NAME: Final = re.compile(
    r"(?P<run>[0-9A-Za-z_-]+)\.(?P<number>\d{6})(?P<ending>\.journal(\.gz)?)", re.ASCII
)
_CHUNK_BYTES: Final = 1024 * 1024
_GZIP_BITS: Final = 31
"""zlib's word for a gzip header around the largest window."""


class SegmentFile(NamedTuple):
    """One file by its name; in order of runs, then of numbers."""

    run: str
    number: int
    path: Path


def name_of(run: str, number: int) -> str:
    """Return the name of a file that is being written."""
    return f"{run}.{number:06}{PLAIN}"


def listed(directory: Path) -> list[SegmentFile]:
    """Return the directory's segments in order; of a packed and a plain one the plain one.

    Raises OSError.
    """
    found: dict[tuple[str, int], Path] = {}
    for path in directory.iterdir():
        if match := _NAME.fullmatch(path.name):
            key = match["run"], int(match["number"])
            # Both are there when acd died while it packed: then only the plain one is whole.
            if match["ending"] == PLAIN or key not in found:
                found[key] = path
    return [SegmentFile(run, number, path) for (run, number), path in sorted(found.items())]


def run_of(path: Path) -> str | None:
    """Return the run that a file's name says, None when it is not named as ours are."""
    match = _NAME.fullmatch(path.name)
    return match["run"] if match else None


class OpenSegment:
    """The one file being written. What was not written whole is written again over it."""

    def __init__(self, path: Path) -> None:
        """Make the file, and its directory when it is missing. Raises OSError."""
        directory = path.parent
        if not directory.exists():
            directory.parent.mkdir(parents=True, exist_ok=True)
            directory.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self.path = path
        self.size_bytes = 0
        nameless = path.with_name(path.name + _NAMELESS)
        self._file = os.open(nameless, flags, 0o600)
        try:
            self._lock()
            nameless.rename(path)
        except OSError:
            os.close(self._file)
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass  # A file system without locks; then nobody should share the directory.

    def write(self, data: bytes) -> None:
        """Append all of it. Raises OSError; then nothing counts as written, and it may be retried.

        Nothing is synced: what this process has written survives its death, and the journal is no
        promise to anybody about power cuts.
        """
        view = memoryview(data)
        at = self.size_bytes
        while view:
            count = os.pwrite(self._file, view, at)
            at += count
            view = view[count:]
        self.size_bytes = at

    def close(self) -> None:
        """Let go of the file."""
        with suppress(OSError):
            os.ftruncate(self._file, self.size_bytes)
        with suppress(OSError):
            os.close(self._file)


class Shelf:
    """A directory of finished segments: packed, and never more than ``most_bytes`` in all."""

    def __init__(self, directory: Path, run: str, most_bytes: int, tell: Tell) -> None:
        self._directory = directory
        self._run = run
        self._most_bytes = most_bytes
        self._tell = tell
        self._told: set[str] = set()

    def tidy(self, writing: Path) -> None:
        """Pack what is finished and delete what is too much; ``writing`` is left alone.

        What fails is left for the next time: nothing here is worth an alarm.
        """
        with suppress(OSError):
            lock = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for part in self._directory.glob(f"*{_PART}"):
                    part.unlink()
                for segment in listed(self._directory):
                    path = segment.path
                    if path != writing and path.suffix != ".gz" and not _is_written_to(path):
                        with suppress(OSError):
                            pack(path)
                self._prune(writing)
            finally:
                os.close(lock)

    def _prune(self, writing: Path) -> None:
        segments = listed(self._directory)
        sizes = {one.path: one.path.stat().st_size for one in segments}
        total = sum(sizes.values())
        others = [one for one in segments if one.run != self._run]
        own = [one for one in segments if one.run == self._run]
        for segment in (*others, *own):
            if total <= self._most_bytes:
                return
            path = segment.path
            if path == writing or (path.suffix != ".gz" and _is_written_to(path)):
                continue
            path.unlink()
            total -= sizes[path]
            self._say_deleted(segment)

    def _say_deleted(self, segment: SegmentFile) -> None:
        word = "journal_beginning_deleted" if segment.run == self._run else "journal_old_deleted"
        if word in self._told:
            return
        self._told.add(word)
        limit = f"journals may have {self._most_bytes} bytes in all"
        if segment.run == self._run:
            text = f"{limit}: the beginning of this run was deleted; it cannot be replayed any more"
        else:
            text = f"{limit}: {segment.path.name} was deleted, and others will be as room is needed"
        self._tell(word, text)


def expire(directory: Path, before: float) -> Iterator[str]:
    """Delete what was last written to before that time; yield each file's name.

    A run of which the first file goes cannot be replayed any more. Raises OSError.
    """
    for segment in listed(directory) if directory.exists() else ():
        path = segment.path
        with suppress(FileNotFoundError):  # It has just been packed; the next time finds it.
            finished = path.suffix == ".gz" or not _is_written_to(path)
            if finished and path.stat().st_mtime < before:
                path.unlink()
                yield path.name


def pack(path: Path) -> None:
    """Compress a finished segment in its place, as old as it was.

    Raises OSError, and leaves it as it was.
    """
    target = path.with_name(path.name.removesuffix(PLAIN) + PACKED)
    part = path.with_name(path.name.removesuffix(PLAIN) + _PART)
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP_BITS)
    try:
        with open(path, "rb") as source, open(part, "wb", opener=_private) as out:
            while chunk := source.read(_CHUNK_BYTES):
                out.write(packer.compress(chunk))
            out.write(packer.flush())
            written = os.fstat(source.fileno())
        os.utime(part, ns=(written.st_atime_ns, written.st_mtime_ns))
        part.rename(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    path.unlink()


class Unpacked(NamedTuple):
    """What could be had of a packed segment; ``wrong`` is empty when that is everything."""

    data: bytes
    wrong: str = ""
    cut: bool = False
    """Only the end is missing."""


def unpack(packed: bytes, most_bytes: int) -> Unpacked:
    """Return what can be had of a packed segment. Never raises."""
    unpacker = zlib.decompressobj(_GZIP_BITS)
    data = bytearray()
    try:
        for chunk in _chunks(packed):
            data += unpacker.decompress(chunk, most_bytes - len(data) + 1)
            if len(data) > most_bytes:
                return Unpacked(bytes(data), f"has more than {most_bytes} bytes when unpacked")
    except zlib.error as error:
        return Unpacked(bytes(data), f"is damaged where it is compressed ({error})")
    if not unpacker.eof:
        return Unpacked(bytes(data), "is cut: its compressed end is missing", cut=True)
    extra = "has bytes after its compressed end" if unpacker.unused_data else ""
    return Unpacked(bytes(data), extra)


def _chunks(data: bytes) -> Iterable[bytes]:
    # Small ones, because zlib gives out nothing of a chunk in which it finds an error.
    return (data[at : at + 256] for at in range(0, len(data), 256))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _is_written_to(path: Path) -> bool:
    """Say whether a living engine holds this file."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
