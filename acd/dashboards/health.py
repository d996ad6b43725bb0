"""The dashboard "Engine and PBX health": whether acd keeps up, and with whom."""

from typing import Final

from acd.dashboards.formulas import over
from acd.dashboards.panels import RANGE, Dashboard, Kind, Panel, Query


def _quantile(share: float, histogram: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:g}, sum by ({labels}) (rate({histogram}_bucket[5m])))"


_NOW: Final = (
    Panel(
        "Engine",
        "1 while it answers Prometheus.",
        (Query('min(up{job="acd"})'),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Up for",
        "Since the process began.",
        (Query('time() - process_start_time_seconds{job="acd"}'),),
        Kind.NUMBER,
        "s",
        4,
    ),
    Panel(
        "PBXs in step",
        "Links that are up and in step.",
        (Query("sum(acd_ami_connected)"),),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Callers lost",
        "Calls that the dialplan had to take, or that went away with the PBX.",
        (
            Query(
                over('acd_calls_ended_total{outcome=~"emergency|switch_lost"}', RANGE, ""),
            ),
        ),
        Kind.NUMBER,
        width=4,
    ),
    Panel(
        "Memory",
        "What the process has of the machine's.",
        (Query('process_resident_memory_bytes{job="acd"}'),),
        Kind.NUMBER,
        "bytes",
        4,
    ),
    Panel(
        "Processor",
        "The share of one core.",
        (Query('rate(process_cpu_seconds_total{job="acd"}[5m])'),),
        Kind.NUMBER,
        "percentunit",
        4,
    ),
)

_ENGINE: Final = (
    (
        Panel(
            "Dispatch latency",
            "Match possible to Originate written: what half and 99 in a hundred do not exceed.",
            (
                Query(_quantile(0.5, "acd_dispatch_latency_seconds"), "half"),
                Query("centre:acd_dispatch_latency_seconds:p99_5m", "99 in 100"),
            ),
            unit="s",
        ),
        Panel(
            "Loop lag",
            "How late the event loop came to what was due: half, and 99 in a hundred.",
            (
                Query(_quantile(0.5, "acd_loop_lag_seconds"), "half"),
                Query("centre:acd_loop_lag_seconds:p99_5m", "99 in 100"),
            ),
            unit="s",
        ),
        Panel(
            "Inbox",
            "What has come in and waits to be worked off.",
            (Query("acd_inbox_items", "items"),),
        ),
    ),
    (
        Panel(
            "AMI messages",
            "A second, by PBX.",
            (Query("sum by (pbx) (rate(acd_ami_messages_total[5m]))", "{{pbx}}"),),
        ),
        Panel(
            "AMI lag",
            "From the PBX's Timestamp to the message being worked off, 99 in a hundred.",
            (Query(_quantile(0.99, "acd_ami_lag_seconds", "pbx"), "{{pbx}}"),),
            unit="s",
        ),
        Panel(
            "Clocks",
            "The system's clock beside ours, and each PBX's message beside our clock.",
            (
                Query("acd_clock_drift_seconds", "system"),
                Query("acd_ami_clock_offset_seconds", "{{pbx}}"),
            ),
            unit="s",
        ),
    ),
)

_BOOKS: Final = (
    (
        Panel(
            "What was wrong",
            "Links lost, messages refused, differences put right, notices.",
            (
                Query(over("acd_ami_link_losses_total", RANGE, "pbx"), "{{pbx}}: link lost"),
                Query(over("acd_ami_rejected_messages_total", RANGE, ""), "messages refused"),
                Query(over("acd_reconcile_repairs_total", RANGE, "kind"), "repaired: {{kind}}"),
                Query(over("acd_notices_total", RANGE, "kind"), "notice: {{kind}}"),
            ),
            Kind.BARS,
        ),
        Panel(
            "Books behind",
            "How long the oldest record and the oldest journal entry wait to be durable.",
            (
                Query("acd_store_lag_seconds", "store"),
                Query("acd_journal_lag_seconds", "journal"),
            ),
            unit="s",
        ),
        Panel(
            "Records on their way",
            "In memory only; durable in the spill file and not yet in the store.",
            (
                Query("acd_store_pending_records", "in memory"),
                Query("acd_store_spilled_records", "spilled"),
            ),
        ),
    ),
    (
        Panel(
            "Lost from the books",
            "Records refused and journal entries dropped.",
            (
                Query(over("acd_store_refused_records_total", RANGE, ""), "records"),
                Query(over("acd_journal_dropped_entries_total", RANGE, ""), "journal entries"),
            ),
            Kind.BARS,
        ),
        Panel(
            "Configuration read again",
            "By result.",
            (Query(over("acd_config_reloads_total", RANGE, "result"), "{{result}}"),),
            Kind.BARS,
        ),
        Panel(
            "Asked for over HTTP",
            "Changes by agents and supervisors, by result.",
            (Query(over("acd_change_requests_total", RANGE, "result"), "{{result}}"),),
            Kind.BARS,
        ),
    ),
)

HEALTH: Final = Dashboard(
    "acd-health",
    "Engine and PBX health",
    "Whether acd keeps up, with which PBXs it is in step, and whether its books are whole.",
    (_NOW, *_ENGINE, *_BOOKS),
)
