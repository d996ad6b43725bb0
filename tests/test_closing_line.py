"""A run that could not try the real Asterisk says so and fails in CI; no failure is lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

pytestmark = pytest.mark.slow

@pytest.fixture
def lab():
    pytest.skip("no Asterisk here")

@pytest.mark.asterisk
def test_call(lab): ...

def test_fails_at_home(): assert 1 == 2

def test_fine_at_home(): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tests = tmp_path / "tests"
    tests.mkdir()
    shutil.copy(Path(__file__).parent / "conftest.py", tests)
    shutil.copy(Path(__file__).parent.parent / "pyproject.toml", tmp_path)
    (tests / "test_it.py").write_text(TESTS)
    return tmp_path


def run(project: Path, *arguments: str, ci: str = "") -> tuple[int, list[str]]:
    """Run pytest in `project`; its exit status and the lines it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**os.environ, "CI": ci, "PYTEST_XDIST_WORKER": "", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
def test_a_missing_pbx_is_said_and_fails_in_ci_only(project: Path) -> None:
    at_home, said_at_home = run(project, "-m", "asterisk")
    in_ci, said_in_ci = run(project, "-m", "asterisk", ci="true")

    assert (at_home, in_ci) == (0, 1)
    for said in (said_at_home, said_in_ci):
        assert any("THE REAL-PBX TESTS DID NOT RUN" in line for line in said[-8:])
        assert "no Asterisk here" in said


@pytest.mark.slow
def test_two_runs_close_with_one_line(project: Path) -> None:
    first, _ = run(project, "-m", "not asterisk", "--tally-to=tally.json")
    second, said = run(project, "-m", "asterisk", "--tally-from=tally.json")

    assert (first, second) == (1, 0)
    assert "1 failed, 1 passed, 1 skipped" in said[-1]
    assert any(line.startswith("FAILED tests/test_it.py::test_fails_at_home") for line in said)
