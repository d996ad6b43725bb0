"""A call's machine: every pair is a row, the outcome is the first that applies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.call import CALL, Call, CallSignal
from acd.core.ids import CallId, PbxId
from acd.core.machine import IllegalMove
from acd.core.records import CallState, Outcome

LEAVES = {CallState.QUEUED, CallState.RINGING}


def call_in(state: CallState) -> Call:
    """Return a call in this state since time 0."""
    call = Call(CallId("main-1.1"), PbxId("main"), "", "", 0.0)
    call.state = state
    return call


@pytest.mark.parametrize("state", list(CallState))
@pytest.mark.parametrize("signal", list(CallSignal))
def test_each_pair_moves_is_ignored_or_raises_and_then_changes_nothing(
    state: CallState, signal: CallSignal
) -> None:
    call = call_in(state)
    try:
        moved = call.moves(signal, 5.0)
    except IllegalMove:
        moved = False
    assert moved == ((call.state, call.since) != (state, 0.0))
    assert moved == (call.since == 5.0)


@pytest.mark.parametrize("state", list(CallState))
def test_only_who_waits_can_leave_a_queue(state: CallState) -> None:
    call = call_in(state)
    if state in LEAVES:
        assert call.moves(CallSignal.LEAVE, 5.0)
        assert call.state is CallState.IN_MENU
    elif state in (CallState.IN_MENU, CallState.ENDED):
        assert not call.moves(CallSignal.LEAVE, 5.0)
    else:
        with pytest.raises(IllegalMove):
            call.moves(CallSignal.LEAVE, 5.0)


@given(st.lists(st.sampled_from(list(CallSignal)), max_size=20))
def test_whatever_comes_an_ended_call_stays_ended(signals: list[CallSignal]) -> None:
    call = call_in(CallState.ENDED)
    for signal in signals:
        try:
            call.moves(signal, 5.0)
        except IllegalMove:
            assert signal is CallSignal.OFFER
        assert call.state is CallState.ENDED


@pytest.mark.parametrize("state", list(CallState))
def test_a_call_can_end_from_everywhere(state: CallState) -> None:
    call = call_in(state)
    call.moves(CallSignal.END, 5.0)
    assert call.state is CallState.ENDED
    assert CALL.move(state, CallSignal.END) in (CallState.ENDED, None)


@pytest.mark.parametrize(
    ("answered", "imposed", "left_as", "queued_at", "outcome"),
    [
        (True, Outcome.SWITCH_LOST, Outcome.TIMED_OUT, 0.0, Outcome.ANSWERED),
        (False, Outcome.SWITCH_LOST, Outcome.TIMED_OUT, 0.0, Outcome.SWITCH_LOST),
        (False, None, Outcome.TIMED_OUT, 0.0, Outcome.TIMED_OUT),
        (False, None, Outcome.OVERFLOWED, None, Outcome.OVERFLOWED),
        (False, None, None, None, Outcome.LEFT_IN_MENU),
        (False, None, None, 96.0, Outcome.SHORT_ABANDONED),
        (False, None, None, 95.0, Outcome.ABANDONED),
    ],
)
def test_the_first_outcome_that_applies_counts(
    answered: bool,
    imposed: Outcome | None,
    left_as: Outcome | None,
    queued_at: float | None,
    outcome: Outcome,
) -> None:
    call = call_in(CallState.QUEUED)
    call.answered_at = 1.0 if answered else None
    call.left_as, call.queued_at = left_as, queued_at
    assert call.outcome(100.0, 5.0, imposed) is outcome
