"""What a configuration comes to for an engine, and a process apart that reads it.

Reading takes longer than most of what a start consists of, and a reload must not hold up the
event loop, which parsing does even from a thread: so another process reads, and this one does
something else. It imports for that what an engine has no other use for, and ends.

Rules: everything here is plain data, secrets are never shown; what the reader finds wrong is told
here as if it had been found here. What comes through the pipe is our own process's word.
Unpickling it in a thread does not hold up the event loop: each of msgspec's structs is built again
by a function in Python, and between two of them the interpreter changes threads.
This module must not import what reading needs.
"""

import pickle
import subprocess
import sys
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import IO, Final, Literal, Self

from acd.core.ids import PbxId
from acd.core.plan import Plan
from acd.errors import ConfigError, OperatorError, Problem
from acd.retention import DEFAULT, Retention

_READER: Final = "acd.config.reader"
EXAMPLES: Final = "with-examples"


@dataclass(frozen=True, slots=True)
class PbxAccess:
    """One PBX, and what proves us to it and its events to us."""

    name: PbxId
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    """The AMI password."""
    system_name: str = field(repr=False)
    """asterisk.conf's ``systemname``; empty when the configuration names none."""


@dataclass(frozen=True, slots=True)
class QueueLogSettings:
    """The file that reporting tools read."""

    path: Path
    most_bytes: int
    numbers: bool
    """Whether callers' numbers stand in it whole."""


@dataclass(frozen=True, slots=True)
class Service:
    """All that an engine is started with; complete, and consistent."""

    plan: Plan
    pbxs: tuple[PbxAccess, ...]
    http_host: str
    http_port: int
    tokens_file: Path | None
    data_dir: Path
    """The folder for what the engine writes; it need not be there yet."""
    recordings_dir: Path | None
    """The folder of recordings; None when there are none."""
    store_url: str = field(repr=False)
    """With its password."""
    log_format: Literal["text", "json"]
    watched: tuple[Path, ...] = ()
    """The folders it was read from, when their edits are to be noticed."""
    voicemail_dir: Path = Path("voicemail")
    """Where the engine finds what callers left; it need not be there."""
    time_zone: str = ""
    """The name of the zone whose wall clock dates mean; "" where it is not known."""
    agents_shown: bool = False
    """Whether reports show agents one by one."""
    retention: Retention = DEFAULT
    """For how long what is kept of people is kept."""
    country_code: str = "49"
    """Of the country whose numbers begin with one 0."""
    queue_log: QueueLogSettings | None = None
    """The queue_log of ours; None when there is none."""
    queue_log_on_pbx: bool = False
    """Whether the PBXs' own get the same lines."""


def needs_restart(running: Service, fresh: Service) -> tuple[str, ...]:
    """Return what is different in ``fresh`` and no reload changes, a line each, without secrets."""
    lines = []
    pbxs = {pbx.name: pbx for pbx in running.pbxs}
    for pbx in fresh.pbxs:
        known = pbxs.pop(pbx.name, None)
        if known is None:
            lines.append(f"pbxs: {pbx.name} is new")
        elif known != pbx:
            lines.append(f"pbxs: {pbx.name}: {', '.join(_different(known, pbx))}")
    lines += [f"pbxs: {name} is gone" for name in pbxs]
    names = {"http_host": "http: host", "http_port": "http: port", "data_dir": "data_path"}
    names |= {"queue_log": "reporting: queue_log"}
    names |= {"queue_log_on_pbx": "reporting: queue_log_on_pbx"}
    names |= {"tokens_file": "http: tokens_file", "store_url": "store", "log_format": "log_format"}
    names |= {"retention": "retention"}
    return (*lines, *(names[name] for name in _different(running, fresh) if name in names))


def _different(one: object, other: PbxAccess | Service) -> list[str]:
    """The fields in which they differ."""
    names = [one_field.name for one_field in fields(other)]
    return [name for name in names if getattr(one, name) != getattr(other, name)]


class Reader:
    """Reads a configuration in a process of its own, beginning now; a context that ends it.

    ``today``, in any time zone, says for which years calendars are made. ``examples`` has the
    menus' examples played as well, so that exactly what ``acd check`` refuses is refused.
    """

    def __init__(self, config_dir: Path, today: date, *, examples: bool = False) -> None:
        words = [str(config_dir), today.isoformat(), *([EXAMPLES] if examples else [])]
        # -P: what lies in the folder somebody happens to be in is no module of ours.
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", _READER, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def service(self) -> Service:
        """Wait for it. Raises ConfigError with every problem of the configuration."""
        said, _ = self._child.communicate()
        if self._child.returncode:
            ended = f"the process that reads the configuration ended with {self._child.returncode}"
            raise OperatorError(f"{ended}; nothing was started or changed, try again")
        found: Service | tuple[Problem, ...] = pickle.loads(said)
        if isinstance(found, tuple):
            raise ConfigError(found)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        # Popen's own way out closes the pipe and waits.
        self._child.kill()
        with self._child:
            pass


def tell(found: Service | tuple[Problem, ...], to: IO[bytes]) -> None:
    """Write, in the reader's process, what `Reader.service` waits for."""
    pickle.dump(found, to, pickle.HIGHEST_PROTOCOL)
