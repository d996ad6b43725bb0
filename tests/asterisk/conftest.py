"""The lab that real-PBX tests share, and what holds after each of them: no channel is left.

Where no Asterisk can be had every such test is skipped with the reason, which the end of the run
says loudly; in CI that is a failure (tests/conftest.py).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import sipp
from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk, LabUnavailableError
from tests.lab.script import Script

AGENTS = [str(number) for number in range(1001, 1011)]
PROMPTS = Path(__file__).parents[2] / "prompts"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the lab, and says so by its mark."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asterisk)


@pytest.fixture(scope="session")
def lab_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabAsterisk]:
    """One lab with ten agents for the whole session; tests take `lab`."""
    try:
        started = LabAsterisk.start(
            tmp_path_factory.mktemp("lab"),
            AGENTS,
            prompts=PROMPTS if PROMPTS.is_dir() else None,
            tells_all=True,
        )
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    with started:
        yield started


@pytest.fixture
def lab(lab_session: LabAsterisk) -> Iterator[LabAsterisk]:
    """The shared lab, idle; a test that leaves a channel behind fails."""
    yield lab_session
    sipp.stop_all(lab_session)
    try:
        lab_session.wait_until_idle(5)
    except TimeoutError:
        lab_session.hang_up_all()  # This test's failure is not to be the next one's as well.
        raise
    assert lab_session.current_calls() == 0


@pytest.fixture
def observer(lab: LabAsterisk) -> Iterator[Observer]:
    """A session that sees every event of the shared lab."""
    with lab.observer() as session:
        yield session


@pytest.fixture
def script(lab: LabAsterisk, observer: Observer) -> Iterator[Script]:
    """Scripted actions in place of an engine, its heartbeat beating."""
    with Script(lab, observer) as actions:
        yield actions
