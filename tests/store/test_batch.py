"""What many records come to before they are written: one row for each thing."""

from acd.core.ids import AgentId
from acd.core.records import Presence, WrapUpEnd
from acd.store.batch import Batch
from tests.store.samples import (
    ANNA,
    agent,
    call_id,
    ended,
    living,
    presence,
    whole_call,
    wrap_up,
    wrap_up_over,
)


def test_only_the_last_state_of_an_agent_or_call_is_written() -> None:
    batch = Batch([living(1, option="1"), agent(calls_taken=1), living(1), agent(calls_taken=2)])
    assert batch.living == {call_id(1): living(1).call}
    assert batch.agents == {ANNA: agent(calls_taken=2).agent}


def test_a_call_that_ends_is_not_written_as_alive_before_or_after() -> None:
    batch = Batch([living(1), ended(1), living(1)])
    assert batch.living == {}
    assert list(batch.ended) == [call_id(1)]


def test_a_wrap_up_of_one_batch_is_one_row_with_its_end() -> None:
    began, over = wrap_up(1), wrap_up_over(5, WrapUpEnd.CAP)
    assert Batch([began, over]).wrap_ups == {(ANNA, 1): (began, over)}
    assert Batch([began]).wrap_ups == {(ANNA, 1): (began, None)}


def test_what_was_open_before_ends_with_the_first_end_of_its_agent() -> None:
    batch = Batch([wrap_up_over(5), wrap_up(6), wrap_up_over(9), wrap_up_over(7, who=AgentId("b"))])
    assert {name: end.at for name, end in batch.wrap_up_ends.items()} == {ANNA: 5, "b": 7}


def test_presence_keeps_its_order() -> None:
    changes = [presence(1, Presence.READY), presence(2, Presence.LOGGED_OUT)]
    assert Batch([changes[0], *whole_call(1), changes[1]]).presences == changes
