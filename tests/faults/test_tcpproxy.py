"""The door between engine and PBX does what the rows of the fault matrix believe it does."""

import socket
import time
from collections.abc import Iterator

import pytest

from acd.sim.faults import Disturbance, Faults
from tests.faults.tcpproxy import Proxy


class Ends:
    """Who connects through the door, and who is behind it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.proxy = Proxy(self.listener.getsockname()[1])
        self.made: list[socket.socket] = [self.listener]
        self.connect()

    def connect(self) -> None:
        """Go in (again); returns when it is known that the door passes everything on."""
        self.engine = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=3)
        self.pbx, _ = self.listener.accept()
        self.pbx.settimeout(3)
        self.made += (self.engine, self.pbx)
        self.pbx.sendall(b"\r\n\r\n")
        assert self.hears(b"\r\n\r\n")

    def hears(self, *messages: bytes) -> bool:
        """Whether exactly this comes next to the engine."""
        wanted = b"".join(messages)
        got = b""
        while len(got) < len(wanted):
            got += self.engine.recv(len(wanted) - len(got))
        return got == wanted


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.proxy.shut()
    for end in made.made:
        end.close()


def event(number: int) -> bytes:
    return b"Event: Hangup\r\nPrivilege: call,all\r\nNumber: %d\r\n\r\n" % number


def is_over(end: socket.socket) -> bool:
    try:
        return end.recv(100) == b""
    except ConnectionResetError:
        return True


def hears_nothing(end: socket.socket, seconds: float = 0.1) -> bool:
    end.settimeout(seconds)
    try:
        end.recv(1)
    except TimeoutError:
        return True
    finally:
        end.settimeout(3)
    return False


def test_it_passes_both_ways_until_it_is_cut_and_lets_in_again(ends: Ends) -> None:
    ends.pbx.sendall(event(1))
    ends.engine.sendall(b"Action: Ping\r\n\r\n")
    assert ends.hears(event(1))
    assert ends.pbx.recv(100) == b"Action: Ping\r\n\r\n"
    ends.proxy.cut()
    assert is_over(ends.engine)
    assert is_over(ends.pbx)
    ends.connect()
    ends.proxy.shut()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ends.proxy.port), timeout=3)


def test_one_side_that_leaves_takes_the_other_along(ends: Ends) -> None:
    ends.pbx.close()
    assert is_over(ends.engine)


def test_a_frozen_connection_is_silent_and_a_new_one_is_not(ends: Ends) -> None:
    ends.proxy.freeze()
    ends.pbx.sendall(event(1))
    ends.engine.sendall(b"Action: Ping\r\n\r\n")
    assert hears_nothing(ends.engine)
    assert hears_nothing(ends.pbx)
    frozen_engine, frozen_pbx = ends.engine, ends.pbx
    ends.connect()
    ends.pbx.sendall(event(2))
    assert ends.hears(event(2))
    frozen_engine.close()
    assert hears_nothing(frozen_pbx), "the PBX was told the end of a connection that is dead"
    ends.proxy.thaw()
    assert is_over(frozen_pbx)
    ends.pbx.sendall(event(3))
    assert ends.hears(event(3))


def test_delay_and_throttle_take_their_time(ends: Ends) -> None:
    ends.proxy.delay_seconds = 0.2
    began = time.monotonic()
    ends.pbx.sendall(event(1))
    assert ends.hears(event(1))
    assert time.monotonic() - began >= 0.2
    ends.proxy.delay_seconds, ends.proxy.bytes_per_second = 0.0, 10_000
    began = time.monotonic()
    ends.pbx.sendall(b"x" * 2_000)
    assert ends.hears(b"x" * 2_000)
    assert time.monotonic() - began >= 0.18


@pytest.mark.parametrize(
    ("faults", "arrives"),
    [
        (Faults(lost=1.0), []),
        (Faults(doubled=1.0), [1, 1, 2, 2, 3, 3]),
        (Faults(reordered=1.0), [2, 1, 3]),
    ],
)
def test_whole_messages_are_spoiled_wherever_the_pieces_end(
    ends: Ends, faults: Faults, arrives: list[int]
) -> None:
    ends.pbx.sendall(event(0)[:30])
    assert ends.hears(event(0)[:30])
    ends.proxy.disturbance = Disturbance(faults, seed=1)
    data = event(0)[30:] + event(1) + event(2) + event(3)
    for piece in (data[:17], data[17:80], data[80:]):
        ends.pbx.sendall(piece)
    response = b"Response: Success\r\n\r\n"
    ends.pbx.sendall(response)
    # The last that is held back follows by itself, here after an answer, which is never spoiled.
    after = [event(3)] if arrives[-1:] == [3] and faults.reordered else []
    before = [event(number) for number in arrives if not (after and number == 3)]
    assert ends.hears(event(0)[30:], *before, response, *after)


def test_messages_are_spoiled_by_what_they_say(ends: Ends) -> None:
    ends.proxy.spoil = lambda message: [] if b"Number: 2" in message else [message]
    ends.pbx.sendall(event(1) + event(2) + event(3))
    assert ends.hears(event(1), event(3))


def test_the_last_message_is_cut_in_its_middle(ends: Ends) -> None:
    ends.proxy.truncate()
    ends.pbx.sendall(event(1))
    assert ends.hears(event(1)[: len(event(1)) // 2])
    assert is_over(ends.engine)
    assert is_over(ends.pbx)


def test_what_is_forged_comes_between_two_messages(ends: Ends) -> None:
    ends.pbx.sendall(event(1))
    assert ends.hears(event(1))
    ends.proxy.say(b"Event: Forged\r\n\r\n")
    assert ends.hears(b"Event: Forged\r\n\r\n")
