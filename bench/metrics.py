"""What watching costs the engine: `make bench-metrics`.

A large centre (100 queues, 2,000 agents, some 1,700 callers) is scraped over HTTP by a process of
its own, ROUNDS times: ``scrape_ms`` is the median. Meanwhile the event loop is asked at each turn;
``worst_stall_ms`` is the longest turn of all rounds, in processor time of the whole process: what
else runs on the machine does not count, and what other threads do while the loop waits for the
interpreter does. ``loop_ms`` is what a scrape does on the loop itself, in several turns, at the
median. The state is that of `make bench-matching`, with talks ended in every queue so that each has
an estimated wait; all else is the daemon.

``stream_cpu_percent`` is what 200 readers of the live stream cost at 100 changes a second
(`bench.stream`). For the idle daemon `acd run`, with the sample configuration, its store and its
journal, stands on the simulated PBX for IDLE_SECONDS without a call.

The last line is JSON; the status is 1 when a bound of BOUNDS is not kept.
"""

import argparse
import asyncio
import gc
import io
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from acd.clock import Clock
from acd.command import today
from acd.config.loader import load
from acd.daemon import Daemon, Setup
from acd.log import open_log
from acd.loop import fastest_loop
from bench import stream
from bench.matching import Centre, Size
from bench.site import ROOT, Engine, SimulatedPbx, write_config
from tests.scenarios.simulated import SimulatedWorld

LARGE: Final = Size(waiting=200, agents=2_000, queues=100, skills=64)
ROUNDS: Final = 20
MOST_TURNS: Final = 20_000
PAUSE_SECONDS: Final = 0.1
SETTLE_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 20.0

BOUNDS: Final = {
    "scrape_ms": 150.0,
    "worst_stall_ms": 20.0,
    "stream_cpu_percent": 10.0,
    "idle_rss_mb": 120.0,
    "idle_cpu_percent": 1.0,
}

SCRAPER: Final = """
import sys, time, urllib.request
url, rounds, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
for _ in range(rounds):
    began = time.perf_counter()
    size = len(urllib.request.urlopen(url).read())
    print(time.perf_counter() - began, size, flush=True)
    time.sleep(pause)
"""


class CentreTime(Clock):
    """A clock that shows the time of a centre under way."""

    def __init__(self, centre: Centre) -> None:
        super().__init__()
        self._centre = centre

    def now(self) -> float:
        """The centre's time."""
        return self._centre.now


class Turns:
    """How long the turns of an event loop take, in processor time of the process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._at = 0.0
        self._running = False
        self.worst_seconds = 0.0

    def begin(self) -> None:
        """Ask at each turn from now on."""
        self._running, self._at = True, time.process_time()
        self._loop.call_soon(self._turn)

    def end(self) -> None:
        """Ask no more."""
        self._running = False

    def _turn(self) -> None:
        if self._running:
            now = time.process_time()
            self.worst_seconds = max(self.worst_seconds, now - self._at)
            self._at = now
            self._loop.call_soon(self._turn)


def settle(centre: Centre) -> None:
    """Let calls come and go until a talk has ended in each queue."""
    lines = centre.engine.floor.lines.values()
    for _ in range(MOST_TURNS):
        if all(line.talks.count for line in lines):
            return
        centre.turn()
    raise AssertionError(f"no talk has ended in some queue after {MOST_TURNS} turns")


class Scraped(NamedTuple):
    """What scrapes of a centre took, in milliseconds, and how large the page was."""

    scrape_ms: float
    worst_stall_ms: float
    loop_ms: float
    page_bytes: int


def scraped(size: Size = LARGE, rounds: int = ROUNDS) -> Scraped:
    """Measure the scrapes of a centre."""
    centre = Centre(size, 1)
    centre.fill()
    settle(centre)
    lines: list[str] = []
    copies: list[float] = []
    log, writer = open_log("text", lambda: 0.0, stream=io.StringIO())

    async def work() -> float:
        with tempfile.TemporaryDirectory() as folder:
            setup = Setup(centre.plan, (), http_port=0, spill_path=Path(folder) / "acd.spill")
            daemon = Daemon(setup, log, CentreTime(centre))
            turns = Turns(asyncio.get_running_loop())

            async def scrape(engine: Daemon) -> None:
                engine.pipeline.engine = centre.engine
                # As the daemon's own start leaves it.
                gc.freeze()
                gc.set_threshold(20_000, 20, 100)
                sys.setswitchinterval(0.001)
                url = f"{engine.url()}/metrics"
                arguments = ("-c", SCRAPER, url, str(rounds + 1), str(PAUSE_SECONDS))
                pipe = asyncio.subprocess.PIPE
                process = await asyncio.create_subprocess_exec(
                    sys.executable, *arguments, stdout=pipe
                )
                assert process.stdout is not None
                await process.stdout.readline()  # The first one imports and makes what is kept.
                turns.begin()
                while line := await process.stdout.readline():
                    lines.append(line.decode())
                turns.end()
                for _ in range(rounds):
                    began = time.thread_time()
                    engine.reports.exposition()
                    copies.append(time.thread_time() - began)
                await process.wait()
                engine.stop()

            await daemon.run(signals=False, beside=scrape)
            return turns.worst_seconds

    with asyncio.Runner(loop_factory=fastest_loop) as runner:
        worst_seconds = runner.run(work())
    writer.close()
    seconds = [float(line.split()[0]) for line in lines]
    page_bytes = int(lines[-1].split()[1])
    return Scraped(1000 * median(seconds), 1000 * worst_seconds, 1000 * median(copies), page_bytes)


def idle(
    directory: Path, seconds: float = IDLE_SECONDS, settle_seconds: float = SETTLE_SECONDS
) -> tuple[float, float]:
    """Return the megabytes and the share of a core, in per cent, of a daemon without a call."""
    plan = load(ROOT / "config", today=today()).plan
    world = SimulatedWorld([], plan.prompt_seconds)
    pbx = SimulatedPbx.of(world)
    try:
        with Engine(write_config(directory, pbx), directory) as engine:
            time.sleep(settle_seconds)
            before, began = engine.cpu_seconds(), time.perf_counter()
            time.sleep(seconds)
            share = (engine.cpu_seconds() - before) / (time.perf_counter() - began)
            return engine.resident_mb(), 100 * share
    finally:
        world.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say what is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.metrics", description=__doc__)
    parser.parse_args(arguments)
    scrapes = scraped()
    print(f"a page of {scrapes.page_bytes / 1e6:.1f} MB", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="acd-bench-metrics-") as folder:
        (idling := Path(folder) / "idle").mkdir()
        rss_mb, cpu_percent = idle(idling)
        (streaming := Path(folder) / "stream").mkdir()
        told = stream.measure(streaming)
    figures = {
        "scrape_ms": round(scrapes.scrape_ms, 1),
        "worst_stall_ms": round(scrapes.worst_stall_ms, 1),
        "loop_ms": round(scrapes.loop_ms, 1),
        "stream_cpu_percent": round(told.stream_cpu_percent, 1),
        "idle_rss_mb": round(rss_mb, 1),
        "idle_cpu_percent": round(cpu_percent, 2),
    }
    over = [name for name, bound in BOUNDS.items() if figures[name] > bound]
    for name in over:
        print(f"{name} is over {BOUNDS[name]:g}", file=sys.stderr)
    print(json.dumps({"bench": "metrics", **figures}))
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
