"""`acd prompts ...` as an operator types it, on a small configuration with a speaker of its own."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.cli import app
from tests.config.conftest import Small
from tests.sounds import needs_sox, tone, write_wav

pytestmark = pytest.mark.slow


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A configuration whose prompts are all one tone, and copied rather than spoken."""
    needs_sox()
    made = Small(tmp_path)
    tones = write_wav(tmp_path / "tone.wav", [*tone(), 0.9, *tone()])
    command = json.dumps(["sh", "-c", f"cp {shlex.quote(str(tones))} $1", "-", "{file}", "{text}"])
    made.edit("config/acd.yaml", "service_name", f"speech: {{command: {command}}}\nservice_name")
    return made


def prompts(small: Small, *words: str, status: int = 0) -> str:
    told = CliRunner().invoke(app, ["prompts", *words, "--config", str(small.root / "config")])
    assert told.exit_code == status, told.output
    return told.output


def test_they_are_built_reported_and_cleaned(small: Small) -> None:
    assert "12 missing" in prompts(small, "report")
    assert prompts(small, "report", "--strict", status=1)
    built = prompts(small, "build")
    assert built == "12 prompts spoken, 0 recorded by hand and left alone\n"
    assert prompts(small, "report", "--strict") == "12 prompts: 12 spoken\n"
    small.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    assert "spoken, old text" in prompts(small, "report")
    assert prompts(small, "build").startswith("1 prompts spoken")
    assert "1 unused" in prompts(small, "report")
    assert prompts(small, "clean") == "0 files removed, 1 not unused for long enough\n"
    removed, counted = prompts(small, "clean", "--keep-hours", "0").splitlines()
    assert removed.startswith("removed de/main/welcome.")
    assert counted == "1 files removed, 0 not unused for long enough"
    assert prompts(small, "report") == "12 prompts: 12 spoken\n"


def test_a_recording_is_measured_and_its_text_watched(small: Small) -> None:
    write_wav(small.root / "prompts/de/main/welcome.wav", tone(level=2.0))
    prompts(small, "build")
    told = json.loads(prompts(small, "report", "--json", "--strict", status=1))
    assert told["counts"]["clipped"] == 1
    small.edit("ivr_menus/main.yaml", "Guten Tag.", "Guten Morgen.")
    assert "recorded, old text" in prompts(small, "report")
    assert "1 of these before the text changed" in prompts(small, "build")
    prompts(small, "accept", "de/main/welcome")
    assert "old text" not in prompts(small, "report")
    refused = prompts(small, "accept", "de/main/options", status=1)
    assert "de/main/options is not recorded" in refused


def test_without_sox_the_rest_is_reported(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wav(small.root / "prompts/de/main/welcome.wav", tone())
    monkeypatch.setenv("PATH", str(small.root))
    told = prompts(small, "report")
    assert "install the package sox" in told
    assert "1 recorded, 11 missing" in told
