"""What Prometheus reads after calls have come and gone, and what it must never read."""

from __future__ import annotations

import subprocess

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from acd.core.events import DeviceState, RingOutcome
from acd.core.ids import (
    DeviceId,
    IncidentId,
    MenuId,
    PbxId,
    QueueId,
    RequestId,
)
from acd.core.records import (
    Activity,
    AgentChanged,
    AgentRung,
    CallAnswered,
    CallDeflected,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    CallRelaxed,
    CallTransferred,
    IncidentHeard,
    MenuMissed,
    MenuSelected,
    Noticed,
    Outcome,
    Presence,
    Record,
    Repaired,
    Replied,
    RingEnded,
    TalkEnded,
    WaitAnnounced,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.core.transfer import TransferKind
from acd.labels import MOST_WORDS, OTHER, RONA
from acd.metrics import Metrics
from tests.pages import ADA, CALL, OFFER, ended, made, page, series, value
from tests.programs import needed
from tests.web.centre import BILLING, FAULT, MAIN, MENU, NOW, NUMBERS, agent, plan, snapshot

GONE = QueueId("gone")


def test_who_hung_up_informed_is_counted_for_the_queue_he_came_for() -> None:
    metrics = made()
    heard = IncidentHeard(NOW, CALL, FAULT, IncidentId("mitte"))
    metrics.observe([heard, CallDeflected(NOW, CALL, FAULT), ended(Outcome.DEFLECTED, None)])
    assert value(metrics, "acd_incidents_heard_total", queue="fault") == 1
    assert value(metrics, "acd_calls_deflected_total", queue="fault") == 1
    assert value(metrics, "acd_calls_deflected_total", queue="billing") == 0
    assert value(metrics, "acd_calls_abandoned_total", queue="fault") == 0


@pytest.mark.slow
def test_every_series_is_there_before_the_first_call() -> None:
    fresh = made()
    for queue in (FAULT, BILLING):
        for name in ("offered", "answered", "abandoned", "short_abandoned"):
            assert value(fresh, f"acd_calls_{name}_total", queue=queue) == 0
        assert value(fresh, "acd_calls_answered_within_total", queue=queue, threshold="15") == 0
        assert value(fresh, "acd_wait_seconds_count", queue=queue) == 0
        assert value(fresh, "acd_wrap_up_seconds_count", queue=queue) == 0
        assert value(fresh, "acd_rona_total", queue=queue) == 0
        assert value(fresh, "acd_relaxations_total", queue=queue) == 0
        assert value(fresh, "acd_wait_told_seconds_count", queue=queue) == 0
        assert value(fresh, "acd_incidents_heard_total", queue=queue) == 0
        assert value(fresh, "acd_calls_deflected_total", queue=queue) == 0
        labels = {"queue": queue, "rule": "max_wait", "outcome": "timed_out"}
        assert value(fresh, "acd_calls_left_queue_total", **labels) == 0
        for outcome in Outcome:
            labels = {"queue": queue, "outcome": outcome.value}
            assert value(fresh, "acd_calls_ended_total", **labels) == 0
        for ring in RingOutcome:
            labels = {"queue": queue, "outcome": ring.value}
            assert value(fresh, "acd_ring_outcomes_total", **labels) == 0
    assert value(fresh, "acd_menu_selections_total", menu="main", option="2") == 0
    assert value(fresh, "acd_ami_connected", pbx="main") == 0
    assert value(fresh, "acd_dispatch_latency_seconds_count") == 0


def test_one_answered_call_from_menu_to_wrap_up() -> None:
    metrics = made()
    metrics.observe(
        [
            CallOffered(NOW, CALL, MAIN),
            MenuMissed(NOW, CALL, MENU, "wrong_key"),
            MenuSelected(NOW, CALL, MENU, "1"),
            CallQueued(NOW, CALL, FAULT, NOW),
            AgentRung(NOW, OFFER, CALL, FAULT, ADA),
            CallAnswered(NOW, CALL, FAULT, ADA, wait_seconds=15.0, ring_seconds=4.0),
            CallTransferred(NOW, CALL, FAULT, ADA, TransferKind.BLIND, "1002", None, ()),
            TalkEnded(NOW, CALL, FAULT, ADA, talk_seconds=100.0, hold_seconds=25.0),
            WrapUpStarted(NOW, ADA, FAULT, CALL, NOW + 300),
            ended(Outcome.ANSWERED),
            WrapUpEnded(NOW, ADA, FAULT, WrapUpEnd.EARLY, 42.0),
        ]
    )
    assert value(metrics, "acd_calls_arrived_total", pbx="main") == 1
    assert value(metrics, "acd_menu_misses_total", menu="main", kind="wrong_key") == 1
    assert value(metrics, "acd_menu_selections_total", menu="main", option="1") == 1
    assert value(metrics, "acd_calls_offered_total", queue="fault") == 1
    assert value(metrics, "acd_calls_offered_total", queue="billing") == 0
    assert value(metrics, "acd_rings_total", queue="fault", strategy="longest_idle") == 1
    assert value(metrics, "acd_ring_outcomes_total", queue="fault", outcome="answered") == 1
    assert value(metrics, "acd_calls_answered_total", queue="fault") == 1
    within = {
        limit: value(metrics, "acd_calls_answered_within_total", queue="fault", threshold=limit)
        for limit in ("10", "15", "20", "60")
    }
    assert within == {"10": 0, "15": 1, "20": 1, "60": 1}
    assert value(metrics, "acd_wait_seconds_sum", queue="fault") == 15
    assert value(metrics, "acd_talk_seconds_sum", queue="fault") == 100
    assert value(metrics, "acd_hold_seconds_total", queue="fault") == 25
    assert value(metrics, "acd_transfers_total", queue="fault", kind="blind") == 1
    assert value(metrics, "acd_transfers_total", queue="fault", kind="attended") == 0
    assert value(metrics, "acd_wrap_up_seconds_sum", queue="fault") == 42
    assert value(metrics, "acd_wrap_ups_ended_total", queue="fault", how="early") == 1
    assert value(metrics, "acd_calls_ended_total", queue="fault", outcome="answered") == 1
    assert value(metrics, "acd_calls_abandoned_total", queue="fault") == 0


def test_a_short_abandon_is_an_abandon_too() -> None:
    metrics = made()
    metrics.observe([ended(Outcome.SHORT_ABANDONED, waited=3.0)])
    metrics.observe([ended(Outcome.ABANDONED, waited=40.0)])
    assert value(metrics, "acd_calls_abandoned_total", queue="fault") == 2
    assert value(metrics, "acd_calls_short_abandoned_total", queue="fault") == 1
    assert value(metrics, "acd_abandon_wait_seconds_sum", queue="fault") == 43
    labels = {"queue": "fault", "threshold": "20"}
    assert value(metrics, "acd_calls_abandoned_within_total", **labels) == 1


@pytest.mark.parametrize(
    "outcome", sorted(set(Outcome) - {Outcome.ABANDONED, Outcome.SHORT_ABANDONED})
)
def test_other_outcomes_are_never_abandons(outcome: Outcome) -> None:
    metrics = made()
    metrics.observe([ended(outcome)])
    assert value(metrics, "acd_calls_abandoned_total", queue="fault") == 0
    assert value(metrics, "acd_calls_ended_total", queue="fault", outcome=outcome.value) == 1


def test_a_caller_who_left_in_the_menu_counts_for_no_queue() -> None:
    metrics = made()
    metrics.observe([ended(Outcome.LEFT_IN_MENU, queue=None)])
    assert value(metrics, "acd_calls_ended_total", queue="", outcome="left_in_menu") == 1


def changed(
    presence: Presence, activity: Activity = Activity.IDLE, *, reason: str = "", at: float = NOW
) -> AgentChanged:
    what = "activity" if presence is Presence.READY else "presence"
    phone = DeviceId("PJSIP/1001")
    return AgentChanged(at, ADA, what, presence, reason, activity, DeviceState.FREE, phone)


def test_ring_outcomes_are_told_apart_and_only_who_was_set_not_ready_is_a_rona() -> None:
    metrics = made()
    for outcome in RingOutcome:
        metrics.observe([RingEnded(NOW, OFFER, CALL, FAULT, ADA, outcome, 15.0)])
        # It was the first of two that he may let go by.
        metrics.observe([changed(Presence.READY)])
        labels = {"queue": "fault", "outcome": outcome.value}
        assert value(metrics, "acd_ring_outcomes_total", **labels) == 1
    assert value(metrics, "acd_rona_total", queue="fault") == 0
    silence = RingEnded(NOW, OFFER, CALL, FAULT, ADA, RingOutcome.NO_ANSWER, 15.0)
    metrics.observe([silence, changed(Presence.NOT_READY, reason=RONA)])
    metrics.observe([changed(Presence.NOT_READY, reason="break")])
    assert value(metrics, "acd_rona_total", queue="fault") == 1


def test_agents_time_is_counted_up_to_the_scrape() -> None:
    one = snapshot(agents=[agent(1001, since=NOW - 1)])
    metrics = Metrics(plan(), [MAIN], lambda: [one], 0.0)
    metrics.observe([changed(Presence.READY, Activity.TALKING, at=NOW - 30)])
    metrics.observe([changed(Presence.READY, Activity.WRAP_UP, at=NOW - 10)])
    metrics.observe([changed(Presence.READY, at=NOW - 1)])
    page(metrics)
    found = {
        activity: value(metrics, "acd_agent_seconds_total", presence="ready", activity=activity)
        for activity in Activity
    }
    assert found == {"idle": 1.0, "ringing": 0.0, "talking": 20.0, "wrap_up": 9.0}


def test_a_caller_served_by_a_menu_counts_for_its_option() -> None:
    metrics = made()
    for path in (("main:1", "main:2"), ("main:7",), ("gone:1",), ()):
        replaced = {"menu_path": path}
        deflected = msgspec.structs.replace(ended(Outcome.DEFLECTED, None), **replaced)
        metrics.observe([deflected, msgspec.structs.replace(deflected, queue=FAULT)])
    for menu, option, times in (("main", "2", 1), ("main", OTHER, 1), (OTHER, OTHER, 2)):
        labels = {"menu": menu, "option": option}
        assert value(metrics, "acd_menu_deflections_total", **labels) == times


def left(rule: str, outcome: Outcome, queue: QueueId = FAULT) -> CallLeftQueue:
    return CallLeftQueue(NOW, CALL, queue, outcome, rule, f"number:{NUMBERS[0]}", 40.0)


def test_what_the_router_does_about_a_wait_is_counted_for_its_queue() -> None:
    metrics = made()
    metrics.observe(
        [
            CallRelaxed(NOW, CALL, FAULT, 1),
            CallRelaxed(NOW, CALL, FAULT, 2),
            left("max_wait", Outcome.TIMED_OUT),
            left("key", Outcome.LEFT_BY_KEY),
            left("closed", Outcome.OVERFLOWED),
            left("supervisor", Outcome.OVERFLOWED),
            left("supervisor", Outcome.WITHDRAWN),
            left("a rule of tomorrow", Outcome.OVERFLOWED),
        ]
    )
    assert value(metrics, "acd_relaxations_total", queue="fault") == 2
    assert value(metrics, "acd_relaxations_total", queue="billing") == 0
    for rule, outcome in (
        ("max_wait", "timed_out"),
        ("key", "left_by_key"),
        ("closed", "overflowed"),
        ("supervisor", "overflowed"),
        ("supervisor", "withdrawn"),
        (OTHER, OTHER),
    ):
        labels = {"queue": "fault", "rule": rule, "outcome": outcome}
        assert value(metrics, "acd_calls_left_queue_total", **labels) == 1
    assert value(metrics, "acd_calls_abandoned_total", queue="fault") == 0
    assert NUMBERS[0] not in page(metrics)


def test_only_an_estimate_that_was_told_is_observed() -> None:
    metrics = made()
    metrics.observe([WaitAnnounced(NOW, CALL, FAULT, 3, 130.0)])
    metrics.observe([WaitAnnounced(NOW, CALL, FAULT, 2, None)])
    assert value(metrics, "acd_wait_told_seconds_count", queue="fault") == 1
    assert value(metrics, "acd_wait_told_seconds_sum", queue="fault") == 130
    assert value(metrics, "acd_wait_told_seconds_bucket", queue="fault", le="120.0") == 0
    assert value(metrics, "acd_wait_told_seconds_bucket", queue="fault", le="180.0") == 1


def test_service_level_of_the_glossary_can_be_computed() -> None:
    """Variant E: answered within T / (offered - short abandons), here 2 / (4 - 1)."""
    metrics = made()
    metrics.observe([CallQueued(NOW, CALL, FAULT, NOW)] * 4)
    for waited in (5.0, 20.0):
        metrics.observe([CallAnswered(NOW, CALL, FAULT, ADA, waited, 1.0)])
    metrics.observe([ended(Outcome.SHORT_ABANDONED, waited=2.0), ended(Outcome.ABANDONED)])
    answered = value(metrics, "acd_calls_answered_within_total", queue="fault", threshold="20")
    offered = value(metrics, "acd_calls_offered_total", queue="fault")
    short = value(metrics, "acd_calls_short_abandoned_total", queue="fault")
    assert answered / (offered - short) == pytest.approx(2 / 3)


def test_gauges_show_the_moment_of_the_scrape() -> None:
    now = snapshot()
    metrics = Metrics(plan(), [MAIN], lambda: [now])
    assert value(metrics, "acd_calls_waiting", queue="fault") == 1
    assert value(metrics, "acd_calls_connected", queue="billing") == 1
    assert value(metrics, "acd_longest_wait_seconds", queue="fault") == 75
    assert value(metrics, "acd_estimated_wait_seconds", queue="fault") == 95
    with pytest.raises(KeyError):
        value(metrics, "acd_estimated_wait_seconds", queue="billing")
    assert value(metrics, "acd_queue_agents_free", queue="billing") == 1
    assert value(metrics, "acd_agents", presence="ready", activity="wrap_up") == 1
    assert value(metrics, "acd_agents", presence="logged_out", activity="idle") == 1
    assert value(metrics, "acd_agents", presence="not_ready", activity="talking") == 0
    assert value(metrics, "acd_agent_devices", device="unreachable") == 1
    now = snapshot(calls=(), agents=())
    assert value(metrics, "acd_agents", presence="ready", activity="wrap_up") == 0


def test_links_and_dispatch() -> None:
    metrics = made()
    metrics.ami_connected(MAIN, True)
    metrics.ami_message(MAIN, "Hangup")
    metrics.ami_rejected(MAIN, "duplicate_header", 3)
    metrics.dispatch(0.003)
    assert value(metrics, "acd_ami_connected", pbx="main") == 1
    assert value(metrics, "acd_ami_messages_total", pbx="main", kind="Hangup") == 1
    labels = {"pbx": "main", "reason": "duplicate_header"}
    assert value(metrics, "acd_ami_rejected_messages_total", **labels) == 3
    assert value(metrics, "acd_dispatch_latency_seconds_bucket", le="0.004") == 1
    assert value(metrics, "acd_dispatch_latency_seconds_bucket", le="0.002") == 0
    metrics.ami_connected(MAIN, False)
    metrics.ami_connected(MAIN, False)
    assert value(metrics, "acd_ami_connected", pbx="main") == 0
    assert value(metrics, "acd_ami_link_losses_total", pbx="main") == 1


def test_what_nobody_configured_is_counted_as_other() -> None:
    metrics = made()
    before = set(series(metrics))
    metrics.observe(
        [
            CallOffered(NOW, CALL, PbxId("gone")),
            CallQueued(NOW, CALL, GONE, NOW),
            MenuSelected(NOW, CALL, MENU, "7"),
            MenuSelected(NOW, CALL, MenuId("gone"), "1"),
            MenuMissed(NOW, CALL, MENU, "strange"),
            CallAnswered(NOW, CALL, GONE, ADA, 1.0, 1.0),
            ended(Outcome.ABANDONED, queue=GONE),
        ]
    )
    metrics.ami_message(PbxId("gone"), "Hangup!")
    assert set(series(metrics)) == before
    assert value(metrics, "acd_calls_offered_total", queue=OTHER) == 1
    assert value(metrics, "acd_menu_selections_total", menu="main", option=OTHER) == 1
    assert value(metrics, "acd_menu_selections_total", menu=OTHER, option=OTHER) == 1
    assert value(metrics, "acd_ami_messages_total", pbx=OTHER, kind=OTHER) == 1


HOSTILE = st.text(max_size=60) | st.sampled_from([*NUMBERS, 'x"} 1\nacd_up 1', "a" * 500])


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.lists(HOSTILE, max_size=8))
def test_no_stranger_writes_a_label(texts: list[str]) -> None:
    metrics = made()
    for text in texts:
        records: list[Record] = [
            CallOffered(NOW, CALL, PbxId(text)),
            MenuSelected(NOW, CALL, MENU, text),
            CallQueued(NOW, CALL, QueueId(text), NOW),
            Noticed(NOW, text, text),
            Repaired(NOW, text, text),
            Replied(NOW, RequestId(1), text),
            CallRelaxed(NOW, CALL, QueueId(text), 1),
            left(text, Outcome.OVERFLOWED, QueueId(text)),
            WaitAnnounced(NOW, CALL, QueueId(text), 1, 1.0),
            ended(Outcome.ABANDONED, QueueId(text)),
        ]
        metrics.observe(records)
        metrics.ami_message(MAIN, text)
        metrics.ami_rejected(MAIN, text)
    labels = {label for _, pairs in series(metrics) for _, label in pairs}
    known = labels_of_a_fresh_page()
    assert all(label.isascii() and label.replace("_", "").isalpha() for label in labels - known)
    assert not any(number in page(metrics) for number in NUMBERS)


def labels_of_a_fresh_page() -> set[str]:
    return {label for _, pairs in series(made()) for _, label in pairs}


def test_the_page_cannot_grow_for_ever() -> None:
    metrics = made()
    for n in range(500):
        word = "kind" + "".join(chr(ord("a") + int(digit)) for digit in str(n))
        metrics.ami_message(MAIN, word)
    kinds = [
        pairs
        for name, pairs in series(metrics)
        if name == "acd_ami_messages_total" and ("pbx", "main") in pairs
    ]
    assert len(kinds) == MOST_WORDS
    assert value(metrics, "acd_ami_messages_total", pbx="main", kind=OTHER) == 501 - MOST_WORDS


def test_every_metric_follows_the_naming_rules() -> None:
    for family in text_string_to_metric_families(page(made())):
        if not family.name.startswith("acd_"):
            continue
        assert family.documentation.endswith(".")
        names = {sample.name for sample in family.samples}
        assert not any(name.endswith(("_milliseconds", "_ms", "_created")) for name in names)
        if family.type == "counter":
            assert all(name.endswith("_total") for name in names)
        if family.type == "histogram":
            assert family.name.endswith("_seconds")


def test_promtool_has_nothing_to_say() -> None:
    run = subprocess.run(
        [needed("promtool", "prometheus"), "check", "metrics"],
        input=page(made()).encode(),
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
