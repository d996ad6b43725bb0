"""Voicemails over HTTP: who sees which, who hears what, and what is asked of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from acd.core.events import VoicemailAction
from acd.web.access import Role
from tests.web.centre import NUMBERS, OTHER_VOICEMAIL, VOICEMAIL
from tests.web.desk import Desk, Keys, client_of

OWN = "/api/v1/agents/1001/voicemails"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
async def http(desk: Desk, keys: Keys) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk, keys) as client:
        yield client


async def listed(http: httpx.AsyncClient, keys: Keys, path: str, role: Role) -> list[str]:
    answer = await http.get(path, headers=keys.headers(role))
    assert answer.status_code == 200
    return [one["voicemail"] for one in answer.json()["voicemails"]]


async def test_a_supervisor_sees_all_or_those_of_one_queue(
    http: httpx.AsyncClient, keys: Keys
) -> None:
    found = await listed(http, keys, "/api/v1/voicemails", Role.SUPERVISOR)
    assert found == [VOICEMAIL, OTHER_VOICEMAIL, "main-900000.7-1"]
    found = await listed(http, keys, "/api/v1/voicemails?queue=billing", Role.SUPERVISOR)
    assert found == ["main-900000.7-1"]
    answer = await http.get("/api/v1/voicemails", headers=keys.headers(Role.SUPERVISOR))
    first = answer.json()["voicemails"][0]
    assert (first["ani"], first["seconds"], first["agent"]) == (NUMBERS[0], 8.5, "1001")
    assert first["attributes"] == {"contract": "4711"}


async def test_an_agent_sees_what_he_may_take_or_has_taken(
    http: httpx.AsyncClient, keys: Keys
) -> None:
    assert await listed(http, keys, OWN, Role.AGENT) == [VOICEMAIL, OTHER_VOICEMAIL]
    others = "/api/v1/agents/1002/voicemails"
    assert await listed(http, keys, others, Role.SUPERVISOR) == []


@pytest.mark.parametrize("action", VoicemailAction)
async def test_what_an_agent_does_goes_to_the_engine(
    http: httpx.AsyncClient, keys: Keys, desk: Desk, action: VoicemailAction
) -> None:
    path = f"{OWN}/{OTHER_VOICEMAIL}/{action.value}"
    answer = await http.post(path, headers=keys.headers(Role.AGENT))
    assert (answer.status_code, answer.json()) == (200, {"done": True})
    assert desk.asked == [(OTHER_VOICEMAIL, action, "1001")]


async def test_what_the_engine_refuses_is_told(
    http: httpx.AsyncClient, keys: Keys, desk: Desk
) -> None:
    desk.refusal = "it has been taken by agent 1002"
    answer = await http.post(f"{OWN}/{VOICEMAIL}/done", headers=keys.headers(Role.AGENT))
    assert (answer.status_code, answer.json()["detail"]) == (409, desk.refusal)


async def test_an_agent_hears_what_he_has_taken_and_nothing_else(
    http: httpx.AsyncClient, keys: Keys
) -> None:
    headers = keys.headers(Role.AGENT)
    heard = await http.get(f"{OWN}/{VOICEMAIL}/audio", headers=headers)
    assert (heard.content, heard.headers["content-type"]) == (b"RIFF of a message", "audio/wav")
    refused = await http.get(f"{OWN}/{OTHER_VOICEMAIL}/audio", headers=headers)
    assert refused.status_code == 404


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "%2e%2e", "main-900000.9-1.wav", "x"])
async def test_a_name_of_somebody_else_is_no_file(
    http: httpx.AsyncClient, keys: Keys, name: str
) -> None:
    path = f"/api/v1/voicemails/{name}/audio"
    answer = await http.get(path, headers=keys.headers(Role.ADMIN))
    assert answer.status_code == 404


async def test_a_file_that_is_not_here_says_what_to_do(
    http: httpx.AsyncClient, keys: Keys, desk: Desk
) -> None:
    path = f"/api/v1/voicemails/{OTHER_VOICEMAIL}/audio"
    answer = await http.get(path, headers=keys.headers(Role.ADMIN))
    assert answer.status_code == 404
    assert "voicemail in acd.yaml" in answer.json()["detail"]
    desk.voicemails = None
    assert (await http.get(path, headers=keys.headers(Role.ADMIN))).status_code == 404
