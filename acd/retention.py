"""For how long what is kept of people is kept, by kind.

Recordings have days of their own, with the queue that is recorded. A kind without days is kept
until somebody deletes it.
"""

from enum import StrEnum
from typing import Final

import msgspec

DAY_SECONDS = 86_400.0


class Kind(StrEnum):
    """What a store deletes, or cuts, when its time is over."""

    NUMBERS = "numbers"
    """Callers' numbers and what they typed, in final records, which stay."""
    RECORDS = "records"
    """Final records of calls."""
    SESSIONS = "sessions"
    """Agents' times from log-in to log-out; these three as long as records."""
    NOT_READY = "not_ready"
    """Agents' pauses."""
    WRAP_UPS = "wrap_ups"
    """Agents' wrap-ups."""
    VOICEMAILS = "voicemails"
    """Messages that nobody has anything to do about any more."""
    SURVEYS = "surveys"
    """What callers said after their talk."""
    FORMS = "forms"
    """What callers gave in menus without an agent."""


class Retention(msgspec.Struct, frozen=True):
    """In days; None keeps for ever."""

    numbers_days: int | None = 30
    records_days: int | None = 90
    journal_days: int | None = 30
    voicemails_days: int | None = 30
    surveys_days: int | None = 90
    forms_days: int | None = 90

    def days(self, kind: Kind) -> int | None:
        """For how many days this kind is kept."""
        match kind:
            case Kind.NUMBERS:
                return self.numbers_days
            case Kind.RECORDS | Kind.SESSIONS | Kind.NOT_READY | Kind.WRAP_UPS:
                return self.records_days
            case Kind.VOICEMAILS:
                return self.voicemails_days
            case Kind.SURVEYS:
                return self.surveys_days
            case Kind.FORMS:
                return self.forms_days


DEFAULT: Final = Retention()
"""What counts where nothing else is said."""


def cut(number: str) -> str:
    """A number that is kept no longer: its last three digits, as in the log."""
    return f"...{number[-3:]}" if len(number) > 3 else number
