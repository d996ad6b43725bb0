"""The stores that tests are run against.

Where no PostgreSQL can be had its tests are skipped with a loud reason; where CI is set they fail.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from acd.store.inmemory import InMemoryStore
from acd.store.opening import open_store
from acd.store.port import Store
from tests.store.fresh import open_fresh
from tests.store.postgres import Postgres, PostgresUnavailableError

_names = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of a process."""
    try:
        server = Postgres()
    except PostgresUnavailableError as reason:
        said = f"THE POSTGRESQL TESTS DID NOT RUN: {reason}"
        if os.environ.get("CI", "").lower() not in ("", "0", "false", "no"):
            pytest.fail(said)
        pytest.skip(said)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
    ]
)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens one and the same store, again each time; all are closed at the end."""
    held: list[Store] = []
    if request.param == "memory":
        lasting = InMemoryStore()
        yield lambda: lasting
        return
    if request.param == "sqlite":
        opens: Callable[[], Store] = partial(open_fresh, tmp_path / "acd.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        opens = partial(open_store, server.new_database(f"store_{next(_names)}"))

    def again() -> Store:
        for one in held:
            one.close()
        held[:] = [opens()]
        return held[0]

    yield again
    for one in held:
        one.close()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 512 KiB, which fills up for real."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"a small file system needs root: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=False)
