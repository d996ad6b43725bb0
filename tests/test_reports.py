"""What operators hear of the work, and what they are spared."""

import io
import json

import pytest

from acd.ami.client import Link, LinkSettings
from acd.ami.items import FramesReceived, LinkDown, LinkUp, Outputs
from acd.core.events import Tick
from acd.core.ids import PbxId
from acd.core.records import Noticed
from acd.log import open_log
from acd.metrics import Metrics
from acd.reports import Reports
from acd.systemd import Notifier
from tests.web.centre import plan

PBX = PbxId("main")
NOTHING = Outputs([], [], [], [])


class Desk:
    """Reports and everything they write to."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.log, self.writer = open_log("json", lambda: 0.0, stream=self.stream)
        settings = LinkSettings(PBX, "127.0.0.1", 5038, "acd", "x")
        self.link = Link(settings, lambda item: None, wanted_events=frozenset())
        self.metrics = Metrics(plan(), [PBX])
        self.reports = Reports(self.log, self.metrics, Notifier({}), {PBX: self.link})

    def step(
        self, item: object, status: str, outputs: Outputs = NOTHING, now: float = 1000.0
    ) -> None:
        self.reports.step(item, outputs, now)  # type: ignore[arg-type]
        self.reports.status({PBX: status})

    def said(self) -> list[str]:
        self.writer.close(5)
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [f"{line['event']} {line.get('reason') or line.get('state', '')}" for line in lines]

    def page(self) -> str:
        return self.reports.exposition().text().decode()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_attempt_that_fails_as_the_one_before_is_not_news(desk: Desk) -> None:
    for reason in ("refused", "refused", "refused", "no answer", "no answer"):
        desk.step(LinkDown(PBX, 1, reason), "down")
    desk.step(LinkUp(PBX, 1), "sync")
    desk.step(Tick(), "live")
    desk.step(LinkDown(PBX, 1, "no answer"), "down")
    assert desk.said() == [
        "pbx_down refused",
        "pbx_down no answer",
        "pbx_state sync",
        "pbx_state live",
        "pbx_down no answer",
    ]


def test_readiness_says_what_is_wrong(desk: Desk) -> None:
    assert desk.reports.readiness().problems == ("pbx main: not connected yet; it is tried again",)
    desk.step(LinkDown(PBX, 1, "refused"), "down")
    assert desk.reports.readiness().problems == ("pbx main: refused; it is tried again",)
    desk.step(LinkUp(PBX, 1), "sync")
    assert not desk.reports.readiness().ready
    desk.step(Tick(), "live")
    assert desk.reports.readiness().ready


def test_messages_and_refusals_are_counted(desk: Desk) -> None:
    refused = Outputs([], [], [], [(PBX, "duplicate_header")])
    desk.step(FramesReceived(PBX, 1, (b"Event: Hangup\r\nX: 1",)), "live", refused)
    desk.link.received |= {b"Hangup": 1, b"": 1}
    desk.link.rejected["line_too_long"] = 1
    desk.page()
    desk.link.received[b"Hangup"] = 2
    desk.link.rejected["line_too_long"] = 2
    page = desk.page()
    assert 'acd_ami_messages_total{kind="Hangup",pbx="main"} 2.0' in page
    assert 'acd_ami_messages_total{kind="Response",pbx="main"} 1.0' in page
    assert 'acd_ami_rejected_messages_total{pbx="main",reason="duplicate_header"} 1.0' in page
    assert 'acd_ami_rejected_messages_total{pbx="main",reason="line_too_long"} 2.0' in page
    assert 'acd_ami_connected{pbx="main"} 1.0' in page


def test_lag_is_that_of_the_first_message_of_each_tenth_of_a_second(desk: Desk) -> None:
    def hangup(sent_at: str) -> FramesReceived:
        return FramesReceived(PBX, 1, (f"Event: Hangup\r\nTimestamp: {sent_at}\r\nX: 1".encode(),))

    def lag(of: str) -> float:
        lines = (line for line in desk.page().splitlines() if line.startswith("acd_ami_lag_"))
        return next(float(line.split()[1]) for line in lines if of in line)

    assert lag("count") == 0
    desk.step(hangup("995.5"), "live", now=1000.0)  # After a stall the oldest comes first.
    desk.step(hangup("999.9"), "live", now=1000.05)
    assert (lag("count"), lag("sum")) == (1, 4.5)
    assert (lag('le="2.0"'), lag('le="5.0"')) == (0, 1)
    desk.step(hangup("1000.25"), "live", now=1000.2)  # The PBX's clock is a little ahead.
    assert (lag("count"), lag("sum")) == (2, 4.5)
    refused = Outputs([], [], [], [(PBX, "forged")])
    desk.step(hangup("1"), "live", refused, now=1001.0)
    for number, odd in enumerate(("", "soon", "nan", "inf", "-inf", "-1e300", "9" * 400)):
        desk.step(hangup(odd), "live", now=4000.0 + number)
    desk.step(FramesReceived(PBX, 1, (b"Response: Success\r\nX: 1",)), "live", now=5000.0)
    assert (lag("count"), lag("sum")) == (2, 4.5)


def test_records_are_logged_and_counted(desk: Desk) -> None:
    desk.step(Tick(), "down", Outputs([], [], [Noticed(1.0, "odd", "text")], []))
    assert 'acd_notices_total{kind="odd"} 1.0' in desk.page()
    assert desk.said() == ["noticed "]
