"""What is old goes, day by day; what fails stays and is told. The clock is stepped."""

import asyncio
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from acd.core.ids import VoicemailId
from acd.core.records import Record
from acd.deletion import AT_ONCE, Deletion, delete_in_time
from acd.errors import StoreAwayError
from acd.log import open_log
from acd.retention import DAY_SECONDS, Kind, Retention
from acd.store.inmemory import InMemoryStore
from acd.store.opening import open_store
from acd.store.port import Key, Store
from tests.store.fresh import open_fresh
from tests.store.samples import T0, answer, call_id, ended, presence, reading
from tests.store.test_port import READY, voicemail


class Kept(InMemoryStore):
    """A store that is still there when it has been closed, and notes how much is asked at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.closed = 0

    def forget(self, kind: Kind, keys: "list[Key] | tuple[Key, ...]") -> None:  # type: ignore[override]
        self.most = max(self.most, len(keys))
        super().forget(kind, keys)

    def close(self) -> None:
        self.closed += 1


class Day:
    """Some days after T0, and what a deletion did until then."""

    def __init__(self, folder: Path, retention: Retention | None = None) -> None:
        self.store = Kept()
        self.at = T0
        self.said: list[str] = []
        self.journal, self.voicemails = folder / "journal", folder / "voicemail"
        self.voicemails.mkdir()
        self.deletion = Deletion(
            retention or Retention(),
            lambda: self.store,
            journal=self.journal,
            voicemails=self.voicemails,
            now=lambda: self.at,
            tell=lambda what, why: self.said.append(f"{what}: {why}"),
            pause_seconds=0.0,
        )

    def run(self, day: float) -> dict[str, int]:
        self.at = T0 + day * DAY_SECONDS
        return dict(self.deletion.run())


def left() -> list[Record]:
    """One of each kind, all of them over at T0."""
    return [
        ended(1, at=T0),
        presence(T0 - 9, READY),
        presence(T0, type(READY).LOGGED_OUT),
        answer("again", "1", T0),
        reading("1", T0),
        voicemail("done", changed_at=T0),
    ]


def test_each_kind_goes_when_its_days_are_over_and_not_before(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.store.write(left())
    assert day.run(29.9) == {}
    assert day.run(30.1) == {"numbers": 1, "voicemails": 1}
    cut = day.store.ended(call_id(1))
    assert cut is not None
    assert cut.ani == "...001"
    assert day.run(89.9) == {}
    assert day.run(90.1) == {"records": 1, "sessions": 1, "surveys": 1, "forms": 1}
    assert day.run(1000) == {}
    assert (day.store.ended_count(), day.said) == (0, [])
    assert day.store.closed == 5


def test_what_has_no_days_is_kept(tmp_path: Path) -> None:
    never = Retention(None, None, None, None, None, None)
    day = Day(tmp_path, never)
    day.store.write(left())
    assert day.run(10_000) == {}
    assert day.store.ended(call_id(1)) == ended(1, at=T0)


def test_many_go_a_few_at_a_time(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.store.write([ended(number, at=T0) for number in range(4_500)])
    assert day.run(40) == {"numbers": 4_500}
    assert day.store.most == AT_ONCE


def test_a_run_that_is_to_end_goes_on_the_next_time(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.store.write([ended(number, at=T0) for number in range(1_000)])
    day.deletion.stop()
    assert day.run(40) == {}
    assert day.store.closed == 1


def test_a_messages_sound_goes_with_it_and_what_cannot_go_stays(tmp_path: Path) -> None:
    day = Day(tmp_path)
    for name in ("a", "b", "c"):
        day.store.write([voicemail("done", id=VoicemailId(name), changed_at=T0)])
    (day.voicemails / "a.wav").write_bytes(b"RIFF")
    (day.voicemails / "b.wav").mkdir()
    assert day.run(40)["voicemails"] == 2
    assert not (day.voicemails / "a.wav").exists()
    assert day.store.voicemail(VoicemailId("b")) is not None
    assert day.said[0].startswith(f"{day.voicemails / 'b.wav'}: ")
    (day.voicemails / "b.wav").rmdir()
    assert day.run(41) == {"voicemails": 1}


def test_old_files_of_the_journal_go(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.journal.mkdir()
    for age, name in ((31, "a.000001.journal.gz"), (29, "a.000002.journal"), (99, "notes.txt")):
        (day.journal / name).write_bytes(b"x")
        at = T0 - age * DAY_SECONDS
        os.utime(day.journal / name, (at, at))
    assert day.run(0) == {"journal": 1}
    assert sorted(file.name for file in day.journal.iterdir()) == ["a.000002.journal", "notes.txt"]


def test_a_store_that_is_away_is_told_and_nothing_raised(tmp_path: Path) -> None:
    day = Day(tmp_path)

    def away() -> Store:
        raise StoreAwayError("the database is locked")

    day.deletion._open_store = away
    assert day.run(100) == {}
    assert day.said == ["store: the database is locked"]


def test_what_was_deleted_is_a_metric(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.store.write(left())
    day.run(40)
    (figure,) = day.deletion.figure()
    counted = {labels[0]: value for labels, value in figure.samples}
    assert counted == {**dict.fromkeys((*Kind, "journal"), 0), "numbers": 1, "voicemails": 1}


def test_a_database_that_is_written_to_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "acd.db"
    writer = open_fresh(path)
    writer.write([ended(number, at=T0) for number in range(500)])
    done: list[int] = []

    def opened() -> Store:
        store = open_store(f"sqlite:///{path}")
        forget: Callable[..., None] = store.forget

        def between(kind: Kind, keys: tuple[Key, ...]) -> None:
            forget(kind, keys)
            writer.write([ended(1_000 + len(done), at=T0 + 100 * DAY_SECONDS)])
            done.append(len(keys))

        store.forget = between  # type: ignore[method-assign, assignment]
        return store

    deletion = Deletion(
        Retention(),
        opened,
        journal=None,
        voicemails=None,
        now=lambda: T0 + 91 * DAY_SECONDS,
        pause_seconds=0.0,
    )
    assert dict(deletion.run()) == {"numbers": 500, "records": 500}
    assert len(done) >= 6
    assert writer.ended_count() == len(done)
    writer.close()


@pytest.mark.parametrize("first_seconds", [0.0])
async def test_the_job_runs_at_the_start_and_each_day_and_tells(
    tmp_path: Path, first_seconds: float
) -> None:
    day = Day(tmp_path)
    day.at = T0 + 40 * DAY_SECONDS
    day.store.write(left())
    out = io.StringIO()
    log, writer = open_log("text", lambda: T0, stream=out)
    job = asyncio.create_task(
        delete_in_time(day.deletion, log, first_seconds=first_seconds, every_seconds=0.0)
    )
    async with asyncio.timeout(10):
        while day.store.closed < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    writer.close(5)
    (line,) = out.getvalue().splitlines()
    assert " deleted " in line
    assert "numbers=1 voicemails=1" in line
