"""Requests on their way through the inbox: who gets which answer, and what is left behind."""

import asyncio

import pytest

from acd.core.events import AgentRequested, CallAction, CallRequested
from acd.core.ids import AgentId, CallId, RequestId
from acd.core.plan import AgentAction
from acd.core.records import Replied
from acd.requests import Request, Requests
from acd.web.port import EngineBusy


def ready(number: RequestId) -> Request:
    return AgentRequested(number, AgentId("1001"), AgentAction.READY)


def withdraw(number: RequestId) -> Request:
    return CallRequested(number, CallId("main-1.1"), CallAction.WITHDRAW)


async def test_each_gets_the_answer_to_his_own_request() -> None:
    taken: list[Request] = []
    requests = Requests(lambda request: taken.append(request) is None)
    first = asyncio.create_task(requests.ask(ready))
    second = asyncio.create_task(requests.ask(withdraw))
    await asyncio.sleep(0)
    for request in reversed(taken):
        requests.answer(Replied(1.0, request.request, type(request).__name__))
    assert (await first).refusal == "AgentRequested"
    assert (await second).refusal == "CallRequested"


async def test_a_request_that_is_not_taken_is_told() -> None:
    with pytest.raises(EngineBusy):
        await Requests(lambda request: False).ask(ready)


async def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    taken: list[Request] = []
    requests = Requests(lambda request: taken.append(request) is None)
    asking = asyncio.create_task(requests.ask(ready))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    requests.answer(Replied(1.0, taken[0].request, ""))
    requests.answer(Replied(1.0, RequestId(99), ""))
