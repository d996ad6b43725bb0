"""What the API answers: pages of the moment, changes for agents, refusals in one shape."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.core.events import CallAction
from acd.core.ids import AgentId, CallId, ClientId, DeviceId
from acd.core.numbers import ClientView
from acd.core.plan import AgentAction
from acd.core.records import Activity, CallState
from acd.errors import ConfigError, OperatorError, Problem
from acd.web import app as app_module
from acd.web import asking, guard, models
from acd.web.access import Role
from acd.web.port import EngineBusy, Readiness
from tests.web.centre import NOW, NUMBERS, agent, call, explanation, snapshot
from tests.web.desk import Desk, Keys, client_of


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str) -> Any:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_health(http: httpx.AsyncClient) -> None:
    assert await get(http, "/healthz") == {"status": "ok"}


async def test_readiness_says_why_not(http: httpx.AsyncClient, desk: Desk) -> None:
    assert await get(http, "/readyz") == {"ready": True, "problems": []}
    why = "pbx main: login refused: wrong username or secret; retry in 4 s"
    desk.state = Readiness(ready=False, problems=(why,))
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "problems": [why]})


async def test_metrics_are_prometheus_text(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"acd_calls_offered", "acd_calls_waiting", "acd_wait_seconds"} <= families


async def test_queues(http: httpx.AsyncClient) -> None:
    page = await get(http, "/api/v1/queues")
    assert [queue["queue"] for queue in page["queues"]] == ["fault", "billing"]
    assert page["queues"][0] == {
        "queue": "fault",
        "label": "Störung",
        "waiting": 1,
        "ringing": 1,
        "connected": 0,
        "longest_wait_seconds": 75.0,
        "agents_ready": 3,
        "agents_free": 0,
        "estimate_seconds": 95.0,
    }
    assert page["queues"][1]["estimate_seconds"] is None


async def test_calls_show_number_and_wait(http: httpx.AsyncClient) -> None:
    page = await get(http, "/api/v1/calls")
    assert [one["ani"] for one in page["calls"]] == [*NUMBERS, ""]
    assert [one["state"] for one in page["calls"]] == ["queued", "ringing", "connected", "in_menu"]
    assert [one["wait_seconds"] for one in page["calls"]] == [75.0, 12.0, None, None]
    assert [one["position"] for one in page["calls"]] == [1, 2, None, None]
    assert page["calls"][1]["agent"] == "1001"


async def test_a_wait_never_shows_as_negative(http: httpx.AsyncClient, desk: Desk) -> None:
    late = call(1, CallState.QUEUED, queued_at=desk.now.at + 0.5)
    desk.now = snapshot(calls=[late])
    page = await get(http, "/api/v1/calls")
    assert page["calls"][0]["wait_seconds"] == 0


async def test_for_whom_he_calls_and_what_the_agent_needs_to_know(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    client = ClientView(ClientId("north"), "North", "North, my name is", ("Name",), ("Till four",))
    rings = call(1, CallState.RINGING, agent=AgentId("1001"), client=client)
    ada = agent(1001, activity=Activity.RINGING, call=rings.call, client=client)
    desk.now = snapshot(calls=[rings, call(2, CallState.QUEUED)], agents=[ada, agent(1002)])
    shown = {
        "client": "north",
        "name": "North",
        "answer": "North, my name is",
        "ask": ["Name"],
        "tell": ["Till four"],
    }
    page = await get(http, "/api/v1/calls")
    assert [one["client"] for one in page["calls"]] == [shown, None]
    assert (await get(http, "/api/v1/agents/1001"))["client"] == shown
    assert (await get(http, "/api/v1/agents/1002"))["client"] is None


async def test_what_the_caller_typed_is_shown_with_his_call(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    typed = {"contract": "123455"}
    rings = call(1, CallState.RINGING, agent=AgentId("1001"), attributes=typed)
    ada = agent(1001, activity=Activity.RINGING, call=rings.call, attributes=typed)
    desk.now = snapshot(calls=[rings], agents=[ada])
    assert (await get(http, "/api/v1/calls"))["calls"][0]["attributes"] == typed
    assert (await get(http, "/api/v1/agents/1001"))["attributes"] == typed


async def test_agents_with_countdown(http: httpx.AsyncClient) -> None:
    page = await get(http, "/api/v1/agents")
    states = {one["agent"]: (one["presence"], one["activity"]) for one in page["agents"]}
    assert states["1003"] == ("ready", "wrap_up")
    assert states["1004"] == ("logged_out", "idle")
    remaining = {one["agent"]: one["wrap_up_remaining_seconds"] for one in page["agents"]}
    assert remaining["1003"] == 125
    assert remaining["1001"] is None
    assert await get(http, "/api/v1/agents/1003") == page["agents"][2]


@pytest.mark.parametrize("path", ["/api/v1/agents/9999", "/api/v1/agents/..", "/api/v2", "/docs"])
async def test_what_is_not_there(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(
    ("action", "body", "reason", "phone"),
    [
        ("login", None, "", None),
        ("login", {}, "", None),
        ("login", {"phone": "PJSIP/1002"}, "", "PJSIP/1002"),
        ("logout", None, "", None),
        ("ready", None, "", None),
        ("not-ready", {"reason": " break "}, "break", None),
        ("end-wrap-up", None, "", None),
    ],
)
async def test_a_change_reaches_the_engine_and_answers_the_new_state(
    http: httpx.AsyncClient, desk: Desk, action: str, body: Any, reason: str, phone: str | None
) -> None:
    answer = await http.post(f"/api/v1/agents/1005/{action}", json=body)
    assert answer.status_code == 200, answer.text
    device = None if phone is None else DeviceId(phone)
    assert desk.asked == [(AgentId("1005"), AgentAction(action), reason, device)]
    assert answer.json() == await get(http, "/api/v1/agents/1005")


async def test_a_refusal_of_the_engine_is_a_conflict(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.refusal = "not in wrap-up"
    answer = await http.post("/api/v1/agents/1001/end-wrap-up")
    assert (answer.status_code, answer.json()) == (409, {"detail": "not in wrap-up"})


@pytest.mark.parametrize("action", [action.value for action in AgentAction])
async def test_nobody_asks_for_an_unknown_agent(
    http: httpx.AsyncClient, desk: Desk, action: str
) -> None:
    body = {"reason": "break"} if action == AgentAction.NOT_READY else None
    answer = await http.post(f"/api/v1/agents/9999/{action}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"detail": "no such agent"})
    assert not desk.asked


@pytest.mark.parametrize(
    ("action", "content", "says"),
    [
        ("not-ready", "", "body"),
        ("not-ready", "{}", "reason"),
        ("not-ready", '{"reason": ""}', "reason"),
        ("not-ready", '{"reason": 7}', "reason"),
        ("not-ready", '{"reason": "break", "for": "+493055500199"}', "for"),
        ("not-ready", '{"reason": "a\\r\\nAction: Command"}', "reason"),
        ("not-ready", '{"reason": "%s"}' % ("x" * 65), "reason"),
        ("not-ready", "{", "body"),
        ("not-ready", "[1]", "body"),
        ("login", '{"phone": "Local/s@acd-ring"}', "phone"),
        ("login", '{"phone": "PJSIP/trunk/+493055500199"}', "phone"),
        ("login", '{"phone": "PJSIP/1001&PJSIP/1002"}', "phone"),
        ("login", '{"phone": "PJSIP/1001\\n"}', "phone"),
        ("login", '{"phone": "PJSIP/trunk"}', "phone"),
    ],
)
async def test_a_bad_body_says_the_field_and_repeats_nothing(
    http: httpx.AsyncClient, desk: Desk, action: str, content: str, says: str
) -> None:
    answer = await http.post(
        f"/api/v1/agents/1001/{action}",
        content=content,
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]
    assert "493055500199" not in answer.text
    assert not desk.asked


CALL = CallId("main-900000.1")


async def test_a_call_is_explained_step_by_step(http: httpx.AsyncClient) -> None:
    page = await get(http, f"/api/v1/calls/{CALL}/explain")
    assert (page["call"], page["ended"]) == (CALL, False)
    queued, relaxed, rung = page["steps"]
    assert (queued["what"], queued["at"], queued["asked"]) == ("queued", NOW - 75, ["fault >= 5"])
    assert queued["candidates"] == [
        {"agent": "1001", "name": "Ada Lenz", "why_not": "wrap-up", "until": NOW + 60},
        {"agent": "1002", "name": "Bo Berg", "why_not": "skill: fault 3 < 5", "until": None},
    ]
    assert [one["agent"] for one in relaxed["candidates"] if not one["why_not"]] == ["1002"]
    assert (rung["agent"], rung["text"], rung["candidates"]) == ("1002", "longest_idle", [])


async def test_an_explanation_is_what_its_description_says(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/api/v1/calls/{CALL}/explain")
    page = models.ExplanationOut.model_validate_json(answer.text, strict=True)
    assert len(page.steps) == len(explanation(CALL).steps)
    assert answer.headers["content-type"] == "application/json"


async def test_a_call_that_nobody_knows_is_not_explained(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/calls/main-1.9999/explain")
    assert answer.status_code == 404
    assert "main-1.9999" not in answer.text


@pytest.mark.parametrize(
    ("action", "body", "queue", "seconds", "position"),
    [
        ("move", {"queue": "billing"}, "billing", 0.0, 1),
        ("prioritise", {"seconds": 90}, None, 90.0, 1),
        ("prioritise", {"seconds": -0.5}, None, -0.5, 1),
        ("place", {"position": 3}, None, 0.0, 3),
    ],
)
async def test_a_supervisors_request_reaches_the_engine_and_answers_the_new_place(
    http: httpx.AsyncClient,
    desk: Desk,
    action: str,
    body: Any,
    queue: str | None,
    seconds: float,
    position: int,
) -> None:
    answer = await http.post(f"/api/v1/calls/{CALL}/{action}", json=body)
    assert answer.status_code == 200, answer.text
    assert desk.asked == [(CALL, CallAction(action), queue, seconds, position)]
    assert answer.json() == {
        "call": CALL,
        "state": "queued",
        "queue": queue or "fault",
        "queued_at": NOW - 75,
        "due_at": NOW - 60 - seconds,
        "position": 1,
    }


async def test_a_call_that_is_withdrawn_is_over(http: httpx.AsyncClient, desk: Desk) -> None:
    answer = await http.post(f"/api/v1/calls/{CALL}/withdraw")
    assert (answer.status_code, answer.json()["state"]) == (200, "ended")
    again = await http.post(f"/api/v1/calls/{CALL}/withdraw")
    assert again.status_code == 404
    assert len(desk.asked) == 1


async def test_what_the_engine_refuses_about_a_call_changes_nothing(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    before = desk.now
    desk.refusal = f"call {CALL} does not wait: it is ringing"
    for action, body in (("move", {"queue": "billing"}), ("withdraw", None)):
        answer = await http.post(f"/api/v1/calls/{CALL}/{action}", json=body)
        assert (answer.status_code, answer.json()) == (409, {"detail": desk.refusal})
    assert desk.now is before


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("move", {"queue": "billing"}),
        ("prioritise", {"seconds": 1}),
        ("place", {"position": 1}),
        ("withdraw", None),
    ],
)
async def test_nobody_changes_an_unknown_call(
    http: httpx.AsyncClient, desk: Desk, action: str, body: Any
) -> None:
    answer = await http.post(f"/api/v1/calls/main-1.9999/{action}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"detail": "no such call, or it is over"})
    assert not desk.asked


@pytest.mark.parametrize(
    ("action", "content", "says"),
    [
        ("move", "", "body"),
        ("move", "{}", "queue"),
        ("move", '{"queue": "nowhere"}', "queue"),
        ("move", '{"queue": "billing\\r\\nAction: Command"}', "queue"),
        ("move", '{"queue": "billing", "number": "+493055500199"}', "number"),
        ("move", '{"queue": "%s"}' % ("x" * 40), "queue"),
        ("prioritise", "{}", "seconds"),
        ("prioritise", '{"seconds": "60"}', "seconds"),
        ("prioritise", '{"seconds": 7201}', "seconds"),
        ("prioritise", '{"seconds": -7201}', "seconds"),
        ("prioritise", '{"seconds": NaN}', "seconds"),
        ("prioritise", '{"seconds": 1e999}', "seconds"),
        ("prioritise", '{"seconds": 1%s}' % ("0" * 400), "seconds"),
        ("prioritise", '{"seconds": true}', "seconds"),
        ("place", '{"position": 0}', "position"),
        ("place", '{"position": 1.5}', "position"),
        ("place", '{"position": "1"}', "position"),
        ("place", '{"position": 100001}', "position"),
    ],
)
async def test_a_bad_request_about_a_call_says_the_field_and_changes_nothing(
    http: httpx.AsyncClient, desk: Desk, action: str, content: str, says: str
) -> None:
    answer = await http.post(
        f"/api/v1/calls/{CALL}/{action}",
        content=content,
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]
    assert "493055500199" not in answer.text
    assert not desk.asked


async def test_a_form_is_not_taken_for_json(http: httpx.AsyncClient, desk: Desk) -> None:
    """A foreign page can post a form without asking first; it must never pass for a request."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await http.post(
            "/api/v1/agents/1001/not-ready",
            content='{"reason": "break"}',
            headers={"content-type": kind},
        )
        assert answer.status_code == 422
    assert not desk.asked


async def test_a_login_is_bound_to_the_phones_there_are(desk: Desk) -> None:
    async with client_of(desk, phones=[DeviceId("PJSIP/2001")]) as http:
        path = "/api/v1/agents/1001/login"
        assert (await http.post(path, json={"phone": "PJSIP/2001"})).status_code == 200
        assert (await http.post(path, json={"phone": "PJSIP/1002"})).status_code == 422


async def test_a_busy_engine_is_said_to_be_busy(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.fails = lambda: EngineBusy("inbox full")
    answer = await http.post("/api/v1/agents/1001/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_a_silent_engine_does_not_hold_the_client(
    http: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "REPLY_TIMEOUT_SECONDS", 0.01)
    desk.hangs = True
    answer = await http.post("/api/v1/agents/1001/ready")
    assert answer.status_code == 503


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_not_read(http: httpx.AsyncClient, desk: Desk, chunked: bool) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 1024
            yield b" " * 1024

    content: Any = body() if chunked else b" " * 10_240_000
    answer = await http.post("/api/v1/agents/1001/not-ready", content=content)
    assert answer.status_code == 413
    assert read <= guard.MAX_BODY_BYTES + 1024
    assert not desk.asked


async def test_answers_are_neither_kept_nor_framed(http: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/calls", "/metrics", "/nowhere"):
        headers = (await http.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


async def test_every_change_is_logged_with_its_token(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keys()
    async with client_of(desk, keys) as http:
        with caplog.at_level("INFO", "acd.web"):
            headers = keys.headers(Role.SUPERVISOR)
            await http.post("/api/v1/agents/1002/logout", headers=headers)
            await http.post(
                f"/api/v1/calls/{CALL}/move", json={"queue": "billing"}, headers=headers
            )
            desk.refusal = "not logged in"
            await http.post("/api/v1/agents/1002/logout", headers=headers)
            desk.refusal = "not before 8"
            await http.post(f"/api/v1/calls/{CALL}/place", json={"position": 2}, headers=headers)
            await http.post(
                f"/api/v1/calls/{CALL}/prioritise", json={"seconds": 30}, headers=headers
            )
    assert caplog.messages == [
        "token the-supervisor, agent 1002: logout done",
        f"token the-supervisor, call {CALL}: move to billing done",
        "token the-supervisor, agent 1002: logout refused: not logged in",
        f"token the-supervisor, call {CALL}: place at 2 refused: not before 8",
        f"token the-supervisor, call {CALL}: prioritise by 30 s refused: not before 8",
    ]
    assert not any(secret in caplog.text for secret in keys.secret.values())


async def test_openapi_describes_every_field(http: httpx.AsyncClient) -> None:
    schema = await get(http, "/openapi.json")
    operations = [one for path in schema["paths"].values() for one in path.values()]
    assert all(operation.get("summary") for operation in operations)
    for name in ("CallOut", "AgentOut", "QueueOut", "ExplanationOut", "CallPlaceOut", "MoveIn"):
        assert schema["components"]["schemas"][name]["description"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    refusals = [one["responses"]["401"]["content"]["application/json"] for one in operations]
    assert {each["schema"]["$ref"].removeprefix("#/components/schemas/") for each in refusals} == {
        "Problem"
    }
    assert schema["components"]["schemas"]["Problem"]["required"] == ["detail"]


RELOAD = "/api/v1/reload"


async def test_a_reload_answers_what_is_different(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keys()
    async with client_of(desk, keys) as http:
        with caplog.at_level("INFO", "acd.web"):
            answer = await http.post(RELOAD, headers=keys.headers(Role.ADMIN))
    assert answer.status_code == 200
    assert answer.json() == {
        "changes": [
            {
                "kind": "queue",
                "name": "fault",
                "how": "changed",
                "fields": ["target_seconds 20 -> 30"],
            },
            {"kind": "menu", "name": "x", "how": "added", "fields": []},
        ],
        "needs_restart": ["http: port"],
    }
    assert caplog.messages == ["token the-admin, reload done"]


async def test_a_reload_that_is_refused_answers_every_problem(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    problems = [
        Problem("queues.yaml", 3, 7, 'unknown skill "juggling"', "one of fault, billing"),
        Problem("acd.yaml", 0, 0, "the file is missing", "create it"),
    ]
    desk.fails = lambda: ConfigError(problems)
    answer = await http.post(RELOAD)
    assert answer.status_code == 422
    refused = answer.json()
    assert refused["detail"] == "2 problems found, nothing was started or changed"
    assert refused["problems"] == [
        {
            "file": "acd.yaml",
            "line": 0,
            "column": 0,
            "what": "the file is missing",
            "allowed": "create it",
        },
        {
            "file": "queues.yaml",
            "line": 3,
            "column": 7,
            "what": 'unknown skill "juggling"',
            "allowed": "one of fault, billing",
        },
    ]
    assert desk.reloads == 0


async def test_a_reload_that_cannot_be_done_says_why(
    http: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.fails = lambda: OperatorError("the process that reads the configuration ended with -9")
    answer = await http.post(RELOAD)
    assert answer.status_code == 409
    assert "ended with -9" in answer.json()["detail"]
    monkeypatch.setattr(app_module, "RELOAD_TIMEOUT_SECONDS", 0.01)
    desk.hangs = True
    answer = await http.post(RELOAD)
    assert answer.status_code == 503
