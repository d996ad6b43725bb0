"""Announcers: channels of ours that speak to callers in their waiting rooms. Pure.

Theory: an announcement is a Local channel whose Uniqueid we choose. One half stands in the caller's
holding bridge, the other plays the files and names the pair; when it ends both are gone. It ends by
itself, but the caller may leave before: then nobody hears it, and it is hung up, lest he come back
into the same room and hear the rest. The end of an announcement is told once, and not at all when
its caller is gone.

It must not know how the channel is originated or hung up.
"""

import re
from collections.abc import Container
from typing import Final

import msgspec

from acd.core.events import AnnouncementEnded, Event
from acd.core.ids import CallId

ANNOUNCER_ID: Final = re.compile(r"say-[0-9a-z]+")
"""The Uniqueid of an announcer. Its other half has it with ";2" behind."""

MOST_TRIES: Final = 10
"""So often an announcer is hung up that the PBX does not know (yet), before it is given up."""


class _Announcer(msgspec.Struct, gc=False):
    uniqueid: str
    call: CallId
    announcement_id: int
    tries: int = 0
    caller_is_gone: bool = False


class Announcers:
    """Every announcer of one PBX that may be speaking."""

    def __init__(self) -> None:
        self.unheard: list[str] = []
        """Uniqueids of announcers that are to be hung up; whoever does it empties the list."""
        self._known: dict[str, _Announcer] = {}

    def __contains__(self, uniqueid: object) -> bool:
        return uniqueid in self._known

    def __len__(self) -> int:
        return len(self._known)

    def uniqueids(self) -> list[str]:
        """Return all of them."""
        return list(self._known)

    def expect(self, uniqueid: str, call: CallId, announcement_id: int) -> None:
        """An announcer with this Uniqueid is about to be originated."""
        self._known[uniqueid] = _Announcer(uniqueid, call, announcement_id)

    def entered_room(self, uniqueid: str) -> None:
        """A channel came into a bridge; an announcer that is not ours is to be hung up.

        An engine that is gone ordered it at the last moment, or we had given it up.
        """
        first, half, _ = uniqueid.partition(";")
        if half and first not in self._known and ANNOUNCER_ID.fullmatch(first):
            self.unheard.append(first)

    def ended(self, uniqueid: str) -> list[Event]:
        """The channel is gone or never was; nothing when it is not an announcer's."""
        announcer = self._known.pop(uniqueid, None)
        if announcer is None or announcer.caller_is_gone:
            return []
        return [AnnouncementEnded(announcer.call, announcer.announcement_id)]

    def silence(self, call: CallId) -> None:
        """The caller does not listen any more: he talks, or he is on his way out of the room."""
        for announcer in self._known.values():
            if announcer.call == call and not announcer.tries:
                announcer.tries = 1
                self.unheard.append(announcer.uniqueid)

    def caller_gone(self, call: CallId) -> None:
        """The caller's channel has ended: silence what speaks to him, and tell nothing of it."""
        if self._known:
            self.silence(call)
            for announcer in self._known.values():
                announcer.caller_is_gone |= announcer.call == call

    def not_hung_up(self, uniqueid: str) -> list[Event]:
        """The PBX knew no such channel: it has just ended, or an Originate is still under way."""
        announcer = self._known.get(uniqueid)
        if announcer is None or announcer.tries >= MOST_TRIES:
            return self.ended(uniqueid)
        announcer.tries += 1
        return []

    def compare(self, living: Container[str], young: Container[str] = ()) -> list[Event]:
        """The Uniqueids of all living channels were read: end those announcers that are not there.

        ``young``: those that need not be there yet.
        Those that were to be hung up and live are to be hung up again.
        """
        events: list[Event] = []
        for announcer in list(self._known.values()):
            if announcer.uniqueid not in living:
                if announcer.uniqueid not in young:
                    events += self.ended(announcer.uniqueid)
            elif announcer.tries:
                self.unheard.append(announcer.uniqueid)
        return events
