"""What the live stream costs the engine: 200 readers, 100 changes a second.

`acd run`, in a process of its own, has CALLERS in its sample menu on the simulated PBX, who each
press a key a second: 9, which is the other language, so that each key changes one call. Its CPU
time is taken over SECONDS without a reader, and over as many with READERS, who all read what they
are sent; what the second takes more is the stream's. A reader's events are looked at, so that it is
known how many changes he was told of. `python -m bench.stream` prints it as a line of JSON.
"""

import argparse
import json
import selectors
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from acd.command import today
from acd.config.loader import load
from acd.live import Change
from bench.site import ROOT, Engine, SimulatedPbx, write_config
from tests.scenarios.simulated import SimulatedWorld

READERS: Final = 200
CALLERS: Final = 100
SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 5.0

_REQUEST: Final = b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Measured(NamedTuple):
    """What was seen."""

    stream_cpu_percent: float
    """Of one core, for the stream alone."""
    engine_cpu_percent: float
    """The same, for everything that the process does meanwhile."""
    changes_per_s: float
    """Calls, agents and queues that a reader was told of."""
    events_per_s: float
    """In so many events."""
    readers: int
    """Who were there until the end."""


class Crowd:
    """Many who read, in this thread; what the first is sent is kept."""

    def __init__(self, url: str, readers: int) -> None:
        parts = urlsplit(url)
        self._selector = selectors.DefaultSelector()
        self.living = 0
        self.first = bytearray()
        for number in range(readers):
            one = socket.create_connection((parts.hostname or "", parts.port or 0))
            one.setblocking(False)
            one.sendall(_REQUEST)
            self._selector.register(one, selectors.EVENT_READ, number)
            self.living += 1

    def read(self, seconds: float) -> None:
        """Read whatever comes for so long."""
        ends_at = time.perf_counter() + seconds
        while (left := ends_at - time.perf_counter()) > 0:
            # As many as possible at once: this must not take the processor from who is measured.
            time.sleep(min(left, 0.02))
            for key, _ in self._selector.select(0):
                self._take(key)

    def _take(self, key: selectors.SelectorKey) -> None:
        assert isinstance(key.fileobj, socket.socket)
        data = key.fileobj.recv(1 << 20)
        if key.data == 0:
            self.first += data
        if not data:
            self._selector.unregister(key.fileobj)
            self.living -= 1

    def close(self) -> None:
        """Let them all go."""
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()


def events(stream: bytes) -> list[Change]:
    """The changes in what one reader was sent, without the states he was told whole."""
    return [
        msgspec.json.decode(event.partition(b"\ndata: ")[2].partition(b"\n")[0], type=Change)
        for event in stream.split(b"\n\n")
        if b"event: change\ndata: {" in event
    ]


def measure(
    directory: Path,
    *,
    readers: int = READERS,
    changes_per_s: int = CALLERS,
    seconds: float = SECONDS,
    settle_seconds: float = SETTLE_SECONDS,
) -> Measured:
    """Start an engine with its configuration below ``directory`` and measure it."""
    plan = load(ROOT / "config", today=today()).plan
    world = SimulatedWorld([], plan.prompt_seconds)
    pbx = SimulatedPbx.of(world)
    try:
        with Engine(write_config(directory, pbx), directory) as engine:
            lasts = int(2 * settle_seconds + 2 * seconds) + 5
            for number in range(changes_per_s):
                begin = 1.0 + number / changes_per_s
                pressed = [(begin + second, "9") for second in range(lasts)]
                world.call(f"0301{number:06d}", keys=pressed, in_sound=True)
            time.sleep(settle_seconds)
            alone = _percent(engine, seconds, time.sleep)
            crowd = Crowd(engine.url, readers)
            crowd.read(settle_seconds)
            crowd.first.clear()
            told = _percent(engine, seconds, crowd.read)
            seen = events(crowd.first)
            living = crowd.living
            crowd.close()
    finally:
        world.stop()
    changes = sum(len(one.calls) + len(one.agents) + len(one.queues) for one in seen)
    return Measured(told - alone, told, changes / seconds, len(seen) / seconds, living)


def _percent(engine: Engine, seconds: float, work: Callable[[float], object]) -> float:
    before, began = engine.cpu_seconds(), time.perf_counter()
    work(seconds)
    return 100 * (engine.cpu_seconds() - before) / (time.perf_counter() - began)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="acd-bench-stream-") as folder:
        measured = measure(Path(folder), readers=given.readers, seconds=given.seconds)
    figures = {name: round(value, 1) for name, value in measured._asdict().items()}
    print(json.dumps({"bench": "stream", **figures}))


if __name__ == "__main__":
    main()
