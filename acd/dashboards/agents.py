"""The dashboard "Agents and wrap-up": who is there, and what the work takes. Nobody by name."""

from typing import Final

from acd.dashboards.formulas import handle_time, occupancy, over, utilisation
from acd.dashboards.panels import QUEUES, RANGE, Dashboard, Kind, Panel, Query


def _quantile(share: float, histogram: str, range_: str = "1h") -> str:
    grown = f"rate({histogram}_bucket{{{QUEUES}}}[{range_}])"
    return f"histogram_quantile({share:g}, sum by (le) ({grown}))"


def _wrap_up(part: str) -> str:
    return f"acd_wrap_up_seconds_{part}{{{QUEUES}}}"


_PER_TALK: Final = f"({over('acd_talk_seconds_count', '1h', '')} > 0)"

_NOW: Final = (
    Panel(
        "Ready",
        "Agents who said so, whatever they do.",
        (Query('sum(acd_agents{presence="ready"})'),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Not ready",
        "Agents who are logged in and said so, or let a call ring.",
        (Query('sum(acd_agents{presence="not_ready"})'),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "In wrap-up",
        "Agents who are locked for after-call work.",
        (Query('sum(acd_agents{activity="wrap_up"})'),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Occupancy",
        "(talk + hold + wrap-up) / (staffed - not ready), all agents.",
        (Query(occupancy(RANGE)),),
        Kind.NUMBER,
        "percentunit",
        4,
    ),
    Panel(
        "AHT",
        "(talk + hold + wrap-up) / talks, all queues.",
        (Query(handle_time(RANGE, "")),),
        Kind.NUMBER,
        "s",
        4,
    ),
    Panel(
        "RONA",
        "Agents set not ready because they did not answer.",
        (Query(over("acd_rona_total", RANGE, "")),),
        Kind.NUMBER,
        width=4,
    ),
)

_PEOPLE: Final = (
    (
        Panel(
            "What agents do",
            "All who are logged in, by what they said and what they do.",
            (
                Query(
                    'acd_agents{presence!="logged_out"}',
                    "{{presence}}, {{activity}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Why not ready",
            "By the reasons of the configuration.",
            (Query("acd_agents_not_ready", "{{reason}}"),),
            stacked=True,
        ),
        Panel(
            "Occupancy and utilisation",
            "Of the last hour: (talk + hold + wrap-up) / (staffed - not ready), and / staffed.",
            (
                Query("centre:acd_agent_occupancy:ratio_1h", "occupancy"),
                Query(utilisation("1h"), "utilisation"),
            ),
            unit="percentunit",
        ),
    ),
    (
        Panel(
            "Free for a queue",
            "Agents with the skills who can be rung now.",
            (Query(f"acd_queue_agents_free{{{QUEUES}}}", "{{queue}}"),),
        ),
        Panel(
            "Ready by skill",
            "Agents with the skill who are ready, whatever they do.",
            (Query("acd_skill_agents_ready", "{{skill}}"),),
        ),
        Panel(
            "Skills now",
            "Logged in, ready and free, by skill.",
            (
                Query("acd_skill_agents_staffed", "{{skill}}: logged in"),
                Query("acd_skill_agents_ready", "{{skill}}: ready"),
                Query("acd_skill_agents_free", "{{skill}}: free"),
            ),
            Kind.BARS,
        ),
    ),
)

_WORK: Final = (
    (
        Panel(
            "AHT and its parts",
            "Of the last hour, all queues, a talk: talk without hold, hold, wrap-up. Together they "
            "are AHT.",
            (
                Query(
                    f"({over('acd_talk_seconds_sum', '1h', '')} - "
                    f"{over('acd_hold_seconds_total', '1h', '')}) / {_PER_TALK}",
                    "talk",
                ),
                Query(f"{over('acd_hold_seconds_total', '1h', '')} / {_PER_TALK}", "hold"),
                Query(f"{over('acd_wrap_up_seconds_sum', '1h', '')} / {_PER_TALK}", "wrap-up"),
            ),
            unit="s",
            stacked=True,
        ),
        Panel(
            "AHT by queue",
            "(talk + hold + wrap-up) / talks, of the last hour.",
            (Query(f"queue:acd_handle_seconds:mean_1h{{{QUEUES}}}", "{{queue}}"),),
            unit="s",
        ),
        Panel(
            "Rings by how they ended",
            "In five minutes, the chosen queues together.",
            (Query(over(f"acd_ring_outcomes_total{{{QUEUES}}}", "5m", "outcome"), "{{outcome}}"),),
            stacked=True,
        ),
    ),
    (
        Panel(
            "Wrap-ups running",
            "Agents in wrap-up, by the queue of their last call.",
            (Query(f"acd_wrap_ups_running{{{QUEUES}}}", "{{queue}}"),),
            stacked=True,
        ),
        Panel(
            "How wrap-ups ended",
            "Ended by the agent, at the cap, or by logging out.",
            (Query(over(f"acd_wrap_ups_ended_total{{{QUEUES}}}", RANGE, "how"), "{{how}}"),),
            Kind.BARS,
        ),
        Panel(
            "How long wrap-ups take",
            "Of the last hour, the chosen queues together: the mean, and what half and nine in ten "
            "do not exceed.",
            (
                Query(
                    f"{over(_wrap_up('sum'), '1h', '')} / "
                    f"({over(_wrap_up('count'), '1h', '')} > 0)",
                    "mean",
                ),
                Query(_quantile(0.5, "acd_wrap_up_seconds"), "half"),
                Query(_quantile(0.9, "acd_wrap_up_seconds"), "nine in ten"),
            ),
            unit="s",
        ),
    ),
)

AGENTS: Final = Dashboard(
    "acd-agents",
    "Agents and wrap-up",
    "Who is there, what the work takes, and what comes after a call. Nobody by name.",
    (_NOW, *_PEOPLE, *_WORK),
    since="now/d",
)
