"""Serves scrapes: a copy on the event loop, the text in a thread.

Rules: one page is made at a time, and who asks while it is gets the same one, so that many readers
cost the loop no more than one. What must be of one moment is copied on the loop, which is quick;
what is long is done beside it. Both want the interpreter's lock, which a busy thread gives up only
when it was asked to and a while has passed: so the thread rests after each piece of its work, and
the loop takes its turn then.

It must not know what is on the page.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol

_REST_SECONDS: Final = 0.0002
"""Long enough for whoever waits for the interpreter's lock to get it."""


class Copied(Protocol):
    """What is on a page, of one moment: `acd.exposition.Exposition`."""

    def text(self, between: Callable[[], object]) -> bytes:
        """The page. ``between`` is called after each piece of the work."""


class Scrapes:
    """The page for Prometheus, for however many ask.

    ``looks`` copies what is on it, last; before that it yields None where others may have a turn.
    """

    def __init__(self, looks: Callable[[], Iterable[Copied | None]]) -> None:
        self._looks = looks
        self._rest = partial(threading.Event().wait, _REST_SECONDS)
        self._under_way: asyncio.Task[bytes] | None = None

    async def page(self) -> bytes:
        """Return the page of now, or the one that is under way."""
        making = self._under_way
        if making is None or making.done():
            making = self._under_way = asyncio.create_task(self._made(), name="metrics")
        # Who does not wait for it any more must not take it from the others.
        return await asyncio.shield(making)

    async def _made(self) -> bytes:
        for copied in self._looks():
            if copied is None:
                await asyncio.sleep(0)
        assert copied is not None
        return await asyncio.to_thread(copied.text, self._rest)
