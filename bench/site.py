"""A site for benches and hands-on checks: a lab Asterisk, and the real `acd run` beside it.

The engine is the real program in a process of its own, started from YAML files as operators write
them; only what a bench has to vary (agents, queues, wrap-up) is written anew.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import yaml

if TYPE_CHECKING:
    from tests.scenarios.simulated import SimulatedWorld

ROOT = Path(__file__).parents[1]
READY_SECONDS = 15.0


class Reachable(Protocol):
    """A PBX as the configuration names it: the lab's Asterisk, or a simulated one."""

    ami_port: int
    ami_user: str
    ami_secret: str
    system_name: str
    prompts_path_on_pbx: str


class SimulatedPbx(NamedTuple):
    """The simulated PBX, or what stands before it, as the configuration names it."""

    ami_port: int
    ami_user: str
    ami_secret: str
    system_name: str
    prompts_path_on_pbx: str

    @classmethod
    def of(cls, world: "SimulatedWorld", ami_port: int | None = None) -> Self:
        """That of ``world``; ``ami_port`` is that of what stands before it."""
        ami = world.ami
        port = ami.port if ami_port is None else ami_port
        return cls(port, ami.user, ami.secret, ami.system_name, world.prompts_path)


class Running(Protocol):
    """A process as subprocess.Popen shows one."""

    pid: int

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status when it has ended."""

    def kill(self) -> None:
        """SIGKILL."""

    def terminate(self) -> None:
        """SIGTERM."""


Launch = Callable[[Path, Path], Running]
"""Starts `acd run` with this configuration, its output into this file."""


def from_scratch(config: Path, log: Path) -> Running:
    """Start it as an operator would, of compiled modules as an installed acd has them."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "acd", "run", "--config", str(config)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )


def write_config(
    directory: Path,
    lab: Reachable,
    *,
    agents: Iterable[Mapping[str, object]] | None = None,
    wrap_up_seconds: float | None = None,
) -> Path:
    """Write the sample configuration for this lab; return its folder.

    ``agents`` replaces agents.yaml, and nobody is in the groups that the sample's clients name, so
    there are no clients then. ``wrap_up_seconds`` replaces every queue's cap.
    """
    config = directory / "config"
    # Whoever works here by hand may have secrets of his own beside the sample.
    clients = ("clients",) if agents is not None else ()
    others = shutil.ignore_patterns("asterisk", "systemd", "secrets", *clients)
    shutil.copytree(ROOT / "config", config, ignore=others)
    secrets = config / "secrets"
    secrets.mkdir(mode=0o700)
    for name, text in (("main-ami", lab.ami_secret), ("main-systemname", lab.system_name)):
        file = secrets / name
        file.touch(mode=0o600)
        file.write_text(text + "\n")
    acd = yaml.safe_load((config / "acd.yaml").read_text())
    acd["pbxs"][0] |= {"port": lab.ami_port, "username": lab.ami_user}
    with socket.create_server(("127.0.0.1", 0)) as free:
        acd["http"]["port"] = free.getsockname()[1]
    acd["prompts_path_on_pbx"] = lab.prompts_path_on_pbx
    acd["menus"], acd["prompts"] = str(ROOT / "ivr_menus"), str(ROOT / "prompts")
    (config / "acd.yaml").write_text(yaml.safe_dump(acd, allow_unicode=True))
    if agents is not None:
        (config / "agents.yaml").write_text(yaml.safe_dump(list(agents), allow_unicode=True))
    if wrap_up_seconds is not None:
        queues = yaml.safe_load((config / "queues.yaml").read_text())
        for queue in queues.values():
            queue["wrap_up_seconds"] = wrap_up_seconds
        (config / "queues.yaml").write_text(yaml.safe_dump(queues, allow_unicode=True))
    return config


class Engine:
    """`acd run` as a process; ready when this returns. Its log is ``directory/acd.log``."""

    def __init__(self, config: Path, directory: Path, launch: Launch = from_scratch) -> None:
        self.log = directory / "acd.log"
        self.started_at = time.time()
        """The wall clock when its process was asked for."""
        started = time.monotonic()
        self._process = launch(config, self.log)
        self.url = ""
        while not self.url:
            if self._process.poll() is not None or time.monotonic() - started > READY_SECONDS:
                self.stop()
                raise RuntimeError(f"acd did not become ready:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.01)
            self.url = self._announced()
        self.ready_seconds = time.monotonic() - started
        while not self._ready():
            if time.monotonic() - started > READY_SECONDS:
                self.stop()
                raise RuntimeError(f"acd did not become live:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.01)
        self.live_seconds = time.monotonic() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _announced(self) -> str:
        for line in self.log.read_text().splitlines():
            if " ready " in line and "url=" in line:
                return line.partition("url=")[2].split()[0]
        return ""

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False

    def get(self, path: str) -> object:
        """Return what a GET answers."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            return json.load(answer)

    def rows(self, path: str) -> list[dict[str, object]]:
        """Return what the API lists under `calls` or `agents`."""
        answer = self.get(f"/api/v1/{path}")
        assert isinstance(answer, dict)
        found: list[dict[str, object]] = answer[path]
        return found

    def not_at_rest(self, but_for: Collection[str] = ()) -> list[str]:
        """Return what it is still at: calls, and agents who are not free, but for these."""
        left = [f"the engine has call {call['call']}" for call in self.rows("calls")]
        return left + [
            f"agent {agent['agent']}: {agent['presence']} {agent['activity']} {agent['device']}"
            for agent in self.rows("agents")
            if agent["agent"] not in but_for
            and (agent["presence"], agent["activity"], agent["device"]) != ("ready", "idle", "free")
        ]

    def post(self, path: str) -> None:
        """Do a POST without a body; raises HTTPError when it is refused."""
        request = urllib.request.Request(f"{self.url}{path}", method="POST")
        # It is answered when it is durable, for which a busy disk may take seconds.
        with urllib.request.urlopen(request, timeout=20):
            pass

    def cpu_seconds(self) -> float:
        """Return the processor time the engine has used, of user and system."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Return how much of the machine's memory the engine has, in millions of bytes."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def kill(self) -> None:
        """End it as nothing should: in the middle of whatever it does."""
        self._process.kill()
        self._process.wait(timeout=10)

    def stop(self) -> int:
        """End it as systemd would; return its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(timeout=10)
