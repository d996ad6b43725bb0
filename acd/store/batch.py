"""What a run of records comes to in each table, so that a row is written once a transaction.

Rules: pure. Only the last state of an agent or a living call counts, and none of a call that ends
in the same batch. Spans that begin and end in it are whole rows; an end alone closes what is open
in the database. Ends are applied before the rows, so that a span that begins at the very moment
another ends stays open.
"""

from collections.abc import Sequence
from typing import assert_never

from acd.core.ids import AgentId, CallId, IncidentId, VoicemailId
from acd.core.incident import Incident
from acd.core.memory import AgentMemory, CallMemory, VoicemailMemory
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
from acd.store.port import kept


class Batch:
    """Records in order of their happening, sorted by where they are kept."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.agents: dict[AgentId, AgentMemory] = {}
        self.living: dict[CallId, CallMemory] = {}
        self.ended: dict[CallId, CallEnded] = {}
        self.incidents: dict[IncidentId, Incident | None] = {}
        """None for one that is over."""
        self.voicemails: dict[VoicemailId, VoicemailMemory] = {}
        self.presences: list[AgentChanged] = []
        self.wrap_up_ends: dict[AgentId, WrapUpEnded] = {}
        """Each agent's first: what began after it is in ``wrap_ups`` with its own end."""
        self.wrap_ups: dict[tuple[AgentId, float], tuple[WrapUpStarted, WrapUpEnded | None]] = {}
        self.answers: dict[tuple[CallId, str], SurveyAnswered] = {}
        """By call and question, the last."""
        self.recordings_gone: dict[CallId, RecordingDeleted] = {}
        self.forms: dict[tuple[CallId, str, float], FormFilled] = {}
        self._open: dict[AgentId, list[WrapUpStarted]] = {}
        for record in kept(records):
            match record:
                case AgentKept() | WrapUpStarted() | WrapUpEnded() | AgentChanged():
                    self._agents(record)
                case CallKept():
                    if record.call.call not in self.ended:
                        self.living[record.call.call] = record.call
                case VoicemailKept():
                    self.voicemails[record.voicemail.id] = record.voicemail
                case CallEnded():
                    self.ended.setdefault(record.call, record)
                    self.living.pop(record.call, None)
                case IncidentKept():
                    self.incidents[record.incident.id] = record.incident
                case IncidentEnded():
                    self.incidents[record.incident] = None
                case SurveyAnswered():
                    self.answers[record.call, record.question] = record
                case RecordingDeleted():
                    self.recordings_gone.setdefault(record.call, record)
                case FormFilled():
                    self.forms[record.call, record.form, record.at] = record
                case _:
                    assert_never(record)

    def _agents(self, record: AgentKept | WrapUpStarted | WrapUpEnded | AgentChanged) -> None:
        match record:
            case AgentKept():
                self.agents[record.agent.agent] = record.agent
            case WrapUpStarted():
                self.wrap_ups[record.agent, record.at] = (record, None)
                self._open.setdefault(record.agent, []).append(record)
            case WrapUpEnded():
                self.wrap_up_ends.setdefault(record.agent, record)
                for began in self._open.pop(record.agent, ()):
                    self.wrap_ups[began.agent, began.at] = (began, record)
            case AgentChanged():
                self.presences.append(record)
