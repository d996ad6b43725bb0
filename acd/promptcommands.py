"""The commands about what menus say: speak it, report on it, tidy up.

Rules: as in ``acd.cli``. Each imports what it needs when it runs.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from acd.clock import Clock
from acd.command import ConfigDir, for_operators, today

prompts_app = typer.Typer(no_args_is_help=True, help="What the menus say.")


@prompts_app.command("build")
@for_operators
def prompts_build(
    config: ConfigDir = Path("config"),
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is up to date; recordings never.")
    ] = False,
) -> int:
    """Speak the prompts that nobody has recorded."""
    from acd.config.loader import load
    from acd.config.prompts import build

    loaded = load(config, today=today(), need_prompts=False)
    before = build(loaded, Clock().now(), only_missing=not everything)
    again = len(before.current) if everything else 0
    spoken = len(before.missing) - len(before.untold) + len(before.stale) + again
    told = [f"{spoken} prompts spoken, {len(before.recorded)} recorded by hand and left alone"]
    others = (
        (before.outdated, "of these before the text changed"),
        (before.untold, "without a text, to be recorded"),
        (before.unused, "files no longer used"),
    )
    told += [f"{len(names)} {what}" for names, what in others if names]
    print(", ".join(told))
    return 0


@prompts_app.command("report")
@for_operators
def prompts_report(
    config: ConfigDir = Path("config"),
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is as it should be.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All of it, for programs.")] = False,
    strict: Annotated[
        bool, typer.Option(help="Status 1 when one is missing, damaged, clipped, of wrong format.")
    ] = False,
) -> int:
    """Tell which prompts are missing, old or unused, and measure the others with sox."""
    from acd.config.loader import load
    from acd.config.promptreport import report
    from acd.config.prompts import status
    from acd.promptsheet import in_json, show

    loaded = load(config, today=today(), need_prompts=False)
    found = report(status(loaded), loaded.prompts_dir)
    if as_json:
        print(in_json(found))
    else:
        show(found, sys.stdout, everything=everything)
    return 1 if strict and found.grave else 0


@prompts_app.command("clean")
@for_operators
def prompts_clean(
    config: ConfigDir = Path("config"),
    keep_hours: Annotated[
        float, typer.Option(min=0, help="For so long something may still play what nothing names.")
    ] = 24.0,
) -> int:
    """Remove spoken files that nothing has named for a time; recordings never."""
    from acd.config.loader import load
    from acd.config.prompts import clean

    loaded = load(config, today=today(), need_prompts=False)
    done = clean(loaded, Clock().now(), keep_hours * 3600)
    for name in done.removed:
        print(f"removed {name}")
    print(f"{len(done.removed)} files removed, {len(done.kept)} not unused for long enough")
    return 0


@prompts_app.command("accept")
@for_operators
def prompts_accept(
    names: Annotated[list[str], typer.Argument(help="Recordings, like de/main/welcome.")],
    config: ConfigDir = Path("config"),
) -> int:
    """Say that recordings are right for their present texts, though these have changed."""
    from acd.config.loader import load
    from acd.config.prompts import accept

    accept(load(config, today=today(), need_prompts=False), names, Clock().now())
    return 0
