"""What may stand in the files of ``ivr_menus/``: menus of choices, codes, and examples of calls.

Rules: as in ``acd.config.schema``. What a choice does is ``acd.config.verbs``' business.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from acd.config.schema import (
    AttributeValue,
    Code,
    Digit,
    Entry,
    ExternalNumber,
    LanguageCode,
    Moment,
    Name,
    Reason,
    Spoken,
)
from acd.core.plan import AgentAction


class ExpectEntry(Entry):
    """An example of a call through a menu, and where it ends; ``acd check`` plays it."""

    keys: Annotated[str, StringConstraints(pattern=r"^[0-9*#.]{0,64}$")] = ""
    """What he presses, each when all has been said; a dot is a key that does not come."""
    at: Moment | None = None
    """When he calls, by the house's clock: 2026-12-24 10:00. Without it all hours are open."""
    closed: list[Name] = Field(default_factory=list)
    """Hours of hours.yaml that are closed for him, whenever he calls."""
    local_incidents: list[Name] = Field(default_factory=list)
    """Queues for which an incident is on that only certain postcodes hear."""
    attributes: dict[Name, AttributeValue] = Field(default_factory=dict)
    """What is known of him: language, ani, dnis, client, and what another menu has asked for."""
    waiting: dict[Name, Annotated[int, Field(ge=0, le=100_000)]] = Field(default_factory=dict)
    """Queue -> how many wait in it; without it nobody."""
    estimate_seconds: dict[Name, Annotated[float, Field(ge=0, le=86_400)]] = Field(
        default_factory=dict
    )
    """Queue -> how long who joined it would wait; without it nobody knows."""
    queue: Name | None = None
    """He ends in this queue, or on his way into it: its own exits are not looked at."""
    transfer: ExternalNumber | None = None
    """He ends at this number outside."""
    lookups: dict[Name, dict[Name, AttributeValue]] = Field(default_factory=dict)
    """Look-up -> what it finds of him; {} is nothing, and one that is not named does not answer."""
    keeps: list[Name] = Field(default_factory=list)
    """These forms are kept in this call."""
    do: AgentAction | None = None
    """This is done for the agent on the phone."""
    reason: Reason | None = None
    """The reason that goes with ``do: not-ready``."""
    hang_up: Literal["true"] | None = None
    """He is hung up without having been in a queue."""
    voicemail: Name | None = None
    """He is asked for a message for this queue."""
    language: LanguageCode | None = None
    """The language he hears in the end."""
    typed: dict[Name, AttributeValue] = Field(default_factory=dict)
    """What he has typed, by attribute."""


class MenuFile(Entry):
    """A menu callers (or agents) choose from by one key. Choices and targets: ``verbs``."""

    menu: Name
    """Its name, which is also the file's."""
    languages: Annotated[list[LanguageCode], Field(min_length=1)]
    """What it speaks; the first is heard first."""
    welcome: Spoken | None = None
    """Said once, before the choices."""
    instead: Annotated[list[dict[str, object]], Field(max_length=32)] = Field(default_factory=list)
    """Other ways than the whole menu, each a target with its ``when``; looked at on the way in."""
    wrong_key: Spoken
    """Said when a key is not among the choices, before they are repeated."""
    choices: Annotated[dict[Digit, dict[str, object]], Field(min_length=1)]
    """Key -> what it does; announced in this order."""
    retries: Annotated[int, Field(ge=0, le=9)] = 2
    """How often the choices are repeated: 2 is three playings."""
    timeout_seconds: Annotated[float, Field(ge=1, le=60)] = 6.0
    """How long to wait for a key after the last word."""
    otherwise: dict[str, object]
    """What happens when no choice was made."""
    expect: Annotated[list[ExpectEntry], Field(max_length=1000)] = Field(default_factory=list)
    """Examples of calls, and where they end."""


class CodesFile(Entry):
    """What agents' phones may dial, each code with what it does."""

    menu: Name
    """Its name, which is also the file's."""
    languages: Annotated[list[LanguageCode], Field(min_length=1)]
    """What it speaks; the first is heard."""
    codes: Annotated[dict[Code, dict[str, object]], Field(min_length=1)]
    """Dialled code -> what it does."""
