"""Recordings: who has said yes is recorded, and of nobody else there ever is a file."""

import pytest

from acd.core.recording import CONSENT
from acd.core.records import Activity, CallEnded
from tests.scenarios.centre import Centre
from tests.scenarios.rated import RATED, RATER
from tests.scenarios.world import Handset, until


def _call(centre: Centre, answer: str, talk_seconds: float = 1.2) -> str:
    """A caller who is asked, answers so, and talks with the agent."""
    centre.on_duty(**{f"a{RATER}": Handset(talk_seconds=talk_seconds)})
    number = RATED + centre.number()[4:]
    keys = [(0.3, "7"), *([(1.2, answer)] if answer else [])]
    centre.world.call(number, keys=keys, hang_up_after=8.0)
    centre.is_(RATER, Activity.TALKING, timeout=8)
    return number


def _record(centre: Centre, number: str) -> CallEnded:
    centre.is_(RATER, Activity.WRAP_UP, timeout=8)
    return centre.ended(number, timeout=10)


def test_who_says_yes_is_recorded_and_his_agent_may_pause(centre: Centre) -> None:
    before = set(centre.world.recordings())
    number = _call(centre, "1", talk_seconds=2.5)
    assert centre.engine.http(f"/api/v1/agents/{RATER}/pause-recording") == 200
    assert centre.engine.http(f"/api/v1/agents/{RATER}/resume-recording") == 200
    end = _record(centre, number)
    assert dict(end.attributes)[CONSENT] == "yes"
    assert end.recording == f"rated/{end.call}.wav"
    until(lambda: set(centre.world.recordings()) - before, 3, "the file")
    assert set(centre.world.recordings()) - before == {end.recording}
    (pause,) = end.legs[-1].pauses
    assert pause.ended_at is not None
    assert pause.ended_at >= pause.began_at


@pytest.mark.parametrize("answer", ["2", ""])
def test_who_does_not_say_yes_is_never_recorded(centre: Centre, answer: str) -> None:
    before = centre.world.recordings()
    number = _call(centre, answer)
    assert centre.engine.http(f"/api/v1/agents/{RATER}/pause-recording") == 409
    end = _record(centre, number)
    assert (end.recording, dict(end.attributes)[CONSENT]) == ("", "no")
    assert centre.world.recordings() == before


def test_a_queue_that_does_not_record_makes_no_file(centre: Centre) -> None:
    before = centre.world.recordings()
    centre.on_duty(a1012=Handset(talk_seconds=0.5))
    number = centre.number()
    centre.world.call(number, keys=[(0.3, "2")])
    assert centre.ended(number, timeout=10).recording == ""
    assert centre.world.recordings() == before
