"""The web's imports, which take longer than any other part of a start, a part at a time.

Rules: calls come first. No part begins while the caller says that there is something better to do,
but everything is loaded after ``most_seconds`` of such waiting: people have to see what goes wrong.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Final

_PARTS: Final = (
    "pydantic",
    "pydantic.main",
    "starlette.applications",
    "fastapi",
    "uvicorn",
    "acd.web.app",
    "acd.web.server",
)
"""In the order of what needs what; FastAPI itself takes half of all."""
_LOOK_SECONDS: Final = 0.02


async def load(is_busy: Callable[[], bool], most_seconds: float = 2.0) -> None:
    """Import all of it, in a thread, so that the event loop goes on meanwhile."""
    looks = most_seconds / _LOOK_SECONDS
    for part in _PARTS:
        while looks > 0 and is_busy():
            looks -= 1
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.to_thread(import_module, part)
