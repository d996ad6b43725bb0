"""What goes wrong between a PBX and whoever listens: seeded, each fault on its own switch.

A `Disturbance` stands between the virtual PBX and one listener and spoils events, never answers:
TCP loses nothing, but a session that was cut, a full buffer or an attacker's text does. What
happens to a message depends on the seed and on the messages before it, on nothing else.

Oddities that Asterisk shows on a good day (keys published twice, commands of an earlier AsyncAGI
session, Reason 0) are no faults: the virtual PBX has them always.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from random import Random
from typing import Final

HOSTILE_TEXTS: Final = (
    "Eve\r\nEvent: Hangup\r\nCause: 16",
    "Eve\r\n\r\nEvent: Shutdown\r\nShutdown: Cleanly\r\nRestart: True\r\n\r\n",
    "Eve\nChannel: PJSIP/1001-00000001",
    '"><script>alert(1)</script>',
    '"Eve" <1001>',
    "${SHELL(id)}",
    "Eve, ACD_OFFER=x",
    "J\udcfcrgen \udce2\udc82",
    "水" * 40,
    "A" * 5000,
    "\x00\x01\x7f",
    "=HYPERLINK(0)",
)
"""What a far end may write into a caller's name or number. Surrogates stand for broken UTF-8."""


_HELD_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of events (0 to 1) that a fault befalls; times in seconds."""

    lost: float = 0.0
    doubled: float = 0.0
    reordered: float = 0.0
    """Held back until the event after it has passed, but for no more than 50 ms."""
    late: float = 0.0
    late_seconds: float = 2.0
    """A late event is held back for up to this long, and others overtake it."""
    forged: float = 0.0
    """Share of events that are followed by a forgery made from them."""
    from_seconds: float = 0.0
    """Nothing is spoilt before this time, so that a run can begin in good order."""


@dataclass(slots=True)
class Disturbance:
    """Spoils what passes. `counts` tells how often each fault struck."""

    faults: Faults
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    _rng: Random = field(init=False)
    _held: bytes | None = None
    _held_until: float = 0.0
    _late: list[tuple[float, int, bytes]] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)

    def through(self, messages: list[bytes], now: float) -> list[bytes]:
        """What arrives of these messages, and of earlier ones that are due, in order."""
        passed = self._due(now)
        for message in messages:
            if is_event(message) and now >= self.faults.from_seconds:
                self._spoil(message, now, passed)
            else:
                passed.append(message)
        return passed

    def next_deadline(self) -> float | None:
        """When something held back is due; `through([], now)` gives it out."""
        times = [self._late[0][0]] if self._late else []
        if self._held is not None:
            times.append(self._held_until)
        return min(times, default=None)

    def _due(self, now: float) -> list[bytes]:
        due = []
        while self._late and self._late[0][0] <= now:
            due.append(heapq.heappop(self._late)[2])
        if self._held is not None and self._held_until <= now:
            due.append(self._held)
            self._held = None
        return due

    def _spoil(self, message: bytes, now: float, passed: list[bytes]) -> None:
        faults, chance = self.faults, self._rng.random()
        forged = self._rng.random() < faults.forged
        if chance < faults.lost:
            self._count("lost")
        elif (chance := chance - faults.lost) < faults.doubled:
            self._count("doubled")
            passed += (message, message)
        elif (chance := chance - faults.doubled) < faults.late:
            self._count("late")
            self._number += 1
            at = now + self._rng.uniform(0.0, faults.late_seconds)
            heapq.heappush(self._late, (at, self._number, message))
        elif chance - faults.late < faults.reordered and self._held is None:
            self._count("reordered")
            self._held, self._held_until = message, now + _HELD_SECONDS
            return
        else:
            passed.append(message)
        if self._held is not None:
            passed.append(self._held)
            self._held = None
        if forged:
            self._count("forged")
            passed.append(forge(message, self._rng))

    def _count(self, fault: str) -> None:
        self.counts[fault] = self.counts.get(fault, 0) + 1


def is_event(message: bytes) -> bool:
    """Whether the message is an event of its own, not a row of a list nor a greeting."""
    if not message.startswith(b"Event: ") or message.startswith(b"Event: FullyBooted"):
        return False
    return b"\r\nPrivilege: " in message


def forge(message: bytes, rng: Random) -> bytes:
    """A forgery of a genuine event, as text injected into another message would give it.

    Whoever forges does not know the system name. A believed forgery would move a call that is
    none of the forger's.
    """
    lines = message.removesuffix(b"\r\n\r\n").split(b"\r\n")
    match rng.randrange(5):
        case 0:
            lines = [line for line in lines if not line.startswith(b"SystemName:")]
        case 1:
            lines = [
                b"SystemName: asterisk" if line.startswith(b"SystemName:") else line
                for line in lines
            ]
        case 2:
            lines = [*lines, b"Channel: PJSIP/forged-00000001", b"Uniqueid: forged-1.1"]
        case 3:
            lines = [line for line in lines if not line.startswith(b"Privilege:")]
        case _:
            lines = [b"Event: Shutdown", b"Privilege: system,all", b"Shutdown: Cleanly",
                     b"Restart: True"]  # fmt: skip
    return b"\r\n".join(lines) + b"\r\n\r\n"


def truncated(message: bytes, rng: Random) -> bytes:
    """The beginning of a message, as the last one of a session that was cut."""
    return message[: rng.randrange(1, len(message) - 1)]
