"""The spill file: what was appended is there, whatever cut the end off."""

import contextlib
from pathlib import Path

import pytest

from acd.core.records import CallEnded
from acd.errors import StoreError
from acd.store.port import Kept
from acd.store.spill import Spill
from tests.store.samples import agent, ended, whole_call

BATCHES: list[list[Kept]] = [
    [ended(1, legs=(), queue_path=())],
    [agent(), ended(2, legs=(), queue_path=(), ani="Ü\0")],
    [ended(3, legs=(), queue_path=())],
]


def written(path: Path, batches: list[list[Kept]]) -> list[int]:
    """Write each as a frame of its own; return the size of the file after each."""
    spill, sizes = Spill(path), []
    for batch in batches:
        spill.append(batch)
        sizes.append(path.stat().st_size)
    spill.close()
    return sizes


def joined(batches: list[list[Kept]]) -> list[Kept]:
    return [record for batch in batches for record in batch]


def everything(spill: Spill) -> list[Kept]:
    found: list[Kept] = []
    while True:
        records, mark = spill.read(2)
        if not records:
            return found
        found += records
        spill.forget(mark, len(records))


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    written(path, BATCHES)
    spill = Spill(path)
    assert spill.open() == ""
    assert spill.records == 4
    assert everything(spill) == joined(BATCHES)
    assert spill.records == 0


@pytest.mark.slow
def test_a_file_cut_anywhere_reads_back_a_prefix_and_says_so(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    sizes = written(whole, BATCHES)
    content = whole.read_bytes()
    for cut in range(len(content)):
        path = tmp_path / "cut"
        path.write_bytes(content[:cut])
        spill = Spill(path)
        said = spill.open()
        frames = sum(size <= cut for size in sizes)
        assert everything(spill) == joined(BATCHES[:frames]), cut
        at_an_end = cut in sizes or cut <= len("acd spill 1\n")
        assert ("unfinished" in said) != at_an_end, cut
        # And it goes on behind what could be read.
        spill.append(BATCHES[0])
        assert everything(spill) == BATCHES[0], cut
        spill.clear()


def test_a_damaged_entry_is_set_aside_and_what_stands_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    sizes = written(path, BATCHES)
    content = bytearray(path.read_bytes())
    content[sizes[1] - 3] ^= 1
    path.write_bytes(content)
    spill = Spill(path)
    assert "damaged" in spill.open()
    assert everything(spill) == BATCHES[0]
    assert (tmp_path / "spill.damaged").read_bytes() == content[sizes[0] :]


@pytest.mark.parametrize("content", [b"SQLite format 3\0 and more", b"acd spill 2\n" + b"x" * 50])
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "spill"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="no spill file"):
        Spill(path).open()
    assert path.read_bytes() == content


def test_no_file_is_left_when_all_is_in_the_store(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    spill = Spill(path)
    assert spill.open() == ""
    assert not path.exists()
    spill.append(BATCHES[0])
    assert path.stat().st_mode & 0o777 == 0o600
    spill.clear()
    assert not path.exists()
    spill.append(BATCHES[1])
    assert everything(spill) == BATCHES[1]


def test_many_records_are_many_entries(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    records = [record for number in range(200) for record in whole_call(number)]
    spill.append(records)  # type: ignore[arg-type]
    some, _ = spill.read(10)
    assert 10 <= len(some) < len(records)
    assert everything(spill) == records


def test_texts_without_an_encoding_are_mended(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    spill.append([ended(1, ani="a\ud800b"), ended(2)])
    first, second = everything(spill)
    assert isinstance(first, CallEnded)
    assert first.ani == "a?b"
    assert second == ended(2)


def test_a_full_disk_leaves_whole_entries_only(tiny_disk: Path) -> None:
    path = tiny_disk / "spill"
    spill = Spill(path)
    batch = [record for number in range(20) for record in whole_call(number)]
    count = 0
    with contextlib.suppress(OSError):
        while count < 1000:
            spill.append(batch)  # type: ignore[arg-type]
            count += 1
    with pytest.raises(OSError, match="No space"):
        spill.append(batch)  # type: ignore[arg-type]
    assert count >= 1
    assert spill.records == count * len(batch)
    assert everything(spill) == batch * count
    again = Spill(path)
    assert again.open() == ""
    assert again.records == count * len(batch)
