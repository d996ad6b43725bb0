"""The one inbox: everything that happens, in one order, and no more of it than fits.

Rules: putting never waits. What comes from outside is refused when the inbox is full, and whoever
put it decides what that means (a link is dropped and its PBX read anew, a request is answered
with 503); the few items that must not be lost (a link's ups and downs, a tick, a new plan) always
fit. Items are taken by one worker, who is woken when there are some and works off what he finds.
This module must not know what an item is, but for frames, which alone can be forgotten.
"""

from collections import deque
from collections.abc import Callable

from acd.ami.items import FramesReceived
from acd.core.ids import PbxId
from acd.pipeline import Item

Arrived = tuple[float, Item]
"""When an item was put in, in seconds since the epoch, and the item."""


class Inbox:
    """A bounded queue of items with their times of arrival; ``now`` gives these.

    ``wake`` is called for the first item of all and for the first after each ``sleep``; it must not
    take anything itself.
    """

    def __init__(
        self,
        now: Callable[[], float],
        most_items: int = 4_000,
        *,
        wake: Callable[[], object] = lambda: None,
    ) -> None:
        self.items: deque[Arrived] = deque()
        self._now = now
        self._most_items = most_items
        self._wake = wake
        self._awake = False

    def put(self, item: Item) -> bool:
        """Take an item; False when there is no room for it, and nothing has happened."""
        if len(self.items) >= self._most_items:
            return False
        self.put_always(item)
        return True

    def put_always(self, item: Item) -> None:
        """Take an item that must not be lost."""
        self.items.append((self._now(), item))
        if not self._awake:
            self._awake = True
            self._wake()

    def sleep(self) -> None:
        """The worker has done what he could; he is woken for the next item."""
        self._awake = False

    def forget_frames(self, pbx: PbxId) -> int:
        """Throw away the frames of a PBX that has to be read anew; returns how many there were."""
        kept, forgotten = list[Arrived](), 0
        for at, item in self.items:
            if isinstance(item, FramesReceived) and item.pbx == pbx:
                forgotten += len(item.frames)
            else:
                kept.append((at, item))
        self.items.clear()
        self.items.extend(kept)
        return forgotten
