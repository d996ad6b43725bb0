"""What a link to a PBX puts into the inbox, and what one step of the pipeline hands back.

Rules: pure values. ``epoch`` counts the connections of one link (1 is the first); whatever belongs
to an older epoch is void. A frame is one raw AMI message without its closing blank line, dropped
by name at the link when nobody wants it.
"""

import msgspec

from acd.core.ids import PbxId
from acd.core.records import Record


class LinkUp(msgspec.Struct, frozen=True, tag=True):
    """The link has logged in. The pipeline now reads the PBX's state; nothing is offered before."""

    pbx: PbxId
    epoch: int


class LinkDown(msgspec.Struct, frozen=True, tag=True):
    """The connection of this epoch is gone, or could not be made; ``reason`` is for people."""

    pbx: PbxId
    epoch: int
    reason: str


class FramesReceived(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Wanted AMI messages that came together, unparsed, in their order."""

    pbx: PbxId
    epoch: int
    frames: tuple[bytes, ...]


LinkItem = LinkUp | LinkDown | FramesReceived


class Write(msgspec.Struct, frozen=True, gc=False):
    """Bytes (one or more whole AMI actions) to be written to the connection of this epoch."""

    pbx: PbxId
    epoch: int
    data: bytes
    rings: bool = False
    """True when an Originate is among them: the shell measures the dispatch latency up to here."""


class DropLink(msgspec.Struct, frozen=True):
    """The connection of this epoch is dead or lies; close it and connect anew."""

    pbx: PbxId
    epoch: int
    reason: str


class Outputs(msgspec.Struct, gc=False):
    """What one step wants: writes and drops in order, and the records of what became true."""

    writes: list[Write]
    drops: list[DropLink]
    records: list[Record]
    rejected: list[tuple[PbxId, str]]
    """AMI messages that were refused, with the reason as a short constant word (a metric label)."""
