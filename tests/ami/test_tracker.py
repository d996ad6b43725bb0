"""The tracker against recordings of a real Asterisk: what they mean, whole and cut anywhere."""

import random

import pytest

from acd.ami.answers import Ordered
from acd.ami.messages import (
    AgiExecuted,
    AgiStarted,
    BridgeEntered,
    BridgeExited,
    DialBegun,
    DialProgressed,
    HungUp,
    KeyBegun,
    KeyEnded,
    Message,
    OriginateEnded,
)
from acd.ami.tracker import MOST_REENTRIES, VERDICT_SECONDS, Tracker
from acd.core.events import (
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CodeDialled,
    DeviceChanged,
    DifferenceFound,
    DigitPressed,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    MenuReached,
    PromptEnded,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, DeviceId, OfferId, PbxId
from tests.ami.recorded import STORIES, messages

PBX = PbxId("main")
FIRST = OfferId("leg-1001-2")
PHONE = DeviceId("PJSIP/1001")


def feed(said: tuple[Message, ...], *legs: str) -> list[Event]:
    """Return what the messages mean when the legs were expected from the beginning."""
    tracker = Tracker(PBX)
    call = next(iter(_calls(said)), CallId("main-0.0"))
    for leg in legs:
        tracker.expect_leg(OfferId(leg), call, "PJSIP/1001")
    events: list[Event] = []
    for message in said:
        events += tracker.feed(message, 0.0)
    return [event for event in events if not isinstance(event, DeviceChanged)]


def _calls(said: tuple[Message, ...]) -> list[CallId]:
    started = [one for one in said if isinstance(one, AgiStarted)]
    return [CallId(f"main-{one.uniqueid.rpartition('-')[2]}") for one in started]


def kinds(events: list[Event]) -> list[type[Event]]:
    """Return the events' types, in order."""
    return [type(event) for event in events]


def test_one_answered_call_from_the_first_prompt_to_the_hang_up() -> None:
    said = messages("answered")
    events = feed(said, FIRST)
    assert kinds(events) == [
        CallArrived,
        DigitPressed,
        WaitingRoomEntered,
        LegRinging,
        LegAnswered,
        WaitingRoomLeft,
        LegConnected,
        LegLeftTalk,
        LegEnded,
        CallerHungUp,
    ]
    assert events[0] == CallArrived(_calls(said)[0], PBX, "0301234567", "0800555100")
    assert events[1] == DigitPressed(_calls(said)[0], "1")


@pytest.mark.parametrize(
    ("story", "leg", "outcome"),
    [
        ("busy", "leg-1001-2", RingOutcome.BUSY),
        ("declined", "leg-1001-2", RingOutcome.DECLINED),
        ("do_not_disturb", "leg-1001-2", RingOutcome.DECLINED),
        ("no_answer", "leg-1001-2", RingOutcome.NO_ANSWER),
        ("unreachable", "leg-1001-2", RingOutcome.UNREACHABLE),
        ("unknown_endpoint", "leg-1999-2", RingOutcome.UNREACHABLE),
    ],
)
def test_how_a_ring_ended_is_told_apart(story: str, leg: str, outcome: RingOutcome) -> None:
    events = feed(messages(story), leg, "leg-1002-4")
    assert [event for event in events if isinstance(event, LegFailed)] == [
        LegFailed(OfferId(leg), outcome)
    ]


@pytest.mark.parametrize("story", ["caller_gone", "no_answer_cancelled"])
def test_a_leg_that_we_took_back_is_cancelled_whatever_cause_is_reported(story: str) -> None:
    tracker = Tracker(PBX)
    tracker.expect_leg(FIRST, CallId("main-0.0"), "PJSIP/1001")
    tracker.legs[FIRST].cancelled = True
    events: list[Event] = []
    for message in messages(story):
        events += tracker.feed(message, 0.0)
    assert LegFailed(FIRST, RingOutcome.CANCELLED) in events


@pytest.mark.parametrize("cause", [0, 17, 19, 21, 26])
@pytest.mark.parametrize("reason", [0, 3])
@pytest.mark.parametrize("ringing", [True, False])
def test_the_order_of_hangup_and_originate_response_does_not_matter(
    cause: int, reason: int, ringing: bool
) -> None:
    endings: set[tuple[Event, ...]] = set()
    halves: list[Message] = [HungUp(FIRST, cause), OriginateEnded("a", FIRST, False, reason)]
    for order in (halves, halves[::-1]):
        tracker = Tracker(PBX)
        tracker.expect_leg(FIRST, CallId("main-1.1"), "PJSIP/1001")
        tracker.feed(DialBegun(FIRST, "PJSIP/1001-1"), 0.0)
        if ringing:
            tracker.feed(DialProgressed(FIRST, "RINGING"), 0.0)
        events: list[Event] = []
        for half in order:
            events += tracker.feed(half, 1.0)
        endings.add(tuple(events))
    assert len(endings) == 1
    assert len(next(iter(endings))) == 1


@pytest.mark.parametrize("cause", [0, 19])
@pytest.mark.parametrize(
    ("ringing", "outcome"), [(True, RingOutcome.NO_ANSWER), (False, RingOutcome.UNREACHABLE)]
)
def test_our_time_ran_out_with_or_without_a_cause(
    cause: int, ringing: bool, outcome: RingOutcome
) -> None:
    tracker = Tracker(PBX)
    tracker.expect_leg(FIRST, CallId("main-1.1"), "PJSIP/1001")
    if ringing:
        tracker.feed(DialProgressed(FIRST, "RINGING"), 0.0)
    assert tracker.feed(HungUp(FIRST, cause), 15.0) == []
    assert tracker.feed(OriginateEnded("a", FIRST, False, 3), 15.0) == [LegFailed(FIRST, outcome)]


@pytest.mark.parametrize("cause", [0, 16, 34, 41])
def test_a_phone_that_rang_is_not_unreachable_whoever_ended_the_ring(cause: int) -> None:
    for ringing, outcome in ((True, RingOutcome.DECLINED), (False, RingOutcome.UNREACHABLE)):
        tracker = Tracker(PBX)
        tracker.expect_leg(FIRST, CallId("main-1.1"), "PJSIP/1001")
        if ringing:
            tracker.feed(DialProgressed(FIRST, "RINGING"), 0.0)
        events = tracker.feed(HungUp(FIRST, cause), 1.0)
        events += tracker.feed(OriginateEnded("a", FIRST, False, 0), 1.0)
        assert events == [LegFailed(FIRST, outcome)]


def test_half_an_end_of_a_ring_is_judged_after_a_moment() -> None:
    tracker = Tracker(PBX)
    tracker.expect_leg(FIRST, CallId("main-1.1"), "PJSIP/1001")
    tracker.feed(DialProgressed(FIRST, "RINGING"), 0.0)
    assert tracker.feed(HungUp(FIRST, 19), 15.0) == []
    due_at = tracker.next_deadline()
    assert due_at == 15.0 + VERDICT_SECONDS
    assert tracker.due(due_at) == [LegFailed(FIRST, RingOutcome.NO_ANSWER)]


def test_twelve_quick_keys_that_are_published_twice_count_twelve_times() -> None:
    """RFC 4733 keys less than 140 ms apart: the real Asterisk sent more DTMFEnd than keys."""
    said = messages("twelve_keys")
    published = [one for one in said if isinstance(one, KeyEnded)]
    assert len(published) > 12
    counted = [event for event in feed(said) if isinstance(event, DigitPressed)]
    assert len(counted) == 12


def test_keys_of_a_phone_that_sends_no_begin_count_each_once() -> None:
    tracker = Tracker(PBX)
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    events = [tracker.feed(KeyEnded("x-1.1", digit), 0.0) for digit in "112"]
    assert events == [[DigitPressed(CallId("main-1.1"), digit)] for digit in "112"]


def test_the_second_end_of_a_key_does_not_count_for_the_next_key() -> None:
    tracker = Tracker(PBX)
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    events: list[Event] = []
    for message in (
        KeyBegun("x-1.1", "2"),
        KeyEnded("x-1.1", "2"),
        KeyBegun("x-1.1", "3"),
        KeyEnded("x-1.1", "2"),
        KeyEnded("x-1.1", "3"),
    ):
        events += tracker.feed(message, 0.0)
    assert events == [DigitPressed(CallId("main-1.1"), digit) for digit in "23"]


def test_a_key_down_without_end_counts_nothing() -> None:
    tracker = Tracker(PBX)
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    assert tracker.feed(KeyBegun("x-1.1", "5"), 0.0) == []


def test_an_agent_is_known_by_his_endpoint_and_the_code_by_what_he_dialled() -> None:
    tracker = Tracker(PBX)
    started = AgiStarted("x-1.1", "PJSIP/1001-00000007", "acd-code", "4711", "*30")
    assert tracker.feed(started, 0.0) == [CodeDialled(CallId("main-1.1"), PBX, PHONE, "*30")]


def test_entering_the_menu_again_is_not_arriving_again() -> None:
    tracker = Tracker(PBX)
    started = AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", "")
    tracker.feed(started, 0.0)
    assert tracker.feed(started, 1.0) == [MenuReached(CallId("main-1.1"))]


@pytest.mark.parametrize(
    ("result", "ok"), [("200 result=0 endpos=0", True), ("200 result=-1 endpos=0", False)]
)
def test_a_prompt_that_has_ended_is_known_by_its_command_id(result: str, ok: bool) -> None:
    tracker = Tracker(PBX)
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    caller = tracker.caller(CallId("main-1.1"))
    assert caller is not None
    tracker.expect_answer(caller, "token", Ordered(3))
    assert tracker.feed(AgiExecuted("x-1.1", "forged", result), 0.0) == []
    ended = [PromptEnded(CallId("main-1.1"), 3, ok)]
    assert tracker.feed(AgiExecuted("x-1.1", "token", result), 0.0) == ended
    assert tracker.feed(AgiExecuted("x-1.1", "token", result), 0.0) == []


def test_a_dialogue_whose_answer_is_none_is_begun_again_but_not_for_ever() -> None:
    tracker = Tracker(PBX)
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    caller = tracker.caller(CallId("main-1.1"))
    assert caller is not None
    rest = "agi_rdnis: unknown"
    for play_id in range(MOST_REENTRIES):
        tracker.expect_answer(caller, "token", Ordered(play_id))
        [difference] = tracker.feed(AgiExecuted("x-1.1", "token", rest), 0.0)
        assert difference == DifferenceFound("menu_out_of_step", caller.call)
        assert tracker.out_of_step == [caller]
        tracker.out_of_step.clear()
    tracker.expect_answer(caller, "token", Ordered(9))
    ended = tracker.feed(AgiExecuted("x-1.1", "token", rest), 0.0)
    assert ended == [PromptEnded(caller.call, 9, False)]
    assert tracker.out_of_step == []


def test_two_in_one_bridge_are_connected_whoever_enters_first() -> None:
    for order in ((0, 1), (1, 0)):
        tracker = Tracker(PBX)
        tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
        tracker.expect_leg(FIRST, CallId("main-1.1"), "PJSIP/1001")
        both = [
            BridgeEntered("x-1.1", "PJSIP/trunk-1", "b", holding=False),
            BridgeEntered(FIRST, "PJSIP/1001-1", "b", holding=False),
        ]
        events: list[Event] = []
        for position in order:
            events += tracker.feed(both[position], 0.0)
        assert kinds(events) == [LegAnswered, LegConnected]


def ringing_for_one(*legs: str) -> Tracker:
    """A caller waits, and these legs ring for him."""
    tracker = Tracker(PBX)
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    tracker.feed(BridgeEntered("x-1.1", "PJSIP/trunk-1", "room", holding=True), 0.0)
    for leg in legs:
        tracker.expect_leg(OfferId(leg), CallId("main-1.1"), "PJSIP/1001")
        tracker.feed(DialProgressed(leg, "RINGING"), 0.0)
    return tracker


def test_of_many_legs_only_the_one_in_the_callers_bridge_is_connected() -> None:
    tracker = ringing_for_one("a", "b", "c")
    events: list[Event] = []
    for message in (
        OriginateEnded("x", "b", True, 4),
        OriginateEnded("x", "a", True, 4),
        BridgeEntered("x-1.1", "PJSIP/trunk-1", "talk", holding=False),
        BridgeEntered("a", "PJSIP/1001-1", "talk", holding=False),
        HungUp("b", 16),
    ):
        events += tracker.feed(message, 0.0)
    assert events == [
        LegAnswered(OfferId("b")),
        LegAnswered(OfferId("a")),
        LegConnected(OfferId("a")),
        LegFailed(OfferId("b"), RingOutcome.CALLER_LEFT),
    ]
    tracker.legs["c"].cancelled = True
    assert tracker.feed(HungUp("c", 26), 0.0) == [
        LegFailed(OfferId("c"), RingOutcome.CANCELLED),
    ]
    assert list(tracker.legs) == ["a"]


def test_a_leg_taken_back_just_as_it_answered_is_cancelled() -> None:
    tracker = ringing_for_one("a", "b")
    tracker.feed(OriginateEnded("x", "b", True, 4), 0.0)
    tracker.legs["b"].cancelled = True
    assert tracker.feed(HungUp("b", 26), 0.0) == [LegFailed(OfferId("b"), RingOutcome.CANCELLED)]


def hearing() -> Tracker:
    """A caller waits and hears an announcement."""
    tracker = ringing_for_one("a")
    tracker.announcers.expect("say-a", CallId("main-1.1"), 7)
    tracker.feed(OriginateEnded("x", "say-a", True, 4), 0.0)
    tracker.feed(BridgeEntered("say-a;2", "Local/s@acd-announce-1;2", "room", holding=True), 0.0)
    return tracker


def test_an_announcement_ends_with_its_channel_and_moves_nobody() -> None:
    tracker = hearing()
    ended = tracker.feed(HungUp("say-a", 0), 0.0)
    assert ended == [AnnouncementEnded(CallId("main-1.1"), 7)]
    assert tracker.feed(HungUp("say-a;2", 16), 0.0) == []
    assert tracker.feed(HungUp("say-a", 0), 0.0) == []
    caller = tracker.caller(CallId("main-1.1"))
    assert caller is not None
    assert caller.in_room


def test_an_announcement_that_could_not_begin_is_over() -> None:
    tracker = ringing_for_one()
    tracker.announcers.expect("say-a", CallId("main-1.1"), 7)
    failed = OriginateEnded("x", "say-a", False, 0)
    assert tracker.feed(failed, 0.0) == [AnnouncementEnded(CallId("main-1.1"), 7)]
    assert tracker.feed(failed, 0.0) == []


def test_who_talks_is_not_spoken_to_but_a_new_round_of_music_changes_nothing() -> None:
    tracker = hearing()
    tracker.feed(BridgeExited("x-1.1", "room"), 0.0)
    tracker.feed(BridgeEntered("x-1.1", "PJSIP/trunk-1", "room", holding=True), 0.0)
    assert tracker.announcers.unheard == []
    tracker.feed(BridgeEntered("x-1.1", "PJSIP/trunk-1", "talk", holding=False), 0.0)
    assert tracker.announcers.unheard == ["say-a"]
    ended = tracker.feed(HungUp("say-a", 0), 0.0)
    assert ended == [AnnouncementEnded(CallId("main-1.1"), 7)]


def test_a_caller_who_hangs_up_is_not_told_of_any_more() -> None:
    tracker = hearing()
    assert tracker.feed(HungUp("x-1.1", 16), 0.0) == [CallerHungUp(CallId("main-1.1"))]
    assert tracker.announcers.unheard == ["say-a"]
    assert tracker.feed(HungUp("say-a", 0), 0.0) == []


@pytest.mark.parametrize("story", STORIES)
def test_a_recording_cut_at_any_position_is_survived_and_leaves_nothing(story: str) -> None:
    """After every cut the rest is fed too: whoever was never seen to arrive is nobody's."""
    said = messages(story)
    for cut in range(len(said)):
        for part in (said[:cut], said[cut:]):
            feed(part, "leg-1001-2", "leg-1002-4")
    tracker = Tracker(PBX)
    for message in said:
        tracker.feed(message, 0.0)
    assert tracker.callers == {}


@pytest.mark.parametrize("story", STORIES)
def test_a_recording_in_which_everything_comes_twice_means_the_same_calls(story: str) -> None:
    once = feed(messages(story), "leg-1001-2", "leg-1002-4")
    doubled = tuple(one for said in messages(story) for one in (said, said))
    twice = feed(doubled, "leg-1001-2", "leg-1002-4")
    # A key without its Begin, as the first of twelve_keys, is indistinguishable from an INFO key.
    digits = () if story == "twelve_keys" else (DigitPressed,)
    for kind in (CallArrived, *digits, LegConnected, LegEnded, LegFailed, CallerHungUp):
        assert [one for one in once if isinstance(one, kind)] == [
            one for one in twice if isinstance(one, kind)
        ], kind


@pytest.mark.parametrize("seed", range(20))
def test_a_shuffled_recording_never_raises(seed: int) -> None:
    rng = random.Random(seed)
    said = list(messages(STORIES[seed % len(STORIES)]))
    rng.shuffle(said)
    feed(tuple(said), "leg-1001-2", "leg-1002-4")
