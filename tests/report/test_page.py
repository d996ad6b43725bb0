"""The page: one file, nothing from elsewhere, and nothing in it runs."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

from acd.core.ids import QueueId
from acd.report.agents import agent_report
from acd.report.menus import menu_report
from acd.report.page import page
from acd.report.queues import queue_report
from tests.report.booked import BILLING, EIGHT, ended, plan, reported

HOSTILE = QueueId("<script src=//x>\"'&")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path) -> None:
    records = [ended(1), ended(2, queue=HOSTILE, menu_path=(f"{HOSTILE}:1",))]
    for make in (queue_report, agent_report, menu_report):
        tags = _Tags()
        text = page(reported(make, tmp_path, records, plan(BILLING), length="1h"))
        tags.feed(text)
        names = {tag for tag, _ in tags.seen}
        assert not names & {"script", "link", "img", "iframe", "object", "embed", "use", "image"}
        given = {name for _, attributes in tags.seen for name in attributes}
        assert not {name for name in given if name.startswith("on")} | (given & {"src", "href"})
        assert "url(" not in text
        assert "@import" not in text


def test_charts_show_each_interval_and_leave_gaps(tmp_path: Path) -> None:
    records = [ended(number, at=EIGHT + number * 3600) for number in (0, 1, 3)]
    text = page(reported(queue_report, tmp_path, records, plan(BILLING), length="1h"))
    charts = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    bars, level, _ = (ET.fromstring(chart) for chart in charts)
    assert len(bars.findall("rect")) == 3
    line = level.findall("path")[-1].attrib["d"]
    assert line.count("M") == 2, "an hour without calls has no service level"


def test_an_empty_report_is_a_page(tmp_path: Path) -> None:
    text = page(reported(menu_report, tmp_path, [], plan(BILLING)))
    assert "Nothing was counted" in text
