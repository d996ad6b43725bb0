"""Known faults over HTTP: set, looked at, ended, and refused in words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from acd.core.incident import Wish
from acd.errors import PromptError
from tests.web.centre import NOW
from tests.web.desk import Desk, client_of

PATH = "/api/v1/incidents"
WANTED: dict[str, Any] = {
    "incident": "mitte",
    "queues": ["fault"],
    "postcodes": ["10*", "12043"],
    "text": {"de": "  In Mitte ist der Strom ausgefallen. "},
    "ends_at": NOW + 3600,
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as client:
        yield client


async def test_one_is_set_looked_at_and_ended(http: httpx.AsyncClient, desk: Desk) -> None:
    answer = await http.post(PATH, json=WANTED)
    assert answer.status_code == 200, answer.text
    [wish] = desk.asked
    assert isinstance(wish, Wish)
    assert wish.text == {"de": "In Mitte ist der Strom ausgefallen."}
    assert wish.postcodes == ("10*", "12043")
    assert wish.may_leave
    page = (await http.get(PATH)).json()
    assert page["incidents"] == [answer.json()]
    assert page["incidents"][0]["is_on"]
    assert (await http.delete(f"{PATH}/mitte")).status_code == 204
    assert desk.asked[1] == "mitte"
    assert (await http.get(PATH)).json()["incidents"] == []


async def test_a_surge_is_suggested(http: httpx.AsyncClient) -> None:
    page = (await http.get(f"{PATH}/suggestions")).json()
    assert page["suggestions"] == [{"queue": "fault", "calls": 34, "expected": 4.5}]


async def test_one_that_is_not_there_cannot_be_ended(http: httpx.AsyncClient, desk: Desk) -> None:
    assert (await http.delete(f"{PATH}/mitte")).status_code == 404
    assert desk.asked == []


async def test_what_cannot_be_spoken_is_a_conflict_and_says_why(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    desk.fails = lambda: PromptError("the speech command is not installed")
    answer = await http.post(PATH, json=WANTED)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "the speech command is not installed",
    )


async def test_what_the_engine_refuses_is_a_conflict(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.refusal = "no queue 'fault'"
    answer = await http.post(PATH, json=WANTED)
    assert (answer.status_code, answer.json()["detail"]) == (409, "no queue 'fault'")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"incident": "../x"}, "incident"),
        ({"incident": ""}, "incident"),
        ({"queues": [], "postcodes": []}, "queues"),
        ({"queues": ["Fault!"]}, "queues"),
        ({"postcodes": ["1*0"]}, "postcodes"),
        ({"postcodes": ["*"]}, "postcodes"),
        ({"text": {}}, "text"),
        ({"text": {"de": "a\nb"}}, "text"),
        ({"text": {"de": ""}}, "text"),
        ({"text": {"de": "a" * 501}}, "text"),
        ({"text": {"deutsch": "a"}}, "text"),
        ({"recording": "incident/mitte"}, "recording"),
        ({"text": {}, "recording": "../../etc/passwd"}, "recording"),
        ({"hazard": {"de": "\x00"}}, "hazard"),
        ({"ends_at": 1.0, "begins_at": 2.0}, "ends_at"),
        ({"ends_at": "15:00"}, "ends_at"),
        ({"until": 1.0}, "until"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_asked(
    http: httpx.AsyncClient, desk: Desk, changes: dict[str, Any], field: str
) -> None:
    answer = await http.post(PATH, json={**WANTED, **changes})
    assert answer.status_code == 422
    assert field in answer.json()["detail"]
    assert desk.asked == []
