"""The journal: what goes in comes out, in files that are kept few, whatever the disk does."""

import fcntl
import os
import threading
from datetime import date
from pathlib import Path
from random import Random

import pytest

from acd.ami.items import DropLink, FramesReceived, LinkDown, Outputs, Write
from acd.config.loader import load
from acd.core.events import PlanReplaced, Tick
from acd.errors import JournalError
from acd.journal.entries import Check, Entry, Gap, RunEnd, decode, encode
from acd.journal.reader import Run, find
from acd.journal.segments import OpenSegment, Shelf, expire, listed, name_of, pack
from acd.pipeline import PbxSetup
from tests.journals import (
    ITEMS,
    NOTHING,
    NOW,
    PBX,
    SECRET,
    Notices,
    entries,
    faults,
    journal,
    parts,
    wait_for,
    written,
)
from tests.plans import plan

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to wait for more to gather."""
    monkeypatch.setattr("acd.journal.writer._GATHER_SECONDS", 0.001)


def test_every_kind_of_item_comes_back_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path)
    run = Run(find(path))
    assert (run.header.plan, run.header.secret) == (plan(), SECRET)
    assert (run.header.pbxs, run.header.started_at >= NOW) == ((PbxSetup(PBX, "secret"),), True)
    said = list(run.parts())
    assert [one.item for one in entries(said)] == list(ITEMS)
    assert [one.now for one in entries(said)] == [NOW + n / 10 for n in range(len(ITEMS))]
    assert isinstance(said[-2], Check)
    assert isinstance(said[-1], RunEnd)
    assert not faults(said)


def test_the_sample_configuration_comes_back_as_it_was() -> None:
    """To the last type: a whole number in place of a float would be written differently."""
    before = load(ROOT / "config", today=date(2026, 11, 22), need_prompts=False).plan
    item = PlanReplaced(before)
    content = decode(encode(Entry(1, NOW, item, 0)))
    assert isinstance(content, Entry)
    assert repr(content.item) == repr(item)


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = written(tmp_path / "journal")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    pack(path)
    [packed] = find(tmp_path / "journal").paths
    assert packed.suffix == ".gz"
    assert packed.stat().st_mode & 0o777 == 0o600


def test_what_was_said_is_proven_every_so_often(tmp_path: Path) -> None:
    one = journal(tmp_path, check_every=2)
    outputs = [
        Outputs([Write(PBX, 1, b"Action: Ping\r\n\r\n")], [], [], []),
        NOTHING,
        Outputs([], [DropLink(PBX, 1, "it lies")], [], []),
        Outputs([Write(PBX, 2, b"Action: Ping\r\n\r\n")], [], [], []),
    ]
    for number, said in enumerate(outputs):
        one.append(NOW + number, Tick(), said)
    one.close(NOW, timeout_seconds=10)
    read = parts(tmp_path)
    checks = [part for part in read if isinstance(part, Check)]
    assert [check.sequence for check in checks] == [2, 4, 4]
    assert checks[0].digest != checks[1].digest == checks[2].digest
    said_for_each = [entry.said for entry in entries(read)]
    assert said_for_each[1] == 0
    # The same bytes to another connection are another thing said.
    assert len(set(said_for_each)) == 4


# -- files -------------------------------------------------------------------------------------


def many(directory: Path, **limits: int) -> Notices:
    """Write some two hundred kilobytes in files of ten, each after the one before."""
    notices: Notices = []
    one = journal(directory, notices, segment_bytes=10_000, **limits)
    for number in range(200):
        one.append(NOW + number, FramesReceived(PBX, 1, (Random(number).randbytes(1000),)), NOTHING)
        if number % 5 == 4:
            wait_for(lambda: not one.buffered_bytes)
    assert one.close(NOW + 300, timeout_seconds=10)
    return notices


def test_a_run_of_many_files_is_one_run(tmp_path: Path) -> None:
    assert many(tmp_path) == []
    files = find(tmp_path)
    assert len(files.paths) > 10
    assert all(path.suffix == ".gz" for path in files.paths[:-1])
    for path in (tmp_path, files.paths[0], files.paths[3]):
        said = parts(path)
        assert not faults(said)
        assert [one.sequence for one in entries(said)] == list(range(1, 201))


def test_what_is_finished_while_others_are_packed_is_packed_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the journal was closed while its first files were packed, and no more."""
    tidy, is_closing = Shelf.tidy, threading.Event()

    def slowly(self: Shelf, writing: Path) -> None:
        tidy(self, writing)
        is_closing.wait(10)

    monkeypatch.setattr(Shelf, "tidy", slowly)
    one = journal(tmp_path, [], segment_bytes=10_000)
    for number in range(60):
        one.append(NOW + number, FramesReceived(PBX, 1, (Random(number).randbytes(1000),)), NOTHING)
    wait_for(lambda: not one.buffered_bytes)
    one._closing.set()
    is_closing.set()
    assert one.close(NOW + 100, timeout_seconds=10)
    assert all(path.suffix == ".gz" for path in find(tmp_path).paths[:-1])


def test_a_file_that_is_missing_in_the_middle_is_named(tmp_path: Path) -> None:
    many(tmp_path)
    gone = find(tmp_path).paths[3]
    gone.unlink()
    said = parts(tmp_path)
    assert any("file 4 of the run is gone" in text for text in faults(said))
    assert entries(said)[-1].sequence == 200
    find(tmp_path).paths[-1].unlink()
    assert "which is gone" in faults(parts(tmp_path))[-1]


def test_what_is_too_much_is_deleted_from_the_oldest_run_on(tmp_path: Path) -> None:
    many(tmp_path)
    [old] = {path.name.partition(".")[0] for path in tmp_path.iterdir()}
    packed = sum(path.stat().st_size for path in tmp_path.iterdir())
    notices = many(tmp_path, total_bytes=packed * 3 // 2)
    runs = {path.name.partition(".")[0] for path in tmp_path.iterdir()}
    assert [kind for kind, _ in notices] == ["journal_old_deleted"]
    assert old in runs
    [new] = runs - {old}
    new_file = next(path for path in sorted(tmp_path.iterdir()) if path.name.startswith(new))
    assert not faults(parts(new_file))
    with pytest.raises(JournalError, match="the beginning of this run is gone"):
        find(next(path for path in tmp_path.iterdir() if path.name.startswith(old)))


def test_a_run_that_is_too_large_loses_its_beginning_and_says_so_once(tmp_path: Path) -> None:
    notices = many(tmp_path, total_bytes=12_000)
    assert [kind for kind, _ in notices] == ["journal_beginning_deleted"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 25_000
    with pytest.raises(JournalError, match="the beginning of this run is gone"):
        find(tmp_path)


def test_a_file_holds_no_more_than_a_day_and_goes_when_it_is_old(tmp_path: Path) -> None:
    one = journal(tmp_path, [], segment_seconds=86_400)
    for hour in range(0, 24 * 4, 6):
        one.append(NOW + 3600 * hour, Tick(), NOTHING)
        wait_for(lambda: not one.buffered_bytes)
    assert one.close(NOW + 86_400 * 4, timeout_seconds=10)
    files = find(tmp_path).paths
    assert len(files) == 4
    assert not faults(parts(tmp_path))
    for age, file in zip((50, 40, 30, 20), files, strict=True):
        os.utime(file, (NOW - age * 86_400, NOW - age * 86_400))
    assert list(expire(tmp_path, NOW - 35 * 86_400)) == [file.name for file in files[:2]]
    assert list(expire(tmp_path, NOW - 35 * 86_400)) == []
    assert list(expire(tmp_path / "none", NOW)) == []


def test_a_file_that_is_packed_is_as_old_as_before_and_one_that_is_written_stays(
    tmp_path: Path,
) -> None:
    old = tmp_path / "a.000001.journal"
    old.write_bytes(b"x")
    os.utime(old, (NOW, NOW))
    pack(old)
    assert old.with_name(f"{old.name}.gz").stat().st_mtime == NOW
    other = journal(tmp_path)
    wait_for(lambda: not other.buffered_bytes)
    writing = listed(tmp_path)[0].path
    os.utime(writing, (NOW, NOW))
    assert list(expire(tmp_path, NOW + 1)) == ["a.000001.journal.gz"]
    assert writing.exists()
    other.close(NOW, timeout_seconds=10)


def test_what_a_killed_engine_left_is_packed_by_the_next(tmp_path: Path) -> None:
    left = written(tmp_path)
    (tmp_path / "x.000001.journal.gz.part").write_bytes(b"half")
    written(tmp_path)
    packed = left.with_name(left.name + ".gz")
    assert not left.exists()
    assert not (tmp_path / "x.000001.journal.gz.part").exists()
    assert [one.item for one in entries(parts(packed))] == list(ITEMS)


def test_another_engine_that_still_writes_is_left_alone(tmp_path: Path) -> None:
    other = journal(tmp_path)
    wait_for(lambda: not other.buffered_bytes)
    [path] = find(tmp_path).paths
    written(tmp_path)
    assert path.exists()
    other.append(NOW, Tick(), NOTHING)
    other.close(NOW, timeout_seconds=10)
    assert len(entries(parts(path))) == 1


# -- a disk that fails -------------------------------------------------------------------------


class Disk:
    """A disk that takes ``room`` bytes, then is full until it has more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self.refused = 0
        self._write = OpenSegment.write
        disk = self

        def write(segment: OpenSegment, data: bytes) -> None:
            if disk.room < len(data):
                disk.refused += 1
                raise OSError(28, "No space left on device")
            disk.room -= len(data)
            disk._write(segment, data)

        monkeypatch.setattr(OpenSegment, "write", write)
        monkeypatch.setattr("acd.journal.writer._RETRY_SECONDS", 0.001)


def test_a_full_disk_costs_entries_and_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, room=0)
    notices: Notices = []
    one = journal(tmp_path, notices, buffer_bytes=10_000)
    frame = FramesReceived(PBX, 1, (b"x" * 1000,))
    for _ in range(100):
        one.append(NOW, frame, NOTHING)
    assert one.dropped > 0
    assert one.buffered_bytes < 12_000
    wait_for(lambda: disk.refused > 2)
    disk.room = 10_000_000
    wait_for(lambda: not one.buffered_bytes)
    one.append(NOW + 1, Tick(), NOTHING)
    one.close(NOW + 2, timeout_seconds=10)
    said = parts(tmp_path)
    [gap] = [part for part in said if isinstance(part, Gap)]
    assert (gap.count, gap.why) == (one.dropped, "the disk was full or too slow")
    assert gap.sequence == 101 - one.dropped
    assert entries(said)[-1].sequence == 101
    assert not faults(said)
    assert [kind for kind, _ in notices if kind != "journal_gap"] == [
        "journal_unwritable",
        "journal_writable",
    ]


def test_a_directory_that_cannot_be_made_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notices: Notices = []
    one = journal(tmp_path / "file" / "journal", notices)
    one.append(NOW, Tick(), NOTHING)
    wait_for(lambda: bool(notices))
    assert notices[0][0] == "journal_unwritable"
    assert str(tmp_path / "file" / "journal") in notices[0][1]
    assert not one.close(NOW, timeout_seconds=10)


def test_a_gap_at_the_very_end_is_told(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.append(NOW, Tick(), NOTHING)
    one.append(NOW, LinkDown(PBX, 1, "broken \udcff"), NOTHING)
    one.close(NOW, timeout_seconds=10)
    assert [type(part) for part in parts(tmp_path)] == [Entry, Gap, Check, RunEnd]


def test_an_item_that_cannot_be_written_is_a_gap(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.append(NOW, LinkDown(PBX, 1, "broken \udcff"), NOTHING)
    one.append(NOW, Tick(), NOTHING)
    one.close(NOW, timeout_seconds=10)
    gap, entry, *_ = parts(tmp_path)
    assert isinstance(gap, Gap)
    assert (gap.sequence, gap.count) == (1, 1)
    assert isinstance(entry, Entry)
    assert entry.sequence == 2


def test_a_file_is_tidied_away_by_nobody_before_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tidier that came between its making and its lock packed it, and the rest was lost."""
    shelf, path = Shelf(tmp_path, "run", 1 << 20, lambda _kind, _text: None), tmp_path / "x"
    lock = fcntl.flock

    def late(file: int, how: int) -> None:
        if not os.path.isdir(f"/proc/self/fd/{file}"):
            monkeypatch.setattr(fcntl, "flock", lock)
            shelf.tidy(path)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    segment = OpenSegment(tmp_path / name_of("run", 1))
    shelf.tidy(path)
    segment.write(b"all of it")
    segment.close()
    assert [one.name for one in tmp_path.iterdir()] == [name_of("run", 1)]
    assert (tmp_path / name_of("run", 1)).read_bytes() == b"all of it"
