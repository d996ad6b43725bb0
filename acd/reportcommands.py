"""The commands that add up the books: reports on intervals, and the calls themselves.

Rules: as in ``acd.cli``. They read, from the database that an engine may be writing, and write to
standard output; into the database goes only what a report has added up of whole days, so that the
next one need not, and no report fails because it cannot.
"""

import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from acd.clock import Clock
from acd.command import ConfigDir, for_operators, today
from acd.errors import OperatorError, StoreError

_PAGE_CHARACTERS = 160

if TYPE_CHECKING:
    from acd.config.service import Service
    from acd.report.asked import Asked
    from acd.report.sheet import Sheet

export_app = typer.Typer(no_args_is_help=True, help="What the books hold, for other programs.")

Since = Annotated[
    str, typer.Option("--from", help="A day, 2026-11-01, or a time of it, 2026-11-01T08:00.")
]
Until = Annotated[str, typer.Option("--to", help="The same; a day is part of the range.")]


class Topic(StrEnum):
    """What a report is about."""

    QUEUE = "queue"
    AGENT = "agent"
    MENU = "menu"


class Length(StrEnum):
    """How long an interval is."""

    QUARTER = "15m"
    HALF = "30m"
    HOUR = "1h"
    DAY = "day"


class Shape(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    CSV = "csv"
    HTML = "html"


class ExportShape(StrEnum):
    """What exported calls are written as."""

    CSV = "csv"
    JSON = "json"


@for_operators
def report(
    topic: Annotated[Topic, typer.Argument(help="What it is about.")],
    config: ConfigDir = Path("config"),
    interval: Annotated[Length, typer.Option(help="How long each interval is.")] = Length.HOUR,
    since: Since = "",
    until: Until = "",
    shape: Annotated[
        Shape, typer.Option("--format", help="html is one page with charts.")
    ] = Shape.TABLE,
    within: Annotated[
        float | None,
        typer.Option(min=0, help="T of the service level, in seconds, instead of each queue's."),
    ] = None,
) -> int:
    """Print figures of intervals, in the time zone of acd.yaml; today's without --from and --to.

    Agents are shown one by one only where `reporting` in acd.yaml says so.
    """
    from acd.report.asked import Asked
    from acd.report.intervals import make_intervals, read_range

    service = _service(config)
    zone, now = _zone(service), Clock().now()
    begin, end = read_range(since, until, zone, now)
    asked = Asked(
        intervals=make_intervals(begin, end, interval, zone),
        plan=service.plan,
        zone=zone.key,
        now=now,
        within_seconds=within,
        records_days=service.retention.records_days,
        agents_shown=service.agents_shown,
    )
    _show(_add_up(topic, service.store_url, asked), shape)
    return 0


@export_app.command()
@for_operators
def calls(
    config: ConfigDir = Path("config"),
    since: Since = "",
    until: Until = "",
    shape: Annotated[
        ExportShape, typer.Option("--format", help="json is an object a line, with all its parts.")
    ] = ExportShape.CSV,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Callers' numbers and what they typed, whole.")
    ] = False,
) -> int:
    """Print the calls that came in a range and are over; today's without --from and --to.

    Agents are named only where `reporting` in acd.yaml says so.
    """
    from acd.report.export import Exporting, write_calls_csv, write_calls_json
    from acd.report.intervals import read_range
    from acd.store.figures import Figures
    from acd.store.opening import open_store

    service = _service(config)
    zone, now = _zone(service), Clock().now()
    begin, end = read_range(since, until, zone, now)
    how = Exporting(zone, whole=numbers, agents_shown=service.agents_shown)
    write = {ExportShape.CSV: write_calls_csv, ExportShape.JSON: write_calls_json}[shape]
    store = open_store(service.store_url)
    try:
        with store.reading() as connection:
            write(Figures(connection, now).calls(begin, end), how, sys.stdout)
    finally:
        store.close()
    return 0


def _add_up(topic: Topic, store_url: str, asked: "Asked") -> "Sheet":
    from acd.report.agents import agent_report
    from acd.report.menus import menu_report
    from acd.report.queues import queue_report
    from acd.store.daysums import keep
    from acd.store.figures import Figures
    from acd.store.opening import open_store

    make = {Topic.QUEUE: queue_report, Topic.AGENT: agent_report, Topic.MENU: menu_report}[topic]
    store = open_store(store_url)
    try:
        with store.reading() as connection, store.reading() as beside:
            figures = Figures(connection, asked.now, beside)
            sheet = make(figures, asked)
        with suppress(StoreError):
            keep(store, figures.fresh)
        return sheet
    finally:
        store.close()


def _show(sheet: "Sheet", shape: Shape) -> None:
    from rich.console import Console

    from acd.report.page import page
    from acd.report.writing import table, write_csv

    if shape is Shape.CSV:
        write_csv(sheet, sys.stdout)
        for note in sheet.notes:
            print(note, file=sys.stderr)
    elif shape is Shape.HTML:
        sys.stdout.write(page(sheet))
    else:
        # What is not read on a terminal need not fit one.
        console = Console(width=None if sys.stdout.isatty() else _PAGE_CHARACTERS)
        console.print(table(sheet, console.width))


def _service(config: Path) -> "Service":
    from acd.config.service import Reader

    with Reader(config, today()) as reader:
        return reader.service()


def _zone(service: "Service") -> ZoneInfo:
    if not service.time_zone:
        raise OperatorError(
            "it is not known whose midnight days begin at: add time_zone to acd.yaml, for example"
            " Europe/Berlin"
        )
    return ZoneInfo(service.time_zone)
