"""Reading the configuration again: asked for by people, or by their editing a file.

Rules: one at a time. Who asks while one is under way gets the next one, since the files may have
been read already; all who ask before that begins share it. It is taken whole or refused whole.
Reading and comparing are done in a thread, so that calls go on. What is wrong is told whenever
somebody asked, but of edits only once: he saves a file, sees what is wrong, and saves it again.
It must not know how a configuration is written.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from acd.changes import changes
from acd.config.audio import AUDIO_ENDINGS
from acd.core.events import PlanReplaced
from acd.core.ids import DeviceId
from acd.core.plan import Plan
from acd.edits import edits
from acd.errors import OperatorError
from acd.web.port import Reloaded

ENDINGS: Final = AUDIO_ENDINGS | {".yaml", ".yml"}
"""Of the files by whose edits the configuration is read again."""


class Fresh(NamedTuple):
    """A configuration as it was read just now."""

    plan: Plan
    needs_restart: tuple[str, ...] = ()
    """What is different and does not count before a restart, a line each."""
    watched: tuple[Path, ...] = ()
    """The folders whose edits are noticed; none when that is switched off."""


class Told(Protocol):
    """Who is told how it went."""

    def reloaded(self, reloaded: Reloaded) -> None:
        """A new configuration is at work."""

    def refused_configuration(self, why: str) -> None:
        """One was read and not taken."""

    def unwatched(self, why: str) -> None:
        """Edits are not noticed."""


Outcome = Reloaded | OperatorError


class Reloads:
    """All readings of one engine's configuration; ``plan`` is the one at work.

    ``read`` raises OperatorError (ConfigError, as a rule) when there is none to be had; without it
    nothing is ever read. ``take`` puts each new plan into the inbox, and `taken` is to be called
    when its step is done.
    """

    def __init__(
        self,
        read: Callable[[], Fresh] | None,
        plan: Plan,
        take: Callable[[PlanReplaced], None],
        told: Told,
    ) -> None:
        self.plan = plan
        self._read = read
        self._take = take
        self._told = told
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[Outcome] | None = None
        self._asked_for = False
        """Somebody waits for the next one, or has at least asked for it."""
        self._taken = asyncio.Event()
        self._needs_restart: tuple[str, ...] = ()
        """As it was told last."""
        self._complaint = ""
        """What was wrong with the last one, as far as it has been told."""
        self._watched: tuple[Path, ...] = ()
        self._watching: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[Outcome]] = set()

    def phones(self) -> frozenset[DeviceId]:
        """The phones of the agents of the plan at work."""
        return frozenset(agent.phone for agent in self.plan.agents.values())

    async def ask(self) -> Reloaded:
        """Read it again and return what is different. Raises OperatorError; all is as it was then.

        Being cancelled does not undo it.
        """
        outcome = await asyncio.shield(self.begin())
        if isinstance(outcome, OperatorError):
            raise outcome
        return outcome

    def begin(self, *, edited: bool = False) -> asyncio.Task[Outcome]:
        """Have it read again, unless a reading that was asked for has not begun yet."""
        self._asked_for = self._asked_for or not edited
        if self._next is None:
            self._next = asyncio.create_task(self._reload(), name="reload")
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        return self._next

    def taken(self) -> None:
        """The engine works by the plan it was given last."""
        self._taken.set()

    def watch(self, folders: tuple[Path, ...]) -> None:
        """Notice edits below these folders from now on, and below no others."""
        if folders != self._watched or (folders and self._watching is None):
            self._stop.set()
            self._watched, self._watching, self._stop = folders, None, asyncio.Event()
            if folders:
                following = self._follow(folders, self._stop)
                self._watching = asyncio.create_task(following, name="edits")

    async def close(self) -> None:
        """End what is under way."""
        self._stop.set()
        under_way = [task for task in (*self._tasks, self._watching) if task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _follow(self, folders: tuple[Path, ...], stop: asyncio.Event) -> None:
        try:
            async for _ in edits(folders, ENDINGS, stop):
                self.begin(edited=True)
        except OperatorError as error:
            self._told.unwatched(str(error))
            self._watching = None

    async def _reload(self) -> Outcome:
        async with self._one_at_a_time:
            asked_for = self._asked_for
            self._next, self._asked_for = None, False
            try:
                fresh, outcome, same = await asyncio.to_thread(self._compared)
            except OperatorError as error:
                if asked_for or str(error) != self._complaint:
                    self._told.refused_configuration(str(error))
                self._complaint = str(error)
                return error
            self._complaint = ""
            if same and not asked_for:
                # A copy of the same, or a prompt that was spoken for something else.
                return outcome
            self._taken.clear()
            self.plan = fresh.plan
            self._take(PlanReplaced(fresh.plan))
            await self._taken.wait()
            # Files of prompts come and go by themselves, which nobody need be told.
            if asked_for or outcome.changes or fresh.needs_restart != self._needs_restart:
                self._told.reloaded(outcome)
            self._needs_restart = fresh.needs_restart
            self.watch(fresh.watched)
            return outcome

    def _compared(self) -> tuple[Fresh, Reloaded, bool]:
        if self._read is None:
            raise OperatorError("this engine has no configuration that could be read again")
        fresh = self._read()
        outcome = Reloaded(changes(self.plan, fresh.plan), fresh.needs_restart)
        same = fresh.plan == self.plan and fresh.needs_restart == self._needs_restart
        return fresh, outcome, same and fresh.watched == self._watched
