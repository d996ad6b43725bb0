"""The demonstration: a virtual PBX with callers and agents, in a process of its own.

Owns that process from both ends. The child (`python -m acd.demo`) speaks AMI on a TCP port of its
own and plays everybody outside; the parent's engine connects to it as to any Asterisk. What passes
between the two beside AMI is lines on the child's pipes: in comes what is to be played and then
the word to begin, out comes the port and then what agents ask for in their browsers. When the
child's input ends, for whatever reason, it ends.

The engine comes in as what it offers; the daemon itself is the commands' to wire. In the child
nothing but the simulation may be known.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from acd.core.ids import AgentId, DeviceId
    from acd.core.plan import AgentAction, Plan
    from acd.core.records import Replied, Snapshot

USERNAME: Final = "acd"
PAGES: Final = ("/api/v1/queues", "/api/v1/calls", "/api/v1/agents", "/metrics", "/readyz")

_HOURS: Final = 24
_STOP_SECONDS: Final = 1.0
_WAV_HEADER_BYTES: Final = 44
_WAV_BYTES_A_SECOND: Final = 16_000


class Person(msgspec.Struct, frozen=True):
    """An agent as the simulation must know him."""

    number: str
    phone: str
    pin: str


class Scene(msgspec.Struct, frozen=True):
    """What the child plays; durations in seconds."""

    seed: int
    system_name: str
    secret: str
    people: list[Person]
    prompt_seconds: dict[str, float]
    calls_an_hour: int
    talk_seconds: float


class Opened(msgspec.Struct, frozen=True):
    """The child's first line."""

    port: int


class Asked(msgspec.Struct, frozen=True):
    """Each later line of the child: what an agent asks for in his browser."""

    agent: str
    action: str
    reason: str
    phone: str


class Engine(Protocol):
    """What the demonstration needs of a running engine."""

    def url(self) -> str:
        """Where its HTTP interface is."""

    def now(self) -> float:
        """Its clock."""

    def snapshot(self) -> Snapshot:
        """Its state."""

    async def request(
        self, agent: AgentId, action: AgentAction, reason: str, phone: DeviceId | None
    ) -> Replied:
        """A person's request."""


def scene(
    plan: Plan, prompts_dir: Path, *, seed: int, calls_an_hour: int, talk_seconds: float = 25.0
) -> Scene:
    """The plan's agents at their own phones, prompts as long as their files, fresh secrets."""
    return Scene(
        seed=seed,
        system_name=secrets.token_hex(8),
        secret=secrets.token_hex(16),
        people=[Person(a.id, a.phone, a.pin) for a in plan.agents.values()],
        prompt_seconds=_prompt_seconds(prompts_dir, plan.prompts_path_on_pbx),
        calls_an_hour=calls_an_hour,
        talk_seconds=talk_seconds,
    )


def _prompt_seconds(folder: Path, path_on_pbx: str) -> dict[str, float]:
    """How long each file plays, as the PBX names it; prompts are 8 kHz, 16 bit, mono."""
    return {
        f"{path_on_pbx}/{file.relative_to(folder).with_suffix('')}": max(
            0.0, (file.stat().st_size - _WAV_HEADER_BYTES) / _WAV_BYTES_A_SECOND
        )
        for file in folder.rglob("*.wav")
    }


class Stage:
    """The child process seen from the parent; a context that ends it.

    ``open`` gives the scene and returns the port to connect to, ``play`` begins and shows.
    """

    def __init__(self) -> None:
        # A session of its own: Ctrl-C in the terminal is for the parent, who ends the child.
        self._child = subprocess.Popen(
            [sys.executable, "-m", "acd.demo"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        if self._child.stdin is None or self._child.stdout is None:
            raise AssertionError("asked for pipes and got none")
        self._input: IO[bytes] = self._child.stdin
        self._output: IO[bytes] = self._child.stdout

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(BrokenPipeError):
            self._input.close()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._output.close()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._child.poll() is None

    def open(self, wanted: Scene) -> int:
        """Hand over the scene; returns the AMI port. Raises OSError when the child is dead."""
        with suppress(BrokenPipeError):
            self._say(msgspec.json.encode(wanted))
        line = self._output.readline()
        if not line:
            raise OSError("the virtual PBX did not start")
        return msgspec.json.decode(line, type=Opened).port

    async def play(self, engine: Engine, title: str) -> None:
        """Let callers and agents begin, pass on what agents ask, show it all until cancelled."""
        from acd.terminal import show

        await self._come_to_work(engine)
        self._say(b"begin")
        url = engine.url()
        urls = [url + page for page in PAGES]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on(engine))
            group.create_task(show(engine.snapshot, engine.now, title=title, urls=urls))

    def _say(self, line: bytes) -> None:
        self._input.write(line + b"\n")
        self._input.flush()

    async def _come_to_work(self, engine: Engine) -> None:
        """Nobody wants to watch a centre fill up: all agents are there when the doors open."""
        from acd.core.plan import AgentAction

        for agent in engine.snapshot().agents:
            await engine.request(agent.agent, AgentAction.LOG_IN, "", None)

    async def _pass_on(self, engine: Engine) -> None:
        from acd.core.ids import AgentId, DeviceId
        from acd.core.plan import AgentAction

        reader, transport = await _reader_of(self._output)
        try:
            while line := await reader.readline():
                asked = msgspec.json.decode(line, type=Asked)
                phone = DeviceId(asked.phone) if asked.phone else None
                # A refusal is an answer like any other; agents see it and go on.
                await engine.request(
                    AgentId(asked.agent), AgentAction(asked.action), asked.reason, phone
                )
        finally:
            transport.close()


async def _reader_of(pipe: IO[bytes]) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader, transport


# -- the child -------------------------------------------------------------------------------


def _tell(line: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


async def _perform() -> None:
    """Read the scene, open the port, wait for the word, play until the input ends."""
    from acd.clock import Clock
    from acd.sim.pbx import Options, VirtualPbx
    from acd.sim.server import AmiServer
    from acd.sim.workload import Load, Worker, Workload

    reader, transport = await _reader_of(sys.stdin.buffer)
    wanted = msgspec.json.decode(await reader.readline(), type=Scene)
    start = Clock().now()
    pbx = VirtualPbx(
        system_name=wanted.system_name,
        seed=wanted.seed,
        phones=[person.phone for person in wanted.people],
        start=start,
        options=Options(prompt_seconds=wanted.prompt_seconds),
        on_fact=lambda fact: workload.happened(fact),
    )
    workload = Workload(
        pbx,
        [Worker(person.number, person.phone, person.pin) for person in wanted.people],
        spare_phones=(),
        load=Load(
            calls=wanted.calls_an_hour,
            staffed=1.0,
            talk_seconds=wanted.talk_seconds,
            patience_seconds=240.0,
            early_wrap_up=0.95,
            mischief=0.01,
        ),
        rng=random.Random(wanted.seed),
        ask=lambda agent, action, reason, phone: _tell(Asked(agent, action, reason, phone)),
    )
    server = AmiServer(pbx, users={USERNAME: wanted.secret}, start=start)
    _tell(Opened(await server.start()))
    if await reader.readline():
        server.world(lambda _pbx, now: workload.start(now, 3600.0 * _HOURS))
        await reader.read()
    transport.close()
    await server.stop()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # When the parent goes first, asyncio would warn of each message it cannot be sent.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    asyncio.run(_perform())
