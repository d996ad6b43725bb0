"""Incidents on their way from people to callers: first spoken, then set, then durable.

Rules: what cannot be spoken is not set, and nothing has changed then. Speaking is done in a thread
that waits for a process; calls go on meanwhile. One at a time, so that of two wishes for the same
incident the later one counts.
It must not know how a wish came, nor what the engine makes of it.
"""

import asyncio
from collections.abc import Callable

from acd.books import Books
from acd.core.events import IncidentRequested
from acd.core.ids import IncidentId
from acd.core.incident import Incident, Wish
from acd.core.records import Replied
from acd.core.surge import Surge
from acd.errors import OperatorError
from acd.requests import Requests
from acd.surges import Board

Tell = Callable[[Wish], Incident]
"""Has an incident spoken; called in a thread. Raises OperatorError."""


class Incidents:
    """What the web asks to set and end incidents (``acd.web.port.IncidentPort``)."""

    def __init__(
        self, tell: Tell | None, requests: Requests, books: Books, board: Board | None = None
    ) -> None:
        """``board`` has what is suggested; without one nothing ever is."""
        self._tell = tell
        self._board = board or Board()
        self._requests = requests
        self._books = books
        self._one_at_a_time = asyncio.Lock()

    async def set_incident(self, wish: Wish) -> Replied:
        """See the port."""
        tell = self._tell
        if tell is None:
            raise OperatorError("this engine has no configuration that says how it speaks")
        async with self._one_at_a_time:
            return await self._ask(wish.id, await asyncio.to_thread(tell, wish))

    async def end_incident(self, incident: IncidentId) -> Replied:
        """See the port."""
        async with self._one_at_a_time:
            return await self._ask(incident, None)

    def suggestions(self) -> tuple[Surge, ...]:
        """See the port."""
        return self._board.surges

    async def _ask(self, name: IncidentId, incident: Incident | None) -> Replied:
        replied = await self._requests.ask(lambda number: IncidentRequested(number, name, incident))
        await self._books.are_durable()
        return replied
