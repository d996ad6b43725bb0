"""What a menu costs: a key's way to the next prompt, a large tree's compiling, a large reload.

`acd run`, in a process of its own, has CALLERS in its sample menu on the simulated PBX, who each
press a key a second: 9, which is the other language, so that each key orders a prompt. The prompts
take as long as the sample's. Between the two stands a relay that reads along. A key's time is from
its DTMFEnd, as it passes the relay, to the first AGI command for its channel after it; both
loopback connections are in it, and the relay shares its process with the simulated PBX.

The tree is NODES nodes of menus that lead into one another, read and checked as `acd check` does
(without looking for its prompts). The reload is `bench.reload`. The last line is JSON.
"""

import asyncio
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from acd.command import today
from acd.config.loader import load
from bench import reload
from bench.clients import copy_sample
from bench.site import Engine, SimulatedPbx, write_config
from tests.scenarios.simulated import SimulatedWorld

CALLERS: Final = 200
SECONDS: Final = 30
SETTLE_SECONDS: Final = 6.0
NODES: Final = 2_000
_MENUS: Final = 100

_CHANNEL: Final = re.compile(rb"\r\nChannel: ([^\r]+)")

_MENU: Final = """\
menu: tree{number}
languages: [de, en]
choices:
{choices}
wrong_key: {{de: Falsch., en: Wrong.}}
otherwise: {{queue: fault}}
"""
_CHOICE: Final = """\
  {key}:
    label: {{de: Wahl {key}, en: choice {key}}}
    say: {{de: Sie haben {key} gewählt., en: You chose {key}.}}
    {verb}
"""


class Relay:
    """Carries AMI from one port to another on a loop of its own; counts each key's time."""

    def __init__(self, port: int) -> None:
        self.took_seconds: list[float] = []
        self.counts = False
        self._to = port
        self._pressed: dict[bytes, float] = {}
        started: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        self.port, self._loop = started.result(5)

    def stop(self) -> None:
        """End it, and what it carries."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)

    def _run(self, started: Future[tuple[int, asyncio.AbstractEventLoop]]) -> None:
        async def serve() -> None:
            self._over = asyncio.Event()
            server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
            started.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop()))
            await self._over.wait()
            server.close()

        asyncio.run(serve())

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        await asyncio.gather(
            self._pass_on(far_reader, writer, self._event),
            self._pass_on(reader, far_writer, self._action),
            return_exceptions=True,
        )

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        see: Callable[[bytes, float], None],
    ) -> None:
        rest = b""
        while data := await reader.read(65536):
            now = time.perf_counter()
            writer.write(data)
            *frames, rest = (rest + data).split(b"\r\n\r\n")
            for frame in frames:
                see(frame, now)
        writer.close()

    def _event(self, frame: bytes, now: float) -> None:
        if frame.startswith(b"Event: DTMFEnd") and (channel := _CHANNEL.search(frame)):
            self._pressed.setdefault(channel[1], now)

    def _action(self, frame: bytes, now: float) -> None:
        if frame.startswith(b"Action: AGI") and (channel := _CHANNEL.search(frame)):
            began = self._pressed.pop(channel[1], None)
            if began is not None and self.counts:
                self.took_seconds.append(now - began)


def keys(directory: Path) -> list[float]:
    """Return each key's time to the next command, in seconds."""
    plan = load(reload.ROOT / "config", today=today()).plan
    world = SimulatedWorld([], plan.prompt_seconds)
    relay = Relay(world.ami.port)
    pbx = SimulatedPbx.of(world, relay.port)
    try:
        with Engine(write_config(directory, pbx), directory):
            for number in range(CALLERS):
                begin = 1.0 + number / CALLERS
                pressed = [(begin + second, "9") for second in range(int(SETTLE_SECONDS) + SECONDS)]
                world.call(f"0301{number:06d}", keys=pressed, in_sound=True)
            time.sleep(SETTLE_SECONDS)
            relay.counts = True
            time.sleep(SECONDS - 2.0)
            relay.counts = False
    finally:
        relay.stop()
        world.stop()
    return relay.took_seconds


def write_tree(menus: Path) -> None:
    """Write menus of together at least NODES nodes, each the way to others."""
    for number in range(_MENUS):
        choices = []
        for key in range(1, 10):
            following = number * 9 + key
            verb = f"menu: tree{following}" if following < _MENUS else "queue: billing"
            choices.append(_CHOICE.format(key=key, verb=verb))
        text = _MENU.format(number=number, choices="".join(choices).rstrip())
        (menus / f"tree{number}.yaml").write_text(text, encoding="utf-8")


def compile_tree(folder: Path) -> tuple[int, float]:
    """Return how many nodes were compiled, and the median of five times in seconds."""
    config = copy_sample(folder)
    write_tree(folder / "ivr_menus")
    main = folder / "ivr_menus" / "main.yaml"
    main.write_text(main.read_text().replace("menu: meter", "menu: tree0"))
    took = []
    for _ in range(5):
        began = time.perf_counter()
        loaded = load(config, today=today(), need_prompts=False)
        took.append(time.perf_counter() - began)
    nodes = {node for menu in loaded.plan.menus.values() for node in menu.nodes}
    return len(nodes), median(took)


def main() -> None:
    """Measure, and print the figures."""
    with tempfile.TemporaryDirectory(prefix="acd-bench-menu-") as folder:
        took = keys(Path(folder))
    print(f"{len(took)} keys of {CALLERS} callers", flush=True)
    with tempfile.TemporaryDirectory(prefix="acd-bench-menu-") as folder:
        nodes, seconds = compile_tree(Path(folder))
    print(f"{nodes} nodes read, checked and compiled", flush=True)
    reloaded = reload.run()
    figures = {
        "bench": "menu",
        "median_ms": round(median(took) * 1000, 2),
        "p99_ms": round(quantiles(took, n=100)[98] * 1000, 2),
        "compile_2000_nodes_ms": round(seconds * 1000),
        "reload_500_clients_ms": round(reloaded.reload_ms),
        "reload_worst_stall_ms": round(reloaded.worst_stall_ms, 1),
    }
    print(json.dumps(figures))
    wanted = CALLERS * (SECONDS - 4)
    sys.exit(len(took) < wanted or nodes < NODES)


if __name__ == "__main__":
    main()
