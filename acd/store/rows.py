"""Records as rows and back: which field is which column, and lists as JSON text.

Rules: what a caller or a PBX wrote is data of any content. A database takes no NUL and no half of
a surrogate pair in its texts; both become U+FFFD. Rows are tuples, because they are made by the
thousand beside an event loop.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from acd.core.incident import Incident
from acd.core.memory import (
    AgentMemory,
    CallMemory,
    LegVisit,
    QueueVisit,
    VoicemailMemory,
    WrapUpMemory,
)
from acd.core.place import Place
from acd.core.records import (
    CallEnded,
    FormFilled,
    Outcome,
    SurveyAnswered,
    WrapUpEnded,
    WrapUpStarted,
)

Row = tuple[str | float | None, ...]
"""What is written: the columns of a table in their order (``acd.store.schema``)."""

_encode: Final = msgspec.json.Encoder().encode
_attributes: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_entries: Final = msgspec.json.Decoder(dict[str, str])
_words: Final = msgspec.json.Decoder(tuple[str, ...])
_queues: Final = msgspec.json.Decoder(tuple[QueueVisit, ...])
_legs: Final = msgspec.json.Decoder(tuple[LegVisit, ...])
_incident: Final = msgspec.json.Decoder(Incident)
_place: Final = msgspec.json.Decoder(Place | None)

_T = TypeVar("_T")


def clean(text: str) -> str:
    """Return a text that any database takes."""
    if text.isascii() and "\0" not in text:
        return text
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def encodable(value: _T, of: type[_T] | Any) -> _T:
    """Return the value with each half of a surrogate pair replaced, so that it has an encoding."""
    loose = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    decoded: _T = msgspec.json.decode(loose.encode("utf-8", "replace"), type=of)
    return decoded


def _json(value: tuple[object, ...] | Place | None) -> str:
    if value == ():
        return "[]"
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        loose = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return loose.encode("utf-8", "replace").decode()


def agent_row(agent: AgentMemory) -> Row:
    """Return an agent's row."""
    wrap_up = agent.wrap_up
    return (
        agent.agent,
        agent.presence,
        clean(agent.reason),
        clean(agent.phone),
        agent.since,
        agent.logged_in_at,
        agent.idle_since,
        wrap_up.queue if wrap_up else None,
        wrap_up.call if wrap_up else None,
        wrap_up.started_at if wrap_up else None,
        wrap_up.ends_at if wrap_up else None,
        agent.calls_taken,
        agent.talk_seconds,
        agent.calls_in_row,
    )


def agent_of(row: Mapping[str, Any]) -> AgentMemory:
    """Return the agent of a row."""
    values = {name: value for name, value in row.items() if not name.startswith("wrap_up_")}
    wrap_up = None
    if row["wrap_up_started_at"] is not None:
        wrap_up = WrapUpMemory(
            queue=row["wrap_up_queue"],
            call=row["wrap_up_call"],
            started_at=row["wrap_up_started_at"],
            ends_at=row["wrap_up_ends_at"],
        )
    return AgentMemory(wrap_up=wrap_up, **values)


def living_row(call: CallMemory) -> Row:
    """Return a living call's row."""
    return (
        call.call,
        call.pbx,
        clean(call.ani),
        clean(call.dnis),
        call.arrived_at,
        clean(call.language),
        clean(call.option),
        call.menu,
        call.node,
        call.queue,
        call.queued_at,
        call.answered_at,
        _json(call.attributes),
        _json(call.menu_path),
        _json(call.queue_path),
        _json(call.legs),
        _json(call.place),
        _json(call.heard),
        call.client,
    )


def living_of(row: Mapping[str, Any]) -> CallMemory:
    """Return the living call of a row."""
    values = _with_paths(row)
    values["place"] = _place.decode(values["place"])
    return CallMemory(**values)


def ended_row(call: CallEnded) -> Row:
    """Return the row of a final record."""
    return (
        call.call,
        call.pbx,
        call.outcome.value,
        clean(call.ani),
        clean(call.dnis),
        clean(call.language),
        clean(call.option),
        call.queue,
        call.agent,
        call.arrived_at,
        call.queued_at,
        call.answered_at,
        call.talk_ended_at,
        call.at,
        _json(call.skills),
        _json(call.attributes),
        _json(call.menu_path),
        _json(call.queue_path),
        _json(call.legs),
        _json(call.heard),
        call.client,
        clean(call.recording),
        call.recording_deleted_at,
    )


def visit_rows(call: CallEnded) -> list[Row]:
    """Return a row for each stay of an ended call in a queue.

    The wait is that of the caller's wait clock: where it went on from one queue to the next, it is
    known for the last of them. A stay that nobody closed ended with the call, and a clock set back
    makes no wait below nothing.
    """
    rows: list[Row] = []
    for number, visit in enumerate(call.queue_path):
        left_at = call.at if visit.left_at is None else visit.left_at
        began_at = visit.entered_at
        if number == len(call.queue_path) - 1 and call.queued_at is not None:
            began_at = min(began_at, call.queued_at)
        wait_seconds = max(0.0, left_at - began_at)
        rows.append((visit.entered_at, call.call, number, visit.queue, wait_seconds, visit.how))
    return rows


def leg_rows(call: CallEnded) -> list[Row]:
    """Return a row for each ring for an ended call, with its talk.

    A clock that was set back makes none shorter than nothing.
    """
    return [
        (
            max(call.at if leg.ended_at is None else leg.ended_at, leg.connected_at or 0.0),
            call.call,
            number,
            leg.agent,
            leg.queue,
            leg.rung_at,
            leg.connected_at,
            leg.hold_seconds,
            leg.how,
        )
        for number, leg in enumerate(call.legs)
    ]


def incident_row(incident: Incident) -> Row:
    """Return an incident's row: all of it as JSON, and what people query."""
    told = _encode(encodable(incident, Incident)).decode().replace("\\u0000", "\ufffd")
    return (incident.id, incident.begins_at, incident.ends_at, told)


def incident_of(row: Mapping[str, Any]) -> Incident:
    """Return the incident of a row."""
    return _incident.decode(row["told"])


def voicemail_row(voicemail: VoicemailMemory) -> Row:
    """Return a voicemail's row."""
    return (
        voicemail.id,
        voicemail.state,
        voicemail.call,
        voicemail.queue,
        clean(voicemail.ani),
        clean(voicemail.dnis),
        clean(voicemail.language),
        _json(voicemail.attributes),
        voicemail.begun_at,
        voicemail.left_at,
        voicemail.seconds,
        voicemail.agent,
        voicemail.changed_at,
    )


def voicemail_of(row: Mapping[str, Any]) -> VoicemailMemory:
    """Return the voicemail of a row."""
    return VoicemailMemory(**{**row, "attributes": _attributes.decode(row["attributes"])})


def wrap_up_row(wrap_up: WrapUpStarted, ended: WrapUpEnded | None) -> Row:
    """Return a wrap-up's row, all but the outcome code; ``ended`` is None while it lasts."""
    return (
        wrap_up.agent,
        wrap_up.at,
        ended.at if ended else None,
        wrap_up.ends_at,
        ended.how.value if ended else "",
        wrap_up.queue,
        wrap_up.call,
    )


def answer_row(answer: SurveyAnswered) -> Row:
    """Return the row of one answer in a survey."""
    return (
        answer.call,
        answer.question,
        clean(answer.answer),
        answer.queue,
        answer.agent,
        answer.at,
    )


def answer_of(row: Mapping[str, Any]) -> SurveyAnswered:
    """Return the answer of a row."""
    values = {**row}
    return SurveyAnswered(at=values.pop("answered_at"), **values)


def form_row(filled: FormFilled) -> Row:
    """Return the row of one form."""
    entries = {clean(name): clean(value) for name, value in filled.values.items()}
    return (filled.call, filled.form, filled.at, _encode(entries).decode())


def form_of(row: Mapping[str, Any]) -> FormFilled:
    """Return the form of a row."""
    return FormFilled(row["filled_at"], row["call"], row["form"], _entries.decode(row["entries"]))


def visits_of(text: str) -> tuple[QueueVisit, ...]:
    """Read a call's way through queues."""
    return _queues.decode(text)


def ended_of(row: Mapping[str, Any]) -> CallEnded:
    """Return the final record of a row."""
    values = _with_paths(row)
    values["skills"] = _words.decode(values["skills"])
    values["outcome"] = Outcome(values["outcome"])
    return CallEnded(at=values.pop("ended_at"), **values)


def _with_paths(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "attributes": _attributes.decode(row["attributes"]),
        "menu_path": _words.decode(row["menu_path"]),
        "queue_path": _queues.decode(row["queue_path"]),
        "legs": _legs.decode(row["legs"]),
        "heard": _words.decode(row["heard"]),
    }
