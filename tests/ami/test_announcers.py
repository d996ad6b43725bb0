"""Announcers: their end is told once, and who does not listen any more is not spoken to."""

from acd.ami.announcers import MOST_TRIES, Announcers
from acd.core.events import AnnouncementEnded
from acd.core.ids import CallId

CALL, OTHER = CallId("main-1.1"), CallId("main-1.2")


def speaking() -> Announcers:
    """Two callers hear something, one of them two things."""
    announcers = Announcers()
    announcers.expect("say-a", CALL, 1)
    announcers.expect("say-b", CALL, 2)
    announcers.expect("say-c", OTHER, 3)
    return announcers


def test_the_end_is_told_once_whoever_says_it_first() -> None:
    announcers = speaking()
    assert announcers.ended("say-a") == [AnnouncementEnded(CALL, 1)]
    assert announcers.ended("say-a") == []
    assert announcers.ended("acd-not-an-announcer") == []
    assert len(announcers) == 2


def test_who_does_not_listen_any_more_is_not_spoken_to_and_the_end_is_still_told() -> None:
    announcers = speaking()
    announcers.silence(CALL)
    announcers.silence(CALL)
    assert announcers.unheard == ["say-a", "say-b"]
    assert announcers.ended("say-b") == [AnnouncementEnded(CALL, 2)]


def test_nothing_is_told_of_a_caller_who_is_gone() -> None:
    announcers = speaking()
    announcers.caller_gone(CALL)
    assert announcers.unheard == ["say-a", "say-b"]
    assert announcers.ended("say-a") == announcers.ended("say-b") == []
    assert announcers.ended("say-c") == [AnnouncementEnded(OTHER, 3)]


def test_an_announcer_that_the_pbx_does_not_know_yet_is_tried_again_and_at_last_given_up() -> None:
    announcers = speaking()
    announcers.silence(OTHER)
    for _ in range(MOST_TRIES - 1):
        assert announcers.not_hung_up("say-c") == []
    assert announcers.not_hung_up("say-c") == [AnnouncementEnded(OTHER, 3)]
    assert announcers.not_hung_up("say-c") == []
    assert "say-c" not in announcers


def test_those_that_are_not_there_after_a_reading_have_ended() -> None:
    announcers = speaking()
    announcers.silence(OTHER)
    announcers.unheard.clear()
    assert announcers.compare({"say-b", "say-c", "1.1"}) == [AnnouncementEnded(CALL, 1)]
    assert announcers.unheard == ["say-c"], "what was to be hung up still lives"


def test_an_announcer_that_nobody_here_ordered_is_hung_up() -> None:
    announcers = speaking()
    for uniqueid in ("say-a;2", "1.1", "acd-x", "say-pbx-1700000000.1", "say-z"):
        announcers.entered_room(uniqueid)
    assert announcers.unheard == []
    announcers.entered_room("say-z;2")
    assert announcers.unheard == ["say-z"]
    assert announcers.not_hung_up("say-z") == []
