"""Bearer tokens: made once, shown once, kept as SHA-256 only, compared in constant time.

The file has one line for each token, words separated by blanks, `#` starts a comment::

    # name       role        agent  sha256 of the token  first day it no longer works (UTC)
    prometheus   monitor     -      9f86d0...            never
    ada-desktop  agent       1001   60303a...            2027-01-01

- A token has 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
- The file is looked at for every request: a line taken out stops working with the next one.
- At the start a fault in the file is an error. Later it is logged and closes what it is about: a
  broken line is no token, an unreadable file is none at all.

It must not know HTTP, nor the clock: `now` is an argument.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from acd.core.ids import AgentId
from acd.errors import ConfigError, Problem
from acd.web.access import Caller, Role

_log: Final = logging.getLogger(__name__)

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_TOKEN: Final = 256
_ROLES: Final = ", ".join(role.value for role in Role)


class Token(msgspec.Struct, frozen=True):
    """One line of the file; ``expires_at`` is in seconds since the epoch, infinity for never."""

    caller: Caller
    digest: bytes
    expires_at: float


def new_token(
    name: str, role: Role, agent: AgentId | None, expires: date | None
) -> tuple[str, str]:
    """Make a token; returns it (give it to its user, it cannot be had again) and its file line."""
    token = f"acd_{secrets.token_urlsafe(32)}"
    until = "never" if expires is None else expires.isoformat()
    return token, f"{name} {role.value} {agent or '-'} {_digest(token).hex()} {until}"


def known(token: str, tokens: Sequence[Token], now: float) -> Caller | None:
    """Whose token this is, or None. The time taken does not tell how near a guess came."""
    if len(token) > _LONGEST_TOKEN:
        return None
    digest = _digest(token)
    found: Caller | None = None
    for known_token in tokens:
        same = hmac.compare_digest(digest, known_token.digest)
        if same and now < known_token.expires_at:
            found = known_token.caller
    return found


def parse(text: str, file: str) -> tuple[list[Token], list[Problem]]:
    """Read the file's text: every token of a sound line, and every fault."""
    tokens: list[Token] = []
    problems: list[Problem] = []
    names: set[str] = set()
    digests: set[bytes] = set()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        read = _line(words)
        if isinstance(read, Token):
            if read.caller.name in names or read.digest in digests:
                read = ("this name or token is there already", "each stands on one line only")
            else:
                names.add(read.caller.name)
                digests.add(read.digest)
                tokens.append(read)
                continue
        problems.append(Problem(file, number, 1, *read))
    return tokens, problems


def _line(words: Sequence[str]) -> Token | tuple[str, str]:
    """A token, or what is wrong with its line and what is allowed."""
    if len(words) != 5:
        return f"{len(words)} words", "name role agent sha256 expires (an agent of - is none)"
    name, role, agent, digest, expires = words
    if not _NAME.fullmatch(name):
        return "the name is not one", "letters, digits, dot, dash, underscore; at most 64"
    if role not in [known_role.value for known_role in Role]:
        return f"no such role: {role}", _ROLES
    if (agent == "-") == (role == Role.AGENT):
        return f"role {role} with agent {agent}", "an agent's id for role agent, else -"
    if not _DIGEST.fullmatch(digest):
        return "the token's SHA-256 is not one", "64 hexadecimal digits, lower case"
    try:
        until = inf if expires == "never" else _midnight(date.fromisoformat(expires))
    except ValueError:
        return f"no such day: {expires}", "YYYY-MM-DD or never"
    caller = Caller(name, Role(role), None if agent == "-" else AgentId(agent))
    return Token(caller, bytes.fromhex(digest), until)


class TokenFile:
    """The tokens of one file, read again whenever it has changed.

    Raises ConfigError when it is made and the file cannot be read, has a fault or no token.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Problem(str(path), 0, 0, f"cannot be read: {error}")]) from error
        self._tokens, problems = parse(text, str(path))
        if not self._tokens and not problems:
            problems = [Problem(str(path), 0, 0, "holds no token", "one line for each")]
        if problems:
            raise ConfigError(problems)

    def tokens(self) -> Sequence[Token]:
        """The tokens as the file is now. Costs one look at its time stamp, some microseconds."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self._tokens = self._reread()
            _log.info("%s read again: %d tokens", self._path, len(self._tokens))
        return self._tokens

    def _stamp(self) -> tuple[int, int, int]:
        try:
            stat = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)

    def _reread(self) -> list[Token]:
        try:
            tokens, problems = parse(self._path.read_text(encoding="utf-8"), str(self._path))
        except (OSError, UnicodeDecodeError) as error:
            _log.error("%s cannot be read, no token is valid: %s", self._path, error)
            return []
        for problem in problems:
            _log.error("%s; this token is not valid", problem)
        return tokens


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
