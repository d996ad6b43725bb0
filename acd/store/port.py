"""What a store is: the records it keeps, and how they are read back.

Rules: a write is one transaction, all of it or nothing. Records come in the order in which they
became true, and writing the last ones again, in order and to the end, changes nothing: whoever
does not know whether a write was committed repeats it. (An agent's changes of presence have
different times.) A call has one final record, whatever is
written; a living call that has one is not remembered. A store is used by one thread at a time.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeGuard

import msgspec

from acd.core.ids import AgentId, CallId, DeviceId, QueueId, VoicemailId
from acd.core.memory import Memory, VoicemailMemory
from acd.core.records import (
    AgentChanged,
    AgentKept,
    CallEnded,
    CallKept,
    FormFilled,
    IncidentEnded,
    IncidentKept,
    Record,
    RecordingDeleted,
    SurveyAnswered,
    VoicemailKept,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.retention import Kind

Kept = (
    AgentKept
    | CallKept
    | CallEnded
    | IncidentKept
    | IncidentEnded
    | AgentChanged
    | WrapUpStarted
    | WrapUpEnded
    | SurveyAnswered
    | RecordingDeleted
    | VoicemailKept
    | FormFilled
)
"""The records a store looks at; all others pass it by."""

_KEPT: Final = frozenset(
    {
        AgentKept,
        CallKept,
        CallEnded,
        IncidentKept,
        IncidentEnded,
        WrapUpStarted,
        WrapUpEnded,
        SurveyAnswered,
        RecordingDeleted,
        VoicemailKept,
        FormFilled,
    }
)


def kept(records: Sequence[Record]) -> list[Kept]:
    """Return those of the records that a store keeps, in their order."""
    return [one for one in records if _is_kept(one)]


def _is_kept(record: Record) -> TypeGuard[Kept]:
    # By class, which is quicker than isinstance: every record of the engine comes by here.
    kind = type(record)
    return kind in _KEPT or (isinstance(record, AgentChanged) and record.what == "presence")


class Session(msgspec.Struct, frozen=True):
    """An agent's time from log-in to log-out; ``ended_at`` is None while he is logged in."""

    started_at: float
    ended_at: float | None
    phone: DeviceId
    """Where he logged in."""


class NotReadySpan(msgspec.Struct, frozen=True):
    """A time an agent was not ready, for one reason; ``ended_at`` is None while it lasts."""

    started_at: float
    ended_at: float | None
    reason: str


class WrapUpSpan(msgspec.Struct, frozen=True):
    """One wrap-up: ``ends_at`` was its deadline, ``ended_at`` is when it was over.

    ``how`` is a word of ``acd.core.records.WrapUpEnd``, empty while it lasts. ``outcome_code`` is
    what the agent said the call came to, None when he said nothing.
    """

    started_at: float
    ends_at: float
    ended_at: float | None
    how: str
    queue: QueueId
    call: CallId
    outcome_code: str | None = None


class Spans(msgspec.Struct, frozen=True):
    """What one agent did, each kind in the order in which it began."""

    sessions: tuple[Session, ...] = ()
    not_ready: tuple[NotReadySpan, ...] = ()
    wrap_ups: tuple[WrapUpSpan, ...] = ()


LONGEST_SECONDS: Final = 7200.0
"""How much later than the callers asked for a call is looked for that has ended."""

OVER: Final = ("done", "discarded")
"""The states of a voicemail of which nobody needs to remember anything."""


Key = tuple[str | float, ...]
"""What names one row of a kind: what the table's primary key is made of."""


class OfNumber(msgspec.Struct, frozen=True):
    """What may be a caller's: everything with a number of the same ending, called from or typed."""

    calls: tuple[CallEnded, ...] = ()
    living: tuple[tuple[CallId, str], ...] = ()
    """Calls that are not over, each with its number."""
    voicemails: tuple[VoicemailMemory, ...] = ()
    forms: tuple[FormFilled, ...] = ()
    """Those of such calls, and those in which such a number was given."""


class Store(Protocol):
    """Somewhere to keep agents, calls and spans. All of it may raise ``StoreError``."""

    @property
    def name(self) -> str:
        """The file or the server, without any secret, as people know it."""

    def write(self, records: Sequence[Record]) -> None:
        """Keep them all, in order, and return when they are durable; or keep none and raise."""

    def remember(self) -> Memory:
        """Every agent, living call, incident and voicemail that is not done, as last written, by
        id."""

    def ended(self, call: CallId) -> CallEnded | None:
        """The final record of a call."""

    def voicemail(self, voicemail: VoicemailId) -> VoicemailMemory | None:
        """A voicemail as last written, also one that is done."""

    def ended_count(self) -> int:
        """How many calls have a final record."""

    def first_end(self) -> float | None:
        """When the first call ended of which there is a final record, None when there is none."""

    def arrivals(self, since: float, until: float) -> Mapping[QueueId, int]:
        """How many callers came from ``since`` on and before ``until`` for each queue: that into
        which they were put first. Who talked longer than ``LONGEST_SECONDS`` may be left out."""

    def survey(self, call: CallId) -> tuple[SurveyAnswered, ...]:
        """What the caller said after his talk, in the order in which he said it; of two answers to
        one question the last."""

    def forms(self, form: str, since: float = 0.0) -> tuple[FormFilled, ...]:
        """What callers gave in menus under this name since a time, in order of it."""

    def spans(self, agent: AgentId) -> Spans:
        """All that is known of one agent's sessions, pauses and wrap-ups."""

    def due(self, kind: Kind, before: float, most: int) -> tuple[Key, ...]:
        """What of a kind is older than this time and still there, the oldest first."""

    def forget(self, kind: Kind, keys: Sequence[Key]) -> None:
        """Delete these, or of ``NUMBERS`` cut number and what was typed, in one transaction."""

    def of_number(self, ending: str) -> OfNumber:
        """Everything in which a number of that ending occurs, the oldest first."""

    def erase(self, calls: Sequence[CallId], voicemails: Sequence[VoicemailId], at: float) -> None:
        """Take number and what was typed out of these final records, with their surveys and forms,
        and delete these voicemails; recordings count as deleted ``at`` that time."""

    def close(self) -> None:
        """Let go of files and connections; nothing may be called afterwards."""
