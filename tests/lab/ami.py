"""A plain AMI client for tests and benches: what an observer beside acd sees.

Independent of acd's own parser on purpose, so that the two do not share a mistake. Blocking, with
one reader thread; every message carries the moment it was received, by the wall clock, as the SIP
logs do (`siplog`).
"""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self


class AmiError(Exception):
    """AMI refused, closed, or did not answer in time; the text says which."""


@dataclass(frozen=True, slots=True)
class Message:
    """One AMI message. `headers` keeps the last value of a repeated one, `raw` has them all."""

    received_at: float
    headers: dict[str, str]
    raw: bytes

    @property
    def event(self) -> str:
        """The event's name, empty for an answer."""
        return self.headers.get("Event", "")

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    def get(self, name: str, default: str = "") -> str:
        """A header's value, or the default where the message has none of that name."""
        return self.headers.get(name, default)


def _message(raw: bytes) -> Message:
    headers: dict[str, str] = {}
    output: list[str] = []
    for line in raw.decode("utf-8", "backslashreplace").split("\r\n"):
        name, colon, value = line.partition(":")
        if name == "Output":
            output.append(value.removeprefix(" "))
        elif colon:
            headers[name] = value.strip()
    if output:
        headers["Output"] = "\n".join(output)
    return Message(time.time(), headers, raw)


class Observer:
    """A logged-in AMI session. `events` grows as they arrive; `record` also writes their bytes."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        record: Path | None = None,
        rest_seconds: float = 0.0,
    ) -> None:
        """Connects and logs in; raises AmiError when refused, OSError when nobody listens.

        After each reading it rests. Whoever measures by the events' own times and needs none of
        them at once lets it rest for long, so that it takes no processor from what he measures.
        """
        self._rest_seconds = rest_seconds
        self.events: list[Message] = []
        self._answers: dict[str, list[Message]] = {}
        self._news = threading.Condition()
        self._ids = itertools.count(1)
        self._closed = False
        self._file: BinaryIO | None = record.open("wb") if record else None
        self._socket = socket.create_connection((host, port), timeout=5)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, name="ami-observer", daemon=True)
        self._reader.start()
        try:
            self.action("Login", Username=user, Secret=secret)
        except (AmiError, OSError):
            # A PBX that is just coming up may accept the connection and reset it at once.
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session; what was received stays in `events`."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was first.
        self._socket.close()
        if self._reader is not threading.current_thread():
            self._reader.join(timeout=5)
        if self._file:
            self._file.close()
            self._file = None

    @property
    def closed(self) -> bool:
        """Whether the link has ended, from either side."""
        return self._closed

    def _read(self) -> None:
        pending = b""
        while True:
            try:
                chunk = self._socket.recv(65536)
            except OSError:
                chunk = b""
            if not chunk:
                break
            if self._file:
                self._file.write(chunk)
            pending += chunk
            *whole, pending = pending.split(b"\r\n\r\n")
            messages = [_message(part) for part in whole]
            with self._news:
                for message in messages:
                    self._file_away(message)
                self._news.notify_all()
            if self._rest_seconds:
                time.sleep(self._rest_seconds)
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _file_away(self, message: Message) -> None:
        action_id = message.get("ActionID")
        if action_id in self._answers:
            self._answers[action_id].append(message)
        if message.event:
            self.events.append(message)

    def action(self, name: str, /, *, timeout: float = 5, **headers: str) -> Message:
        """Sends one action and returns its answer; raises AmiError if it is not a success.

        A header given as a keyword with a trailing underscore is sent without it (`Async_`).
        """
        return self._run(name, headers, timeout, lambda got: bool(got))[0]

    def rows(self, name: str, /, *, timeout: float = 10, **headers: str) -> list[Message]:
        """Sends an action that answers with a list of events, and returns its rows."""
        got = self._run(
            name,
            headers,
            timeout,
            lambda got: got[-1].get("EventList") == "Complete" if got else False,
        )
        return got[1:-1]

    def _run(
        self,
        name: str,
        headers: dict[str, str],
        timeout: float,
        is_done: Callable[[list[Message]], bool],
    ) -> list[Message]:
        action_id = f"observer-{next(self._ids)}"
        lines = [f"Action: {name}", f"ActionID: {action_id}"]
        for key, value in headers.items():
            lines += [f"{key.rstrip('_')}: {part}" for part in value.split("\n")]
        got = self._answers[action_id] = []
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        deadline = time.monotonic() + timeout
        with self._news:
            while not is_done(got):
                if got and got[0].get("Response") == "Error":
                    break
                if self._closed or not self._news.wait(deadline - time.monotonic()):
                    raise AmiError(f"{name}: {'link closed' if self._closed else 'no answer'}")
        del self._answers[action_id]
        if got[0].get("Response") == "Error":
            raise AmiError(f"{name}: {got[0].get('Message')}")
        return got

    def command(self, line: str) -> str:
        """Runs one CLI command and returns what it printed."""
        return self.action("Command", Command=line).get("Output")

    def wait_for(
        self, matches: Callable[[Message], bool], *, timeout: float = 5, since: int = 0
    ) -> Message:
        """The first event from index `since` on that matches, waited for if it has not come."""
        deadline = time.monotonic() + timeout
        index = since
        with self._news:
            while True:
                while index < len(self.events):
                    if matches(self.events[index]):
                        return self.events[index]
                    index += 1
                if self._closed or not self._news.wait(max(0, deadline - time.monotonic())):
                    seen = [event.event for event in self.events[since:]][-30:]
                    raise AmiError(f"the event did not come; the last seen: {seen}")

    def event(self, name: str, *, timeout: float = 5, since: int = 0, **headers: str) -> Message:
        """The first event of that name with those header values: see `wait_for`."""
        wanted = {"Event": name, **headers}
        return self.wait_for(
            lambda message: all(message.get(key) == value for key, value in wanted.items()),
            timeout=timeout,
            since=since,
        )

    def named(self, *names: str, since: int = 0) -> Iterator[Message]:
        """The events received so far that have one of these names, in order."""
        return (message for message in self.events[since:] if message.event in names)


@contextmanager
def observing(host: str, port: int, user: str, secret: str) -> Iterator[Observer]:
    """A session for a few actions."""
    observer = Observer(host, port, user, secret)
    try:
        yield observer
    finally:
        observer.close()
