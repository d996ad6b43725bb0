"""Each scenario on each world: one world and one engine for all of them, cleared in between."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.lab.asterisk import LabUnavailableError
from tests.scenarios.asterisk import AsteriskWorld
from tests.scenarios.centre import MISSING_PROMPT, PHONES, PROMPT_SECONDS, Centre, write_prompts
from tests.scenarios.ledger import worlds_of
from tests.scenarios.simulated import SimulatedWorld
from tests.scenarios.world import World


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "world" in metafunc.fixturenames:
        marks = {"simulated": pytest.mark.slow, "asterisk": pytest.mark.asterisk}
        worlds = worlds_of(metafunc.function.__name__)
        params = [pytest.param(world, marks=marks[world]) for world in worlds]
        metafunc.parametrize("world", params, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A scenario that fails shows what the engine wrote."""
    report = yield
    centre = getattr(item, "funcargs", {}).get("centre")
    if report.failed and isinstance(centre, Centre):
        report.sections.append(("engine's log", centre.engine.log.getvalue()[-6000:]))
    return report


@pytest.fixture(scope="session")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The world this scenario is in, running."""
    if request.param == "simulated":
        yield SimulatedWorld(
            PHONES, PROMPT_SECONDS, [f"{language}/{MISSING_PROMPT}" for language in ("de", "en")]
        )
        return
    prompts: Path = tmp_path_factory.mktemp("prompts")
    write_prompts(prompts)
    try:
        real = AsteriskWorld(tmp_path_factory.mktemp("lab"), PHONES, prompts)
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    yield real


@pytest.fixture(scope="session")
def centre_session(world: World) -> Iterator[Centre]:
    """The engine at work in it."""
    whole = Centre(world)
    yield whole
    whole.stop()


@pytest.fixture
def centre(centre_session: Centre) -> Iterator[Centre]:
    """The centre with nobody on duty; a scenario that leaves a call or a channel behind fails."""
    centre_session.begin()
    yield centre_session
    centre_session.clear()
