"""The dashboard "Service centre today": how callers fare."""

from typing import Final

from acd.dashboards.formulas import SERVICE_LEVELS, abandonment, mean, over, service_level
from acd.dashboards.panels import QUEUES, RANGE, Dashboard, Kind, Panel, Query


def _of(metric: str, labels: str = "") -> str:
    inside = f"{QUEUES},{labels}" if labels else QUEUES
    return f"{metric}{{{inside}}}"


def _by_queue(metric: str) -> tuple[Query, ...]:
    return (Query(_of(metric), "{{queue}}"),)


_NOW: Final = (
    Panel(
        "Calls today",
        "Calls that came in.",
        (Query(over("acd_calls_arrived_total", RANGE, "")),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Service level",
        "Answered within the queue's target / (offered - short abandons), all queues.",
        (Query(service_level(RANGE, "")),),
        Kind.NUMBER,
        "percentunit",
        4,
        variant="E",
    ),
    Panel(
        "Abandonment",
        "Abandoned / offered, all queues.",
        (Query(abandonment(RANGE, "")),),
        Kind.NUMBER,
        "percentunit",
        4,
    ),
    Panel(
        "ASA",
        "Waits of the answered / answered, all queues.",
        (Query(mean("acd_wait_seconds", RANGE, "")),),
        Kind.NUMBER,
        "s",
        4,
    ),
    Panel(
        "Waiting now",
        "Callers who wait, rung for or not.",
        (Query("sum(acd_calls_waiting) + sum(acd_calls_ringing)"),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Longest wait now",
        "The wait so far of who waits longest.",
        (Query("max(acd_longest_wait_seconds)"),),
        Kind.NUMBER,
        "s",
        4,
    ),
)

_QUEUES: Final = (
    (
        Panel(
            "Service level by queue",
            "Answered within the queue's target / (offered - short abandons), of the last hour.",
            (Query('queue:acd_service_level_e:ratio_1h{queue=~"$queue"}', "{{queue}}"),),
            unit="percentunit",
            variant="E",
        ),
        Panel(
            "Waiting",
            "Callers for whom no phone rings yet.",
            _by_queue("acd_calls_waiting"),
            stacked=True,
        ),
        Panel(
            "Longest wait",
            "The wait so far of who waits longest.",
            _by_queue("acd_longest_wait_seconds"),
            unit="s",
        ),
    ),
    (
        Panel(
            "Offered, answered, abandoned",
            "In five minutes, the chosen queues together.",
            (
                Query("sum(queue:acd_calls_offered:increase_5m{" + QUEUES + "})", "offered"),
                Query("sum(queue:acd_calls_answered:increase_5m{" + QUEUES + "})", "answered"),
                Query("sum(queue:acd_calls_abandoned:increase_5m{" + QUEUES + "})", "abandoned"),
            ),
        ),
        Panel(
            "How calls ended",
            "Each call once, by its one outcome.",
            (Query(f"{over('acd_calls_ended_total', RANGE, 'outcome')} > 0", "{{outcome}}"),),
            Kind.BARS,
        ),
        Panel(
            "Five service levels",
            "Within 20 s, all queues: what each of the variants in use makes of the same calls.",
            tuple(
                Query(
                    formula.promql.replace("sum by (queue) ", "sum").replace("[1h]", f"[{RANGE}]"),
                    name,
                )
                for name, formula in SERVICE_LEVELS.items()
            ),
            Kind.BARS,
            "percentunit",
            variant="A to E",
        ),
    ),
)

_WAITS: Final = (
    (
        Panel(
            "ASA by queue",
            "Waits of the answered / answered, of the last hour.",
            (Query('queue:acd_wait_seconds:mean_1h{queue=~"$queue"}', "{{queue}}"),),
            unit="s",
        ),
        Panel(
            "Estimated wait",
            "How long who joined now would probably wait; no line while nobody can know.",
            _by_queue("acd_estimated_wait_seconds"),
            unit="s",
        ),
        Panel(
            "Told and true",
            "The mean wait that callers were first told, and the mean that it came to be, answered "
            "calls of the last hour.",
            (
                Query(
                    f"{over(_of('acd_wait_predicted_seconds_total'), '1h', '')} / "
                    f"({over(_of('acd_wait_prediction_error_seconds_count'), '1h', '')} > 0)",
                    "told",
                ),
                Query(
                    f"{over(_of('acd_wait_actual_seconds_total'), '1h', '')} / "
                    f"({over(_of('acd_wait_prediction_error_seconds_count'), '1h', '')} > 0)",
                    "true",
                ),
            ),
            unit="s",
        ),
    ),
    (
        Panel(
            "Keys",
            "Options chosen in menus.",
            (
                Query(
                    f"{over('acd_menu_selections_total', RANGE, 'menu, option')} > 0",
                    "{{menu}} {{option}}",
                ),
            ),
            Kind.BARS,
        ),
        Panel(
            "Asked again",
            "Wrong keys and waits for a key in vain, in five minutes.",
            (Query(over("acd_menu_misses_total", "5m", "kind"), "{{kind}}"),),
        ),
        Panel(
            "Left without an agent",
            "Solved in a menu, hung up informed by an incident, or taken out of a queue by a rule "
            "or a supervisor.",
            (
                Query(over("acd_menu_deflections_total", RANGE, ""), "solved in a menu"),
                Query(over("acd_calls_deflected_total", RANGE, ""), "informed"),
                Query(over(_of("acd_calls_left_queue_total"), RANGE, "rule"), "{{rule}}"),
            ),
            Kind.BARS,
        ),
    ),
)

SERVICE: Final = Dashboard(
    "acd-service",
    "Service centre today",
    "How callers fare: what came, how long they waited, how it ended.",
    (_NOW, *_QUEUES, *_WAITS),
    since="now/d",
)
