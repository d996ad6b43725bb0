"""A port to no engine: one moment of a service centre, and a note of what was asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import msgspec

from acd.changes import Change
from acd.core.events import CallAction, VoicemailAction
from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    IncidentId,
    PromptId,
    QueueId,
    RequestId,
    VoicemailId,
)
from acd.core.incident import Clip, Incident, Wish
from acd.core.plan import AgentAction
from acd.core.records import Explanation, IncidentView, Presence, Replied, Snapshot
from acd.core.surge import Surge
from acd.live import Live, Touched
from acd.metrics import Metrics
from acd.web.access import Role
from acd.web.app import create_app
from acd.web.port import Readiness, Reloaded
from acd.web.tokens import Token, new_token, parse
from tests.web.centre import MAIN, NOW, VOICEMAIL, explanation, plan, snapshot

Asked = tuple[AgentId, AgentAction, str, DeviceId | None]
AskedOfCall = tuple[CallId, CallAction, QueueId | None, float, int]
AskedOfVoicemail = tuple[VoicemailId, VoicemailAction, AgentId]
AnyAsked = Asked | AskedOfCall | AskedOfVoicemail | Wish | IncidentId

_SOUND = TemporaryDirectory()
Path(_SOUND.name, f"{VOICEMAIL}.wav").write_bytes(b"RIFF of a message")

SAYS = {
    AgentAction.LOG_IN: Presence.READY,
    AgentAction.LOG_OUT: Presence.LOGGED_OUT,
    AgentAction.READY: Presence.READY,
    AgentAction.NOT_READY: Presence.NOT_READY,
}


RELOADED = Reloaded(
    (
        Change("queue", "fault", "changed", ("target_seconds 20 -> 30",)),
        Change("menu", "x", "added"),
    ),
    ("http: port",),
)


class Desk:
    """Does what it is asked to the snapshot, unless `refusal` is set; `hangs` never answers."""

    def __init__(self) -> None:
        self.now = snapshot()
        self.asked: list[AnyAsked] = []
        self.refusal = ""
        self.voicemails: Path | None = Path(_SOUND.name)
        self.fails: Callable[[], BaseException] | None = None
        self.hangs = False
        self.reloads = 0
        self.state = Readiness(ready=True)
        self.metrics = Metrics(plan(), [MAIN], lambda: [self.snapshot()])

    def snapshot(self, now: float = NOW) -> Snapshot:
        return self.now

    def part(
        self, now: float, calls: Collection[CallId], agents: Collection[AgentId], *, queues: bool
    ) -> Snapshot:
        seen = self.now
        return Snapshot(
            now,
            seen.queues if queues else (),
            tuple(one for one in seen.calls if one.call in calls),
            tuple(one for one in seen.agents if one.agent in agents),
        )

    def live(self, touched: Touched | None = None) -> Live:
        return Live(self, touched or Touched(), lambda: self.now.at)

    def readiness(self) -> Readiness:
        return self.state

    async def metrics_text(self) -> bytes:
        return self.metrics.exposition().text()

    async def request(
        self, agent: AgentId, action: AgentAction, reason: str, phone: DeviceId | None
    ) -> Replied:
        await self._take((agent, action, reason, phone))
        if not self.refusal and action in SAYS:
            agents = tuple(
                msgspec.structs.replace(view, presence=SAYS[action], reason=reason)
                if view.agent == agent
                else view
                for view in self.now.agents
            )
            self.now = msgspec.structs.replace(self.now, agents=agents)
        return Replied(NOW, RequestId(len(self.asked)), self.refusal)

    async def change_call(
        self,
        call: CallId,
        action: CallAction,
        *,
        queue: QueueId | None = None,
        seconds: float = 0.0,
        position: int = 1,
    ) -> Replied:
        await self._take((call, action, queue, seconds, position))
        if not self.refusal:
            (view,) = [one for one in self.now.calls if one.call == call]
            changed = msgspec.structs.replace(
                view, queue=queue or view.queue, due_at=(view.due_at or 0.0) - seconds
            )
            after = () if action is CallAction.WITHDRAW else (changed,)
            others = [one for one in self.now.calls if one.call != call]
            self.now = msgspec.structs.replace(self.now, calls=(*after, *others))
        return Replied(NOW, RequestId(len(self.asked)), self.refusal)

    async def set_incident(self, wish: Wish) -> Replied:
        await self._take(wish)
        if not self.refusal:
            text = tuple(
                Clip(code, PromptId("incident/x"), 5.0, said) for code, said in wish.text.items()
            )
            told = Incident(
                id=wish.id,
                queues=wish.queues,
                postcodes=wish.postcodes,
                text=text,
                ends_at=wish.ends_at,
            )
            self._have_incidents((IncidentView(told, is_on=True, configured=False),))
        return Replied(NOW, RequestId(len(self.asked)), self.refusal)

    async def end_incident(self, incident: IncidentId) -> Replied:
        await self._take(incident)
        if not self.refusal:
            self._have_incidents(())
        return Replied(NOW, RequestId(len(self.asked)), self.refusal)

    def suggestions(self) -> tuple[Surge, ...]:
        return (Surge(QueueId("fault"), 34, 4.46),)

    def _have_incidents(self, views: tuple[IncidentView, ...]) -> None:
        self.now = msgspec.structs.replace(self.now, incidents=views)

    async def read_again(self) -> Reloaded:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails()
        self.reloads += 1
        return RELOADED

    async def change_voicemail(
        self, voicemail: VoicemailId, action: VoicemailAction, agent: AgentId
    ) -> Replied:
        await self._take((voicemail, action, agent))
        return Replied(NOW, RequestId(len(self.asked)), self.refusal)

    def boxes_of(self, agent: AgentId) -> frozenset[QueueId]:
        return frozenset([QueueId("fault")]) if agent == "1001" else frozenset()

    def voicemail_file(self, voicemail: VoicemailId) -> Path | None:
        return self.voicemails / f"{voicemail}.wav" if self.voicemails is not None else None

    def explain(self, call: CallId) -> Explanation | None:
        return explanation(call) if any(one.call == call for one in self.now.calls) else None

    async def _take(self, asked: AnyAsked) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails()
        self.asked.append(asked)


class Keys:
    """One token for each role; the agent's is for 1001."""

    def __init__(self) -> None:
        self.now = NOW
        self.secret: dict[Role, str] = {}
        lines = []
        for role in Role:
            agent = AgentId("1001") if role is Role.AGENT else None
            self.secret[role], line = new_token(f"the-{role.value}", role, agent, None)
            lines.append(line)
        self.valid, problems = parse("\n".join(lines), "tokens")
        assert not problems

    def tokens(self) -> list[Token]:
        return self.valid

    def headers(self, role: Role | None) -> Mapping[str, str]:
        return {} if role is None else {"Authorization": f"Bearer {self.secret[role]}"}

    def revoke(self, role: Role) -> None:
        self.valid = [token for token in self.valid if token.caller.role is not role]


class Seat:
    """The port of an app that outlives the desks: making an app takes longer than most tests."""

    def __init__(self, with_tokens: bool, with_phones: bool) -> None:
        self.desk = Desk()
        self.keys = Keys()
        self.phones: set[DeviceId] = set()
        self.app = create_app(
            self,
            self,
            Live(self, Touched(), lambda: self.desk.now.at),
            now=lambda: self.keys.now,
            tokens=(lambda: self.keys.tokens()) if with_tokens else None,
            phones=(lambda: self.phones) if with_phones else None,
        )

    def __getattr__(self, name: str) -> Any:
        """Whatever is asked of the port is the desk's affair."""
        return getattr(self.desk, name)


_seat = cache(Seat)


@asynccontextmanager
async def client_of(
    desk: Desk, keys: Keys | None = None, phones: Iterable[DeviceId] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole app around the desk, with no socket between; one at a time."""
    seat = _seat(keys is not None, phones is not None)
    seat.desk, seat.phones = desk, set(phones or ())
    if keys is not None:
        seat.keys = keys
    transport = httpx.ASGITransport(seat.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client
