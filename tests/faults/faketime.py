"""A wall clock that jumps when a test says so, by libfaketime; the monotonic one never does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


class FakeTime:
    """The clock of every process that is started from now on, until the monkeypatch is undone."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """path: a file that the processes read the time's offset from."""
        self._path = path
        self._offset = 0.0
        self.jump(0.0)
        monkeypatch.setenv("LD_PRELOAD", str(_library()))
        monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(path))
        monkeypatch.setenv("FAKETIME_CACHE_DURATION", "1")
        # The times of files are nobody's business, and asked for thousands of times at a start.
        monkeypatch.setenv("NO_FAKE_STAT", "1")
        monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        # It would mend waits of a monotonic clock that it fakes, and spoils those of one it does
        # not: a thread that waits for another's turn then waits for seconds.
        monkeypatch.setenv("FAKETIME_FORCE_MONOTONIC_FIX", "0")

    def jump(self, seconds: float) -> None:
        """Set the clock forwards, or backwards."""
        self._offset += seconds
        # Renamed into its place, so that nobody reads half a number.
        written = self._path.with_suffix(".new")
        written.write_text(f"{self._offset:+.0f}s\n")
        written.rename(self._path)


def _library() -> Path:
    """The library; installs it where apt and root can, skips the test where it cannot be had."""
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        install = "apt-get update -q && apt-get install -y --no-install-recommends libfaketime"
        subprocess.run(
            ["sh", "-c", install],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            check=False,
        )
        found = _installed()
    if found is None:
        said = "THE CLOCK'S JUMPS WERE NOT TESTED: as root: apt-get install -y libfaketime"
        if os.environ.get("CI", "").lower() not in ("", "0", "false", "no"):
            pytest.fail(said)
        pytest.skip(said)
    return found


def _installed() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
