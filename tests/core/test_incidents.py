"""Known faults: heard once by whom they concern, before all else where they are dangerous."""

import msgspec
import pytest

from acd.core.commands import Announce, HangUpCall, MoveToWaitingRoom, PlayPrompt, StopPrompt
from acd.core.events import (
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallFoundInMenu,
    DigitPressed,
    IncidentRequested,
    MenuReached,
    PlanReplaced,
    PromptEnded,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, IncidentId, Language, MenuId, NodeId, PromptId, QueueId, RequestId
from acd.core.incident import Clip, Incident
from acd.core.incidents import (
    INFORMED_SECONDS,
    MOST_INCIDENTS,
    QUESTION_SECONDS,
    THINKS_SECONDS,
)
from acd.core.plan import Branch, Case, Collect, LocalIncident, Plan
from acd.core.records import (
    CallDeflected,
    CallEnded,
    IncidentEnded,
    IncidentHeard,
    MenuSelected,
    Outcome,
    Replied,
)
from tests.core.centre import PBX, Centre
from tests.core.rebirth import killed
from tests.plans import plan

T = pytest.mark.parametrize
FAULT = QueueId("fault")


def clips(name: str, seconds: float = 5.0) -> tuple[Clip, ...]:
    return tuple(Clip(Language(one), PromptId(f"incident/{name}"), seconds) for one in ("de", "en"))


def incident(name: str = "mitte", **fields: object) -> Incident:
    """A fault in the district, for callers about faults, who are asked whether they stay."""
    given: dict[str, object] = {
        "queues": (FAULT,),
        "text": clips(name),
        "question": clips("again"),
        **fields,
    }
    return Incident(id=IncidentId(name), **given)  # type: ignore[arg-type]


def ask(centre: Centre, name: str, wanted: Incident | None) -> str:
    """Set an incident, or end it; return the refusal."""
    said = centre.feed(IncidentRequested(RequestId(1), IncidentId(name), wanted))
    return next(one for one in said if isinstance(one, Replied)).refusal


def set_(centre: Centre, wanted: Incident) -> None:
    assert ask(centre, wanted.id, wanted) == ""


def dial(centre: Centre, *keys: str, ani: str = "0301234567") -> CallId:
    """A caller dials in and presses keys; what he hears is not over."""
    centre.calls += 1
    call = CallId(f"main-1.{centre.calls}")
    centre.feed(CallArrived(call, PBX, ani, "100"), *(DigitPressed(call, key) for key in keys))
    return call


def path_of(play: PlayPrompt) -> str:
    return play.path.removeprefix("/acd/de/")


def played(centre: Centre, call: CallId) -> list[str]:
    """Return what was ordered to be played to him since the last look."""
    return [path_of(one) for one in centre.take(PlayPrompt) if one.call == call]


def listen(centre: Centre, call: CallId) -> list[str]:
    """Let every prompt end, one after another, until nothing is ordered; return what was ordered.

    Never are two under way.
    """
    heard = []
    while said := [one for one in centre.take(PlayPrompt) if one.call == call]:
        [one] = said
        heard.append(path_of(one))
        centre.feed(PromptEnded(call, one.play_id, True))
    return heard


def press(centre: Centre, call: CallId, key: str) -> None:
    """He presses a key in the middle of a prompt, which it ends."""
    last = [one for one in centre.said if isinstance(one, PlayPrompt) and one.call == call][-1]
    centre.feed(PromptEnded(call, last.play_id, True))
    playing = [one for one in centre.take(PlayPrompt) if one.call == call][-1]
    centre.feed(DigitPressed(call, key), PromptEnded(call, playing.play_id, True))


def outcome(centre: Centre, call: CallId) -> Outcome:
    """The caller hangs up; return how the call ended."""
    centre.feed(CallerHungUp(call))
    [ended] = centre.take(CallEnded)
    return ended.outcome


def waits(centre: Centre, call: CallId) -> bool:
    return centre.call(call).queued_at is not None


# -- before a queue ----------------------------------------------------------------------------


def test_a_caller_it_concerns_hears_it_before_the_queue_and_stays_by_saying_nothing() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    # The welcome that the key stops ends first.
    assert listen(centre, call) == ["main/welcome", "incident/mitte", "incident/again"]
    assert not waits(centre, call)
    said = centre.wait(QUESTION_SECONDS)
    [moved] = [one for one in said if isinstance(one, MoveToWaitingRoom)]
    assert moved.place.queue == FAULT
    assert centre.call(call).option == "1"


def test_whom_it_does_not_concern_hears_nothing_of_it() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    assert waits(centre, dial(centre, "2"))


@T("key", list("023456789*#"))
def test_any_other_key_takes_him_to_the_queue_at_once(key: str) -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    press(centre, call, key)
    assert waits(centre, call)


def test_key_one_after_the_question_says_it_again() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    listen(centre, call)
    centre.feed(DigitPressed(call, "1"))
    assert listen(centre, call) == ["incident/mitte", "incident/again"]
    centre.wait(QUESTION_SECONDS)
    assert waits(centre, call)


def test_nothing_breaks_off_its_words_and_what_played_before_is_broken_off() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre)
    [welcome] = centre.take(PlayPrompt)
    centre.feed(PromptEnded(call, welcome.play_id, True))
    [options] = centre.take(PlayPrompt)
    centre.feed(DigitPressed(call, "1"))
    # Its key came before it had begun: it goes on, and is stopped.
    assert [type(one) for one in centre.wait(1.0)] == [StopPrompt]
    assert options.play_id != welcome.play_id
    centre.feed(MenuReached(call))
    [text] = centre.take(PlayPrompt)
    assert path_of(text) == "incident/mitte"
    assert not [one for one in centre.wait(4.9) if isinstance(one, StopPrompt)]


def test_it_is_heard_once_in_a_call() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    press(centre, call, "9")
    centre.feed(WaitingRoomEntered(call))
    centre.take()
    centre.wait(600.0)
    assert centre.take(Announce) == []


def test_two_are_heard_one_after_the_other_with_one_question() -> None:
    centre = Centre(plan())
    set_(centre, incident("mitte"))
    set_(centre, incident("wedding"))
    call = dial(centre, "1")
    assert listen(centre, call)[-3:] == ["incident/mitte", "incident/wedding", "incident/again"]


def test_in_english_it_is_the_english_words() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "9", "1")
    assert listen(centre, call)[-2] == "/acd/en/incident/mitte"


def district() -> Plan:
    """Callers type where they live, then choose."""
    house = plan()
    main = house.menus[MenuId("main")]
    where = Collect(
        id=NodeId("where"),
        prompts=(PromptId("main/where"),),
        into="postcode",
        min_digits=5,
        max_digits=5,
        terminator="#",
        timeout_seconds=5.0,
        retries=0,
        next=main.entry,
        otherwise=main.entry,
    )
    nodes = {**main.nodes, where.id: where}
    asked = msgspec.structs.replace(main, entry=where.id, nodes=nodes)
    return msgspec.structs.replace(house, menus={**house.menus, main.id: asked})


@T(("typed", "concerned"), [("10115", True), ("20095", False)])
def test_by_district_it_is_heard_by_who_typed_such_a_postcode(
    typed: str, *, concerned: bool
) -> None:
    centre = Centre(district())
    set_(centre, incident(queues=(), postcodes=("10*",)))
    call = dial(centre, *typed, "2")
    assert waits(centre, call) is not concerned


def test_a_menu_asks_where_he_lives_only_while_an_incident_hangs_on_it() -> None:
    house = district()
    main = house.menus[MenuId("main")]
    case = Case((LocalIncident(FAULT),), NodeId("where"))
    branch = Branch(id=NodeId("b"), cases=(case,), next=NodeId("ask"))
    menu = msgspec.structs.replace(main, entry=branch.id, nodes={**main.nodes, branch.id: branch})
    asks = Centre(msgspec.structs.replace(house, menus={**house.menus, main.id: menu}))

    def first_prompt() -> str:
        call = dial(asks)
        [first] = played(asks, call)
        return first

    assert first_prompt() == "main/welcome"
    set_(asks, incident(postcodes=("10*",), ends_at=asks.now + 60.0))
    set_(asks, incident("everywhere"))
    assert first_prompt() == "main/where"
    asks.wait(60.0)
    asks.take()
    assert first_prompt() == "main/welcome"


# -- hanging up informed -----------------------------------------------------------------------


def test_who_hangs_up_informed_is_deflected_and_never_was_in_the_queue() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    centre.wait(INFORMED_SECONDS)
    centre.take()
    centre.feed(CallerHungUp(call))
    said = centre.take()
    [deflected] = [one for one in said if isinstance(one, CallDeflected)]
    [ended] = [one for one in said if isinstance(one, CallEnded)]
    assert deflected.queue == FAULT
    assert (ended.outcome, ended.queue, ended.heard) == (Outcome.DEFLECTED, None, ("mitte",))


def test_who_hangs_up_before_he_can_know_has_left_in_the_menu() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    centre.wait(INFORMED_SECONDS - 0.1)
    assert outcome(centre, call) is Outcome.LEFT_IN_MENU


def test_where_nobody_is_asked_to_hang_up_nobody_is_deflected() -> None:
    centre = Centre(plan())
    set_(centre, incident(question=()))
    call = dial(centre, "1")
    centre.wait(INFORMED_SECONDS)
    assert outcome(centre, call) is Outcome.LEFT_IN_MENU
    other = dial(centre, "1")
    assert listen(centre, other) == ["main/welcome", "incident/mitte"]
    assert waits(centre, other)


def test_who_stays_and_hangs_up_later_has_abandoned() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    press(centre, call, "9")
    centre.feed(WaitingRoomEntered(call))
    centre.wait(60.0)
    assert outcome(centre, call) is Outcome.ABANDONED


# -- hazards -----------------------------------------------------------------------------------


def test_hazard_words_come_before_the_welcome_to_everybody() -> None:
    centre = Centre(plan())
    set_(centre, incident(hazard=clips("boil")))
    call = dial(centre)
    [first] = [one for one in centre.take(PlayPrompt) if one.call == call]
    assert first.path == "/acd/de/incident/boil"
    centre.feed(PromptEnded(call, first.play_id, True))
    assert played(centre, call) == ["main/welcome"]


def test_no_key_skips_hazard_words_and_none_is_lost() -> None:
    centre = Centre(plan())
    set_(centre, incident(hazard=clips("boil")))
    call = dial(centre)
    [first] = [one for one in centre.take(PlayPrompt) if one.call == call]
    assert first.stop_digits == ""
    centre.feed(DigitPressed(call, "2"))
    assert centre.take(PlayPrompt) == []
    assert not waits(centre, call)
    centre.feed(PromptEnded(call, first.play_id, True))
    assert centre.take(MenuSelected)[0].option == "2"
    assert waits(centre, call)


def test_a_hazard_that_comes_while_he_is_in_the_menu_is_heard_before_the_rest() -> None:
    centre = Centre(plan())
    call = dial(centre)
    [welcome] = centre.take(PlayPrompt)
    set_(centre, incident(hazard=clips("boil")))
    centre.feed(DigitPressed(call, "2"), PromptEnded(call, welcome.play_id, True))
    [hazard] = [one for one in centre.take(PlayPrompt) if one.call == call]
    assert path_of(hazard) == "incident/boil"
    centre.feed(DigitPressed(call, "1"))
    assert not waits(centre, call)
    centre.feed(PromptEnded(call, hazard.play_id, True))
    assert waits(centre, call)


def test_a_hazard_that_is_new_in_a_known_incident_is_told_and_its_words_are_not_again() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    call = dial(centre, "1")
    press(centre, call, "9")
    centre.feed(WaitingRoomEntered(call))
    centre.take()
    set_(centre, incident(hazard=clips("boil")))
    centre.wait(1.0)
    [told] = centre.take(Announce)
    assert told.paths == ("/acd/de/incident/boil",)


# -- who waits ---------------------------------------------------------------------------------


def test_who_waits_is_told_once_hazard_first() -> None:
    centre = Centre(plan())
    call, other = centre.call_in(), centre.call_in("2")
    centre.take()
    set_(centre, incident(hazard=clips("boil")))
    centre.wait(1.0)
    told = {one.call: one for one in centre.take(Announce)}
    assert told[call].paths == ("/acd/de/incident/boil", "/acd/de/incident/mitte")
    assert told[other].paths == ("/acd/de/incident/boil",)
    centre.feed(AnnouncementEnded(call, told[call].announcement_id))
    centre.wait(600.0)
    assert centre.take(Announce) == []


def test_many_who_wait_are_not_told_at_one_moment() -> None:
    centre = Centre(plan())
    calls = [centre.call_in() for _ in range(40)]
    centre.take()
    set_(centre, incident())
    centre.wait(0.5)
    heard = centre.take(Announce)
    assert 1 < len(heard) < len(calls)
    centre.wait(2.0)
    told = {one.call for one in heard} | {one.call for one in centre.take(Announce)}
    assert told == set(calls)


def test_who_is_just_between_two_rounds_is_told_when_he_hears_again() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.feed(WaitingRoomLeft(call))
    centre.take()
    set_(centre, incident())
    centre.wait(5.0)
    assert centre.take(Announce) == []
    centre.feed(WaitingRoomEntered(call))
    centre.wait(1.0)
    assert len(centre.take(Announce)) == 1


@T(
    ("seconds", "expected"),
    [
        (INFORMED_SECONDS - 0.5, Outcome.ABANDONED),
        (INFORMED_SECONDS, Outcome.DEFLECTED),
        (5.0 + THINKS_SECONDS - 0.5, Outcome.DEFLECTED),
        (5.0 + THINKS_SECONDS + 0.5, Outcome.ABANDONED),
    ],
)
def test_who_hangs_up_soon_after_he_was_told_while_he_waited_is_deflected(
    seconds: float, expected: Outcome
) -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.wait(30.0)
    set_(centre, incident())
    centre.wait(seconds)
    assert outcome(centre, call) is expected


# -- setting, changing, ending -----------------------------------------------------------------


def test_it_begins_and_ends_by_itself() -> None:
    centre = Centre(plan())
    early = centre.call_in()
    set_(centre, incident(begins_at=centre.now + 60.0, ends_at=centre.now + 3600.0))
    assert waits(centre, dial(centre, "1"))
    centre.take()
    centre.wait(61.0)
    assert early in {one.call for one in centre.take(Announce)}
    assert not waits(centre, dial(centre, "1"))
    centre.wait(3540.0)
    assert centre.take(IncidentEnded)[0].how == "over"
    assert waits(centre, dial(centre, "1"))
    assert centre.engine.snapshot(centre.now).incidents == ()


def test_ended_by_hand_nobody_hears_it_any_more() -> None:
    centre = Centre(plan())
    set_(centre, incident())
    assert ask(centre, "mitte", None) == ""
    assert waits(centre, dial(centre, "1"))
    assert ask(centre, "mitte", None) == "there is no incident mitte"


def test_what_cannot_be_set_is_refused_in_words() -> None:
    centre = Centre(plan())
    assert "no queue 'nowhere'" in ask(centre, "a", incident("a", queues=(QueueId("nowhere"),)))
    assert "past" in ask(centre, "a", incident("a", ends_at=centre.now))
    for number in range(MOST_INCIDENTS):
        set_(centre, incident(f"a{number}"))
    assert "end one first" in ask(centre, "b", incident("b"))
    set_(centre, incident("a0", text=clips("other")))


def with_incident(wanted: Incident) -> Plan:
    return msgspec.structs.replace(plan(), incidents=(wanted,))


def test_one_of_the_configuration_is_heard_when_it_is_read_and_is_changed_only_there() -> None:
    centre = Centre(plan())
    waiting = centre.call_in()
    set_(centre, incident())
    centre.feed(PlanReplaced(with_incident(incident())))
    centre.wait(1.0)
    assert [one.call for one in centre.take(IncidentHeard)] == [waiting]
    assert not waits(centre, dial(centre, "1"))
    assert "incidents.yaml" in ask(centre, "mitte", None)
    [view] = centre.engine.snapshot(centre.now).incidents
    assert view.configured
    centre.feed(PlanReplaced(plan()))
    assert waits(centre, dial(centre, "1"))


# -- a new engine ------------------------------------------------------------------------------


def test_a_new_engine_knows_the_incident_and_who_has_heard_it() -> None:
    centre = Centre(plan())
    informed = centre.call_in()
    set_(centre, incident())
    centre.wait(1.0)
    again = killed(centre, plan(), away_seconds=2.0)
    again.take()
    again.wait(60.0)
    assert again.take(Announce) == []
    assert informed in again.calls_kept
    assert not waits(again, dial(again, "1"))


def test_an_incident_that_ended_while_no_engine_was_there_is_over() -> None:
    centre = Centre(plan())
    set_(centre, incident(ends_at=centre.now + 10.0))
    again = killed(centre, plan(), away_seconds=20.0)
    assert again.take(IncidentEnded)[0].how == "over"
    assert waits(again, dial(again, "1"))


def taken_up(centre: Centre, call: CallId) -> Centre:
    """Return a new engine, to which the caller comes back from the menu he stood in."""
    found = [CallFoundInMenu(call)]
    again = Centre(plan(), now=centre.now, memory=centre.memory(), found=found)
    again.take()
    again.feed(CallArrived(call, PBX, "0301234567", "100"))
    return again


def test_who_was_being_told_is_told_anew_and_has_not_lost_his_way() -> None:
    centre = Centre(plan())
    set_(centre, incident(hazard=clips("boil")))
    call = dial(centre)
    listen(centre, call)
    centre.feed(DigitPressed(call, "1"))
    again = taken_up(centre, call)
    assert listen(again, call) == ["incident/mitte", "incident/again"]
    again.wait(QUESTION_SECONDS)
    assert again.call(call).queue == FAULT


def test_who_was_hearing_a_hazard_hears_all_of_it_again() -> None:
    centre = Centre(plan())
    set_(centre, incident(hazard=clips("boil")))
    call = dial(centre)
    again = taken_up(centre, call)
    assert played(again, call) == ["incident/boil"]


def test_nobody_is_hung_up_by_us() -> None:
    centre = Centre(plan())
    set_(centre, incident(hazard=clips("boil")))
    call = dial(centre, "1")
    listen(centre, call)
    said = centre.wait(300.0)
    assert not [one for one in said if isinstance(one, HangUpCall)]
    assert waits(centre, call)
