"""Who may do what: one table of routes and roles, and the rules for a site without tokens. Pure.

- Every route the app serves has a row in `ROUTES`; what has no row is refused to everyone but an
  admin, so a route that was forgotten here is closed, not open.
- With tokens configured, whoever shows none of them gets `/healthz` and nothing else.
- Without tokens the service trusts whoever can reach its loopback address, and nothing else on
  the machine may borrow that trust: a web page cannot (`stranger`), neither by a request to
  another origin nor by a name of its own that it points to 127.0.0.1 (DNS rebinding), and a proxy
  that lets others in cannot either.

It must not know FastAPI, nor how a token is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, StrEnum
from typing import Final, NamedTuple

import msgspec

from acd.core.events import CallAction, RecordingAction, VoicemailAction
from acd.core.ids import AgentId
from acd.core.plan import AgentAction


class Role(StrEnum):
    """What a token is good for."""

    MONITOR = "monitor"
    """Reads metrics and readiness: a Prometheus server."""
    AGENT = "agent"
    """Reads and changes the state of one agent, the one the token names."""
    SUPERVISOR = "supervisor"
    """Reads everything, changes any agent's state and the place of any waiting call, and tells
    callers of incidents."""
    ADMIN = "admin"
    """Everything."""


class Caller(msgspec.Struct, frozen=True):
    """Who makes a request; ``name`` is the token's, for the audit log."""

    name: str
    role: Role
    agent: AgentId | None = None


LOCAL: Final = Caller("local", Role.ADMIN)
"""Whoever reaches a service without tokens, on its own machine."""

_EVERYONE: Final = frozenset(Role)
_LEADS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})


class Route(NamedTuple):
    """One route: ``roles`` may use it; with ``own`` an agent may too, for the {agent} he is."""

    method: str
    path: str
    roles: frozenset[Role]
    own: bool = False
    open: bool = False
    """Open to everyone, token or not."""


_AGENT: Final = "/api/v1/agents/{agent}"
_CALL: Final = "/api/v1/calls/{call}"
_AGENTS_ONE: Final = f"{_AGENT}/voicemails/{{voicemail}}"

ROUTES: Final = (
    Route("GET", "/healthz", _EVERYONE, open=True),
    Route("GET", "/readyz", _EVERYONE),
    Route("GET", "/metrics", _LEADS | {Role.MONITOR}),
    Route("GET", "/openapi.json", _EVERYONE),
    Route("GET", "/api/v1/queues", _LEADS),
    Route("GET", "/api/v1/calls", _LEADS),
    Route("GET", "/api/v1/stream", _LEADS),
    Route("GET", f"{_CALL}/explain", _LEADS),
    *(Route("POST", f"{_CALL}/{action.value}", _LEADS) for action in CallAction),
    Route("GET", "/api/v1/incidents", _LEADS),
    Route("GET", "/api/v1/incidents/suggestions", _LEADS),
    Route("POST", "/api/v1/incidents", _LEADS),
    Route("DELETE", "/api/v1/incidents/{incident}", _LEADS),
    Route("GET", "/api/v1/agents", _LEADS),
    Route("GET", _AGENT, _LEADS, own=True),
    *(
        Route("POST", f"{_AGENT}/{action.value}", _LEADS, own=True)
        for action in (*AgentAction, *RecordingAction)
    ),
    Route("POST", "/api/v1/reload", frozenset({Role.ADMIN})),
    Route("GET", "/api/v1/voicemails", _LEADS),
    Route("GET", "/api/v1/voicemails/{voicemail}/audio", _LEADS),
    Route("GET", f"{_AGENT}/voicemails", _LEADS, own=True),
    Route("GET", f"{_AGENTS_ONE}/audio", _LEADS, own=True),
    *(Route("POST", f"{_AGENTS_ONE}/{what.value}", _LEADS, own=True) for what in VoicemailAction),
)


class Verdict(Enum):
    """What the table says about one request."""

    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    """Nobody we know: show a token (401)."""
    FORBIDDEN = "forbidden"
    """Somebody we know who may not (403)."""


def decide(method: str, path: str, caller: Caller | None) -> Verdict:
    """Look a request up in the table. ``path`` is decoded, as the router sees it."""
    parts = path.split("/")
    for route in ROUTES:
        agent = _agent_in(route.path, parts) if route.method == method else None
        if agent is None:
            continue
        if route.open:
            return Verdict.ALLOWED
        if caller is None:
            return Verdict.UNKNOWN
        own = route.own and caller.role is Role.AGENT and caller.agent == agent
        return Verdict.ALLOWED if own or caller.role in route.roles else Verdict.FORBIDDEN
    if caller is None:
        return Verdict.UNKNOWN
    return Verdict.ALLOWED if caller.role is Role.ADMIN else Verdict.FORBIDDEN


def _agent_in(template: str, parts: Sequence[str]) -> str | None:
    """The {agent} of a path that fits the template, "" when it has none, None when it does not."""
    agent = ""
    pattern = template.split("/")
    if len(pattern) != len(parts):
        return None
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted == "{agent}" and part:
            agent = part
        elif wanted != part and not (wanted in ("{call}", "{incident}", "{voicemail}") and part):
            return None
    return agent


_LOOPBACK: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?")
_FORWARDED: Final = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")


def stranger(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Why a request must not enjoy the trust of this machine, or "" when it may.

    ``headers`` are ASGI's: lower-case names. For a service without tokens only.
    """
    hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        return "the Host header is not this machine's loopback address"
    for name, value in headers:
        if name == b"origin":
            origin = value.decode("latin-1").lower()
            if origin not in (f"http://{hosts[0]}", f"https://{hosts[0]}"):
                return "the Origin header is another site's"
        elif name in _FORWARDED:
            return "it came through a proxy, and without tokens nobody behind it is known"
    return ""
