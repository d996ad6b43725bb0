"""The bench reports on what it says it made."""

import json
import sys
from pathlib import Path

import pytest

from acd.report.agents import agent_report
from acd.report.menus import menu_report
from acd.report.queues import queue_report
from bench import report

pytestmark = pytest.mark.slow


def test_every_call_that_was_made_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "acd.db"
    report.fill(path, 3_000, seed=7)
    sheet, _ = report.report(path, queue_report, "day")
    names = [head.name for head in sheet.heads]
    total = dict(zip(names, sheet.totals[-1], strict=True))
    assert total["offered"] == 3_000
    assert {row[0] for row in sheet.rows} >= {"2025-01-01", "2025-12-31"}
    queues = {row[1] for row in sheet.rows}
    assert len(queues) == report.QUEUES
    agents, _ = report.report(path, agent_report, "day")
    handled = [head.name for head in agents.heads].index("handled")
    assert agents.totals[-1][handled] == total["answered"]
    menus, _ = report.report(path, menu_report, "day")
    assert report.counted(menus, "calls") == 3_000


def test_it_prints_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["report", "--calls", "2000", "--interval", "day"])
    assert report.main() == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["bench"], line["calls"]) == ("report", 2_000)
    each = {"seconds", "agent_seconds", "menu_seconds"}
    assert set(line) == {"bench", "calls", *each, *(f"first_{name}" for name in each)}
