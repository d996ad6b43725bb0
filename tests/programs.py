"""Programs of the system that some tests run: missing ones are skipped loudly, in CI they fail."""

import os
import shutil

import pytest


def needed(program: str, package: str) -> str:
    """The program's path. Without it the test is skipped; where CI is set, it fails."""
    path = shutil.which(program)
    if path is None:
        why = f"{program} is missing: make lab-install as root, or apt-get install {package}"
        if os.environ.get("CI", "").lower() not in ("", "0", "false", "no"):
            pytest.fail(why)
        pytest.skip(why)
    return path
