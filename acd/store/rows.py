"""Records as rows and back: which field is which column, and lists as JSON text.

Rules: what a caller or a PBX wrote is data of any content. A database takes no NUL and no half of
a surrogate pair in its texts; both become U+FFFD. Rows are plain dictionaries by column name.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from acd.core.memory import AgentMemory, CallMemory, LegVisit, QueueVisit, WrapUpMemory
from acd.core.records import CallEnded, Outcome

Row = dict[str, Any]

_encode: Final = msgspec.json.Encoder().encode
_attributes: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_words: Final = msgspec.json.Decoder(tuple[str, ...])
_queues: Final = msgspec.json.Decoder(tuple[QueueVisit, ...])
_legs: Final = msgspec.json.Decoder(tuple[LegVisit, ...])

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


def _json(value: tuple[object, ...]) -> str:
    if not value:
        return "[]"
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        loose = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return loose.encode("utf-8", "replace").decode()


def agent_row(agent: AgentMemory) -> Row:
    """Return an agent's row."""
    wrap_up = agent.wrap_up
    return {
        "agent": agent.agent,
        "presence": agent.presence,
        "reason": clean(agent.reason),
        "phone": clean(agent.phone),
        "since": agent.since,
        "logged_in_at": agent.logged_in_at,
        "idle_since": agent.idle_since,
        "wrap_up_queue": wrap_up and wrap_up.queue,
        "wrap_up_call": wrap_up and wrap_up.call,
        "wrap_up_started_at": wrap_up and wrap_up.started_at,
        "wrap_up_ends_at": wrap_up and wrap_up.ends_at,
        "calls_taken": agent.calls_taken,
        "talk_seconds": agent.talk_seconds,
        "calls_in_row": agent.calls_in_row,
    }


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
    return {
        "call": call.call,
        "pbx": call.pbx,
        "ani": clean(call.ani),
        "dnis": clean(call.dnis),
        "arrived_at": call.arrived_at,
        "language": clean(call.language),
        "option": clean(call.option),
        "menu": call.menu,
        "node": call.node,
        "queue": call.queue,
        "queued_at": call.queued_at,
        "answered_at": call.answered_at,
        "attributes": _json(call.attributes),
        "menu_path": _json(call.menu_path),
        "queue_path": _json(call.queue_path),
        "legs": _json(call.legs),
    }


def living_of(row: Mapping[str, Any]) -> CallMemory:
    """Return the living call of a row."""
    return CallMemory(**_with_paths(row))


def ended_row(call: CallEnded) -> Row:
    """Return the row of a final record."""
    return {
        "call": call.call,
        "pbx": call.pbx,
        "outcome": call.outcome.value,
        "ani": clean(call.ani),
        "dnis": clean(call.dnis),
        "language": clean(call.language),
        "option": clean(call.option),
        "queue": call.queue,
        "agent": call.agent,
        "arrived_at": call.arrived_at,
        "queued_at": call.queued_at,
        "answered_at": call.answered_at,
        "talk_ended_at": call.talk_ended_at,
        "ended_at": call.at,
        "skills": _json(call.skills),
        "attributes": _json(call.attributes),
        "menu_path": _json(call.menu_path),
        "queue_path": _json(call.queue_path),
        "legs": _json(call.legs),
    }


def ended_of(row: Mapping[str, Any]) -> CallEnded:
    """Return the final record of a row."""
    values = _with_paths(row)
    values["skills"] = _words.decode(values["skills"])
    values["outcome"] = Outcome(values["outcome"])
    return CallEnded(at=values.pop("ended_at"), **values)


def _with_paths(row: Mapping[str, Any]) -> Row:
    return {
        **row,
        "attributes": _attributes.decode(row["attributes"]),
        "menu_path": _words.decode(row["menu_path"]),
        "queue_path": _queues.decode(row["queue_path"]),
        "legs": _legs.decode(row["legs"]),
    }
