"""Days are added up beforehand, and nothing depends on it."""

import asyncio
import io
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from acd.command import today
from acd.config.reader import read_service
from acd.config.service import Service
from acd.daysums import add_up, add_up_in_time
from acd.log import open_log
from acd.store.opening import open_store
from acd.store.sql import SqlStore
from tests.report.booked import BERLIN, EIGHT, ended
from tests.test_bookcommands import config as config_with_secrets

config = config_with_secrets
DAY = 86_400.0


@pytest.fixture
def service(config: Path) -> Service:
    (config.parent / "var").mkdir()
    return read_service(config, today())


def names(store: SqlStore) -> list[str]:
    """The days of which the sums of all three reports are kept."""
    query = "SELECT begins_at FROM day_sums GROUP BY begins_at HAVING count(*) = 8 ORDER BY 1"
    with store.reading() as connection:
        begins = connection.execute(text(query)).scalars()
        return [datetime.fromtimestamp(at, BERLIN).date().isoformat() for at in begins]


@pytest.mark.slow
def test_all_days_that_are_over_are_added_up_once(service: Service) -> None:
    store = open_store(service.store_url)
    store.write([ended(1), ended(2, at=EIGHT + 40 * DAY)])
    assert add_up(store, service, EIGHT + 40 * DAY) == 41
    assert names(store)[0] == "2026-11-01"
    assert names(store)[-1] == "2026-12-11", "the day before"
    assert add_up(store, service, EIGHT + 40 * DAY) == 0
    store.write([ended(3, at=EIGHT + 4 * DAY)])
    assert add_up(store, service, EIGHT + 41 * DAY) == 2
    store.close()


def test_where_nobody_ever_called_there_is_nothing_to_do(service: Service) -> None:
    store = open_store(service.store_url)
    assert add_up(store, service, EIGHT) == 0
    store.close()


class Log(io.StringIO):
    """A log of which one line is waited for."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word, self._loop = word, asyncio.get_running_loop()
        self.told = asyncio.Event()

    def write(self, text: str) -> int:
        if self._word in text:
            self._loop.call_soon_threadsafe(self.told.set)
        return super().write(text)


async def said(config: Path, word: str) -> str:
    """What the log says of the first time."""
    out = Log(word)
    log, writer = open_log("text", lambda: EIGHT, stream=out)
    job = asyncio.create_task(add_up_in_time(config, log, first_seconds=0.0))
    async with asyncio.timeout(60):
        await out.told.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    writer.close(5)
    return out.getvalue()


@pytest.mark.slow
async def test_it_is_done_beside_an_engine(service: Service, config: Path) -> None:
    store = open_store(service.store_url)
    store.write([ended(1)])
    assert "days=" in await said(config, "days_added_up")
    assert names(store)
    store.close()


@pytest.mark.slow
async def test_what_stands_in_its_way_is_told(config: Path) -> None:
    (config / "acd.yaml").write_text("no: configuration\n")
    assert "acd.yaml" in await said(config, "days_not_added_up")


async def test_without_a_process_it_is_told_and_the_engine_goes_on(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_left(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", none_left)
    assert "temporarily unavailable" in await said(config, "days_not_added_up")
