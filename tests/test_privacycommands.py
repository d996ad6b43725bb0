"""`acd privacy` on books that a store has written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.cli import app
from acd.store.opening import open_store
from tests.store.samples import call_id, ended, living
from tests.test_bookcommands import config as config

HIS = "+493055512345"


def run(config: Path, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["privacy", *words, "--config", str(config)], input=stdin)


@pytest.mark.slow
def test_a_caller_is_told_and_erased(config: Path) -> None:
    (config.parent / "var").mkdir()
    url = f"sqlite:///{config.parent / 'var' / 'acd.db'}"
    store = open_store(url)
    store.write([ended(1, ani=HIS), living(2, ani=HIS)])
    store.close()

    told = run(config, "export", "-", stdin="030 55512345\n")
    assert told.exit_code == 0, told.stderr
    page = json.loads(told.stdout)
    assert [one["call"] for one in page["calls"]] == [call_id(1)]

    told = run(config, "erase", HIS)
    assert (told.exit_code, told.stdout.split(";")[0]) == (
        0,
        "found: 1 calls, 0 answers, 0 forms, 0 voicemails, 0 files",
    )
    assert json.loads(run(config, "export", HIS).stdout)["calls"] != []

    told = run(config, "erase", HIS, "--yes")
    assert told.exit_code == 1
    assert told.stderr.startswith(f"left: call {call_id(2)}")
    assert "for 30 days" in told.stdout
    store = open_store(url)
    found = store.ended(call_id(1))
    store.close()
    assert found is not None
    assert found.ani == ""
    assert run(config, "erase", "nobody", "--yes").exit_code == 1
