"""Recordings on disk: each is deleted when its queue's time is over, and its call's record says so.

A recording is ``<queue>/<call>.wav`` below one folder, which Asterisk writes and this process
empties. A folder that no queue of the plan is called by is left alone: nobody says for how long
its files are wanted.
It must not know who may be recorded, nor how.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from acd.core.events import RecordingExpired
from acd.core.ids import CallId
from acd.core.plan import Plan
from acd.log import Log

EVERY_SECONDS: Final = 3600.0
DAY_SECONDS: Final = 86_400.0
ENDING: Final = ".wav"


def expire(folder: Path, plan: Plan, now: float) -> Iterator[tuple[Path, CallId | OSError]]:
    """Delete what has been kept long enough; yield each file with its call, or why it is there."""
    for queue in plan.queues.values():
        if queue.recording is None:
            continue
        oldest = now - queue.recording.keep_days * DAY_SECONDS
        for file in sorted((folder / queue.id).glob(f"*{ENDING}")):
            try:
                if file.is_symlink() or file.stat().st_mtime > oldest:
                    continue
                file.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                yield file, error
            else:
                yield file, CallId(file.name.removesuffix(ENDING))


async def keep_in_time(
    folder: Path,
    plan: Callable[[], Plan],
    now: Callable[[], float],
    expired: Callable[[RecordingExpired], object],
    log: Log,
) -> None:
    """Look at the folder now and every hour, in a thread of its own, for ever; tell ``expired``."""
    while True:
        found = await asyncio.to_thread(_expired, folder, plan(), now())
        for file, said in found:
            if isinstance(said, OSError):
                log.error("recording_not_deleted", file=str(file), why=said.strerror or "")
            else:
                expired(RecordingExpired(said))
        await asyncio.sleep(EVERY_SECONDS)


def _expired(folder: Path, plan: Plan, now: float) -> list[tuple[Path, CallId | OSError]]:
    return list(expire(folder, plan, now))
