"""The system's Prometheus reads a running centre, and every panel and every rule has data."""

import re
import subprocess
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from acd.dashboards.writing import DASHBOARDS
from acd.metricspage import rows
from bench.dashboards import Span, picture, watched
from bench.prometheus import CONFIG
from tests.programs import needed

PATIENCE_SECONDS = 150.0
"""On two processors that are busy with other tests; alone it takes a fifth."""

TALK_SECONDS = 2.0
CALLS_AN_HOUR = 6_000
"""More than the agents can do, so that soon some are told that they wait."""


@pytest.mark.slow
def test_every_panel_and_every_rule_has_data(tmp_path: Path) -> None:
    needed("prometheus", "prometheus")
    rules = yaml.safe_load((CONFIG / "acd.rules.yml").read_text())["groups"]
    recorded = [rule["record"] for group in rules for rule in group["rules"]]
    minute = Span(0.0, 60.0)
    asked = [
        minute.asked(query)
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries
    ]
    with watched(tmp_path, CALLS_AN_HOUR, TALK_SECONDS) as prometheus:
        assert prometheus.without_data([*recorded, *asked], PATIENCE_SECONDS) == []
        [(at, up)] = prometheus.now('up{job="acd"}')[0].points
        assert up == 1
        # All that rings is what the short calls of this centre do to its service level.
        ringing = {answer.labels["alertname"] for answer in prometheus.now("ALERTS")}
        assert not ringing & {"AcdEngineAbsent", "AcdAmiDown", "AcdRecordsLost", "AcdClock"}
        with urllib.request.urlopen(f"{prometheus.watched}/metrics", timeout=10) as answer:
            page = answer.read()
            run = subprocess.run(
                [needed("promtool", "prometheus"), "check", "metrics"],
                input=page,
                capture_output=True,
                check=False,
            )
        assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
        told = {row.name for chapter in rows().values() for row in chapter}
        served = set(re.findall(r"^# TYPE (acd_\w+)", page.decode(), re.MULTILINE))
        assert served - told == {"acd_build_info"}, "docs/metrics.md does not tell of it"
        for dashboard in DASHBOARDS:
            drawn = picture(dashboard, prometheus, Span(at - 15.0, at))
            assert "no data" not in drawn
            texts = [
                one.text for one in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
            ]
            assert [
                panel.full_title for panel in dashboard.panels if panel.full_title not in texts
            ] == []
