"""README's steps to a seventh option, followed to the letter in a copy of the sample."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from acd.config.loader import load
from acd.errors import ConfigError, Problem
from acd.rehearsal import failures
from tests.config.conftest import TODAY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Add an option\n")[2].partition("\n## ")[0]

SPEAKER = """\
import sys, wave
with wave.open(sys.argv[sys.argv.index("-w") + 1], "wb") as out:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(16000)
    out.writeframes(bytes(range(200)) * 80)
"""


class Edit(NamedTuple):
    """What a step has somebody write: in which file, where, and what."""

    file: str
    where: str
    text: str


EDITS = [Edit(*found) for found in re.findall(r"```yaml\n# (\S+), (.+)\n((?:.+\n)+?)```", SECTION)]
COMMANDS = re.findall(r"^acd (.+?)(?: +# ends with: (.+))?$", SECTION, re.MULTILINE)


def follow(root: Path, edit: Edit) -> None:
    """Do what the first line of a block says."""
    path = root / edit.file
    text = path.read_text(encoding="utf-8")
    if edit.where == "at the end":
        path.write_text(text + edit.text, encoding="utf-8")
        return
    if before := re.fullmatch(r'before "(\w+:)"', edit.where):
        place = re.compile(rf"^\n?(?={before[1]}$)", re.MULTILINE)
    else:
        (agent,) = re.findall(r"instead of the line of (\d+)", edit.where)
        place = re.compile(rf'^- {{id: "{agent}".*\n', re.MULTILINE)
    changed, count = place.subn(lambda found: edit.text + found[0] * (before is not None), text, 1)
    assert count == 1, edit
    path.write_text(changed, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sample: configuration, menus and what is spoken."""
    for name in ("config", "ivr_menus", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def told(root: Path) -> list[str]:
    """What `acd check` has to tell of the copy, but for what is not spoken yet."""
    found: list[Problem] = []
    try:
        loaded = load(root / "config", today=TODAY, need_prompts=False)
        found = failures(loaded.plan, loaded.expectations)
    except ConfigError as error:
        found = list(error.problems)
    return [str(problem).replace(f"{root}/", "") for problem in found]


def test_the_section_has_its_steps() -> None:
    assert [edit.file for edit in EDITS] == [
        "config/skills.yaml",
        "config/agents.yaml",
        "config/queues.yaml",
        "ivr_menus/main.yaml",
        "ivr_menus/main.yaml",
    ]
    assert [command for command, _ in COMMANDS] == [
        "prompts build", "check", "menus try --keys 7", "menus try --keys 97"]  # fmt: skip


def test_who_follows_the_steps_has_a_seventh_option(copy: Path) -> None:
    for edit in EDITS:
        follow(copy, edit)
    assert told(copy) == []
    loaded = load(copy / "config", today=TODAY, need_prompts=False)
    examples = [each for each in loaded.expectations if each.queue == "moving"]
    assert [each.keys for each in examples] == ["7", "97"]


@pytest.mark.parametrize(
    ("left_out", "problem"),
    [
        (0, 'config/agents.yaml:LINE: unknown skill "moving"'),
        (1, 'config/queues.yaml:LINE: no agent can serve the queue "moving", which needs moving 1'),
        (2, 'ivr_menus/main.yaml:LINE: unknown queue "moving"'),
        (3, 'ivr_menus/main.yaml:LINE: this call does not end in the queue "moving" but in the '
            'queue "switchboard"'),
    ],
)  # fmt: skip
def test_who_leaves_out_a_step_is_told(copy: Path, left_out: int, problem: str) -> None:
    for number, edit in enumerate(EDITS):
        if number != left_out:
            follow(copy, edit)
    lines = [re.sub(r":\d+:\d+:", ":LINE:", line) for line in told(copy)]
    assert any(line.startswith(problem) for line in lines), lines


@pytest.mark.slow
def test_the_commands_say_what_the_section_promises(copy: Path) -> None:
    """A program of ours speaks, as not every machine has espeak-ng."""
    for edit in EDITS:
        follow(copy, edit)
    speaker = copy / "bin" / "espeak-ng"
    speaker.parent.mkdir()
    speaker.write_text(f"#!{sys.executable} -S\n{SPEAKER}")
    speaker.chmod(0o755)
    for typed, promised in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "acd", *typed.split()],
            cwd=copy,
            env={"PYTHONPATH": str(ROOT), "PATH": f"{speaker.parent}:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith(promised), typed
