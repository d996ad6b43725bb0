"""The secrets that ``acd.yaml`` names but never holds, read when they are needed.

Rules: a secret is one line in a file that only its owner can read, or a systemd credential; it is
never logged, shown or kept longer than its user keeps it. All that is wrong is told at once, at
the line of ``acd.yaml`` that names it.
This module must not know what a secret is good for.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from acd.config.loader import Loaded
from acd.config.schema import Pbx
from acd.config.source import Key, Source
from acd.core.ids import PbxId
from acd.errors import ConfigError

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class PbxCredentials:
    """What proves us to a PBX, and a PBX's events to us."""

    secret: str = field(repr=False)
    """The AMI password."""
    system_name: str = field(repr=False)
    """asterisk.conf's ``systemname``; empty when the configuration names none."""


def read_credentials(loaded: Loaded) -> Mapping[PbxId, PbxCredentials]:
    """Read the secrets of every PBX, or raise ``ConfigError`` with all that is wrong."""
    source = Source(loaded.acd_source.name, loaded.acd_source.root)
    found = {}
    for number, pbx in enumerate(loaded.settings.pbxs):
        found[PbxId(pbx.name)] = _of_pbx(source, number, pbx, loaded.config_dir)
    if source.problems:
        raise ConfigError(source.problems)
    return found


def read_store_password(loaded: Loaded) -> str:
    """Return the password of the store, "" when none is named; raise ``ConfigError`` otherwise."""
    source = Source(loaded.acd_source.name, loaded.acd_source.root)
    store, password = loaded.settings.store, ""
    if store.password_file is not None:
        file = loaded.config_dir / store.password_file
        password = _read(source, ("store", "password_file"), file)
    elif store.password_credential is not None:
        path = ("store", "password_credential")
        password = _read_credential(source, path, store.password_credential)
    if source.problems:
        raise ConfigError(source.problems)
    return password


def _of_pbx(source: Source, number: int, pbx: Pbx, folder: Path) -> PbxCredentials:
    secret = system_name = ""
    if pbx.secret_file is not None:
        path: tuple[Key, ...] = ("pbxs", number, "secret_file")
        secret = _read(source, path, folder / pbx.secret_file)
    elif pbx.secret_credential is not None:
        path = ("pbxs", number, "secret_credential")
        secret = _read_credential(source, path, pbx.secret_credential)
    if pbx.system_name_file is not None:
        path = ("pbxs", number, "system_name_file")
        system_name = _read(source, path, folder / pbx.system_name_file)
    elif pbx.system_name_credential is not None:
        path = ("pbxs", number, "system_name_credential")
        system_name = _read_credential(source, path, pbx.system_name_credential)
    return PbxCredentials(secret, system_name)


def _read_credential(source: Source, path: tuple[Key, ...], name: str) -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        what = f'no systemd credentials are there, and "{name}" is wanted'
        source.blame(path, what, f"start acd by its unit with LoadCredential={name}:...")
        return ""
    # systemd guards this folder, and grants the service's user access by a list that shows up
    # as a mode for the group.
    return _read(source, path, Path(folder, name), others=0o007)


def _read(source: Source, path: tuple[Key, ...], file: Path, others: int = 0o077) -> str:
    """Return the one line of ``file``; blame ``path`` and return nothing when it is not so."""
    repair = f"put the secret there in one line and run: chmod 600 {file}"
    try:
        # Opened once and judged by what was opened: no other file can slip in between.
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read(_LONGEST + 2)
    except OSError as error:
        source.blame(path, f"{file} cannot be read: {error.strerror}", repair)
        return ""
    if mode & others:
        what = f"{file} can be read by others (mode {stat.S_IMODE(mode):04o})"
        source.blame(path, what, f"run: chmod 600 {file}")
        return ""
    line = data.removesuffix(b"\n").removesuffix(b"\r")
    if not line or len(line) > _LONGEST or not line.isascii() or not line.decode().isprintable():
        what = f"{file} does not hold one line of 1 to {_LONGEST} printable ASCII characters"
        source.blame(path, what, repair)
        return ""
    return line.decode()
