"""The JSON of incidents: as supervisors set them, and as they stand.

Rules: as in ``acd.web.models``. What is to be spoken is bounded and holds no control characters; a
queue's name is checked by the engine, which knows the queues.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StringConstraints

from acd.core.ids import IncidentId, Language, QueueId
from acd.core.incident import Wish
from acd.core.records import IncidentView, Snapshot
from acd.core.surge import Surge
from acd.web.models import In, Out


class IncidentOut(Out):
    """A known fault that callers are told of."""

    incident: str = Field(description="Its id.")
    queues: list[str] = Field(description="Whose callers hear it; empty: those of all queues.")
    postcodes: list[str] = Field(description="Whose district it is; 10* is all that begin so.")
    text: dict[str, str] = Field(description="What they hear, by language; empty for a recording.")
    hazard: dict[str, str] = Field(description="What everybody hears before anything else.")
    may_leave: bool = Field(description="Whether they are asked if they stay.")
    begins_at: float = Field(description="0: it was heard as soon as it was set.")
    ends_at: float | None = Field(description="null: until somebody ends it.")
    is_on: bool = Field(description="Whether callers hear it now.")
    configured: bool = Field(description="Whether it stands in incidents.yaml, and is ended there.")

    @classmethod
    def of(cls, view: IncidentView) -> IncidentOut:
        """Copy the engine's view."""
        told = view.incident
        return cls(
            incident=told.id,
            queues=list(told.queues),
            postcodes=list(told.postcodes),
            text={clip.language: clip.text for clip in told.text if clip.text},
            hazard={clip.language: clip.text for clip in told.hazard},
            may_leave=bool(told.question),
            begins_at=told.begins_at,
            ends_at=told.ends_at,
            is_on=view.is_on,
            configured=view.configured,
        )


class IncidentsOut(Out):
    """Every incident that is not over."""

    at: float
    incidents: list[IncidentOut]

    @classmethod
    def of(cls, snapshot: Snapshot) -> IncidentsOut:
        """Copy the engine's snapshot."""
        return cls(at=snapshot.at, incidents=[IncidentOut.of(one) for one in snapshot.incidents])


class SuggestionOut(Out):
    """A queue for which far more callers come than usual: has something happened?"""

    queue: str = Field(description="For which they came.")
    calls: int = Field(description="How many within the last quarter of an hour.")
    expected: float = Field(description="How many the same hour of the past weeks lets expect.")


class SuggestionsOut(Out):
    """Where an incident may have to be set; the greatest surge first."""

    at: float
    suggestions: list[SuggestionOut]

    @classmethod
    def of(cls, at: float, surges: Iterable[Surge]) -> SuggestionsOut:
        """Copy what was found last, at most a minute ago."""
        found = [
            SuggestionOut(queue=one.queue, calls=one.calls, expected=round(one.expected, 1))
            for one in surges
        ]
        return cls(at=at, suggestions=found)


_SpokenText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,500}$"),
]
_ByLanguage = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")], _SpokenText],
    Field(max_length=32),
]


class IncidentIn(In):
    """A known fault: whom it concerns, what is said of it, and until when.

    With both queues and postcodes, a caller for these queues hears it unless he typed another
    postcode. One with an id that is there already takes the place of that one.
    """

    incident: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = Field(
        description="Its id."
    )
    queues: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]],
        Field(default=[], max_length=100, description="Whose callers hear it, as in queues.yaml."),
    ]
    postcodes: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}\*?$")]],
        Field(
            default=[],
            max_length=500,
            description="Whose district it is; 10* is all that begin so.",
        ),
    ]
    text: _ByLanguage = Field(
        default={}, description="What is spoken; who has no text in his language hears the first."
    )
    recording: Annotated[
        str,
        StringConstraints(
            pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,31}(/[A-Za-z0-9_-]{1,32}){0,3})?$"
        ),
    ] = Field(default="", description="A recorded prompt instead of a text: incident/mitte.")
    hazard: _ByLanguage = Field(
        default={}, description="What everybody hears before anything else; no key skips it."
    )
    may_leave: bool = Field(
        default=True, description="Callers are asked if they stay, and may hang up informed."
    )
    begins_at: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=0.0, description="In seconds since the epoch; 0: at once."
    )
    ends_at: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="In seconds since the epoch; without it somebody has to end it."
    )

    def faults(self) -> str:
        """Return what is wrong with its parts taken together, "" when nothing is."""
        if not self.queues and not self.postcodes:
            return "queues, postcodes: name those whose callers hear it"
        if bool(self.text) == bool(self.recording):
            return "text, recording: give one of them"
        if self.ends_at is not None and self.ends_at <= self.begins_at:
            return "ends_at: it ends before it begins"
        return ""

    def wish(self) -> Wish:
        """Return it as the engine's own value."""
        return Wish(
            id=IncidentId(self.incident),
            queues=tuple(map(QueueId, self.queues)),
            postcodes=tuple(self.postcodes),
            text={Language(code): text for code, text in self.text.items()},
            recording=self.recording,
            hazard={Language(code): text for code, text in self.hazard.items()},
            may_leave=self.may_leave,
            begins_at=self.begins_at,
            ends_at=self.ends_at,
        )
