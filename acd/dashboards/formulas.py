"""What is computed from the raw counters, each with its name in GLOSSARY.md and its PromQL.

Rules: each is for one hour and by queue where queues have it; whoever wants another span changes
the range. The test computes the five service levels from the example of the trade's textbooks, so
each is what its name says.
"""

from typing import Final, NamedTuple


class Formula(NamedTuple):
    """One figure."""

    name: str
    text: str
    promql: str


def over(metric: str, range_: str = "1h", by: str = "queue") -> str:
    """Return how much a counter has grown, summed by one label, or over all without one."""
    name, _, labels = metric.partition("{")
    selector = f"{name}{'{' + labels if labels else ''}"
    grown = f"increase({selector}[{range_}])"
    return f"sum by ({by}) ({grown})" if by else f"sum({grown})"


_WITHIN: Final = 'acd_calls_answered_within_total{threshold="20"}'
_ABANDONED_WITHIN: Final = 'acd_calls_abandoned_within_total{threshold="20"}'
_ANSWERED: Final = "acd_calls_answered_total"
_ABANDONED: Final = "acd_calls_abandoned_total"

SERVICE_LEVELS: Final = {
    "A": Formula(
        "Service level within 20 s, variant A",
        "answered within T / answered; app_queue's `ServicelevelPerf`.",
        f"{over(_WITHIN)}\n  / ({over(_ANSWERED)} > 0)",
    ),
    "B": Formula(
        "Service level within 20 s, variant B",
        "(answered within T + abandoned within T) / (answered + abandoned); app_queue's "
        "`ServicelevelPerf2`.",
        f"({over(_WITHIN)} + {over(_ABANDONED_WITHIN)})\n"
        f"  / ({over(_ANSWERED)} + {over(_ABANDONED)} > 0)",
    ),
    "C": Formula(
        "Service level within 20 s, variant C",
        "answered within T / (answered + abandoned).",
        f"{over(_WITHIN)}\n  / ({over(_ANSWERED)} + {over(_ABANDONED)} > 0)",
    ),
    "D": Formula(
        "Service level within 20 s, variant D",
        "answered within T / (answered + abandoned after T).",
        f"{over(_WITHIN)}\n  / ({over(_ANSWERED)} + {over(_ABANDONED)}\n"
        f"     - {over(_ABANDONED_WITHIN)} > 0)",
    ),
    "E": Formula(
        "Service level within 20 s, variant E",
        "answered within T / (offered - short abandons): ours.",
        f"{over(_WITHIN)}\n"
        f"  / ({over('acd_calls_offered_total')}\n"
        f"     - {over('acd_calls_short_abandoned_total')} > 0)",
    ),
}
"""The five that are in use, by their letters."""


def service_level(range_: str, by: str = "queue") -> str:
    """Return variant E within each queue's own target; queues without a call have none.

    A call that was offered before the span and answered in it must not make more than all.
    """
    offered = over("acd_calls_offered_total", range_, by)
    short = over("acd_calls_short_abandoned_total", range_, by)
    answered = over("acd_calls_answered_in_target_total", range_, by)
    return f"clamp_max({answered} / ({offered} - {short} > 0), 1)"


def mean(histogram: str, range_: str, by: str = "queue") -> str:
    """Return the mean of what a histogram has seen, where it has seen something."""
    count = over(f"{histogram}_count", range_, by)
    return f"{over(f'{histogram}_sum', range_, by)} / ({count} > 0)"


def handle_time(range_: str, by: str = "queue") -> str:
    """Return AHT: talk, which holds hold, and wrap-up, by talk."""
    talk = over("acd_talk_seconds_sum", range_, by)
    wrap_up = over("acd_wrap_up_seconds_sum", range_, by)
    return f"({talk} + {wrap_up}) / ({over('acd_talk_seconds_count', range_, by)} > 0)"


def abandonment(range_: str, by: str = "queue") -> str:
    """Return the share of the offered who hung up."""
    offered = over("acd_calls_offered_total", range_, by)
    return f"{over(_ABANDONED, range_, by)} / ({offered} > 0)"


_BUSY: Final = 'acd_agent_seconds_total{activity=~"talking|wrap_up"}'
_STAFFED: Final = 'acd_agent_seconds_total{presence!="logged_out"}'
_AWAY: Final = 'acd_agent_seconds_total{presence="not_ready",activity="idle"}'


def occupancy(range_: str) -> str:
    """Return the share of their time that agents who could work did; not ready is only who also
    did nothing, since a pause asked for in a talk begins after the wrap-up."""
    staffed, away = over(_STAFFED, range_, ""), over(_AWAY, range_, "")
    return f"{over(_BUSY, range_, '')} / ({staffed} - {away} > 0)"


def utilisation(range_: str) -> str:
    """Return the share of their time that agents who were logged in worked."""
    return f"{over(_BUSY, range_, '')} / ({over(_STAFFED, range_, '')} > 0)"


def estimate_bias(range_: str, by: str = "queue") -> str:
    """Return how much longer callers waited than they had been told, in the mean."""
    error = "acd_wait_prediction_error_seconds"
    longer = over(f'{error}_sum{{direction="longer"}}', range_, by)
    shorter = over(f'{error}_sum{{direction="shorter"}}', range_, by)
    return f"({longer} - {shorter}) / ({over(f'{error}_count', range_, by)} > 0)"


def sampled_bias(range_: str, by: str = "queue") -> str:
    """Return how much longer samples waited than the page had said, in the mean."""
    actual, predicted, number = (
        over(f'acd_wait_{what}_total{{end="answered"}}', range_, by)
        for what in ("sample_actual_seconds", "sample_predicted_seconds", "samples")
    )
    return f"({actual} - {predicted}) / ({number} > 0)"


FORMULAS: Final = (
    *SERVICE_LEVELS.values(),
    Formula(
        "Service level within each queue's target, variant E",
        "answered within `target_seconds` of queues.yaml / (offered - short abandons). What the "
        "dashboards show.",
        service_level("1h"),
    ),
    Formula("Abandonment", "abandoned / offered.", abandonment("1h")),
    Formula("ASA", "waits of the answered / answered.", mean("acd_wait_seconds", "1h")),
    Formula("ATA", "waits of the abandoned / abandoned.", mean("acd_abandon_wait_seconds", "1h")),
    Formula("ATT", "talks, hold included / talks.", mean("acd_talk_seconds", "1h")),
    Formula(
        "AHT",
        "(talk + hold + wrap-up) / talks; hold is part of `acd_talk_seconds`.",
        handle_time("1h"),
    ),
    Formula(
        "Occupancy",
        "(talk + hold + wrap-up) / (staffed - not ready). Who said not ready and still talks or is "
        "in wrap-up works.",
        occupancy("1h"),
    ),
    Formula("Utilisation", "(talk + hold + wrap-up) / staffed.", utilisation("1h")),
    Formula(
        "Bias of the estimated wait",
        "(waits as they were - waits as first told) / callers told and answered; above 0, callers "
        "waited longer than they had been told.",
        estimate_bias("1h"),
    ),
    Formula(
        "Bias of the estimated wait, told or not",
        "(waits of samples as they were - `acd_estimated_wait_seconds` of the scrape before) / "
        "samples answered. Who left is not in it: he would have waited longer.",
        sampled_bias("1h"),
    ),
)
"""All of them, in the order of docs/metrics.md."""
