"""Writes the dashboards as Grafana provisions them, and what docs/dashboards.md says of them.

    python -m acd.dashboards.writing config/grafana/dashboards docs/dashboards.md

A dashboard is ``<uid>.json`` in the folder. On the page, what stands between
``<!-- dashboard UID -->`` and ``<!-- end -->`` is replaced.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from acd.dashboards.agents import AGENTS
from acd.dashboards.health import HEALTH
from acd.dashboards.service import SERVICE

DASHBOARDS: Final = (SERVICE, AGENTS, HEALTH)

_PLACE: Final = re.compile(r"(<!-- dashboard ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def files() -> Mapping[str, str]:
    """Return the text of each file by its name."""
    return {
        f"{dashboard.uid}.json": json.dumps(dashboard.grafana(), indent=1) + "\n"
        for dashboard in DASHBOARDS
    }


def section(uid: str) -> str:
    """Return what the page says of one dashboard; KeyError when there is no such dashboard."""
    dashboard = {one.uid: one for one in DASHBOARDS}[uid]
    lines = [
        f"{dashboard.text}\n",
        f"![{dashboard.title}](dashboards-{uid.removeprefix('acd-')}.svg)\n",
        "| panel | shows | service level | formula |",
        "|---|---|---|---|",
    ]
    for panel in dashboard.panels:
        formulas = "<br>".join(f"`{_in_a_cell(query.promql)}`" for query in panel.queries)
        variant = panel.variant or "none"
        lines.append(f"| {panel.title} | {panel.text} | {variant} | {formulas} |")
    return "\n".join(lines) + "\n"


def _in_a_cell(promql: str) -> str:
    return " ".join(promql.split()).replace("|", "\\|")


def written(text: str) -> str:
    """Return the page with every dashboard told anew."""
    return _PLACE.sub(lambda place: f"{place[1]}{section(place[2])}{place[3]}", text)


def main() -> None:
    """Write the folder and the page named on the command line."""
    folder, page = Path(sys.argv[1]), Path(sys.argv[2])
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
    page.write_text(written(page.read_text()))


if __name__ == "__main__":
    main()
