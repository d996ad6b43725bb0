"""One call from every witness: the same moments from a real run's journal, log and record."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import pytest

from acd.ami.items import Outputs
from acd.ami.session import RECONCILE_SECONDS
from acd.core.ids import CallId
from acd.core.records import CallEnded, Outcome, Record, WrapUpEnded
from acd.log import open_log
from acd.pipeline import Item, Pipeline
from acd.sim.run import run
from acd.trace import Moment, Timeline, from_journal, from_log, from_record, join
from tests.test_replay import Recorder


class Told(NamedTuple):
    """A simulated time with its journal, its records, and a call that was answered in it."""

    journal: Path
    records: list[Record]
    ended: CallEnded

    @property
    def call(self) -> CallId:
        return self.ended.call

    def log(self, form: Literal["text", "json"]) -> list[str]:
        out = io.StringIO()
        log, writer = open_log(form, lambda: 0.0, stream=out)
        for record in self.records:
            log.tell(record)
        writer.close(10)
        return out.getvalue().splitlines()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    directory = tmp_path_factory.mktemp("journal")
    recorder, records = Recorder(directory, 1), list[Record]()

    def attach(pipeline: Pipeline) -> None:
        recorder.attach(pipeline)
        step = pipeline.step

        def noted(item: Item, now: float) -> Outputs:
            outputs = step(item, now)
            records.extend(outputs.records)
            return outputs

        pipeline.step = noted  # type: ignore[method-assign]

    run(1, 0.05, sabotage=attach, reconcile_seconds=RECONCILE_SECONDS)
    recorder.close()
    wrapped = {one.agent for one in records if isinstance(one, WrapUpEnded)}
    ended = next(
        one
        for one in records
        if isinstance(one, CallEnded) and one.outcome is Outcome.ANSWERED and one.agent in wrapped
    )
    return Told(directory, records, ended)


def whats(moments: Iterator[Moment], *witnesses: str) -> list[str]:
    return [one.what for one in moments if not witnesses or set(one.witnesses) & set(witnesses)]


LIFE = ["call_offered", "menu_selected", "call_queued", "agent_rung", "call_answered"]
AFTER = ["talk_ended", "wrap_up_started", "call_ended", "wrap_up_ended"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_tells_a_call_with_the_wrap_up_after_it(
    told: Told, form: Literal["text", "json"]
) -> None:
    found = list(from_log(told.log(form), told.call))
    assert [what for what in whats(iter(found)) if what in LIFE] == LIFE
    assert sorted(what for what in whats(iter(found)) if what in AFTER) == sorted(AFTER)
    (ended,) = [one for one in found if one.what == "call_ended"]
    assert ended.about["outcome"] == "answered"
    assert ended.at == pytest.approx(told.ended.at, abs=0.001)


def test_both_forms_tell_the_same(told: Told) -> None:
    text, json = (list(from_log(told.log(form), told.call)) for form in ("text", "json"))
    assert [(one.at, one.what, one.about) for one in text] == [
        (one.at, one.what, one.about) for one in json
    ]


def test_a_journal_tells_what_the_log_does_and_what_passed_between_us_and_the_pbx(
    told: Told,
) -> None:
    notes: list[str] = []
    found = list(from_journal(told.journal, told.call, notes))
    assert notes == []
    log = list(from_log(told.log("json"), told.call))
    assert whats(iter(found), "journal") == whats(iter(log))
    assert {"DTMFEnd", "Hangup"} <= set(whats(iter(found), "pbx"))
    assert {"AGI", "Originate"} <= set(whats(iter(found), "command"))


def test_a_journal_of_an_acd_that_decided_otherwise_is_not_believed(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    monkeypatch.setattr("acd.journal.entries.Said.step", lambda self, outputs: 1)
    assert whats(from_journal(told.journal, told.call, notes), "journal") == []
    assert "decides otherwise" in notes[0]


def test_what_two_tell_is_one_moment(told: Told) -> None:
    moments = [
        *from_log(told.log("text"), told.call),
        *from_journal(told.journal, told.call, []),
        *from_record(told.ended),
    ]
    of = join(told.call, moments)
    assert [one.at for one in of.moments] == sorted(one.at for one in of.moments)
    (answered,) = [one for one in of.moments if one.what == "call_answered"]
    assert set(answered.witnesses) == {"log", "journal"}
    (ended,) = [one for one in of.moments if one.what == "ended"]
    assert (ended.witnesses, ended.about["outcome"]) == (("record",), "answered")
    assert {"arrived", "entered_queue", "rung", "connected", "leg_ended"} <= {
        one.what for one in of.moments if one.witnesses == ("record",)
    }


def test_no_number_and_no_digit_is_in_it(told: Told) -> None:
    moments = [
        *from_log(told.log("text"), told.call),
        *from_journal(told.journal, told.call, []),
        *from_record(told.ended),
    ]
    page = msgspec.json.encode(join(told.call, moments)).decode()
    assert told.ended.ani.lstrip("+") not in page
    assert told.ended.ani[-3:] in page
    assert set(re.findall(r'"Command":"([^"]+)"', page)) <= {
        "GET OPTION",
        "STREAM FILE",
        "GET DATA",
    }
    assert not re.search(r'"Digit"|"CallerID|"Exten"|"Variable"', page)


def test_another_calls_lines_are_passed_over(told: Told) -> None:
    others = {one.call for one in told.records if isinstance(one, CallEnded)} - {told.call}
    longer = CallId(f"{told.call}7")
    lines = [f'{{"at":"2026-11-23T05:00:00+00:00","event":"call_offered","call":"{longer}"}}']
    assert list(from_log(lines, told.call)) == []
    mentioned = {
        text for one in from_log(told.log("json"), told.call) for text in one.about.values()
    }
    assert not mentioned & others


def test_lines_of_others_in_the_file_do_no_harm(told: Told) -> None:
    lines = [f"{told.call} {{", f"{{{told.call}}}", f"Nov 23 05:00:00 host acd[7]: {told.call}"]
    assert list(from_log(lines, told.call)) == []
    line = f"Nov 23 host acd[7]: 2026-11-23T05:00:00.000+00:00 info     x  call={told.call} a='b c'"
    (one,) = from_log([line], told.call)
    assert (one.what, one.about) == ("x", {"a": "b c"})


def test_what_cannot_be_read_is_said(told: Told, tmp_path: Path) -> None:
    notes: list[str] = []
    assert list(from_journal(tmp_path / "none", told.call, notes)) == []
    assert list(from_journal(tmp_path, told.call, notes)) == []
    (tmp_path / "x.000001.journal").write_bytes(b"nothing of ours")
    assert list(from_journal(tmp_path, told.call, notes)) == []
    assert list(from_journal(told.journal, CallId("main-1.1"), notes)) == []
    assert all(note.startswith("journal: ") for note in notes)
    assert notes[-1] == "journal: the call does not occur in it"
    assert join(told.call, [], notes) == Timeline(told.call, (), tuple(notes))
