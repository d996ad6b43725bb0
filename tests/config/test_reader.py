"""What settings come to for an engine; here without the process apart."""

import io
import pickle
import sys
from datetime import date
from pathlib import Path

import pytest

from acd.config import reader
from acd.config.reader import read_service
from acd.errors import ConfigError, Problem

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)
SECRET = "s3cret-of-the-pbx"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The sample configuration with secrets of its own."""
    folder = tmp_path / "config"
    (folder / "secrets").mkdir(parents=True)
    for file in (ROOT / "config").glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    extend(folder, f"menus: {ROOT}/ivr_menus\nprompts: {ROOT}/prompts\n")
    for name in ("main-ami", "main-systemname", "store"):
        secret = folder / "secrets" / name
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
    return folder


def extend(config: Path, lines: str) -> None:
    with (config / "acd.yaml").open("a") as stream:
        stream.write(f"\n{lines}")


def test_settings_become_what_an_engine_needs(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    service = read_service(config, TODAY)
    (pbx,) = service.pbxs
    assert (pbx.name, pbx.host, pbx.secret, pbx.system_name) == (
        "main",
        "127.0.0.1",
        SECRET,
        SECRET,
    )
    assert len(service.plan.queues) == 6
    assert (service.http_host, service.http_port) == ("127.0.0.1", 8023)
    assert service.data_dir == config / "../var"
    assert not service.data_dir.exists()
    assert service.store_url == f"sqlite:///{config.parent}/var/acd.db"
    assert SECRET not in repr(service)


def test_systemds_folder_counts_unless_another_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/srv/acd")
    assert read_service(config, TODAY).data_dir == Path("/srv/acd")
    extend(config, "data_path: data\n")
    assert read_service(config, TODAY).data_dir == config / "data"


def test_the_stores_password_is_quoted_into_its_address(config: Path) -> None:
    (config / "secrets" / "store").write_text("p@ss/word\n")
    extend(config, "store: {url: postgresql://acd@db/acd, password_file: secrets/store}\n")
    assert read_service(config, TODAY).store_url == "postgresql://acd:p%40ss%2Fword@db/acd"


def test_a_secret_that_is_missing_is_a_problem_like_any_other(config: Path) -> None:
    (config / "secrets" / "main-ami").unlink()
    with pytest.raises(ConfigError, match="main-ami cannot be read"):
        read_service(config, TODAY)


class Pipe:
    """Standard output, as bytes."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()


def test_problems_are_told_to_who_started_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extend(config, "colour: blue\n")
    pipe = Pipe()
    monkeypatch.setattr(sys, "stdout", pipe)
    monkeypatch.setattr(sys, "argv", ["reader", str(config), TODAY.isoformat()])
    reader.main()
    (problem,) = pickle.loads(pipe.buffer.getvalue())
    assert isinstance(problem, Problem)
    assert "colour" in problem.what
