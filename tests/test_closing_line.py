"""A run that could not try the real Asterisk says so and fails in CI; no failure is lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

from tests.scenarios.figures import note

pytestmark = pytest.mark.slow

@pytest.fixture
def lab():
    pytest.skip("no Asterisk here")

@pytest.mark.asterisk
def test_call(lab): ...

def test_fails_at_home(): assert 1 == 2

def test_fine_at_home(): ...

@pytest.mark.asterisk
@pytest.mark.parametrize("milliseconds", [3.0, 5.0])
def test_measures(milliseconds): note("from here to there", milliseconds)
"""
USED = ("faults/__init__", "faults/ledger", "faults/table", "scenarios/__init__")
USED += ("scenarios/figures", "scenarios/ledger", "__init__", "conftest")
"""Of this project's tests."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tests = tmp_path / "tests"
    for name in USED:
        copy = (tests / name).with_suffix(".py")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy((Path(__file__).parent / name).with_suffix(".py"), copy)
    shutil.copy(Path(__file__).parent.parent / "pyproject.toml", tmp_path)
    (tests / "scenarios" / "test_it.py").write_text(TESTS)
    return tmp_path


def run(project: Path, *arguments: str, ci: str = "") -> tuple[int, list[str]]:
    """Run pytest in `project`; its exit status and the lines it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**os.environ, "CI": ci, "PYTEST_XDIST_WORKER": "", "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
def test_a_missing_pbx_is_said_and_fails_in_ci_only(project: Path) -> None:
    at_home, said_at_home = run(project, "-m", "asterisk", "-k", "call")
    in_ci, said_in_ci = run(project, "-m", "asterisk", "-k", "call", ci="true")

    assert (at_home, in_ci) == (0, 1)
    for said in (said_at_home, said_in_ci):
        assert any("THE REAL-PBX TESTS DID NOT RUN" in line for line in said[-8:])
        assert "no Asterisk here" in said


@pytest.mark.slow
def test_two_runs_close_with_one_line(project: Path) -> None:
    first, _ = run(project, "-m", "not asterisk", "--tally-to=tally.json")
    second, said = run(project, "-m", "asterisk", "-n", "2", "--tally-from=tally.json")

    assert (first, second) == (1, 0)
    assert "1 failed, 3 passed, 1 skipped" in said[-1]
    assert "from here to there: median 5.0 ms, worst 5.0 ms, 2 times" in said
    assert any(
        line.startswith("FAILED tests/scenarios/test_it.py::test_fails_at_home") for line in said
    )


@pytest.mark.slow
def test_one_who_needs_the_pbx_is_refused_where_nobody_would_look_for_him(project: Path) -> None:
    (project / "tests" / "test_else.py").write_text(TESTS)
    status, said = run(project, "-m", "not asterisk", "-k", "fine")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert any("move it there, or add its directory" in line for line in said)
