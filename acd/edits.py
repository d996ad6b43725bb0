"""Edits of files below some folders, noticed as they are saved.

Rules: what an editor or a copy writes beside the files (hidden ones, backups) is no edit. What
comes within a moment is one edit. A folder that is put in another's place, by renaming it or by a
link that leads elsewhere, counts as edited. Files that links lead to elsewhere are not watched.
watchfiles is imported here and nowhere else, when it is needed. This module must not know what the
files are good for.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Final

from acd.errors import OperatorError

_QUIET_MS: Final = 250
"""An edit is over when nothing has happened for so long."""
_LONGEST_MS: Final = 2_000
"""Or when it has gone on for so long already."""
_LOOK_MS: Final = 2_000
"""So often it is looked whether a folder is another one."""

Identity = tuple[int, int]
_NOWHERE: Final[Identity] = (0, 0)


async def edits(
    folders: Sequence[Path], endings: Collection[str], stop: asyncio.Event
) -> AsyncIterator[None]:
    """Yield after each edit of a file with one of ``endings`` below ``folders``, until ``stop``.

    Raises OperatorError when a folder cannot be watched. One that is taken away is waited for.
    """
    # In a thread: this is asked for when calls are being served already.
    await asyncio.to_thread(import_module, "watchfiles")
    from watchfiles import awatch

    while not stop.is_set():
        there = [_identity(folder) for folder in folders]
        try:
            async for found in awatch(
                *folders,
                watch_filter=lambda _kind, path: is_of_interest(Path(path), endings),
                debounce=_LONGEST_MS,
                step=_QUIET_MS,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                stop_event=stop,
            ):
                replaced = there != [_identity(folder) for folder in folders]
                if found or replaced:
                    yield
                if replaced:
                    break
        except OSError as error:
            below = ", ".join(map(str, folders))
            raise OperatorError(f"edits below {below} are not noticed: {error}") from error
        if await _back(folders, stop):
            yield


async def _back(folders: Sequence[Path], stop: asyncio.Event) -> bool:
    """Wait until all folders are there (again); tell whether one was not."""
    waited = False
    while not stop.is_set() and _NOWHERE in map(_identity, folders):
        waited = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_MS / 1000)
    return waited


def is_of_interest(path: Path, endings: Collection[str]) -> bool:
    """Tell whether this is one of the files, and not what an editor keeps beside it."""
    return path.suffix in endings and not path.name.startswith((".", "#", "~"))


def _identity(folder: Path) -> Identity:
    """Which folder it is; none is one, too, while somebody puts another in its place."""
    try:
        stat = os.stat(folder)
    except OSError:
        return _NOWHERE
    return (stat.st_dev, stat.st_ino)
