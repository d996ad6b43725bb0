"""How late the event loop is: what stands in its way, whatever it is, shows here.

Ten times a second it is asked to come at once, and how late it came is told. A stall shorter than a
tenth of a second may fall between two questions; one that is longer is always seen.
It must not know who is told.
"""

import asyncio
from collections.abc import Callable
from typing import Final

EVERY_SECONDS: Final = 0.1


def watch(
    loop: asyncio.AbstractEventLoop, now: Callable[[], float], tell: Callable[[float], None]
) -> None:
    """Have ``tell`` called with the lateness in seconds for as long as the loop runs."""

    def ask() -> None:
        due_at = now() + EVERY_SECONDS

        def come() -> None:
            tell(max(0.0, now() - due_at))
            ask()

        loop.call_later(EVERY_SECONDS, come)

    ask()
