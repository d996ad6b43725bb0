"""Every route of the app x every role, and everyone at the door of a service without tokens.

The expectation is written out here once more, by hand: a change in the table of routes that
nobody meant must show as a difference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from starlette.routing import Route

from acd.core.events import CallAction, RecordingAction, VoicemailAction
from acd.core.plan import AgentAction
from acd.web.access import ROUTES, Role
from acd.web.app import create_app
from tests.web.centre import NOW, VOICEMAIL
from tests.web.desk import Desk, Keys, client_of

EVERYONE = set(Role)
LEADS = {Role.SUPERVISOR, Role.ADMIN}

MAY: dict[tuple[str, str], set[Role]] = {
    ("GET", "/readyz"): EVERYONE,
    ("GET", "/openapi.json"): EVERYONE,
    ("GET", "/metrics"): LEADS | {Role.MONITOR},
    ("GET", "/api/v1/queues"): LEADS,
    ("GET", "/api/v1/calls"): LEADS,
    ("GET", "/api/v1/stream"): LEADS,
    ("GET", "/api/v1/agents"): LEADS,
    ("GET", "/api/v1/agents/1001"): LEADS | {Role.AGENT},
    ("GET", "/api/v1/agents/1002"): LEADS,
    ("GET", "/api/v1/agents/9999"): LEADS,
    ("POST", "/api/v1/reload"): {Role.ADMIN},
}
MAY |= {
    ("POST", f"/api/v1/agents/{agent}/{action.value}"): roles
    for action in (*AgentAction, *RecordingAction)
    for agent, roles in (("1001", LEADS | {Role.AGENT}), ("1002", LEADS), ("9999", LEADS))
}
MAY |= {
    ("GET", "/api/v1/incidents"): LEADS,
    ("GET", "/api/v1/incidents/suggestions"): LEADS,
    ("POST", "/api/v1/incidents"): LEADS,
    ("DELETE", "/api/v1/incidents/9999"): LEADS,
}
CALL = "main-900000.1"
MAY |= {("GET", f"/api/v1/calls/{call}/explain"): LEADS for call in (CALL, "main-1.9999")}
MAY |= {
    ("POST", f"/api/v1/calls/{call}/{action.value}"): LEADS
    for action in CallAction
    for call in (CALL, "main-1.9999")
}
OWN = f"/api/v1/agents/1001/voicemails/{VOICEMAIL}"
MAY |= {
    ("GET", "/api/v1/voicemails"): LEADS,
    ("GET", f"/api/v1/voicemails/{VOICEMAIL}/audio"): LEADS,
    ("GET", "/api/v1/voicemails/main-1.9999/audio"): LEADS,
    ("GET", "/api/v1/agents/1001/voicemails"): LEADS | {Role.AGENT},
    ("GET", "/api/v1/agents/1002/voicemails"): LEADS,
    ("GET", f"{OWN}/audio"): LEADS | {Role.AGENT},
}
MAY |= {("POST", f"{OWN}/{action.value}"): LEADS | {Role.AGENT} for action in VoicemailAction}
MAY |= {
    ("POST", f"/api/v1/agents/{agent}/voicemails/{VOICEMAIL}/take"): LEADS
    for agent in ("1002", "9999")
}
"""Who may, with tokens; the agent's token is for 1001. 9999 does not exist."""

BODIES = {
    "not-ready": {"reason": "break"},
    "move": {"queue": "billing"},
    "prioritise": {"seconds": 30},
    "place": {"position": 1},
    "incidents": {"incident": "mitte", "queues": ["fault"], "text": {"de": "Stromausfall."}},
}

ELSEWHERE = [("GET", "/nowhere"), ("GET", "/api/v1/agents/"), ("DELETE", "/api/v1/agents/1001")]


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
async def http(keys: Keys) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Desk(), keys) as client:
        yield client


async def send(http: httpx.AsyncClient, method: str, path: str, **headers: str) -> httpx.Response:
    body = BODIES.get(path.rpartition("/")[2])
    return await http.request(method, path, json=body, headers=headers)


def test_the_table_names_the_routes_of_the_app_and_no_others() -> None:
    app = create_app(Desk(), Desk(), Desk().live(), now=lambda: NOW)
    served = set(routes(app.routes))
    assert served == {(route.method, route.path) for route in ROUTES}
    tested = {
        (
            method,
            path.replace("1001", "{agent}")
            .replace(CALL, "{call}")
            .replace(VOICEMAIL, "{voicemail}"),
        )
        for method, path in MAY
    }
    tested = {one for one in tested if "1002" not in one[1] and "9999" not in one[1]}
    tested.add(("DELETE", "/api/v1/incidents/{incident}"))
    assert served == tested | {("GET", "/healthz")}


def routes(of: object) -> Iterator[tuple[str, str]]:
    from fastapi.openapi.utils import get_openapi

    assert isinstance(of, list)
    for path, operations in get_openapi(title="", version="", routes=of)["paths"].items():
        yield from ((method.upper(), path) for method in operations)
    yield from (("GET", one.path) for one in of if type(one) is Route)


@pytest.mark.parametrize("role", [None, *Role])
async def test_every_route_for_one_role(
    http: httpx.AsyncClient, keys: Keys, role: Role | None
) -> None:
    for (method, path), roles in MAY.items():
        answer = await send(http, method, path, **keys.headers(role))
        if role is None:
            expected = 401
            assert answer.headers["www-authenticate"] == "Bearer"
        elif role not in roles:
            expected = 403
        else:
            expected = 404 if "9999" in path else 200
        assert answer.status_code == expected, (method, path)
        if expected >= 400:
            assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize("role", [None, *Role])
async def test_health_is_for_everyone(
    http: httpx.AsyncClient, keys: Keys, role: Role | None
) -> None:
    assert (await send(http, "GET", "/healthz", **keys.headers(role))).status_code == 200
    assert (await send(http, "GET", "/healthz", Host="acd.example")).status_code == 200


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
async def test_nobody_learns_which_pages_there_are(
    http: httpx.AsyncClient, keys: Keys, method: str, path: str
) -> None:
    statuses = {
        role: (await send(http, method, path, **keys.headers(role))).status_code
        for role in (None, *Role)
    }
    assert statuses.pop(None) == 401
    assert statuses.pop(Role.ADMIN) in (404, 405)
    assert set(statuses.values()) == {403}


WRONG = [
    "Bearer",
    "Bearer ",
    "Bearer nonsense",
    "Basic {token}",
    "{token}",
    "Bearer {token}x",
    "Bearer {token} {token}",
    "Bearer {digest}",
]


@pytest.mark.parametrize("shown", WRONG)
async def test_a_token_that_is_none(http: httpx.AsyncClient, keys: Keys, shown: str) -> None:
    token = keys.secret[Role.ADMIN]
    digest = next(one.digest.hex() for one in keys.valid if one.caller.role is Role.ADMIN)
    header = shown.format(token=token, digest=digest)
    answer = await send(http, "GET", "/api/v1/calls", Authorization=header)
    assert answer.status_code == 401
    assert token not in answer.text


@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
async def test_a_token_in_a_url_or_cookie_is_worth_nothing(
    http: httpx.AsyncClient, keys: Keys, name: str
) -> None:
    token = keys.secret[Role.ADMIN]
    path = f"/api/v1/calls?{name}={token}"
    assert (await send(http, "GET", path)).status_code == 401
    cookie = f"{name}={token}"
    assert (await send(http, "GET", "/api/v1/calls", Cookie=cookie)).status_code == 401


async def test_two_tokens_at_once_are_none(http: httpx.AsyncClient, keys: Keys) -> None:
    headers = [("Authorization", f"Bearer {keys.secret[Role.ADMIN]}")] * 2
    assert (await http.get("/api/v1/calls", headers=headers)).status_code == 401


async def test_a_revoked_token_is_refused_from_the_next_request_on(
    http: httpx.AsyncClient, keys: Keys
) -> None:
    headers = keys.headers(Role.SUPERVISOR)
    assert (await send(http, "GET", "/api/v1/calls", **headers)).status_code == 200
    keys.revoke(Role.SUPERVISOR)
    assert (await send(http, "GET", "/api/v1/calls", **headers)).status_code == 401


# Without tokens

LOCAL_HOSTS = ["localhost", "127.0.0.1:8080", "[::1]:8080"]
FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example:8080"},
    {"Host": "10.1.2.3:8080"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:3000"},
    {"X-Forwarded-For": "203.0.113.9"},
]


@pytest.mark.parametrize("host", LOCAL_HOSTS)
async def test_this_machine_may_do_everything(host: str) -> None:
    async with client_of(Desk()) as http:
        for method, path in [*MAY, ("GET", "/healthz")]:
            answer = await send(http, method, path, Host=host, Origin=f"http://{host}")
            assert answer.status_code == (404 if "9999" in path else 200), (method, path)


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(*headers.items()))
async def test_a_foreign_page_may_do_nothing(headers: dict[str, str]) -> None:
    desk = Desk()
    async with client_of(desk) as http:
        for method, path in [*MAY, ("GET", "/healthz"), *ELSEWHERE]:
            answer = await send(http, method, path, **headers)
            assert answer.status_code == 403, (method, path)
            assert answer.json()["detail"].startswith("refused: ")
    assert not desk.asked
