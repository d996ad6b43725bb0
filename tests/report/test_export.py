"""Calls as others read them."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import TextIO

import msgspec

from acd.core.records import CallEnded
from acd.core.transfer import TransferKind, Transferred
from acd.report.export import Exporting, write_calls_csv, write_calls_json
from tests.report.booked import ANNA, BERLIN, BERT, ended

Write = Callable[[Iterable[CallEnded], Exporting, TextIO], None]
TYPED = (("customer", "=4711"), ("callback", "030999888"))


def written(write: Write, **how: bool) -> str:
    out = io.StringIO()
    calls = [ended(1, missed=[BERT], attributes=TYPED, ani="+4930123456")]
    write(calls, Exporting(BERLIN, **how), out)
    return out.getvalue()


def test_a_line_a_call_with_local_times_and_the_number_cut() -> None:
    text = written(write_calls_csv)
    [row] = csv.DictReader(text.splitlines())
    assert row["queued_at"] == "2026-11-02T08:00:00.000+01:00"
    assert (row["ani"], row["agent"], row["attributes"]) == ("...456", "", "")
    assert (row["wait_seconds"], row["talk_seconds"]) == ("10.0", "60.0")
    assert (row["queues"], row["rings"]) == ("billing:answered", "billing:no_answer billing:talked")
    for secret in ("30123", "4711", "999888", ANNA, BERT):
        assert secret not in text


def test_numbers_and_agents_come_when_asked_for_and_allowed() -> None:
    [row] = csv.DictReader(written(write_calls_csv, whole=True, agents_shown=True).splitlines())
    assert row["ani"] == "'+4930123456", "no spreadsheet takes it for a formula"
    assert row["agent"] == ANNA
    assert row["attributes"] == "customer==4711 callback=030999888"


def test_json_has_every_stay_and_ring() -> None:
    call = json.loads(written(write_calls_json))
    assert call["outcome"] == "answered"
    assert [stay["how"] for stay in call["queues"]] == ["answered"]
    assert [ring["how"] for ring in call["rings"]] == ["no_answer", "talked"]
    assert [ring["agent"] for ring in call["rings"]] == [None, None]
    assert call["attributes"] == {}


def test_a_colleague_is_named_only_where_agents_are() -> None:
    call = ended(1)
    passed = Transferred(TransferKind.BLIND, "1002", BERT)
    leg = msgspec.structs.replace(call.legs[-1], transferred=passed)
    call = msgspec.structs.replace(call, legs=(leg,))
    for shown in (False, True):
        out = io.StringIO()
        write_calls_json([call], Exporting(BERLIN, agents_shown=shown), out)
        [ring] = json.loads(out.getvalue())["rings"]
        number, agent = ("1002", BERT) if shown else (None, None)
        assert ring["transferred"] == {"kind": "blind", "number": number, "agent": agent}


def test_json_has_agents_and_what_was_typed_when_asked_for() -> None:
    call = json.loads(written(write_calls_json, whole=True, agents_shown=True))
    assert [ring["agent"] for ring in call["rings"]] == [BERT, ANNA]
    assert call["attributes"] == dict(TYPED)
