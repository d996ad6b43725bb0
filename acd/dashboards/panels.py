"""Panels and dashboards as values, and the JSON that Grafana provisions.

A dashboard is rows of panels from left to right, a screen being 24 wide. A panel says in one
sentence what it shows; who shows a service level names its variant, or the dashboard is not made.
It must not know what is asked.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

SCREEN: Final = 24
RANGE: Final = "$__range"
"""In a query: the span that the dashboard shows."""
QUEUES: Final = 'queue=~"$queue"'
"""In a selector: the queues that were chosen at the top of the dashboard."""

_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_SERVICE_LEVEL: Final = re.compile(r"_in_target|_within_total|service_level")


class Kind(StrEnum):
    """How a panel draws."""

    LINES = "timeseries"
    NUMBER = "stat"
    BARS = "bargauge"


class Query(NamedTuple):
    """One question to Prometheus; ``legend`` names its answer, as ``{{queue}}``."""

    promql: str
    legend: str = ""


class Panel(NamedTuple):
    """One picture. ``unit`` is Grafana's word; ``variant`` the letters of its service levels."""

    title: str
    text: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    unit: str = "short"
    width: int = 8
    stacked: bool = False
    variant: str = ""

    @property
    def full_title(self) -> str:
        """The title, with the variant of the service level that it names."""
        return f"{self.title} (variant {self.variant})" if self.variant else self.title


class Dashboard(NamedTuple):
    """One page of Grafana; ``since`` is what it shows at first, in Grafana's words."""

    uid: str
    title: str
    text: str
    rows: tuple[tuple[Panel, ...], ...]
    since: str = "now-1h"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, in reading order."""
        return tuple(panel for row in self.rows for panel in row)

    def grafana(self) -> dict[str, object]:
        """Return what Grafana reads. Raises ValueError for a panel that does not say enough."""
        made, number, top = list[dict[str, object]](), 0, 0
        for row in self.rows:
            left, height = 0, 4 if all(panel.kind is Kind.NUMBER for panel in row) else 8
            for panel in row:
                number += 1
                place = {"x": left, "y": top, "w": panel.width, "h": height}
                made.append(_panel(panel, number, place))
                left += panel.width
            if left != SCREEN:
                raise ValueError(f"{self.title}: {row[0].title} and beside is {left} wide")
            top += height
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.text,
            "tags": ["acd"],
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "refresh": "15s",
            "time": {"from": self.since, "to": "now"},
            "templating": {"list": _variables()},
            "panels": made,
        }


def checked(panel: Panel) -> Panel:
    """Return the panel. Raises ValueError when a service level has no variant, or the reverse."""
    asks = any(_SERVICE_LEVEL.search(query.promql) for query in panel.queries)
    if asks != bool(panel.variant):
        raise ValueError(f"{panel.title}: name the variant of each service level, and of no other")
    return panel


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, object]:
    checked(panel)
    instant = panel.kind is not Kind.LINES
    return {
        "id": number,
        "type": panel.kind.value,
        "title": panel.full_title,
        "description": panel.text,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": _DATASOURCE,
                "expr": query.promql,
                "legendFormat": query.legend or panel.title,
                "instant": instant,
                "range": not instant,
            }
            for at, query in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                # What a counter has grown by is estimated, and calls are whole.
                **({"decimals": 0} if instant and panel.unit == "short" else {}),
                "custom": {"stacking": {"mode": "normal"}, "fillOpacity": 25}
                if panel.stacked
                else {},
            },
            "overrides": [],
        },
        "options": {
            **({"orientation": "horizontal"} if panel.kind is Kind.BARS else {}),
            **({"reduceOptions": {"calcs": ["lastNotNull"]}} if instant else {}),
        },
    }


def _variables() -> list[dict[str, object]]:
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {
            "name": "queue",
            "label": "Queue",
            "type": "query",
            "datasource": _DATASOURCE,
            "query": "label_values(acd_calls_offered_total, queue)",
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]
