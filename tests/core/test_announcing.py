"""What a waiting caller hears: true, never a worse position, and never in the way of an agent."""

import msgspec
import pytest

from acd.core.announcing import LONGEST_SECONDS
from acd.core.commands import Announce
from acd.core.events import (
    AnnouncementEnded,
    CallFoundWaiting,
    DigitPressed,
    LegFailed,
    PbxDown,
    PbxLive,
    PlanReplaced,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, Language
from acd.core.place import Place
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import BANDS_MINUTES, ExitCondition, band_of
from acd.core.records import CallState, WaitAnnounced
from tests.core.centre import PBX, Centre, rung
from tests.core.queues import (
    FAULT,
    announcing,
    in_english,
    rule,
    talked,
    with_exits,
    with_option,
    with_queue,
)
from tests.plans import plan, prompt


def house(**fields: object) -> Plan:
    """The queue fault tells who waits something after 10 s and every 60 s."""
    return with_queue(
        plan(wrap_up_seconds=0.0, ring_timeout_seconds=100.0),
        "fault",
        announcements=announcing(**fields),
    )


def told(centre: Centre, call: CallId, *, ends: bool = True) -> list[str]:
    """Return what the caller was told since the last look, without the folder; let it end."""
    said = [one for one in centre.take(Announce) if one.call == call]
    if ends:
        for one in said:
            centre.feed(AnnouncementEnded(call, one.announcement_id))
    return [" ".join(path.removeprefix("/acd/de/") for path in one.paths) for one in said]


def test_the_first_comes_after_a_while_and_then_one_in_each_period() -> None:
    centre = Centre(house(prompts=prompt("thanks")))
    call = centre.call_in()
    centre.wait(9.9)
    assert told(centre, call) == []
    centre.wait(0.1)
    assert told(centre, call) == ["thanks"]
    centre.wait(59.9)
    assert told(centre, call) == []
    centre.wait(0.1)
    assert told(centre, call) == ["thanks"]


def test_nothing_is_said_again_without_a_period() -> None:
    centre = Centre(house(prompts=prompt("thanks"), every_seconds=0.0))
    call = centre.call_in()
    centre.wait(3600.0)
    assert told(centre, call) == ["thanks"]


@pytest.mark.parametrize("every_seconds", [4.0, 60.0])
def test_the_prompts_come_in_turn_from_the_first_on(every_seconds: float) -> None:
    prompts = (*prompt("one"), *prompt("two"), *prompt("three"))
    centre = Centre(house(prompts=prompts, every_seconds=every_seconds))
    call = centre.call_in()
    heard: list[str] = []
    while len(heard) < 5:
        centre.wait(1.0)
        heard += told(centre, call)
    assert heard == ["one", "two", "three", "one", "two"]


def test_a_turn_that_was_put_off_is_not_left_out() -> None:
    """A phone rang when the first was due; who waits on hears the first prompt, not the second."""
    centre = Centre(house(prompts=(*prompt("one"), *prompt("two"))), "1001")
    call = centre.call_in()
    centre.wait(70.0)
    assert centre.call(call).state is CallState.RINGING
    offer = centre.ring_of(call).offer
    assert told(centre, call) == []
    centre.feed(LegFailed(offer, RingOutcome.NO_ANSWER))
    centre.wait(1.0)
    assert told(centre, call) == ["one"]


# -- the position ------------------------------------------------------------------------------


def test_the_position_falls_as_those_before_him_leave() -> None:
    centre = Centre(house(position=True))
    first, second = centre.call_in(), centre.call_in()
    centre.wait(10.0)
    assert told(centre, second) == ["wait/position-2"]
    centre.request("1001", AgentAction.LOG_IN)
    centre.answer(first)
    centre.wait(60.0)
    assert told(centre, second) == ["wait/position-1"]


def test_a_position_that_became_worse_is_not_told() -> None:
    centre = Centre(with_option(house(position=True), "1", position=1))
    call = centre.call_in()
    centre.wait(10.0)
    assert told(centre, call) == ["wait/position-1"]
    centre.call_in()
    centre.wait(60.0)
    assert told(centre, call) == []
    assert centre.call(call).position == 2


@pytest.mark.parametrize("limit", [3, 50])
def test_far_positions_are_not_told(limit: int) -> None:
    centre = Centre(house(position=True, position_limit=limit))
    calls = [centre.call_in() for _ in range(12)]
    centre.wait(10.0)
    heard = [one.call for one in centre.take(Announce)]
    assert heard == calls[: min(limit, 10)]


def test_what_was_told_is_in_the_books() -> None:
    centre = Centre(house(position=True))
    call = centre.call_in()
    centre.wait(10.0)
    (one,) = centre.take(WaitAnnounced)
    assert (one.call, one.queue, one.position, one.estimate_seconds) == (call, FAULT, 1, None)


def test_a_new_queue_tells_its_own_position_even_if_it_is_worse() -> None:
    changed = with_exits(
        house(position=True), "fault", rule(ExitCondition.MAX_WAIT, "billing", limit=30.0)
    )
    changed = with_queue(changed, "billing", announcements=announcing(position=True))
    centre = Centre(changed)
    for _ in range(3):
        centre.call_in("2")
    centre.wait(100.0)
    call = centre.call_in()
    centre.wait(10.0)
    assert told(centre, call) == ["wait/position-1"]
    centre.wait(30.0)
    assert told(centre, call) == ["wait/position-4"]


# -- the estimate ------------------------------------------------------------------------------


def test_the_wait_is_told_as_a_band() -> None:
    centre = Centre(house(estimate=True), "1001")
    talked(centre, "1", 100.0)
    centre.answer(centre.call_in())
    calls = [centre.call_in() for _ in range(4)]
    centre.take()
    centre.wait(10.0)
    said = {one.call: one.paths[-1] for one in centre.take(Announce)}
    bands = [said[call].removeprefix("/acd/de/") for call in calls]
    assert bands == ["wait/band-2", "wait/band-5", "wait/band-5", "wait/band-10"]


def test_when_it_becomes_longer_that_is_said_first_and_when_shorter_it_is_not() -> None:
    agents = {"1001": {"fault": 1}, "1002": {"fault": 1}}
    changed = plan(agents, wrap_up_seconds=0.0)
    centre = Centre(with_queue(changed, "fault", announcements=announcing(estimate=True)), "1001")
    talked(centre, "1", 500.0)
    centre.request("1002", AgentAction.LOG_IN)
    busy = [centre.call_in() for _ in range(2)]
    for call in busy:
        centre.answer(call)
    centre.take()
    calls = [centre.call_in() for _ in range(3)]
    centre.wait(10.0)
    assert told(centre, calls[2]) == ["wait/band-20"]
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.wait(60.0)
    assert told(centre, calls[2]) == ["wait/longer wait/band-30"]
    centre.request("1001", AgentAction.READY)
    centre.wait(60.0)
    assert told(centre, calls[2]) == ["wait/band-20"]


def test_what_nobody_can_know_is_not_told() -> None:
    centre = Centre(house(estimate=True))
    call = centre.call_in()
    centre.wait(100.0)
    assert told(centre, call) == []


@pytest.mark.parametrize(
    ("seconds", "band"), [(0.0, 0), (59.9, 0), (60.0, 1), (299.0, 2), (1799.0, 5), (1800.0, 6)]
)
def test_a_band_ends_with_its_minutes(seconds: float, band: int) -> None:
    assert band_of(seconds) == band
    assert band <= len(BANDS_MINUTES)


# -- in nobody's way ---------------------------------------------------------------------------


def test_an_agent_who_becomes_free_is_rung_although_an_announcement_is_under_way() -> None:
    """app_queue's announcements delay the connection of the first caller (peers)."""
    centre = Centre(house(prompts=prompt("thanks")))
    call = centre.call_in()
    centre.wait(10.0)
    assert told(centre, call, ends=False) == ["thanks"]
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]


def test_nothing_is_said_while_a_phone_rings_or_somebody_talks() -> None:
    centre = Centre(house(prompts=prompt("thanks")), "1001")
    call = centre.call_in()
    centre.wait(60.0)
    assert not any(isinstance(one, Announce) for one in centre.said)
    assert centre.call(call).state is CallState.RINGING
    centre.answer(call)
    centre.wait(600.0)
    assert told(centre, call) == []


def test_nothing_is_said_between_two_rounds_of_the_waiting_room() -> None:
    centre = Centre(house(prompts=prompt("thanks")))
    call = centre.call_in()
    centre.feed(WaitingRoomLeft(call))
    centre.wait(15.0)
    assert told(centre, call) == []
    centre.feed(WaitingRoomEntered(call))
    centre.wait(1.0)
    assert told(centre, call) == ["thanks"]


def test_two_announcements_are_never_under_way_at_once() -> None:
    centre = Centre(house(prompts=prompt("thanks"), every_seconds=5.0))
    call = centre.call_in()
    centre.wait(30.0)
    assert told(centre, call, ends=False) == ["thanks"]


def test_the_end_of_another_announcement_is_late_and_ends_nothing() -> None:
    centre = Centre(house(prompts=prompt("thanks"), every_seconds=5.0))
    call = centre.call_in()
    centre.wait(10.0)
    (first,) = centre.take(Announce)
    centre.feed(AnnouncementEnded(call, first.announcement_id))
    centre.wait(5.0)
    assert told(centre, call, ends=False) == ["thanks"]
    centre.feed(AnnouncementEnded(call, first.announcement_id))
    centre.wait(20.0)
    assert told(centre, call) == []


def test_an_end_that_was_never_reported_does_not_silence_him_for_ever() -> None:
    centre = Centre(house(prompts=prompt("thanks")))
    call = centre.call_in()
    centre.wait(10.0)
    assert told(centre, call, ends=False) == ["thanks"]
    centre.wait(LONGEST_SECONDS + 1.0)
    assert told(centre, call) == ["thanks"]


def test_nothing_is_ordered_of_a_pbx_that_is_away() -> None:
    centre = Centre(house(prompts=prompt("thanks")))
    call = centre.call_in()
    centre.feed(PbxDown(PBX))
    centre.wait(100.0)
    assert told(centre, call) == []
    centre.feed(PbxLive(PBX))
    centre.wait(1.0)
    assert told(centre, call) == ["thanks"]


def test_the_end_of_an_announcement_to_somebody_who_is_gone_means_nothing() -> None:
    centre = Centre(house(prompts=prompt("thanks")))
    assert centre.feed(AnnouncementEnded(CallId("main-9.9"), 1)) == []


def test_who_leaves_is_told_nothing_more() -> None:
    star = rule(ExitCondition.KEY, "billing", key="*")
    centre = Centre(with_exits(house(prompts=prompt("thanks")), "fault", star))
    call = centre.call_in()
    centre.feed(DigitPressed(call, "*"))
    centre.wait(300.0)
    assert told(centre, call) == []


# -- for whom ----------------------------------------------------------------------------------


def test_it_is_in_the_callers_language() -> None:
    centre = Centre(house(prompts=prompt("thanks"), position=True))
    call = in_english(centre)
    centre.wait(10.0)
    (one,) = centre.take(Announce)
    assert (one.call, one.paths) == (call, ("/acd/en/wait/position-1", "/acd/en/thanks"))


def test_what_is_spoken_is_played_by_its_file() -> None:
    spoken = {"de/thanks": "de/thanks.0123abcd"}
    centre = Centre(msgspec.structs.replace(house(prompts=prompt("thanks")), prompt_files=spoken))
    centre.call_in()
    centre.wait(10.0)
    assert [one.paths for one in centre.take(Announce)] == [("/acd/de/thanks.0123abcd",)]


def found(centre: Centre, number: int, waited: float) -> CallId:
    """A caller is found waiting after a restart."""
    at, call = centre.now - waited, CallId(f"main-0.{number}")
    place = Place(FAULT, at, at, at + 20.0, "1", Language("de"), "100")
    centre.feed(CallFoundWaiting(call, PBX, "", place))
    return call


def test_after_a_restart_everybody_keeps_his_rhythm() -> None:
    """Who waits longest has heard it before; all at once would be a storm at the PBX."""
    centre = Centre(house(prompts=prompt("thanks")))
    calls = [found(centre, number, waited) for number, waited in enumerate((3.0, 50.0, 305.0))]
    centre.wait(4.9)
    assert centre.take(Announce) == []
    heard: list[str] = []
    for _ in range(60):
        centre.wait(1.0)
        heard += [one.call for one in centre.take(Announce)]
    assert heard == [calls[2], calls[0], calls[1]]


def test_announcements_of_a_new_plan_reach_those_who_wait_and_old_ones_end() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.wait(25.0)
    centre.feed(PlanReplaced(house(prompts=prompt("thanks"))))
    centre.wait(45.0)
    assert told(centre, call) == ["thanks"]
    centre.feed(PlanReplaced(plan()))
    centre.wait(300.0)
    assert told(centre, call) == []
