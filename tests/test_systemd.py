"""What systemd hears from us."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from acd.systemd import Notifier


def test_words_go_to_the_socket_named_in_the_environment(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(path)
        Notifier({"NOTIFY_SOCKET": path}).say("READY=1", "STATUS=well")
        assert supervisor.recv(100) == b"READY=1\nSTATUS=well"


def test_an_abstract_socket_is_reached() -> None:
    name = f"acd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind("\0" + name)
        Notifier({"NOTIFY_SOCKET": "@" + name}).say("READY=1")
        assert supervisor.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    Notifier({}).say("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).say("READY=1")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "5000000"}, 5.0),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid())}, 5.0),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_watchdog_is_fed_when_it_waits_for_us(environ: dict[str, str], seconds: float) -> None:
    assert Notifier(environ).watchdog_seconds == seconds


def test_a_living_loop_feeds_the_watchdog_twice_as_often_as_it_must(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    later: list[tuple[float, Callable[[], None]]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(address)
        supervisor.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "5000000"})
        notifier.ready(lambda seconds, feed: later.append((seconds, feed)))
        assert [supervisor.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
        ((seconds, feed),) = later
        assert seconds == 2.5
        feed()
        assert supervisor.recv(100) == b"WATCHDOG=1"
    assert len(later) == 2
