"""Draws the dashboards' pictures for the docs: `make docs-pictures`.

    python -m bench.dashboards docs [--seconds 300]

A busy centre runs for a while, Prometheus watches it, and each panel is drawn from the answers to
its own queries, in the places that it has in Grafana: one SVG for each dashboard.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from acd.dashboards.panels import RANGE, SCREEN, Dashboard, Kind, Panel, Query
from acd.dashboards.writing import DASHBOARDS
from bench.chart import text_at
from bench.prometheus import Answer, Prometheus

_text = partial(text_at, size=12)

SECONDS: Final = 300.0
CALLS_AN_HOUR: Final = 600
TALK_SECONDS: Final = 20.0
"""With ring and wrap-up it is what twelve agents can do, and some callers wait."""
STEP_SECONDS: Final = 2.0
UNIT: Final = 50
"""How wide a twenty-fourth of the screen is."""
HEIGHTS: Final = {True: 90, False: 210}
"""Of a row of numbers alone, and of others."""
TITLE, GAP, MOST_SHOWN = 44, 6, 8
COLOURS: Final = (
    "#1f77b4 #d95f02 #2ca02c #c02d3c #7b5ea7 #8c564b #d674b4 #6b7280 #a0a020 #17a2b8".split()
)


class Span(NamedTuple):
    """What is shown, in epoch seconds."""

    begin: float
    end: float

    def asked(self, query: Query) -> str:
        """The query as Grafana would send it."""
        seconds = max(1, round(self.end - self.begin))
        return query.promql.replace(RANGE, f"{seconds}s").replace("$queue", ".*")


class Drawn(NamedTuple):
    """One series and its name."""

    name: str
    points: list[tuple[float, float]]


@contextmanager
def watched(
    folder: Path, calls_an_hour: int = CALLS_AN_HOUR, talk_seconds: float = TALK_SECONDS
) -> Iterator[Prometheus]:
    """A busy centre whose books are in the folder, and a Prometheus that watches it."""
    command = [
        sys.executable,
        "-m",
        "bench.busy",
        str(folder),
        str(calls_an_hour),
        str(talk_seconds),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as centre:
        try:
            assert centre.stdout is not None
            url = centre.stdout.readline().strip()
            if not url:
                raise RuntimeError("the centre did not start")
            with Prometheus(folder, url) as prometheus:
                yield prometheus
        finally:
            centre.terminate()
            centre.wait()


def answered(panel: Panel, prometheus: Prometheus, span: Span) -> list[Drawn]:
    """The panel's series: over the span for lines, now for all else."""
    found = []
    for query in panel.queries:
        promql = span.asked(query)
        if panel.kind is Kind.LINES:
            answers = prometheus.between(promql, span.begin, span.end, STEP_SECONDS)
        else:
            answers = prometheus.now(promql)
        found += [Drawn(_named(query, answer), answer.points) for answer in answers]
    return found


def _named(query: Query, answer: Answer) -> str:
    name = query.legend
    for label, value in answer.labels.items():
        name = name.replace(f"{{{{{label}}}}}", value)
    return name


def picture(dashboard: Dashboard, prometheus: Prometheus, span: Span) -> str:
    """Return the dashboard as one SVG document."""
    width, top = SCREEN * UNIT, TITLE
    parts = []
    for row in dashboard.rows:
        height = HEIGHTS[all(panel.kind is Kind.NUMBER for panel in row)]
        left = 0
        for panel in row:
            series = answered(panel, prometheus, span)
            box = Box(left + GAP, top + GAP, panel.width * UNIT - 2 * GAP, height - 2 * GAP)
            parts += _panel(panel, series, box, span)
            left += panel.width * UNIT
        top += height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" '
        'font-family="sans-serif" font-size="12" fill="#222" role="img">'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(dashboard.title)}</title>",
            f'<rect width="{width}" height="{top}" fill="#f4f5f7"/>',
            _text(GAP + 4, 28, dashboard.title, size=18, weight="bold"),
            *parts,
            "</svg>\n",
        ]
    )


class Box(NamedTuple):
    """Where a panel is drawn."""

    left: float
    top: float
    width: float
    height: float


def _panel(panel: Panel, series: Sequence[Drawn], box: Box, span: Span) -> Iterator[str]:
    yield (
        f'<rect x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}" '
        'fill="#fff" stroke="#d5d8dd"/>'
    )
    yield _text(box.left + 8, box.top + 17, panel.full_title, weight="bold")
    inside = Box(box.left + 8, box.top + 26, box.width - 16, box.height - 34)
    if panel.kind is Kind.NUMBER:
        told = _told(series[0].points[-1][1], panel.unit) if series else "no data"
        middle = box.left + box.width / 2
        yield _text(middle, box.top + 60, told, size=26, anchor="middle", colour=COLOURS[0])
    elif panel.kind is Kind.BARS:
        yield from _bars(series, inside, panel.unit)
    else:
        yield from _lines(series, inside, panel, span)


def _bars(series: Sequence[Drawn], box: Box, unit: str) -> Iterator[str]:
    values = sorted(((one.points[-1][1], one.name) for one in series), reverse=True)[:MOST_SHOWN]
    most = max((abs(value) for value, _ in values), default=0.0) or 1.0
    for row, (value, name) in enumerate(values):
        y = box.top + row * 20
        width = max(1.0, abs(value) / most * (box.width * 0.4))
        yield _text(box.left, y + 13, name)
        x = box.left + box.width * 0.45
        place = f'x="{x:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="13"'
        yield f'<rect {place} fill="{COLOURS[0]}"/>'
        yield _text(x + width + 5, y + 14, _told(value, unit))


def _lines(series: Sequence[Drawn], box: Box, panel: Panel, span: Span) -> Iterator[str]:
    ranked = sorted(series, key=lambda one: -max(abs(value) for _, value in one.points))
    shown = ranked[:MOST_SHOWN]
    if panel.stacked:
        shown = _stacked(shown)
    values = [value for one in shown for _, value in one.points] or [0.0]
    least, most = min(0.0, *values), max(values)
    high = (most - least) or 1.0
    legend = _legend(shown, box)
    height = box.height - 20 - 15 * max((row for _, row in legend), default=0)
    plot = Box(box.left + 46, box.top, box.width - 46, height)
    for share in (0.0, 0.5, 1.0):
        y = plot.top + plot.height * (1 - share)
        yield f'<path d="M{plot.left:.1f} {y:.1f}h{plot.width:.1f}" stroke="#e3e5e8"/>'
        told = _told(least + high * share, panel.unit)
        yield _text(plot.left - 5, y + 4, told, size=10, anchor="end")
    for number, one in enumerate(shown):
        places = [
            (
                plot.left + (at - span.begin) / (span.end - span.begin) * plot.width,
                plot.top + plot.height * (1 - (value - least) / high),
            )
            for at, value in one.points
        ]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        colour = COLOURS[number % len(COLOURS)]
        yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    for number, (one, (x, row)) in enumerate(zip(shown, legend, strict=True)):
        y = plot.top + plot.height + 16 + 15 * row
        colour = COLOURS[number % len(COLOURS)]
        yield f'<rect x="{x:.1f}" y="{y - 8:.1f}" width="9" height="9" fill="{colour}"/>'
        yield _text(x + 13, y, one.name, size=10)


def _legend(series: Sequence[Drawn], box: Box) -> list[tuple[float, int]]:
    """Where each series' name stands: how far from the left, and in which row."""
    places, x, row = [], box.left, 0
    for one in series:
        wide = 18 + 6.2 * len(one.name)
        if places and x + wide > box.left + box.width:
            x, row = box.left, row + 1
        places.append((x, row))
        x += wide
    return places


def _stacked(series: Sequence[Drawn]) -> list[Drawn]:
    """Each series on top of those before it, at the moments of all."""
    below: dict[float, float] = {}
    made = []
    for one in series:
        for at, value in one.points:
            below[at] = below.get(at, 0.0) + value
        made.append(Drawn(one.name, [(at, below[at]) for at, _ in one.points]))
    return made


def _told(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{100 * value:.1f} %"
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    if unit == "s" and abs(value) < 1.0:
        return f"{1000 * value:.3g} ms"
    if unit == "s":
        return f"{value:.3g} s"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def main() -> None:
    """Run, watch, draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder)) as prometheus:
        begin = time.time()
        time.sleep(options.seconds)
        span = Span(begin, time.time())
        for dashboard in DASHBOARDS:
            name = f"dashboards-{dashboard.uid.removeprefix('acd-')}.svg"
            text = picture(dashboard, prometheus, span)
            (options.folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
