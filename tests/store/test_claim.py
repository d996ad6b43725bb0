"""Two engines on one data folder or one SQLite file: the second is refused."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from acd.errors import StoreError
from acd.store.claim import claim

HOLDS = """
import sys, time
from pathlib import Path
from acd.store.claim import claim
held = claim(Path(sys.argv[1]), sys.argv[2], 0.0)
print("held", flush=True)
time.sleep(60)
"""


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder}/acd.db"


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_the_second_is_told_who_has_it_until_that_one_lets_go(tmp_path: Path) -> None:
    first = claim(tmp_path, url_in(tmp_path))
    with pytest.raises(StoreError, match=rf"process {os.getpid()}\).*{tmp_path}.*stop that one"):
        claim(tmp_path, url_in(tmp_path), 0.0)
    first.let_go()
    claim(tmp_path, url_in(tmp_path), 0.0).let_go()


def test_one_database_file_is_not_shared_by_two_data_folders(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one"), folder(tmp_path / "other")
    linked = tmp_path / "linked"
    linked.symlink_to(one)
    first = claim(one, url_in(one))
    for url in (url_in(one), url_in(linked)):
        with pytest.raises(StoreError, match=r"acd\.db"):
            claim(other, url, 0.0)
    # Who was refused has nothing.
    claim(other, url_in(other), 0.0).let_go()
    first.let_go()


def test_a_server_is_not_locked_but_the_data_folder_is(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one"), folder(tmp_path / "other")
    url = "postgresql://acd:secret@db.example/acd"
    held = [claim(path, url, 0.0) for path in (one, other)]
    with pytest.raises(StoreError, match="data folder"):
        claim(one, url, 0.0)
    for each in held:
        each.let_go()


def test_who_is_killed_holds_nothing_any_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path), url_in(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"process {first.pid}"):
            claim(tmp_path, url_in(tmp_path), 0.0)
        first.send_signal(signal.SIGKILL)
        # Not waited for: the next one has a little patience.
        claim(tmp_path, url_in(tmp_path)).let_go()


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check folder and permissions"):
        claim(tmp_path / "missing", url_in(tmp_path), 0.0)
