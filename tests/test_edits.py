"""Edits on a real file system, as editors and copies make them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.edits import edits, is_of_interest
from acd.errors import OperatorError

ENDINGS = {".yaml", ".wav"}


class Watch:
    """Edits below some folders, counted; `mark` and what comes of it show that it works."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.count = 0
        self.error: OperatorError | None = None
        self.stop = asyncio.Event()
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async for _ in edits(self.folders, ENDINGS, self.stop):
                self.count += 1
                self._changed.set()
        except OperatorError as error:
            self.error = error

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()

    async def awake(self) -> int:
        """Write marks until one is noticed, so that it is certain that whatever follows is."""
        async with asyncio.timeout(20):
            number = 0
            while not self.count:
                number += 1
                (self.folders[0] / "mark.yaml").write_text(str(number))
                try:
                    async with asyncio.timeout(0.5):
                        await self._changed.wait()
                except TimeoutError:
                    continue
        return await self.quiet()

    async def quiet(self) -> int:
        """How many there were, once a mark more has come through behind all that was before."""
        before = self.count
        (self.folders[0] / "mark.yaml").write_text(f"after {before}")
        await self.until(before + 1)
        return self.count


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    (tmp_path / "config").mkdir()
    watch = Watch(tmp_path / "config")
    yield watch
    watch.stop.set()
    await asyncio.wait_for(watch.task, 10)


@pytest.mark.slow
async def test_what_is_saved_is_noticed_however_it_is_saved(watch: Watch) -> None:
    folder = watch.folders[0]
    count = await watch.awake()
    (folder / "queues.yaml").write_text("fault: {}\n")
    await watch.until(count + 1)
    beside = folder / ".queues.yaml.new"
    beside.write_text("fault: {needs: {}}\n")
    beside.rename(folder / "queues.yaml")
    await watch.until(count + 2)
    (folder / "queues.yaml").unlink()
    await watch.until(count + 3)
    (folder / "de").mkdir()
    count = await watch.quiet()
    (folder / "de" / "hello.wav").write_bytes(b"RIFF")
    await watch.until(count + 1)


@pytest.mark.slow
async def test_what_lies_beside_is_no_edit_and_a_burst_is_one(watch: Watch) -> None:
    folder = watch.folders[0]
    count = await watch.awake()
    for name in (".queues.yaml.swp", "queues.yaml~", "#queues.yaml#", ".#queues.yaml", "4913"):
        (folder / name).write_text("x")
        (folder / name).unlink()
    (folder / "acd.db").write_text("x")
    assert await watch.quiet() == count + 1
    for number in range(50):
        (folder / f"menu{number % 5}.yaml").write_text(str(number))
    await watch.until(count + 2)
    assert await watch.quiet() <= count + 4


@pytest.mark.slow
async def test_a_folder_in_anothers_place_is_an_edit_and_is_watched_from_then_on(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "config"
    link.symlink_to(tmp_path / "one")
    watch = Watch(link)
    try:
        count = await watch.awake()
        other = tmp_path / "next"
        other.symlink_to(tmp_path / "two")
        other.rename(link)
        await watch.until(count + 1)
        before = watch.count
        while watch.count == before:  # Until the new one is watched.
            count = watch.count
            (tmp_path / "two" / "mark.yaml").write_text("x")
            await asyncio.wait([asyncio.create_task(watch.until(count + 1))], timeout=0.5)
    finally:
        watch.stop.set()
        await asyncio.wait_for(watch.task, 10)


@pytest.mark.slow
async def test_a_folder_that_is_taken_away_is_waited_for(watch: Watch) -> None:
    (folder,) = watch.folders
    count = await watch.awake()
    (folder / "mark.yaml").unlink()
    folder.rmdir()
    await watch.until(count + 1)
    count = watch.count
    folder.mkdir()
    while watch.count < count + 2:
        (folder / "mark.yaml").write_text("x")
        await asyncio.wait([asyncio.create_task(watch.until(watch.count + 1))], timeout=0.5)
    assert watch.error is None


async def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "nowhere")
    await asyncio.wait_for(watch.task, 10)
    assert "are not noticed" in str(watch.error)
    assert "nowhere" in str(watch.error)


@pytest.mark.slow
async def test_it_ends_at_once_when_it_is_cancelled(watch: Watch) -> None:
    await watch.awake()
    watch.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(watch.task, 10)
    watch.task = asyncio.create_task(asyncio.sleep(0))


@pytest.mark.parametrize("name", ["queues.yaml", "main/hello.wav", "a.b.yaml"])
def test_files_of_a_configuration(name: str) -> None:
    assert is_of_interest(Path(name), ENDINGS)


@pytest.mark.parametrize(
    "name", [".queues.yaml", "queues.yaml~", "#queues.yaml#", ".#queues.yaml", "acd.db", "yaml"]
)
def test_files_beside_it(name: str) -> None:
    assert not is_of_interest(Path(name), ENDINGS)
