"""Voicemails over HTTP: which wait, what an agent does about them, and their sound.

Rules: a supervisor sees and hears all; an agent those that he may take, and hears what he has
taken. A file is named by the engine's own id, never by what came with the request.
It must not know how a message is recorded, nor what its states lead to.
"""

from __future__ import annotations

import logging
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import Field

from acd.core.events import VoicemailAction
from acd.core.ids import AgentId
from acd.core.memory import VoicemailMemory
from acd.web import models
from acd.web.asking import CHANGES, UNKNOWN, ask, find_agent
from acd.web.guard import CALLER
from acd.web.port import EnginePort

_log: Final = logging.getLogger(__name__)

Agent = Annotated[str, Path(description="The agent's id, as in agents.yaml.")]
Which = Annotated[str, Path(description="The voicemail's id, as in the list.")]
InQueue = Annotated[str, Query(max_length=32, description="Only those of this queue.")]

_SOUND: Final[dict[int | str, dict[str, object]]] = {
    **UNKNOWN,
    200: {"content": {"audio/wav": {}}, "description": "The message, a WAV file."},
}


_LISTED: Final[dict[int | str, dict[str, object]]] = {422: UNKNOWN[422]}


class VoicemailOut(models.Out):
    """One message in the box of a queue."""

    voicemail: str
    state: str = Field(description="waiting, or taken by the agent.")
    call: str
    queue: str
    ani: str = Field(description="The caller's number; empty when withheld.")
    dnis: str
    language: str
    attributes: dict[str, str] = Field(description="What he typed in menus.")
    left_at: float | None
    seconds: float | None = Field(description="Of sound; null when nobody saw how it ended.")
    agent: str | None
    since: float = Field(description="When it came into its state.")

    @classmethod
    def of(cls, voicemail: VoicemailMemory) -> VoicemailOut:
        """Copy the engine's view."""
        return cls(
            voicemail=voicemail.id,
            state=voicemail.state,
            call=voicemail.call,
            queue=voicemail.queue,
            ani=voicemail.ani,
            dnis=voicemail.dnis,
            language=voicemail.language,
            attributes=dict(voicemail.attributes),
            left_at=voicemail.left_at,
            seconds=voicemail.seconds,
            agent=voicemail.agent,
            since=voicemail.changed_at,
        )


class VoicemailsOut(models.Out):
    """Messages that are not done, the oldest first."""

    at: float
    voicemails: list[VoicemailOut]


def voicemails(port: EnginePort) -> APIRouter:
    """Return the routes around ``port``."""
    router = APIRouter(tags=["voicemails"])

    @router.get(
        "/voicemails",
        summary="Every message that waits or is taken, with its number",
        responses=_LISTED,
    )
    async def every(queue: InQueue = "") -> VoicemailsOut:
        snapshot = port.snapshot()
        found = [one for one in snapshot.voicemails if queue in ("", one.queue)]
        return VoicemailsOut(at=snapshot.at, voicemails=[VoicemailOut.of(one) for one in found])

    @router.get(
        "/voicemails/{voicemail}/audio",
        summary="A message to listen to",
        responses=_SOUND,
        response_class=FileResponse,
    )
    async def audio(request: Request, voicemail: Which) -> Response:
        return _sound(port, request, _find(port, voicemail))

    @router.get(
        "/agents/{agent}/voicemails",
        summary="The messages that the agent may take or has taken",
        responses=UNKNOWN,
    )
    async def his(agent: Agent) -> VoicemailsOut:
        snapshot, who = port.snapshot(), find_agent(port, agent).agent
        boxes = port.boxes_of(who)
        found = [
            one
            for one in snapshot.voicemails
            if one.agent == who or (one.agent is None and one.queue in boxes)
        ]
        return VoicemailsOut(at=snapshot.at, voicemails=[VoicemailOut.of(one) for one in found])

    @router.get(
        "/agents/{agent}/voicemails/{voicemail}/audio",
        summary="A message that the agent has taken, to listen to",
        responses=_SOUND,
        response_class=FileResponse,
    )
    async def his_audio(request: Request, agent: Agent, voicemail: Which) -> Response:
        found = _find(port, voicemail)
        if found.agent != AgentId(agent):
            raise HTTPException(404, "the agent has not taken this voicemail")
        return _sound(port, request, found)

    async def change(
        request: Request, agent: str, voicemail: str, action: VoicemailAction
    ) -> models.DoneOut:
        who, found = find_agent(port, agent).agent, _find(port, voicemail)
        what = f"voicemail {found.id}: {action.value} for agent {who}"
        await ask(request, what, port.change_voicemail(found.id, action, who))
        return models.DoneOut(done=True)

    where = "/agents/{agent}/voicemails/{voicemail}"

    @router.post(f"{where}/take", summary="The agent takes the message", responses=CHANGES)
    async def take(request: Request, agent: Agent, voicemail: Which) -> models.DoneOut:
        return await change(request, agent, voicemail, VoicemailAction.TAKE)

    @router.post(f"{where}/done", summary="The message needs nobody any more", responses=CHANGES)
    async def done(request: Request, agent: Agent, voicemail: Which) -> models.DoneOut:
        return await change(request, agent, voicemail, VoicemailAction.DONE)

    @router.post(f"{where}/release", summary="Back to those who may take it", responses=CHANGES)
    async def release(request: Request, agent: Agent, voicemail: Which) -> models.DoneOut:
        return await change(request, agent, voicemail, VoicemailAction.RELEASE)

    return router


def _find(port: EnginePort, voicemail: str) -> VoicemailMemory:
    for found in port.snapshot().voicemails:
        if found.id == voicemail:
            return found
    raise HTTPException(404, "no such voicemail, or it is done")


def _sound(port: EnginePort, request: Request, voicemail: VoicemailMemory) -> FileResponse:
    path = port.voicemail_file(voicemail.id)
    if path is None or not path.is_file():
        detail = "its file is not here: voicemail in acd.yaml names the folder as acd sees it"
        raise HTTPException(404, detail)
    _log.info("token %s hears voicemail %s", request.scope[CALLER].name, voicemail.id)
    return FileResponse(path, media_type="audio/wav", filename=f"{voicemail.id}.wav")
