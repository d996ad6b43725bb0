"""The table of routes and roles, and who is a stranger to a service without tokens."""

from __future__ import annotations

import pytest

from acd.core.ids import AgentId
from acd.web.access import LOCAL, ROUTES, Caller, Role, Verdict, decide, stranger

ADA = Caller("ada", Role.AGENT, AgentId("1001"))
LEAD = Caller("lead", Role.SUPERVISOR)
PROMETHEUS = Caller("prometheus", Role.MONITOR)


@pytest.mark.parametrize(
    ("caller", "method", "path", "verdict"),
    [
        (ADA, "GET", "/api/v1/agents/1001", Verdict.ALLOWED),
        (ADA, "POST", "/api/v1/agents/1001/ready", Verdict.ALLOWED),
        (ADA, "GET", "/api/v1/agents/1002", Verdict.FORBIDDEN),
        (ADA, "GET", "/api/v1/agents/nobody", Verdict.FORBIDDEN),
        (ADA, "POST", "/api/v1/agents/1002/ready", Verdict.FORBIDDEN),
        (ADA, "GET", "/api/v1/agents", Verdict.FORBIDDEN),
        (ADA, "GET", "/api/v1/agents/", Verdict.FORBIDDEN),
        (ADA, "GET", "/api/v1/calls", Verdict.FORBIDDEN),
        (ADA, "GET", "/api/v1/calls/main-1.1/explain", Verdict.FORBIDDEN),
        (ADA, "POST", "/api/v1/calls/1001/withdraw", Verdict.FORBIDDEN),
        (PROMETHEUS, "GET", "/api/v1/calls/main-1.1/explain", Verdict.FORBIDDEN),
        (LEAD, "GET", "/api/v1/calls/main-1.1/explain", Verdict.ALLOWED),
        (LEAD, "POST", "/api/v1/calls/main-1.1/move", Verdict.ALLOWED),
        (LEAD, "GET", "/api/v1/calls/main-1.1/move", Verdict.FORBIDDEN),
        (LEAD, "POST", "/api/v1/calls//move", Verdict.FORBIDDEN),
        (LEAD, "POST", "/api/v1/incidents", Verdict.ALLOWED),
        (LEAD, "DELETE", "/api/v1/incidents/mitte", Verdict.ALLOWED),
        (LEAD, "DELETE", "/api/v1/incidents/", Verdict.FORBIDDEN),
        (ADA, "POST", "/api/v1/incidents", Verdict.FORBIDDEN),
        (LEAD, "POST", "/api/v1/reload", Verdict.FORBIDDEN),
        (LOCAL, "POST", "/api/v1/reload", Verdict.ALLOWED),
        (None, "POST", "/api/v1/reload", Verdict.UNKNOWN),
        (LEAD, "POST", "/api/v1/calls/main-1.1/answer", Verdict.FORBIDDEN),
        (None, "GET", "/api/v1/calls/main-1.1/explain", Verdict.UNKNOWN),
        (PROMETHEUS, "GET", "/metrics", Verdict.ALLOWED),
        (PROMETHEUS, "POST", "/metrics", Verdict.FORBIDDEN),
        (PROMETHEUS, "GET", "/api/v1/calls", Verdict.FORBIDDEN),
        (LEAD, "GET", "/api/v1/calls", Verdict.ALLOWED),
        (LEAD, "GET", "/a/page/of/tomorrow", Verdict.FORBIDDEN),
        (LOCAL, "GET", "/a/page/of/tomorrow", Verdict.ALLOWED),
        (None, "GET", "/healthz", Verdict.ALLOWED),
        (None, "POST", "/healthz", Verdict.UNKNOWN),
        (None, "GET", "/healthz/", Verdict.UNKNOWN),
        (None, "GET", "//healthz", Verdict.UNKNOWN),
        (None, "GET", "/readyz", Verdict.UNKNOWN),
        (None, "GET", "/a/page/of/tomorrow", Verdict.UNKNOWN),
    ],
)
def test_verdict(caller: Caller | None, method: str, path: str, verdict: Verdict) -> None:
    assert decide(method, path, caller) is verdict


def test_an_agent_token_without_an_agent_opens_nothing_of_an_agent() -> None:
    for route in ROUTES:
        if route.own:
            path = route.path.replace("{agent}", "1001")
            assert decide(route.method, path, Caller("x", Role.AGENT)) is Verdict.FORBIDDEN


LOOPBACK = ["localhost", "localhost:8080", "127.0.0.1:80", "127.9.9.9", "[::1]:8080", "LocalHost"]
FOREIGN = [
    "evil.example",
    "127.0.0.1.evil.example",
    "evil.example:127.0.0.1",
    "localhost.evil.example",
    "localhost:8080@evil.example",
    "10.0.0.5:8080",
    "0.0.0.0:8080",
    "[::2]:8080",
    "",
    "localhost:",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_by_any_of_its_names(host: str) -> None:
    assert stranger([(b"host", host.encode())]) == ""


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_a_stranger(host: str) -> None:
    assert "Host" in stranger([(b"host", host.encode())])


def test_a_request_has_exactly_one_host() -> None:
    assert stranger([])
    assert stranger([(b"host", b"localhost"), (b"host", b"localhost")])


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        ("http://localhost:8080", False),
        ("https://localhost:8080", False),
        ("http://localhost:3000", True),
        ("http://127.0.0.1:8080", True),
        ("https://evil.example", True),
        ("http://localhost:8080.evil.example", True),
        ("null", True),
        ("", True),
    ],
)
def test_only_the_services_own_pages_may_call_it(origin: str, foreign: bool) -> None:
    headers = [(b"host", b"localhost:8080"), (b"origin", origin.encode())]
    assert bool(stranger(headers)) is foreign


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
def test_nobody_comes_through_a_proxy_without_tokens(name: str) -> None:
    assert "proxy" in stranger([(b"host", b"localhost"), (name.encode(), b"1.2.3.4")])
