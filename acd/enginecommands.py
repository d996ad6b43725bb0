"""The commands that ask a running engine, over HTTP.

Rules: as in ``acd.cli``. Each imports what it needs when it runs. A token is never an argument.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from acd.command import ConfigDir, for_operators
from acd.errors import ConfigError

Url = Annotated[
    str, typer.Option(help="Where the engine is; by default where acd.yaml has it listen.")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="A file with a bearer token; without it the variable ACD_TOKEN counts."),
]


@for_operators
def explain(
    call: Annotated[str, typer.Argument(help="The call's id, as the log and the API show it.")],
    config: ConfigDir = Path("config"),
    url: Url = "",
    token_file: TokenFile = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Name every agent, however many there are.")
    ] = False,
) -> int:
    """Tell why a call is where it is: each decision, who could have been rung, who not and why.

    Status 1 when the engine is not reached or does not know the call.
    """
    from rich.console import Console

    from acd.account import account
    from acd.core.ids import CallId
    from acd.remote import Remote, read_token

    token = read_token(token_file, os.environ)
    explanation = Remote(url or _url(config), token).explain(CallId(call))
    Console(highlight=False).print(account(explanation, everybody=everybody))
    return 0


@for_operators
def reload(config: ConfigDir = Path("config"), url: Url = "", token_file: TokenFile = None) -> int:
    """Have the running engine read its configuration again, and tell what is different.

    Status 1 when it is refused: every mistake is told, and the old one goes on serving.
    """
    from acd.remote import Remote, read_token

    token = read_token(token_file, os.environ)
    reloaded = Remote(url or _url(config), token).reload()
    for line in reloaded.needs_restart:
        print(f"needs a restart: {line}")
    for change in reloaded.changes:
        print(change)
    count = len(reloaded.changes)
    if count == 0:
        print("nothing is different")
    else:
        print(f"{count} change{'s are' if count > 1 else ' is'} at work")
    return 0


@for_operators
def top(config: ConfigDir = Path("config"), url: Url = "", token_file: TokenFile = None) -> int:
    """Show queues, calls and agents of a running engine as they change, until Ctrl-C.

    An engine that goes away is waited for. Status 1 when none is reached at first, or the token is
    not, or no longer, good for it.
    """
    from acd.remote import Remote, read_token
    from acd.top import show_until_interrupted

    token = read_token(token_file, os.environ)
    show_until_interrupted(Remote(url or _url(config), token))
    return 0


def _url(config: Path) -> str:
    """Where an engine of this machine with that configuration listens.

    A configuration that is wrong elsewhere says it all the same.
    """
    from acd.config.files import read_files
    from acd.remote import address

    files = read_files(config, None)
    if files.acd is None:
        raise ConfigError(files.acd_source.problems)
    return address(files.acd.http.host, files.acd.http.port)
