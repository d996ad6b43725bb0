"""A `Session` driven by hand: acd's whole path to a real PBX, with a test in the engine's place.

It logs in as acd does, with acd's rights and filters, sends what a test orders as typed commands,
and keeps every typed event with the moment at which it was understood.
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from acd.ami.messages import WANTED_EVENTS, Rejected
from acd.ami.session import LinkState, Session
from acd.ami.wire import Framer, event_name, parse
from acd.core.commands import Command
from acd.core.events import Event, PbxLive
from acd.core.ids import PbxId
from acd.core.tokens import Tokens
from tests.lab.asterisk import LabAsterisk
from tests.lab.script import SERVICE

PBX = PbxId("lab")
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Understood:
    """One event; `at` is the wall clock in seconds."""

    at: float
    event: Event


class Hand:
    """One connection, live when it is made; its session beats the heartbeat until `close`."""

    def __init__(self, lab: LabAsterisk) -> None:
        self.understood: list[Understood] = []
        self.rejected: list[str] = []
        self.token = Tokens(secrets.token_bytes(16)).next
        self.session = Session(PBX, lab.system_name, self.token)
        self._framer = Framer()
        self._news = threading.Condition()
        self._socket = socket.create_connection((lab.host, lab.ami_port), timeout=5)
        self._login(lab)
        self._socket.settimeout(LOOK_SECONDS)
        self._note(self.session.link_up(1, time.time()))
        self._flush()
        self._closing = False
        self._reader = threading.Thread(target=self._read, name="hand", daemon=True)
        self._reader.start()
        self.event(PbxLive)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, as if the engine had died."""
        self._closing = True
        self._reader.join()
        self._socket.close()

    def _login(self, lab: LabAsterisk) -> None:
        login = f"Action: Login\r\nUsername: {lab.ami_user}\r\nSecret: {lab.ami_secret}\r\n\r\n"
        self._socket.sendall(login.encode())
        frames: list[bytes] = []
        while not any(frame.startswith(b"Response: ") for frame in frames):
            frames += self._framer.feed(self._socket.recv(65536))
        assert parse(frames[0])["Response"] == "Success"

    def _read(self) -> None:
        while not self._closing:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                data = b""
            with self._news:
                for frame in self._framer.feed(data) if data else []:
                    if not event_name(frame) or event_name(frame) in WANTED_EVENTS:
                        result = self.session.frame(frame, time.time())
                        if isinstance(result, Rejected):
                            self.rejected.append(result.reason)
                        else:
                            self._note(result)
                if self.session.is_due(time.time()):
                    self._note(self.session.due(time.time()))
                self._flush()
                self._news.notify_all()

    def _note(self, events: list[Event]) -> None:
        self.understood += [Understood(time.time(), event) for event in events]

    def _flush(self) -> None:
        if self.session.writes:
            self._socket.sendall(b"".join(self.session.writes))
            self.session.writes.clear()

    def order(self, *commands: Command) -> None:
        """Sends what the commands become, in one write."""
        with self._news:
            assert self.session.state is LinkState.LIVE
            for command in commands:
                self.session.writes += self.session.actions.for_command(
                    command, SERVICE, time.time()
                )
            self._flush()

    def wait_for(
        self, matches: Callable[[Event], bool], *, since: int = 0, timeout: float = 5
    ) -> Understood:
        """The first matching event from index `since` on, waited for if it has not come."""
        deadline = time.monotonic() + timeout
        index = since
        with self._news:
            while True:
                while index < len(self.understood):
                    if matches(self.understood[index].event):
                        return self.understood[index]
                    index += 1
                if not self._news.wait(max(0.0, deadline - time.monotonic())):
                    last = [type(each.event).__name__ for each in self.understood[-20:]]
                    raise TimeoutError(f"the event did not come; the last: {last}")

    def until(self, holds: Callable[[], bool], *, timeout: float = 5) -> None:
        """Returns when it holds, which is looked at several times a second."""
        deadline = time.monotonic() + timeout
        with self._news:
            while not holds():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it did not come true in {timeout} s")
                self._news.wait(LOOK_SECONDS)

    def event(self, kind: type[Event], *, since: int = 0, timeout: float = 5) -> Understood:
        """The first event of that kind: see `wait_for`."""
        return self.wait_for(lambda event: isinstance(event, kind), since=since, timeout=timeout)

    def events(self, kind: type[Event], *, since: int = 0) -> list[Event]:
        """The events of that kind so far."""
        return [each.event for each in self.understood[since:] if isinstance(each.event, kind)]
