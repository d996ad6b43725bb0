"""An explanation as an operator reads it: when, what, who could have been rung, who not and why."""

from __future__ import annotations

import io
from datetime import UTC, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from acd.account import NAMED, account
from acd.core.ids import AgentId, CallId
from acd.core.records import Candidate, ExplainedStep, Explanation
from tests.web.centre import NOW, explanation

CALL = CallId("main-1700000000.17")


def told(what: Explanation, width: int = 100, *, everybody: bool = False) -> list[str]:
    console = Console(file=(out := io.StringIO()), width=width, highlight=False)
    console.print(account(what, UTC, everybody=everybody))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_story_of_a_call() -> None:
    assert told(explanation(CALL)) == [
        "Call main-1700000000.17, living; first decision at 1970-01-12 13:45:25+00:00",
        "",
        "13:45:25.000   +0.0 s  queued   fault, position 1",
        "                                asks for fault >= 5",
        "                                free: nobody",
        "                                not:  wrap-up: 1001 Ada Lenz (until 13:47:40)",
        "                                      skill: fault 3 < 5: 1002 Bo Berg",
        "13:45:55.000  +30.0 s  relaxed  step 1",
        "                                asks for fault >= 3, instead of fault >= 5",
        "                                free: 1002 Bo Berg",
        "                                not:  wrap-up: 1001 Ada Lenz (until 13:47:40)",
        "13:45:55.000  +30.0 s  rung     1002 Bo Berg: longest_idle",
    ]


def test_times_are_those_of_the_wall_clock() -> None:
    console = Console(file=(out := io.StringIO()), width=100)
    console.print(account(explanation(CALL), timezone(timedelta(hours=2))))
    assert "1970-01-12 15:45:25+02:00" in out.getvalue()
    assert "until 15:47:40" in out.getvalue()


def test_a_call_that_is_over_says_so() -> None:
    over = msgspec.structs.replace(explanation(CALL), ended=True)
    assert told(over)[0].startswith(f"Call {CALL}, over")
    nothing = Explanation(CALL, False, ())
    assert told(nothing) == [f"Call {CALL}, living: nothing has been decided about it."]


def test_agents_who_stand_as_they_did_are_not_listed_again() -> None:
    queued, *_ = explanation(CALL).steps
    rung = msgspec.structs.replace(queued, what="rung")
    lines = told(Explanation(CALL, False, (queued, rung)))
    assert sum("1001 Ada Lenz" in line for line in lines) == 1
    assert lines[-1].strip() == "agents as before"


def crowd(count: int) -> Explanation:
    people = [
        Candidate(AgentId(f"{1000 + n}"), f"Agent {1000 + n}", "talking", None)
        for n in range(count)
    ]
    free = Candidate(AgentId("2000"), "Cem Can", "", None)
    step = ExplainedStep(NOW, "rung", "longest_idle", free.agent, (), (*people, free))
    return Explanation(CALL, False, (step,))


def test_of_many_for_the_same_reason_some_are_named() -> None:
    text = " ".join(" ".join(told(crowd(60))).split())
    assert text.count("Agent 1") == NAMED
    assert f"and {60 - NAMED} more" in text
    assert "free: 2000 Cem Can" in text
    everybody = " ".join(" ".join(told(crowd(60), everybody=True)).split())
    assert all(f"Agent {1000 + n}" in everybody for n in range(60))


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;owned\x07", "[red]x[/red]", "a\r\nb\u202e"])
def test_names_are_text_and_nothing_else(text: str) -> None:
    one = Candidate(AgentId(text), text, text, None)
    step = ExplainedStep(NOW, text, text, AgentId(text), (text,), (one,))
    console = Console(file=(out := io.StringIO()), width=100, force_terminal=True)
    console.print(account(Explanation(CallId(text), False, (step,)), UTC))
    for escape in ("\x1b[2J", "\x1b]", "\x07", "\u202e", "a\r"):
        assert escape not in out.getvalue()
    assert ("[red]" in out.getvalue()) is ("[red]" in text)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40), st.integers(40, 200))
def test_whatever_is_said_can_be_printed(text: str, width: int) -> None:
    step = ExplainedStep(NOW, "rung", text, AgentId(text), (text,), ())
    assert told(Explanation(CALL, False, (step,)), width)
