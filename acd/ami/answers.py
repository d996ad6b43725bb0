"""What AGI answers say: how the prompt or the recording ended that was ordered. Pure.

RECORD FILE answers in brackets why it ended (res_agi.c, measured on 22.10): ``dtmf``, ``timeout``
(silence as well), ``hangup`` (of the caller, or because the channel was sent elsewhere: the file
is there), ``writefile`` (no such folder: AsyncAGI ends as well), ``randomerror`` (during the beep:
it is missing, the caller has hung up, or a key was pressed). ``endpos`` counts the samples in the
file. It must not know channels.
"""

import re
from typing import Final

import msgspec

from acd.core.events import MessageRecorded, PromptEnded, RecordingEnd
from acd.core.ids import CallId

SAMPLES_PER_SECOND: Final = 8000

_RECORDED: Final = re.compile(r"200 result=(-?\d{1,9}) \((\w+)\)(?: endpos=(\d{1,12}))?")


class Ordered(msgspec.Struct, frozen=True, gc=False):
    """A command that was sent: which of the dialogue's, and whether it records."""

    play_id: int
    records: bool = False
    beeps: bool = False


def meaning(call: CallId, ordered: Ordered, result: str) -> PromptEnded | MessageRecorded:
    """Return what the answer to this command says of the call."""
    if not ordered.records:
        played = result.startswith("200 result=") and "=-1" not in result
        return PromptEnded(call, ordered.play_id, played)
    how, seconds = _recorded(ordered, result)
    return MessageRecorded(call, ordered.play_id, how, seconds)


def _recorded(ordered: Ordered, result: str) -> tuple[RecordingEnd, float]:
    found = _RECORDED.match(result)
    if found is None or found[2] == "writefile":
        return RecordingEnd.FAILED, 0.0
    if found[2] == "randomerror" and found[1] == "-1":
        return (RecordingEnd.NO_BEEP if ordered.beeps else RecordingEnd.FAILED), 0.0
    return RecordingEnd.OVER, int(found[3] or 0) / SAMPLES_PER_SECOND
