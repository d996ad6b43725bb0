"""Tests that only compute, run beside those that mostly wait.

The real PBX's tests leave much of the processors unused, and measure how long things take; the
tests marked `computing` take a third of all the processor time there is in the suite, and do not
care when. So they run in a process of their own on what the others leave: it gives way at once to
whoever has something to do. What they found is counted with the rest (see tests/conftest.py).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

Reports = list[tuple[str, dict[str, object]]]
"""What became of each test, and its report as pytest writes it down."""


def give_way() -> None:
    """Have this process, and all it starts, computed only when nobody else has anything to do."""
    os.nice(19)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    # Linux may weigh sessions against each other first, and then one's processes.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")


class Background:
    """A run of pytest in the background, begun when this is made; end it by `wait` or `stop`."""

    def __init__(self, arguments: Sequence[str], root: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="acd-tests-")
        self._tally = Path(self._folder.name) / "tally.json"
        self._said = Path(self._folder.name) / "said"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--giving-way",
                 f"--tally-to={self._tally}", *arguments],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    @property
    def is_done(self) -> bool:
        """Whether nobody would have to wait."""
        # Left to be reaped by `wait`, which is told then what it has cost.
        looked = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, looked) is not None

    def wait(self) -> tuple[int, str, Reports, float]:
        """Wait for its end: its exit status, what it said, its reports, seconds of processor."""
        _, ended, cost = os.wait4(self._process.pid, 0)
        status = self._process.returncode = os.waitstatus_to_exitcode(ended)
        took = cost.ru_utime + cost.ru_stime
        said = self._said.read_text(errors="replace")
        reports: Reports = json.loads(self._tally.read_text()) if self._tally.exists() else []
        self._folder.cleanup()
        return status, said, reports, took

    def stop(self) -> None:
        """End it, and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()
