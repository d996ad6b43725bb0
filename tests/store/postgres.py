"""A PostgreSQL server of our own: found or installed, made, started, stopped, and taken away.

It runs on a free port of the loopback, with its data in a temporary directory, as a user who is
not root (initdb refuses root). Nothing of a server that already runs on the machine is touched.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

ADDRESS = "127.0.0.1"
USER = "acd"
PASSWORD = "right-horse"  # Of a server that lives for one test run, on the loopback.


class PostgresUnavailableError(Exception):
    """No PostgreSQL can be had on this machine; the text says why, and what would help."""


def programs() -> Path:
    """The directory with initdb and pg_ctl; installs them where apt and root can."""
    if found := _installed():
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PostgresUnavailableError("no PostgreSQL; as root: apt-get install -y postgresql")
    install = "apt-get update -q && apt-get install -y --no-install-recommends postgresql"
    done = subprocess.run(
        ["sh", "-c", install],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        check=False,
    )
    if found := _installed():
        return found
    said = (done.stderr.strip().splitlines() or ["apt-get said nothing"])[-1]
    raise PostgresUnavailableError(f"PostgreSQL could not be installed: {said}")


def _installed() -> Path | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Postgres:
    """One server. ``start`` and ``stop`` may be called again and again; ``remove`` ends it."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make a cluster; only a ``durable`` one writes through to the disk."""
        self._bin = programs()
        self._home = Path(tempfile.mkdtemp(prefix="acd-postgres-"))
        self._data = self._home / "data"
        self._owner = _unprivileged()
        secret = self._home / "password"
        secret.write_text(PASSWORD)
        if self._owner:
            for path in (self._home, secret):
                shutil.chown(path, self._owner)
        with socket.socket() as free:
            free.bind((ADDRESS, 0))
            self.port: int = free.getsockname()[1]
        self._run(
            *("initdb", "--pgdata", self._data, "--username", USER, "--auth", "scram-sha-256"),
            *("--pwfile", secret, "--encoding", "UTF8", "--no-locale", "--no-sync"),
        )
        settings = [
            f"port = {self.port}",
            f"listen_addresses = '{ADDRESS}'",
            f"unix_socket_directories = '{self._home}'",
            f"fsync = {'on' if durable else 'off'}",
        ]
        with (self._data / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        log = self._home / "log"
        self._run("pg_ctl", "start", "--pgdata", self._data, "--wait", "--silent", "--log", log)

    def stop(self) -> None:
        """Stop it as if its machine lost power: connections break, nothing is tidied up."""
        self._run("pg_ctl", "stop", "--pgdata", self._data, "--mode", "immediate", "--silent")

    def remove(self) -> None:
        """Stop it and take away what was made."""
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        """The address of one of its databases."""
        return f"postgresql://{USER}:{password}@{ADDRESS}:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        """Make an empty database and return its address."""
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        subprocess.run(
            [self._bin / "createdb", "-h", ADDRESS, "-p", str(self.port), "-U", USER, name],
            check=True,
            env=environment,
        )
        return self.url(name)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command: list[str | Path] = [self._bin / program, *arguments]
        if self._owner:
            command = ["setpriv", "--reuid", self._owner, "--regid", str(self._group()),
                       "--clear-groups", *command]  # fmt: skip
        done = subprocess.run(
            command,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            # The server inherits what it is given: a pipe would never end.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            log = self._home / "log"
            said = done.stderr or (log.read_text() if log.exists() else "")
            raise PostgresUnavailableError(f"{program} failed: {said.strip()[-500:]}")

    def _group(self) -> int:
        return pwd.getpwnam(self._owner).pw_gid


def _unprivileged() -> str:
    """Who the server runs as: nobody else unless we are root."""
    if os.geteuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
