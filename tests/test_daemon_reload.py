"""A new configuration under a daemon at work: asked for over HTTP, or noticed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from acd.core.ids import MenuId, QueueId
from acd.core.plan import Enqueue, Plan
from acd.errors import ConfigError, Problem
from acd.reloads import Fresh
from acd.remote import Remote
from tests.core.queues import with_menu, with_queue
from tests.test_daemon import NUMBER, House, sample_plan

OTHER = "+493055510018"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


def first_key_leads_to(queue: str) -> Plan:
    """The sample, with another queue behind the key 1."""
    plan = sample_plan()
    menu = plan.menus[MenuId("main")]
    nodes = {
        name: msgspec.structs.replace(node, queue=QueueId(queue))
        if isinstance(node, Enqueue) and node.option == "1"
        else node
        for name, node in menu.nodes.items()
    }
    assert nodes != menu.nodes
    return with_menu(plan, msgspec.structs.replace(menu, nodes=nodes))


async def test_who_is_in_a_menu_finishes_it_and_who_comes_gets_the_new_one(house: House) -> None:
    daemon = await house.open(reload=lambda: Fresh(first_key_leads_to("billing")))
    house.start()
    await house.log.until("ready")
    await house.log.until("pbx_state", state="live")
    first = house.server.world(lambda pbx, now: pbx.dial_in(now, number=NUMBER))
    await house.log.until("call_offered")
    await daemon.read_again()
    second = house.server.world(lambda pbx, now: pbx.dial_in(now, number=OTHER))
    await house.log.until("call_offered", times=2)
    for caller in (second, first):
        house.server.world(lambda pbx, now, caller=caller: pbx.press(caller, "1", now))
    queued = [await house.log.until("call_queued", times=times) for times in (1, 2)]
    assert {str(one["call"]): one["queue"] for one in queued} == {
        first.replace("acd-sim", "main"): "fault",
        second.replace("acd-sim", "main"): "billing",
    }


async def test_over_http_the_answer_says_what_is_at_work_now(house: House) -> None:
    changed = with_queue(sample_plan(), "fault", target_seconds=99.0)
    daemon = await house.open(reload=lambda: Fresh(changed, ("http: port",)))
    house.start()
    await house.log.until("ready")
    reloaded = await asyncio.to_thread(Remote(daemon.url()).reload)
    assert [str(change) for change in reloaded.changes] == [
        "queue fault changed: target_seconds 10 -> 99"
    ]
    assert daemon.pipeline.engine.floor.plan is changed
    assert (await house.log.until("configuration_changed"))["what"] == str(reloaded.changes[0])
    assert (await house.log.until("needs_a_restart"))["what"] == "http: port"
    again = await asyncio.to_thread(Remote(daemon.url()).reload)
    assert again.changes == ()
    await house.log.until("configuration_same")


async def test_over_http_what_is_wrong_is_told_and_the_old_one_serves(house: House) -> None:
    problem = Problem("queues.yaml", 3, 1, "no such skill", "one of fault")

    def read_again() -> Fresh:
        raise ConfigError([problem])

    daemon = await house.open(reload=read_again)
    house.start()
    await house.log.until("ready")
    plan = daemon.pipeline.engine.floor.plan
    with pytest.raises(ConfigError) as refused:
        await asyncio.to_thread(Remote(daemon.url()).reload)
    assert refused.value.problems == (problem,)
    await house.log.until("reload_refused", why=str(problem))
    assert daemon.pipeline.engine.floor.plan is plan
    async with httpx.AsyncClient(base_url=daemon.url()) as client:
        assert (await client.get("/api/v1/queues")).status_code == 200


@pytest.mark.slow
async def test_an_edit_is_noticed_and_taken(house: House, tmp_path: Path) -> None:
    changed = with_queue(sample_plan(), "fault", target_seconds=99.0)
    await house.open(reload=lambda: Fresh(changed, (), (tmp_path,)), watched=(tmp_path,))
    house.start()
    await house.log.until("ready")
    noticed = asyncio.create_task(house.log.until("plan_replaced"))
    number = 0
    while not noticed.done():
        number += 1
        (tmp_path / "queues.yaml").write_text(str(number))
        await asyncio.wait([noticed], timeout=0.5)
    await house.log.until("configuration_changed")
