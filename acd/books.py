"""The engine's hold on its store: what it remembers at its start, what it writes as it goes on.

Rules: routing never waits for it. A store out of reach is no reason not to serve: the engine starts
with what its spill file knows and writes there until the store is back. One that is refused (of a
newer version, somebody else's file) is a reason: whoever wrote on it would lose the books.
It must not know what a record means.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from acd.core.memory import NOTHING, Memory
from acd.core.records import Record
from acd.errors import StoreAwayError, StoreError
from acd.log import Log
from acd.store.port import Store
from acd.store.writer import REFUSED, Writer
from acd.web.port import EngineBusy

_CLOSE_SECONDS: Final = 0.4
_DURABLE_SECONDS: Final = 5.0
"""How long somebody who asked for something waits for his answer at most."""


class Books:
    """One for a daemon; without ``open_store`` nothing outlives it."""

    def __init__(
        self,
        open_store: Callable[[], Store] | None,
        spill_path: Path,
        now: Callable[[], float],
        log: Log,
    ) -> None:
        self._log = log
        self._ticket = 0
        self.writer = (
            Writer(
                open_store,
                spill_path,
                now,
                on_trouble=self._trouble,
                on_recovered=self._recovered,
            )
            if open_store is not None
            else None
        )

    async def open(self) -> Memory:
        """What was before. Raises StoreError when the store is refused."""
        writer = self.writer
        if writer is None:
            return NOTHING
        try:
            return await asyncio.to_thread(writer.start)
        except StoreAwayError as error:
            self._trouble(str(error))
            return await asyncio.to_thread(writer.start, without_store=True)

    def write(self, records: Sequence[Record]) -> None:
        """Have these records written; never waits."""
        if self.writer is not None:
            ticket = self.writer.put(records)
            if ticket != REFUSED:
                self._ticket = ticket

    async def are_durable(self) -> None:
        """Return when all that was written until now is durable.

        Raises EngineBusy when it is not in time: it was done, but a power cut could undo it.
        """
        if self.writer is None:
            return
        try:
            async with asyncio.timeout(_DURABLE_SECONDS):
                await self.writer.wait_committed(self._ticket)
        except (StoreError, TimeoutError):
            raise EngineBusy("it is done, but it could not be written down; look again") from None

    async def close(self) -> None:
        """Write down what is left, within half a second."""
        if self.writer is not None and not await asyncio.to_thread(
            self.writer.stop, _CLOSE_SECONDS
        ):
            self._trouble("not everything could be written down at the end")

    def _trouble(self, why: str) -> None:
        self._log.error("store_trouble", why=why)

    def _recovered(self) -> None:
        self._log.info("store_recovered")
