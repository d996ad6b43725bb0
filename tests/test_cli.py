"""The commands as an operator types them: each in a process of its own."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import pytest

import acd
from acd.config.loader import load
from acd.demo import Stage, scene
from acd.remote import TOKEN_VARIABLE
from tests.test_remote import CALL, TOKEN, Web

ROOT = Path(__file__).parent.parent
ACD = [sys.executable, "-c", "from acd.cli import app; app()"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ACD, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def config_for(folder: Path, ami_port: int, http_port: int, secret: str, system_name: str) -> Path:
    """The sample configuration with other ports and secrets of its own."""
    config = folder / "config"
    config.mkdir()
    for name in ("queues", "agents", "skills", "groups", "hours"):
        (config / f"{name}.yaml").write_text((ROOT / "config" / f"{name}.yaml").read_text())
    shutil.copytree(ROOT / "config" / "clients", config / "clients")
    text = (ROOT / "config" / "acd.yaml").read_text()
    text = text.replace("5038", str(ami_port)).replace("8023", str(http_port))
    lines = (f"menus: {ROOT}/ivr_menus", f"prompts: {ROOT}/prompts")
    (config / "acd.yaml").write_text(text + "\n" + "\n".join(lines) + "\n")
    secrets = config / "secrets"
    secrets.mkdir()
    for name, value in (("main-ami", secret), ("main-systemname", system_name)):
        (secrets / name).write_text(value + "\n")
        (secrets / name).chmod(0o600)
    return config


def page(url: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


class Started:
    """`acd run`, and its log."""

    def __init__(self, config: Path) -> None:
        self.log: list[str] = []
        self.began = time.monotonic()
        command = [*ACD, "run", "--config", str(config)]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    def until_says(self, text: str) -> None:
        """Wait for a line of the log with this text, unless it has come already."""
        if any(text in line for line in self.log):
            return
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if text in line:
                return
        raise AssertionError("".join(self.log))

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=10)
        self.log.append(rest)
        return self.process.returncode


def test_version() -> None:
    assert run("version").stdout == f"{acd.__version__}\n"


def test_the_sample_configuration_has_no_problems() -> None:
    checked = run("check")
    assert checked.returncode == 0, checked.stderr
    counted = (
        r"config: 6 queues, \d+ agents, \d+ menus, 2 clients, \d+ examples of calls: no problems\n"
    )
    assert re.fullmatch(counted, checked.stdout)


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.slow
def test_every_mistake_is_told_and_nothing_starts(command: str, tmp_path: Path) -> None:
    config = config_for(tmp_path, 1, free_port(), "x", "y")
    with (config / "queues.yaml").open("a") as stream:
        stream.write("\nnobody:\n  label: {de: Niemand, en: Nobody}\n  needs: {juggling: 1}\n")
    with (config / "acd.yaml").open("a") as stream:
        stream.write("colour: blue\n")
    told = run(command, "--config", str(config))
    assert told.returncode == 1
    assert told.stdout == ""
    assert re.search(r"queues\.yaml:\d+:\d+: .*juggling", told.stderr)
    assert re.search(r"acd\.yaml:\d+:\d+: .*colour", told.stderr)
    assert "Traceback" not in told.stderr


@pytest.mark.slow
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    config = config_for(tmp_path, 1, free_port(), "x", "y")
    (config / "secrets" / "main-ami").chmod(0o644)
    told = run("run", "--config", str(config))
    assert told.returncode == 1
    assert "chmod 600" in told.stderr


@pytest.mark.slow
def test_run_serves_reloads_and_ends_cleanly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_port = free_port()
    url = f"http://127.0.0.1:{http_port}"
    loaded = load(ROOT / "config", today=date(2026, 11, 22))
    with Stage() as stage:
        wanted = scene(loaded.plan, loaded.prompts_dir, seed=1, calls_an_hour=1)
        ami_port = stage.open(wanted)
        config = config_for(tmp_path, ami_port, http_port, wanted.secret, wanted.system_name)
        daemon = Started(config)
        daemon.until_says(" ready ")
        daemon.until_says("state=live")
        started_seconds = time.monotonic() - daemon.began
        assert page(url + "/readyz") == (200, '{"ready":true,"problems":[]}')
        told = run("explain", "main-1.1", "--config", str(config))
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.startswith("call main-1.1: no such call")
        assert len(told.stderr.splitlines()) == 1
        with capsys.disabled():
            print(f"\nstart to ready: {started_seconds:.2f} s", end=" ")
        queues = config / "queues.yaml"
        queues.write_text(queues.read_text().replace("target_seconds: 10", "target_seconds: 11"))
        told = run("reload", "--config", str(config))
        assert told.returncode == 0, told.stderr
        # Unless the edit was noticed before it was asked for.
        changed = "queue fault changed: target_seconds 10 -> 11"
        assert told.stdout in (f"{changed}\n1 change is at work\n", "nothing is different\n")
        daemon.until_says(changed)
        queues.write_text("nonsense: [\n")
        told = run("reload", "--config", str(config))
        assert (told.returncode, told.stdout) == (1, "")
        assert re.match(r"\S*queues\.yaml:\d+:\d+: not valid YAML", told.stderr)
        assert told.stderr.endswith("nothing was started or changed\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until_says("reload_refused")
        assert daemon.end() == 0
    log = "".join(daemon.log)
    assert wanted.secret not in log
    assert wanted.system_name not in log
    assert "stopped" in log


@pytest.mark.slow
def test_explain_tells_the_story_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    web = Web()
    told = run("explain", CALL, "--url", web.url)
    web.close()
    assert told.returncode == 0, told.stderr
    assert web.asked == [(f"/api/v1/calls/{CALL}/explain", f"Bearer {TOKEN}")]
    assert f"Call {CALL}" in told.stdout
    assert re.search(r"relaxed +step 1", told.stdout)
    assert "skill: fault 3 < 5: 1002 Bo Berg" in told.stdout


def test_explain_without_an_engine_is_one_line() -> None:
    told = run("explain", CALL, "--url", f"http://127.0.0.1:{free_port()}")
    assert (told.returncode, told.stdout) == (1, "")
    assert "no engine is reached" in told.stderr
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.slow
def test_run_without_a_pbx_says_so_and_goes_on(tmp_path: Path) -> None:
    http_port = free_port()
    daemon = Started(config_for(tmp_path, free_port(), http_port, "x", "y"))
    daemon.until_says(" ready ")
    status, text = page(f"http://127.0.0.1:{http_port}/readyz")
    assert status == 503
    assert "cannot be reached: Connection refused" in text
    assert daemon.end(signal.SIGINT) == 0


@pytest.mark.slow
def test_an_http_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = config_for(tmp_path, 1, taken.getsockname()[1], "x", "y")
        told = run("run", "--config", str(config))
    assert told.returncode == 1
    assert "another program listens there" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.slow
def test_the_demonstration_runs_and_ends_with_ctrl_c() -> None:
    demo = subprocess.Popen(
        [*ACD, "demo", "--calls-an-hour", "20000"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    with demo:
        seen = []
        for line in demo.stdout:
            seen.append(line)
            if "12 agents" in line:
                break
        demo.send_signal(signal.SIGINT)
        began = time.monotonic()
        demo.communicate(timeout=10)
        assert demo.returncode == 0
    assert seen[0].startswith("http://127.0.0.1:")
    assert time.monotonic() - began < 10


@pytest.mark.slow
def test_a_virtual_hour_is_reported() -> None:
    report = run("sim", "--seed", "7", "--hours", "0.05")
    assert report.returncode == 0, report.stdout
    assert "no violations with seed 7" in report.stdout


@pytest.mark.slow
def test_an_example_that_does_not_hold_fails_the_check(tmp_path: Path) -> None:
    config = config_for(tmp_path, 1, free_port(), "x", "y")
    menus = tmp_path / "menus"
    shutil.copytree(ROOT / "ivr_menus", menus)
    with (menus / "main.yaml").open("a") as stream:
        stream.write('  - {keys: "3", queue: fault}\n')
    acd = config / "acd.yaml"
    acd.write_text(re.sub(r"(?m)^menus:.*\n", "", acd.read_text()) + f"\nmenus: {menus}\n")
    told = run("check", "--config", str(config))
    assert told.returncode == 1
    assert told.stdout == ""
    assert re.search(
        r'main\.yaml:\d+:5: this call does not end in the queue "fault" but in the queue "meter"',
        told.stderr,
    )


@pytest.mark.slow
def test_a_warning_is_told_and_stops_nothing(tmp_path: Path) -> None:
    config = config_for(tmp_path, 1, free_port(), "x", "y")
    hours = "{time_zone: Etc/UTC, weekly: {mon-sun: closed}}"
    with (config / "hours.yaml").open("a") as stream:
        stream.write(f"night: {hours}\n")
    told = run("check", "--config", str(config))
    assert told.returncode == 0
    assert re.search(r"hours\.yaml:\d+:1: warning: \"night\" does not open", told.stderr)
    assert told.stdout.endswith("no problems, 1 to look at\n")


@pytest.mark.slow
def test_a_menu_can_be_tried_without_a_telephone() -> None:
    tried = run("menus", "try", "--keys", "92")
    assert tried.returncode == 0, tried.stderr
    assert "en: To report a fault or a burst pipe, press 1." in tried.stdout
    assert tried.stdout.splitlines()[-1].startswith("-> queue billing")


@pytest.mark.slow
def test_a_menu_can_be_drawn(tmp_path: Path) -> None:
    graph = run("menus", "graph", "--mermaid").stdout
    assert graph.startswith("flowchart TD\n")
    assert '(["queue house_connection"])' in graph
    assert run("menus", "graph", "mian", "--mermaid").returncode == 1
    told = run("menus", "graph", "--mermaid", "--output", str(tmp_path / "drawn")).stdout
    assert f"{tmp_path}/drawn/agent-33.mmd written\n" in told
    assert (tmp_path / "drawn" / "main.mmd").read_text() == graph


@pytest.mark.slow
def test_the_schema_of_a_kind_of_file_is_printed() -> None:
    assert re.search(r"^queues\tconfig/queues\.yaml$", run("schema").stdout, re.MULTILINE)
    assert run("schema", "queues").stdout.startswith('{\n  "$schema": "http://json-schema.org/')
    refused = run("schema", "queue")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert 'did you mean "queues"?' in refused.stderr


def test_help_names_every_command() -> None:
    text = run("--help").stdout
    for command in ("run", "check", "demo", "explain", "sim", "prompts", "menus", "version"):
        assert re.search(rf"^\s+{command}\b", text, re.MULTILINE)


def test_nothing_heavy_is_imported_for_a_small_command() -> None:
    code = "import sys, acd.cli; print({'fastapi', 'panoramisk', 'pydantic'} & {*sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
