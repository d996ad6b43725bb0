"""The scenarios' service centre on a real PBX of its own, for tests that stop or race it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.asterisk import LabUnavailableError
from tests.scenarios.asterisk import AsteriskWorld
from tests.scenarios.centre import PHONES, Centre, write_prompts


@contextmanager
def real_centre(directory: Path) -> Iterator[tuple[Centre, AsteriskWorld]]:
    """A centre with nobody on duty, and its world; skips where there is no Asterisk."""
    prompts = directory / "prompts"
    prompts.mkdir()
    write_prompts(prompts)
    try:
        world = AsteriskWorld(directory / "lab", PHONES, prompts)
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    centre = Centre(world)
    try:
        centre.begin()
        yield centre, world
    finally:
        centre.stop()
