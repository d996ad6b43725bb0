"""The HTTP API: pages of the engine's snapshot, and what an agent or a supervisor may ask for.

Rules: a handler reads a snapshot or sends one request through the port, and holds no state.
Who may do what is decided before any of this, in `acd.web.guard`. Refusals have one shape
(`Problem`); none of them repeats what the client sent. Every request for a change is logged with
the name of the token that made it.
This is where FastAPI is imported, which takes half a second: import it once the
links to the PBXs are being made, and not before.
It must not know the engine, only its port.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Body, FastAPI, HTTPException, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

import acd
from acd.core.events import AgentWish, CallAction, RecordingAction
from acd.core.ids import AgentId, CallId, DeviceId, IncidentId, QueueId
from acd.core.plan import AgentAction
from acd.core.records import CallView
from acd.errors import ConfigError, OperatorError
from acd.live import Live
from acd.web import incidents, models
from acd.web.access import Caller
from acd.web.asking import CHANGES, UNKNOWN, ask, find_agent
from acd.web.guard import CALLER, Guard
from acd.web.port import EnginePort, IncidentPort
from acd.web.stream import stream
from acd.web.tokens import Token
from acd.web.voicemails import voicemails

SPEAKING_TIMEOUT_SECONDS: Final = 60.0
"""How long one may wait that has something spoken before."""

RELOAD_TIMEOUT_SECONDS: Final = 30.0
"""How long reading the configuration may take; it goes on when nobody waits any more."""

_log: Final = logging.getLogger(__name__)

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    401: models.refused("Tokens are configured and none was shown."),
    403: models.refused("Not for this role, or not from there."),
}
Id = Annotated[str, Path(description="The agent's id, as in agents.yaml.")]
Known = Annotated[str, Path(description="The incident's id.")]
Called = Annotated[str, Path(description="The call's id, as in the list of calls.")]


def create_app(
    port: EnginePort,
    desk: IncidentPort,
    live: Live,
    *,
    now: Callable[[], float],
    tokens: Callable[[], Sequence[Token]] | None = None,
    phones: Callable[[], Collection[DeviceId]] | None = None,
) -> FastAPI:
    """The whole API around ``port`` and ``desk``, with ``live`` as what the stream tells.

    ``tokens`` (`TokenFile.tokens`) gives the valid tokens; without it only this machine is served.
    ``now`` is the clock that expiry is judged by, in seconds since the epoch. ``phones`` gives the
    phones an agent may log in from over HTTP; without it those that agents have now.
    """
    app = FastAPI(
        title="acd",
        version=acd.__version__,
        description="Queues, calls and agents of one service centre. Moments are in seconds "
        "since the epoch, durations in seconds.",
        # The interactive pages would load scripts of a foreign site.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_REFUSALS,
    )
    app.include_router(_service(port))
    app.include_router(_pages(port), prefix="/api/v1")
    app.include_router(_changes(port, phones), prefix="/api/v1/agents")
    app.include_router(_call_changes(port), prefix="/api/v1/calls")
    app.include_router(_incidents(port, desk), prefix="/api/v1/incidents")
    app.include_router(_configuration(port), prefix="/api/v1")
    app.include_router(voicemails(port), prefix="/api/v1")
    app.include_router(stream(live), prefix="/api/v1")
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_middleware(Guard, tokens=tokens, now=now)
    return app


def _service(port: EnginePort) -> APIRouter:
    """What supervision and monitoring ask."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz", summary="Does the process live?")
    async def healthz() -> models.Health:
        return models.Health(status="ok")

    @router.get(
        "/readyz",
        summary="Can calls be served?",
        responses={503: {"model": models.Ready, "description": "They cannot; problems say why."}},
        response_model=models.Ready,
    )
    async def readyz() -> JSONResponse:
        readiness = port.readiness()
        page = models.Ready(ready=readiness.ready, problems=list(readiness.problems))
        return JSONResponse(page.model_dump(), 200 if readiness.ready else 503)

    @router.get(
        "/metrics",
        summary="For Prometheus, text format 0.0.4",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "The metrics."}},
    )
    async def metrics() -> Response:
        return Response(await port.metrics_text(), media_type=METRICS_TYPE)

    return router


def _pages(port: EnginePort) -> APIRouter:
    """The state of this moment."""
    router = APIRouter(tags=["state"])

    @router.get("/queues", summary="Every queue now")
    async def queues() -> models.QueuesOut:
        return models.QueuesOut.of(port.snapshot())

    @router.get("/calls", summary="Every living call now, with callers' numbers")
    async def calls() -> models.CallsOut:
        return models.CallsOut.of(port.snapshot())

    @router.get(
        "/calls/{call}/explain",
        summary="What was decided about a call, step by step, and why",
        responses=UNKNOWN,
        response_model=models.ExplanationOut,
    )
    async def explain(call: Called) -> Response:
        explanation = port.explain(CallId(call))
        if explanation is None:
            raise HTTPException(404, "no such call: it is not known, or it ended long ago")
        # Every agent stands in every step: through the models a large centre would take 0.2 s.
        return Response(msgspec.json.encode(explanation), media_type="application/json")

    @router.get("/agents", summary="Every agent now")
    async def agents() -> models.AgentsOut:
        return models.AgentsOut.of(port.snapshot())

    @router.get("/agents/{agent}", summary="One agent now", responses=UNKNOWN)
    async def agent(agent: Id) -> models.AgentOut:
        return _agent(port, agent)

    return router


def _changes(port: EnginePort, phones: Callable[[], Collection[DeviceId]] | None) -> APIRouter:
    """What an agent does about himself, or a supervisor for him. Each answers his new state."""
    router = APIRouter(tags=["agents"], responses=CHANGES)

    async def change(
        request: Request,
        agent: str,
        action: AgentWish,
        reason: str = "",
        phone: DeviceId | None = None,
    ) -> models.AgentOut:
        view = find_agent(port, agent)
        what = f"agent {view.agent}: {action.value}"
        await ask(request, what, port.request(view.agent, action, reason, phone))
        return _agent(port, agent)

    @router.post("/{agent}/login", summary="Log in and take calls")
    async def log_in(
        request: Request, agent: Id, body: Annotated[models.LoginIn | None, Body()] = None
    ) -> models.AgentOut:
        phone = body.phone if body else None
        find_agent(port, agent)
        if phone is not None and phone not in (phones() if phones else _phones(port)):
            raise HTTPException(422, "phone: not a phone of this service centre")
        return await change(request, agent, AgentAction.LOG_IN, phone=phone)

    @router.post("/{agent}/not-ready", summary="Take no calls, for a reason")
    async def not_ready(request: Request, agent: Id, body: models.NotReadyIn) -> models.AgentOut:
        return await change(request, agent, AgentAction.NOT_READY, body.reason)

    @router.post("/{agent}/logout", summary="Log out")
    async def log_out(request: Request, agent: Id) -> models.AgentOut:
        return await change(request, agent, AgentAction.LOG_OUT)

    @router.post("/{agent}/ready", summary="Take calls")
    async def ready(request: Request, agent: Id) -> models.AgentOut:
        return await change(request, agent, AgentAction.READY)

    @router.post("/{agent}/end-wrap-up", summary="End after-call work before its time")
    async def end_wrap_up(request: Request, agent: Id) -> models.AgentOut:
        return await change(request, agent, AgentAction.END_WRAP_UP)

    @router.post("/{agent}/pause-recording", summary="Record silence until it is resumed")
    async def pause_recording(request: Request, agent: Id) -> models.AgentOut:
        return await change(request, agent, RecordingAction.PAUSE)

    @router.post("/{agent}/resume-recording", summary="Record again what is said")
    async def resume_recording(request: Request, agent: Id) -> models.AgentOut:
        return await change(request, agent, RecordingAction.RESUME)

    return router


def _call_changes(port: EnginePort) -> APIRouter:
    """What a supervisor does about a waiting call. Each answers where the call stands then."""
    router = APIRouter(tags=["calls"], responses=CHANGES)

    async def change(
        request: Request,
        call: str,
        action: CallAction,
        how: str = "",
        *,
        queue: QueueId | None = None,
        seconds: float = 0.0,
        position: int = 1,
    ) -> models.CallPlaceOut:
        view = _living(port, call)
        what = f"call {view.call}: {action.value}{how}"
        reply = port.change_call(view.call, action, queue=queue, seconds=seconds, position=position)
        await ask(request, what, reply)
        return models.CallPlaceOut.of(view.call, _call(port, call))

    @router.post("/{call}/move", summary="Into another queue; the wait clock goes on")
    async def move(request: Request, call: Called, body: models.MoveIn) -> models.CallPlaceOut:
        queue = QueueId(body.queue)
        _living(port, call)
        if queue not in {view.queue for view in port.snapshot().queues}:
            raise HTTPException(422, "queue: not a queue of this service centre")
        return await change(request, call, CallAction.MOVE, f" to {queue}", queue=queue)

    @router.post("/{call}/prioritise", summary="Serve it earlier, or later")
    async def prioritise(
        request: Request, call: Called, body: models.PrioritiseIn
    ) -> models.CallPlaceOut:
        how = f" by {body.seconds:g} s"
        return await change(request, call, CallAction.PRIORITISE, how, seconds=body.seconds)

    @router.post("/{call}/place", summary="Put it at a position of its queue")
    async def place(request: Request, call: Called, body: models.PlaceIn) -> models.CallPlaceOut:
        how = f" at {body.position}"
        return await change(request, call, CallAction.PLACE, how, position=body.position)

    @router.post("/{call}/withdraw", summary="Take it out of its queue and end it")
    async def withdraw(request: Request, call: Called) -> models.CallPlaceOut:
        return await change(request, call, CallAction.WITHDRAW)

    return router


def _incidents(port: EnginePort, desk: IncidentPort) -> APIRouter:
    """Known faults that callers are told of."""
    router = APIRouter(tags=["incidents"], responses=CHANGES)

    @router.get("", summary="Every incident that is not over")
    async def every() -> incidents.IncidentsOut:
        return incidents.IncidentsOut.of(port.snapshot())

    @router.get("/suggestions", summary="Queues for which far more callers come than usual")
    async def suggested() -> incidents.SuggestionsOut:
        return incidents.SuggestionsOut.of(port.snapshot().at, desk.suggestions())

    @router.post("", summary="Tell callers of a known fault, or tell it in other words")
    async def set_incident(request: Request, body: incidents.IncidentIn) -> incidents.IncidentOut:
        if faults := body.faults():
            raise HTTPException(422, faults)
        what = f"incident {body.incident}: set"
        await ask(request, what, desk.set_incident(body.wish()), SPEAKING_TIMEOUT_SECONDS)
        for view in port.snapshot().incidents:
            if view.incident.id == body.incident:
                return incidents.IncidentOut.of(view)
        raise HTTPException(404, "it is over already")

    @router.delete("/{incident}", summary="Tell nobody of it any more", status_code=204)
    async def end(request: Request, incident: Known) -> None:
        if incident not in {view.incident.id for view in port.snapshot().incidents}:
            raise HTTPException(404, "no such incident, or it is over")
        name = IncidentId(incident)
        await ask(request, f"incident {name}: end", desk.end_incident(name))

    return router


def _configuration(port: EnginePort) -> APIRouter:
    """What whoever runs the engine does about its configuration."""
    router = APIRouter(tags=["configuration"])

    @router.post(
        "/reload",
        summary="Read the configuration again; it is taken whole or refused whole",
        response_model=models.ReloadOut,
        responses={
            409: {"model": models.Problem, "description": "It could not be read; detail says why."},
            422: {"model": models.ReloadRefused, "description": "It is wrong; the old one serves."},
            503: models.refused("It takes long; the log will tell."),
        },
    )
    async def reload(request: Request) -> models.ReloadOut | JSONResponse:
        caller: Caller = request.scope[CALLER]
        try:
            async with asyncio.timeout(RELOAD_TIMEOUT_SECONDS):
                reloaded = await port.read_again()
        except ConfigError as error:
            _log.info("token %s, reload refused: %d problems", caller.name, len(error.problems))
            return JSONResponse(models.ReloadRefused.of(error).model_dump(), 422)
        except OperatorError as error:
            _log.info("token %s, reload refused: %s", caller.name, error)
            raise HTTPException(409, str(error)) from error
        except TimeoutError as error:
            _log.warning("token %s, reload got no answer", caller.name)
            raise HTTPException(503, "it is not done yet; the log tells when it is") from error
        _log.info("token %s, reload done", caller.name)
        return models.ReloadOut.of(reloaded)

    return router


def _call(port: EnginePort, call: str) -> CallView | None:
    return next((view for view in port.snapshot().calls if view.call == call), None)


def _living(port: EnginePort, call: str) -> CallView:
    view = _call(port, call)
    if view is None:
        raise HTTPException(404, "no such call, or it is over")
    return view


def _agent(port: EnginePort, agent: str) -> models.AgentOut:
    snapshot = port.snapshot()
    for view in snapshot.agents:
        if view.agent == AgentId(agent):
            return models.AgentOut.of(view, snapshot.at)
    raise HTTPException(404, "no such agent")


def _phones(port: EnginePort) -> Collection[DeviceId]:
    return {view.phone for view in port.snapshot().agents}


async def _unreadable(request: Request, error: Exception) -> JSONResponse:
    """Say which field is wrong and why, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)
    faults = []
    for fault in error.errors():
        field = ".".join(str(part) for part in fault["loc"] if isinstance(part, str))
        faults.append(f"{field}: {fault['msg']}")
    return JSONResponse({"detail": "; ".join(faults)}, 422)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
