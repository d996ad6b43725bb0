"""A configuration that another process reads is the same one, and told of in the same words."""

import os
import signal
from pathlib import Path

import pytest

from acd.config.reader import read_service
from acd.config.service import Reader
from acd.errors import ConfigError, OperatorError
from tests.config.test_reader import TODAY, config, extend

__all__ = ["config"]


@pytest.mark.slow
def test_it_is_what_would_be_read_here(config: Path) -> None:
    with Reader(config, TODAY) as reading:
        assert reading.service() == read_service(config, TODAY)


def test_every_problem_comes_through(config: Path) -> None:
    extend(config, "colour: blue\n")
    (config / "skills.yaml").write_text("nonsense: [\n")
    with pytest.raises(ConfigError) as here:
        read_service(config, TODAY)
    with Reader(config, TODAY) as reading, pytest.raises(ConfigError) as there:
        reading.service()
    assert there.value.problems == here.value.problems
    assert len(there.value.problems) > 1


def test_a_reader_that_is_killed_is_an_operators_matter(config: Path) -> None:
    with Reader(config, TODAY) as reading:
        os.kill(reading._child.pid, signal.SIGKILL)
        with pytest.raises(OperatorError, match="ended with -9; nothing was started or changed"):
            reading.service()


def test_who_is_not_waited_for_is_ended(config: Path) -> None:
    with Reader(config, TODAY) as reading:
        pass
    assert reading._child.returncode == -signal.SIGKILL
