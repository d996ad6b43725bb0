"""Killed while it commits: row 17 of the fault matrix, on a real file.

A process puts whole calls and tells each that is durable; it is killed, or its files are copied as
a power cut would leave them. Whatever it told must be in the books. ACD_SOAK_COMMIT_KILLS asks for
another number of kills.
"""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from acd.store.opening import open_store
from tests.faults.ledger import Ledger
from tests.store.samples import call_id
from tests.store.writing import RECOVERED, Heard, writing

pytestmark = pytest.mark.slow

KILLS: Final = int(os.environ.get("ACD_SOAK_COMMIT_KILLS", 20))
COPIES: Final = 20

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


def writer_of(url: str, spill_path: Path, first: int) -> subprocess.Popen[str]:
    """Start a process that writes calls and tells the number of each that is durable."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(spill_path), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def killed_after(lines: int, url: str, spill_path: Path, first: int, lock: Path | None) -> int:
    """Let a process write calls, kill it; return the last call that it said was durable."""
    child = writer_of(url, spill_path, first)
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
def test_row_17_kill_9_loses_nothing_that_was_acknowledged(
    tmp_path: Path, locked: bool, ledger: Ledger
) -> None:
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
    ledger.saw(17, tries=KILLS // 2, lost=len(missing))
    assert not missing
    assert len(acknowledged) > KILLS
    store.close()
    assert not spill_path.exists()


def test_row_17_a_copy_of_the_files_at_any_instant_has_all_that_was_acknowledged(
    tmp_path: Path, ledger: Ledger
) -> None:
    """The writer is stopped in whatever it does while its database and WAL are copied."""
    path, rng = tmp_path / "acd.db", random.Random("copies")
    child = writer_of(f"sqlite:///{path}", tmp_path / "spill", 0)
    assert child.stdout is not None
    lost, acknowledged = [], -1
    try:
        for number in range(COPIES):
            for _ in range(rng.randint(1, 40)):
                acknowledged = int(child.stdout.readline())
            child.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, child.pid, os.WSTOPPED)
            copy = tmp_path / f"copy-{number}.db"
            shutil.copy(path, copy)
            shutil.copy(f"{path}-wal", f"{copy}-wal")
            child.send_signal(signal.SIGCONT)
            with closing(sqlite3.connect(copy)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            store = open_store(f"sqlite:///{copy}")
            ids = map(call_id, range(acknowledged + 1))
            lost += [call for call in ids if store.ended(call) is None]
            store.close()
    finally:
        child.kill()
        child.stdout.close()
        child.wait()
    ledger.saw(17, tries=COPIES, lost=len(lost))
    assert not lost
    assert acknowledged >= COPIES
