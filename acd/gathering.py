"""A thread that works off together what was given to it within a moment.

For files and streams: whoever gives never waits, and the thread is not woken for each piece, which
would cost more than the piece. It must not know what is given, nor what giving in vain means.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Gathering(Generic[T]):
    """Calls ``work`` in a thread of this ``name`` with what came within ``gather_seconds``.

    When ``work`` returns False the thread ends, and nothing is worked off any more. ``done`` is
    the thread's last call.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[T]], bool],
        *,
        gather_seconds: float,
        most_waiting: int,
        done: Callable[[], object] = lambda: None,
    ) -> None:
        self._work = work
        self._gather_seconds = gather_seconds
        self._most_waiting = most_waiting
        self._done = done
        self._waiting: SimpleQueue[T | None] = SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, one: T) -> bool:
        """Take one; False, and nothing has happened, when ``most_waiting`` wait already."""
        if self._waiting.qsize() >= self._most_waiting:
            return False
        self._waiting.put(one)
        return True

    def close(self, within_seconds: float) -> None:
        """Work off what is left, for at most this long; nothing may be put afterwards."""
        self._waiting.put(None)
        self._closing.set()
        self._thread.join(within_seconds)

    def _run(self) -> None:
        more = True
        while more:
            found = [self._waiting.get()]
            self._closing.wait(self._gather_seconds)
            while not self._waiting.empty():
                found.append(self._waiting.get())
            more = None not in found
            more = self._work([one for one in found if one is not None]) and more
        self._done()
