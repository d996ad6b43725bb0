"""The demonstration's two halves: the child plays, the parent's engine is played to."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from acd.ami.client import Link, LinkSettings
from acd.ami.items import LinkItem, LinkUp
from acd.core.ids import PbxId
from acd.demo import USERNAME, Stage, scene
from tests.web.centre import plan


def test_a_scene_knows_the_agents_and_how_long_prompts_are(tmp_path: Path) -> None:
    (tmp_path / "de" / "main").mkdir(parents=True)
    (tmp_path / "de" / "main" / "welcome.wav").write_bytes(bytes(44 + 32_000))
    made = scene(plan(), tmp_path, seed=1, calls_an_hour=10)
    assert made.prompt_seconds == {"acd/de/main/welcome": 2.0}
    assert [person.phone for person in made.people] == ["PJSIP/1001"]
    other = scene(plan(), tmp_path, seed=1, calls_an_hour=10)
    assert made.secret != other.secret


async def test_the_child_speaks_ami_and_ends_with_its_input(tmp_path: Path) -> None:
    items: asyncio.Queue[LinkItem] = asyncio.Queue()
    with Stage() as stage:
        wanted = scene(plan(), tmp_path, seed=1, calls_an_hour=10)
        port = await asyncio.to_thread(stage.open, wanted)
        settings = LinkSettings(PbxId("main"), "127.0.0.1", port, USERNAME, wanted.secret)
        link = Link(settings, items.put_nowait)
        link.start()
        assert await asyncio.wait_for(items.get(), 10) == LinkUp(PbxId("main"), 1)
        await link.stop()
        # Ctrl-C in the terminal reaches the parent alone, and it may reach the child without harm.
        os.kill(stage.pid, signal.SIGINT)
        assert stage.alive()
    assert not stage.alive()


def test_a_child_that_dies_is_told(tmp_path: Path) -> None:
    with Stage() as stage:
        os.kill(stage.pid, signal.SIGKILL)
        with pytest.raises(OSError, match="virtual PBX"):
            stage.open(scene(plan(), tmp_path, seed=1, calls_an_hour=10))
