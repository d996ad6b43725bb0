"""What operators get to see of the work: log lines, metrics, readiness, a word to systemd.

Rules: told after a step, never within, and only what is new: a line for a change of state, none
for an attempt that failed as the one before. No caller's number leaves here uncut.
It must not decide anything, nor send anything to a PBX.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from acd import looplag
from acd.ami.client import Link
from acd.ami.items import FramesReceived, LinkDown, Outputs
from acd.ami.wire import timestamp
from acd.core.events import PlanReplaced
from acd.core.ids import PbxId
from acd.exposition import Exposition
from acd.live import Touched
from acd.log import Log, without_numbers
from acd.metrics import Metrics
from acd.pipeline import Item
from acd.scrapes import Scrapes
from acd.surges import Board
from acd.systemd import Notifier
from acd.web.port import Readiness, Reloaded

_LAG_EVERY_SECONDS: Final = 0.1
"""Of the messages of so long only the first is asked how old it is; the others cost nothing."""


_MOST_CHANGES: Final = 50
"""Of one reload; whoever made more knows what he did."""


class Reports:
    """Tells the outside what steps have made true; ``links`` are asked for what they refused."""

    def __init__(
        self, log: Log, metrics: Metrics, notifier: Notifier, links: Mapping[PbxId, Link]
    ) -> None:
        self.log = log
        self.metrics = metrics
        self._notifier = notifier
        self._links = links
        self._why_down = dict.fromkeys(links, "not connected yet")
        self._status: Mapping[PbxId, str] = dict.fromkeys(links, "down")
        self._counted: dict[tuple[PbxId, bytes], int] = {}
        """How many messages of each name the metrics have been told of."""
        self._refused: dict[tuple[PbxId, str], int] = {}
        self._lag_at = 0.0
        self.surges = Board()
        """For whoever may tell callers of an incident."""
        self.touched = Touched()
        """For whoever shows what is live."""
        self._scrapes = Scrapes(self._looks)

    def watch_loop(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        """Tell from now on how late the event loop is."""
        looplag.watch(loop, now, self.metrics.loop_lag.observe)

    def step(self, item: Item, outputs: Outputs, now: float) -> None:
        """Tell of one item, worked off at ``now``, and what came of it."""
        if outputs.records:
            for record in outputs.records:
                self.log.tell(record)
            self.metrics.observe(outputs.records)
            if self.touched.wanted:
                self.touched.note(outputs.records)
        for pbx, reason in outputs.rejected:
            self.metrics.ami_rejected(pbx, reason)
        match item:
            case FramesReceived():
                if now >= self._lag_at and not outputs.rejected:
                    self._tell_lag(item, now)
            case LinkDown():
                self._link_down(item.pbx, item.reason)
            case PlanReplaced(plan):
                self.metrics.adopt(plan)
                self.touched.all = True
                self.log.info("plan_replaced", queues=len(plan.queues), agents=len(plan.agents))

    def status(self, status: Mapping[PbxId, str]) -> None:
        """Tell how far each PBX can be relied on now, when that is new."""
        if status != self._status:
            self._tell_status(status)

    def readiness(self) -> Readiness:
        """Ready when every PBX is live; otherwise a line for each that is not, and why."""
        problems = []
        for pbx, word in self._status.items():
            if word == "sync":
                problems.append(f"pbx {pbx}: connected, its calls are being read")
            elif word != "live":
                problems.append(f"pbx {pbx}: {self._why_down[pbx]}; it is tried again")
        return Readiness(not problems, tuple(problems))

    async def metrics_text(self) -> bytes:
        """The page for Prometheus."""
        return await self._scrapes.page()

    def exposition(self) -> Exposition:
        """What is on it, all at once."""
        self._count_messages()
        return self.metrics.exposition()

    def _looks(self) -> Iterator[Exposition | None]:
        self._count_messages()
        return self.metrics.looks()

    def _count_messages(self) -> None:
        """Have the metrics know what the links have heard and refused by themselves."""
        for pbx, link in self._links.items():
            for name, count in link.received.items():
                more = count - self._counted.get((pbx, name), 0)
                if more:
                    self._counted[pbx, name] = count
                    self.metrics.ami_message(
                        pbx, name.decode("ascii", "replace") or "Response", more
                    )
            for reason, count in link.rejected.items():
                more = count - self._refused.get((pbx, reason), 0)
                if more:
                    self._refused[pbx, reason] = count
                    self.metrics.ami_rejected(pbx, reason, more)

    def refused_configuration(self, why: str) -> None:
        """A new configuration was read and not taken."""
        self.metrics.config_reload(taken=False)
        for line in why.splitlines():
            self.log.error("reload_refused", why=line)

    def reloaded(self, reloaded: Reloaded) -> None:
        """A new configuration is at work."""
        self.metrics.config_reload(taken=True)
        for change in reloaded.changes[:_MOST_CHANGES]:
            self.log.info("configuration_changed", what=str(change))
        more = len(reloaded.changes) - _MOST_CHANGES
        if more > 0:
            self.log.info("configuration_changed", what=f"and {more} more")
        if not reloaded.changes:
            self.log.info("configuration_same", what="read again, and nothing is different")
        for line in reloaded.needs_restart:
            self.log.warning("needs_a_restart", what=line)

    def unwatched(self, why: str) -> None:
        """Nobody will notice when somebody edits the configuration."""
        self.log.warning("edits_unnoticed", why=why)

    def bug(self, error: BaseException | None, item: object) -> None:
        """We are at fault, and this is what we were at: the bug report."""
        text: object = item
        if isinstance(item, FramesReceived):
            text = b"\r\n\r\n".join(item.frames).decode("utf-8", "replace")
        self.log.critical("bug", item=without_numbers(str(text)), exc_info=error)

    def _tell_lag(self, item: FramesReceived, now: float) -> None:
        sent_at = timestamp(item.frames[0])
        if sent_at is not None:
            self._lag_at = now + _LAG_EVERY_SECONDS
            self.metrics.ami_lag(item.pbx, now - sent_at)

    def _link_down(self, pbx: PbxId, reason: str) -> None:
        if self._status[pbx] != "down" or self._why_down[pbx] != reason:
            self._why_down[pbx] = reason
            self.log.warning("pbx_down", pbx=pbx, reason=reason)

    def _tell_status(self, status: Mapping[PbxId, str]) -> None:
        for pbx, word in status.items():
            if self._status[pbx] != word:
                self.metrics.ami_connected(pbx, word == "live")
                if word != "down":
                    self.log.info("pbx_state", pbx=pbx, state=word)
        self._status = dict(status)
        words = ", ".join(f"{pbx} {word}" for pbx, word in status.items())
        self._notifier.say(f"STATUS=pbx {words}")
