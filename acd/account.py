"""An explanation as people read it: when, what, who could have been taken, who not and why.

Rules: times are wall clock, with the seconds since the first step beside them. Agents who were
passed over for the same reason stand together. Every text is shown as text, without markup or
control characters, because names come from elsewhere.
It must not know where the explanation came from.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from acd.core.ids import AgentId
from acd.core.records import Candidate, ExplainedStep, Explanation

NAMED: Final = 12
"""So many agents of one reason are named; the others are counted."""


def account(
    explanation: Explanation, zone: tzinfo | None = None, *, everybody: bool = False
) -> RenderableType:
    """The whole story of one call, for a console.

    ``zone`` is whose wall clock is meant, this machine's without it; ``everybody`` names each
    agent, however many there are.
    """
    steps = explanation.steps
    names = {one.agent: one.name for step in steps for one in step.candidates}
    began_at = steps[0].at if steps else 0.0
    table = Table.grid(padding=(0, 2, 0, 0))
    for column in ("time", "since", "what"):
        table.add_column(column, no_wrap=True, justify="right" if column == "since" else "left")
    table.add_column("details")
    before: ExplainedStep | None = None
    for step in steps:
        since = f"+{step.at - began_at:.1f} s"
        table.add_row(
            Text(f"{_moment(step.at, zone):%H:%M:%S.%f}"[:-3], style="dim"),
            Text(since, style="dim"),
            Text(_plain(step.what.replace("_", " ")), style="bold"),
            Group(*_details(step, before, names, zone, everybody)),
        )
        before = step
    return Group(_head(explanation, began_at, zone), table)


def _head(explanation: Explanation, began_at: float, zone: tzinfo | None) -> Text:
    state = "over" if explanation.ended else "living"
    if not explanation.steps:
        return Text(f"Call {_plain(explanation.call)}, {state}: nothing has been decided about it.")
    first = _moment(began_at, zone).isoformat(" ", "seconds")
    return Text(f"Call {_plain(explanation.call)}, {state}; first decision at {first}\n")


def _details(
    step: ExplainedStep,
    before: ExplainedStep | None,
    names: Mapping[AgentId, str],
    zone: tzinfo | None,
    everybody: bool,
) -> Iterator[RenderableType]:
    who = "" if step.agent is None else _named(step.agent, names.get(step.agent, ""))
    yield Text(": ".join(part for part in (who, _plain(step.text)) if part))
    asked_before = () if before is None else before.asked
    if step.asked != asked_before:
        instead = f", instead of {_listed(asked_before)}" if asked_before else ""
        yield Text(f"asks for {_listed(step.asked) or 'nothing'}{instead}", style="cyan")
    if not step.candidates:
        return
    if before is not None and step.candidates == before.candidates:
        yield Text("agents as before", style="dim")
        return
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    reasons = _by_reason(step.candidates)
    free = _people(reasons.pop("", ()), zone, everybody)
    grid.add_row(Text("free:", style="green"), Text(free or "nobody"))
    label = "not:"
    for reason, people in reasons.items():
        text = f"{_plain(reason)}: {_people(people, zone, everybody)}"
        grid.add_row(Text(label, style="red"), Text(text))
        label = ""
    yield grid


def _by_reason(candidates: Sequence[Candidate]) -> dict[str, list[Candidate]]:
    """The agents by why each could not be rung, the reason of most of them last."""
    found: dict[str, list[Candidate]] = {}
    for one in candidates:
        found.setdefault(one.why_not, []).append(one)
    return dict(sorted(found.items(), key=lambda item: len(item[1])))


def _people(people: Sequence[Candidate], zone: tzinfo | None, everybody: bool) -> str:
    shown = people if everybody else people[:NAMED]
    texts = [
        _named(one.agent, one.name)
        + ("" if one.until is None else f" (until {_moment(one.until, zone):%H:%M:%S})")
        for one in shown
    ]
    more = len(people) - len(shown)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _named(agent: str, name: str) -> str:
    return _plain(name if agent in name else f"{agent} {name}".strip())


def _listed(asked: Sequence[str]) -> str:
    return ", ".join(_plain(one) for one in asked)


def _moment(at: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
