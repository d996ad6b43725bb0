"""A running engine as the commands see it: one request over HTTP, one answer.

Rules: a token comes from a file or from the environment, never from the command line, which every
user of the machine can read. It goes to the address it was meant for and nowhere else: no proxy is
used and no redirect followed. Whatever goes wrong is an operator's error that says what to do.
This module must not know what an answer is good for.
"""

import http.client
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from acd.core.ids import CallId
from acd.core.records import Explanation
from acd.errors import ConfigError, OperatorError, Problem
from acd.web.port import Reloaded

TOKEN_VARIABLE: Final = "ACD_TOKEN"

_TIMEOUT_SECONDS: Final = 10.0
_RELOAD_SECONDS: Final = 40.0
_STREAM_SECONDS: Final = 40.0
"""More than twice what may pass without a sign of life."""
_LONGEST_TOKEN: Final = 256
_MOST_BYTES: Final = 256 * 1024 * 1024
_WHERE: Final = "start it with `acd run`, or name its address with --url"


class _Problem(msgspec.Struct):
    detail: str


class _Refused(msgspec.Struct):
    problems: Annotated[list[Problem], msgspec.Meta(min_length=1)]


Answer = TypeVar("Answer")


class ServerEvent(NamedTuple):
    """One event of a stream."""

    id: str
    kind: str
    data: bytes


class NotReached(OperatorError):
    """No engine answers; one may, later."""


class StreamBusy(OperatorError):
    """So many read already that nobody else may, now."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The engine at ``url``, for example http://127.0.0.1:8023, asked with ``token`` if any."""

    url: str
    token: str = field(default="", repr=False)

    def explain(self, call: CallId) -> Explanation:
        """Return what was decided about a call. Raises OperatorError, also for an unknown call."""
        status, body = self._ask("GET", f"/api/v1/calls/{quote(call, safe='')}/explain")
        if status == 404:
            raise OperatorError(f"call {_printable(call)}: {_detail(body)}")
        return self._answer(status, body, Explanation)

    def reload(self) -> Reloaded:
        """Have the configuration read again and return what is different.

        Raises ConfigError with every problem when it is refused, and OperatorError.
        """
        status, body = self._ask("POST", "/api/v1/reload", _RELOAD_SECONDS)
        if status == 422:
            raise ConfigError(self._answer(200, body, _Refused).problems)
        return self._answer(status, body, Reloaded)

    @contextmanager
    def events(self, last_id: str = "") -> Iterator[Iterator[ServerEvent]]:
        """The engine's live state (docs/live.md), after the event of that id where it is still
        known; it ends with the connection.

        Raises OperatorError, and as StreamBusy when it is worth trying again.
        """
        connection, path = self._connection(_STREAM_SECONDS)
        headers = self._headers("text/event-stream")
        if last_id:
            headers["Last-Event-ID"] = last_id
        try:
            with self._reached(connection):
                connection.request("GET", f"{path}/api/v1/stream", headers=headers)
                answer = connection.getresponse()
                if answer.status == 503:
                    raise StreamBusy(f"{self.url}: {_detail(answer.read(_MOST_BYTES))}")
                if answer.status != 200:
                    self._answer(answer.status, answer.read(_MOST_BYTES), _Problem)
            yield _events_of(answer)
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes, kind: type[Answer]) -> Answer:
        """What was asked for, when that is what came."""
        match status:
            case 200:
                try:
                    return msgspec.json.decode(body, type=kind)
                except msgspec.DecodeError as error:
                    raise OperatorError(f"{self.url}: not an answer of acd: {error}") from error
            case 401:
                how = f"put one into {TOKEN_VARIABLE} or name a file with --token-file"
                raise OperatorError(f"{self.url}: a token is needed that is valid there; {how}")
            case _:
                raise OperatorError(f"{self.url}: answered {status}: {_detail(body)}")

    def _ask(
        self, method: str, path: str, timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> tuple[int, bytes]:
        """Status and body of one answer."""
        connection, below = self._connection(timeout_seconds)
        try:
            with self._reached(connection):
                connection.request(method, below + path, headers=self._headers("application/json"))
                answer = connection.getresponse()
                return answer.status, answer.read(_MOST_BYTES)
        finally:
            connection.close()

    def _connection(self, timeout_seconds: float) -> tuple[http.client.HTTPConnection, str]:
        """A connection that is not made yet, and below which path the engine's pages are."""
        parts = _split(self.url)
        made = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        host = parts.hostname or ""
        return made(host, parts.port, timeout=timeout_seconds), parts.path.rstrip("/")

    def _headers(self, accept: str) -> dict[str, str]:
        headers = {"Accept": accept}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    @contextmanager
    def _reached(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """What goes wrong on the way is an operator's error."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NotReached(f"{self.url}: no engine is reached: {why}; {_WHERE}") from error


def _events_of(answer: http.client.HTTPResponse) -> Iterator[ServerEvent]:
    """The events of a stream as it comes, until it ends for whatever reason."""
    fields: dict[bytes, bytes] = {}
    try:
        while line := answer.readline(_MOST_BYTES):
            line = line.rstrip(b"\r\n")
            if line:
                name, _, value = line.partition(b":")
                fields[name] = value.removeprefix(b" ")
                continue
            if b"data" in fields:
                known = [fields.get(name, b"").decode("latin-1") for name in (b"id", b"event")]
                yield ServerEvent(known[0], known[1], fields[b"data"])
            fields.clear()
    except (OSError, http.client.HTTPException):
        return


def address(host: str, port: int) -> str:
    """The URL of an engine of this machine that listens on ``host`` and ``port``."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def read_token(file: Path | None, environment: Mapping[str, str]) -> str:
    """The token in the one line of ``file``, else the environment's, else none.

    Raises OperatorError when the file cannot be read, or can be by others.
    """
    if file is None:
        token = environment.get(TOKEN_VARIABLE, "").strip()
        where = TOKEN_VARIABLE
    else:
        try:
            with file.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                token = stream.read(_LONGEST_TOKEN + 2).decode("ascii", "replace").strip()
        except OSError as error:
            raise OperatorError(f"{file}: cannot be read: {error.strerror}") from error
        if mode & 0o077:
            shown = f"{stat.S_IMODE(mode):04o}"
            raise OperatorError(f"{file}: others can read it (mode {shown}); chmod 600 {file}")
        where = str(file)
    sound = token.isascii() and token.isprintable() and " " not in token
    if not sound or len(token) > _LONGEST_TOKEN or (file is not None and not token):
        raise OperatorError(f"{where}: not a token: one line as `acd` gave it out")
    return token


def _split(url: str) -> SplitResult:
    wrong = OperatorError(f"{_printable(url)}: not an address such as http://127.0.0.1:8023")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:
        raise wrong from error
    if not sound:
        raise wrong
    return parts


def _detail(body: bytes) -> str:
    """What the engine says is wrong, as one line."""
    try:
        return _printable(msgspec.json.decode(body, type=_Problem).detail)
    except msgspec.DecodeError:
        return "whatever answers there is not acd; name its address with --url"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
