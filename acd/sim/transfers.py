"""Transfers on the virtual PBX: an agent passes his caller on to a colleague's phone.

What the sample's acd-transfer and acd-passed-back do, and what is told of it: the
events of one transfer come in any order (acd.ami.transfers has what was measured).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acd.sim.channels import Bridge, Channel, ChannelState, Timer
from acd.sim.exchange import Exchange
from acd.sim.facts import Happening
from acd.sim.phones import AgentPhone, PassesOn, Reply
from acd.sim.rooms import Talk

_RINGS_SECONDS: Final = 30.0
_CONTEXT: Final = "acd-transfer"


class ColleagueCall:
    """Dial() to an agent's phone: the occupation of whoever calls it, from ring to end."""

    application: Final = "Dial"

    def __init__(
        self,
        exchange: Exchange,
        peer: Channel,
        phone: AgentPhone,
        *,
        over: Callable[[Channel], None],
        unanswered: Callable[[Channel], None],
        answered: Callable[[ColleagueCall], None] = lambda call: None,
    ) -> None:
        """``over``: where the peer goes when the colleague has hung up."""
        self._x = x = exchange
        self.peer = peer
        self._phone = phone
        self._over, self._unanswered, self._answered = over, unanswered, answered
        self._timers: list[Timer] = []
        self.bridge: Bridge | None = None
        self.data = f"{phone.device},{_RINGS_SECONDS:g}"
        busy = bool(x.legs[phone.device]) or phone.private_call
        self._behaviour = phone.takes_ring()
        peer.occupation = self
        self.leg = leg = x.new_channel(phone.device, "acd-agents", "s", phone=phone)
        leg.linkedid, leg.number = peer.linkedid, phone.number
        leg.connected_number, leg.connected_name = peer.number, peer.caller_name
        leg.occupation = _Colleague(self)
        self._dial("DialBegin", f"DialString: {phone.number}\r\n")
        self._tell(Happening.PHONE_RUNG, f'"{peer.caller_name}" <{peer.number}>')
        takes = self._behaviour.reply in (Reply.ANSWERS, Reply.RINGS, Reply.DEAD) and not busy
        signalled = x.rng.uniform(*x.options.signalling_seconds)
        self._after(signalled, self._rings if takes else self._refused)
        self._after(_RINGS_SECONDS, self._refused)

    def _rings(self) -> None:
        if self._behaviour.reply is Reply.DEAD:
            return
        self._x.set_state(self.leg, ChannelState.RINGING)
        self._dial("DialState", "DialStatus: RINGING\r\n")
        if self._behaviour.reply is Reply.ANSWERS:
            self._after(self._behaviour.after_seconds, self._answer)

    def _answer(self) -> None:
        self._stop()
        x = self._x
        x.set_state(self.leg, ChannelState.UP)
        self._dial("DialEnd", "DialStatus: ANSWER\r\n")
        self.bridge = x.new_bridge()
        x.enter_bridge(self.leg, self.bridge)
        x.enter_bridge(self.peer, self.bridge)
        self.bridge.technology = "native_rtp"
        self._tell(Happening.PHONE_ANSWERED)
        self._tell(Happening.BRIDGED)
        if self._behaviour.talk_seconds is not None:
            self._after(self._behaviour.talk_seconds, lambda: x.hang_up(self.leg, 16))
        self._answered(self)

    def _refused(self) -> None:
        self._stop()
        self._dial("DialEnd", "DialStatus: NOANSWER\r\n")
        self.leg.occupation = self.peer.occupation = None
        self._tell(Happening.RING_ENDED, "17")
        self._x.hang_up(self.leg, 17)
        self._x.then(self.peer, lambda: self._unanswered(self.peer))

    def hand_to(self, caller: Channel, over: Callable[[Channel], None]) -> None:
        """Another takes the place of whoever called."""
        assert self.bridge is not None
        self._x.leave_bridge(self.peer)
        self.peer.occupation = None
        self.peer, self._over = caller, over
        caller.occupation = self
        self._x.enter_bridge(caller, self.bridge)

    def leave(self) -> None:
        """The peer hangs up, or is taken away."""
        self._stop()
        self._x.leave_bridge(self.peer)
        self.leg.occupation = None
        self._end_of_talk()
        self._x.leave_bridge(self.leg)
        self._x.hang_up(self.leg, 16)

    def colleague_left(self) -> None:
        """The colleague has hung up."""
        self._stop()
        self._x.leave_bridge(self.leg)
        self._x.leave_bridge(self.peer)
        self._end_of_talk()
        self.peer.occupation = None
        self._x.then(self.peer, lambda: self._over(self.peer))

    def key(self, digit: str) -> None:
        """Keys pass through as events only: Dial() was given no features."""

    def _end_of_talk(self) -> None:
        if self.bridge is not None:
            self._tell(Happening.TALK_ENDED)

    def _tell(self, kind: Happening, detail: str = "") -> None:
        caller = self.peer.uniqueid if self.peer.is_caller else ""
        phone, leg = self._phone.device, self.leg.uniqueid
        self._x.fact(kind, caller=caller, phone=phone, leg=leg, detail=detail)

    def _dial(self, event: str, more: str) -> None:
        self._x.emit(event, "call", self.peer.headers(), self.leg.headers("Dest"), more)

    def _after(self, seconds: float, run: Callable[[], None]) -> None:
        self._timers.append(self._x.after(seconds, run))

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()


class _Colleague:
    """The other leg's part in it."""

    application: Final = "AppDial"
    data: Final = "(Outgoing Line)"

    def __init__(self, call: ColleagueCall) -> None:
        self._call = call

    def leave(self) -> None:
        self._call.colleague_left()

    def key(self, digit: str) -> None:
        """Nobody listens to keys of the far end."""


class Transfers:
    """What phones do that pass callers on. ``after_talk``: where a caller goes in the end."""

    def __init__(self, exchange: Exchange, after_talk: Callable[[Channel], None]) -> None:
        self._x = exchange
        self._after_talk = after_talk

    def begin(self, talk: Talk) -> None:
        """The agent passes his caller on, at once or after a word with his colleague."""
        how = talk.leg.passes_on
        assert how is not None
        if how.attended:
            self._consult(talk, how)
        else:
            self._send(talk, how.number)

    def _send(self, talk: Talk, number: str) -> None:
        x, caller, leg = self._x, talk.caller, talk.leg
        colleague = self._phone(number)
        if colleague is None:
            return  # acd-transfer has no such number: the phone is told 404, and they talk on.
        told = (
            f"Result: Success\r\n{leg.headers('Transferer')}{caller.headers('Transferee')}"
            f"{talk.bridge.headers()}IsExternal: Yes\r\n"
            f"Context: {_CONTEXT}\r\nExtension: {number}\r\n"
        )
        caller.context, caller.exten = _CONTEXT, number
        x.emit("Unhold", "call", leg.headers())
        steps = [
            lambda: x.emit("BlindTransfer", "call", told),
            talk.release_caller,
            talk.release_leg,
        ]
        x.rng.shuffle(steps)
        for step in steps:
            step()
        x.then(caller, lambda: self._dial(caller, colleague, leg.phone))

    def _dial(self, caller: Channel, phone: AgentPhone, back_to: AgentPhone | None) -> None:
        def unanswered(channel: Channel) -> None:
            if back_to is None:
                self._x.hang_up(channel, 16)
            else:
                channel.context, channel.exten = "acd-passed-back", "s"
                self._dial(channel, back_to, None)

        ColleagueCall(self._x, caller, phone, over=self._after_talk, unanswered=unanswered)

    def _consult(self, talk: Talk, how: PassesOn) -> None:
        x, leg = self._x, talk.leg
        colleague = self._phone(how.number)
        if colleague is None or leg.phone is None:
            return
        x.emit("Hold", "call", leg.headers(), "MusicClass: default\r\n")
        second = x.new_channel(
            leg.device,
            "acd-agents",
            how.number,
            phone=leg.phone,
            state=ChannelState.UP,
            number=leg.phone.number,
        )

        def answered(call: ColleagueCall) -> None:
            x.after(how.consults_seconds, lambda: self._join(talk, call))

        self.call(second, colleague, answered)

    def call(
        self,
        channel: Channel,
        phone: AgentPhone,
        answered: Callable[[ColleagueCall], None] = lambda call: None,
    ) -> None:
        """An agent's phone calls a colleague's."""

        def end(channel: Channel) -> None:
            self._x.hang_up(channel, 16)

        ColleagueCall(self._x, channel, phone, over=end, unanswered=end, answered=answered)

    def _join(self, talk: Talk, call: ColleagueCall) -> None:
        """REFER with Replaces: the caller takes the agent's place in his second call."""
        x, caller, leg, second = self._x, talk.caller, talk.leg, call.peer
        if talk.over or call.bridge is None or second.occupation is not call:
            return
        for channel in (leg, second):
            x.emit("Unhold", "call", channel.headers())
        told = (
            f"Result: Success\r\n{leg.headers('OrigTransferer')}{talk.bridge.headers('Orig')}"
            f"{second.headers('SecondTransferer')}{call.bridge.headers('Second')}"
            f"{caller.headers('Transferee')}{call.leg.headers('TransferTarget')}"
            f"IsExternal: No\r\nDestType: Bridge\r\nDestBridgeUniqueid: {call.bridge.uniqueid}\r\n"
        )
        talk.release_caller()
        call.hand_to(caller, self._after_talk)
        steps = [lambda: x.emit("AttendedTransfer", "call", told), talk.release_leg]
        x.rng.shuffle(steps)
        for step in steps:
            step()
        x.hang_up(second, 16)

    def _phone(self, number: str) -> AgentPhone | None:
        return self._x.phones.get(f"PJSIP/{number}")
