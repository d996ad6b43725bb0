"""The tables: complete, drawn, and an illegal move raises and changes nothing."""

from enum import StrEnum

import pytest

from acd.core.agent import ACTIVITY, PRESENCE, ActivitySignal, Agent
from acd.core.call import CALL, Call, CallSignal
from acd.core.ids import CallId, PbxId
from acd.core.machine import ILLEGAL, IllegalMove, Machine
from acd.core.records import Activity, CallState
from tests.plans import plan


class Light(StrEnum):
    """Two states."""

    ON = "on"
    OFF = "off"


class Press(StrEnum):
    """One signal."""

    PRESS = "press"


def test_a_table_with_a_hole_does_not_load() -> None:
    with pytest.raises(ValueError, match="no row for off x press"):
        Machine[Light, Press]("light", {(Light.ON, Press.PRESS): Light.OFF})


@pytest.mark.parametrize(
    ("state", "signal"), [key for key, answer in CALL.table.items() if answer is ILLEGAL]
)
def test_an_illegal_signal_to_a_call_raises_and_changes_nothing(
    state: CallState, signal: CallSignal
) -> None:
    call = Call(CallId("main-1.1"), PbxId("main"), "", "", 5.0)
    call.state = state
    with pytest.raises(IllegalMove, match=signal):
        call.moves(signal, 9.0)
    assert (call.state, call.since) == (state, 5.0)


@pytest.mark.parametrize(
    ("state", "signal"), [key for key, answer in ACTIVITY.table.items() if answer is ILLEGAL]
)
def test_an_illegal_signal_to_an_agent_raises_and_changes_nothing(
    state: Activity, signal: ActivitySignal
) -> None:
    agent = Agent(next(iter(plan().agents.values())), 5.0)
    agent.activity = state
    with pytest.raises(IllegalMove, match=signal):
        agent.activity_moves(signal, 9.0)
    assert (agent.activity, agent.since) == (state, 5.0)


def test_a_call_that_has_ended_never_moves_again() -> None:
    for signal in CallSignal:
        if CALL.table[CallState.ENDED, signal] is not ILLEGAL:
            assert CALL.move(CallState.ENDED, signal) is None


def test_the_drawing_shows_each_move_of_the_table() -> None:
    drawn = CALL.mermaid()
    assert drawn.startswith("stateDiagram-v2")
    assert "queued --> ringing: offer" in drawn
    assert "ringing --> queued: ring failed" in drawn
    assert "ready --> not_ready: not ready, rona" in PRESENCE.mermaid()
