"""What a journal holds, as values and as bytes, and the running proof of all that was said.

Rules: an entry is an item with the time it was stepped at and the CRC-32 of what the step said;
``Check`` has the SHA-256 over all that was said so far. What was said is encoded as the pipeline
returned it: writes with PBX and epoch, drops, records, rejections. A step that said nothing leaves
the proof as it is.
"""

import hashlib
from typing import Final
from zlib import crc32

import msgspec

from acd.ami.items import Outputs
from acd.core.memory import Memory
from acd.core.plan import Plan
from acd.core.records import Snapshot
from acd.pipeline import Item, PbxSetup, Pipeline


class Segment(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """The first thing in each file: whose run it is, and which of its files, counted from 1."""

    run: str
    number: int


class Header(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The second thing in the first file: all that the engine was made with."""

    acd_version: str
    started_at: float
    secret: bytes
    pbxs: tuple[PbxSetup, ...]
    plan: Plan
    memory: Memory = Memory()


def make_pipeline(header: Header) -> Pipeline:
    """Return the engine as it was when the run began."""
    return Pipeline(
        header.plan,
        header.pbxs,
        secret=header.secret,
        now=header.started_at,
        memory=header.memory,
    )


class Entry(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """One item; ``said`` is 0 when its step said nothing, None when it raised (a bug of ours)."""

    sequence: int
    now: float
    item: Item
    said: int | None


class Check(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """All that was said up to and with the entry ``sequence``, as SHA-256."""

    sequence: int
    digest: bytes


class Gap(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """``count`` entries from ``sequence`` on were not written; ``why`` is for people."""

    sequence: int
    count: int
    why: str


class SegmentEnd(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """The file is complete and the run goes on in file ``following``."""

    following: int


class RunEnd(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """The run ended in good order after entry ``sequence``.

    ``state`` is the SHA-256 of the snapshot of time ``at``, empty when none was taken.
    """

    sequence: int
    at: float
    state: bytes


Content = Segment | Header | Entry | Check | Gap | SegmentEnd | RunEnd

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Content]] = msgspec.msgpack.Decoder(Content)

encode = _ENCODER.encode


def decode(payload: bytes) -> Content:
    """Return what a payload says. Raises msgspec.MsgspecError when another acd wrote it."""
    return _DECODER.decode(payload)


class Said:
    """The proof over all that was said by one run."""

    __slots__ = ("_sha",)

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def step(self, outputs: Outputs) -> int:
        """Take what one step said; returns its CRC-32, 0 for a step that said nothing."""
        if not (outputs.writes or outputs.records or outputs.drops or outputs.rejected):
            return 0
        data = _ENCODER.encode(outputs)
        self._sha.update(data)
        return crc32(data)

    def digest(self) -> bytes:
        """Return the SHA-256 of everything until now."""
        return self._sha.digest()


def state_digest(snapshot: Snapshot) -> bytes:
    """Return the SHA-256 of the picture of one moment."""
    return hashlib.sha256(_ENCODER.encode(snapshot)).digest()
