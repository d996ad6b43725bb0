"""One lab Asterisk: started, asked, restarted, killed and stopped.

It runs the project's sample configuration (see `configs`) in a place of its own (see `place`), on
loopback only, so that several stand side by side. It ends with the process that started it.
"""

import csv
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from acd.core.plan import Plan
from tests.lab.ami import AmiError, Observer, observing
from tests.lab.configs import Layout, Secrets, render
from tests.lab.place import PBX_ADDRESS, Installation, LabUnavailableError, Slot

BOOT_DEADLINE_SECONDS = 30
STOP_DEADLINE_SECONDS = 10

CDR_FIELDS = (
    "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end "
    "duration billsec disposition amaflags uniqueid userfield"
).split()


@dataclass(frozen=True, slots=True)
class CdrRow:
    """One line of Asterisk's own call record; `uniqueid` is of the channel it is about."""

    uniqueid: str
    channel: str
    src: str
    dst: str
    last_app: str
    disposition: str
    duration_seconds: int
    talk_seconds: int


class LabAsterisk:
    """A running lab Asterisk; made by `start`.

    host, sip_port, ami_port; ami_user and ami_secret are acd's own login with the sample's rights
    and filters, `observer()` is one with all rights and no filter. system_name is the secret one.
    directory: its configuration (etc) and logs (log). prompts_path_on_pbx: where it finds the
    prompts given to `start`, for `prompts_path_on_pbx` in acd's configuration.
    """

    def __init__(self, place: Installation, slot: Slot, layout: Layout) -> None:
        self.place = place
        self.slot = slot
        self.layout = layout
        self.host = PBX_ADDRESS
        self.sip_port = layout.sip_port
        self.ami_port = layout.ami_port
        self.agents_port = layout.agents_port
        self.ami_user = "acd"
        self.ami_secret = layout.secrets.acd
        self.system_name = layout.secrets.system_name
        self.agents = layout.agents
        self.agents_secret = layout.secrets.agents
        self.directory = slot.directory
        self.prompts_path_on_pbx = place.inside(slot.directory / "prompts")
        self.voicemail_path_on_pbx = place.inside(slot.directory / "voicemail")
        self.boot_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls,
        workdir: Path,
        agents: Iterable[str] = ("1001", "1002"),
        *,
        prompts: Path | None = None,
        phones_register: bool = False,
        qualify_seconds: int = 0,
        verbose: int = 0,
        emergency: Plan | None = None,
        tells_all: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> Self:
        """Starts one and returns when it is fully booted (about a second).

        `workdir/pbx` becomes a link to its directory. `prompts` is copied into it. `emergency` is
        the plan for its queues without an engine, `tells_all` has AMI tell what the samples
        switch off (see `Layout`). `extra` is text appended to its configuration files, by name.
        Raises LabUnavailableError where there is no Asterisk, RuntimeError with the tail of its
        log where it does not start.

        Call it from the main thread: the PBX is killed when the thread that started it ends.
        """
        place = Installation.find()
        slot = Slot(place.nest())
        home = slot.directory
        stock = place.stock_directories()
        mine = {
            "astetcdir": "etc", "astvarlibdir": "lib", "astdbdir": "lib", "astkeydir": "lib",
            "astspooldir": "spool", "astrundir": "run", "astlogdir": "log", "astcachedir": "lib",
        }  # fmt: skip
        directories = {name: place.inside(home / part) for name, part in mine.items()}
        directories |= {name: stock[name] for name in ("astmoddir", "astdatadir", "astagidir")}
        layout = Layout(
            directories=directories,
            sip_port=slot.sip_port,
            ami_port=slot.ami_port,
            rtp_ports=slot.rtp_ports,
            agents_port=slot.agents_port,
            secrets=Secrets(*(secrets.token_hex(16) for _ in range(4))),
            agents=tuple(agents),
            phones_register=phones_register,
            qualify_seconds=qualify_seconds,
            verbose=verbose,
            emergency=emergency,
            tells_all=tells_all,
            extra=dict(extra or {}),
        )
        lab = cls(place, slot, layout)
        try:
            for part in sorted({*mine.values(), "prompts", "voicemail"}):
                (home / part).mkdir()
            (home / "log" / "cdr-csv").mkdir()
            (home / "lib" / "keys").mkdir()
            if prompts is not None:
                shutil.copytree(prompts, home / "prompts", dirs_exist_ok=True)
            lab.write_configuration()
            workdir.mkdir(parents=True, exist_ok=True)
            link = workdir / "pbx"
            link.unlink(missing_ok=True)
            link.symlink_to(home)
            lab.boot()
            lab.refuse_ignored_settings()
        except BaseException:
            lab.stop()
            raise
        return lab

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def write_configuration(self) -> None:
        """Writes all configuration files, readable by Asterisk alone, and gives it its place."""
        for name, text in render(self.layout).items():
            path = self.directory / "etc" / name
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(text)
        account = self.place.account()
        if account is not None:
            for path in (self.directory, *self.directory.rglob("*")):
                os.chown(path, *account)

    def refuse_ignored_settings(self) -> None:
        """Raises RuntimeError where Asterisk passed over a part of its configuration files."""
        log = (self.directory / "log" / "messages.log").read_text(errors="replace")
        if line := re.search(r"^.*(WARNING|ERROR)\[\d+\] config\.c:.*$", log, re.MULTILINE):
            raise RuntimeError(f"Asterisk ignores what it was configured to do: {line[0]}")

    def boot(self) -> None:
        """Starts the process, after `stop_process`, `kill` or for the first time."""
        began = time.monotonic()
        configuration = f"{self.layout.directories['astetcdir']}/asterisk.conf"
        console = (self.directory / "log" / "console.log").open("ab")
        with console:
            self._process = subprocess.Popen(
                self.place.command("asterisk", "-f", "-C", configuration),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # A terminal's Ctrl-C is for us to pass on.
            )
        self._wait_until_booted()
        self.boot_seconds = time.monotonic() - began

    def _wait_until_booted(self) -> None:
        deadline = time.monotonic() + BOOT_DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                with self.observer() as observer:
                    observer.event("FullyBooted", timeout=deadline - time.monotonic())
                    return
            except (OSError, AmiError):
                time.sleep(0.02)
        raise RuntimeError(f"the lab's Asterisk did not start:\n{self.log_tail()}")

    @property
    def pid(self) -> int:
        """The process id of the running Asterisk."""
        assert self._process is not None, "the lab's Asterisk is not running"
        return self._process.pid

    def observer(self, record: Path | None = None) -> Observer:
        """A new AMI session that sees and may do everything; close it."""
        return Observer(
            self.host, self.ami_port, "observer", self.layout.secrets.observer, record=record
        )

    def prompt(self, name: str) -> str:
        """Where it finds the shipped prompt of this name (`de/main/options`), without ending."""
        folder, _, last = name.rpartition("/")
        [found] = (self.directory / "prompts" / folder).glob(f"{last}.*")
        return f"{self.prompts_path_on_pbx}/{folder}/{found.stem}"

    def cli(self, line: str) -> str:
        """What the CLI command prints."""
        with observing(
            self.host, self.ami_port, "observer", self.layout.secrets.observer
        ) as observer:
            return observer.command(line)

    def current_calls(self) -> int:
        """CoreCurrentCalls: a leaked channel keeps it up for ever."""
        with self.observer() as observer:
            return int(observer.action("CoreStatus")["CoreCurrentCalls"])

    def channels(self) -> list[str]:
        """The names of all channels there are."""
        with self.observer() as observer:
            return [row["Channel"] for row in observer.rows("CoreShowChannels")]

    def hang_up_all(self) -> None:
        """Ends every channel there is."""
        with self.observer() as observer:
            observer.action("Hangup", Channel="/.*/")
        self.wait_until_idle()

    def wait_until_idle(self, timeout: float = 10) -> None:
        """Returns when no channel is left; raises TimeoutError that names those that are."""
        deadline = time.monotonic() + timeout
        while names := self.channels():
            if time.monotonic() > deadline:
                raise TimeoutError(f"channels left after {timeout} s: {names}")
            time.sleep(0.05)

    def cpu_seconds(self) -> float:
        """Processor time it has used since it was started, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cdr_rows(self) -> list[CdrRow]:
        """Asterisk's own record of every call so far."""
        path = self.directory / "log" / "cdr-csv" / "Master.csv"
        if not path.exists():
            return []
        with path.open(newline="") as file:
            rows = [dict(zip(CDR_FIELDS, row, strict=False)) for row in csv.reader(file)]
        return [
            CdrRow(
                row["uniqueid"], row["channel"], row["src"], row["dst"], row["lastapp"],
                row["disposition"], int(row["duration"]), int(row["billsec"]),
            )
            for row in rows
        ]  # fmt: skip

    def log_tail(self, lines: int = 30) -> str:
        """The end of its log, for a failure's text."""
        text = ""
        for name in ("console.log", "messages.log"):
            path = self.directory / "log" / name
            if path.exists():
                tail = path.read_text(errors="replace").splitlines()[-lines:]
                text += f"--- {name}\n" + "\n".join(tail) + "\n"
        return text

    def restart(self) -> None:
        """`core restart now`: every call ends, and it is back when this returns."""
        with self.observer() as observer:
            before = observer.action("CoreStatus")
            try:
                observer.command("core restart now")
            except AmiError:
                pass  # It may be gone before it answers.
            deadline = time.monotonic() + STOP_DEADLINE_SECONDS
            while not observer.closed and time.monotonic() < deadline:
                time.sleep(0.01)
        assert before["CoreStartupTime"]
        self._wait_until_booted()

    def kill(self) -> None:
        """`kill -9`: no goodbye on any connection. `boot` brings it back."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop_process(self) -> None:
        """Ends the process in good order, by a signal and at last by kill."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ends it for good; its directory stays to be read until another lab takes the place."""
        self.stop_process()
        self.slot.release()


__all__ = ["CdrRow", "LabAsterisk", "LabUnavailableError"]
