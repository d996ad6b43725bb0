"""Records as rows: one value for each column, and texts that any database takes."""

import pytest

from acd.store import schema
from acd.store.rows import (
    agent_of,
    agent_row,
    answer_of,
    answer_row,
    clean,
    ended_of,
    ended_row,
    living_of,
    living_row,
    wrap_up_row,
)
from tests.store.samples import agent, answer, ended, living, wrap_up, wrap_up_over


@pytest.mark.parametrize("wrap_up", [False, True])
def test_an_agent_comes_back_from_his_row(wrap_up: bool) -> None:
    kept = agent(wrap_up=wrap_up).agent
    row = dict(zip(schema.agents.c.keys(), agent_row(kept), strict=True))
    assert agent_of(row) == kept


def test_a_living_call_comes_back_from_its_row() -> None:
    kept = living().call
    row = dict(zip(schema.living_calls.c.keys(), living_row(kept), strict=True))
    assert living_of(row) == kept


def test_a_final_record_comes_back_from_its_row() -> None:
    row = dict(zip(schema.ended_calls.c.keys(), ended_row(ended()), strict=True))
    assert ended_of(row) == ended()


def test_an_answer_comes_back_from_its_row() -> None:
    said = answer("kind", "5")
    row = dict(zip(schema.survey_answers.c.keys(), answer_row(said), strict=True))
    assert answer_of(row) == said


def test_a_wrap_up_leaves_the_outcome_code_to_others() -> None:
    names = schema.wrap_ups.c.keys()
    assert names[-1] == "outcome_code"
    row = dict(zip(names[:-1], wrap_up_row(wrap_up(1), wrap_up_over(5)), strict=True))
    assert row["started_at"], row["ended_at"] == (1, 5)
    assert row["how"] == "early"
    assert wrap_up_row(wrap_up(1), None)[2] is None


@pytest.mark.parametrize("text", ["", "0800", "Müller \U0001f4de", "\r\n\x1b"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\udfff"])
def test_what_has_no_place_in_a_database_is_replaced(text: str) -> None:
    mended = clean(text)
    assert "\0" not in mended
    mended.encode()
