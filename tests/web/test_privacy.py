"""A caller's number leaves through the list at /api/v1/calls, the stream of the same, and through
nothing else."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.ids import CallId
from acd.core.plan import AgentAction
from acd.core.records import (
    CallEnded,
    CallOffered,
    CallQueued,
    CallState,
    MenuSelected,
    Noticed,
    Outcome,
)
from acd.web.access import ROUTES
from tests.web.centre import FAULT, MAIN, MENU, NOW, call, snapshot
from tests.web.desk import Desk, client_of

numbers = (
    st.text("0123456789", min_size=11, max_size=15)
    .filter(lambda digits: len(set(digits)) >= 7)
    .map(lambda digits: f"+{digits}")
)
"""Such that no page shows one by chance: `process_cpu_seconds_total 5.6000000000000005` does hold
the number 0000000."""


BODIES = (
    None,
    {"reason": "break"},
    {"reason": 1},
    {"phone": "x"},
    {"queue": "billing"},
    {"seconds": 30},
    {"position": 1},
)


async def everything(desk: Desk) -> dict[str, str]:
    """What each route answers, good requests and bad, headers included."""
    pages: dict[str, str] = {}
    async with client_of(desk) as http:
        for route in ROUTES:
            for agent, call_id in (("1001", "main-900000.0"), ("9999", "main-1.9999")):
                path = route.path.replace("{agent}", agent).replace("{call}", call_id)
                for body in BODIES:
                    answer = await http.request(route.method, path, json=body)
                    assert answer.status_code != 500
                    pages[f"{route.method} {path} {body}"] = told(answer)
    return pages


def told(answer: httpx.Response) -> str:
    return answer.text + str(answer.headers)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=5, unique=True), st.sampled_from(CallState))
def test_only_the_list_of_calls_and_its_stream_hold_numbers(
    callers: list[str], state: CallState
) -> None:
    desk = Desk()
    desk.now = snapshot(calls=[call(n, state, ani) for n, ani in enumerate(callers)])
    desk.refusal = "not logged in"
    for n, ani in enumerate(callers):
        one = CallId(f"main-900000.{n}")
        desk.metrics.observe(
            [
                CallOffered(NOW, one, MAIN),
                MenuSelected(NOW, one, MENU, ani),
                CallQueued(NOW, one, FAULT, NOW),
                Noticed(NOW, ani, f"a call from {ani} was odd"),
                CallEnded(
                    at=NOW,
                    call=one,
                    pbx=MAIN,
                    outcome=Outcome.ABANDONED,
                    ani=ani,
                    dnis=ani,
                    language="de",
                    option="1",
                    queue=FAULT,
                    agent=None,
                    arrived_at=NOW,
                    queued_at=NOW,
                    answered_at=None,
                    talk_ended_at=None,
                ),
            ]
        )
    pages = asyncio.run(everything(desk))
    assert len(pages) > len(AgentAction) * 4
    for name, page in pages.items():
        for ani in callers:
            shows = ani in page or ani.lstrip("+") in page.replace("-", "")
            assert shows == name.startswith(("GET /api/v1/calls ", "GET /api/v1/stream ")), name
