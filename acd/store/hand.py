"""One thread that does one thing at a time and may be left alone with a thing that hangs.

Rules: a database may take for ever, and nobody may wait for ever. Who hands over a job waits for
it as long as he likes and looks again later; the next job is handed over when this one is over.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Attempt:
    """A job handed over; ``over`` is set when it is done, with ``error`` if it failed."""

    def __init__(self, job: Callable[[], object]) -> None:
        self.over = threading.Event()
        self.error: Exception | None = None
        self._job = job

    def run(self) -> None:
        """Do it; whatever it raises is kept for the one who waits."""
        try:
            self._job()
        except Exception as error:  # It is looked at by who handed it over.
            self.error = error
        finally:
            self.over.set()


class Hand:
    """The thread; it dies with the process, whatever it is doing."""

    def __init__(self, name: str) -> None:
        self._attempts: SimpleQueue[Attempt | None] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def begin(self, job: Callable[[], object]) -> Attempt:
        """Hand over a job; the one before must be over."""
        attempt = Attempt(job)
        self._attempts.put(attempt)
        return attempt

    def end(self) -> None:
        """Let the thread end after what it is doing."""
        self._attempts.put(None)

    def _run(self) -> None:
        while (attempt := self._attempts.get()) is not None:
            attempt.run()
