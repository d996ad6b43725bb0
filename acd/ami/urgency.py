"""Which messages nobody waits for: they may be handed on with the next one.

Every item costs its own waking, step, journal entry and report, several times what a frame in it
costs. About half of what a call says orders nothing: that an action succeeded, that a phone rings,
that a talk began. Such a message is worth knowing before anything is decided, and is, because order
is kept; it is not worth waking for.

Rules: whatever may free an agent, bring a caller into a room, answer a prompt or end a leg is
urgent, and so is whatever is not named here. It must not parse: a look for bytes is all it costs.
"""

from typing import Final

MOST_TOGETHER: Final = 16
"""How many frames are one item at most: what they come to leaves in one write, and nobody's ring
should wait for more of them than a millisecond's work."""

PATIENCE_SECONDS: Final = 0.01
"""How long frames that can wait do so."""

_CAN_WAIT: Final = frozenset(
    {
        b"",  # Responses.
        b"BridgeEnter",
        b"BridgeLeave",
        b"DTMFBegin",
        b"DeviceStateChange",
        b"DialBegin",
        b"DialState",
        b"OriginateResponse",
    }
)
_GOOD_NEWS: Final = {b"": b"Response: Success", b"OriginateResponse": b"\r\nResponse: Success\r\n"}
"""Of these only a success can wait: a failure is an outcome, and the next agent is to be rung."""
_NEWS: Final = {
    b"BridgeEnter": b"\r\nBridgeTechnology: holding_bridge\r\n",
    b"DeviceStateChange": b"\r\nState: NOT_INUSE",
}
"""Of these one kind cannot wait: a caller who is in his waiting room, a phone that is free."""


def can_wait(name: bytes, frame: bytes) -> bool:
    """Whether the frame with this event's name (b"" for a response) may come with the next one."""
    if name not in _CAN_WAIT:
        return False
    good = _GOOD_NEWS.get(name)
    if good is not None:
        return good in frame
    news = _NEWS.get(name)
    return news is None or news not in frame
