"""Callers passed on: the agent's part ends with his own leg; the colleague has no other call."""

import pytest

from acd.core.ids import AgentId
from acd.core.records import (
    Activity,
    CallTransferred,
    Outcome,
    Presence,
    TalkEnded,
    WrapUpStarted,
)
from acd.core.transfer import TransferKind, Transferred
from tests.scenarios.centre import Centre
from tests.scenarios.world import HANDS_ON, Handset, PassOn, until

COLLEAGUE = "1037"
TALKS = Handset(ring_seconds=0.3, talk_seconds=1.0)


def lines_of(centre: Centre, call: str) -> list[list[str]]:
    """What our queue_log says of a call, without its time."""
    rows = [line.split("|")[1:] for line in centre.engine.queue_log.read_text().splitlines()]
    return [row[3:] for row in rows if row[0] == call]


@pytest.mark.parametrize("attended", [False, True])
def test_an_agent_passes_his_caller_on(centre: Centre, attended: bool) -> None:
    centre.world.phones(
        {
            HANDS_ON: Handset(talk_seconds=0.5, passes_on=PassOn(COLLEAGUE, attended)),
            COLLEAGUE: TALKS,
        }
    )
    centre.log_in(HANDS_ON)
    number = centre.number()
    caller = centre.world.call(number, keys=[(0.1, "1")])
    centre.is_(HANDS_ON, Activity.TALKING)
    centre.log_in(COLLEAGUE)
    first = centre.ring(COLLEAGUE)
    assert first.number == (HANDS_ON if attended else number)
    # Who waits now has two agents, of whom one works after his talk and the other talks.
    waits = centre.number()
    centre.world.call(waits, keys=[(0.1, "1")])
    centre.is_(HANDS_ON, Activity.WRAP_UP)
    centre.waiting(waits)
    assert centre.engine.agent(COLLEAGUE).device == "busy"
    second = centre.ring(COLLEAGUE, nth=2)
    talk = centre.world.talk(first)
    assert talk is not None
    assert talk.ended_at is not None
    assert second.at >= talk.ended_at - 0.02
    assert second.number == waits
    assert caller.wait_ended().ended_by == "pbx"

    end = centre.ended(number)
    kind = TransferKind.ATTENDED if attended else TransferKind.BLIND
    assert (end.outcome, end.agent) == (Outcome.ANSWERED, HANDS_ON)
    assert [leg.transferred for leg in end.legs] == [
        Transferred(kind, COLLEAGUE, AgentId(COLLEAGUE))
    ]
    assert end.talk_ended_at is not None
    assert end.talk_ended_at < talk.ended_at - 0.5, "the talk of the agent who passed him on"
    (told,) = centre.said(CallTransferred)
    ours = [one for one in centre.said(TalkEnded) if one.call == end.call]
    (work,) = [one for one in centre.said(WrapUpStarted) if one.call == end.call]
    assert [one.agent for one in ours] == [HANDS_ON]
    assert told.at <= ours[0].at == work.at == end.talk_ended_at
    until(lambda: lines_of(centre, end.call)[-1:] == [["WRAPUPSTART", "300"]], 5, "its lines")
    connect, passed, _ = lines_of(centre, end.call)[-3:]
    assert connect[0] == "CONNECT"
    if attended:
        assert passed[:2] == ["ATTENDEDTRANSFER", "BRIDGE"]
    else:
        assert passed[:3] == ["BLINDTRANSFER", COLLEAGUE, "acd-transfer"]
    hold, seconds, position = passed[3:]
    assert (hold, position) == (connect[1], "1")
    assert int(seconds) == round(ours[0].talk_seconds)


def test_who_is_not_taken_by_the_colleague_comes_back(centre: Centre) -> None:
    centre.world.phones(
        {
            HANDS_ON: Handset(talk_seconds=0.3, passes_on=PassOn(COLLEAGUE)),
            COLLEAGUE: Handset("declined"),
        }
    )
    centre.log_in(HANDS_ON)
    number = centre.number()
    caller = centre.world.call(number, keys=[(0.1, "1")])
    back = centre.ring(HANDS_ON, nth=2)
    assert back.number == number
    assert caller.wait_ended().ended_by == "pbx"
    talk = centre.world.talk(back)
    assert talk is not None
    assert talk.ended_at is not None
    end = centre.ended(number)
    assert [leg.how for leg in end.legs] == ["talked"]
    assert end.legs[0].transferred is not None
    assert centre.engine.agent(HANDS_ON).activity is Activity.WRAP_UP


def test_a_phone_sends_its_caller_into_no_code(centre: Centre) -> None:
    """It is refused, and they talk on: acd-transfer has colleagues and nothing else."""
    centre.on_duty(**{f"a{HANDS_ON}": Handset(talk_seconds=0.3, passes_on=PassOn("*31"))})
    caller = centre.world.call(centre.number(), keys=[(0.1, "1")], hang_up_after=1.5)
    centre.is_(HANDS_ON, Activity.TALKING)
    assert caller.wait_ended().ended_by == "caller"
    end = centre.ended(caller.number)
    assert end.legs[0].transferred is None
    assert end.talk_ended_at is not None
    assert end.at - end.talk_ended_at < 0.5
    assert centre.engine.agent(HANDS_ON).presence is Presence.READY
