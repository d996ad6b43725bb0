"""Where records wait while the store cannot take them: one append-only file of framed batches.

::

    file   = "acd spill 1\\n" frame*
    frame  = length crc count payload     three 32-bit numbers, little-endian; length of the payload
    payload = a MessagePack list of count records; crc is the CRC-32 of count and payload

Rules: what ``append`` returned from is on the disk. A frame is whole or it is not there: a last one
that was cut by a kill is dropped when the file is opened, and said. The file is taken away when
all of it is in the store, so that no file means no backlog. Used by one thread.
"""

import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from acd.errors import StoreError
from acd.store.port import Kept
from acd.store.rows import encodable

_MAGIC: Final = b"acd spill 1\n"
_HEAD: Final = struct.Struct("<III")
_COUNT: Final = struct.Struct("<I")
_RECORDS_IN_FRAME: Final = 500

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Kept]).decode


class Spill:
    """The file at ``path``. Any of its methods may raise OSError; nothing is lost by that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = 0
        """How many are in the file and not yet forgotten."""
        self._file: int | None = None
        self._read_at = self._end = len(_MAGIC)

    def open(self) -> str:
        """Take up what an earlier process left; return what had to be dropped of it, or nothing.

        Raises ``StoreError`` when the file is something else; it is left as it is.
        """
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return ""
        self._file = file
        size = os.fstat(file).st_size
        magic = os.pread(file, len(_MAGIC), 0)
        if not _MAGIC.startswith(magic):
            raise StoreError(
                f"{self.path} is no spill file of this acd; nothing was changed: let the acd that"
                " wrote it finish it, or move it aside"
            )
        at, wrong, self.records = len(_MAGIC), False, 0
        while at < size:
            payload, count, wrong = self._frame(at, size)
            if payload is None:
                break
            at += _HEAD.size + len(payload)
            self.records += count
        self._end = at
        said = self._drop_after(at, size, wrong)
        if not self.records:
            self.clear()
        return said

    def _drop_after(self, at: int, size: int, wrong: bool) -> str:
        """Cut what is no frame off the end; bytes that are wrong, not missing, are set aside."""
        file = self._opened()
        if size <= at:
            return ""
        said = f"{self.path}: its last {size - at} bytes are an unfinished entry and were dropped"
        if wrong:
            aside = self.path.with_name(f"{self.path.name}.damaged")
            aside.write_bytes(os.pread(file, size - at, at))
            said = f"{self.path}: its last {size - at} bytes are damaged and stand in {aside} now"
        os.ftruncate(file, at)
        os.fsync(file)
        return said

    def append(self, records: Sequence[Kept]) -> None:
        """Put them at the end, on the disk; or, with OSError, leave the file as it was."""
        file = self._opened()
        frames = bytearray()
        for start in range(0, len(records), _RECORDS_IN_FRAME):
            some = records[start : start + _RECORDS_IN_FRAME]
            payload = _encoded(some)
            crc = zlib.crc32(payload, zlib.crc32(_COUNT.pack(len(some))))
            frames += _HEAD.pack(len(payload), crc, len(some)) + payload
        try:
            written = 0
            while written < len(frames):
                written += os.pwrite(file, memoryview(frames)[written:], self._end + written)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, self._end)
            raise
        self._end += len(frames)
        self.records += len(records)

    def read(self, most: int) -> tuple[list[Kept], int]:
        """Return the oldest records, about ``most``, and the mark to ``forget`` them by.

        Raises ``StoreError`` when they are of a version that this one does not know.
        """
        records: list[Kept] = []
        at = self._read_at
        while at < self._end and len(records) < most:
            payload, _, _ = self._frame(at, self._end)
            if payload is None:
                raise OSError(f"{self.path} has changed under us at byte {at}")
            try:
                records += _decode(payload)
            except msgspec.MsgspecError as error:
                raise StoreError(
                    f"{self.path} holds records of another version of acd ({error}); nothing was"
                    " changed: start that version once, or move the file aside"
                ) from None
            at += _HEAD.size + len(payload)
        return records, at

    def forget(self, mark: int, count: int) -> None:
        """Go on after ``mark``: the ``count`` records before it are in the store."""
        self._read_at = mark
        self.records -= count

    def rewind(self) -> None:
        """Begin again with the first record; only before any was forgotten for good."""
        self._read_at = len(_MAGIC)

    def clear(self) -> None:
        """Take the file away: all of it is in the store."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._read_at = self._end = len(_MAGIC)
        self.records = 0

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            file = os.open(self.path, flags, 0o600)
            try:
                os.ftruncate(file, self._end)
                os.pwrite(file, _MAGIC, 0)
                # The name itself must last as well.
                folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
            except OSError:
                os.close(file)
                raise
            self._file = file
        return self._file

    def _frame(self, at: int, end: int) -> tuple[bytes | None, int, bool]:
        """Return payload and count of the frame at ``at``; without one, whether it is wrong."""
        file = self._opened()
        head = os.pread(file, _HEAD.size, at)
        if len(head) < _HEAD.size:
            return None, 0, False
        length, crc, count = _HEAD.unpack(head)
        if at + _HEAD.size + length > end:
            return None, 0, False
        payload = os.pread(file, length, at + _HEAD.size)
        if zlib.crc32(payload, zlib.crc32(_COUNT.pack(count))) != crc:
            return None, 0, True
        return payload, count, False


def _encoded(records: Sequence[Kept]) -> bytes:
    try:
        return _encode(records)
    except UnicodeEncodeError:
        return _encode([encodable(record, Kept) for record in records])
