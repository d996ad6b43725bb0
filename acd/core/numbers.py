"""The numbers callers dial: which menu each leads to, and whose customers dial it.

Rules: a number is compared in one form, however a trunk or a person writes it. ``+49800555100``,
``0049800555100`` and ``0800555100`` are the same where the country code is 49; what begins with
neither ``+`` nor ``0`` (an extension, a short number) stays as it is. The whole number counts
before any beginning, and a longer beginning before a shorter one.
"""

from collections.abc import Mapping

import msgspec

from acd.core.ids import ClientId, Language, MenuId, PromptId
from acd.core.queueplan import Need, Text

_SEPARATORS = str.maketrans("", "", " -/")


def same_form(number: str, country_code: str) -> str:
    """Return the one form of a number, or of the beginning of numbers."""
    digits = number.translate(_SEPARATORS)
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("0"):
        return f"+{country_code}{digits[1:]}"
    return digits


class Dialled(msgspec.Struct, frozen=True):
    """What a number stands for."""

    menu: MenuId
    client: ClientId | None = None


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers that do not lead to the menu of all others, each in its one form."""

    country_code: str = "49"
    whole: Mapping[str, Dialled] = msgspec.field(default_factory=dict)
    beginnings: Mapping[str, Dialled] = msgspec.field(default_factory=dict)

    def find(self, number: str) -> Dialled | None:
        """Return what the dialled number stands for; None: for nothing of its own."""
        dialled = same_form(number, self.country_code)
        found = self.whole.get(dialled)
        for length in range(len(dialled) if self.beginnings else 0, 0, -1):
            if found is not None:
                break
            found = self.beginnings.get(dialled[:length])
        return found


class ClientPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A company for which the centre answers."""

    id: ClientId
    name: str
    """Short: it stands on the phone that rings."""
    menu: MenuId
    language: Language
    """What its callers hear first."""
    greeting: tuple[PromptId, ...] = ()
    """Heard instead of the welcome of the menu that a caller enters."""
    needs: tuple[Need, ...] = ()
    """Asked for whatever the queue asks for and however long the caller waits."""
    answer: Text = msgspec.field(default_factory=dict)
    """How to answer, by the caller's language."""
    ask: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()


class ClientView(msgspec.Struct, frozen=True):
    """For whom a caller calls; what the agent reads is there while a phone rings or he talks."""

    client: ClientId
    name: str
    answer: str = ""
    """How to answer, in the caller's language if it is there."""
    ask: tuple[str, ...] = ()
    """What to ask him."""
    tell: tuple[str, ...] = ()
    """What he may be told."""
