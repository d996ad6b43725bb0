"""What a call and an agent can be, and how each ends: closed lists of words, and nothing else."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a call ended: the closed list of GLOSSARY.md; each call has exactly one."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    LEFT_IN_MENU = "left_in_menu"
    DEFLECTED = "deflected"
    OVERFLOWED = "overflowed"
    TIMED_OUT = "timed_out"
    LEFT_BY_KEY = "left_by_key"
    WITHDRAWN = "withdrawn"
    CALLED_BACK = "called_back"
    EMERGENCY = "emergency"
    SWITCH_LOST = "switch_lost"
    UNSEEN = "unseen"
    VOICEMAIL = "voicemail"


class CallState(StrEnum):
    """Where a call is. The table of moves between these is in ``acd.core.call``."""

    ARRIVED = "arrived"
    IN_MENU = "in_menu"
    QUEUED = "queued"
    RINGING = "ringing"
    CONNECTED = "connected"
    ENDED = "ended"


class Presence(StrEnum):
    """What the agent said. The table of moves is in ``acd.core.agent``."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    NOT_READY = "not_ready"


class Activity(StrEnum):
    """What the system does with the agent. The table of moves is in ``acd.core.agent``."""

    IDLE = "idle"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class WrapUpEnd(StrEnum):
    """Why a wrap-up ended."""

    EARLY = "early"
    """The agent ended it."""
    CAP = "cap"
    """Its time was over."""
    LOGGED_OUT = "logged_out"
