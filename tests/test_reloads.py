"""Readings of the configuration: one at a time, shared, and told as often as it helps."""

import asyncio
import threading
from pathlib import Path

import pytest

from acd.core.events import PlanReplaced
from acd.core.plan import Plan
from acd.errors import ConfigError, OperatorError, Problem
from acd.reloads import Fresh, Reloads
from acd.web.port import Reloaded
from tests.core.queues import with_queue
from tests.plans import plan

BASE = plan()
OTHER = with_queue(BASE, "fault", target_seconds=99.0)
WRONG = ConfigError([Problem("queues.yaml", 3, 1, "no such skill")])
WORSE = ConfigError([Problem("queues.yaml", 4, 1, "no such skill")])


class Site:
    """Reloads, what is read next, and all that was told."""

    def __init__(self, *readings: Plan | OperatorError, watched: tuple[Path, ...] = ()) -> None:
        self.readings = list(readings)
        self.begun = 0
        self.is_reading = threading.Event()
        self.may_read = threading.Event()
        self.may_read.set()
        self.watched = watched
        self.needs_restart: tuple[str, ...] = ("http: port",)
        self.taken: list[Plan] = []
        self.told: list[Reloaded] = []
        self.refusals: list[str] = []
        self.unnoticed: list[str] = []
        self.reloads = Reloads(self._read, BASE, self._take, self)

    def _read(self) -> Fresh:
        self.begun += 1
        self.is_reading.set()
        self.may_read.wait(20)
        reading = self.readings.pop(0)
        if isinstance(reading, OperatorError):
            raise reading
        return Fresh(reading, self.needs_restart, self.watched)

    def _take(self, item: PlanReplaced) -> None:
        self.taken.append(item.plan)
        asyncio.get_running_loop().call_soon(self.reloads.taken)

    def reloaded(self, reloaded: Reloaded) -> None:
        self.told.append(reloaded)

    def refused_configuration(self, why: str) -> None:
        self.refusals.append(why)

    def unwatched(self, why: str) -> None:
        self.unnoticed.append(why)


async def test_who_asks_hears_what_is_different_once_it_is_at_work() -> None:
    site = Site(OTHER)
    reloaded = await site.reloads.ask()
    assert [str(change) for change in reloaded.changes] == [
        "queue fault changed: target_seconds 20 -> 99"
    ]
    assert reloaded.needs_restart == ("http: port",)
    assert site.taken == [OTHER]
    assert site.told == [reloaded]
    assert site.reloads.plan is OTHER


async def test_the_next_is_compared_with_the_last_that_was_taken() -> None:
    site = Site(OTHER, WRONG, OTHER)
    await site.reloads.ask()
    with pytest.raises(ConfigError):
        await site.reloads.ask()
    assert (await site.reloads.ask()).changes == ()
    assert len(site.taken) == 2


async def test_what_is_refused_changes_nothing_and_is_told_to_each_who_asks() -> None:
    site = Site(WRONG, WRONG)
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            await site.reloads.ask()
        assert refused.value.problems == WRONG.problems
    assert site.refusals == [str(WRONG)] * 2
    assert not site.taken
    assert site.reloads.plan is BASE


async def test_an_edit_that_is_wrong_is_told_once_and_the_next_tries_again() -> None:
    site = Site(WRONG, WRONG, WORSE, OTHER, WRONG)
    for _ in range(5):
        await site.reloads.begin(edited=True)
    assert site.refusals == [str(WRONG), str(WORSE), str(WRONG)]
    assert site.taken == [OTHER]


async def test_somebody_who_asks_behind_an_edit_is_told_all_the_same() -> None:
    site = Site(WRONG, WRONG, WRONG)
    await site.reloads.begin(edited=True)
    edit = site.reloads.begin(edited=True)
    assert site.reloads.begin() is edit
    await edit
    await site.reloads.begin(edited=True)
    assert len(site.refusals) == 2


async def test_an_edit_that_changes_nothing_is_not_worth_a_word() -> None:
    site = Site(BASE, OTHER, OTHER, OTHER)
    site.needs_restart = ()
    await site.reloads.begin(edited=True)
    assert not site.taken
    await site.reloads.begin(edited=True)
    await site.reloads.begin(edited=True)
    assert len(site.told) == len(site.taken) == 1
    await site.reloads.begin()
    assert len(site.told) == 2


async def test_what_needs_a_restart_is_not_told_with_each_edit() -> None:
    site = Site(BASE, BASE, BASE)
    for edited in (True, True, False):
        await site.reloads.begin(edited=edited)
    assert [told.needs_restart for told in site.told] == [("http: port",), ("http: port",)]


async def test_who_asks_in_the_middle_of_one_gets_the_next_and_all_share_it() -> None:
    """What he has just saved may not have been read by the one under way."""
    site = Site(OTHER, BASE)
    site.may_read.clear()
    first = site.reloads.begin()
    await asyncio.to_thread(site.is_reading.wait, 20)
    second, third = site.reloads.begin(), site.reloads.begin(edited=True)
    assert second is third
    assert second is not first
    site.may_read.set()
    await asyncio.gather(first, second)
    assert site.begun == 2
    assert site.taken == [OTHER, BASE]


async def test_who_stops_waiting_undoes_nothing() -> None:
    site = Site(OTHER)
    site.may_read.clear()
    asking = asyncio.create_task(site.reloads.ask())
    await asyncio.to_thread(site.is_reading.wait, 20)
    under_way = next(iter(site.reloads._tasks))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    site.may_read.set()
    await under_way
    assert site.taken == [OTHER]


async def test_without_anything_to_read_who_asks_is_told() -> None:
    site = Site()
    site.reloads = Reloads(None, BASE, site._take, site)
    with pytest.raises(OperatorError, match="no configuration"):
        await site.reloads.ask()


async def test_the_end_leaves_nothing_under_way() -> None:
    site = Site(OTHER)
    site.may_read.clear()
    under_way = site.reloads.begin()
    await asyncio.to_thread(site.is_reading.wait, 20)
    await site.reloads.close()
    assert under_way.cancelled()
    site.may_read.set()
    assert not site.taken


@pytest.mark.slow
async def test_edits_are_noticed_where_the_last_configuration_says(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    readings = [OTHER, BASE] * 50
    site = Site(*readings, watched=(folders[1],))
    site.reloads.watch((folders[0],))
    for number, folder in enumerate(folders):
        before = site.begun
        async with asyncio.timeout(20):
            while site.begun == before:
                (folder / "queues.yaml").write_text(str(number))
                edited = next(iter(site.reloads._tasks), None)
                await (edited or asyncio.wait([site.reloads._watching], timeout=0.2))  # type: ignore[list-item]
    assert site.reloads._watched == (folders[1],)
    site.reloads.watch(())
    assert site.reloads._watching is None
    await site.reloads.close()
    assert not site.unnoticed


async def test_edits_that_cannot_be_noticed_are_told(tmp_path: Path) -> None:
    site = Site()
    site.reloads.watch((tmp_path / "nowhere",))
    assert site.reloads._watching is not None
    await site.reloads._watching
    assert len(site.unnoticed) == 1
    await site.reloads.close()
