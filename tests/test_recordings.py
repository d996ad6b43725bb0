"""Recordings on disk are deleted when their queue's time is over, and not a day sooner."""

import asyncio
import io
import os
from pathlib import Path

from acd.core.events import RecordingExpired
from acd.core.queueplan import RecordingPlan
from acd.log import open_log
from acd.recordings import DAY_SECONDS, expire, keep_in_time
from tests.plans import plan, with_queue

NOW = 1_800_000_000.0
HOUSE = with_queue(
    with_queue(plan(), "fault", recording=RecordingPlan(keep_days=30)),
    "billing",
    recording=RecordingPlan(keep_days=2),
)


def made(folder: Path, name: str, age_days: float) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"RIFF")
    at = NOW - age_days * DAY_SECONDS
    os.utime(file, (at, at))
    return file


def test_each_queue_has_its_own_time(tmp_path: Path) -> None:
    kept = [
        made(tmp_path, "fault/main-1.1.wav", 29.9),
        made(tmp_path, "billing/main-1.2.wav", 1.9),
        made(tmp_path, "fault/notes.txt", 400),
        made(tmp_path, "meter/main-1.3.wav", 400),
        made(tmp_path, "main-1.4.wav", 400),
    ]
    gone = [
        made(tmp_path, "fault/main-1.5.wav", 30.1),
        made(tmp_path, "billing/main-1.6.wav", 2.1),
    ]
    found = list(expire(tmp_path, HOUSE, NOW))
    assert sorted(str(call) for _, call in found) == ["main-1.5", "main-1.6"]
    assert [file.exists() for file in kept] == [True] * len(kept)
    assert [file.exists() for file in gone] == [False, False]
    assert list(expire(tmp_path, HOUSE, NOW)) == []


def test_what_only_points_to_a_file_elsewhere_is_left_alone(tmp_path: Path) -> None:
    elsewhere = made(tmp_path, "elsewhere/secret.wav", 400)
    (tmp_path / "fault").mkdir()
    (tmp_path / "fault" / "main-1.1.wav").symlink_to(elsewhere)
    assert list(expire(tmp_path, HOUSE, NOW)) == []
    assert elsewhere.exists()


def test_no_folder_is_no_recording(tmp_path: Path) -> None:
    assert list(expire(tmp_path / "nowhere", HOUSE, NOW)) == []


def test_a_file_that_cannot_be_deleted_is_told_and_the_others_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "fault" / "main-1.1.wav").mkdir(parents=True)
    at = NOW - 400 * DAY_SECONDS
    os.utime(tmp_path / "fault" / "main-1.1.wav", (at, at))
    made(tmp_path, "fault/main-1.2.wav", 400)
    first, second = expire(tmp_path, HOUSE, NOW)
    assert isinstance(first[1], OSError)
    assert second[1] == "main-1.2"


async def test_the_job_looks_at_its_start_and_tells_whose_recording_is_gone(tmp_path: Path) -> None:
    made(tmp_path, "fault/main-1.2.wav", 400)
    (tmp_path / "fault" / "main-1.1.wav").mkdir()
    at = NOW - 400 * DAY_SECONDS
    os.utime(tmp_path / "fault" / "main-1.1.wav", (at, at))
    told: asyncio.Queue[RecordingExpired] = asyncio.Queue()
    written = io.StringIO()
    log, writer = open_log("text", lambda: NOW, stream=written)
    job = asyncio.create_task(
        keep_in_time(tmp_path, lambda: HOUSE, lambda: NOW, told.put_nowait, log)
    )
    assert (await asyncio.wait_for(told.get(), 5)).call == "main-1.2"
    job.cancel()
    writer.close()
    assert "recording_not_deleted" in written.getvalue()
