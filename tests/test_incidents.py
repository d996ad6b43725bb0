"""An incident is spoken first, and set only when it can be."""

import asyncio
from io import StringIO
from pathlib import Path

import pytest

from acd.books import Books
from acd.core.events import IncidentRequested
from acd.core.ids import IncidentId, QueueId
from acd.core.incident import Incident, Wish
from acd.core.records import Replied
from acd.errors import OperatorError, PromptError
from acd.incidents import Incidents, Tell
from acd.log import open_log
from acd.requests import Request, Requests

WISH = Wish(id=IncidentId("mitte"), queues=(QueueId("fault"),))


def told(wish: Wish) -> Incident:
    return Incident(id=wish.id, queues=wish.queues, text=())


class House:
    """An inbox that answers whatever it takes."""

    def __init__(self, tell: Tell | None) -> None:
        self.taken: list[Request] = []
        self.requests = Requests(self._take)
        log, writer = open_log("json", lambda: 0.0, stream=StringIO())
        writer.close()
        books = Books(None, Path("unused"), lambda: 0.0, log)
        self.incidents = Incidents(tell, self.requests, books)

    def _take(self, request: Request) -> bool:
        self.taken.append(request)
        reply = Replied(0.0, request.request, "")
        asyncio.get_running_loop().call_soon(self.requests.answer, reply)
        return True


async def test_it_is_set_as_it_was_spoken_and_ended_without_a_word() -> None:
    house = House(told)
    await house.incidents.set_incident(WISH)
    await house.incidents.end_incident(WISH.id)
    assert [type(one) for one in house.taken] == [IncidentRequested] * 2
    first, second = house.taken
    assert isinstance(first, IncidentRequested)
    assert isinstance(second, IncidentRequested)
    assert (first.incident, second.incident) == (told(WISH), None)


async def test_what_cannot_be_spoken_is_not_set() -> None:
    def silent(wish: Wish) -> Incident:
        raise PromptError("nobody speaks")

    for tell in (silent, None):
        house = House(tell)
        with pytest.raises(OperatorError):
            await house.incidents.set_incident(WISH)
        assert house.taken == []
