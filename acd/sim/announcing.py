"""Announcements on the virtual PBX: a Local channel whose one half speaks into a caller's room.

The first half runs acd-speak (config/asterisk/acd-extensions.conf), its name is the one that
Originate was given; the second, `;2`, runs acd-announce and stands in the holding bridge. As
recorded from the real one: the Originate is answered before anybody hears anything, both halves end
together, the first half first, with cause 16 at the end of the files and 0 when hung up before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from acd.sim.channels import Channel, ChannelState
from acd.sim.exchange import Exchange
from acd.sim.facts import Happening
from acd.sim.ringing import OriginateRequest, respond, respond_success
from acd.sim.rooms import Announced

_LOCAL: Final = re.compile(r"Local/(?P<exten>[^@/]+)@(?P<context>[^/]+)/n")


def announce(exchange: Exchange, request: OriginateRequest) -> None:
    """Begin an asynchronous Originate of a Local channel; only acd-announce is known."""
    dialled = _LOCAL.fullmatch(request.device)
    taken = request.channel_id in exchange.by_uniqueid
    known = dialled is not None and (dialled["context"], request.context) == (
        "acd-announce",
        "acd-speak",
    )
    if not known or taken:
        respond(exchange, request, "Failure", 0, request.device)
    else:
        _Announcement(exchange, request)


class _InRoom:
    """BridgeWait(acd-<caller>,announcer): the half that stands in the caller's room."""

    application: Final = "BridgeWait"

    def __init__(self, exchange: Exchange, half: Channel, room: str) -> None:
        self._exchange = exchange
        self._half = half
        self.data = f"{room},announcer"
        half.occupation = self
        exchange.enter_bridge(half, exchange.room(room))

    def leave(self) -> None:
        self._exchange.leave_bridge(self._half)

    def key(self, digit: str) -> None:
        """An announcer hears no keys."""


class _Speaking(Announced):
    """Playback of the files, told apart whether they came to their end."""

    def __init__(
        self,
        exchange: Exchange,
        half: Channel,
        files: str,
        seconds: float,
        then: Callable[[], None],
        cut: Callable[[], None],
    ) -> None:
        super().__init__(exchange, half, "Playback", files, seconds, then)
        self._cut = cut

    def leave(self) -> None:
        super().leave()
        self._cut()


class _Announcement:
    def __init__(self, exchange: Exchange, request: OriginateRequest) -> None:
        self._x = x = exchange
        self._variables = dict(request.variables)
        inherited = {name: self._variables[name] for name in request.inherited}
        self._room = f"acd-{inherited.get('ACD_ROOM', '')}"
        device = request.device.removesuffix("/n")
        number = f"{x.next_local():08x}"
        self._first = self._half(device, request.channel_id, f"{device}-{number};1")
        self._second = self._half(device, f"{request.channel_id};2", f"{device}-{number};2")
        self._second.linkedid = self._first.linkedid
        self._first.other_half, self._second.other_half = self._second, self._first
        self._second.state = self._first.state = ChannelState.UP
        steps: list[Callable[[], None]] = [
            lambda: self._dial("DialBegin", f"DialString: {device.partition('/')[2]}/n\r\n"),
            lambda: respond_success(x, request, self._first),
            lambda: self._in_use(device),
        ]
        x.rng.shuffle(steps)
        for step in steps:
            step()
        self._dial("DialEnd", "DialStatus: ANSWER\r\n")
        x.then(self._second, lambda: self._enter_room())
        x.then(self._first, lambda: self._speak(request))

    def _half(self, device: str, uniqueid: str, name: str) -> Channel:
        return self._x.new_channel(device, "acd-announce", "s", uniqueid=uniqueid, name=name)

    def _dial(self, event: str, more: str) -> None:
        self._x.emit(event, "call", self._first.headers("Dest"), more)

    def _in_use(self, device: str) -> None:
        for _ in range(2):
            self._x.say_device(device, "INUSE")

    def _enter_room(self) -> None:
        _InRoom(self._x, self._second, self._room)

    def _speak(self, request: OriginateRequest) -> None:
        first = self._first
        first.context, first.exten = request.context, request.exten
        names = ("ACD_FILES", "ACD_FILES_2", "ACD_FILES_3")
        files = "&".join(filter(None, (self._variables.get(name, "") for name in names)))
        options = self._x.options
        seconds = sum(
            options.seconds_of(file)
            for file in filter(None, files.split("&"))
            if file not in options.missing_prompts
        )
        self._tell(Happening.ANNOUNCED, files)
        _Speaking(self._x, first, files, seconds, self._heard, lambda: self._over("cut"))

    def _heard(self) -> None:
        self._over("heard")
        self._x.hang_up(self._first, 16)

    def _over(self, how: str) -> None:
        self._tell(Happening.ANNOUNCEMENT_ENDED, how)

    def _tell(self, kind: Happening, detail: str) -> None:
        caller = self._room.removeprefix("acd-")
        self._x.fact(kind, caller=caller, leg=self._first.uniqueid, detail=detail)
