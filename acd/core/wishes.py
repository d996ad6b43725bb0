"""What people can ask the engine for about calls and voicemails, as words of closed lists."""

from enum import StrEnum


class CallAction(StrEnum):
    """What a supervisor can do about a waiting call."""

    MOVE = "move"
    """Into another queue, keeping the wait clock."""
    PRIORITISE = "prioritise"
    """By ``seconds`` earlier (later, if negative) in the order over all queues."""
    PLACE = "place"
    """Before the call that is at ``position`` of its queue."""
    WITHDRAW = "withdraw"
    """Out of the queue, and the call is ended."""


class VoicemailAction(StrEnum):
    """What an agent can do about a voicemail."""

    TAKE = "take"
    """It is his from now on."""
    DONE = "done"
    """It needs nobody any more."""
    RELEASE = "release"
    """Back to those who could take it."""
