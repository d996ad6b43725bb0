"""Which messages may come with the next one: nobody's ring, prompt or outcome waits for company."""

import pytest

from acd.ami.urgency import can_wait
from acd.ami.wire import event_name

HOLDING = "BridgeType: base\nBridgeTechnology: holding_bridge"
TALK = "BridgeType: basic\nBridgeTechnology: simple_bridge"


def waits(text: str) -> bool:
    frame = text.replace("\n", "\r\n").encode()
    return can_wait(event_name(frame), frame)


@pytest.mark.parametrize(
    "frame",
    [
        "Response: Success\nActionID: 7",
        f"Event: BridgeEnter\n{TALK}\nUniqueid: 1",
        "Event: BridgeLeave\nUniqueid: 1",
        "Event: DTMFBegin\nDigit: 1",
        "Event: DeviceStateChange\nDevice: PJSIP/1001\nState: RINGING",
        "Event: DialBegin\nDestUniqueid: 2",
        "Event: DialState\nDialStatus: RINGING",
        "Event: OriginateResponse\nResponse: Success\nReason: 4",
    ],
)
def test_what_orders_nothing_can_wait(frame: str) -> None:
    assert waits(frame)


@pytest.mark.parametrize(
    "frame",
    [
        "Response: Error\nActionID: 7\nMessage: No such channel",
        f"Event: BridgeEnter\n{HOLDING}\nUniqueid: 1",
        "Event: DeviceStateChange\nDevice: PJSIP/1001\nState: NOT_INUSE",
        "Event: OriginateResponse\nResponse: Failure\nReason: 5",
        "Event: AsyncAGIStart\nUniqueid: 1",
        "Event: AsyncAGIExec\nUniqueid: 1",
        "Event: DTMFEnd\nDigit: 1",
        "Event: Hangup\nCause: 17",
        "Event: FullyBooted\nUptime: 5",
        "Event: CoreShowChannelsComplete\nListItems: 4",
        "",
    ],
)
def test_what_somebody_waits_for_cannot(frame: str) -> None:
    assert not waits(frame)
