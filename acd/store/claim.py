"""One engine at a time has a data folder and a SQLite file: who comes second is refused.

Two that wrote one spill file or one journal would lose what the other has written, and each would
believe that its agents are free. So a file beside each is locked (flock) for as long as the process
lives, however it ends: the kernel lets go of the lock with it. A database on a server is
not locked by this.
"""

import contextlib
import fcntl
import os
import threading
from pathlib import Path
from typing import Final

from acd.errors import StoreError
from acd.store.opening import file_of

PATIENCE_SECONDS: Final = 1.0
"""One that was told to stop, or killed, may need a moment to be gone."""
_LOOK_SECONDS: Final = 0.02


class Claim:
    """What this process has for itself; made by ``claim``, kept until its end."""

    def __init__(self) -> None:
        self._files: list[int] = []

    def take(self, path: Path, what: str, patience_seconds: float) -> None:
        """Lock the file at ``path``, which stands for ``what``; it is made if it is not there."""
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written ({error.strerror}): check folder and permissions"
            ) from None
        self._files.append(file)
        looks = round(patience_seconds / _LOOK_SECONDS)
        while not _locked(file, path):
            if looks <= 0:
                raise StoreError(
                    f"another acd (process {_holder(file)}) is at work with {what}; nothing was"
                    " started: stop that one first, or give this one a data_path and a store of"
                    " its own in acd.yaml"
                )
            looks -= 1
            threading.Event().wait(_LOOK_SECONDS)
        with contextlib.suppress(OSError):  # On a full disk it is locked all the same.
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)

    def let_go(self) -> None:
        """Let others have it; the end of the process does the same."""
        for file in self._files:
            os.close(file)
        self._files.clear()


def claim(data: Path, store_url: str, patience_seconds: float = PATIENCE_SECONDS) -> Claim:
    """Have the data folder, with spill file and journal, and the store's file for this process.

    Raises StoreError, which names the other process, and then has neither.
    """
    mine = Claim()
    try:
        mine.take(data / "acd.lock", f"the data folder {data}", patience_seconds)
        store = file_of(store_url)
        if store is not None:
            lock = store.with_name(f"{store.name}.lock")
            mine.take(lock, f"the database file {store}", patience_seconds)
    except StoreError:
        mine.let_go()
        raise
    return mine


def _locked(file: int, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreError(
            f"{path} cannot be locked ({error.strerror}): put it on a disk of this machine"
        ) from None
    return True


def _holder(file: int) -> str:
    try:
        return os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
    except OSError:
        return "unknown"
