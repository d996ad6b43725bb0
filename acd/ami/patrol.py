"""The reading of a living PBX, again and again: what an event that got lost has left wrong. Pure.

Theory: a list is at least as new as every event before it, and what it tells of a channel may still
be on its way as an event behind it. So it is not believed at once. Each row is compared, as it
comes, with what we believe, and put aside only if it differs. GRACE_SECONDS after the list a
difference is a fact if nothing at all was heard of that channel or phone since the list was asked
for; what was heard of meanwhile is left to the next reading. What we believed when we asked, and
what no row shows, has ended by the same rule.

A row that looks as it should costs a look and no parsing: a PBX lists a thousand of them.

It must not know timers, nor what the login's reading does.
"""

import re
from typing import Final

from acd.ami.actions import Actions, Pending
from acd.ami.announcers import ANNOUNCER_ID
from acd.ami.duties import CUSTOM
from acd.ami.messages import (
    ChannelListed,
    DeviceStated,
    KeyBegun,
    KeyEnded,
    ListEnded,
    Message,
    Responded,
)
from acd.ami.reading import OFFER_ID, Living, Reading
from acd.ami.tracker import CODE_CONTEXT, MENU_CONTEXT, WAIT_CONTEXT, Tracker
from acd.core.events import DifferenceFound, Event

GRACE_SECONDS: Final = 1.0
"""So long an event may be on its way behind the list that shows what it tells."""

UNDRIVEN_SECONDS: Final = 6.0
"""A dialogue that lives puts off its dead-man timer, which has 14 s, every 5 s."""

CHANNELS: Final = "patrol_channels"
DEVICES: Final = "patrol_devices"

_ROW: Final = re.compile(
    rb"\r\nChannelStateDesc: ([^\r]*)\r\n.*?\r\nContext: ([^\r]*)\r\n.*?"
    rb"\r\nUniqueid: ([^\r]*)\r\n.*\r\nBridgeId: ([^\r]*)",
    re.DOTALL,
)
"""What Asterisk's own row says, in its order; any other form is parsed."""


def may_come(tracker: Tracker) -> frozenset[str]:
    """Return the Uniqueids of what was ordered and not seen: Originate has threads of its own."""
    legs: list[str] = [leg.offer for leg in tracker.legs.values() if not leg.seen]
    return frozenset([*legs, *tracker.announcers.uniqueids()])


class Patrol:
    """One reading at a time: ``begin`` it, let it take rows and hear events, then ``judge``."""

    def __init__(self, tracker: Tracker, actions: Actions) -> None:
        self.tracker = tracker
        self.actions = actions
        self.under_way = False
        self._lists_open = 0
        self._channel_row = self._device_row = b"?"
        self._unseen: frozenset[str] = frozenset()
        self._forget()

    def _forget(self) -> None:
        self._believed: list[str] = []
        self._living = Living()
        self._odd: dict[str, ChannelListed] = {}
        self._odd_devices: dict[str, DeviceStated] = {}
        self._heard: set[str] = set()

    def begin(self, now: float) -> list[bytes]:
        """Ask the PBX for all channels and devices; whatever is heard from now on counts more."""
        tracker = self.tracker
        self.under_way, self._lists_open = True, 2
        self._forget()
        # What was just ordered need not exist yet; what nobody saw for a whole round never will.
        unseen = may_come(tracker)
        young = unseen - self._unseen
        self._unseen = unseen
        ours = (*tracker.callers, *tracker.legs, *tracker.announcers.uniqueids())
        self._believed = [uniqueid for uniqueid in ours if uniqueid not in young]
        writes = [
            self.actions.encode(Pending(CHANNELS, lists=True), now, "CoreShowChannels"),
            self.actions.encode(Pending(DEVICES, lists=True), now, "DeviceStateList"),
        ]
        channels, devices = list(self.actions.open)[-2:]
        self._channel_row = b"Event: CoreShowChannel\r\nActionID: %s\r\n" % channels.encode()
        self._device_row = b"Event: DeviceStateChange\r\nActionID: %s\r\n" % devices.encode()
        return writes

    def drop(self) -> None:
        """The link is gone or the PBX is read anew: what was read counts no more."""
        self.under_way = False
        self._forget()

    # -- while it is under way ------------------------------------------------------------------

    def takes(self, frame: bytes, now: float) -> bool:
        """Take a row of ours that looks as it should; every other frame has to be parsed."""
        if frame.startswith(self._channel_row):
            at = len(self._channel_row)
            found = _ROW.search(frame, at)
            if found is None:
                return False
            state, context, uniqueid, bridge = [
                part.decode("utf-8", "replace") for part in found.groups()
            ]
            local = frame.startswith(b"Channel: Local/", at)
            self._living.add(uniqueid, "Local/" if local else "", bridge)
            return not self._looks_odd(uniqueid, state, context, bridge, now)
        if frame.startswith(self._device_row):
            device, _, state_of_it = frame[len(self._device_row) :].partition(b"\r\nState: ")
            known = self.tracker.devices.get(device[8:].decode("utf-8", "replace"))
            return known is not None and known.encode() == state_of_it
        return False

    def listed(self, row: ChannelListed | DeviceStated, now: float) -> None:
        """Take a row that was parsed, and put it aside if it is not as we believe."""
        if isinstance(row, DeviceStated):
            if self._is_odd_device(row):
                self._odd_devices[row.device] = row
            return
        if row.uniqueid not in self._living.bridges:
            self._living.add(row.uniqueid, row.channel, row.bridge)
        if self._looks_odd(row.uniqueid, row.state, row.context, row.bridge, now):
            self._odd[row.uniqueid] = row

    def _is_odd_device(self, row: DeviceStated) -> bool:
        known = self.tracker.devices.get(row.device)
        return known != row.state and not row.device.startswith(CUSTOM)

    def _looks_odd(self, uniqueid: str, state: str, context: str, bridge: str, now: float) -> bool:
        caller = self.tracker.callers.get(uniqueid)
        if caller is not None:
            if caller.left:
                return True
            if bridge or caller.bridge:
                return bridge != caller.bridge
            driven = now - caller.kept_at <= UNDRIVEN_SECONDS
            return context not in (MENU_CONTEXT, CODE_CONTEXT) or not driven
        leg = self.tracker.legs.get(uniqueid)
        if leg is not None:
            joined = bridge != "" and not leg.connected
            return bridge != leg.bridge or joined or (state == "Ringing" and not leg.ringing)
        if uniqueid in self.tracker.announcers or uniqueid in self.tracker.departures:
            return False
        ours = context in (MENU_CONTEXT, CODE_CONTEXT, WAIT_CONTEXT)
        return ours or bool(OFFER_ID.fullmatch(uniqueid) or ANNOUNCER_ID.fullmatch(uniqueid))

    def heard(self, message: Message) -> None:
        """An event came meanwhile; of whom it tells the list is not believed."""
        match message:
            case DeviceStated(device):
                self._heard.add(device)
            case ChannelListed() | ListEnded() | Responded() | KeyBegun() | KeyEnded():
                pass  # Keys say that a channel lives, not where it is.
            case _:
                self._heard.add(message.uniqueid)

    def list_ended(self) -> bool:
        """One of the two lists is complete; tell whether both are."""
        self._lists_open -= 1
        return self.under_way and not self._lists_open

    # -- what is wrong --------------------------------------------------------------------------

    def judge(self, now: float) -> tuple[list[Event], list[bytes]]:
        """Return what puts our picture right; GRACE_SECONDS after both lists were complete."""
        self.under_way = False
        heard, tracker = self._heard, self.tracker
        rows = [
            row
            for uniqueid, row in self._odd.items()
            if uniqueid not in heard
            and self._looks_odd(uniqueid, row.state, row.context, row.bridge, now)
        ]
        reading = Reading(tracker, self.actions, rows, self._living)
        for uniqueid in self._believed:
            if uniqueid not in self._living.bridges and uniqueid not in heard:
                reading.gone(uniqueid)
        for row in rows:
            caller, leg = tracker.callers.get(row.uniqueid), tracker.legs.get(row.uniqueid)
            if caller is not None and caller.left:
                reading.see_out(caller, now)
            elif caller is not None and row.context in (MENU_CONTEXT, CODE_CONTEXT):
                reading.enter_again(caller, now)
            elif caller is not None:
                reading.compare_caller(caller, row)
            elif leg is not None:
                other = tracker.caller(leg.call)
                if other is None or other.uniqueid not in heard:
                    reading.compare_leg(leg, row)
        for row in rows:
            reading.look_at_stray(row, now)
        events, writes = reading.events, reading.writes
        for device in self._odd_devices.values():
            if device.device not in heard and self._is_odd_device(device):
                events.append(DifferenceFound("device_corrected", device.device))
                events += tracker.feed(device, now)
        self._forget()
        return events, writes
