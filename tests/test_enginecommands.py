"""The commands that ask a running engine, against a server that gives one answer."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from acd.cli import app
from acd.errors import ConfigError, Problem
from acd.remote import TOKEN_VARIABLE
from acd.web.models import ReloadRefused
from acd.web.port import Reloaded
from tests.test_remote import CALL, TOKEN, Web
from tests.web.desk import RELOADED

ROOT = Path(__file__).parent.parent


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    web = Web()
    yield web
    web.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_reload_prints_what_is_at_work_and_what_is_not(web: Web) -> None:
    web.body = msgspec.json.encode(RELOADED)
    told = run("reload", "--url", web.url)
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "needs a restart: http: port",
        "queue fault changed: target_seconds 20 -> 30",
        "menu x added",
        "2 changes are at work",
    ]
    assert web.asked == [("/api/v1/reload", f"Bearer {TOKEN}")]


def test_a_reload_of_the_same_says_so(web: Web) -> None:
    web.body = msgspec.json.encode(Reloaded())
    assert run("reload", "--url", web.url).stdout == "nothing is different\n"


def test_a_reload_that_is_refused_prints_every_problem(web: Web) -> None:
    problems = [
        Problem("queues.yaml", 3, 7, "no such skill", "fault"),
        Problem("acd.yaml", 9, 1, "unknown key"),
    ]
    web.status = 422
    web.body = ReloadRefused.of(ConfigError(problems)).model_dump_json().encode()
    told = run("reload", "--url", web.url)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.splitlines() == [
        "acd.yaml:9:1: unknown key",
        "queues.yaml:3:7: no such skill; fault",
        "2 problems found, nothing was started or changed",
    ]


def test_the_engine_is_found_by_a_configuration_that_is_wrong_elsewhere(
    web: Web, tmp_path: Path
) -> None:
    """Or nobody could ask what is wrong with it."""
    port = web.url.rpartition(":")[2]
    text = (ROOT / "config" / "acd.yaml").read_text().replace("port: 8023", f"port: {port}")
    (tmp_path / "acd.yaml").write_text(text)
    (tmp_path / "queues.yaml").write_text("nonsense: [\n")
    web.body = msgspec.json.encode(RELOADED)
    told = run("reload", "--config", str(tmp_path))
    assert told.exit_code == 0, told.output
    assert web.asked[0][0] == "/api/v1/reload"


def test_without_an_address_it_is_told_where_one_belongs(web: Web, tmp_path: Path) -> None:
    (tmp_path / "acd.yaml").write_text("nonsense: [\n")
    told = run("explain", CALL, "--config", str(tmp_path))
    assert told.exit_code == 1
    assert "acd.yaml:1:12: not valid YAML" in told.stderr
    assert not web.asked
