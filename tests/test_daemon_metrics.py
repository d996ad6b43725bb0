"""The page of a daemon at work: what promtool says of it, and what callers can write on it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.programs import needed
from tests.test_daemon import House

HOSTILE = '0"} 1\nacd_up{x="4930555100'


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


async def page(house: House) -> str:
    async with httpx.AsyncClient(base_url=house.daemon.url()) as http:
        return (await http.get("/metrics")).text


def labels(text: str) -> set[tuple[str, str, str]]:
    """Name of the metric, name of the label and value."""
    return {
        (family.name, label, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for label, value in sample.labels.items()
    }


async def test_promtool_finds_nothing_wrong_with_it(house: House) -> None:
    await house.live()
    run = await asyncio.to_thread(
        subprocess.run,
        [needed("promtool", "prometheus"), "check", "metrics"],
        input=(await page(house)).encode(),
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


@pytest.mark.slow
async def test_a_caller_adds_no_label_whatever_he_is_called_and_types(house: House) -> None:
    await house.live()
    before = labels(await page(house))
    keys = [(0.02 * number, key) for number, key in enumerate("90*#ABCD8", 1)]
    for number, name in ((HOSTILE, "a" * 300), ("anonymous", HOSTILE)):
        house.server.world(
            lambda pbx, now, number=number, name=name: pbx.dial_in(
                now, number=number, name=name, dnis="0800555100", keys=keys
            )
        )
    await house.log.until("menu_missed")
    house.server.world(lambda pbx, now: pbx.dial_in(now, number=HOSTILE, keys=[(0.05, "1")]))
    await house.log.until("call_queued")
    more = labels(await page(house)) - before
    # The PBX's names of its own messages, of which acd reads some; and nothing of a caller's.
    assert {name for name, _, _ in more} <= {"acd_ami_messages"}
    assert all(len(value) < 30 and value.isalpha() for _, _, value in more)
