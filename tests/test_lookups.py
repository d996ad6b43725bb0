"""Look-ups against a program that answers, is silent, or says nonsense, over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.events import LookedUp, LookUpFailed
from acd.core.ids import CallId, NodeId
from acd.core.plan import LookupPlan
from acd.core.records import LookUpDue
from acd.lookups import MOST_AT_ONCE, MOST_BYTES, MOST_LETTERS, LookUps, address, values_of

CALL, NODE = CallId("main-1"), NodeId("meter/look")
GIVE_UP_SECONDS = 10.0


def answer(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


class Program:
    """What is asked; ``heard`` are the requests' heads."""

    def __init__(self, reply: bytes | None) -> None:
        self.heard: list[str] = []
        self._reply = reply
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}/contracts/{{contract}}?by={{ani}}"
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self._reply is None:
            await reader.read()  # Says nothing until the other side has enough.
        else:
            writer.write(self._reply)
        writer.close()


async def asked(
    program: Program, *, timeout_seconds: float = 5.0, token_file: str = "", contract: str = "4711"
) -> LookedUp | LookUpFailed:
    answers: asyncio.Queue[LookedUp | LookUpFailed] = asyncio.Queue()
    look_ups = LookUps(answers.put_nowait)
    async with program.serving() as url:
        plan = LookupPlan(url=url, into={"customer": "owner.name", "last": "meter.last"},
                          timeout_seconds=timeout_seconds, token_file=token_file)  # fmt: skip
        due = LookUpDue(0.0, CALL, NODE, "contract", {"contract": contract, "ani": "+4930"})
        look_ups.start(due, plan)
        found = await asyncio.wait_for(answers.get(), GIVE_UP_SECONDS)
        await look_ups.close()
    return found


async def test_what_is_found_comes_back_as_attributes() -> None:
    body = json.dumps({"owner": {"name": "Erika Muster"}, "meter": {"last": 1234}}).encode()
    program = Program(answer(200, body))
    found = await asked(program)
    assert found == LookedUp(CALL, NODE, {"customer": "Erika Muster", "last": "1234"})
    assert program.heard[0].startswith("GET /contracts/4711?by=%2B4930 HTTP/1.1")


async def test_nobody_knows_him() -> None:
    assert await asked(Program(answer(404, b""))) == LookedUp(CALL, NODE, None)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(500, b"{}"), "the answer is 500"),
        (answer(302, b""), "the answer is 302"),
        (answer(200, b"<html>"), "no JSON object"),
        (answer(200, b"[1]"), "no JSON object"),
        (answer(200, b"x" * (MOST_BYTES + 1)), "longer than"),
        (b"SSH-2.0-x\r\n", "RemoteProtocolError"),
        (b"", "RemoteProtocolError"),
    ],
)
async def test_nonsense_is_no_answer(reply: bytes, reason: str) -> None:
    found = await asked(Program(reply))
    assert isinstance(found, LookUpFailed)
    assert reason in found.reason


async def test_a_program_that_hangs_is_given_up_in_time() -> None:
    found = await asked(Program(None), timeout_seconds=0.2)
    assert found == LookUpFailed(CALL, NODE, "contract: no answer within 0.2 s")


async def test_a_program_that_is_not_there_is_no_answer() -> None:
    answers: asyncio.Queue[LookedUp | LookUpFailed] = asyncio.Queue()
    look_ups = LookUps(answers.put_nowait)
    plan = LookupPlan(url="http://127.0.0.1:1/", into={"x": "x"}, timeout_seconds=5.0)
    look_ups.start(LookUpDue(0.0, CALL, NODE, "crm", {}), plan)
    found = await asyncio.wait_for(answers.get(), GIVE_UP_SECONDS)
    await look_ups.close()
    assert isinstance(found, LookUpFailed)
    assert "ConnectError" in found.reason


async def test_the_token_is_sent_and_one_that_is_gone_is_told_without_its_path(
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    program = Program(answer(404, b""))
    await asked(program, token_file=str(file))
    assert "authorization: bearer s3cret" in program.heard[0].lower()
    file.unlink()
    found = await asked(program, token_file=str(file))
    assert isinstance(found, LookUpFailed)
    assert str(tmp_path) not in found.reason


async def test_no_more_are_asked_than_a_hanging_program_may_cost() -> None:
    answers: list[LookedUp | LookUpFailed] = []
    look_ups = LookUps(answers.append)
    async with Program(None).serving() as url:
        plan = LookupPlan(url=url, into={"x": "x"}, timeout_seconds=60.0)
        for _ in range(MOST_AT_ONCE + 1):
            look_ups.start(LookUpDue(0.0, CALL, NODE, "crm", {}), plan)
        assert len(answers) == 1
        assert isinstance(answers[0], LookUpFailed)
        await look_ups.close()
    assert len(answers) == 1


async def test_a_look_up_that_a_reload_took_away_is_no_answer() -> None:
    answers: list[LookedUp | LookUpFailed] = []
    LookUps(answers.append).start(LookUpDue(0.0, CALL, NODE, "crm", {}), None)
    assert answers == [LookUpFailed(CALL, NODE, "there is no look-up crm")]


@given(typed=st.text())
def test_what_a_caller_types_stays_in_its_place(typed: str) -> None:
    path = address("http://crm/{contract}/owner", {"contract": typed}).removeprefix("http://crm/")
    assert path.count("/") == 1
    assert path.endswith("/owner")
    assert path.isascii()


@pytest.mark.slow
@given(
    found=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inside: st.lists(inside) | st.dictionaries(st.sampled_from(["a", "b"]), inside),
    )
)
def test_whatever_is_answered_attributes_are_short_and_plain(found: object) -> None:
    for value in values_of(found, {"x": "a", "y": "a.b"}).values():
        assert len(value) <= MOST_LETTERS
        assert value.isprintable()
