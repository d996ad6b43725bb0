"""What Asterisk answers to a recording, as it was measured, and what that means."""

import pytest

from acd.ami.answers import Ordered, meaning
from acd.core.events import MessageRecorded, PromptEnded, RecordingEnd
from acd.core.ids import CallId

CALL = CallId("main-1.1")
OVER, FAILED, NO_BEEP = RecordingEnd.OVER, RecordingEnd.FAILED, RecordingEnd.NO_BEEP


@pytest.mark.parametrize(
    ("result", "how", "seconds"),
    [
        ("200 result=35 (dtmf) endpos=18560", OVER, 2.32),
        ("200 result=0 (timeout) endpos=24160", OVER, 3.02),
        ("200 result=-1 (hangup) endpos=20160", OVER, 2.52),
        ("200 result=-1 (hangup) endpos=0", OVER, 0.0),
        ("200 result=-1 (writefile)", FAILED, 0.0),
        ("200 result=-1 (randomerror) endpos=0", NO_BEEP, 0.0),
        ("200 result=35 (randomerror) endpos=0", OVER, 0.0),
        ("510 Invalid or unknown command", FAILED, 0.0),
        ("", FAILED, 0.0),
    ],
)
def test_how_a_recording_ended(result: str, how: RecordingEnd, seconds: float) -> None:
    told = meaning(CALL, Ordered(4, records=True, beeps=True), result)
    assert told == MessageRecorded(CALL, 4, how, seconds)


def test_one_without_a_beep_cannot_lack_it() -> None:
    told = meaning(CALL, Ordered(4, records=True), "200 result=-1 (randomerror) endpos=0")
    assert told == MessageRecorded(CALL, 4, FAILED, 0.0)


@pytest.mark.parametrize(
    ("result", "played"), [("200 result=0 endpos=1", True), ("200 result=-1 endpos=0", False)]
)
def test_a_prompt_was_played_or_not(result: str, played: bool) -> None:
    assert meaning(CALL, Ordered(4), result) == PromptEnded(CALL, 4, played)
