"""A known fault as operators tell it: whom it concerns, what is said of it, and until when.

Rules: frozen, and complete when it exists: everything it says has been spoken or recorded and lies
where the PBX finds it, in each language of the house. Times are seconds since the epoch.
This module must not know how it was told, nor how it is heard.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from acd.core.ids import IncidentId, Language, PromptId, QueueId

POSTCODE: Final = "postcode"
"""The caller's attribute that says where he lives; a menu lets him type it."""


class Clip(msgspec.Struct, frozen=True):
    """Some words in one language's folder: their file, how long it takes, and what it says."""

    language: Language
    prompt: PromptId
    seconds: float
    text: str = ""
    """Empty for a recording, whose words nobody here knows."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One known fault. ``queues`` and ``postcodes`` say whose it is; one of them is not empty."""

    id: IncidentId
    queues: tuple[QueueId, ...] = ()
    postcodes: tuple[str, ...] = ()
    """``10*`` is all that begin so."""
    text: tuple[Clip, ...]
    """What callers hear before they are put into a queue: one clip for each language."""
    hazard: tuple[Clip, ...] = ()
    """Heard by everybody before anything else, and no key skips it."""
    question: tuple[Clip, ...] = ()
    """Asked afterwards: again, hang up, or stay? Empty when nobody is asked to hang up."""
    begins_at: float = 0.0
    ends_at: float | None = None
    """None: until somebody ends it."""

    def is_on(self, now: float) -> bool:
        """Tell whether it has begun and is not over."""
        return self.begins_at <= now and (self.ends_at is None or now < self.ends_at)

    def concerns(self, queue: QueueId, postcode: str) -> bool:
        """Tell whether it is about a caller for this queue, whose ``postcode`` may be unknown.

        Where it names both, whoever comes to its queues hears it unless he lives elsewhere.
        """
        if self.queues and queue not in self.queues:
            return False
        if not self.postcodes or not postcode:
            return bool(self.queues)
        return any(
            postcode.startswith(one[:-1]) if one.endswith("*") else postcode == one
            for one in self.postcodes
        )

    def is_local_to(self, queue: QueueId) -> bool:
        """Tell whether its postcodes say which of this queue's callers it is about."""
        return bool(self.postcodes) and (not self.queues or queue in self.queues)


def clip_in(clips: tuple[Clip, ...], language: Language) -> Clip | None:
    """Return the words in this language, else in the first there is; None where there are none."""
    found = [clip for clip in clips if clip.language == language] or list(clips[:1])
    return found[0] if found else None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as somebody wants it told: in words, by language, that nobody has spoken yet."""

    id: IncidentId
    queues: tuple[QueueId, ...] = ()
    postcodes: tuple[str, ...] = ()
    text: Mapping[Language, str] = msgspec.field(default_factory=dict)
    recording: str = ""
    """A prompt that is heard instead of a text."""
    hazard: Mapping[Language, str] = msgspec.field(default_factory=dict)
    may_leave: bool = True
    """Callers are asked whether they stay, and may hang up informed."""
    begins_at: float = 0.0
    ends_at: float | None = None
