"""The live view in a terminal: queues, calls, and agents with what is left of their wrap-up.

Rules: `render` is a function of a snapshot and fits whatever room it is given; what has no room is
counted in a last line, and what is going on comes before what is not. A caller shows as the last
three digits of his number. Every text is shown as text, without markup or control characters,
because names and numbers come from elsewhere. Drawing happens in a thread of its own, so that a
terminal that does not take its text never stops the calls.
It must not know how a snapshot is made.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style

from acd.core.events import DeviceState
from acd.core.ids import QueueId
from acd.core.records import (
    Activity,
    AgentView,
    CallState,
    CallView,
    Presence,
    QueueView,
    Snapshot,
)

REFRESH_SECONDS: Final = 0.25
PLAIN_SECONDS: Final = 10.0

WIDE: Final = 96
"""From this width on a call shows its agent, and an agent why he is not ready."""

_WAITING: Final = (CallState.QUEUED, CallState.RINGING)
_CALLS_FIRST: Final = (CallState.RINGING, CallState.QUEUED, CallState.CONNECTED)
_AGENTS_FIRST: Final = (Activity.RINGING, Activity.TALKING, Activity.WRAP_UP)

_NO_STYLE: Final = Style()
_STYLES: Final = {
    word: Style.parse(style)
    for word, style in {
        "head": "reverse",
        "names": "bold underline",
        "dim": "dim",
        "ringing": "bold yellow",
        "queued": "yellow",
        "connected": "green",
        "talking": "green",
        "wrap-up": "bold magenta",
        "ready": "cyan",
        "free": "cyan",
        "none": "red",
        "not ready": "red",
        "busy": "yellow",
        "gone": "bold red",
        "out": "dim",
        "idle": "dim",
    }.items()
}

_PRESENCES: Final = {
    Presence.READY: "ready",
    Presence.NOT_READY: "not ready",
    Presence.LOGGED_OUT: "out",
}
_DEVICES: Final = {
    DeviceState.FREE: "free",
    DeviceState.BUSY: "busy",
    DeviceState.UNREACHABLE: "gone",
}

_View = TypeVar("_View")
Line = list[Segment]
Cell = tuple[str, str]
"""A text and the word its style is found by."""


class Column(NamedTuple):
    """A column's name and width in cells; 0 takes what the others leave."""

    name: str
    cells: int
    right: bool = False


def render(
    snapshot: Snapshot, now: float, title: str = "acd", urls: Sequence[str] = ()
) -> RenderableType:
    """The picture at the moment ``now`` (seconds since the epoch), for a console of 80x24 or more.

    It is laid out when it is printed, by the width and height the console then has.
    """
    return _Picture(snapshot, now, title, urls)


def plain(snapshot: Snapshot) -> str:
    """The picture in one line, for an output that is no terminal."""
    states = Counter(call.state for call in snapshot.calls)
    waits = max((view.longest_wait_seconds for view in snapshot.queues), default=0.0)
    waiting = sum(states[state] for state in _WAITING)
    doing = Counter(_does(agent) for agent in snapshot.agents)
    said = Counter(agent.presence for agent in snapshot.agents)
    return (
        f"{len(snapshot.calls)} calls: {waiting} waiting (longest {_clock(waits)}), "
        f"{states[CallState.CONNECTED]} talking; {len(snapshot.agents)} agents: "
        f"{doing['free']} free, {doing['ringing']} ringing, {doing['talking']} talking, "
        f"{doing['wrap-up']} in wrap-up, {said[Presence.NOT_READY]} not ready, "
        f"{said[Presence.LOGGED_OUT]} out"
    )


async def show(
    snapshot: Callable[[], Snapshot],
    now: Callable[[], float],
    *,
    title: str | Callable[[], str] = "acd",
    urls: Sequence[str] = (),
    console: Console | None = None,
    refresh_seconds: float = REFRESH_SECONDS,
    plain_seconds: float = PLAIN_SECONDS,
) -> None:
    """Show what ``snapshot`` returns until this is cancelled; the terminal is then as before.

    On a terminal that is a screen drawn anew every ``refresh_seconds``; on anything else the URLs
    and one line every ``plain_seconds``. Leave logs out of the same terminal meanwhile.
    """
    console = console or Console()
    if not console.is_terminal:
        for url in urls:
            await asyncio.to_thread(_print, console, url)
        while True:
            await asyncio.to_thread(_print, console, plain(snapshot()))
            await asyncio.sleep(plain_seconds)
    live = Live(console=console, screen=True, auto_refresh=False)
    live.start()
    try:
        while True:
            said = title if isinstance(title, str) else title()
            picture = render(snapshot(), now(), said, urls)
            await asyncio.to_thread(live.update, picture, refresh=True)
            await asyncio.sleep(refresh_seconds)
    finally:
        live.stop()
        _print(console, plain(snapshot()))


def _print(console: Console, line: str) -> None:
    print(line, file=console.file, flush=True)


class _Picture:
    """One snapshot, laid out once the console says how much room there is.

    The lines are laid out here, not by Rich's tables, which took 25 ms of CPU for this picture.
    """

    def __init__(self, snapshot: Snapshot, now: float, title: str, urls: Sequence[str]) -> None:
        self._snapshot = snapshot
        self._now = now
        self._title = title
        self._urls = urls

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # The last line stays empty: a terminal scrolls when its last cell is written.
        height = (options.height or console.size.height) - 1
        for line in self.lines(options.max_width, height):
            yield from line
            yield Segment.line()

    def lines(self, width: int, height: int) -> Iterator[Line]:
        """The whole picture, at most ``height`` lines of ``width`` cells."""
        yield [_cell(f" {self._title}   {plain(self._snapshot)}", width, _style("head"))]
        height -= 1
        for line in _wrapped(self._urls, width):
            yield [_cell(line, width, _style("dim"))]
            height -= 1
        queues = _queues(self._snapshot.queues, max(3, height // 2), width)
        yield from queues
        yield [_cell("", width, _style(""))]
        height -= len(queues) + 1
        wide = width >= WIDE
        left = width * 46 // 100
        names = {view.queue: view.label or view.queue for view in self._snapshot.queues}
        calls = _calls(self._snapshot.calls, names, self._now, height, left, wide)
        agents = _agents(self._snapshot.agents, self._now, height, width - left - 2, wide)
        empty = [_cell("", left, _style(""))]
        for call, agent in zip_longest(calls, agents, fillvalue=None):
            yield [*(call or empty), Segment("  "), *(agent or [])]


def _wrapped(urls: Sequence[str], width: int) -> list[str]:
    """The URLs in as few lines as hold each whole."""
    lines: list[str] = []
    for url in urls:
        if lines and cell_len(lines[-1]) + 2 + cell_len(url) <= width:
            lines[-1] += f"  {url}"
        else:
            lines.append(f" {url}")
    return lines


def _queues(queues: Sequence[QueueView], room: int, width: int) -> list[Line]:
    numbers = ("Waiting", "Longest", "Expect", "Ringing", "Talking", "Ready", "Free")
    columns = (Column("Queue", 0), *(Column(name, 7, right=True) for name in numbers))

    def row(view: QueueView) -> Iterator[Cell]:
        waits = "queued" if view.longest_wait_seconds else "dim"
        yield view.label or view.queue, ""
        yield str(view.waiting), waits
        yield _clock(view.longest_wait_seconds), waits
        yield ("-" if view.estimate_seconds is None else _clock(view.estimate_seconds)), "dim"
        yield str(view.ringing), "ringing" if view.ringing else "dim"
        yield str(view.connected), "talking" if view.connected else "dim"
        yield str(view.agents_ready), ""
        yield str(view.agents_free), "free" if view.agents_free else "none"

    return _table(columns, queues, row, room, width)


def _calls(
    calls: Sequence[CallView],
    names: Mapping[QueueId, str],
    now: float,
    room: int,
    width: int,
    wide: bool,
) -> list[Line]:
    columns = [
        Column("Caller", 6),
        Column("State", 9),
        Column("Key", 3),
        Column("Queue", 0),
        Column("Time", 5, right=True),
    ]
    if wide:
        columns.append(Column("Agent", 6))

    def row(call: CallView) -> Iterator[Cell]:
        waits = call.queued_at if call.state in _WAITING else None
        state = call.state.value.replace("_", " ")
        yield _caller(call.ani), ""
        yield state, state
        yield call.option, ""
        yield (names.get(call.queue, call.queue) if call.queue else ""), ""
        yield _clock(now - (call.since if waits is None else waits)), ""
        yield call.agent or "", ""

    return _table(columns, sorted(calls, key=_call_order), row, room, width)


def _agents(
    agents: Sequence[AgentView], now: float, room: int, width: int, wide: bool
) -> list[Line]:
    columns = (
        Column("Agent", 0),
        Column("Said", 18 if wide else 9),
        Column("Does", 7),
        Column("Time", 6, right=True),
        Column("Phone", 5),
    )

    def row(agent: AgentView) -> Iterator[Cell]:
        said = _PRESENCES[agent.presence]
        does = agent.activity.value.replace("_", "-")
        phone = _DEVICES[agent.device]
        ends_at = agent.wrap_up_ends_at
        yield (agent.agent if agent.agent in agent.name else f"{agent.agent} {agent.name}"), ""
        yield (f"{said} {agent.reason}" if wide and agent.reason else said), said
        yield does, does
        if ends_at is None:
            yield _clock(now - agent.since), "dim"
        else:
            yield f"↓{_clock(ends_at - now)}", does
        yield phone, phone

    if len(agents) >= room:
        agents = sorted(agents, key=_agent_order)
    return _table(columns, agents, row, room, width)


def _call_order(call: CallView) -> tuple[int, float]:
    first = _CALLS_FIRST.index(call.state) if call.state in _CALLS_FIRST else len(_CALLS_FIRST)
    return first, call.since if call.queued_at is None else call.queued_at


def _agent_order(agent: AgentView) -> int:
    if agent.activity in _AGENTS_FIRST:
        return _AGENTS_FIRST.index(agent.activity)
    return len(_AGENTS_FIRST) + list(_PRESENCES).index(agent.presence)


def _does(agent: AgentView) -> str:
    """What the agent does, with "free" for one who can be rung now."""
    free = agent.presence is Presence.READY and agent.device is DeviceState.FREE
    if agent.activity is Activity.IDLE:
        return "free" if free else "idle"
    return agent.activity.value.replace("_", "-")


def _table(
    columns: Sequence[Column],
    views: Sequence[_View],
    row: Callable[[_View], Iterable[Cell]],
    room: int,
    width: int,
) -> list[Line]:
    """The names of the columns, then as many rows as fit, then how many did not."""
    spare = width - sum(column.cells + 1 for column in columns) + 1
    widths = [column.cells or max(1, spare) for column in columns]
    fitting = len(views) if len(views) < room else max(0, room - 2)
    rows: list[Iterable[Cell]] = [((column.name, "names") for column in columns)]
    rows += [row(view) for view in views[:fitting]]
    lines: list[Line] = []
    for cells in rows:
        line: Line = []
        for column, cells_wide, (text, style) in zip(columns, widths, cells, strict=False):
            line += (_cell(text, cells_wide, _style(style), column.right), Segment(" "))
        lines.append(line[:-1])
    if fitting < len(views):
        lines.append([_cell(f"+ {len(views) - fitting}", width, _style("dim"))])
    return lines


def _style(word: str) -> Style:
    return _STYLES.get(word, _NO_STYLE)


def _cell(text: str, width: int, style: Style, right: bool = False) -> Segment:
    """Exactly ``width`` cells on the screen, cut with an ellipsis when the text is longer."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "?" for char in text)
    missing = width - cell_len(text)
    if missing < 0:
        text = set_cell_size(text, width - 1) + "…"
    elif right:
        text = " " * missing + text
    else:
        text += " " * missing
    return Segment(text, style)


def _caller(ani: str) -> str:
    digits = "".join(char for char in ani if char in "0123456789")
    return f"…{digits[-3:]}" if digits else "anonym"


def _clock(seconds: float) -> str:
    """m:ss, from an hour on 1h05; never below zero."""
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}"
    return f"{whole // 60}:{whole % 60:02}"
