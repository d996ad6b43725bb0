"""A caller who goes on to an outside number: acd-external's Dial() on the virtual PBX.

What the far end does stands in `Options.outside`. The caller's side ends with it, whatever it was;
the engine has no part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acd.sim.channels import Bridge, Channel, ChannelState, Timer
from acd.sim.exchange import Exchange
from acd.sim.phones import Reply

OUTSIDE: Final = "PJSIP/outside"
"""The endpoint of the trunk to outside numbers (the dialplan's ACD_TRUNK)."""

_RINGS_SECONDS: Final = 60.0
_FAILURES: Final = {
    Reply.BUSY: (17, "BUSY"),
    Reply.DECLINES: (21, "CHANUNAVAIL"),
    Reply.FORBIDDEN: (21, "CHANUNAVAIL"),
    Reply.UNAVAILABLE: (19, "NOANSWER"),
}


class OutsideCall:
    """The caller's occupation from the first ring at the far end to the end of the talk."""

    application: Final = "Dial"

    def __init__(self, exchange: Exchange, caller: Channel, number: str) -> None:
        self._x = x = exchange
        self._caller = caller
        self.data = f"{OUTSIDE.partition('/')[0]}/{number}@outside,{_RINGS_SECONDS:g},iI"
        self._timers: list[Timer] = []
        self._bridge: Bridge | None = None
        caller.occupation = self
        self._leg = leg = x.new_channel(OUTSIDE, "acd-inbound", "s", number="s")
        leg.language, leg.linkedid = caller.language, caller.linkedid
        leg.connected_number, leg.connected_name = caller.number, caller.caller_name
        leg.occupation = _FarEnd(self)
        self._dial("DialBegin", f"DialString: {number}@outside\r\n")
        self._after(x.rng.uniform(*x.options.signalling_seconds), self._first_reply)
        self._after(_RINGS_SECONDS, lambda: self._fail(19, "NOANSWER"))

    def _first_reply(self) -> None:
        behaviour = self._x.options.outside
        if behaviour.reply in _FAILURES:
            cause, status = _FAILURES[behaviour.reply]
            self._after(behaviour.after_seconds, lambda: self._fail(cause, status))
        elif behaviour.reply is not Reply.DEAD:
            self._leg.state = ChannelState.RINGING
            self._dial("DialState", "DialStatus: RINGING\r\n")
            self._x.say_device(OUTSIDE, "RINGING")
            if behaviour.reply is Reply.ANSWERS:
                self._after(behaviour.after_seconds, self._answer)

    def _answer(self) -> None:
        self._stop()
        x, leg = self._x, self._leg
        leg.state, leg.exten = ChannelState.UP, ""
        self._dial("DialEnd", "DialStatus: ANSWER\r\n")
        self._bridge = x.new_bridge()
        x.enter_bridge(leg, self._bridge)
        x.say_device(OUTSIDE, "INUSE")
        x.enter_bridge(self._caller, self._bridge)
        self._bridge.technology = "native_rtp"
        talk_seconds = x.options.outside.talk_seconds
        if talk_seconds is not None:
            self._after(talk_seconds, lambda: x.hang_up(leg, 16))

    def _fail(self, cause: int, status: str) -> None:
        self._stop()
        self._dial("DialEnd", f"DialStatus: {status}\r\n")
        self._end(self._leg, cause)
        self._end(self._caller, cause)

    def leave(self) -> None:
        """The caller hangs up."""
        self._stop()
        if self._bridge is None:
            self._dial("DialEnd", "DialStatus: CANCEL\r\n")
        self._x.leave_bridge(self._caller)
        self._end(self._leg, 16)

    def far_end_left(self) -> None:
        """The far end has hung up, or was never reached."""
        self._stop()
        self._x.leave_bridge(self._leg)
        self._x.leave_bridge(self._caller)
        self._x.soon(lambda: self._end(self._caller, 16))

    def key(self, digit: str) -> None:
        """Keys pass through as events only: Dial() was given no features."""

    def _end(self, channel: Channel, cause: int) -> None:
        channel.occupation = None
        self._x.leave_bridge(channel)
        self._x.hang_up(channel, cause)

    def _dial(self, event: str, more: str) -> None:
        self._x.emit(event, "call", self._caller.headers(), self._leg.headers("Dest"), more)

    def _after(self, seconds: float, run: Callable[[], None]) -> None:
        self._timers.append(self._x.after(seconds, run))

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()


class _FarEnd:
    """The other leg's part in it."""

    application: Final = "AppDial"
    data: Final = "(Outgoing Line)"

    def __init__(self, call: OutsideCall) -> None:
        self._call = call

    def leave(self) -> None:
        self._call.far_end_left()

    def key(self, digit: str) -> None:
        """Nobody listens to keys of the far end."""
