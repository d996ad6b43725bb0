"""People's requests on their way through the inbox, each paired with its one answer.

Rules: a request is an item like any other and waits its turn; its number is found again in the
``Replied`` that answers it. Who stops waiting takes nothing back. What is asked for, and who may
ask, is the business of others.
"""

import asyncio
import itertools
from collections.abc import Callable

from acd.core.events import (
    AgentRequested,
    AgentWish,
    CallRequested,
    IncidentRequested,
    RecordingAction,
    RecordingRequested,
    VoicemailRequested,
)
from acd.core.ids import AgentId, DeviceId, RequestId
from acd.core.records import Replied
from acd.web.port import EngineBusy

Request = (
    AgentRequested | CallRequested | IncidentRequested | RecordingRequested | VoicemailRequested
)


def agent_request(
    number: RequestId,
    agent: AgentId,
    action: AgentWish,
    reason: str,
    phone: DeviceId | None,
) -> AgentRequested | RecordingRequested:
    """Return the event by which an agent asks for this."""
    if isinstance(action, RecordingAction):
        return RecordingRequested(number, agent, action)
    return AgentRequested(number, agent, action, reason, phone)


class Requests:
    """All requests that are under way; ``put`` takes one into the inbox, or says it is full."""

    def __init__(self, put: Callable[[Request], bool]) -> None:
        self._put = put
        self._numbers = itertools.count(1)
        self._replies: dict[RequestId, asyncio.Future[Replied]] = {}

    async def ask(self, make: Callable[[RequestId], Request]) -> Replied:
        """One request in, its one answer out. Raises EngineBusy when it was not taken."""
        number = RequestId(next(self._numbers))
        reply: asyncio.Future[Replied] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        try:
            if not self._put(make(number)):
                raise EngineBusy("the engine has more to do than it can; ask again")
            return await reply
        finally:
            del self._replies[number]

    def answer(self, replied: Replied) -> None:
        """Hand the answer to whoever asked, if he still waits for it."""
        reply = self._replies.get(replied.request)
        if reply is not None and not reply.done():
            reply.set_result(replied)
