"""The commands that read the books, on books that a store has written."""

import io
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.bookcommands import write_forms
from acd.cli import app
from acd.core.ids import CallId
from acd.core.records import FormFilled
from acd.store.opening import open_store

ROOT = Path(__file__).parent.parent
DAY = 86_400.0


def reading(at: float, value: str, **more: str) -> FormFilled:
    return FormFilled(at, CallId(f"main-{at:.0f}"), "meter_reading", {"reading": value, **more})


def test_forms_are_lines_with_every_name_that_any_has() -> None:
    out = io.StringIO()
    write_forms((reading(0.0, "1"), reading(60.0, '2,"', ani="+4930")), out)
    assert out.getvalue().splitlines() == [
        "filled_at,call,reading,ani",
        "1970-01-01T00:00:00Z,main-0,1,",
        '1970-01-01T00:01:00Z,main-60,"2,""",+4930',
    ]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The sample configuration with secrets and books of its own."""
    for name in ("config", "ivr_menus", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    secrets = tmp_path / "config" / "secrets"
    secrets.mkdir()
    for name in ("main-ami", "main-systemname"):
        (secrets / name).write_text("secret\n")
        (secrets / name).chmod(0o600)
    return tmp_path / "config"


@pytest.mark.slow
def test_what_a_store_holds_is_printed_from_a_day_on(config: Path) -> None:
    (config.parent / "var").mkdir()
    store = open_store(f"sqlite:///{config.parent / 'var' / 'acd.db'}")
    store.write([reading(DAY - 1.0, "1"), reading(DAY, "2")])
    store.close()
    words = ["forms", "meter_reading", "--config", str(config), "--since", "1970-01-02"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.stderr
    assert told.stdout.splitlines() == [
        "filled_at,call,reading", "1970-01-02T00:00:00Z,main-86400,2"]  # fmt: skip


def test_a_day_that_is_none_is_told(config: Path) -> None:
    told = CliRunner().invoke(app, ["forms", "x", "--config", str(config), "--since", "soon"])
    assert told.exit_code == 1
    assert "is no day" in told.stderr
