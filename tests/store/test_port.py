"""The contract of every store, whichever it is: in memory, SQLite, PostgreSQL.

Seconds of a story are counted from T0; what a store gives back is compared with what was written.
"""

from collections.abc import Callable, Sequence
from itertools import count

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.core.ids import AgentId, IncidentId, Language, PromptId, QueueId, VoicemailId
from acd.core.incident import Clip, Incident
from acd.core.memory import Memory, QueueVisit, VoicemailMemory
from acd.core.records import (
    Activity,
    AgentChanged,
    IncidentEnded,
    IncidentKept,
    Noticed,
    Outcome,
    Presence,
    Record,
    VoicemailKept,
    WrapUpEnd,
)
from acd.errors import StoreError
from acd.store.inmemory import InMemoryStore
from acd.store.port import NotReadySpan, Session, Store, WrapUpSpan, kept
from tests.store.samples import (
    ANNA,
    BILLING,
    PHONE,
    T0,
    agent,
    answer,
    call_id,
    ended,
    legs,
    living,
    presence,
    reading,
    recording_gone,
    whole_call,
    wrap_up,
    wrap_up_over,
)

Opened = Callable[[], Store]
READY, NOT_READY, LOGGED_OUT = Presence.READY, Presence.NOT_READY, Presence.LOGGED_OUT


def test_a_new_store_remembers_nothing(opened: Opened) -> None:
    store = opened()
    assert store.remember() == Memory()
    assert store.ended(call_id(1)) is None
    assert store.ended_count() == 0


def incident(name: str = "mitte", **fields: object) -> Incident:
    """An incident with words of any content."""
    clip = Clip(Language("de"), PromptId(f"incident/{name}"), 7.25, 'Rohr\x00bruch \ud800 "; --')
    whole = Incident(id=IncidentId(name), queues=(BILLING,), text=(clip,), hazard=(clip,))
    return msgspec.structs.replace(whole, **fields)


def test_incidents_come_back_as_set_last_until_they_are_over(opened: Opened) -> None:
    store = opened()
    plain = (Clip(Language("de"), PromptId("incident/a"), 7.25, "Wasserrohrbruch"),)
    first = incident("b", text=plain, hazard=(), postcodes=("10*",), begins_at=T0)
    store.write([IncidentKept(T0, incident("a", text=(), hazard=())), IncidentKept(T0, first)])
    changed = incident("a", text=plain, hazard=plain, question=plain, ends_at=T0 + 60)
    store.write([IncidentKept(T0 + 1, changed)])
    assert store.remember().incidents == (changed, first)
    store.write([IncidentEnded(T0 + 2, IncidentId("b"), "ended")])
    store.write([IncidentEnded(T0 + 2, IncidentId("b"), "ended")])
    assert store.remember().incidents == (changed,)
    store.write([IncidentEnded(T0 + 3, changed.id, "over"), IncidentKept(T0 + 3, first)])
    store.write([IncidentKept(T0 + 4, changed), IncidentEnded(T0 + 4, changed.id, "ended")])
    assert store.remember().incidents == (first,)


def test_an_incident_of_any_content_is_kept(opened: Opened) -> None:
    store = opened()
    store.write([IncidentKept(T0, incident())])
    [kept_one] = store.remember().incidents
    assert kept_one.id == "mitte"
    assert kept_one.text[0].text.startswith("Rohr")


def test_what_a_call_has_heard_comes_back(opened: Opened) -> None:
    store = opened()
    heard = ("mitte", "mitte/hazard")
    alive = living(1)
    store.write(
        [msgspec.structs.replace(alive, call=msgspec.structs.replace(alive.call, heard=heard))]
    )
    assert store.remember().calls[0].heard == heard
    over = msgspec.structs.replace(ended(1), heard=heard, outcome=Outcome.DEFLECTED)
    store.write([over])
    assert store.ended(over.call) == over


def test_agents_and_living_calls_come_back_whole_and_as_written_last(opened: Opened) -> None:
    store = opened()
    store.write([agent(calls_taken=1), living(2, option="9"), living(1)])
    last = [agent(wrap_up=True), agent(AgentId("bob"), logged_in_at=None), living(2, legs=legs(T0))]
    store.write(last)
    again = opened().remember()
    assert again.agents == (last[0].agent, last[1].agent)  # type: ignore[union-attr]
    assert again.calls == (living(1).call, last[2].call)  # type: ignore[union-attr]


def test_a_call_that_ends_is_in_the_books_and_no_longer_alive(opened: Opened) -> None:
    store = opened()
    store.write([living(1), living(2)])
    store.write([living(1, answered_at=T0), ended(1)])
    again = opened()
    assert [call.call for call in again.remember().calls] == [call_id(2)]
    assert again.ended(call_id(1)) == ended(1)
    assert again.ended_count() == 1


def test_a_final_record_is_never_written_twice_nor_overwritten(opened: Opened) -> None:
    store = opened()
    store.write([ended(1), ended(1, outcome=Outcome.ABANDONED)])
    store.write([ended(1, outcome=Outcome.SWITCH_LOST)])
    assert store.ended(call_id(1)) == ended(1)
    assert store.ended_count() == 1


def test_a_call_with_a_final_record_is_not_remembered_whatever_comes_later(opened: Opened) -> None:
    store = opened()
    store.write([ended(1), living(1)])
    store.write([living(1)])
    assert opened().remember().calls == ()


def test_every_outcome_can_be_read_back_with_what_never_happened_left_out(opened: Opened) -> None:
    store = opened()
    bare = [
        ended(
            number,
            outcome=outcome,
            queue=None,
            agent=None,
            queued_at=None,
            answered_at=None,
            talk_ended_at=None,
            **dict.fromkeys(("skills", "attributes", "menu_path", "queue_path", "legs"), ()),
        )
        for number, outcome in enumerate(Outcome)
    ]
    store.write(bare)
    assert [store.ended(one.call) for one in bare] == bare


def test_all_or_nothing(opened: Opened) -> None:
    store = opened()
    store.write([ended(1)])
    if isinstance(store, InMemoryStore):
        return  # It has nothing that could fail half-way.
    broken = ended(3, arrived_at=None)  # No column takes that.
    with pytest.raises(StoreError):
        store.write([living(2), agent(), presence(T0, READY), ended(4), broken])
    assert store.remember() == Memory()
    assert store.ended_count() == 1
    store.write([ended(4)])
    assert store.ended_count() == 2


def test_answers_after_a_talk_are_kept_in_their_order_and_of_each_question_the_last(
    opened: Opened,
) -> None:
    store = opened()
    store.write([answer("kind", "3"), answer("solved", "1", T0 + 2), answer("kind", "1", T0 + 9)])
    store.write([answer("solved", "2", T0 + 5), answer("kind", "5", T0, number=2)])
    again = opened()
    assert again.survey(call_id(1)) == (
        answer("solved", "2", T0 + 5),
        answer("kind", "1", T0 + 9),
    )
    assert again.survey(call_id(2)) == (answer("kind", "5", T0, number=2),)
    assert again.survey(call_id(3)) == ()


def test_a_recording_that_is_gone_is_marked_in_the_record_of_its_call(opened: Opened) -> None:
    store = opened()
    recorded = ended(1, recording="billing/main-1763800000.1.wav")
    store.write([recorded, ended(2)])
    assert store.ended(call_id(1)) == recorded
    store.write([recording_gone(T0 + 9), recording_gone(T0 + 9, number=3)])
    store.write([recording_gone(T0 + 99)])
    marked = msgspec.structs.replace(recorded, recording_deleted_at=T0 + 9)
    again = opened()
    assert again.ended(call_id(1)) == marked
    assert again.ended(call_id(2)) == ended(2)
    assert again.ended_count() == 2


def voicemail(state: str, **changes: object) -> VoicemailKept:
    """A message in the box of billing."""
    told = VoicemailMemory(
        VoicemailId("main-1.1-5"), state, call_id(1), BILLING, "+4930\0", "100", Language("de"),
        (("contract", "4711"),), T0,
    )  # fmt: skip
    return VoicemailKept(T0, msgspec.structs.replace(told, **changes))


def test_a_voicemail_is_remembered_until_it_is_done(opened: Opened) -> None:
    store = opened()
    store.write([voicemail("recording")])
    taken = voicemail("taken", left_at=T0 + 9, seconds=8.5, agent=ANNA, changed_at=T0 + 20)
    store.write([voicemail("waiting"), taken])
    store = opened()  # The one before is closed by that, and must not be used again.
    [found] = store.remember().voicemails
    assert (found.state, found.seconds, found.agent) == ("taken", 8.5, ANNA)
    assert found.attributes == (("contract", "4711"),)
    store.write([voicemail("done")])
    assert store.remember().voicemails == ()
    done = store.voicemail(found.id)
    assert done is not None
    assert done.state == "done"
    assert store.voicemail(VoicemailId("main-9.9-9")) is None


def test_forms_are_kept_once_each_and_read_by_name_and_time(opened: Opened) -> None:
    store = opened()
    store.write([reading("1234"), reading("1235", T0 + 5), reading("1234")])
    store.write([reading("99\0\ud800", T0 + 1, number=2)])
    again = opened()
    assert again.forms("meter_reading", T0 + 2) == (reading("1235", T0 + 5),)
    found = again.forms("meter_reading")
    assert [one.at for one in found] == [T0, T0 + 1, T0 + 5]
    assert found[1].values["reading"].startswith("99")
    assert again.forms("other") == ()


def test_callers_are_counted_by_the_queue_they_came_for(opened: Opened) -> None:
    store = opened()
    assert store.first_end() is None
    fault, other = QueueId("fault"), QueueId("other")
    overflowed = (QueueVisit(fault, T0), QueueVisit(other, T0 + 5))
    store.write(
        [
            ended(1, T0 + 60, arrived_at=T0, queue=other, queue_path=overflowed),
            ended(2, T0 + 90, arrived_at=T0 + 10, queue_path=overflowed),
            ended(3, T0 + 90, arrived_at=T0 + 20, queue=None, queue_path=()),
            ended(4, T0 + 90, arrived_at=T0 + 30, queue_path=overflowed),
            living(5, T0 + 15, arrived_at=T0 + 15, queue_path=overflowed),
        ]
    )
    again = opened()
    assert again.first_end() == T0 + 60
    assert again.arrivals(T0, T0 + 30) == {fault: 3}
    assert again.arrivals(T0 + 1, T0 + 31) == {fault: 3}
    assert again.arrivals(T0 + 31, T0 + 99) == {}


def test_other_records_pass_by(opened: Opened) -> None:
    store = opened()
    device = presence(T0, READY)
    store.write(
        [
            Noticed(T0, "kind", "text"),
            msgspec.structs.replace(device, what="activity", activity=Activity.TALKING),
            msgspec.structs.replace(device, what="device"),
        ]
    )
    store.write([])
    assert store.remember() == Memory()
    assert store.spans(ANNA).sessions == ()


HOSTILE = [
    "'; DROP TABLE ended_calls; --",
    '"%s %(a)s :b ? {0} \\',
    "Müller \U0001f4de العربية",
    "\u202e\x1b[2J\r\nX: y",
    "x" * 5000,
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_caller_says_is_data(opened: Opened, text: str) -> None:
    store = opened()
    attributes = ((text, text),)
    store.write(
        [
            living(1, ani=text, dnis=text, attributes=attributes),
            ended(2, ani=text, attributes=attributes, menu_path=(text,)),
            agent(reason=text),
            presence(T0, NOT_READY, text),
        ]
    )
    again = opened()
    assert again.remember().calls[0].ani == text
    assert again.remember().calls[0].attributes == attributes
    assert again.remember().agents[0].reason == text
    assert again.ended(call_id(2)) == ended(2, ani=text, attributes=attributes, menu_path=(text,))
    assert again.spans(ANNA).not_ready[0].reason == text


def test_what_no_database_takes_is_replaced_and_the_rest_kept(opened: Opened) -> None:
    store = opened()
    store.write([ended(1, ani="030\0\ud800\u00fc", attributes=(("a", "x\0\ud800y"),))])
    found = opened().ended(call_id(1))
    assert found is not None
    assert found.ani.startswith("030")
    assert found.ani.endswith("\u00fc")
    assert found.legs == ended(1).legs


# -- spans -----------------------------------------------------------------------------------------


def test_a_session_lasts_from_log_in_to_log_out_through_pauses(opened: Opened) -> None:
    store = opened()
    store.write([presence(1, READY), presence(5, NOT_READY, "lunch")])
    store.write([presence(9, READY), presence(12, NOT_READY, "rona"), presence(20, LOGGED_OUT)])
    store.write([presence(30, NOT_READY, "training")])
    spans = opened().spans(ANNA)
    assert spans.sessions == (Session(1, 20, PHONE), Session(30, None, PHONE))
    assert spans.not_ready == (
        NotReadySpan(5, 9, "lunch"),
        NotReadySpan(12, 20, "rona"),
        NotReadySpan(30, None, "training"),
    )


def test_a_new_reason_is_a_new_span(opened: Opened) -> None:
    store = opened()
    store.write([presence(1, READY), presence(2, NOT_READY, "a"), presence(3, NOT_READY, "b")])
    assert store.spans(ANNA).not_ready == (NotReadySpan(2, 3, "a"), NotReadySpan(3, None, "b"))


def test_a_wrap_up_says_how_it_ended(opened: Opened) -> None:
    store = opened()
    store.write([wrap_up(1, number=1), wrap_up_over(8)])
    store.write([wrap_up(10, number=2)])
    store.write([wrap_up_over(310, WrapUpEnd.CAP), wrap_up(400, number=3)])
    assert opened().spans(ANNA).wrap_ups == (
        WrapUpSpan(1, 301, 8, "early", BILLING, call_id(1)),
        WrapUpSpan(10, 310, 310, "cap", BILLING, call_id(2)),
        WrapUpSpan(400, 700, None, "", BILLING, call_id(3)),
    )


def test_spans_of_different_agents_do_not_touch(opened: Opened) -> None:
    store, bob = opened(), AgentId("bob")
    store.write([presence(1, READY), presence(2, READY, who=bob), wrap_up(3), wrap_up(4, bob)])
    store.write([presence(5, LOGGED_OUT), wrap_up_over(5)])
    assert store.spans(bob).sessions == (Session(2, None, PHONE),)
    assert store.spans(bob).wrap_ups[0].ended_at is None


# -- a batch whose commit was not heard of is written again ---------------------------------------


def picture(store: Store) -> object:
    """Everything that can be read of the calls and agents of this file."""
    people = [ANNA, *(AgentId(f"agent-{number}") for number in range(3))]
    return (
        store.remember(),
        store.ended_count(),
        [store.ended(call_id(number)) for number in range(3)],
        [store.spans(who) for who in people],
    )


@pytest.mark.slow
@pytest.mark.parametrize("doubled_from", range(14))
def test_writing_the_last_records_again_changes_nothing(opened: Opened, doubled_from: int) -> None:
    records = [presence(T0, READY), *whole_call(1), presence(T0 + 300, LOGGED_OUT)]
    store = opened()
    store.write(records)
    once = picture(store)
    for record in records[doubled_from:]:
        store.write([record])
    assert picture(store) == once
    store.write(records[doubled_from:])
    assert picture(opened()) == once


_steps = st.one_of(
    st.sampled_from([READY, NOT_READY, LOGGED_OUT]),
    st.sampled_from([wrap_up, wrap_up_over]),
)
_stories = st.lists(st.tuples(st.integers(0, 2), _steps), max_size=12)


def story(steps: Sequence[tuple[int, object]]) -> list[Record]:
    """One agent's doings in order; wrap-ups begin and end at any moment, also at the same.

    Of two things said about presence at the very same moment, whether the session ended before or
    after cannot be told from the rows, and an agent does not say two at once.
    """
    at, told = T0, list[Record]()
    for passed, step in steps:
        at += max(passed, isinstance(step, Presence))
        if isinstance(step, Presence):
            told.append(presence(at, step, f"reason {at}"))
        else:
            told.append(step(at))  # type: ignore[operator]
    return told


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_stories, st.integers(0, 12), st.integers(1, 4))
def test_spans_are_the_same_in_every_store_in_any_batches_and_when_written_twice(
    opened: Opened, steps: Sequence[tuple[int, object]], again_from: int, size: int
) -> None:
    who = AgentId(f"agent-{next(_people)}")
    told = [msgspec.structs.replace(one, agent=who) for one in story(steps)]  # type: ignore[type-var]
    model = InMemoryStore()
    for one in told:
        model.write([one])
    store = opened()
    for start in range(0, len(told), size):
        store.write(told[start : start + size])
    assert store.spans(who) == model.spans(who)
    for start in range(again_from, len(told), size):
        store.write(told[start : start + size])
    assert store.spans(who) == model.spans(who)


_people = count()


def test_kept_are_the_records_a_store_looks_at() -> None:
    changed = presence(T0, READY)
    others = [Noticed(T0, "a", "b"), msgspec.structs.replace(changed, what="device")]
    assert kept([*others, changed, living(1)]) == [changed, living(1)]
    assert isinstance(changed, AgentChanged)
