"""What is kept of one caller: found however his number was written, told whole, and erased."""

from pathlib import Path

import msgspec
import pytest

from acd.core.ids import VoicemailId
from acd.core.records import CallEnded
from acd.errors import OperatorError
from acd.privacy import Folders, erase, known_of
from acd.store.inmemory import InMemoryStore
from tests.store.samples import T0, answer, call_id, ended, living, reading
from tests.store.test_port import voicemail

HIS = "+493055512345"
WAYS = ["03055512345", "+493055512345", "004930 555-12345"]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "recordings", tmp_path / "voicemail")
    for file in ("recordings/billing/main-1763800000.1.wav", "voicemail/his.wav"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"RIFF")
    return folders


@pytest.fixture
def store() -> InMemoryStore:
    store = InMemoryStore()
    store.write(
        [
            ended(1, ani="03055512345", recording="billing/main-1763800000.1.wav"),
            ended(2, ani="", attributes=(("call_back", "0049 30 55512345"),)),
            ended(3, ani="+494055512345"),
            answer("again", "1", number=1),
            answer("again", "2", number=3),
            reading("1", number=1),
            msgspec.structs.replace(reading("2", number=3), values={"call_back": HIS}),
            voicemail("done", id=VoicemailId("his"), ani=HIS),
            voicemail("waiting", id=VoicemailId("open"), ani=HIS),
            voicemail("done", id=VoicemailId("not"), ani="+494055512345"),
            living(4, ani="004930" + HIS[5:]),
        ]
    )
    return store


@pytest.mark.parametrize("way", WAYS)
def test_he_is_found_however_he_is_written(
    store: InMemoryStore, folders: Folders, way: str
) -> None:
    known = known_of(store, way, "49", folders)
    assert known.number == HIS
    assert {one.call for one in known.calls} == {call_id(1), call_id(2)}
    assert [one.call for one in known.surveys] == [call_id(1)]
    assert {one.call for one in known.forms} == {call_id(1), call_id(3)}
    assert {one.id for one in known.voicemails} == {"his", "open"}
    assert {Path(file).name for file in known.files} == {"main-1763800000.1.wav", "his.wav"}
    assert known.living == (call_id(4),)


def test_he_is_erased_and_what_is_still_under_way_is_told(
    store: InMemoryStore, folders: Folders
) -> None:
    done = erase(store, known_of(store, HIS, "49", folders), folders, T0 + 999)
    assert (done.calls, done.surveys, done.forms, done.voicemails, done.files) == (2, 1, 2, 1, 2)
    assert [line.split()[:2] for line in done.left] == [
        ["call", call_id(4)],
        ["voicemail", "open"],
    ]
    first = store.ended(call_id(1))
    assert isinstance(first, CallEnded)
    assert (first.ani, first.attributes, first.recording_deleted_at) == ("", (), T0 + 999)
    assert first.outcome is ended(1).outcome
    # Another caller who typed his number keeps his own record.
    assert store.ended(call_id(3)) == ended(3, ani="+494055512345")
    assert store.survey(call_id(3)) != ()
    again = known_of(store, HIS, "49", folders)
    assert (again.calls, again.forms, again.files) == ((), (), ())
    assert [one.id for one in again.voicemails] == ["open"]


def test_sound_that_cannot_be_deleted_keeps_the_record_that_names_it(
    store: InMemoryStore, folders: Folders
) -> None:
    assert folders.voicemails is not None
    (folders.voicemails / "his.wav").unlink()
    (folders.voicemails / "his.wav").mkdir()
    done = erase(store, known_of(store, HIS, "49", folders), folders, T0)
    assert (done.voicemails, done.calls) == (0, 2)
    assert "erase again" in done.left[-1]
    assert store.voicemail(VoicemailId("his")) is not None


@pytest.mark.parametrize("number", ["", "12", "%", "anonym", "030_5551", "+49'; --"])
def test_what_is_no_number_is_refused(store: InMemoryStore, folders: Folders, number: str) -> None:
    with pytest.raises(OperatorError, match="no telephone number"):
        known_of(store, number, "49", folders)
