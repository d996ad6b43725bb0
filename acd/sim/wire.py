"""The connection between the virtual PBX and the pipeline, as TCP and the link would be.

It must not know what a message means.
"""

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from acd.ami.urgency import MOST_TOGETHER, PATIENCE_SECONDS, can_wait
from acd.ami.wire import event_name

NEVER: Final = float("inf")


class Wire:
    """One direction of a connection: bytes arrive in order, each a little after it was written."""

    def __init__(self, rng: Random, at_most_seconds: float) -> None:
        self.arriving: deque[tuple[float, bytes]] = deque()
        self._rng = rng
        self._at_most_seconds = at_most_seconds
        self._last_at = 0.0

    def put(self, messages: Sequence[bytes], now: float) -> None:
        """Write these messages, all in one piece."""
        at = max(self._last_at, now + self._rng.random() * self._at_most_seconds)
        self._last_at = at
        for message in messages:
            self.arriving.append((at, message))


class Gathering:
    """What has come to the engine and is not yet handed on, as `acd.ami.client` has it: what
    orders nothing waits for company.
    """

    def __init__(self, hand_on: Callable[[tuple[bytes, ...]], object]) -> None:
        self.until = NEVER
        """When what is held is handed on though nothing else has come."""
        self._hand_on = hand_on
        self._held: list[bytes] = []

    def take(self, arriving: deque[tuple[float, bytes]], now: float) -> bool:
        """Take what has arrived by now; hand on what cannot wait with all before it, if anything.

        Returns whether that was so.
        """
        held, urgent, handed_on = self._held, False, False
        while arriving and arriving[0][0] <= now:
            frame = arriving.popleft()[1]
            held.append(frame)
            urgent = urgent or not can_wait(event_name(frame), frame)
            if len(held) == MOST_TOGETHER:
                self.flush()
                urgent, handed_on = False, True
        if urgent:
            self.flush()
        elif held and self.until == NEVER:
            self.until = now + PATIENCE_SECONDS
        return urgent or handed_on

    def flush(self) -> None:
        """Hand on all that is held."""
        frames = tuple(self._held)
        self.forget()
        if frames:
            self._hand_on(frames)

    def forget(self) -> None:
        """The engine is dead, and what it held with it."""
        self._held.clear()
        self.until = NEVER
