"""The reading of a PBX: what it lists, compared with what we believed. Pure.

The difference becomes ordinary events, so that nobody behind it needs to know that there was a gap;
each is told as one beforehand, so that it can be counted.
Channels that we did not know are those of an engine that is gone: who waits, for whom a phone rings
and who talks is taken over, what nobody would miss is hung up.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable
from typing import Final

from acd.ami.actions import Actions, decode_place, decode_ring
from acd.ami.announcers import ANNOUNCER_ID
from acd.ami.channels import CallerChannel, Leg
from acd.ami.messages import ChannelListed
from acd.ami.tracker import CODE_CONTEXT, MENU_CONTEXT, WAIT_CONTEXT, Tracker, call_of
from acd.core.events import (
    CallerHungUp,
    CallerRescued,
    CallFoundInMenu,
    CallFoundWaiting,
    DifferenceFound,
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


class Living:
    """All channels a PBX lists, and in which bridge each is."""

    def __init__(self) -> None:
        self.bridges: dict[str, str] = {}
        """Uniqueid -> bridge, "" when in none."""
        self._people: Counter[str] = Counter()

    def add(self, uniqueid: str, channel: str, bridge: str) -> None:
        """Take up one row."""
        self.bridges[uniqueid] = bridge
        if bridge and not channel.startswith("Local/"):
            self._people[bridge] += 1

    def is_talk(self, bridge: str) -> bool:
        """Tell whether people talk in this bridge.

        A caller who talks still shows BridgeWait: he was moved out of it by Bridge(). Whoever
        waits is alone in his bridge, but for an announcement, which is a Local channel.
        """
        return self._people[bridge] > 1


class Reading:
    """One comparison: of a whole list (``compare``), or of those of its rows that look wrong.

    Make one of rows, let it compare once, take what came of it.
    """

    def __init__(
        self,
        tracker: Tracker,
        actions: Actions,
        rows: Iterable[ChannelListed],
        living: Living | None = None,
    ) -> None:
        """``living``: every channel the PBX lists, where ``rows`` are only some of them."""
        self.tracker = tracker
        self.actions = actions
        self.rows = {row.uniqueid: row for row in rows}
        self.living = living or Living()
        if living is None:
            for row in self.rows.values():
                self.living.add(row.uniqueid, row.channel, row.bridge)
        self.events: list[Event] = []
        self.writes: list[bytes] = []
        self._rings: list[ChannelListed] = []
        """Legs of an engine that is gone, which nobody has answered or joined yet."""
        self._restarted = False
        self._suspects: frozenset[CallId] = frozenset()

    def compare(
        self,
        now: float,
        *,
        restarted: bool,
        suspects: Iterable[CallId],
        young: Container[str] = (),
    ) -> None:
        """Fill ``events`` and ``writes``.

        ``restarted``: the PBX itself was, and what it does not show is lost. With ``suspects`` only
        these callers are asked again in their menus. ``young``: what was ordered over this very
        connection and need not exist yet.
        """
        self._restarted, self._suspects = restarted, frozenset(suspects)
        tracker = self.tracker
        for caller in list(tracker.callers.values()):
            row = self.rows.get(caller.uniqueid)
            if row is None:
                self.gone(caller.uniqueid)
            elif row.context not in (MENU_CONTEXT, CODE_CONTEXT):
                self.compare_caller(caller, row)
            elif not self._suspects or caller.call in self._suspects:
                # Whatever was playing or asked is not known any more: he is asked again.
                self.writes.append(self.actions.enter_menu(caller, now))
        for leg in list(tracker.legs.values()):
            if leg.offer in self.rows:
                self.compare_leg(leg, self.rows[leg.offer])
            elif leg.offer not in young:
                self.gone(leg.offer)
        self.events += tracker.announcers.compare(self.rows, young)
        for row in self.rows.values():
            self.look_at_unknown(row, now)
        for row in self._rings:
            self._look_at_ring(row, now)

    def gone(self, uniqueid: str) -> None:
        """A channel that we believed in is not there any more."""
        tracker = self.tracker
        caller, leg = tracker.callers.get(uniqueid), tracker.legs.get(uniqueid)
        if caller is not None:
            self._differs("call_ended_unseen", caller.call)
            unseen = not self._restarted and self._may_have_talked(caller)
            tracker.caller_gone(caller)
            self.events.append(CallerHungUp(caller.call, self._restarted, unseen))
        elif leg is not None:
            talked = leg.connected and not leg.left
            self._differs("talk_ended_unseen" if talked else "ring_ended_unseen", leg.call)
            self.events += tracker.leg_lost(leg)
        else:
            ended = tracker.announcers.ended(uniqueid)
            if ended:
                self._differs("announcement_ended_unseen", uniqueid)
            self.events += ended

    def _may_have_talked(self, caller: CallerChannel) -> bool:
        """Tell whether a phone rang for him that does not ring any more, and nobody saw why."""
        for leg in self.tracker.legs.values():
            if leg.call == caller.call and not leg.connected and not leg.cancelled:
                row = self.rows.get(leg.offer)
                if leg.offer not in self.living.bridges or (row is not None and row.state == "Up"):
                    return True
        return False

    def see_out(self, caller: CallerChannel, now: float) -> None:
        """He hung up long ago, and his channel is still there."""
        self._differs("channel_overstayed", caller.call)
        self.writes.append(self.actions.hang_up(caller.channel, now))

    def enter_again(self, caller: CallerChannel, now: float) -> None:
        """He stands in a menu and nobody asks him anything: his coming was not told."""
        self._differs("menu_asked_again", caller.call)
        self.writes.append(self.actions.enter_menu(caller, now))

    def compare_caller(self, caller: CallerChannel, row: ChannelListed) -> None:
        """Compare a caller who stands outside our menus with what we believed of him."""
        if row.context == EMERGENCY_CONTEXT:
            # What he is to us now is said when this row is looked at as one we do not know.
            self.tracker.caller_gone(caller)
        elif row.context == EXTERNAL_CONTEXT:
            # Ours no more: he is connected by the PBX, and his Hangup ends the call.
            caller.in_room = False
        elif row.application == "BridgeWait" and not self.living.is_talk(row.bridge):
            caller.bridge = row.bridge
            if not caller.in_room:
                caller.in_room = True
                self._differs("wait_began_unseen", caller.call)
                self.events.append(WaitingRoomEntered(caller.call))

    def compare_leg(self, leg: Leg, row: ChannelListed) -> None:
        """Compare an agent's leg that lives with what we believed of it."""
        caller = self.tracker.caller(leg.call)
        other = self.living.bridges.get(caller.uniqueid, "") if caller is not None else ""
        leg.seen, leg.bridge = True, row.bridge
        if caller is not None and row.bridge and row.bridge == other and not leg.connected:
            caller.bridge, caller.in_room = row.bridge, False
            leg.answered = leg.connected = True
            self._differs("talk_began_unseen", leg.call)
            self.events += [LegAnswered(leg.offer), LegConnected(leg.offer)]
        elif leg.connected and not leg.left and not row.bridge:
            leg.left = True
            self._differs("talk_ended_unseen", leg.call)
            self.events.append(LegLeftTalk(leg.offer))
        elif row.state == "Ringing" and not leg.ringing:
            self._differs("ring_unseen", leg.call)
            self.events += self.tracker.leg_rings(leg)

    def _differs(self, kind: str, subject: str) -> None:
        self.events.append(DifferenceFound(kind, subject))

    def _look_at_ring(self, row: ChannelListed, now: float) -> None:
        """It goes on as ours when its caller waits; else nobody would notice its end."""
        ring = decode_ring(row.place)
        if ring is None:
            self.writes.append(self.actions.hang_up(row.channel, now))
            return
        call, claim = ring
        phone = DeviceId(row.channel.rpartition("-")[0])
        if self.tracker.caller(call) is None:
            # It is taken back, and told first: who hung up while it rang has not talked.
            offer, how_far = OfferId(row.uniqueid), (row.state == "Ringing", row.state == "Up")
            self.events.append(RingFound(offer, call, claim, phone, *how_far))
            return
        leg = self.tracker.adopt_leg(row, call, connected=False)
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

    def look_at_stray(self, row: ChannelListed, now: float) -> None:
        """Look at a channel that came, or stayed, without our knowledge while we were there."""
        tracker = self.tracker
        if row.uniqueid in tracker.callers or row.uniqueid in tracker.legs:
            return
        if row.uniqueid in tracker.departures:
            return
        if OFFER_ID.fullmatch(row.uniqueid) and not row.bridge:
            # One that we have given up, or an engine before us at its last moment.
            self._differs("leg_not_ours_ended", row.channel)
            self.writes.append(self.actions.hang_up(row.channel, now))
            return
        before = len(self.writes)
        self.look_at_unknown(row, now)
        if row.context in (MENU_CONTEXT, CODE_CONTEXT) and len(self.writes) > before:
            self._differs("menu_call_adopted", call_of(tracker.pbx, row.uniqueid))

    def look_at_unknown(self, row: ChannelListed, now: float) -> None:
        """Find out what a channel is that we did not know: we may have been restarted."""
        tracker = self.tracker
        if row.uniqueid in tracker.callers or row.uniqueid in tracker.legs:
            return
        if row.uniqueid in tracker.announcers or row.uniqueid in tracker.departures:
            return
        place = decode_place(row.place)
        if OFFER_ID.fullmatch(row.uniqueid):
            # Until it is answered it stands in its endpoint's own context, not in acd-ring.
            if self.living.is_talk(row.bridge):
                self._look_at_talk(row)
            elif not row.bridge:
                self._rings.append(row)
        elif ANNOUNCER_ID.fullmatch(row.uniqueid):
            # Nobody would tell it to be silent when its caller is connected.
            self.writes.append(self.actions.hang_up(row.channel, now))
        elif self.living.is_talk(row.bridge):
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
