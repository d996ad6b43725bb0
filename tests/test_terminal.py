"""The live view as an operator sees it: what is on the screen, and what never is."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from acd.core.ids import AgentId
from acd.core.records import Activity, CallState, Presence, Snapshot
from acd.demo import PAGES
from acd.terminal import plain, render, show
from tests.web.centre import NOW, NUMBERS, agent, call, snapshot

SIZES = [(80, 24), (100, 40), (200, 60)]
URL = "http://127.0.0.1:8080"


def screen(
    shown: Snapshot, width: int, height: int, now: float = NOW, urls: Sequence[str] = (URL,)
) -> list[str]:
    """The lines of the screen, without colours."""
    console = Console(
        record=True, width=width, height=height, file=io.StringIO(), force_terminal=True
    )
    console.print(render(shown, now, "acd demo", urls))
    return console.export_text().splitlines()


def shows(lines: list[str], *patterns: str) -> bool:
    """Whether each pattern is found; a blank in it stands for one blank or more."""
    text = "\n".join(lines)
    return all(re.search(pattern.replace(" ", " +"), text) for pattern in patterns)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_picture_of_a_small_centre(width: int, height: int) -> None:
    lines = screen(snapshot(), width, height)
    assert "acd demo" in lines[0]
    assert "4 calls: 2 waiting (longest 1:15)" in lines[0]
    assert URL in lines[1]
    assert shows(lines, "Waiting Longest Expect Ringing Talking Ready Free")
    assert shows(lines, r"Störung 1 1:15 1:35 1 0 3 0\n", r"Abrechnung 0 0:00 - 0 1 2 1\n")
    assert shows(lines, "…177 queued 1 Störung 1:15", "…288 ringing 1 Störung 0:12")
    assert shows(lines, "…399 connected 1 Abr", "anonym in menu 0:30")
    assert shows(lines, "1002 ready talking 1:00 busy", "1003 ready wrap-up ↓2:05 free")
    assert shows(lines, "1004 out idle 1:00 gone", "1005 not ready")
    assert shows(lines, "not ready break idle") is (width >= 96)


@pytest.mark.parametrize(("width", "height"), [(120, 40), *SIZES])
def test_every_page_of_the_demonstration_has_its_url_whole(width: int, height: int) -> None:
    urls = [f"http://127.0.0.1:65535{page}" for page in PAGES]
    lines = screen(busy_centre(), width, height, urls=urls)
    assert [word for line in lines for word in line.split() if "://" in word] == urls
    assert len(lines) < height


def test_the_countdown_counts_down_to_zero_and_not_below() -> None:
    for passed, left in ((0, "↓2:05"), (5, "↓2:00"), (124.5, "↓0:00"), (200, "↓0:00")):
        assert shows(screen(snapshot(), 100, 40, NOW + passed), f"1003 ready wrap-up {left}")


def test_a_long_wait_shows_its_hours() -> None:
    old = call(1, CallState.QUEUED, NUMBERS[0], queued_at=NOW - 2 * 3600 - 300)
    assert shows(screen(snapshot(calls=[old]), 100, 40), "…177 queued 1 Störung 2h05")


def busy_centre() -> Snapshot:
    calls = [call(n, list(CallState)[n % 5], f"03055{n:04}") for n in range(300)]
    said, does = list(Presence), list(Activity)
    agents = [
        agent(
            1000 + n,
            said[n % 3],
            does[n % 4],
            name="Maximiliane Müller-Lüdenscheidt",
            wrap_up_ends_at=NOW + 250 if does[n % 4] is Activity.WRAP_UP else None,
        )
        for n in range(60)
    ]
    return snapshot(calls=calls, agents=agents)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_busy_centre_fits_and_says_what_is_left_out(width: int, height: int) -> None:
    lines = screen(busy_centre(), width, height)
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)
    left_out = [int(count) for count in re.findall(r"\+ (\d+)", "\n".join(lines))]
    shown = sum("…" in line[:4] for line in lines)
    assert left_out[0] == 300 - shown
    rung = sum(" ringing " in line for line in lines)
    assert rung > 5, "what is going on comes first"


@settings(max_examples=40, deadline=None)
@given(
    st.integers(80, 160),
    st.integers(24, 50),
    st.text(max_size=40),
    st.text(max_size=40),
    st.integers(0, 40),
)
def test_no_text_of_others_breaks_the_screen(
    width: int, height: int, name: str, number: str, many: int
) -> None:
    hostile = [call(n, CallState.QUEUED, number, option=name) for n in range(many)]
    people = [agent(n, name=name, agent=AgentId(name), reason=number) for n in range(many)]
    lines = screen(snapshot(calls=hostile, agents=people), width, height)
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;owned\x07", "[red]x[/red]", "a\r\nb\u202e"])
def test_names_are_text_and_nothing_else(text: str) -> None:
    console = Console(width=120, height=40, file=(out := io.StringIO()), force_terminal=True)
    console.print(render(snapshot(agents=[agent(1, name=text)]), NOW))
    shown = out.getvalue()
    for escape in ("\x1b[2J", "\x1b]", "\x07", "\u202e", "a\r"):
        assert escape not in shown
    assert ("[red]" in shown) is ("[red]" in text)


@given(st.text("0123456789", min_size=6, max_size=15))
def test_a_caller_shows_as_three_digits(digits: str) -> None:
    shown = snapshot(calls=[call(1, CallState.QUEUED, f"+49{digits}")], agents=[])
    text = "\n".join(screen(shown, 100, 40)) + plain(shown)
    assert f"…{digits[-3:]}" in text
    assert digits[-4:] not in re.sub(r"http://\S+", "", text)


def test_one_line_for_a_log() -> None:
    assert plain(snapshot()) == (
        "4 calls: 2 waiting (longest 1:15), 1 talking; 5 agents: "
        "0 free, 1 ringing, 1 talking, 1 in wrap-up, 1 not ready, 1 out"
    )


class Watched(io.StringIO):
    """An output that says when it has got a text."""

    async def gets(self, text: str) -> None:
        while text not in self.getvalue():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def shown_until(
    out: Watched, console: Console, *texts: str, snapshots: Callable[[], Snapshot] = snapshot
) -> str:
    task = asyncio.create_task(
        show(snapshots, lambda: NOW, title="acd demo", urls=[URL], console=console,
             refresh_seconds=0.01, plain_seconds=0.01)
    )  # fmt: skip
    async with asyncio.timeout(10):
        for text in texts:
            await out.gets(text)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return out.getvalue()


async def test_the_live_view_follows_and_gives_the_terminal_back() -> None:
    states = iter([snapshot(), snapshot(calls=[])])
    last = snapshot(calls=[call(9, CallState.QUEUED, "0305550444")])
    out = Watched()
    console = Console(width=100, height=40, file=out, force_terminal=True)
    text = await shown_until(
        out, console, "…177", "0 calls", "…444", snapshots=lambda: next(states, last)
    )
    assert text.startswith("\x1b[?1049h"), "an alternate screen, so that the old one comes back"
    assert text.index("\x1b[?1049l") < text.rindex("1 calls"), "and the last state stays"
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor too"


async def test_without_a_terminal_it_writes_lines() -> None:
    out = Watched()
    console = Console(width=40, file=out, force_terminal=False)
    text = await shown_until(out, console, URL, "5 agents", "out\n4 calls")
    assert "\x1b" not in text
    assert text.splitlines()[:2] == [URL, plain(snapshot())]
