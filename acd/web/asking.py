"""What every route that asks for a change shares: the question, its answer, and how it is refused.

Rules: a request waits for the engine's one answer and for the store, and is logged with the name
of the token that made it; a refusal repeats nothing of what the client sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

from fastapi import HTTPException, Request

from acd.core.records import AgentView, Replied
from acd.errors import OperatorError
from acd.web import models
from acd.web.access import Caller
from acd.web.guard import CALLER
from acd.web.port import EngineBusy, EnginePort

REPLY_TIMEOUT_SECONDS: Final = 5.0
"""How long a request for a change may wait for the engine and the store."""

_log: Final = logging.getLogger(__name__)

UNKNOWN: Final[dict[int | str, dict[str, object]]] = {
    404: models.refused("No such agent, call, incident or voicemail."),
    422: models.refused("The body is not what it must be."),
}
CHANGES: Final[dict[int | str, dict[str, object]]] = {
    **UNKNOWN,
    409: models.refused("The engine refused; detail says why."),
    503: models.refused("No answer from the engine; ask again."),
}


async def ask(
    request: Request,
    what: str,
    asked: Coroutine[object, object, Replied],
    timeout_seconds: float | None = None,
) -> None:
    """Wait for the engine's answer and log it with the token's name; refusals are raised."""
    caller: Caller = request.scope[CALLER]
    try:
        async with asyncio.timeout(timeout_seconds or REPLY_TIMEOUT_SECONDS):
            reply = await asked
    except OperatorError as error:
        _log.info("token %s, %s refused: %s", caller.name, what, error)
        raise HTTPException(409, str(error)) from error
    except (TimeoutError, EngineBusy) as error:
        _log.warning("token %s, %s got no answer", caller.name, what)
        detail = "the engine did not answer; look at the state before you ask again"
        raise HTTPException(503, detail, {"Retry-After": "1"}) from error
    if reply.refusal:
        _log.info("token %s, %s refused: %s", caller.name, what, reply.refusal)
        raise HTTPException(409, reply.refusal)
    _log.info("token %s, %s done", caller.name, what)


def find_agent(port: EnginePort, agent: str) -> AgentView:
    """Return the agent now; 404 when there is none."""
    for view in port.snapshot().agents:
        if view.agent == agent:
            return view
    raise HTTPException(404, "no such agent")
