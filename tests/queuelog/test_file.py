"""The file: whole lines, whatever happens to it."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from acd.core.ids import CallId, QueueId
from acd.core.memory import Memory
from acd.core.records import CallQueued, Record
from acd.queuelog.file import QueueLogFile
from acd.queuelog.lines import Lines
from tests.journals import wait_for
from tests.store.conftest import tiny_disk as tiny_disk


def entered(number: int) -> list[Record]:
    return [CallQueued(float(number), CallId(f"main-{number}"), QueueId("billing"), 0.0)]


def fill(path: Path) -> None:
    """Leave no room on the disk of this file."""
    with path.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(bytes(1000))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def write(tmp_path: Path, said: list[str]) -> Callable[..., None]:
    """Writes these calls by a writer of its own, and closes it."""

    def put(*numbers: int, path: Path = tmp_path / "queue_log", **limits: int) -> None:
        file = QueueLogFile(path, Lines(Memory()), said.append, **limits)
        for number in numbers:
            file.put(entered(number))
        file.close(10.0)

    return put


def calls_in(path: Path) -> list[str]:
    return [line.split("|")[1] for line in path.read_text().splitlines()]


def test_lines_are_appended(tmp_path: Path, write: Callable[..., None]) -> None:
    write(1, 2)
    write(3)
    assert calls_in(tmp_path / "queue_log") == ["main-1", "main-2", "main-3"]
    assert (tmp_path / "queue_log").stat().st_mode & 0o777 == 0o640


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "queue_log"
    file = QueueLogFile(path, Lines(Memory()), said.append)
    file.put(entered(1))
    wait_for(lambda: path.exists() and path.stat().st_size > 0)
    path.rename(tmp_path / "queue_log.old")
    file.put(entered(2))
    file.close(10.0)
    assert calls_in(tmp_path / "queue_log.old") == ["main-1"]
    assert calls_in(path) == ["main-2"]


def test_a_long_file_is_moved_away_and_few_are_kept(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    for number in range(5):
        write(number, most_bytes=10, kept=2)
    names = ("queue_log", "queue_log.1", "queue_log.2")
    assert [calls_in(tmp_path / name) for name in names] == [["main-4"], ["main-3"], ["main-2"]]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_full_disk_costs_lines_and_says_so(said: list[str], write: Callable[..., None]) -> None:
    write(1, 2, path=Path("/dev/full"))
    assert said == ["/dev/full cannot be written: No space left on device"]


def test_a_disk_that_is_full_for_a_while_leaves_no_half_line(
    tiny_disk: Path, said: list[str]
) -> None:
    path, filler = tiny_disk / "queue_log", tiny_disk / "filler"
    file = QueueLogFile(path, Lines(Memory()), said.append)
    file.put(entered(1))
    wait_for(path.exists)
    fill(filler)
    for number in range(200):
        file.put(entered(number))
    wait_for(lambda: bool(said))
    filler.unlink()
    file.put(entered(7))
    file.close(10.0)
    calls = calls_in(path)
    assert calls[0] == "main-1"
    assert calls[-1] == "main-7"
    assert all(len(line.split("|")) == 8 for line in path.read_text().splitlines())
    assert "lacks" in said[-1]
