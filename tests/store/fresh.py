"""A SQLite store in which nothing is yet: making one takes longer than most tests that need it."""

import tempfile
from functools import cache
from pathlib import Path

from acd.store.opening import open_store
from acd.store.sql import SqlStore


def open_fresh(path: Path) -> SqlStore:
    """Open the store in this file, as it is or, where there is none, with nothing in it yet."""
    if not path.exists():
        path.write_bytes(_new_file())
    return open_store(f"sqlite:///{path}")


@cache
def _new_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()
