"""Journals cut and damaged anywhere: what can be read is read, and nobody is lied to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acd.ami.items import LinkUp
from acd.core.events import Tick
from acd.errors import JournalError
from acd.journal import framing
from acd.journal.reader import Fault, Part, Run, find
from acd.journal.segments import pack
from acd.pipeline import Item
from tests.journals import ITEMS, PBX, faults, parts, written


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
    ends = [frame.end for frame in framing.frames(data) if isinstance(frame, framing.Frame)]
    # The header is a hundred times longer than the rest, and one checksum guards all of it.
    for spoilt in flips(data, range(0, ends[1], 5)):
        check_flip(spoilt, whole, tmp_path / "spoilt")
    for spoilt in flips(data, range(ends[1], len(data))):
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
        # gzip copies what came before: a whole entry can come out twice, and its sum is told then.
        assert all(part in whole for part in good)
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
