"""Where channels spend their time together: the waiting room, a talk, the emergency queue.

A `Talk` has two sides. When one side is interrupted (it hangs up, is redirected, kicked or taken
away) the bridge dissolves: the other side leaves it too and goes on at its own next priority.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acd.sim.channels import Channel, Timer
from acd.sim.exchange import Exchange
from acd.sim.facts import Happening


class Waiting:
    """BridgeWait(acd-<uniqueid>,participant,m(...)S(n)): alone with music for one round."""

    application: Final = "BridgeWait"

    def __init__(self, exchange: Exchange, channel: Channel, then: Callable[[], None]) -> None:
        seconds = exchange.options.round_seconds
        self._exchange = exchange
        self._channel = channel
        self._then = then
        music = channel.variables.get("ACD_MUSIC", "default")
        self.data = f"acd-{channel.uniqueid},participant,m({music})S({seconds:g})"
        channel.occupation = self
        exchange.enter_bridge(channel, exchange.room(f"acd-{channel.uniqueid}"))
        self._timer = exchange.after(seconds, self.over)

    def over(self) -> None:
        """The round is over, or the caller was kicked: on to the next priority."""
        self._channel.occupation = None
        self.leave()
        self._exchange.then(self._channel, self._then)

    def leave(self) -> None:
        self._timer.cancel()
        self._exchange.leave_bridge(self._channel)

    def key(self, digit: str) -> None:
        """Keys pass through as events only."""


class Talk:
    """Bridge(): an agent's leg and a caller in one bridge."""

    def __init__(
        self,
        exchange: Exchange,
        caller: Channel,
        leg: Channel,
        *,
        then_caller: Callable[[], None],
        then_leg: Callable[[], None],
        pass_on: Callable[[Talk], None],
    ) -> None:
        self.exchange = exchange
        self.caller = caller
        self.leg = leg
        self._timers: list[Timer] = []
        self.over = False
        self.bridge = exchange.new_bridge()
        caller.occupation = self._caller_side = TalkSide(
            self, caller, "BridgeWait", "", then_caller
        )
        exchange.enter_bridge(caller, self.bridge)
        leg.linkedid = caller.linkedid
        leg.connected_number, leg.connected_name = caller.number, caller.caller_name
        caller.connected_number, caller.connected_name = leg.number, leg.caller_name
        leg.occupation = self._leg_side = TalkSide(self, leg, "Bridge", caller.name, then_leg)
        exchange.enter_bridge(leg, self.bridge)
        self.bridge.technology = "native_rtp"
        self._tell(Happening.BRIDGED)
        for channel in (caller, leg):
            if channel.passes_on is not None:
                seconds = channel.talk_seconds or 0.0
                self._timers.append(exchange.after(seconds, lambda: pass_on(self)))
            elif channel.talk_seconds is not None:
                self._hangs_up_after(channel, channel.talk_seconds)

    def _hangs_up_after(self, channel: Channel, seconds: float) -> None:
        self._timers.append(
            self.exchange.after(seconds, lambda: self.exchange.hang_up(channel, 16))
        )

    def _tell(self, kind: Happening) -> None:
        phone = self.leg.phone.device if self.leg.phone else ""
        self.exchange.fact(kind, caller=self.caller.uniqueid, phone=phone, leg=self.leg.uniqueid)

    def end(self, first: Channel) -> None:
        """`first` has left; the other side follows and goes on in its dialplan."""
        if self.over:
            return
        self._end()
        exchange = self.exchange
        exchange.leave_bridge(first)
        other = self._leg_side if first is self.caller else self._caller_side
        exchange.leave_bridge(other.channel)
        self._tell(Happening.TALK_ENDED)
        if other.channel.occupation is other:
            other.channel.occupation = None
            exchange.then(other.channel, other.then)

    def _end(self) -> None:
        self.over = True
        for timer in self._timers:
            timer.cancel()

    def release_caller(self) -> None:
        """He is passed on: he leaves, and is free for what comes."""
        self._end()
        self.exchange.leave_bridge(self.caller)
        self._tell(Happening.TALK_ENDED)
        self.caller.occupation = None

    def release_leg(self) -> None:
        """The agent who passed him on leaves, and goes on in the dialplan."""
        self._end()
        self.exchange.leave_bridge(self.leg)
        self.leg.occupation = None
        self.exchange.then(self.leg, self._leg_side.then)


class TalkSide:
    """One channel's part in a talk."""

    def __init__(
        self, talk: Talk, channel: Channel, application: str, data: str, then: Callable[[], None]
    ) -> None:
        self._talk = talk
        self.channel = channel
        self.application = application
        self.data = data
        self.then = then

    def leave(self) -> None:
        self._talk.end(self.channel)

    def over(self) -> None:
        """Kicked out of the bridge: this side goes on too."""
        channel = self.channel
        channel.occupation = None
        self._talk.end(channel)
        self._talk.exchange.then(channel, self.then)

    def key(self, digit: str) -> None:
        """Keys pass through as events only."""


class Announced:
    """An application that needs nobody: a playback, the static emergency queue."""

    def __init__(
        self,
        exchange: Exchange,
        channel: Channel,
        application: str,
        data: str,
        seconds: float,
        then: Callable[[], None],
    ) -> None:
        self.application = application
        self.data = data
        self._channel = channel
        self._then = then
        channel.occupation = self
        self._timer = exchange.after(seconds, self._over)

    def _over(self) -> None:
        self._channel.occupation = None
        self._then()

    def leave(self) -> None:
        self._timer.cancel()

    def key(self, digit: str) -> None:
        """Keys pass through as events only."""
