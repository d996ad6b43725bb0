"""The journal: what goes in comes out, and whatever happens to the file, nobody is lied to."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from random import Random

import pytest

from acd.ami.items import DropLink, FrameReceived, LinkDown, LinkUp, Outputs, Write
from acd.config.loader import load
from acd.core.events import AgentRequested, CallAction, CallRequested, PlanReplaced, Tick
from acd.core.ids import AgentId, CallId, PbxId, RequestId
from acd.core.plan import AgentAction
from acd.errors import JournalError
from acd.journal import framing
from acd.journal.entries import Check, Entry, Gap, RunEnd, decode, encode
from acd.journal.reader import Fault, Part, Run, find
from acd.journal.segments import OpenSegment, pack
from acd.journal.writer import Journal, JournalLimits
from acd.pipeline import Item, PbxSetup
from tests.plans import plan

ROOT = Path(__file__).parent.parent
PBX = PbxId("main")
SECRET = b"0123456789abcdef"
NOW = 1_700_000_000.0
NOTHING = Outputs([], [], [], [])
STARTS = count(start=1)
"""No two runs start in the same second, so that the later is the newer."""

ITEMS: tuple[Item, ...] = (
    LinkUp(PBX, 1),
    FrameReceived(PBX, 1, b"Event: Newchannel\r\nCallerIDName: \xff\xfe\xc3(\0\r\n\xf5ACD"),
    FrameReceived(PBX, 1, b"Event: " + bytes(range(256)) * 2000),
    AgentRequested(RequestId(1), AgentId("1001"), AgentAction.NOT_READY, "Mittag \U0001f35c"),
    CallRequested(RequestId(2), CallId("main-1.2"), CallAction.PRIORITISE, seconds=-0.1),
    PlanReplaced(plan()),
    Tick(),
    LinkDown(PBX, 1, "cut"),
)
"""One of each kind, some of them hostile."""

Notices = list[tuple[str, str]]


def journal(directory: Path, notices: Notices | None = None, **limits: int) -> Journal:
    """Return a new run's journal with the tests' plan."""
    said = notices if notices is not None else []
    return Journal(
        directory,
        plan(),
        [PbxSetup(PBX, "secret")],
        secret=SECRET,
        now=NOW + next(STARTS),
        limits=JournalLimits(**limits),
        tell=lambda kind, text: said.append((kind, text)),
    )


def written(directory: Path, items: tuple[Item, ...] = ITEMS, **limits: int) -> Path:
    """Return the first file of a journal of these items, a tenth of a second apart."""
    one = journal(directory, **limits)
    for number, item in enumerate(items):
        one.append(NOW + number / 10, item, NOTHING)
    assert one.close(NOW + 100, timeout_seconds=10)
    return find(directory).paths[0]


def parts(path: Path) -> list[Part]:
    return list(Run(find(path)).parts())


def entries(said: list[Part]) -> list[Entry]:
    return [part for part in said if isinstance(part, Entry)]


def faults(said: list[Part]) -> list[str]:
    return [part.text for part in said if isinstance(part, Fault)]


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


# -- cuts and damage ---------------------------------------------------------------------------


def read_or_refused(data: bytes, path: Path) -> list[Part] | str:
    """Return what a file with these bytes holds, or the error's text when nothing can be had."""
    path.write_bytes(data)
    try:
        return parts(path)
    except JournalError as error:
        return str(error)


def check_prefix(data: bytes, whole: list[Part], path: Path) -> None:
    """A cut file is read as a prefix of the whole, and says that something is missing."""
    said = read_or_refused(data, path)
    if isinstance(said, str):
        assert "cut" in said
        return
    good = [part for part in said if not isinstance(part, Fault)]
    assert good == whole[: len(good)]
    assert len(good) < len(whole)
    assert "has no end" in faults(said)[-1]
    assert not any(part.fatal for part in said if isinstance(part, Fault))


def check_flip(data: bytes, whole: list[Part], path: Path) -> None:
    """A damaged file is noticed, and nothing is read out of it that was not put in."""
    said = read_or_refused(data, path)
    if isinstance(said, str):
        return
    assert faults(said)
    good = [part for part in said if not isinstance(part, Fault)]
    left = iter(whole)
    assert all(part in left for part in good), "something was made up, or came out of order"
    assert len(good) >= len(whole) - 1, "more was given up than was damaged"


SMALL: tuple[Item, ...] = (LinkUp(PBX, 1), *ITEMS[3:5], Tick())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Part]]:
    """A journal of a few items, its bytes and its parts."""
    path = written(tmp_path_factory.mktemp("small"), SMALL, check_every=2)
    return path.read_bytes(), parts(path)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Part]]:
    """A journal with half a megabyte in one frame."""
    path = written(tmp_path_factory.mktemp("large"))
    return path.read_bytes(), parts(path)


Journalled = tuple[bytes, list[Part]]


def test_cut_within_its_entries(small: Journalled, tmp_path: Path) -> None:
    data, whole = small
    ends = [frame.end for frame in framing.frames(data) if isinstance(frame, framing.Frame)]
    for at in [*range(0, 40, 3), *range(ends[1] - 20, len(data), 3)]:
        check_prefix(data[:at], whole, tmp_path / "cut")


@pytest.mark.slow
def test_cut_at_every_byte(small: Journalled, tmp_path: Path) -> None:
    data, whole = small
    for at in range(len(data)):
        check_prefix(data[:at], whole, tmp_path / "cut")


def test_cut_anywhere_in_a_large_one(large: Journalled, tmp_path: Path) -> None:
    data, whole = large
    for at in range(0, len(data), len(data) // 60):
        check_prefix(data[:at], whole, tmp_path / "cut")


def test_cut_where_it_is_packed(large: Journalled, tmp_path: Path) -> None:
    data, whole = large
    plain = tmp_path / "x.000001.journal"
    plain.write_bytes(data)
    pack(plain)
    packed = (tmp_path / "x.000001.journal.gz").read_bytes()
    for at in range(2, len(packed), len(packed) // 60):
        check_prefix_packed(packed[:at], whole, tmp_path / "cut")
    said = parts(tmp_path / "x.000001.journal.gz")
    assert said == whole


def check_prefix_packed(data: bytes, whole: list[Part], path: Path) -> None:
    said = read_or_refused(data, path)
    if isinstance(said, str):
        return
    good = [part for part in said if not isinstance(part, Fault)]
    assert good == whole[: len(good)]
    assert any("cut" in text for text in faults(said))


def flips(data: bytes, positions: range) -> Iterator[bytes]:
    for at in positions:
        spoilt = bytearray(data)
        spoilt[at] ^= 1 << at % 8
        yield bytes(spoilt)


def test_a_flipped_bit_in_its_entries_is_noticed(small: Journalled, tmp_path: Path) -> None:
    data, whole = small
    ends = [frame.end for frame in framing.frames(data) if isinstance(frame, framing.Frame)]
    for spoilt in flips(data, range(ends[1] - 20, len(data), 3)):
        check_flip(spoilt, whole, tmp_path / "spoilt")


@pytest.mark.slow
def test_a_flipped_bit_anywhere_is_noticed(small: Journalled, tmp_path: Path) -> None:
    data, whole = small
    for spoilt in flips(data, range(len(data))):
        check_flip(spoilt, whole, tmp_path / "spoilt")


def test_a_flipped_bit_where_it_is_packed_is_noticed(small: Journalled, tmp_path: Path) -> None:
    data, whole = small
    plain = tmp_path / "x.000001.journal"
    plain.write_bytes(data)
    pack(plain)
    packed = (tmp_path / "x.000001.journal.gz").read_bytes()
    path = tmp_path / "spoilt"
    for spoilt in flips(packed, range(0, len(packed), 11)):
        said = read_or_refused(spoilt, path)
        if isinstance(said, str):
            continue
        good = [part for part in said if not isinstance(part, Fault)]
        left = iter(whole)
        assert all(part in left for part in good)
        # A few bits of gzip mean nothing: when it was packed, and what fills up its last byte.
        assert faults(said) or good == whole


def test_damage_in_the_middle_is_named_and_the_rest_is_read(
    large: Journalled, tmp_path: Path
) -> None:
    data, whole = large
    third = [frame for frame in framing.frames(data) if isinstance(frame, framing.Frame)][4]
    path = tmp_path / "spoilt"
    path.write_bytes(data[: third.offset + 100] + b"?" * 500 + data[third.offset + 600 :])
    said = parts(path)
    [fault] = faults(said)
    assert f"{path}: byte {third.offset}: {third.end - third.offset} bytes" in fault
    assert [part for part in said if not isinstance(part, Fault)] == whole[:2] + whole[3:]


def test_bytes_that_were_taken_out_or_put_in_twice_are_noticed(
    small: Journalled, tmp_path: Path
) -> None:
    data, _ = small
    whole = [frame for frame in framing.frames(data) if isinstance(frame, framing.Frame)]
    third = data[whole[3].offset : whole[3].end]
    path = tmp_path / "spoilt"
    for spoilt in (data.replace(third, b""), data.replace(third, third * 2), data * 2):
        path.write_bytes(spoilt)
        assert any(part.fatal for part in parts(path) if isinstance(part, Fault))


# -- what is refused ---------------------------------------------------------------------------


def newer(data: bytes) -> bytes:
    return framing.preamble(framing.FORMAT + 1) + data[framing.PREAMBLE_BYTES :]


def without_header(data: bytes) -> bytes:
    _, header, *_ = framing.frames(data)
    return data[: header.offset] + data[header.end :]  # type: ignore[union-attr]


def foreign(data: bytes) -> bytes:
    begin, _ = framing.frames(data[: framing.PREAMBLE_BYTES + 200])
    return data[: begin.end] + framing.encode(b"\x92\x63\x01")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (foreign, "this acd does not understand what stands there .* replay it with the acd"),
        (newer, "has format 2, and this acd knows formats up to 1"),
        (without_header, "does not say what the engine was started with"),
        (lambda data: b"", "cut within its first line"),
        (lambda data: b"2026-11-22 09:00:00 a log line that is no journal\n", "no journal of acd"),
        (lambda data: data[:200], "is cut or damaged where it says what the engine was started"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_error(
    small: Journalled, tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "spoilt"
    path.write_bytes(spoil(small[0]))
    with pytest.raises(JournalError, match=said):
        Run(find(path))


def test_a_path_without_a_journal_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal in this directory"):
        find(tmp_path)
    with pytest.raises(JournalError, match="No such file"):
        find(tmp_path / "gone")


# -- files -------------------------------------------------------------------------------------


def many(directory: Path, **limits: int) -> Notices:
    """Write some two hundred kilobytes in files of ten, each after the one before."""
    notices: Notices = []
    one = journal(directory, notices, segment_bytes=10_000, **limits)
    for number in range(200):
        one.append(NOW + number, FrameReceived(PBX, 1, Random(number).randbytes(1000)), NOTHING)
        if number % 5 == 4:
            wait_for(lambda: not one.buffered_bytes)
    assert one.close(NOW + 300, timeout_seconds=10)
    return notices


def wait_for(done: Callable[[], bool]) -> None:
    """Let the journal's thread work."""
    nap = threading.Event()
    for _ in range(5000):
        if done():
            return
        nap.wait(0.001)
    raise AssertionError("it never came")


def test_a_run_of_many_files_is_one_run(tmp_path: Path) -> None:
    assert many(tmp_path) == []
    files = find(tmp_path)
    assert len(files.paths) > 10
    assert all(path.suffix == ".gz" for path in files.paths[:-1])
    for path in (tmp_path, files.paths[0], files.paths[3]):
        said = parts(path)
        assert not faults(said)
        assert [one.sequence for one in entries(said)] == list(range(1, 201))


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
    frame = FrameReceived(PBX, 1, b"x" * 1000)
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
