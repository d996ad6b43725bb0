"""Faults of real databases: locked, full, gone. Nothing acknowledged is ever missing.

Each puts whole calls while the fault lasts, and looks in the end for each one in the books.
"""

import asyncio
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from acd.store.opening import open_store
from acd.store.port import Store
from acd.store.writer import Writer
from tests.store.postgres import Postgres
from tests.store.samples import call_id, ended, whole_call
from tests.store.writing import GUARD_SECONDS, RECOVERED, Heard, writing

pytestmark = pytest.mark.slow


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
