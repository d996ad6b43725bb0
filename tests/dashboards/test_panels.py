"""A panel that does not say enough is not made."""

import pytest

from acd.dashboards.panels import Dashboard, Kind, Panel, Query, checked

LEVEL = Query("queue:acd_service_level_e:ratio_1h", "{{queue}}")


def panel(title: str, width: int = 24, **more: object) -> Panel:
    return Panel(title, "Says what.", (Query("acd_inbox_items"),), width=width, **more)  # type: ignore[arg-type]


def test_a_service_level_names_its_variant() -> None:
    with pytest.raises(ValueError, match="variant"):
        checked(panel("Level")._replace(queries=(LEVEL,)))
    with pytest.raises(ValueError, match="variant"):
        checked(panel("Inbox", variant="E"))
    named = checked(panel("Level", variant="E")._replace(queries=(LEVEL,)))
    assert named.full_title == "Level (variant E)"


def test_a_row_is_as_wide_as_the_screen() -> None:
    narrow = Dashboard("x", "X", "X.", ((panel("A", 8), panel("B", 8)),))
    with pytest.raises(ValueError, match="16 wide"):
        narrow.grafana()


def test_panels_stand_where_their_rows_are() -> None:
    numbers = (panel("A", 12, kind=Kind.NUMBER), panel("B", 12, kind=Kind.NUMBER))
    made = Dashboard("x", "X", "X.", (numbers, (panel("C"),))).grafana()
    places = [one["gridPos"] for one in made["panels"]]  # type: ignore[attr-defined]
    assert [(at["x"], at["y"], at["h"]) for at in places] == [(0, 0, 4), (12, 0, 4), (0, 4, 8)]
    asked = [target["instant"] for one in made["panels"] for target in one["targets"]]  # type: ignore[attr-defined]
    assert asked == [True, True, False]
