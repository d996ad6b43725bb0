"""A sheet as one page of HTML with its charts: nothing is loaded from elsewhere, no script runs.

Rules: every text is escaped, whoever wrote it. A chart shows what the totals of its interval are;
an interval in which a share divides by nothing is a gap in its line, not a zero.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

from acd.report.sheet import Cell, Sheet, shown

_STYLE: Final = """
body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1500px;padding:0 1em;
color:#1c2530}
h1{font-size:1.5em;margin:0}h2{font-size:1.1em;margin:1.6em 0 .3em}p{margin:.3em 0;color:#4a5866}
svg{width:100%;height:auto;background:#f7f9fb;border:1px solid #dde4ea;border-radius:4px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin-top:1em;display:block;
overflow-x:auto}th{position:sticky;top:0;background:#eef2f5;cursor:help}
th,td{padding:.25em .6em;border-bottom:1px solid #e3e9ee;text-align:right;white-space:nowrap}
th.text,td.text{text-align:left}tr.total{font-weight:600;background:#f3f6f8}.none{color:#9aa7b3}
"""

_WIDTH: Final = 1200
_HEIGHT: Final = 240
_LEFT: Final = 56
_BOTTOM: Final = 30
_COLOURS: Final = ("#2f7dbd", "#d9822b", "#7a8a99", "#2e9d6a")


class _Chart(NamedTuple):
    """What is drawn: columns of the sheet stacked as bars, or one as a line."""

    title: str
    columns: tuple[str, ...]
    is_share: bool = False


_CHARTS: Final = {
    "Queues": (
        _Chart("Calls by the interval they entered in",
               ("answered", "abandoned", "other_outcomes")),
        _Chart("Service level, variant E: answered within T / (offered - short abandons)",
               ("service_level_e",), is_share=True),
        _Chart("ASA, seconds: wait of those answered / answered",
               ("average_speed_of_answer_seconds",)),
    ),
    "Agents": (
        _Chart("Seconds of work and not ready", ("work_seconds", "not_ready_seconds")),
        _Chart("Occupancy: work / (staffed - not ready)", ("occupancy",), is_share=True),
    ),
    "Menus": (_Chart("Keys chosen by the interval the call came in", ("selections",)),),
}  # fmt: skip


def page(sheet: Sheet) -> str:
    """Return the page."""
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(sheet.title)}, {escape(sheet.range)}</title>",
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>{escape(sheet.title)}</h1><p>{escape(sheet.range)}</p>",
            *(f"<p>{escape(note)}</p>" for note in sheet.notes),
            *_charts(sheet),
            *_table(sheet),
            "</body></html>\n",
        )
    )


def _table(sheet: Sheet) -> Iterator[str]:
    yield "<table><thead><tr>"
    for head in sheet.heads:
        kind = "text" if head.kind == "text" else ""
        yield f'<th class="{kind}" title="{escape(head.formula)}">{escape(head.head)}</th>'
    yield "</tr></thead><tbody>"
    for row in sheet.totals:
        yield from _row(sheet, row, "total")
    for row in sheet.rows:
        yield from _row(sheet, row, "")
    yield "</tbody></table><h2>What the columns are</h2>"
    for head in sheet.heads:
        if head.formula:
            yield f"<p><b>{escape(head.head)}</b>: {escape(head.formula)}</p>"


def _row(sheet: Sheet, row: Sequence[Cell], style: str) -> Iterator[str]:
    yield f'<tr class="{style}">'
    for head, cell in zip(sheet.heads, row, strict=True):
        kind = "none" if cell is None else "text" if head.kind == "text" else ""
        yield f'<td class="{kind}">{escape(shown(cell, head.kind))}</td>'
    yield "</tr>"


# -- charts ----------------------------------------------------------------------------------------


def _charts(sheet: Sheet) -> Iterator[str]:
    names = [name for name, _ in sheet.sums]
    if not names:
        return
    places = {head.name: number for number, head in enumerate(sheet.heads)}
    for chart in _CHARTS[sheet.title]:
        series = [[row[places[column]] for _, row in sheet.sums] for column in chart.columns]
        heads = [sheet.heads[places[column]].head for column in chart.columns]
        yield f"<h2>{escape(chart.title)}</h2>"
        legend = "".join(
            f'<span style="color:{colour}">&#9632;</span> {escape(head)} &nbsp; '
            for colour, head in zip(_COLOURS, heads, strict=False)
        )
        yield f"<p>{legend}</p>"
        title = escape(f"{chart.title}, {names[0]} to {names[-1]}")
        yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
        yield from _drawn(chart, names, [[_number(cell) for cell in one] for one in series])
        yield "</svg>"


def _drawn(
    chart: _Chart, names: Sequence[str], series: Sequence[Sequence[float | None]]
) -> Iterator[str]:
    sums = [sum(cell or 0.0 for cell in column) for column in zip(*series, strict=True)]
    top = 1.0 if chart.is_share else _nice(max(sums))
    step = (_WIDTH - _LEFT - 8) / len(names)
    floor = _HEIGHT - _BOTTOM
    scale = (floor - 12) / top
    for part in range(5):
        value = top * part / 4
        y = floor - value * scale
        label = f"{value:.0%}" if chart.is_share else f"{value:,.0f}" if top >= 20 else f"{value:g}"
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - 8}" stroke="#dde4ea"/>'
        yield _text(_LEFT - 6, y + 4, label, "end")
    every = max(1, len(names) // 8)
    for number in range(0, len(names), every):
        x = _LEFT + number * step + step / 2
        yield _text(x, _HEIGHT - 10, _brief(names[number]), "middle")
    if len(series) == 1 and chart.columns[0] != "selections":
        yield from _line(series[0], step, floor, scale)
    else:
        yield from _bars(names, series, step, floor, scale)


def _brief(name: str) -> str:
    """An interval's name without year and offset, which the title has."""
    return name[5:16] if len(name) > len("2026-11-01") else name


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="{anchor}"'
    return f"<text {place}>{escape(text)}</text>"


def _bars(
    names: Sequence[str],
    series: Sequence[Sequence[float | None]],
    step: float,
    floor: float,
    scale: float,
) -> Iterator[str]:
    base = [0.0] * len(names)
    for colour, one in zip(_COLOURS, series, strict=False):
        for number, cell in enumerate(one):
            if not cell:
                continue
            height = cell * scale
            x = _LEFT + number * step + step * 0.1
            y = floor - base[number] * scale - height
            yield (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{step * 0.8:.2f}" height="{height:.1f}"'
                f' fill="{colour}"><title>{escape(names[number])}: {cell:,.6g}</title></rect>'
            )
            base[number] += cell


def _line(one: Sequence[float | None], step: float, floor: float, scale: float) -> Iterator[str]:
    path, pen = [], "M"
    for number, cell in enumerate(one):
        if cell is None:
            pen = "M"
            continue
        x, y = _LEFT + number * step + step / 2, floor - cell * scale
        path.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
        if len(one) <= 400:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_COLOURS[0]}"/>'
    yield f'<path d="{"".join(path)}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>'


def _number(cell: Cell) -> float | None:
    return None if cell is None or isinstance(cell, str) else float(cell)


def _nice(most: float) -> float:
    """A round number, at least as great, for the top of an axis."""
    if most <= 0:
        return 1.0
    size = 10.0 ** (len(f"{int(most)}") - 1)
    return next(size * one for one in (1, 2, 4, 5, 8, 10) if size * one >= most)
