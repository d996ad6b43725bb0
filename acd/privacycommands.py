"""The commands for a caller who asks what is known of him: his rights to a copy and to erasure.

Rules: as in ``acd.cli``. The store is asked directly, an engine may be at work meanwhile. Other
users of the machine can see a command's arguments while it runs, so a number may be ``-``: then it
is read from standard input.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acd.command import ConfigDir, for_operators, today

if TYPE_CHECKING:
    from acd.privacy import Folders, Known
    from acd.store.port import Store

privacy_app = typer.Typer(
    no_args_is_help=True, help="What is kept of one caller, by his number: docs/privacy.md."
)

Number = Annotated[
    str, typer.Argument(help="As he dials from: +493055512345 or 03055512345; - reads it.")
]


class _Found(NamedTuple):
    """What is known of a number, and where."""

    store: "Store"
    known: "Known"
    folders: "Folders"
    journal: Path
    journal_days: int | None


@privacy_app.command("export")
@for_operators
def export(number: Number, config: ConfigDir = Path("config")) -> int:
    """Print all that is kept of a number as JSON, with the names of the files of his voice."""
    import msgspec

    with _found(number, config) as found:
        print(msgspec.json.format(msgspec.json.encode(found.known)).decode())
    return 0


@privacy_app.command("erase")
@for_operators
def erase(
    number: Number,
    config: ConfigDir = Path("config"),
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without this it is told only.")
    ] = False,
) -> int:
    """Erase a number, what its caller typed and said, and its recordings; the records stay without.

    Status 1 when something of it is left; each such thing is named with what to do.
    """
    from acd.clock import Clock
    from acd.privacy import erase as erase_known

    with _found(number, config) as found:
        known = found.known
        what = (
            f"{len(known.calls)} calls, {len(known.surveys)} answers, {len(known.forms)} forms, "
            f"{len(known.voicemails)} voicemails, {len(known.files)} files"
        )
        if not yes:
            print(f"found: {what}; nothing was changed: --yes erases it")
            return 0
        gone = erase_known(found.store, known, found.folders, Clock().now())
    print(
        f"erased: {gone.calls} calls, {gone.surveys} answers, {gone.forms} forms, "
        f"{gone.voicemails} voicemails, {gone.files} files"
    )
    for line in gone.left:
        print(f"left: {line}", file=sys.stderr)
    until = f"for {found.journal_days} days" if found.journal_days else "until it is deleted"
    print(f"the journal in {found.journal} may hold the number {until}; so may backups")
    return 1 if gone.left else 0


@contextmanager
def _found(number: str, config: Path) -> Iterator[_Found]:
    from acd.config.service import Reader
    from acd.privacy import Folders, known_of
    from acd.store.opening import open_store

    if number == "-":
        number = sys.stdin.readline().strip()
    with Reader(config, today()) as reader:
        service = reader.service()
    folders = Folders(service.recordings_dir, service.voicemail_dir)
    store = open_store(service.store_url)
    try:
        known = known_of(store, number, service.country_code, folders)
        days = service.retention.journal_days
        yield _Found(store, known, folders, service.data_dir / "journal", days)
    finally:
        store.close()
