"""The commands about one call that ask no engine: what log, journal and books say of it.

Rules: as in ``acd.cli``. Each imports what it needs when it runs. Nothing is written.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from acd.command import ConfigDir, for_operators, today
from acd.errors import OperatorError, StoreError

if TYPE_CHECKING:
    from acd.core.ids import CallId
    from acd.core.records import CallEnded


@for_operators
def trace(
    call: Annotated[str, typer.Argument(help="The call's id, as the log and the API show it.")],
    config: ConfigDir = Path("config"),
    log: Annotated[
        Path | None, typer.Option(help="A file of the log; - is standard input: journalctl -o cat.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="A file of a run, or a folder; by default the engine's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> int:
    """Join what log, journal and final record say of one call into one timeline.

    Numbers are cut to their last three digits. Status 1 when nothing is known of it.
    """
    import msgspec
    from rich.console import Console

    from acd.config.service import Reader
    from acd.core.ids import CallId
    from acd.timeline import timeline
    from acd.trace import Moment, from_journal, from_log, from_record, join

    name, notes = CallId(call), list[str]()
    moments = list[Moment]()
    with Reader(config, today()) as reader:
        service = reader.service()
    if log is None:
        notes.append("log: none was named; --log does")
    else:
        with _lines(log) as lines:
            moments += from_log(lines, name)
    moments += from_journal(journal or service.data_dir / "journal", name, notes)
    ended = _ended(service.store_url, name, notes)
    if ended is not None:
        moments += from_record(ended)
    found = join(name, moments, notes)
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        Console(highlight=False).print(timeline(found))
    return 0 if found.moments else 1


@contextmanager
def _lines(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield sys.stdin
        return
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            yield stream
    except OSError as error:
        raise OperatorError(f"{file}: cannot be read: {error.strerror}") from None


def _ended(url: str, call: "CallId", notes: list[str]) -> "CallEnded | None":
    from acd.store.opening import file_of, open_store

    try:
        if (file := file_of(url)) is not None and not file.exists():
            notes.append(f"record: there are no books at {file}")
            return None
        store = open_store(url)
    except StoreError as error:
        notes.append(f"record: {error}")
        return None
    try:
        ended = store.ended(call)
    finally:
        store.close()
    if ended is None:
        notes.append("record: the books have no final record of it")
    return ended
