"""Where a lab Asterisk lives: the system it runs in, its directories and its ports.

Owns what must not collide when several labs run side by side: each holds a numbered slot, by a
lock that ends with the process, and takes its ports and its directories from that number.
"""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

PBX_ADDRESS = "127.0.0.1"
TRUNK_ADDRESS = "127.0.0.2"
AGENTS_ADDRESS = "127.0.0.3"

INSTALL = Path(__file__).parent / "install.sh"

# Below the range Linux gives to outgoing connections (32768), so that none of ours is taken.
FIRST_PORT = 10_000
PORTS_PER_SLOT = 1_400
SLOTS = 16

# From 8888 on each SIPp takes a port for commands, which nobody gives it. Between our look at one
# and SIPp taking it lie tens of milliseconds, so each process has ports that no other one gives.
_SIPP_PORTS = range(3_000, 8_880, 4)
_SHARES = 16


class LabUnavailableError(Exception):
    """No Asterisk can be had on this machine; the text says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An Asterisk that can be run: on this system itself, or in a system of its own.

    root: the root directory it is run in by chroot; None where it is on PATH.
    """

    root: Path | None

    @classmethod
    def find(cls) -> "Installation":
        """Finds or installs one, which takes about a minute the first time.

        Raises LabUnavailableError with the script's own line where that is impossible.
        """
        done = subprocess.run([INSTALL], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines() or ["tests/lab/install.sh failed"]
            raise LabUnavailableError(reason[-1].removeprefix("lab: "))
        answer = done.stdout.strip()
        return cls(None if answer == "host" else Path(answer))

    def inside(self, path: Path) -> str:
        """The name that Asterisk itself uses for a path of ours."""
        return str(path) if self.root is None else "/" + str(path.relative_to(self.root))

    def outside(self, name: str) -> Path:
        """The path of ours for a name that Asterisk uses."""
        return Path(name) if self.root is None else self.root / name.lstrip("/")

    def stock_directories(self) -> dict[str, str]:
        """The `[directories]` of the installed asterisk.conf: where modules and sounds are."""
        text = self.outside("/etc/asterisk/asterisk.conf").read_text()
        return dict(re.findall(r"^(ast\w+)\s*=>?\s*(\S+)", text, re.MULTILINE))

    def account(self) -> tuple[int, int] | None:
        """User and group ids of the installed system's asterisk account; None: stay who we are."""
        if self.root is None:
            return None
        for line in (self.root / "etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == "asterisk":
                return int(fields[2]), int(fields[3])
        return None

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` beside Asterisk, and ends it with this process.

        PR_SET_PDEATHSIG follows the thread that starts it: start a lab from the main thread.
        """
        guard = ["setpriv", "--pdeathsig", "KILL", *argv]
        if self.root is None:
            return guard
        account = self.account()
        who = [] if account is None else [f"--userspec={account[0]}:{account[1]}"]
        return ["chroot", *who, str(self.root), *guard]

    def nest(self) -> Path:
        """The directory in which every lab has its own."""
        if self.root is not None:
            return self.root / "srv/acd-lab"
        return Path(tempfile.gettempdir()) / f"acd-lab-{os.getuid()}"


class Slot:
    """One numbered place for a lab, held by a lock until `release` or the end of the process.

    sip_port, ami_port: of Asterisk, on 127.0.0.1. rtp_ports: first and last, even to odd.
    agents_port: where the agents' phones listen, on 127.0.0.3.
    """

    def __init__(self, nest: Path) -> None:
        nest.mkdir(parents=True, exist_ok=True)
        for number in range(SLOTS):
            lock = _try_lock(nest / f"slot-{number}.lock")
            if lock is None:
                continue
            base = FIRST_PORT + number * PORTS_PER_SLOT
            if _is_free(socket.SOCK_DGRAM, base) and _is_free(socket.SOCK_STREAM, base + 1):
                break
            lock.close()
        else:
            raise LabUnavailableError(f"all {SLOTS} places for a lab Asterisk are taken")
        self._lock = lock
        self.directory = nest / f"{number}"
        if self.directory.exists():
            shutil.rmtree(self.directory)  # Left by a lab that was killed: its lock is gone.
        self.directory.mkdir(mode=0o700)
        self.sip_port = base
        self.ami_port = base + 1
        self.agents_port = base + 2
        self.rtp_ports = (base + 100, base + PORTS_PER_SLOT - 1)

    def release(self) -> None:
        """Gives the place back; the directory stays until the next lab takes it."""
        self._lock.close()


def _try_lock(path: Path) -> IO[str] | None:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        try:
            probe.bind((PBX_ADDRESS, port))
        except OSError:
            return False
    return True


@cache
def _share_of_ports() -> tuple[IO[str], Iterator[int]]:
    """This process's own ports for SIPp, one after the other for ever, and the lock on them."""
    nest = Path(tempfile.gettempdir()) / f"acd-sipp-{os.getuid()}"
    nest.mkdir(mode=0o700, exist_ok=True)
    for number in range(_SHARES):
        lock = _try_lock(nest / f"share-{number}.lock")
        if lock is not None:
            return lock, itertools.cycle(_SIPP_PORTS[number::_SHARES])
    raise LabUnavailableError(f"all {_SHARES} shares of the ports for SIPp are taken")


def free_udp_port(address: str) -> int:
    """A UDP port of the address for SIPp, which cannot choose its own.

    It is even, and nobody has it or the three after it, which SIPp takes for RTCP and video. It is
    below the ports of labs and of outgoing connections, no other process is given it, and this one
    is given it again only after all its others.
    """
    _, ports = _share_of_ports()
    for _ in range(len(_SIPP_PORTS) // _SHARES):
        port = next(ports)
        with contextlib.ExitStack() as probes:
            try:
                for each in range(port, port + 4):
                    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    probes.enter_context(probe).bind((address, each))
            except OSError:
                continue
        return port
    raise LabUnavailableError(f"no UDP port of {address} is free")
