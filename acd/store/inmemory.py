"""A store of dictionaries: what tests and the demonstration use, and what the others must equal.

Rules: as in ``acd.store.port``; nothing survives the process.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, assert_never

import msgspec

from acd.core.ids import AgentId, CallId, IncidentId, QueueId, VoicemailId
from acd.core.incident import Incident
from acd.core.memory import AgentMemory, CallMemory, Memory, VoicemailMemory
from acd.core.records import (
    AgentChanged,
    AgentKept,
    CallEnded,
    CallKept,
    FormFilled,
    IncidentEnded,
    IncidentKept,
    Presence,
    Record,
    RecordingDeleted,
    SurveyAnswered,
    VoicemailKept,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.retention import Kind
from acd.store.cutting import names, without
from acd.store.port import OVER, Key, NotReadySpan, OfNumber, Session, Spans, WrapUpSpan, kept

_S = TypeVar("_S", Session, NotReadySpan, WrapUpSpan)


class _Line(Generic[_S]):
    """The spans of one kind of one agent, one for each start."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._by_start: dict[float, _S] = {}

    def put(self, span: _S) -> None:
        if span.started_at not in self._by_start:
            insort(self._starts, span.started_at)
        self._by_start[span.started_at] = span

    def close(self, at: float, **how: str) -> None:
        for start, span in self._by_start.items():
            if start <= at and span.ended_at is None:
                self._by_start[start] = msgspec.structs.replace(span, ended_at=at, **how)

    def covers(self, at: float) -> bool:
        return any(
            span.started_at <= at and (span.ended_at is None or span.ended_at > at)
            for span in self._by_start.values()
        )

    def remove(self, start: float) -> None:
        if self._by_start.pop(start, None) is not None:
            self._starts.remove(start)

    def all(self) -> tuple[_S, ...]:
        return tuple(self._by_start[start] for start in self._starts)


class _Agent:
    def __init__(self) -> None:
        self.sessions: _Line[Session] = _Line()
        self.not_ready: _Line[NotReadySpan] = _Line()
        self.wrap_ups: _Line[WrapUpSpan] = _Line()

    def of_kind(self, kind: Kind) -> "_Line[Session] | _Line[NotReadySpan] | _Line[WrapUpSpan]":
        if kind is Kind.SESSIONS:
            return self.sessions
        return self.not_ready if kind is Kind.NOT_READY else self.wrap_ups


class InMemoryStore:
    """Keeps all it is given until it is dropped."""

    name = "memory"

    def __init__(self) -> None:
        self._agents: dict[AgentId, AgentMemory] = {}
        self._calls: dict[CallId, CallMemory] = {}
        self._ended: dict[CallId, CallEnded] = {}
        self._incidents: dict[IncidentId, Incident] = {}
        self._voicemails: dict[VoicemailId, VoicemailMemory] = {}
        self._spans: dict[AgentId, _Agent] = {}
        self._forms: dict[tuple[CallId, str, float], FormFilled] = {}
        self._answers: dict[CallId, dict[str, SurveyAnswered]] = {}

    def write(self, records: Sequence[Record]) -> None:
        """See ``Store``."""
        for record in kept(records):
            match record:
                case AgentKept():
                    self._agents[record.agent.agent] = record.agent
                case VoicemailKept():
                    self._voicemails[record.voicemail.id] = record.voicemail
                case CallKept():
                    if record.call.call not in self._ended:
                        self._calls[record.call.call] = record.call
                case CallEnded():
                    self._ended.setdefault(record.call, record)
                    self._calls.pop(record.call, None)
                case IncidentKept():
                    self._incidents[record.incident.id] = record.incident
                case IncidentEnded():
                    self._incidents.pop(record.incident, None)
                case SurveyAnswered():
                    self._answers.setdefault(record.call, {})[record.question] = record
                case RecordingDeleted():
                    self._recording_gone(record)
                case FormFilled():
                    self._forms[record.call, record.form, record.at] = record
                case AgentChanged():
                    self._presence(record)
                case WrapUpStarted() | WrapUpEnded():
                    self._wrap_up(record)
                case _:
                    assert_never(record)

    def _wrap_up(self, record: WrapUpStarted | WrapUpEnded) -> None:
        spans = self._of(record.agent).wrap_ups
        if isinstance(record, WrapUpEnded):
            spans.close(record.at, how=record.how.value)
            return
        span = WrapUpSpan(record.at, record.ends_at, None, "", record.queue, record.call)
        spans.put(span)

    def _recording_gone(self, gone: RecordingDeleted) -> None:
        ended = self._ended.get(gone.call)
        if ended is not None and ended.recording_deleted_at is None:
            marked = msgspec.structs.replace(ended, recording_deleted_at=gone.at)
            self._ended[gone.call] = marked

    def _presence(self, new: AgentChanged) -> None:
        agent = self._of(new.agent)
        agent.not_ready.close(new.at)
        if new.presence is Presence.LOGGED_OUT:
            agent.sessions.close(new.at)
            return
        if not agent.sessions.covers(new.at):
            agent.sessions.put(Session(new.at, None, new.phone))
        if new.presence is Presence.NOT_READY:
            agent.not_ready.put(NotReadySpan(new.at, None, new.reason))

    def _of(self, agent: AgentId) -> _Agent:
        return self._spans.setdefault(agent, _Agent())

    def remember(self) -> Memory:
        """See ``Store``."""
        return Memory(
            tuple(self._agents[one] for one in sorted(self._agents)),
            tuple(self._calls[one] for one in sorted(self._calls)),
            tuple(self._incidents[one] for one in sorted(self._incidents)),
            tuple(
                voicemail
                for _, voicemail in sorted(self._voicemails.items())
                if voicemail.state not in OVER
            ),
        )

    def ended(self, call: CallId) -> CallEnded | None:
        """See ``Store``."""
        return self._ended.get(call)

    def voicemail(self, voicemail: VoicemailId) -> VoicemailMemory | None:
        """See ``Store``."""
        return self._voicemails.get(voicemail)

    def ended_count(self) -> int:
        """See ``Store``."""
        return len(self._ended)

    def survey(self, call: CallId) -> tuple[SurveyAnswered, ...]:
        """See ``Store``."""
        answers = self._answers.get(call, {}).values()
        return tuple(sorted(answers, key=lambda one: (one.at, one.question)))

    def first_end(self) -> float | None:
        """See ``Store``."""
        return min((one.at for one in list(self._ended.values())), default=None)

    def arrivals(self, since: float, until: float) -> Counter[QueueId]:
        """See ``Store``."""
        calls: dict[CallId, CallMemory | CallEnded] = {**self._calls, **self._ended}
        came = [one.queue_path for one in calls.values() if since <= one.arrived_at < until]
        return Counter(path[0].queue for path in came if path)

    def forms(self, form: str, since: float = 0.0) -> tuple[FormFilled, ...]:
        """See ``Store``."""
        found = [one for one in self._forms.values() if one.form == form and one.at >= since]
        return tuple(sorted(found, key=lambda one: (one.at, one.call)))

    def spans(self, agent: AgentId) -> Spans:
        """See ``Store``."""
        of = self._of(agent)
        return Spans(of.sessions.all(), of.not_ready.all(), of.wrap_ups.all())

    def due(self, kind: Kind, before: float, most: int) -> tuple[Key, ...]:
        """See ``Store``."""
        aged = [(at, key) for key, at in self._ages(kind) if at is not None and at < before]
        return tuple(key for _, key in sorted(aged)[:most])

    def _ages(self, kind: Kind) -> Iterator[tuple[Key, float | None]]:
        """Each of a kind, and the time its days count from."""
        match kind:
            case Kind.NUMBERS:
                whole = (one for one in self._ended.values() if without(one) != one)
                yield from (((one.call,), one.at) for one in whole)
            case Kind.RECORDS:
                yield from (((one.call,), one.at) for one in self._ended.values())
            case Kind.VOICEMAILS:
                over = (one for one in self._voicemails.values() if one.state in OVER)
                yield from (((one.id,), one.changed_at) for one in over)
            case Kind.SURVEYS:
                for call, answers in self._answers.items():
                    yield from (((call, name), one.at) for name, one in answers.items())
            case Kind.FORMS:
                yield from ((key, key[2]) for key in self._forms)
            case Kind.SESSIONS | Kind.NOT_READY | Kind.WRAP_UPS:
                for agent, of in self._spans.items():
                    spans = of.of_kind(kind).all()
                    yield from (((agent, one.started_at), one.ended_at) for one in spans)

    def forget(self, kind: Kind, keys: Sequence[Key]) -> None:
        """See ``Store``."""
        for key in keys:
            call = CallId(str(key[0]))
            match kind:
                case Kind.NUMBERS:
                    self._ended[call] = without(self._ended[call])
                case Kind.RECORDS:
                    self._ended.pop(call, None)
                case Kind.VOICEMAILS:
                    self._voicemails.pop(VoicemailId(str(key[0])), None)
                case Kind.SURVEYS:
                    self._answers.get(call, {}).pop(str(key[1]), None)
                case Kind.FORMS:
                    self._forms.pop((call, str(key[1]), float(key[2])), None)
                case Kind.SESSIONS | Kind.NOT_READY | Kind.WRAP_UPS:
                    self._of(AgentId(str(key[0]))).of_kind(kind).remove(float(key[1]))

    def of_number(self, ending: str) -> OfNumber:
        """See ``Store``."""
        calls = [one for one in self._ended.values() if names(one, ending)]
        left = [one for one in self._voicemails.values() if names(one, ending)]
        living = (one for one in self._calls.values() if one.ani.endswith(ending))
        own = {one.call for one in calls}
        forms = [
            one
            for one in self._forms.values()
            if one.call in own or any(ending in said for said in one.values.values())
        ]
        return OfNumber(
            tuple(sorted(calls, key=lambda one: (one.arrived_at, one.call))),
            tuple((one.call, one.ani) for one in living),
            tuple(sorted(left, key=lambda one: (one.begun_at, one.id))),
            tuple(sorted(forms, key=lambda one: (one.at, one.call))),
        )

    def erase(self, calls: Sequence[CallId], voicemails: Sequence[VoicemailId], at: float) -> None:
        """See ``Store``."""
        for call in calls:
            if (ended := self._ended.get(call)) is not None:
                self._ended[call] = without(ended, all_of_it=True)
                if ended.recording:
                    self._recording_gone(RecordingDeleted(at, call))
            self._answers.pop(call, None)
            for key in [key for key in self._forms if key[0] == call]:
                del self._forms[key]
        for voicemail in voicemails:
            self._voicemails.pop(voicemail, None)

    def close(self) -> None:
        """See ``Store``."""
