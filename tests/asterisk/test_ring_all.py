"""Ring all on a real Asterisk, through acd's own session: of many who answer at once one talks."""

import bisect
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.ami.reading import OFFER_ID
from acd.core.commands import CancelRing, MoveToWaitingRoom, RingAgent
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    LegConnected,
    LegEnded,
    LegFailed,
    LegRinging,
    RingOutcome,
    WaitingRoomEntered,
)
from acd.core.ids import AgentId, CallId, DeviceId, Language, OfferId, QueueId
from acd.core.place import Place
from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk
from tests.lab.hand import PBX, Hand
from tests.lab.sipp import AgentRow, Call, Phone, SippAgents, SippCallers
from tests.scenarios.figures import soon

ROUNDS = 30
TALK_SECONDS = 0.1


@pytest.fixture
def hand(lab: LabAsterisk) -> Iterator[Hand]:
    """A session that is live on the shared lab."""
    with Hand(lab) as driven:
        yield driven


def waiting_callers(hand: Hand, count: int) -> Iterator[CallId]:
    """The next callers, each in the waiting room when he is yielded."""
    for number in range(count):
        hand.until(lambda number=number: len(hand.events(CallArrived)) > number, timeout=30)  # type: ignore[misc]
        arrived = hand.events(CallArrived)[number]
        assert isinstance(arrived, CallArrived)
        place = Place(QueueId("fault"), 0.0, 0.0, 0.0, "1", Language("de"), "0800")
        hand.order(MoveToWaitingRoom(arrived.call, place))
        hand.wait_for(lambda event, call=arrived.call: event == WaitingRoomEntered(call))  # type: ignore[misc]
        yield arrived.call


def ring_all(hand: Hand, call: CallId, agents: tuple[str, ...]) -> dict[OfferId, str]:
    """Rings all the agents with one claim; returns offer to agent."""
    claim = f"acd-{hand.token()}"
    offers = {OfferId(f"acd-{hand.token()}"): agent for agent in agents}
    hand.order(
        *(
            RingAgent(
                offer, call, claim, False, PBX, AgentId(agent), DeviceId(f"PJSIP/{agent}"),
                "1 Entstörung", "0301234567", 15.0,
            )
            for offer, agent in offers.items()
        )
    )  # fmt: skip
    return offers


def one_round(hand: Hand, call: CallId, agents: tuple[str, ...]) -> OfferId:
    """All ring, one talks, the others are taken back, all is over; returns who talked."""
    since = len(hand.understood)
    offers = ring_all(hand, call, agents)
    connected = hand.event(LegConnected, since=since).event
    assert isinstance(connected, LegConnected)
    hand.order(*(CancelRing(o, call, void=False) for o in offers if o != connected.offer))
    hand.wait_for(lambda event: event == CallerHungUp(call), since=since)
    hand.wait_for(
        lambda _: (
            len(hand.events(LegFailed, since=since)) == len(agents) - 1
            and bool(hand.events(LegEnded, since=since))
        ),
    )
    assert hand.events(LegConnected, since=since) == [LegConnected(connected.offer)]
    assert hand.events(LegEnded, since=since) == [LegEnded(connected.offer)]
    assert hand.session.tracker.legs == {}
    return connected.offer


def entered_at(observer: Observer, winners: list[OfferId]) -> list[float]:
    """When each winner came into the caller's bridge, by the PBX's own clock."""
    stamps = {e["Uniqueid"]: float(e["Timestamp"]) for e in observer.named("BridgeEnter")}
    return [stamps[winner] for winner in winners]


def stopped_after(rows: list[AgentRow], began: list[float]) -> list[float]:
    """For each round how long after its bridge the last phone was told that it is over."""
    invited: dict[str, float] = {}
    told: dict[str, float] = {}
    for row in rows:
        if row.kind == "INVITE" and not row.sent:
            invited.setdefault(row.call_id, row.at)
        elif row.kind in ("BYE", "CANCEL"):
            # The one who talks hangs up himself, and is not counted.
            told.setdefault(row.call_id, 0.0 if row.sent else row.at)
    worst = [0.0] * len(began)
    for call_id, at in invited.items():
        # A phone may be reached after another has talked already, but not after his talk.
        number = bisect.bisect_left(began, at - TALK_SECONDS / 2)
        worst[number] = max(worst[number], told[call_id] - began[number])
    return worst


@pytest.mark.slow
def test_ten_answer_at_once_again_and_again_and_each_time_one_talks(
    lab: LabAsterisk, observer: Observer, hand: Hand, tmp_path: Path
) -> None:
    phones = dict.fromkeys(lab.agents, Phone(ring_seconds=0.05, talk_seconds=TALK_SECONDS))
    with SippAgents(lab, phones, tmp_path / "a") as ag:
        calls = [Call(f"0302{number:05}") for number in range(ROUNDS)]
        callers = SippCallers(lab, calls, tmp_path / "c", per_second=10)
        winners = [one_round(hand, call, lab.agents) for call in waiting_callers(hand, ROUNDS)]
        assert {row.hung_up_by for row in callers.wait()} == {"pbx"}
        rows = ag.rows()
        answered = [
            m for m in ag.messages() if (m.kind, m.method, m.sent) == ("200", "INVITE", True)
        ]
    talked = [e["Uniqueid"] for e in observer.named("BridgeEnter")]
    assert [each for each in talked if OFFER_ID.fullmatch(each)] == winners
    worst = stopped_after(rows, entered_at(observer, winners))
    worst.sort()
    print(
        f"{len(answered)} answers in {ROUNDS} rounds; all others had stopped after "
        f"{worst[ROUNDS // 2] * 1000:.0f} ms (median), {worst[-1] * 1000:.0f} ms (worst)"
    )
    # On a starved machine a phone that is slow is told of another's talk before it answers.
    assert len(answered) > 5 * ROUNDS, "too few answered at once for a race"
    # A machine that others use as well may be late once.
    soon("from a talk to the end of the nine other rings", worst[-2] * 1000)
    failed = [one for one in hand.events(LegFailed) if isinstance(one, LegFailed)]
    assert {one.outcome for one in failed} <= {RingOutcome.CANCELLED, RingOutcome.CALLER_LEFT}
    assert hand.rejected == []


def test_who_only_rings_is_told_that_it_was_answered_elsewhere(
    lab: LabAsterisk, observer: Observer, hand: Hand, tmp_path: Path
) -> None:
    quick, *others = lab.agents
    phones = {quick: Phone(ring_seconds=0.2, talk_seconds=0.3)}
    with SippAgents(lab, phones | dict.fromkeys(others, Phone("rings_on")), tmp_path / "a") as ag:
        callers = SippCallers(lab, [Call("0301234567")], tmp_path / "c")
        winners = [one_round(hand, call, lab.agents) for call in waiting_callers(hand, 1)]
        callers.wait()
        cancels = [m for m in ag.messages() if m.kind == "CANCEL" and not m.sent]
        rows = ag.rows()
    assert {cancel.to_number for cancel in cancels} == set(others)
    assert all("completed elsewhere" in cancel.headers["reason"] for cancel in cancels)
    seconds = stopped_after(rows, entered_at(observer, winners))[0]
    soon("from a talk to the end of the nine other rings", seconds * 1000)
    failed = [one for one in hand.events(LegFailed) if isinstance(one, LegFailed)]
    assert [one.outcome for one in failed] == [RingOutcome.CANCELLED] * len(others)
    assert len(hand.events(LegRinging)) == len(lab.agents)
