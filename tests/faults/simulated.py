"""The real `acd run` beside the simulated PBX, callers at a steady rate, and who watches its loop.

For faults that are not the PBX's own: of the database, the disk, the clock. Two witnesses: the
virtual PBX's facts, and what stands in the database. `Load.lost` says wherever they do not agree,
or a caller was not served as he would have been without a fault.
"""

import http.client
import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy
import yaml

from acd.sim.facts import Happening
from bench.site import Engine, Launch, from_scratch, write_config
from tests.faults.site import SKILLS, Pbx
from tests.scenarios.simulated import SimulatedCaller, SimulatedWorld
from tests.scenarios.world import Handset, until

ABSENT = "2000"
TALKS = Handset(ring_seconds=0.03, talk_seconds=0.1)
_LOOK_SECONDS = 0.01


class SimulatedSite:
    """All of it at work when this returns, with every agent logged in and ready to talk."""

    def __init__(
        self,
        directory: Path,
        *,
        agents: int = 20,
        handset: Handset = TALKS,
        skills: Sequence[str] = SKILLS,
        wrap_up_seconds: float = 0.0,
        settings: Mapping[str, object] | None = None,
        launch: Launch = from_scratch,
    ) -> None:
        """skills: which these agents have. settings: what differs from the sample's acd.yaml.

        One more, who has every skill, is never there: each queue needs somebody.
        """
        self.directory = directory
        self.agents = [str(2001 + number) for number in range(agents)]
        self.world = SimulatedWorld(self.agents, {})
        self.world.phones(dict.fromkeys(self.agents, handset))
        ami = self.world.ami
        pbx = Pbx(ami.port, ami.user, ami.secret, ami.system_name, self.world.prompts_path)
        listed = [
            {
                "id": agent,
                "name": f"Agent {agent}",
                "phone": f"PJSIP/{agent}",
                "skills": dict.fromkeys(SKILLS if agent == ABSENT else skills, 1),
            }
            for agent in (*self.agents, ABSENT)
        ]
        self.config = write_config(directory, pbx, agents=listed, wrap_up_seconds=wrap_up_seconds)
        acd = self.config / "acd.yaml"
        acd.write_text(yaml.safe_dump({**yaml.safe_load(acd.read_text()), **(settings or {})}))
        self.launch = launch
        self._numbers = itertools.count(1)
        self._loads: list[Load] = []
        self.start()
        with ThreadPoolExecutor(agents) as together:
            # Each answer waits until it is durable.
            list(together.map(self.log_in, self.agents))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for load in self._loads:
            load.finish()
        self.engine.stop()
        self.world.stop()

    def start(self) -> None:
        """Start an engine in place of one that is over."""
        self.engine = Engine(self.config, self.directory, self.launch)

    def log_in(self, agent: str) -> None:
        self.engine.post(f"/api/v1/agents/{agent}/login")

    def call(self, key: str = "1") -> SimulatedCaller:
        """One caller, who presses this key, if any, and wants to talk with an agent."""
        keys = [(0.05, key)] if key else []
        return self.world.call(f"0304{next(self._numbers):06d}", keys=keys)

    def load(self, per_second: float) -> "Load":
        """Callers from now on, so many a second."""
        self._loads.append(Load(self, per_second))
        return self._loads[-1]

    def rows(self, path: str) -> list[dict[str, object]]:
        """What the API lists under `calls` or `agents`."""
        return self.engine.rows(path)

    def not_at_rest(self) -> list[str]:
        """What is left anywhere, though all calls are over: nothing, when all is well."""
        left = self.engine.not_at_rest(but_for=(ABSENT,))
        return left + [f"channel {name}" for name in self.world.channels()]

    def said(self, event: str) -> list[str]:
        """The lines of the engine's log that tell of this."""
        lines = self.engine.log.read_text().splitlines()
        return [line for line in lines if line.split()[2:3] == [event]]

    @property
    def pid(self) -> int:
        return self.engine._process.pid

    def resident_kib(self) -> int:
        """How much memory the engine's process has."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def open_files(self) -> int:
        """How many file descriptors it has."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


class Load:
    """Callers at so many a second from its making on, until `finish`."""

    def __init__(self, site: SimulatedSite, per_second: float) -> None:
        self.site = site
        self.callers: list[SimulatedCaller] = []
        self._pause = 1 / per_second
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name="callers", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due_at = time.monotonic()
        while not self._finished.wait(max(0.0, due_at - time.monotonic())):
            self.callers.append(self.site.call())
            due_at += self._pause

    def finish(self) -> None:
        """Nobody calls any more."""
        self._finished.set()
        self._thread.join(5)

    def slowest_seconds(self) -> float:
        """How long it took at worst from a call's arrival to its talk."""
        arrived: dict[str, float] = {}
        slowest = 0.0
        for fact in self.site.world.facts():
            if fact.kind is Happening.CALLER_ARRIVED:
                arrived[fact.caller] = fact.at
            elif fact.kind is Happening.BRIDGED:
                slowest = max(slowest, fact.at - arrived[fact.caller])
        return slowest

    def lost(self, records: Callable[[], dict[str, list[str]]], within: float = 15.0) -> list[str]:
        """Wait for the end of all calls and for their records; a line for each call lost.

        records: outcomes by caller's number, as the database has them.
        """
        self.finish()
        numbers = {caller.uniqueid: caller.number for caller in self.callers}
        until(lambda: not self.site.not_at_rest(), within, "the end of all calls")
        try:
            until(lambda: records().keys() >= set(numbers.values()), within)
        except TimeoutError:
            pass  # Said below, caller by caller.
        found = records()
        talks = Counter(
            numbers[fact.caller]
            for fact in self.site.world.facts()
            if fact.kind is Happening.BRIDGED and fact.caller in numbers
        )
        return [
            f"{number}: {talks[number]} talks, and in the books {found.get(number)}"
            for number in numbers.values()
            if talks[number] != 1 or found.get(number) != ["answered"]
        ]


def booked(url: str) -> dict[str, list[str]]:
    """Outcomes of all final records in this database, by caller's number."""
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    found: dict[str, list[str]] = defaultdict(list)
    try:
        with engine.connect() as connection:
            for ani, outcome in connection.exec_driver_sql("SELECT ani, outcome FROM ended_calls"):
                found[ani].append(outcome)
    finally:
        engine.dispose()
    return found


class LoopWatch:
    """Asks the engine something over HTTP again and again, which its loop answers: how long at
    worst? That is no less than its loop stood still, and a little more."""

    def __init__(self, url: str) -> None:
        self._host = url.removeprefix("http://")
        self.waits: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def _run(self) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        while not self._over.wait(_LOOK_SECONDS):
            began = time.monotonic()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            self.waits.append(time.monotonic() - began)
        connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(30)

    @property
    def worst_ms(self) -> float:
        return max(self.waits) * 1000

    @property
    def usual_ms(self) -> float:
        return sorted(self.waits)[len(self.waits) // 2] * 1000
