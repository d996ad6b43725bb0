"""What is left of a final record when a caller's number is to be kept no longer.

Rules: cut twice is cut once. Whether he may be recorded stays with the record while it is only cut,
because it is what a recording stands on.
"""

from typing import Final

import msgspec

from acd.core.memory import VoicemailMemory
from acd.core.records import CallEnded
from acd.retention import cut

KEPT_ATTRIBUTE: Final = "recording_consent"
"""The one that stays: ``acd.core.recording``."""
_SAID: Final = ("yes", "no")

LEFT: Final = [
    msgspec.json.encode(left).decode()
    for left in ((), *(((KEPT_ATTRIBUTE, said),) for said in _SAID))
]
"""Whatever may be left of attributes, as a store writes it."""

Pairs = tuple[tuple[str, str], ...]


def cut_once(ani: str) -> str:
    """A number, cut."""
    return ani if ani.startswith("...") else cut(ani)


def left_of(attributes: str) -> str:
    """Of what was typed, as JSON, what stays."""
    return msgspec.json.encode(_left(msgspec.json.decode(attributes, type=Pairs))).decode()


def without(record: CallEnded, *, all_of_it: bool = False) -> CallEnded:
    """A final record with its number cut, or with ``all_of_it`` gone, and so what was typed."""
    if all_of_it:
        return msgspec.structs.replace(record, ani="", attributes=())
    ani, attributes = cut_once(record.ani), _left(record.attributes)
    return msgspec.structs.replace(record, ani=ani, attributes=attributes)


def names(one: VoicemailMemory | CallEnded, ending: str) -> bool:
    """Whether somebody with a number of that ending called, or typed it."""
    typed = (said for _, said in one.attributes)
    return one.ani.endswith(ending) or any(ending in said for said in typed)


def _left(attributes: Pairs) -> Pairs:
    return tuple(one for one in attributes if one[0] == KEPT_ATTRIBUTE and one[1] in _SAID)
