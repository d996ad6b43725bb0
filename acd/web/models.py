"""The JSON of the API, as OpenAPI documents it.

Rules: every moment is in seconds since the epoch and its name ends in ``at``, ``since`` or
``until``; every duration is in seconds and its name ends in ``seconds``; what does not apply is
null. Numbers of callers appear in `CallOut` alone.
This module must not know how a value came about: it copies the snapshot's views.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from acd.core.events import DeviceState
from acd.core.ids import CallId, DeviceId
from acd.core.numbers import ClientView
from acd.core.records import (
    Activity,
    AgentView,
    CallState,
    CallView,
    Presence,
    QueueView,
    Snapshot,
)
from acd.errors import ConfigError
from acd.web.port import Reloaded

MOST_SECONDS: Final = 7200.0
"""From an hour late to an hour early, which is the whole range the engine allows."""

MOST_POSITIONS: Final = 100_000


class Out(BaseModel):
    """What is answered; nothing is changed afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class In(BaseModel):
    """What is asked; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Out):
    """Why a request was not done."""

    detail: str = Field(description="One line for people.")


def refused(why: str) -> dict[str, object]:
    """Return how a route describes one of its refusals: a Problem, and when it comes.

    The schema is named and not given as a model, from which FastAPI would make a field of its own
    for each refusal of each route, at every start. One route has to give the model, or the schema
    would not be among the components: `/reload` does.
    """
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"content": {"application/json": {"schema": schema}}, "description": why}


class Health(Out):
    """The process runs and its event loop answers."""

    status: str = Field(description="Always ok.")


class Ready(Out):
    """Whether calls can be served now."""

    ready: bool
    problems: list[str] = Field(description="What is wrong and what comes next, one line each.")


class QueueOut(Out):
    """One queue now."""

    queue: str = Field(description="The queue's id, as in queues.yaml.")
    label: str
    waiting: int = Field(description="Callers who wait and for whom no phone rings yet.")
    ringing: int = Field(description="Callers for whom an agent's phone rings.")
    connected: int = Field(description="Callers who talk with an agent.")
    longest_wait_seconds: float = Field(description="0 when nobody waits.")
    agents_ready: int = Field(description="Agents with the skills who are ready, busy or not.")
    agents_free: int = Field(description="Agents with the skills who can be rung now.")
    estimate_seconds: float | None = Field(
        description="How long who joined now would probably wait; null when nobody can know."
    )

    @classmethod
    def of(cls, view: QueueView) -> QueueOut:
        """Copy the engine's view."""
        return cls(
            queue=view.queue,
            label=view.label,
            waiting=view.waiting,
            ringing=view.ringing,
            connected=view.connected,
            longest_wait_seconds=view.longest_wait_seconds,
            agents_ready=view.agents_ready,
            agents_free=view.agents_free,
            estimate_seconds=view.estimate_seconds,
        )


class ClientOut(Out):
    """For which company a caller calls. What the agent reads is there from the ring on."""

    client: str = Field(description="The client's id: its file in config/clients/.")
    name: str
    answer: str = Field(description="How to answer, in the caller's language where that is known.")
    ask: list[str] = Field(description="What to ask him.")
    tell: list[str] = Field(description="What he may be told.")

    @classmethod
    def of(cls, view: ClientView | None) -> ClientOut | None:
        """Copy the engine's view; None where there is no client."""
        if view is None:
            return None
        return cls(
            client=view.client,
            name=view.name,
            answer=view.answer,
            ask=list(view.ask),
            tell=list(view.tell),
        )


class CallOut(Out):
    """One living call now: personal data, for supervisors."""

    call: str
    pbx: str
    state: CallState
    since: float = Field(description="When it came into its state.")
    arrived_at: float
    ani: str = Field(description="The caller's number, empty when withheld.")
    dnis: str = Field(description="The number he dialled.")
    language: str
    option: str = Field(description="The key he chose in the menu, empty before.")
    queue: str | None
    queued_at: float | None
    due_at: float | None = Field(description="Calls are served in the order of this moment.")
    position: int | None = Field(description="In its queue, 1 for the first; null outside one.")
    wait_seconds: float | None = Field(description="Since he entered the queue; null outside it.")
    agent: str | None = Field(description="Who is rung for him, or talks with him.")
    client: ClientOut | None = Field(description="For whom he calls; null where it is none's.")
    attributes: dict[str, str] = Field(
        description="What he typed in menus, and what was looked up: a contract number."
    )

    @classmethod
    def of(cls, view: CallView, at: float) -> CallOut:
        """Copy the engine's view at the moment ``at``."""
        waits = view.state in (CallState.QUEUED, CallState.RINGING) and view.queued_at is not None
        return cls(
            call=view.call,
            pbx=view.pbx,
            state=view.state,
            since=view.since,
            arrived_at=view.arrived_at,
            ani=view.ani,
            dnis=view.dnis,
            language=view.language,
            option=view.option,
            queue=view.queue,
            queued_at=view.queued_at,
            due_at=view.due_at,
            position=view.position,
            wait_seconds=max(0.0, at - view.queued_at) if waits and view.queued_at else None,
            agent=view.agent,
            client=ClientOut.of(view.client),
            attributes=dict(view.attributes),
        )


class AgentOut(Out):
    """One agent now."""

    agent: str = Field(description="The agent's id, as in agents.yaml.")
    name: str
    phone: str = Field(description="The phone he is rung on, for example PJSIP/1001.")
    presence: Presence = Field(description="What he said.")
    reason: str = Field(description="Why he is not ready, else empty.")
    activity: Activity = Field(description="What the system does with him.")
    device: DeviceState = Field(description="What his phone does: a veto, never a permission.")
    since: float = Field(description="When presence, activity or device changed last.")
    call: str | None
    queue: str | None = Field(description="The queue of his call or wrap-up.")
    wrap_up_ends_at: float | None = Field(description="Null unless he is in wrap-up.")
    wrap_up_remaining_seconds: float | None = Field(description="The same as a countdown.")
    client: ClientOut | None = Field(description="For whom the caller calls who rings or talks.")
    attributes: dict[str, str] = Field(description="What is known of that caller.")

    @classmethod
    def of(cls, view: AgentView, at: float) -> AgentOut:
        """Copy the engine's view at the moment ``at``."""
        ends_at = view.wrap_up_ends_at
        return cls(
            agent=view.agent,
            name=view.name,
            phone=view.phone,
            presence=view.presence,
            reason=view.reason,
            activity=view.activity,
            device=view.device,
            since=view.since,
            call=view.call,
            queue=view.queue,
            wrap_up_ends_at=ends_at,
            wrap_up_remaining_seconds=None if ends_at is None else max(0.0, ends_at - at),
            client=ClientOut.of(view.client),
            attributes=dict(view.attributes),
        )


class QueuesOut(Out):
    """Every queue at one moment, in the order of the configuration."""

    at: float
    queues: list[QueueOut]

    @classmethod
    def of(cls, snapshot: Snapshot) -> QueuesOut:
        """Copy the engine's snapshot."""
        return cls(at=snapshot.at, queues=[QueueOut.of(view) for view in snapshot.queues])


class CallsOut(Out):
    """Every living call at one moment."""

    at: float
    calls: list[CallOut]

    @classmethod
    def of(cls, snapshot: Snapshot) -> CallsOut:
        """Copy the engine's snapshot."""
        return cls(at=snapshot.at, calls=[CallOut.of(view, snapshot.at) for view in snapshot.calls])


class AgentsOut(Out):
    """Every agent at one moment."""

    at: float
    agents: list[AgentOut]

    @classmethod
    def of(cls, snapshot: Snapshot) -> AgentsOut:
        """Copy the engine's snapshot."""
        return cls(
            at=snapshot.at, agents=[AgentOut.of(view, snapshot.at) for view in snapshot.agents]
        )


class CallPlaceOut(Out):
    """Where a call stands after a supervisor's request."""

    call: str
    state: CallState = Field(
        description="ended when the caller has gone meanwhile; who was withdrawn is about to go."
    )
    queue: str | None
    queued_at: float | None = Field(description="When his wait began.")
    due_at: float | None = Field(description="Calls are served in the order of this moment.")
    position: int | None = Field(description="In its queue, 1 for the first; null outside one.")

    @classmethod
    def of(cls, call: CallId, view: CallView | None) -> CallPlaceOut:
        """Copy the engine's view of the call, None when it is over."""
        if view is None:
            gone = CallState.ENDED
            return cls(
                call=call, state=gone, queue=None, queued_at=None, due_at=None, position=None
            )
        return cls(
            call=call,
            state=view.state,
            queue=view.queue,
            queued_at=view.queued_at,
            due_at=view.due_at,
            position=view.position,
        )


class CandidateOut(Out):
    """One agent at the moment of one decision."""

    agent: str
    name: str
    why_not: str = Field(description="Why he could not be rung; empty when he could.")
    until: float | None = Field(description="When that ends by itself, if it does.")


class ExplainedStepOut(Out):
    """One decision about a call, and every agent as he stood just before it."""

    at: float
    what: str = Field(description="A constant word, for example queued, relaxed, rung, left.")
    text: str = Field(description="Why, for people.")
    agent: str | None = Field(description="Whom the step is about.")
    asked: list[str] = Field(description="What the call asked for, for example billing >= 3.")
    candidates: list[CandidateOut] = Field(
        description="Every agent, by id; empty for a step in which agents did not matter."
    )


class ExplanationOut(Out):
    """Everything that was decided about one call, in order. It holds no number of a caller."""

    call: str
    ended: bool = Field(description="Whether the call is over.")
    steps: list[ExplainedStepOut]


class ChangeOut(Out):
    """One thing that is different in the new configuration."""

    kind: str = Field(description="For example queue, agent, menu, skill or setting.")
    name: str
    how: str = Field(description="added, removed or changed.")
    fields: list[str] = Field(description="Each field that is different, as far as it may be told.")


class ReloadOut(Out):
    """The configuration that was read is at work."""

    changes: list[ChangeOut] = Field(description="What is different now; empty when nothing is.")
    needs_restart: list[str] = Field(
        description="What is different in acd.yaml and does not count before a restart."
    )

    @classmethod
    def of(cls, reloaded: Reloaded) -> ReloadOut:
        """Copy what the engine says."""
        changes = [
            ChangeOut(kind=one.kind, name=one.name, how=one.how, fields=list(one.fields))
            for one in reloaded.changes
        ]
        return cls(changes=changes, needs_restart=list(reloaded.needs_restart))


class FaultOut(Out):
    """One thing that is wrong in the configuration, and where."""

    file: str
    line: int = Field(description="From 1; 0 when the whole file is meant.")
    column: int
    what: str
    allowed: str = Field(description="What would be right, empty when that goes without saying.")


class ReloadRefused(Problem):
    """The configuration was refused whole, and the old one goes on serving."""

    problems: list[FaultOut]

    @classmethod
    def of(cls, error: ConfigError) -> ReloadRefused:
        """Tell everything that is wrong."""
        problems = [
            FaultOut(
                file=one.file,
                line=one.line,
                column=one.column,
                what=one.what,
                allowed=one.allowed,
            )
            for one in error.problems
        ]
        return cls(detail=str(error).splitlines()[-1], problems=problems)


class DoneOut(Out):
    """What was asked for is done, and written down."""

    done: bool


class LoginIn(In):
    """Where the agent sits; without it the phone that agents.yaml gives him."""

    phone: Annotated[DeviceId, StringConstraints(pattern=r"^PJSIP/[A-Za-z0-9_-]{1,32}$")] | None = (
        Field(default=None, description="A phone of the service centre, for example PJSIP/1001.")
    )


class NotReadyIn(In):
    """Why the agent takes no calls: one of the reasons in the configuration."""

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,64}$")
    ]


class MoveIn(In):
    """Into which queue a waiting call is to go; its wait clock goes on."""

    queue: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")] = Field(
        description="A queue's id, as in queues.yaml."
    )


class PrioritiseIn(In):
    """By how much earlier a waiting call is to be served; negative is later."""

    seconds: Annotated[
        float, Field(strict=True, allow_inf_nan=False, ge=-MOST_SECONDS, le=MOST_SECONDS)
    ]


class PlaceIn(In):
    """Before whom in its queue a waiting call is to be put."""

    position: Annotated[
        int, Field(strict=True, ge=1, le=MOST_POSITIONS, description="1 is the next to be served.")
    ]
