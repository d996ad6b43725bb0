"""Alerts ring when they should and keep quiet when all is well, by Prometheus' own evaluation.

Each case is a while of a small centre in which one thing is different; promtool plays all of them
against the rule files that operators get.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from acd.metricspage import rows
from tests.programs import needed

PROMETHEUS = Path(__file__).parents[2] / "config" / "prometheus"
RULES, ALERTS = PROMETHEUS / "acd.rules.yml", PROMETHEUS / "acd.alerts.yml"
PAGE = PROMETHEUS.parents[1] / "docs" / "dashboards.md"
FILES = [str(RULES), str(ALERTS)]

Series = Mapping[str, str]

WELL: Series = {
    'up{job="acd"}': "1x50",
    # Five calls a minute, of which nine in ten are answered within the target.
    'acd_calls_offered_total{queue="fault"}': "0+50x50",
    'acd_calls_answered_total{queue="fault"}': "0+48x50",
    'acd_calls_answered_in_target_total{queue="fault"}': "0+45x50",
    'acd_calls_short_abandoned_total{queue="fault"}': "0x50",
    'acd_calls_ended_total{queue="fault",outcome="switch_lost"}': "0x50",
    'acd_calls_ended_total{queue="fault",outcome="answered"}': "0+48x50",
    'acd_longest_wait_seconds{queue="fault"}': "20x50",
    'acd_calls_waiting{queue="fault"}': "1x50",
    'acd_queue_agents_ready{queue="fault"}': "2x50",
    'acd_skill_agents_ready{skill="fault"}': "2x50",
    'acd_agents{presence="ready",activity="idle"}': "2x50",
    'acd_ami_connected{pbx="main"}': "1x50",
    'acd_ami_link_losses_total{pbx="main"}': "0+1x1 1x49",
    'acd_loop_lag_seconds_bucket{le="0.01"}': "0+600x50",
    'acd_loop_lag_seconds_bucket{le="0.5"}': "0+600x50",
    'acd_loop_lag_seconds_bucket{le="+Inf"}': "0+600x50",
    "acd_clock_drift_seconds": "0.01x50",
    'acd_ami_clock_offset_seconds{pbx="main"}': "-0.003x50",
    "acd_store_lag_seconds": "0.2x50",
    "acd_journal_lag_seconds": "0.1x50",
    "acd_store_refused_records_total": "0x50",
    "acd_journal_dropped_entries_total": "0x50",
}
FAULT = {"queue": "fault"}


class Case(NamedTuple):
    """What is different, and which alerts ring after so many minutes, with their labels."""

    name: str
    different: Series
    rings: Sequence[tuple[str, Mapping[str, str]]] = ()
    minutes: int = 44


CASES = [
    Case("all is well", {}),
    Case(
        "a fifth answered in time",
        {'acd_calls_answered_in_target_total{queue="fault"}': "0+10x50"},
        [("AcdServiceLevelBurning", FAULT), ("AcdServiceLevelBelowTarget", FAULT)],
    ),
    Case(
        "three quarters in time",
        {'acd_calls_answered_in_target_total{queue="fault"}': "0+37x50"},
        [("AcdServiceLevelBelowTarget", FAULT)],
    ),
    Case(
        "callers who hang up at once are no burden",
        {
            'acd_calls_offered_total{queue="fault"}': "0+80x50",
            'acd_calls_short_abandoned_total{queue="fault"}': "0+30x50",
        },
    ),
    Case(
        "one bad call at night",
        {
            'acd_calls_offered_total{queue="fault"}': "0x5 1x45",
            'acd_calls_answered_in_target_total{queue="fault"}': "0x50",
        },
    ),
    Case(
        "a long wait",
        {'acd_longest_wait_seconds{queue="fault"}': "0+10x50"},
        [("AcdLongestWait", FAULT)],
    ),
    Case(
        "a queue that nobody serves",
        {'acd_queue_agents_ready{queue="fault"}': "0x50"},
        [("AcdQueueUnserved", FAULT)],
    ),
    Case(
        "nobody for one skill",
        {'acd_skill_agents_ready{skill="fault"}': "0x50"},
        [("AcdNoAgentForSkill", {"skill": "fault"})],
    ),
    Case(
        "nobody at all, at night",
        {
            'acd_skill_agents_ready{skill="fault"}': "0x50",
            'acd_agents{presence="ready",activity="idle"}': "0x50",
        },
    ),
    Case(
        "a PBX that went away with five callers",
        {'acd_calls_ended_total{queue="fault",outcome="switch_lost"}': "0x41 5x9"},
        [("AcdCallersLost", {"outcome": "switch_lost"})],
    ),
    Case(
        "an engine that fails",
        {'up{job="acd"}': "1x35 0x15"},
        [("AcdEngineAbsent", {"job": "acd"})],
    ),
    Case("no engine at all", {'up{job="acd"}': ""}, [("AcdEngineAbsent", {"job": "acd"})]),
    Case(
        "a link that is down",
        {'acd_ami_connected{pbx="main"}': "1x35 0x15"},
        [("AcdAmiDown", {"pbx": "main"})],
    ),
    Case(
        "a link that comes and goes",
        {'acd_ami_link_losses_total{pbx="main"}': "0+1x50"},
        [("AcdAmiUnsteady", {"pbx": "main"})],
    ),
    Case(
        "a loop that is held up",
        {'acd_loop_lag_seconds_bucket{le="0.01"}': "0+300x50"},
        [("AcdLoopLag", {})],
    ),
    Case("a clock that was set", {"acd_clock_drift_seconds": "-3600x50"}, [("AcdClock", {})]),
    Case(
        "a PBX whose clock is ahead",
        {'acd_ami_clock_offset_seconds{pbx="main"}': "-7x50"},
        [("AcdClock", {"pbx": "main"})],
    ),
    Case("a store that is away", {"acd_store_lag_seconds": "0+60x50"}, [("AcdBooksBehind", {})]),
    Case(
        "a disk that is full",
        {"acd_journal_dropped_entries_total": "0x35 0+9x15"},
        [("AcdRecordsLost", {})],
    ),
]


def groups() -> list[dict[str, object]]:
    return [
        group for file in (RULES, ALERTS) for group in yaml.safe_load(file.read_text())["groups"]
    ]


def alerts() -> dict[str, dict[str, object]]:
    return {
        rule["alert"]: rule
        for group in groups()
        for rule in group["rules"]  # type: ignore[attr-defined]
        if "alert" in rule
    }


def played(case: Case) -> dict[str, object]:
    series = {name: values for name, values in {**WELL, **case.different}.items() if values}
    severities = {name: rule["labels"] for name, rule in alerts().items()}
    samples = []
    for alert, labels in case.rings:
        told = {"alertname": alert, "alertstate": "firing", **labels, **severities[alert]}  # type: ignore[dict-item]
        inside = ", ".join(f'{name}="{value}"' for name, value in told.items())
        samples.append({"labels": f"ALERTS{{{inside}}}", "value": 1})
    return {
        "name": case.name,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'ALERTS{alertstate="firing"}',
                "eval_time": f"{case.minutes}m",
                "exp_samples": samples,
            }
        ],
    }


def promtool(*arguments: str) -> None:
    run = subprocess.run(
        [needed("promtool", "prometheus"), *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_files_are_what_prometheus_reads() -> None:
    promtool("check", "config", str(PROMETHEUS / "prometheus.yml"))


@pytest.mark.slow
def test_alerts_ring_when_they_should_and_not_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yml"
    tests = [played(case) for case in CASES]
    file.write_text(
        yaml.safe_dump({"rule_files": FILES, "evaluation_interval": "1m", "tests": tests})
    )
    promtool("test", "rules", str(file))


def test_what_is_rung_says_in_words_what_is_wrong(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "a fifth answered in time")
    tests = {
        **played(case),
        "promql_expr_test": [],
        "alert_rule_test": [
            {
                "alertname": "AcdServiceLevelBurning",
                "eval_time": "44m",
                "exp_alerts": [
                    {
                        "exp_labels": {"queue": "fault", "severity": "page"},
                        "exp_annotations": {
                            "summary": "fault: 20% answered within the target",
                            "description": "Service level, variant E, of the last five minutes. "
                            "Who could help is not ready?",
                        },
                    }
                ],
            }
        ],
    }
    file = tmp_path / "words.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": FILES, "evaluation_interval": "1m", "tests": [tests]})
    )
    promtool("test", "rules", str(file))


def test_every_alert_is_told_of() -> None:
    told = re.findall(r"^\| (Acd\w+) \| .* \| (\w+) \|$", PAGE.read_text(), re.MULTILINE)
    assert told == [(name, rule["labels"]["severity"]) for name, rule in alerts().items()]  # type: ignore[index]


def test_every_alert_rings_in_some_case_and_says_what_to_do() -> None:
    assert set(alerts()) == {alert for case in CASES for alert, _ in case.rings}
    for rule in alerts().values():
        assert rule["annotations"].keys() == {"summary", "description"}  # type: ignore[attr-defined]
        assert rule["labels"]["severity"] in ("page", "ticket")  # type: ignore[index]


@pytest.mark.parametrize("file", [RULES, ALERTS], ids=lambda file: file.name)
def test_rules_ask_for_metrics_that_there_are(file: Path) -> None:
    known = {row.name for chapter in rows().values() for row in chapter}
    text = re.sub(r"\w+:acd_\w+:\w+", "", file.read_text())
    asked = set(re.findall(r"\bacd_\w+", text))
    parts = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert {name for name in asked | parts if name in known} >= parts, parts - known
