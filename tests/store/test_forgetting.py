"""What every store forgets, and what it keeps: in memory, SQLite, PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event

from acd.core.ids import AgentId, VoicemailId
from acd.core.records import Presence, RecordingDeleted
from acd.retention import DAY_SECONDS, Kind
from acd.store.opening import open_store
from acd.store.port import Key, Spans, Store
from tests.store.fresh import open_fresh
from tests.store.samples import (
    ANNA,
    T0,
    answer,
    call_id,
    ended,
    living,
    presence,
    reading,
    wrap_up,
    wrap_up_over,
)
from tests.store.test_port import voicemail

Opened = Callable[[], Store]
LATER = T0 + DAY_SECONDS
CONSENT = ("recording_consent", "yes")


def forget_all(store: Store, kind: Kind, before: float) -> list[Key]:
    """Forget what is due, as the job does; what there is to it is gone then."""
    keys = store.due(kind, before, 100)
    store.forget(kind, keys)
    assert store.due(kind, before, 100) == ()
    return list(keys)


def test_numbers_are_cut_and_the_record_stays(opened: Opened) -> None:
    store = opened()
    old = ended(1, at=T0, ani="+493055510017", attributes=(("contract", "4711"), CONSENT))
    store.write([old, ended(2, at=LATER), ended(3, at=T0 - 1, ani="", attributes=())])
    assert forget_all(store, Kind.NUMBERS, LATER) == [(call_id(1),)]
    cut = msgspec.structs.replace(old, ani="...017", attributes=(CONSENT,))
    store = opened()  # The one before is closed by that, and must not be used again.
    assert store.ended(call_id(1)) == cut
    assert store.ended(call_id(2)) == ended(2, at=LATER)
    # Whoever writes the record once more, as after a failed commit, does not undo it.
    store.write([old])
    assert store.ended(call_id(1)) == cut


@pytest.mark.parametrize("ani", ["", "110", "anonym", "%_'", "...017"])
def test_any_number_is_cut_once(opened: Opened, ani: str) -> None:
    store = opened()
    store.write([ended(1, at=T0, ani=ani, attributes=(("recording_consent", "perhaps"),))])
    forget_all(store, Kind.NUMBERS, LATER)
    found = store.ended(call_id(1))
    assert found is not None
    assert (len(found.ani) <= 6, found.attributes) == (True, ())


def test_records_are_deleted_oldest_first_and_not_a_moment_too_soon(opened: Opened) -> None:
    store = opened()
    store.write([ended(number, at=T0 + number) for number in range(5, 0, -1)])
    assert store.due(Kind.RECORDS, T0 + 4, 2) == ((call_id(1),), (call_id(2),))
    assert len(forget_all(store, Kind.RECORDS, T0 + 4)) == 3
    assert store.ended_count() == 2
    assert store.ended(call_id(4)) is not None


def test_what_agents_did_is_deleted_when_it_is_over(opened: Opened) -> None:
    store = opened()
    bob = AgentId("bob")
    store.write(
        [
            presence(T0, Presence.READY),
            presence(T0 + 10, Presence.NOT_READY, "break"),
            presence(T0 + 20, Presence.LOGGED_OUT),
            wrap_up(T0 + 1),
            wrap_up_over(T0 + 5),
            presence(T0, Presence.READY, who=bob),
            presence(T0 + 10, Presence.NOT_READY, "break", who=bob),
            wrap_up(T0 + 1, who=bob),
        ]
    )
    before = store.spans(bob)
    for kind in (Kind.SESSIONS, Kind.NOT_READY, Kind.WRAP_UPS):
        assert forget_all(store, kind, T0) == []
        (key,) = forget_all(store, kind, LATER)
        assert key[0] == ANNA
    store = opened()
    assert store.spans(ANNA) == Spans()
    assert store.spans(bob) == before


def test_what_callers_left_is_deleted_by_its_own_age(opened: Opened) -> None:
    store = opened()
    store.write(
        [
            answer("again", "1", T0),
            answer("again", "2", LATER, number=2),
            reading("100", T0),
            reading("200", LATER, number=2),
        ]
    )
    assert forget_all(store, Kind.SURVEYS, LATER) == [(call_id(1), "again")]
    assert forget_all(store, Kind.FORMS, LATER) == [(call_id(1), "meter_reading", T0)]
    assert store.survey(call_id(1)) == ()
    assert store.survey(call_id(2)) == (answer("again", "2", LATER, number=2),)
    assert store.forms("meter_reading") == (reading("200", LATER, number=2),)


def test_only_messages_that_are_over_are_deleted(opened: Opened) -> None:
    store = opened()
    states = ("waiting", "taken", "done", "discarded")
    store.write([voicemail(s, id=VoicemailId(s), changed_at=T0) for s in states])
    assert sorted(forget_all(store, Kind.VOICEMAILS, LATER)) == [("discarded",), ("done",)]
    assert [one.id for one in store.remember().voicemails] == ["taken", "waiting"]
    assert store.voicemail(VoicemailId("done")) is None


def test_what_is_a_callers_is_found_by_the_end_of_his_number(opened: Opened) -> None:
    store = opened()
    his = "+4930555123"
    store.write(
        [
            ended(1, at=T0 + 5, ani="030555123"),
            ended(2, at=T0 + 4, ani="0199", attributes=(("call_back", his),)),
            ended(3, ani="0305551239"),
            living(4, ani=his),
            living(5),
            voicemail("done", id=VoicemailId("his"), ani=his),
            voicemail("done", id=VoicemailId("typed"), ani="", attributes=(("x", his),)),
            voicemail("done", id=VoicemailId("not"), ani="1"),
            msgspec.structs.replace(reading("1", number=6), values={"call_back": his}),
            reading("2", number=7),
            reading("3", number=1),
        ]
    )
    found = store.of_number("30555123")
    assert [one.call for one in found.calls] == [call_id(2), call_id(1)]
    assert found.living == ((call_id(4), his),)
    assert {one.id for one in found.voicemails} == {"his", "typed"}
    assert [one.call for one in found.forms] == [call_id(1), call_id(6)]


def test_what_is_erased_is_gone_and_the_record_stays(opened: Opened) -> None:
    store = opened()
    mine, other = ended(1, recording="billing/x.wav"), ended(2, recording="billing/y.wav")
    store.write([mine, other, ended(3)])
    for number in (1, 2):
        store.write([answer("again", "1", number=number), reading("1", number=number)])
    store.write([voicemail("done", id=VoicemailId("his"))])
    store.erase([call_id(1), call_id(3), call_id(99)], [VoicemailId("his")], LATER)
    store = opened()
    assert store.ended(call_id(1)) == msgspec.structs.replace(
        mine, ani="", attributes=(), recording_deleted_at=LATER
    )
    bare = store.ended(call_id(3))
    assert bare is not None
    assert bare.recording_deleted_at is None
    assert store.ended(call_id(2)) == other
    assert store.survey(call_id(1)) == ()
    assert [one.call for one in store.forms("meter_reading")] == [call_id(2)]
    assert store.voicemail(VoicemailId("his")) is None
    store.erase([call_id(1)], [], LATER + 5)
    store.write([RecordingDeleted(LATER + 9, call_id(1))])
    again = store.ended(call_id(1))
    assert again is not None
    assert again.recording_deleted_at == LATER


@pytest.mark.parametrize("how", ["cut", "erased", "deleted"])
def test_nothing_is_left_in_the_file(tmp_path: Path, how: str) -> None:
    path = tmp_path / "acd.db"
    store = open_fresh(path)
    store.write([ended(number, ani=f"+4930555{number:05}") for number in range(200)])
    store.close()
    assert b"+493055500107" in path.read_bytes()
    store = open_store(f"sqlite:///{path}")
    # Debian's SQLite wipes by itself; others do not.
    event.listen(
        store._engine, "begin", lambda one: one.exec_driver_sql("PRAGMA secure_delete=OFF")
    )
    keys = [(call_id(number),) for number in range(200)]
    if how == "erased":
        store.erase([call for (call,) in keys], [], LATER)
    else:
        store.forget(Kind.NUMBERS if how == "cut" else Kind.RECORDS, keys)
    store.close()
    assert b"+4930555" not in path.read_bytes()


def test_many_are_erased_at_once(opened: Opened) -> None:
    store = opened()
    store.write([ended(number) for number in range(1, 1_203)])
    store.erase([call_id(number) for number in range(1, 1_203)], [], LATER)
    assert store.of_number("0000001").calls == ()
    assert store.due(Kind.NUMBERS, LATER, 1) == ()
