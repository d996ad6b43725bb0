"""Engines that are there at once, so that many can be killed in a minute.

A process of its own has imported what `acd run` imports, and forks for each engine: what is killed
is the real daemon in a real process, but it does not spend a second of processor time on imports
first. What a start from scratch takes is not measured with these (`bench.site.from_scratch`).

Orders come as lines of JSON, answers go out as lines: `start` gives a process id, `poll` an exit
status or nothing. All engines end with it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from bench.site import ROOT

_POLL_SECONDS = 0.005


class Nursery:
    """Starts engines; `launch` is what `bench.site.Engine` asks for."""

    def __init__(self) -> None:
        argv = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.faults.nursery"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        assert self._heard() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def launch(self, config: Path, log: Path) -> "Engine":
        """Start one; returns as soon as it exists."""
        return Engine(self, int(self.ask("start", str(config), str(log))))

    def ask(self, *order: str | int) -> str:
        """Give an order; return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")


class Engine:
    """One `acd run`; see `bench.site.Running`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, a signal's number below 0, None while it runs."""
        if self._status is None:
            answer = self._nursery.ask("poll", self.pid)
            self._status = int(answer) if answer else None
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status when it has ended."""
        deadline = time.monotonic() + (timeout or 10)
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the engine {self.pid} does not end")
            time.sleep(_POLL_SECONDS)
        return status

    def kill(self) -> None:
        """SIGKILL. Its number is nobody else's before it was polled."""
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)


def _serve() -> None:
    _import_engine()
    alive = set[int]()
    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = json.loads(line)
        if word == "start":
            pid = os.fork()
            if pid == 0:
                _be_engine(*rest)
            alive.add(pid)
            print(pid, flush=True)
        else:
            (pid,) = rest
            ended, status = os.waitpid(pid, os.WNOHANG)
            alive.discard(ended)
            print(os.waitstatus_to_exitcode(status) if ended else "", flush=True)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _import_engine() -> None:
    import structlog  # noqa: F401
    import uvloop  # noqa: F401

    import acd.cli
    import acd.config.loader
    import acd.daemon
    import acd.store.opening
    import acd.web.app
    import acd.web.server  # noqa: F401


def _be_engine(config: str, log: str) -> NoReturn:
    from acd.cli import app

    status = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in ((0, nothing), (1, output), (2, output)):
            os.dup2(file, number)
        app(["run", "--config", config])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
