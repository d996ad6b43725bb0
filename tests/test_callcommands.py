"""`acd trace` on books that a store has written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.cli import app
from acd.store.opening import open_store
from tests.store.samples import call_id, ended
from tests.test_bookcommands import config as config


def run(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["trace", *words], input=stdin)


LINE = '{{"at":"2026-11-23T05:00:00.000+00:00","level":"info","event":"call_queued","call":"{}"}}\n'


@pytest.mark.slow
def test_a_call_is_told_from_what_there_is(config: Path) -> None:
    words = [call_id(1), "--config", str(config), "--json", "--log", "-"]
    told = run(*words)
    assert told.exit_code == 1, told.stderr
    assert not (config.parent / "var").exists()
    (config.parent / "var").mkdir()
    store = open_store(f"sqlite:///{config.parent / 'var' / 'acd.db'}")
    store.write([ended(1)])
    store.close()
    told = run(*words, stdin=LINE.format(call_id(1)))
    assert told.exit_code == 0, told.stderr
    found = json.loads(told.stdout)
    assert {one["what"] for one in found["moments"]} >= {"call_queued", "arrived", "ended"}
    assert [note.partition(":")[0] for note in found["notes"]] == ["journal", "journal"]
    told = run(call_id(1), "--config", str(config), "--log", str(config / "none"))
    assert told.exit_code == 1
    assert "cannot be read" in told.stderr
