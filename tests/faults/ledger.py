"""What the tests of the fault matrix have seen, one JSON line a test, kept for the table.

The file outlives a run: `make test` runs pytest twice, on several processors, and a night's soak
runs many times. Whoever begins a new count removes it first.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pytest

TALLY: Final = ".fault-tally.jsonl"
"""In the repository's root, unless pytest is told another with `--fault-tally`."""


def tally_of(config: pytest.Config) -> Path:
    """Where this run counts."""
    return config.rootpath / (config.getoption("--fault-tally") or TALLY)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one test saw of one row. first_ring_ms: one for each ring that was waited for."""

    row: int
    tries: int
    lost: int
    repaired: int
    first_ring_ms: tuple[float, ...]


class Ledger:
    """Appends to one tally; several processes may do so at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def saw(
        self,
        row: int,
        *,
        tries: int,
        lost: int,
        repaired: int = 0,
        first_ring_ms: Sequence[float] = (),
    ) -> None:
        """Count what a test saw; it asserts itself that nothing was lost, after this.

        tries: how often the fault was provoked. lost: calls, places, records or agents that are
        not what they would be without it. repaired: what the engine itself counts as repaired.
        """
        rings = tuple(round(each, 1) for each in first_ring_ms)
        line = json.dumps(asdict(Sighting(row, tries, lost, repaired, rings))) + "\n"
        # One write to a file opened to append is never mixed with another's.
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


def sightings(path: Path) -> Iterator[Sighting]:
    """All that was counted so far; nothing if nothing was."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        found = json.loads(line)
        found["first_ring_ms"] = tuple(found["first_ring_ms"])
        yield Sighting(**found)
