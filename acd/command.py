"""What every command has: its folder of configuration, the day, and its errors told.

Rules: what an operator can repair is printed as it stands, to standard error, and the status is 1.
It must not know any command.
"""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from acd.clock import Clock
from acd.errors import OperatorError

ConfigDir = Annotated[Path, typer.Option("--config", help="The folder with acd.yaml.")]
Parameters = ParamSpec("Parameters")


def for_operators(command: Callable[Parameters, int]) -> Callable[Parameters, None]:
    """Make a command's result the exit status, and an operator's error a text and status 1."""

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
        except OperatorError as error:
            print(error, file=sys.stderr)
            status = 1
        raise typer.Exit(status)

    return run


def today() -> date:
    """The present day in UTC."""
    return datetime.fromtimestamp(Clock().now(), UTC).date()
