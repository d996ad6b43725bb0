"""The bench reloads what it says, by the daemon's own way."""

from datetime import date
from pathlib import Path

import pytest

from acd.config.loader import load
from bench.reload import large_configuration, main, run

pytestmark = pytest.mark.slow


def test_the_configuration_is_whole_and_as_large_as_asked(tmp_path: Path) -> None:
    config = large_configuration(tmp_path, clients=3)
    plan = load(config, today=date(2026, 11, 23)).plan
    assert {"client0", "client1", "client2", "fault"} <= set(plan.queues)
    assert {"client0", "client1", "client2", "main"} <= set(plan.menus)


def test_all_that_was_edited_is_at_work_when_it_ends() -> None:
    measured = run(clients=3)
    assert measured.changes == 3
    assert measured.reload_ms > 0
    assert measured.worst_stall_ms >= measured.ours_ms > 0


def test_the_last_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--clients", "1"])
    assert capsys.readouterr().out.splitlines()[-1].startswith('{"bench": "reload", "clients": 1,')
