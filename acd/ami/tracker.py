"""Channels and bridges to core events: what one PBX's messages mean for calls and offers. Pure.

Theory: three kinds of channel matter. A *caller's channel* (or that of an agent who dials a code)
becomes known by AsyncAGIStart; an *agent's leg* and an *announcer* (acd.ami.announcers) are known
before they exist, because we choose their Uniqueids. Several legs may ring for one caller: the one
that comes into his bridge has him, the others fail. Everything else is somebody else's business and
is ignored, as is whatever comes late about a channel that is gone. Order between topics is not
causal (asterisk-facts), so a connection is "both are in the same bridge", whichever BridgeEnter
comes first, and the end of a ring is put together from Hangup, OriginateResponse and DialState in
any order.

It must not know deadlines of agents, the plan, nor how an action looks.
"""

from typing import Final

from acd.ami import transfers
from acd.ami.announcers import Announcers
from acd.ami.answers import Ordered, meaning
from acd.ami.channels import CallerChannel, Leg
from acd.ami.departures import CONFIRMED_SECONDS, DEVICE_STATES, WHOLLY_IN_USE, Departures
from acd.ami.messages import (
    AgiExecuted,
    AgiStarted,
    AttendedTransferred,
    BlindTransferred,
    BridgeEntered,
    BridgeExited,
    ChannelListed,
    DeviceStated,
    DialBegun,
    DialProgressed,
    HangupAsked,
    HoldChanged,
    HungUp,
    KeyBegun,
    KeyEnded,
    Message,
    OriginateEnded,
    SwitchedOff,
)
from acd.ami.outcomes import outcome_of
from acd.core.deadlines import Deadlines
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CodeDialled,
    DeviceChanged,
    DeviceState,
    DifferenceFound,
    DigitPressed,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegHeld,
    LegLeftTalk,
    LegRinging,
    MenuReached,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, DeviceId, OfferId, PbxId

MENU_CONTEXT: Final = "acd-menu"
CODE_CONTEXT: Final = "acd-code"
WAIT_CONTEXT: Final = "acd-wait"

VERDICT_SECONDS: Final = 0.05
"""How long the second half of a ring's end may follow the first before we judge without it."""

MOST_REENTRIES: Final = 3
"""How often one caller is sent into his menu again because an answer of his PBX was none."""


def call_of(pbx: PbxId, uniqueid: str) -> CallId:
    """Return the call of a caller's channel: its Uniqueid without the PBX's system name."""
    return CallId(f"{pbx}-{uniqueid.rpartition('-')[2]}")


class Tracker:
    """What acd knows of one PBX's channels."""

    def __init__(self, pbx: PbxId) -> None:
        self.pbx = pbx
        self.callers: dict[str, CallerChannel] = {}
        self.legs: dict[str, Leg] = {}
        self.announcers = Announcers()
        self.departures = Departures()
        self.verdicts: Deadlines[str] = Deadlines()
        self.overstayed: list[str] = []
        """Channels of callers who have hung up, which the PBX does not end by itself: to be hung
        up by whoever empties the list."""
        self.out_of_step: list[CallerChannel] = []
        """Whose dialogue is not to be believed: to be sent into the menu again in the same way."""
        self.devices: dict[str, str] = {}
        """The state of each device as the PBX told it last, in its own word."""
        self._by_call: dict[CallId, CallerChannel] = {}

    # -- for acd.ami.actions ------------------------------------------------------------------

    def caller(self, call: CallId) -> CallerChannel | None:
        """Return the caller's channel, None when it is gone."""
        return self._by_call.get(call)

    def expect_leg(self, offer: OfferId, call: CallId, device: str) -> None:
        """A leg with this Uniqueid is about to be originated."""
        self.legs[offer] = Leg(offer, call, device)

    def expect_answer(self, caller: CallerChannel, command_id: str, ordered: Ordered) -> None:
        """A prompt or a recording with this CommandID is about to be sent."""
        caller.commands[command_id] = ordered

    # -- messages -----------------------------------------------------------------------------

    def feed(self, message: Message, now: float) -> list[Event]:  # noqa: C901
        """Return what the message means; an empty list when it means nothing to us."""
        match message:
            case AgiStarted():
                return self._agi_started(message, now)
            case AgiExecuted(uniqueid, command_id, result):
                return self._agi_executed(uniqueid, command_id, result)
            case KeyBegun(uniqueid, digit):
                return self._key_begun(uniqueid, digit)
            case KeyEnded(uniqueid, digit):
                return self._key_ended(uniqueid, digit)
            case BridgeEntered():
                return self._bridge_entered(message)
            case BridgeExited(uniqueid, bridge, context):
                return self._bridge_exited(uniqueid, bridge, context, now)
            case BlindTransferred() | AttendedTransferred():
                return self._transferred(message)
            case HungUp(uniqueid, cause):
                return self._hung_up(uniqueid, cause, now)
            case HangupAsked(uniqueid):
                return self._hangup_asked(uniqueid, now)
            case SwitchedOff(uniqueid):
                return self._switched_off(uniqueid)
            case DialBegun(uniqueid):
                if (leg := self.legs.get(uniqueid)) is not None:
                    leg.seen = True
                return []
            case DialProgressed(uniqueid, status):
                leg = self.legs.get(uniqueid)
                return [] if leg is None or status != "RINGING" else self.leg_rings(leg)
            case OriginateEnded(_, uniqueid, answered, reason):
                return self._originate_ended(uniqueid, answered, reason, now)
            case DeviceStated():
                return self._device_stated(message)
            case HoldChanged(uniqueid, held):
                leg = self.legs.get(uniqueid)
                if leg is None:
                    return []
                leg.alone = False
                leg.unheld_at = leg.unheld_at if held else now
                return [LegHeld(leg.offer, held)]
            case _:
                return []

    def next_deadline(self) -> float | None:
        """Return when ``due`` should be called at the latest."""
        return self.verdicts.next()

    def due(self, now: float) -> list[Event]:
        """Judge the rings of which only half of the end was reported in time, and the phones."""
        events: list[Event] = []
        for uniqueid in self.verdicts.due(now):
            leg = self.legs.get(uniqueid)
            if leg is not None and leg.undecided:
                events += self._decided(leg)
            elif leg is not None and not leg.answered:
                events += self._failed(leg)
            elif device := self.departures.over(uniqueid):
                known = DEVICE_STATES.get(self.devices.get(device, ""))
                events += [] if known is None else [DeviceChanged(DeviceId(device), known)]
        return events

    # -- callers ------------------------------------------------------------------------------

    def adopt(self, row: ChannelListed, *, code: bool, in_room: bool) -> CallerChannel:
        """Take a channel that was read from a list for a caller's; it must not be known yet."""
        call = call_of(self.pbx, row.uniqueid)
        caller = CallerChannel(call, row.uniqueid, row.channel, code, in_room, row.bridge)
        self.callers[row.uniqueid] = self._by_call[call] = caller
        return caller

    def adopt_leg(self, row: ChannelListed, call: CallId, *, connected: bool) -> Leg:
        """Take a channel that was read from a list for an agent's leg; it must not be known yet."""
        answered = connected or row.state == "Up"
        leg = self.legs[row.uniqueid] = Leg(
            OfferId(row.uniqueid),
            call,
            bridge=row.bridge,
            seen=True,
            ringing=answered or row.state == "Ringing",
            answered=answered,
            connected=connected,
        )
        return leg

    def _agi_started(self, message: AgiStarted, now: float) -> list[Event]:
        caller = self.callers.get(message.uniqueid)
        if caller is not None:
            caller.kept_at = now
            caller.in_room, caller.bridge, caller.moved = False, "", False
            caller.commands = {}
            self.announcers.silence(caller.call)
            return [MenuReached(caller.call)]
        code = message.context == CODE_CONTEXT
        if not code and message.context != MENU_CONTEXT:
            return []
        call = call_of(self.pbx, message.uniqueid)
        caller = CallerChannel(call, message.uniqueid, message.channel, code, kept_at=now)
        self.callers[message.uniqueid] = self._by_call[call] = caller
        if code:
            phone = DeviceId(message.channel.rpartition("-")[0])
            return [CodeDialled(call, self.pbx, phone, message.dialled_number)]
        return [CallArrived(call, self.pbx, message.caller_number, message.dialled_number)]

    def _agi_executed(self, uniqueid: str, command_id: str, result: str) -> list[Event]:
        caller = self.callers.get(uniqueid)
        ordered = caller.commands.pop(command_id, None) if caller is not None else None
        if caller is None or ordered is None:
            return []
        if not result[:3].isdigit() and not caller.left and caller.reentries < MOST_REENTRIES:
            # The rest of a long environment was read as an answer (res_agi.c reads it in pieces);
            # each answer after it would be that to the command before.
            caller.reentries += 1
            self.out_of_step.append(caller)
            return [DifferenceFound("menu_out_of_step", caller.call)]
        return [meaning(caller.call, ordered, result)]

    def _key_begun(self, uniqueid: str, digit: str) -> list[Event]:
        caller = self.callers.get(uniqueid)
        if caller is not None:
            caller.key_down, caller.sends_begin = digit, True
        return []

    def _key_ended(self, uniqueid: str, digit: str) -> list[Event]:
        """Count a key once: RFC 4733 keys in quick succession are published twice, the second
        time without a DTMFBegin; a channel that never sends Begin (INFO) has only Ends."""
        caller = self.callers.get(uniqueid)
        if caller is None or (caller.sends_begin and caller.key_down != digit):
            return []
        caller.key_down = ""
        return [DigitPressed(caller.call, digit)]

    def _hung_up(self, uniqueid: str, cause: int, now: float) -> list[Event]:
        caller = self.callers.get(uniqueid)
        if caller is not None:
            return self.caller_gone(caller, lost=caller.lost)
        leg = self.legs.get(uniqueid)
        if leg is None:
            return self.announcers.ended(uniqueid)
        if leg.undecided:
            leg.gone = True
            return []
        if leg.answered:
            return self.leg_gone(leg)
        leg.cause, leg.seen = cause, True
        # These alone do not say whether our time ran out, the phone said 480 or somebody hung up.
        if cause in (0, 19) and leg.reason is None and not leg.cancelled:
            self.verdicts.set(uniqueid, now + VERDICT_SECONDS)
            return []
        return self._failed(leg)

    def _switched_off(self, uniqueid: str) -> list[Event]:
        """Remember why this channel ends: neither caller nor agent is to blame."""
        caller, leg = self.callers.get(uniqueid), self.legs.get(uniqueid)
        if caller is not None:
            caller.lost = True
        elif leg is not None and not leg.connected:
            leg.cancelled = True
        return []

    def caller_gone(self, caller: CallerChannel, *, lost: bool = False) -> list[Event]:
        """Forget a caller's channel that has ended."""
        self.callers.pop(caller.uniqueid, None)
        self._by_call.pop(caller.call, None)
        self.announcers.caller_gone(caller.call)
        return [CallerHungUp(caller.call, lost)]

    # -- bridges ------------------------------------------------------------------------------

    def _bridge_entered(self, message: BridgeEntered) -> list[Event]:
        caller = self.callers.get(message.uniqueid)
        if caller is not None and caller.left:
            # His BYE met the agent's Bridge(), which moved a channel that was on its way out: both
            # would stand in the talk for ever (Asterisk 22.10, one of a hundred such races).
            self.overstayed.append(caller.channel)
            return []
        if caller is not None:
            caller.bridge = message.bridge
            if message.holding:
                caller.in_room = True
                return [WaitingRoomEntered(caller.call)]
            caller.in_room = False
            self.announcers.silence(caller.call)
            for leg in self.legs.values():
                if leg.call == caller.call and leg.bridge == message.bridge:
                    return self._joined(leg)
                caller.moved = caller.moved or (leg.call == caller.call and leg.connected)
            return []
        found = self.legs.get(message.uniqueid)
        if found is None:
            self.announcers.entered_room(message.uniqueid)
            return []
        found.bridge = message.bridge
        other = self._by_call.get(found.call)
        if other is not None and other.bridge == message.bridge:
            return self._answered(message.uniqueid) + self._joined(found)
        return self._answered(message.uniqueid)

    def _joined(self, leg: Leg) -> list[Event]:
        if leg.connected:
            return []
        leg.connected = leg.answered = leg.seen = True
        return [LegConnected(leg.offer)]

    def _bridge_exited(self, uniqueid: str, bridge: str, context: str, now: float) -> list[Event]:
        caller = self.callers.get(uniqueid)
        if caller is not None:
            if caller.bridge != bridge:
                return []
            caller.bridge = ""
            caller.moved = caller.moved or transfers.leads_away(context)
            was_in_room, caller.in_room = caller.in_room, False
            return [WaitingRoomLeft(caller.call)] if was_in_room else []
        leg = self.legs.get(uniqueid)
        if leg is None or leg.bridge != bridge:
            return []
        leg.bridge = ""
        if not leg.connected or leg.left:
            return []
        leg.left = True
        if transfers.awaits_word(leg, self._by_call.get(leg.call), now):
            leg.undecided = True
            self.verdicts.set(uniqueid, now + transfers.WORD_SECONDS)
            return []
        return [self._left_talk(leg, bridge)]

    def _left_talk(self, leg: Leg, bridge: str) -> LegLeftTalk:
        """The agent's leg is out of the talk; was the caller before him?"""
        caller = self._by_call.get(leg.call)
        if caller is not None and not caller.left and (caller.moved or leg.transferred):
            return LegLeftTalk(leg.offer)
        return LegLeftTalk(leg.offer, caller is None or caller.left or caller.bridge != bridge)

    def _transferred(self, message: BlindTransferred | AttendedTransferred) -> list[Event]:
        event = transfers.read(self.legs, message)
        if event is None:
            return []
        leg = self.legs[event.offer]
        return [event, *(self._decided(leg) if leg.undecided else [])]

    def _decided(self, leg: Leg) -> list[Event]:
        """The agent has left the talk: tell it now, and his leg's end if that has come."""
        leg.undecided = False
        self.verdicts.clear(leg.offer)
        return [LegLeftTalk(leg.offer), *(self.leg_gone(leg) if leg.gone else [])]

    # -- legs ---------------------------------------------------------------------------------

    def _hangup_asked(self, uniqueid: str, now: float) -> list[Event]:
        """Who is at the other end has hung up: a caller, or an agent, who is free with that."""
        if (caller := self.callers.get(uniqueid)) is not None:
            caller.left = True
        leg = self.legs.get(uniqueid)
        if leg is None or not leg.connected:
            return []
        device = leg.device
        free = leg.alone and self.devices.get(device) in WHOLLY_IN_USE
        events: list[Event] = [DeviceChanged(DeviceId(device), DeviceState.FREE)] if free else []
        if not leg.left:
            events.append(self._left_talk(leg, leg.bridge))
        events += self.leg_gone(leg)
        self.departures.hung_up(uniqueid, device, assumed_free=free)
        self.verdicts.set(uniqueid, now + CONFIRMED_SECONDS)
        return events

    def _device_stated(self, message: DeviceStated) -> list[Event]:
        device, state = message.device, message.state
        self.devices[device] = state
        self.departures.told(device)
        if state in ("RINGINUSE", "ONHOLD"):
            for leg in self.legs.values():
                leg.alone = leg.alone and leg.device != device
        known = DEVICE_STATES.get(state)
        return [] if known is None else [DeviceChanged(DeviceId(device), known)]

    def _answered(self, uniqueid: str) -> list[Event]:
        leg = self.legs.get(uniqueid)
        if leg is None or leg.answered:
            return []
        leg.answered = leg.seen = True
        return [LegAnswered(leg.offer)]

    def _originate_ended(
        self, uniqueid: str, answered: bool, reason: int, now: float
    ) -> list[Event]:
        if answered:
            return self._answered(uniqueid)
        leg = self.legs.get(uniqueid)
        if leg is None:
            return self.announcers.ended(uniqueid)
        if leg.answered:
            return []
        leg.reason = reason
        if leg.cause is not None or not leg.seen:
            # Either both halves are here, or there never was a channel (unknown endpoint).
            return self._failed(leg)
        self.verdicts.set(uniqueid, now + VERDICT_SECONDS)
        return []

    def leg_gone(self, leg: Leg) -> list[Event]:
        """Forget a leg that was answered and has ended."""
        self.verdicts.clear(leg.offer)
        self.legs.pop(leg.offer, None)
        if leg.connected:
            return [LegEnded(leg.offer)]
        how = RingOutcome.CANCELLED if leg.cancelled else RingOutcome.CALLER_LEFT
        return [LegFailed(leg.offer, how)]

    def leg_rings(self, leg: Leg) -> list[Event]:
        """The phone was seen to ring."""
        if leg.ringing:
            return []
        leg.ringing = leg.seen = True
        return [LegRinging(leg.offer)]

    def leg_lost(self, leg: Leg) -> list[Event]:
        """Forget a leg that ended unseen: nobody is to blame for a ring we did not watch."""
        if leg.answered:
            return self.leg_gone(leg)
        leg.cancelled = True
        return self._failed(leg)

    def _failed(self, leg: Leg) -> list[Event]:
        self.verdicts.clear(leg.offer)
        self.legs.pop(leg.offer, None)
        return [LegFailed(leg.offer, outcome_of(leg))]
