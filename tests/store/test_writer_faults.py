"""Faults of real databases: locked, full, gone, killed. Nothing acknowledged is ever missing.

Each puts whole calls while the fault lasts, and looks in the end for each one in the books.
"""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from acd.store.opening import open_store
from acd.store.port import Store
from acd.store.writer import Writer
from tests.store.postgres import Postgres
from tests.store.samples import call_id, ended, whole_call
from tests.store.writing import GUARD_SECONDS, RECOVERED, Heard, make_writer

pytestmark = pytest.mark.slow

KILLS = 20


@contextmanager
def writing(url: str, spill_path: Path, heard: Heard, **options: float) -> Iterator[Writer]:
    writer = make_writer(lambda: open_store(url), spill_path, heard, **options)  # type: ignore[arg-type]
    writer.start()
    try:
        yield writer
    finally:
        writer.stop(GUARD_SECONDS)


async def put_calls(writer: Writer, first: int, count: int) -> None:
    """Put so many whole calls, each when the one before is durable."""
    async with asyncio.timeout(GUARD_SECONDS):
        for number in range(first, first + count):
            await writer.wait_committed(writer.put(list(whole_call(number))))


def assert_books(store: Store, count: int) -> None:
    """Calls 0 to ``count`` - 1 have their final record, and nobody is alive."""
    assert store.ended_count() == count
    for number in range(count):
        found = store.ended(call_id(number))
        assert found is not None, number
        assert found.ani == ended(number).ani
    assert store.remember().calls == ()


async def test_a_locked_file_holds_nobody_up_and_is_caught_up(tmp_path: Path) -> None:
    path, spill_path, heard = tmp_path / "acd.db", tmp_path / "spill", Heard()
    url = f"sqlite:///{path}"
    with writing(url, spill_path, heard) as writer:
        await put_calls(writer, 0, 10)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await put_calls(writer, 10, 30)
            assert "locked by another program" in writer.last_error
            assert writer.spilled >= 30
            assert writer.lag == 0
            other.execute("ROLLBACK")
        await asyncio.to_thread(heard.wait_for, RECOVERED)
        await put_calls(writer, 40, 10)
        assert (writer.spilled, writer.pending) == (0, 0)
    assert_books(open_store(url), 50)
    assert len(heard.said) == 2


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


async def test_a_full_disk_is_caught_up_when_it_is_freed(tiny_disk: Path, tmp_path: Path) -> None:
    heard, spill_path = Heard(), tmp_path / "spill"
    url = f"sqlite:///{tiny_disk / 'acd.db'}"
    with writing(url, spill_path, heard) as writer:
        count = 0
        while not writer.spilled:
            await put_calls(writer, count, 20)
            count += 20
        assert "no room to grow" in writer.last_error
        await put_calls(writer, count, 20)
        resize(tiny_disk, "16m")
        await asyncio.to_thread(heard.wait_for, RECOVERED)
        await put_calls(writer, count + 20, 20)
    assert_books(store := open_store(url), count + 40)
    store.close()


async def test_a_disk_too_full_even_to_spill_keeps_records_in_memory(tiny_disk: Path) -> None:
    heard = Heard()
    url = f"sqlite:///{tiny_disk / 'acd.db'}"
    with writing(url, tiny_disk / "spill", heard) as writer:
        full = asyncio.create_task(asyncio.to_thread(heard.wait_for, "memory only"))
        count, kept = 0, asyncio.create_task(asyncio.sleep(0))
        while not full.done():
            await kept
            ticket = writer.put([record for n in range(20) for record in whole_call(count + n)])
            count += 20
            kept = asyncio.create_task(writer.wait_committed(ticket))
            await asyncio.wait({full, kept}, return_when=asyncio.FIRST_COMPLETED)
        assert not kept.done()
        assert writer.committed < ticket
        resize(tiny_disk, "64m")
        async with asyncio.timeout(GUARD_SECONDS):
            await kept
        await asyncio.to_thread(heard.wait_for, RECOVERED)
    assert_books(store := open_store(url), count)
    store.close()


async def test_a_server_stopped_and_started_again_under_load(
    postgres: Postgres, tmp_path: Path
) -> None:
    heard, url = Heard(), postgres.new_database("restarted")
    with writing(url, tmp_path / "spill", heard) as writer:
        await put_calls(writer, 0, 20)
        load = asyncio.create_task(put_calls(writer, 20, 200))
        await asyncio.to_thread(postgres.stop)
        await load
        await put_calls(writer, 220, 20)
        assert writer.spilled > 0
        assert "out of reach" in writer.last_error
        load = asyncio.create_task(put_calls(writer, 240, 200))
        await asyncio.to_thread(postgres.start)
        await load
        await asyncio.to_thread(heard.wait_for, RECOVERED)
        await put_calls(writer, 440, 10)
    store = open_store(url)
    assert_books(store, 450)
    store.close()


CHILD = """
import asyncio, sys, time
from pathlib import Path
from acd.store.opening import open_store
from acd.store.writer import Writer
from tests.store.samples import whole_call

async def main(url, spill, number):
    writer = Writer(lambda: open_store(url), Path(spill), time.monotonic, group_seconds=0.001,
                    retry_seconds=0.005)
    writer.start()
    while True:
        tickets = []
        for number in range(number, number + 5):
            tickets.append((number, writer.put(list(whole_call(number)))))
        number += 1
        for done, ticket in tickets:
            await writer.wait_committed(ticket)
            print(done, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def killed_after(lines: int, url: str, spill_path: Path, first: int, lock: Path | None) -> int:
    """Let a process write calls, kill it; return the last call that it said was durable."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(spill_path), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    last = first - 1
    with closing(sqlite3.connect(lock or ":memory:", isolation_level=None)) as other:
        for line in child.stdout:
            last = int(line)
            if last == first and lock:
                other.execute("PRAGMA busy_timeout = 30000")
                other.execute("BEGIN EXCLUSIVE")
            if last >= first + lines:
                break
        child.kill()
        for line in child.stdout:
            if line.endswith("\n"):
                last = int(line)
    child.stdout.close()
    assert child.wait() == -9
    return last


@pytest.mark.parametrize("locked", [False, True], ids=["", "while it spills"])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, locked: bool) -> None:
    path, spill_path, heard = tmp_path / "acd.db", tmp_path / "spill", Heard()
    url, rng = f"sqlite:///{path}", random.Random(f"kill {locked}")
    acknowledged, first = set[int](), 0
    for _ in range(KILLS // 2):
        lock = path if locked else None
        last = killed_after(rng.randint(3, 60), url, spill_path, first, lock)
        acknowledged |= set(range(first, last + 1))
        first = last + 10
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    had_spilled = spill_path.exists()
    with writing(url, spill_path, heard):
        if had_spilled:
            heard.wait_for(RECOVERED)
    store = open_store(url)
    missing = [number for number in acknowledged if store.ended(call_id(number)) is None]
    assert not missing
    assert len(acknowledged) > KILLS
    store.close()
    assert not spill_path.exists()
