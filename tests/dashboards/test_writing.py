"""The files that Grafana loads and the page that tells of them are as the code has them."""

import json
from pathlib import Path

import pytest
import yaml

from acd.dashboards.writing import DASHBOARDS, files, section, written

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "config" / "grafana"
PAGE = ROOT / "docs" / "dashboards.md"


def test_the_files_are_as_the_code_has_them() -> None:
    found = {file.name: file.read_text() for file in (GRAFANA / "dashboards").iterdir()}
    assert found == files(), "make docs-dashboards writes them anew"


def test_the_page_is_as_the_code_has_it() -> None:
    text = PAGE.read_text()
    assert written(text) == text, "make docs-dashboards writes it anew"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_every_dashboard_is_on_the_page_with_its_picture(dashboard: object) -> None:
    uid = getattr(dashboard, "uid", "")
    assert f"<!-- dashboard {uid} -->" in PAGE.read_text()
    assert (PAGE.parent / f"dashboards-{uid.removeprefix('acd-')}.svg").is_file()


def test_grafana_asks_the_prometheus_that_was_chosen() -> None:
    for text in files().values():
        made = json.loads(text)
        sources = {target["datasource"]["uid"] for p in made["panels"] for target in p["targets"]}
        assert sources == {"${datasource}"}
        assert {one["name"] for one in made["templating"]["list"]} == {"datasource", "queue"}
        assert len({panel["id"] for panel in made["panels"]}) == len(made["panels"])


def test_grafana_is_told_where_the_dashboards_are() -> None:
    told = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "acd.yml").read_text())
    path = told["providers"][0]["options"]["path"]
    assert path in PAGE.read_text()
    source = yaml.safe_load(
        (GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text()
    )
    assert source["datasources"][0]["url"].startswith("http://127.0.0.1:")


def test_a_dashboard_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        section("moon")
