"""A SQLite store in which nothing is yet: making one takes longer than most tests that need it."""

import tempfile
from functools import cache
from pathlib import Path

from acd.store.opening import open_store
from acd.store.sql import SqlStore


@cache
def fresh_store() -> bytes:
    """The file's content; write it where a store is to be, and open it there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


def open_fresh(path: Path) -> SqlStore:
    """Open the store in this file, as it is or, where there is none, with nothing in it yet."""
    if not path.exists():
        path.write_bytes(fresh_store())
    return open_store(f"sqlite:///{path}")
