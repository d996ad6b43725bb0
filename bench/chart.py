"""Lines in a picture: axes with units, a legend, as SVG that needs nothing from anywhere."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 760
HEIGHT: Final = 460
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 70, 60
TICKS: Final = 5
"""At least so many on each axis."""


class Series(NamedTuple):
    """One line; measured points are marked, a ``dashed`` line is theory."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


class Chart(NamedTuple):
    """What is drawn; each range is (least, most) and what lies beyond is cut off."""

    title: str
    subtitle: str
    x_title: str
    y_title: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    series: Sequence[Series]

    def svg(self) -> str:
        """Return the picture as one SVG document."""
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="13" fill="#222" role="img">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<clipPath id="plot"><rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" '
            f'height="{bottom - TOP}"/></clipPath>',
            text_at(LEFT, 28, self.title, size=18, weight="bold"),
            text_at(LEFT, 50, self.subtitle, colour="#555"),
            *self._axes(right, bottom),
            '<g clip-path="url(#plot)">',
            *(self._line(series) for series in self.series),
            "</g>",
            *self._legend(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _at(self, x: float, y: float) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        return (
            LEFT + (x - x0) / (x1 - x0) * (WIDTH - RIGHT - LEFT),
            HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - BOTTOM - TOP),
        )

    def _axes(self, right: int, bottom: int) -> list[str]:
        parts = []
        for value in _ticks(self.y_range):
            _, y = self._at(self.x_range[0], value)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
            parts.append(text_at(LEFT - 8, y + 4, f"{value:g}", anchor="end"))
        for value in _ticks(self.x_range):
            x, _ = self._at(value, self.y_range[0])
            parts.append(f'<path d="M{x:.1f} {bottom}v5" stroke="#222"/>')
            parts.append(text_at(x, bottom + 20, f"{value:g}", anchor="middle"))
        parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#222"/>')
        middle = (TOP + bottom) / 2
        parts.append(text_at((LEFT + right) / 2, bottom + 44, self.x_title, anchor="middle"))
        parts.append(
            f'<g transform="translate(20 {middle:.0f}) rotate(-90)">'
            + text_at(0, 0, self.y_title, anchor="middle")
            + "</g>"
        )
        return parts

    def _line(self, series: Series) -> str:
        places = [self._at(x, y) for x, y in series.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        if series.dashed:
            return (
                f'<path d="{path}" fill="none" stroke="{series.colour}" '
                'stroke-dasharray="2 4" stroke-width="1.5"/>'
            )
        dots = "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{series.colour}"/>' for x, y in places
        )
        return f'<path d="{path}" fill="none" stroke="{series.colour}" stroke-width="2"/>{dots}'

    def _legend(self) -> list[str]:
        parts = []
        for row, series in enumerate(reversed(self.series)):
            y = TOP + 16 + 20 * row
            dash = ' stroke-dasharray="2 4"' if series.dashed else ""
            parts.append(
                f'<path d="M{LEFT + 16} {y}h28" stroke="{series.colour}" stroke-width="2"{dash}/>'
            )
            if not series.dashed:
                parts.append(f'<circle cx="{LEFT + 30}" cy="{y}" r="3.5" fill="{series.colour}"/>')
            parts.append(text_at(LEFT + 52, y + 4, series.name))
        return parts


def _ticks(span: tuple[float, float]) -> list[float]:
    """Round values within the span, 1, 2 or 5 times a power of ten apart."""
    least, most = span
    step = 10.0 ** len(str(int(most - least)))
    while (most - least) / step < TICKS - 1:
        for part in (2.0, 2.5, 2.0):
            if (most - least) / step < TICKS - 1:
                step /= part
    first = -(-least // step)
    return [step * k for k in range(int(first), int(most // step) + 1)]


def text_at(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    weight: str = "normal",
    anchor: str = "start",
    colour: str = "#222",
) -> str:
    """One line of text in SVG; ``x`` and ``y`` are pixels, of its anchor and its baseline."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
    )
