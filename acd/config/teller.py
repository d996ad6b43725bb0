"""A process apart that makes an incident's words audible, as the engine starts it.

Speaking would hold up the event loop even from a thread (see ``acd.config.service``): so another
process does it, and this one waits for it in a thread. What it cannot speak is told in words.
This module must not import what speaking needs.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from acd.core.incident import Incident, Wish
from acd.errors import OperatorError, PromptError

_TELLER: Final = "acd.config.telling"
_LONGEST_SECONDS: Final = 120.0


def have_told(config_dir: Path, wish: Wish) -> Incident:
    """Have what is new of an incident spoken; return it as it is heard. Raises OperatorError."""
    try:
        done = subprocess.run(
            # -P: what lies in the folder somebody happens to be in is no module of ours.
            [sys.executable, "-P", "-m", _TELLER, str(config_dir)],
            input=msgspec.json.encode(wish),
            stdout=subprocess.PIPE,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise PromptError(f"nothing was spoken within {_LONGEST_SECONDS:g} s; try again") from None
    if done.returncode:
        raise OperatorError(f"the process that speaks ended with {done.returncode}; try again")
    told: Incident | str = msgspec.json.decode(done.stdout, type=Incident | str)
    if isinstance(told, str):
        raise PromptError(told)
    return told
