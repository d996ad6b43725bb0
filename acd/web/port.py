"""What the web needs of the running engine: one protocol, implemented by the daemon.

Rules: the web reads snapshots and sends requests through the inbox, like everything that happens;
it never sees the engine itself. Everything here is called on the event loop.
This module must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import msgspec

from acd.changes import Change
from acd.core.events import AgentWish, CallAction, VoicemailAction
from acd.core.ids import AgentId, CallId, DeviceId, IncidentId, QueueId, VoicemailId
from acd.core.incident import Wish
from acd.core.records import Explanation, Replied, Snapshot
from acd.core.surge import Surge
from acd.errors import AcdError


class EngineBusy(AcdError):
    """The request was not taken: the inbox is full, or the engine is stopping. Nothing happened.

    HTTP answers 503 and the client may try again.
    """


class Readiness(msgspec.Struct, frozen=True):
    """Whether calls can be served now.

    Each of ``problems`` is one line for people that says what is wrong and what comes next, for
    example "pbx main: login refused: wrong username or secret; retry in 4 s". It holds no secret.
    """

    ready: bool
    problems: tuple[str, ...] = ()


class IncidentPort(Protocol):
    """Known faults, as the web sets and ends them."""

    async def set_incident(self, wish: Wish) -> Replied:
        """Have it spoken and told to callers; returns when both is done and durable.

        Raises OperatorError when it cannot be spoken, and EngineBusy when it was not taken.
        """

    def suggestions(self) -> tuple[Surge, ...]:
        """For which queues far more callers come than usual, and nobody has told them anything."""

    async def end_incident(self, incident: IncidentId) -> Replied:
        """Have nobody told of it any more. Raises EngineBusy when it was not taken."""


class Reloaded(msgspec.Struct, frozen=True):
    """What a new configuration has brought; all of it holds from now on, but for the last."""

    changes: tuple[Change, ...] = ()
    needs_restart: tuple[str, ...] = ()
    """What is different in acd.yaml and does not count before a restart, a line each."""


class EnginePort(Protocol):
    """The engine as the web sees it."""

    def snapshot(self) -> Snapshot:
        """The state after the last step, with ``at`` being now. Cheap; called for each page."""

    async def request(
        self, agent: AgentId, action: AgentWish, reason: str, phone: DeviceId | None
    ) -> Replied:
        """Put the request into the inbox and wait for the one answer to it.

        ``phone`` is None unless a login names one. Returns when what was done is durable. Raises
        EngineBusy when the request was not taken. Being cancelled (the client left, or it took
        too long) does not undo the request.
        """

    async def change_call(
        self,
        call: CallId,
        action: CallAction,
        *,
        queue: QueueId | None = None,
        seconds: float = 0.0,
        position: int = 1,
    ) -> Replied:
        """The same for what a supervisor does about a waiting call (`acd.core.events.CallAction`).

        ``queue`` is for a move, ``seconds`` for another priority, ``position`` for a place.
        """

    async def read_again(self) -> Reloaded:
        """Have the configuration read again, and tell what is different once it is at work.

        Raises OperatorError when it is refused (ConfigError: these are its problems); the old one
        stays then. Being cancelled does not undo it.
        """

    async def change_voicemail(
        self, voicemail: VoicemailId, action: VoicemailAction, agent: AgentId
    ) -> Replied:
        """The same for what an agent does about a voicemail."""

    def boxes_of(self, agent: AgentId) -> Collection[QueueId]:
        """The queues whose voicemails the agent may take."""

    def voicemail_file(self, voicemail: VoicemailId) -> Path | None:
        """Where its sound is, None where nobody can know; the file need not be there."""

    def explain(self, call: CallId) -> Explanation | None:
        """What was decided about a call and why; None when it is not known (any more)."""

    def readiness(self) -> Readiness:
        """Whether every part that serves calls is up."""

    async def metrics_text(self) -> bytes:
        """The page for Prometheus, made beside the event loop (`acd.scrapes`)."""
