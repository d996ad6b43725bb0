"""The reading of a PBX: what it lists, compared with what we believed. Pure.

The difference becomes ordinary events, so that nobody behind it needs to know that there was a gap.
Channels that we did not know are those of an engine that is gone: who waits, for whom a phone rings
and who talks is taken over, what nobody would miss is hung up.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from acd.ami.actions import Actions, decode_place, decode_ring
from acd.ami.announcers import ANNOUNCER_ID
from acd.ami.messages import ChannelListed
from acd.ami.tracker import CODE_CONTEXT, MENU_CONTEXT, WAIT_CONTEXT, Tracker, call_of
from acd.core.events import (
    CallerRescued,
    CallFoundInMenu,
    CallFoundWaiting,
    Event,
    LegAnswered,
    LegConnected,
    LegLeftTalk,
    RingFound,
    TalkFound,
    WaitingRoomEntered,
)
from acd.core.ids import CallId, DeviceId, OfferId

EMERGENCY_CONTEXT: Final = "acd-emergency"
EXTERNAL_CONTEXT: Final = "acd-external"
OFFER_ID: Final = re.compile(r"acd-[0-9a-z]+")
"""The Uniqueid of an agent's leg (acd.core.matching). Those that Asterisk makes have a dot, and
begin with its systemname, which may be "acd-..." as well."""


class Reading:
    """One comparison. Make it of all rows of a list, ``compare`` once, take what came of it."""

    def __init__(self, tracker: Tracker, actions: Actions, rows: Iterable[ChannelListed]) -> None:
        self.tracker = tracker
        self.actions = actions
        self.rows = {row.uniqueid: row for row in rows}
        self.events: list[Event] = []
        self.writes: list[bytes] = []
        # A caller who talks still shows BridgeWait: he was moved out of it by Bridge(). Whoever
        # waits is alone in his bridge, but for an announcement, which is a Local channel.
        people = [
            row.bridge
            for row in self.rows.values()
            if row.bridge and not row.channel.startswith("Local/")
        ]
        self._talks = {bridge for bridge, count in Counter(people).items() if count > 1}
        self._rings: list[ChannelListed] = []
        """Legs of an engine that is gone, which nobody has answered or joined yet."""
        self._restarted = False
        self._suspects: frozenset[CallId] = frozenset()

    def compare(self, now: float, *, restarted: bool, suspects: Iterable[CallId]) -> None:
        """Fill ``events`` and ``writes``.

        ``restarted``: the PBX itself was, and what it does not show is lost. With ``suspects`` only
        these callers are asked again in their menus.
        """
        self._restarted, self._suspects = restarted, frozenset(suspects)
        self._compare_callers(now)
        self._compare_legs()
        self.events += self.tracker.announcers.compare(self.rows)
        for row in self.rows.values():
            self._look_at_unknown(row, now)
        for row in self._rings:
            self._look_at_ring(row, now)

    def _compare_callers(self, now: float) -> None:
        tracker = self.tracker
        for caller in list(tracker.callers.values()):
            row = self.rows.get(caller.uniqueid)
            if row is None:
                self.events += tracker.caller_gone(caller, lost=self._restarted)
            elif row.context == EMERGENCY_CONTEXT:
                tracker.caller_gone(caller)
            elif row.context == EXTERNAL_CONTEXT:
                # Ours no more: he is connected by the PBX, and his Hangup ends the call.
                caller.in_room = False
            elif row.context in (MENU_CONTEXT, CODE_CONTEXT):
                if self._suspects and caller.call not in self._suspects:
                    continue
                # Whatever was playing or asked is not known any more: he is asked again.
                self.writes.append(self.actions.enter_menu(caller, now))
            elif row.application == "BridgeWait" and row.bridge not in self._talks:
                caller.bridge = row.bridge
                if not caller.in_room:
                    caller.in_room = True
                    self.events.append(WaitingRoomEntered(caller.call))

    def _compare_legs(self) -> None:
        for leg in list(self.tracker.legs.values()):
            row = self.rows.get(leg.offer)
            if row is None:
                self.events += self.tracker.leg_lost(leg)
                continue
            caller = self.tracker.caller(leg.call)
            other = self.rows.get(caller.uniqueid) if caller is not None else None
            together = other is not None and row.bridge != "" and row.bridge == other.bridge
            leg.seen, leg.bridge = True, row.bridge
            if together and caller is not None and not leg.connected:
                caller.bridge, caller.in_room = row.bridge, False
                leg.answered = leg.connected = True
                self.events += [LegAnswered(leg.offer), LegConnected(leg.offer)]
            elif leg.connected and not leg.left and not row.bridge:
                leg.left = True
                self.events.append(LegLeftTalk(leg.offer))

    def _look_at_ring(self, row: ChannelListed, now: float) -> None:
        """It goes on as ours when its caller waits; else nobody would notice its end."""
        ring = decode_ring(row.place)
        if ring is None or self.tracker.caller(ring[0]) is None:
            self.writes.append(self.actions.hang_up(row.channel, now))
            return
        call, claim = ring
        leg = self.tracker.adopt_leg(row, call, connected=False)
        phone = DeviceId(row.channel.rpartition("-")[0])
        self.events.append(RingFound(leg.offer, call, claim, phone, leg.ringing, leg.answered))

    def _look_at_talk(self, leg: ChannelListed) -> None:
        """An agent's leg that we did not know talks: with whom, says the bridge."""
        for row in self.rows.values():
            ours = row.context in (WAIT_CONTEXT, MENU_CONTEXT) and not OFFER_ID.fullmatch(
                row.uniqueid
            )
            if row.bridge == leg.bridge and ours and row.uniqueid not in self.tracker.callers:
                caller = self.tracker.adopt(row, code=False, in_room=False)
                self.tracker.adopt_leg(leg, caller.call, connected=True)
                self.events.append(
                    TalkFound(
                        OfferId(leg.uniqueid),
                        caller.call,
                        self.tracker.pbx,
                        row.caller_number,
                        DeviceId(leg.channel.rpartition("-")[0]),
                        decode_place(row.place),
                    )
                )
                return

    def _look_at_unknown(self, row: ChannelListed, now: float) -> None:
        """Find out what a channel is that we did not know: we may have been restarted."""
        tracker = self.tracker
        if row.uniqueid in tracker.callers or row.uniqueid in tracker.legs:
            return
        if row.uniqueid in tracker.announcers:
            return
        place = decode_place(row.place)
        if OFFER_ID.fullmatch(row.uniqueid):
            # Until it is answered it stands in its endpoint's own context, not in acd-ring.
            if row.bridge in self._talks:
                self._look_at_talk(row)
            elif not row.bridge:
                self._rings.append(row)
        elif ANNOUNCER_ID.fullmatch(row.uniqueid):
            # Nobody would tell it to be silent when its caller is connected.
            self.writes.append(self.actions.hang_up(row.channel, now))
        elif row.bridge in self._talks:
            return
        elif row.context == EMERGENCY_CONTEXT:
            # His call is over for us; it may be one that an engine before this one has kept.
            self.events.append(CallerRescued(call_of(self.tracker.pbx, row.uniqueid)))
        elif row.context == WAIT_CONTEXT and place:
            # Between two rounds of music he is in no bridge, and it comes at once.
            in_room = row.application == "BridgeWait" and row.bridge != ""
            caller = tracker.adopt(row, code=False, in_room=in_room)
            self.events.append(
                CallFoundWaiting(caller.call, self.tracker.pbx, row.caller_number, place, in_room)
            )
        elif row.context in (MENU_CONTEXT, CODE_CONTEXT, WAIT_CONTEXT) and not row.bridge:
            context = CODE_CONTEXT if row.context == CODE_CONTEXT else MENU_CONTEXT
            if context == MENU_CONTEXT:
                self.events.append(CallFoundInMenu(call_of(self.tracker.pbx, row.uniqueid)))
            self.writes.append(self.actions.redirect(row.channel, context, now))
