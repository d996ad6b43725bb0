"""The commands that read the books: the database that an engine writes, which may be at work.

Rules: as in ``acd.cli``. Nothing is written but what is asked for, to standard output.
"""

import csv
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from acd.command import ConfigDir, for_operators, today
from acd.errors import OperatorError

if TYPE_CHECKING:
    from acd.core.records import FormFilled


@for_operators
def forms(
    form: Annotated[str, typer.Argument(help="What a menu's `keep` calls it: meter_reading.")],
    config: ConfigDir = Path("config"),
    since: Annotated[
        str, typer.Option(help="From this day on, in UTC: 2026-11-01. By default all.")
    ] = "",
) -> int:
    """Print what callers gave in menus as CSV: a line each, oldest first, in UTC."""
    from acd.config.service import Reader
    from acd.store.opening import open_store

    begin = _midnight(since) if since else 0.0
    with Reader(config, today()) as reader:
        service = reader.service()
    store = open_store(service.store_url)
    try:
        write_forms(store.forms(form, begin), sys.stdout)
    finally:
        store.close()
    return 0


def write_forms(filled: "tuple[FormFilled, ...]", out: TextIO) -> None:
    """Write forms as CSV; a column for each name that any of them has, in the order of coming."""
    names = list(dict.fromkeys(name for one in filled for name in one.values))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["filled_at", "call", *names])
    for one in filled:
        at = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer.writerow([at, one.call, *(one.values.get(name, "") for name in names)])


def _midnight(text: str) -> float:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise OperatorError(f'--since {text!r} is no day: write "2026-11-01"') from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
