"""Each formula is what its name says, by Prometheus' own arithmetic and the textbook's example."""

import subprocess
from pathlib import Path

import pytest
import yaml

from acd.dashboards.formulas import FORMULAS, SERVICE_LEVELS
from tests.programs import needed

NUMBERS = {
    "acd_calls_offered_total": 1060,
    "acd_calls_answered_total": 1000,
    'acd_calls_answered_within_total{threshold="20"}': 860,
    'acd_calls_answered_within_total{threshold="60"}': 990,
    "acd_calls_answered_in_target_total": 800,
    "acd_calls_abandoned_total": 60,
    'acd_calls_abandoned_within_total{threshold="20"}': 20,
    "acd_calls_short_abandoned_total": 10,
    "acd_wait_seconds_sum": 15_000,
    "acd_wait_seconds_count": 1000,
    "acd_abandon_wait_seconds_sum": 2400,
    "acd_abandon_wait_seconds_count": 60,
    "acd_talk_seconds_sum": 200_000,
    "acd_talk_seconds_count": 1000,
    "acd_wrap_up_seconds_sum": 40_000,
    'acd_agent_seconds_total{presence="ready",activity="idle"}': 40_000,
    'acd_agent_seconds_total{presence="ready",activity="ringing"}': 20_000,
    'acd_agent_seconds_total{presence="ready",activity="talking"}': 190_000,
    'acd_agent_seconds_total{presence="not_ready",activity="talking"}': 10_000,
    'acd_agent_seconds_total{presence="not_ready",activity="wrap_up"}': 40_000,
    'acd_agent_seconds_total{presence="not_ready",activity="idle"}': 20_000,
    'acd_agent_seconds_total{presence="logged_out",activity="idle"}': 500_000,
    'acd_wait_prediction_error_seconds_sum{direction="longer"}': 900,
    'acd_wait_prediction_error_seconds_sum{direction="shorter"}': 600,
    'acd_wait_prediction_error_seconds_count{direction="longer"}': 40,
    'acd_wait_prediction_error_seconds_count{direction="shorter"}': 60,
    'acd_wait_samples_total{end="answered"}': 40,
    'acd_wait_sample_predicted_seconds_total{end="answered"}': 1200,
    'acd_wait_sample_actual_seconds_total{end="answered"}': 1500,
    'acd_wait_samples_total{end="left"}': 7,
    'acd_wait_sample_predicted_seconds_total{end="left"}': 700,
    'acd_wait_sample_actual_seconds_total{end="left"}': 70,
}
"""One hour of one queue."""

WANTED = {
    "Service level within 20 s, variant A": 860 / 1000,
    "Service level within 20 s, variant B": 880 / 1060,
    "Service level within 20 s, variant C": 860 / 1060,
    "Service level within 20 s, variant D": 860 / 1040,
    "Service level within 20 s, variant E": 860 / 1050,
    "Service level within each queue's target, variant E": 800 / 1050,
    "Abandonment": 60 / 1060,
    "ASA": 15.0,
    "ATA": 40.0,
    "ATT": 200.0,
    "AHT": 240.0,
    "Occupancy": 240 / 300,
    "Utilisation": 240 / 320,
    "Bias of the estimated wait": 3.0,
    "Bias of the estimated wait, told or not": 7.5,
}


def test_the_textbooks_percentages_come_out() -> None:
    rounded = {
        letter: round(100 * WANTED[formula.name], 1) for letter, formula in SERVICE_LEVELS.items()
    }
    assert rounded == {"A": 86.0, "B": 83.0, "C": 81.1, "D": 82.7, "E": 81.9}


def test_prometheus_computes_what_the_names_say(tmp_path: Path) -> None:
    series = []
    for name, value in NUMBERS.items():
        metric, _, labels = name.rstrip("}").partition("{")
        told = ",".join(filter(None, ('queue="fault"' if "agent" not in metric else "", labels)))
        series.append({"series": f"{metric}{{{told}}}", "values": f"0+{value / 60!r}x60"})
    asked = [
        {
            # In millionths: quotients are not exact to the last bit.
            "expr": f"round(1000000 * ({formula.promql}))",
            "eval_time": "1h",
            "exp_samples": [
                {
                    "labels": '{queue="fault"}' if "queue" in formula.promql else "{}",
                    "value": round(1_000_000 * WANTED[formula.name]),
                }
            ],
        }
        for formula in FORMULAS
    ]
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]
    file = tmp_path / "formulas.yml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": tests}))
    run = subprocess.run(
        [needed("promtool", "prometheus"), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_a_service_level_names_its_variant(formula: object) -> None:
    name, promql = getattr(formula, "name", ""), getattr(formula, "promql", "")
    assert ("variant" in name) == ("_within" in promql or "_in_target" in promql)
