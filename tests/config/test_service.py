"""A configuration that another process reads is the same one, and told of in the same words."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from acd.config.reader import read_service
from acd.config.service import Reader, needs_restart
from acd.errors import ConfigError, OperatorError
from tests.config.test_reader import ROOT, TODAY, config, extend

__all__ = ["config"]


@pytest.mark.slow
def test_it_is_what_would_be_read_here(config: Path) -> None:
    with Reader(config, TODAY) as reading:
        assert reading.service() == read_service(config, TODAY)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_reload_refuses_what_acd_check_refuses(config: Path) -> None:
    """An example that does not hold is no reason not to start; it is one not to change."""
    menus = config.parent / "menus"
    shutil.copytree(ROOT / "ivr_menus", menus)
    text = (config / "acd.yaml").read_text().replace(f"menus: {ROOT}/ivr_menus", "menus: ../menus")
    (config / "acd.yaml").write_text(text)
    main = menus / "main.yaml"
    wrong = 'expect:\n  - {keys: "1", queue: billing}\n'
    main.write_text(main.read_text().replace("expect:\n", wrong))
    with Reader(config, TODAY) as reading:
        assert reading.service().plan.menus
    with Reader(config, TODAY, examples=True) as reading, pytest.raises(ConfigError) as refused:
        reading.service()
    assert 'does not end in the queue "billing"' in str(refused.value)


def test_what_a_reload_changes_needs_no_restart(config: Path) -> None:
    before = read_service(config, TODAY)
    text = (config / "acd.yaml").read_text().replace("0800555010", "0800")
    text = text.replace("reload_on_change: true", "reload_on_change: false")
    (config / "acd.yaml").write_text(text)
    after = read_service(config, TODAY)
    assert after.plan.service_number == "0800"
    assert needs_restart(before, after) == ()
    assert len(before.watched) == 3
    assert after.watched == ()


def test_what_needs_a_restart_is_named_without_secrets(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    before = read_service(config, TODAY)
    text = (config / "acd.yaml").read_text()
    for old, new in (
        ("port: 8023", "port: 8024"),
        ("log_format: text", "log_format: json"),
        ("port: 5038", "port: 5039"),
        ("records_days: 90", "records_days: 400"),
        ("pbxs:\n", "pbxs:\n  - {name: other, secret_file: secrets/store}\n"),
    ):
        text = text.replace(old, new)
    (config / "acd.yaml").write_text(text)
    extend(config, "data_path: elsewhere\n")
    (config / "secrets" / "main-ami").write_text("another-secret\n")
    after = read_service(config, TODAY)
    lines = needs_restart(before, after)
    assert sorted(lines) == [
        "data_path",
        "http: port",
        "log_format",
        "pbxs: main: port, secret",
        "pbxs: other is new",
        "retention",
        "store",
    ]
    assert "pbxs: other is gone" in needs_restart(after, before)
