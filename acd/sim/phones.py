"""Agents' phones and what they do when they are rung.

A phone answers an INVITE in one of the ways a real one does. What the agent behind it does is
decided by the workload: a default behaviour, a queue of single ones for the next rings, or a
function that is asked at each ring.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum


class Reply(StrEnum):
    """How a phone replies to an INVITE."""

    ANSWERS = "answers"
    """180, then 200 after `after_seconds`."""
    BUSY = "busy"
    """486."""
    DECLINES = "declines"
    """180 and, after `after_seconds`, 603."""
    FORBIDDEN = "forbidden"
    """403, which Asterisk reports as it does a 603."""
    UNAVAILABLE = "unavailable"
    """480: do not disturb."""
    RINGS = "rings"
    """180 and nothing more: nobody is there."""
    DEAD = "dead"
    """No reply at all: the phone was unplugged and nobody noticed."""


@dataclass(frozen=True, slots=True)
class PassesOn:
    """The agent passes his caller on to a colleague's number, `attended` after a word with him."""

    number: str
    attended: bool = False
    consults_seconds: float = 0.2


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens at one ring. `talk_seconds` None: the agent leaves hanging up to the caller.

    With `passes_on` he does that in place of hanging up.
    """

    reply: Reply = Reply.ANSWERS
    after_seconds: float = 2.0
    talk_seconds: float | None = None
    passes_on: PassesOn | None = None


@dataclass(slots=True, eq=False)
class AgentPhone:
    """One endpoint: `device` is its name in device states (`PJSIP/1001`).

    `reachable` False: its contact is known to be gone, so Asterisk does not even try.
    """

    device: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    reachable: bool = True
    next_rings: deque[Behaviour] = field(default_factory=deque)
    private_call: bool = False
    state: str = "NOT_INUSE"
    """The device state last published."""

    @property
    def number(self) -> str:
        return self.device.partition("/")[2]

    def takes_ring(self) -> Behaviour:
        """The behaviour for the ring that starts now."""
        return self.next_rings.popleft() if self.next_rings else self.behaviour
