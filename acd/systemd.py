"""Tells systemd how we are: one datagram for each word, nothing where systemd is not.

Owns the socket named by NOTIFY_SOCKET (sd_notify(3)) and the watchdog's interval (WATCHDOG_USEC).
It must not know what readiness means.
"""

import os
import socket
from collections.abc import Callable, Mapping


class Notifier:
    """Speaks to the service supervisor that ``environ`` names, or to nobody."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # An abstract socket's name begins with NUL, which an environment cannot hold.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "") if ours else ""
        self.watchdog_seconds = int(microseconds) / 1e6 if microseconds.isdecimal() else 0.0
        """How long we may be silent; 0 when nobody waits. Say WATCHDOG=1 twice as often."""

    def ready(self, call_later: Callable[[float, Callable[[], None]], object]) -> None:
        """Say that we serve, and from now on that we are alive, as long as the event loop, whose
        ``call_later`` this is, does its work."""
        self.say("READY=1")
        if self.watchdog_seconds:
            self._feed(call_later)

    def _feed(self, call_later: Callable[[float, Callable[[], None]], object]) -> None:
        self.say("WATCHDOG=1")
        call_later(self.watchdog_seconds / 2, lambda: self._feed(call_later))

    def say(self, *words: str) -> None:
        """Send words such as READY=1. Never waits; a supervisor that is gone is none."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto("\n".join(words).encode(), self._address)
            except OSError:
                # Losing one word is for the supervisor to judge, not a reason to stop.
                pass
