"""Bytes of one segment: where an entry begins and ends, and whether it is whole.

A segment is a line of text with the format's version and a checksum of itself, then frames::

    acd-journal 000001 9d0a4f21\\n
    mark (4 bytes) | length (4, big-endian) | CRC-32 of length and payload (4) | payload

The mark cannot begin a character of UTF-8. After damage reading goes on at the next whole frame.
It must not know what a payload means.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

FORMAT: Final = 1
"""Of what is written; a reader takes its own and older ones."""

MOST_FRAME_BYTES: Final = 64 * 1024 * 1024
"""A longer one is taken for damage. The longest is a plan."""

_MARK: Final = b"\xf5ACD"
_HEAD: Final = struct.Struct(">4sII")
_TITLE: Final = b"acd-journal "
PREAMBLE_BYTES: Final = 28


class PreambleError(ValueError):
    """This is no segment that can be read; the text says why and fits after the file's name."""


class Frame(NamedTuple):
    """One whole payload, and where in the segment its frame begins and ends."""

    offset: int
    end: int
    payload: bytes


class Damage(NamedTuple):
    """Bytes that are no whole frame; ``cut`` when the segment just ends within one."""

    offset: int
    size_bytes: int
    cut: bool


def preamble(version: int = FORMAT) -> bytes:
    """Return what a segment begins with."""
    text = _TITLE + b"%06d " % version
    return text + b"%08x\n" % crc32(text)


def check_preamble(data: bytes) -> None:
    """Raise PreambleError unless this is a segment of a format we know, intact at its beginning."""
    text = data[: len(_TITLE) + 7]
    if len(data) < PREAMBLE_BYTES and _TITLE.startswith(text[: len(_TITLE)]):
        raise PreambleError("is cut within its first line, so nothing of it can be read")
    if data[len(text) : PREAMBLE_BYTES] != b"%08x\n" % crc32(text):
        raise PreambleError("is no journal of acd, or damaged in its first line")
    if not (text.startswith(_TITLE) and text[len(_TITLE) : -1].isdigit()):
        raise PreambleError("is no journal of acd")
    version = int(text[len(_TITLE) : -1])
    if version > FORMAT:
        raise PreambleError(
            f"has format {version}, and this acd knows formats up to {FORMAT}: "
            "replay it with the acd that wrote it, or a newer one"
        )


def encode(payload: bytes) -> bytes:
    """Return the frame of a payload."""
    length = len(payload)
    return _HEAD.pack(_MARK, length, crc32(payload, length)) + payload


def frames(data: bytes, offset: int = PREAMBLE_BYTES) -> Iterator[Frame | Damage]:
    """Cut a segment into its frames, from ``offset`` on; what is none is said once for a stretch.

    Never raises.
    """
    size = len(data)
    while offset < size:
        found = _frame(data, offset)
        if found is None:
            begin = offset
            while found is None and (offset := data.find(_MARK, offset + 1)) >= 0:
                found = _frame(data, offset)
            end = size if found is None else found.offset
            yield Damage(begin, end - begin, found is None and _is_begun(data, begin))
            if found is None:
                return
        yield found
        offset = found.end


def _frame(data: bytes, offset: int) -> Frame | None:
    """Return the whole frame that begins exactly here."""
    start = offset + _HEAD.size
    if start > len(data):
        return None
    mark, length, checksum = _HEAD.unpack_from(data, offset)
    if mark != _MARK or length > MOST_FRAME_BYTES or start + length > len(data):
        return None
    payload = data[start : start + length]
    return Frame(offset, start + length, payload) if crc32(payload, length) == checksum else None


def _is_begun(data: bytes, offset: int) -> bool:
    """Say whether what is here could be the first part of a frame."""
    head = data[offset : offset + _HEAD.size]
    if len(head) < _HEAD.size:
        return head.startswith(_MARK) or _MARK.startswith(head)
    mark, length, _ = _HEAD.unpack(head)
    in_bounds: bool = len(data) < offset + _HEAD.size + length
    return mark == _MARK and in_bounds and length <= MOST_FRAME_BYTES
