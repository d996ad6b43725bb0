"""The dialplan of the virtual PBX: what config/asterisk/acd-extensions.conf does, in Python.

That file is the contract. Each method here is one of its contexts and carries its name; when the
file changes, the method does. Time between two priorities is one step of the exchange's latency.
"""

from __future__ import annotations

from typing import Final

from acd.sim.asyncagi import AgiSession
from acd.sim.channels import Channel, ChannelState
from acd.sim.exchange import Exchange
from acd.sim.facts import Happening
from acd.sim.outside import OutsideCall
from acd.sim.rooms import Announced, Talk, Waiting
from acd.sim.transfers import Transfers

_DIALLED: Final = frozenset("0123456789+*#,")
_OUTSIDE: Final = frozenset("0123456789+")
_NAME: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,")
_GUARD_MS: Final = 9800
_GUARD_SECONDS: Final = 0.4
_LOST_PROMPT_SECONDS: Final = 2.0


class Dialplan:
    """The contexts, bound to an exchange. Constructing it is loading it."""

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange
        self._lock_free_at = 0.0
        self._transfers = Transfers(exchange, self._round_over)
        exchange.contexts.update(
            {
                "acd-inbound": self.inbound,
                "acd-agents": self.agents,
                "acd-menu": self.menu,
                "acd-wait": self.wait,
                "acd-ring": self.ring,
                "acd-code": self.code,
                "acd-external": self.external,
                "acd-emergency": lambda channel, exten: self.emergency(channel, "redirected"),
            }
        )

    def _stale(self) -> bool:
        beat = self._x.globals.get("ACD_HEARTBEAT", "")
        seen = int(beat) if beat.isdigit() else 0
        return int(self._x.now) - seen >= self._x.options.stale_after_seconds

    def inbound(self, channel: Channel, exten: str) -> None:
        """acd-inbound and acd-arrival: any number that was dialled; clean, answer, menu."""
        channel.number = _kept(channel.number, _DIALLED)
        channel.dialled = _kept(exten, _DIALLED)
        channel.caller_name = _kept(channel.caller_name, _NAME)
        self._x.set_state(channel, ChannelState.UP)
        self._x.then(channel, lambda: self._x.goto(channel, "acd-menu"))

    def menu(self, channel: Channel, exten: str) -> None:
        if exten == "T":
            self._rescue(channel, "dead_man")
        elif self._stale():
            self._rescue(channel, "stale")
        else:
            channel.priority = 5
            channel.variables["ACD_OFFER"] = ""
            self._x.set_absolute(channel, self._x.options.dead_man_seconds)
            tries = _count(channel)
            self._x.fact(Happening.CALLER_IN_MENU, caller=channel.uniqueid)
            AgiSession(self._x, channel, lambda: self._menu_ended(channel, tries))

    def _menu_ended(self, channel: Channel, tries: int) -> None:
        if tries < self._x.options.most_tries:
            self._x.goto(channel, "acd-menu")
        else:
            self._rescue(channel, "tries")

    def _rescue(self, channel: Channel, why: str) -> None:
        """acd-menu's `T`: who has talked is let go."""
        if channel.shared.get("ACD_TALKED") == "1":
            self._x.hang_up(channel, 16)
        else:
            self.emergency(channel, why)

    def wait(self, channel: Channel, exten: str) -> None:
        if exten == "T":
            self.emergency(channel, "dead_man")
            return
        self._x.set_absolute(channel, 0)
        channel.shared.pop("ACD_TALKED", None)
        channel.variables["ACD_TRIES"] = "0"
        self._round(channel)
        self._x.fact(Happening.CALLER_WAITING, caller=channel.uniqueid)
        if channel.patience is None and channel.patience_seconds is not None:
            channel.patience = self._x.after(
                channel.patience_seconds, lambda: self._patience_ends(channel)
            )

    def _patience_ends(self, channel: Channel) -> None:
        channel.patience = None
        if not isinstance(channel.occupation, Waiting) and channel.bridge is not None:
            return
        self._x.hang_up(channel, 16)

    def _round(self, channel: Channel) -> None:
        channel.priority = 5
        channel.variables["ACD_ROUND_MS"] = str(int(self._x.now * 1000))
        Waiting(self._x, channel, lambda: self._round_over(channel))

    def _round_over(self, channel: Channel) -> None:
        if channel.shared.get("ACD_TALKED") == "1":
            if channel.variables.get("ACD_AFTER") == "1":
                self._x.goto(channel, "acd-menu")
            else:
                self._x.hang_up(channel, 16)
        elif self._stale():
            self.emergency(channel, "stale")
        else:
            self._round(channel)

    def ring(self, leg: Channel, exten: str) -> None:
        """An agent has answered: claim the offer, alone or of many under a lock, and join."""
        caller = self._x.channels.get(leg.variables.get("ACD_CALLER", ""))
        offer = leg.variables.get("ACD_OFFER", "")
        if not offer:
            self._refuse(leg, "no offer")
        elif leg.variables.get("ACD_ALONE") == "1":
            self._claim(leg)
        elif caller is not None and caller.shared.get("ACD_CLAIM") == offer:
            self._refuse(leg, "claimed already")
        else:
            # LOCK(acd-claim): one after another, in the order in which they asked for it.
            x = self._x
            self._lock_free_at = max(x.now, self._lock_free_at) + x.rng.uniform(
                *x.options.lock_seconds
            )
            x.then(leg, lambda: self._claim(leg), self._lock_free_at - x.now)

    def _claim(self, leg: Channel) -> None:
        caller = self._x.channels.get(leg.variables.get("ACD_CALLER", ""))
        offer = leg.variables.get("ACD_OFFER", "")
        refusal = ""
        if caller is None:
            refusal = "caller gone"
        elif caller.variables.get("ACD_OFFER") != offer:
            refusal = "not the offer"
        elif caller.shared.get("ACD_CLAIM") == offer:
            refusal = "claimed already"
        if refusal or caller is None:
            self._refuse(leg, refusal)
            return
        caller.shared["ACD_CLAIM"] = offer
        leg.caller_name = leg.variables.get("ACD_SERVICE_NAME", "")
        leg.number = leg.variables.get("ACD_SERVICE_NUMBER", "")
        began = int(caller.variables.get("ACD_ROUND_MS", "0"))
        if int(self._x.now * 1000) - began >= _GUARD_MS:
            self._x.then(leg, lambda: self._join(leg, caller), _GUARD_SECONDS)
        else:
            self._join(leg, caller)

    def _join(self, leg: Channel, caller: Channel) -> None:
        if caller.hung_up:
            self._refuse(leg, "caller gone")
            return
        leg.variables["ACD_CLAIMED"] = "1"
        caller.shared["ACD_TALKED"] = "1"
        if caller.occupation is None:
            # Between two rounds he is in no bridge and runs no application: Bridge() fails.
            self._refuse(leg, "caller between rounds")
            return
        if not isinstance(caller.occupation, Waiting):
            self._x.fact(
                Happening.CALLER_STOLEN, caller=caller.uniqueid, leg=leg.uniqueid,
                detail=caller.occupation.application,
            )  # fmt: skip
        if file := leg.variables.get("ACD_RECORD"):
            leg.recording = file
            self._x.recordings.setdefault(file, [])
        if isinstance(caller.occupation, AgiSession):
            caller.occupation.vanish()
            caller.occupation = None
        self._x.interrupt(caller)
        Talk(
            self._x,
            caller,
            leg,
            then_caller=lambda: self._round_over(caller),
            then_leg=lambda: self._x.hang_up(leg, 16),
            pass_on=self._transfers.begin,
        )

    def _refuse(self, leg: Channel, why: str) -> None:
        """acd-ring's `Hangup()`, then its `h`: the leg that claimed takes back its mark."""
        x = self._x
        x.fact(
            Happening.REFUSED,
            caller=leg.rings_for,
            phone=leg.phone.device if leg.phone else "",
            leg=leg.uniqueid,
            detail=why,
        )
        caller = x.channels.get(leg.variables.get("ACD_CALLER", ""))
        if caller is not None and leg.variables.get("ACD_CLAIMED") == "1":
            caller.shared.pop("ACD_TALKED", None)
        x.then(leg, lambda: x.hang_up(leg, 16))

    def external(self, channel: Channel, exten: str) -> None:
        """acd-external: nobody's ring may take him back; only digits are dialled."""
        self._x.set_absolute(channel, 0)
        channel.variables["ACD_OFFER"] = ""
        number = _kept(channel.variables.get("ACD_EXTERNAL", ""), _OUTSIDE)
        if not number:
            self._x.hang_up(channel, 16)
            return
        channel.priority = 6
        self._x.fact(Happening.CALLER_OUTSIDE, caller=channel.uniqueid, detail=number)
        OutsideCall(self._x, channel, number)

    def agents(self, channel: Channel, exten: str) -> None:
        """acd-agents: a code goes to the engine; a colleague's number is a call of his own."""
        if not exten.startswith("*"):
            colleague = self._x.phones.get(f"PJSIP/{exten}")
            if colleague is None:
                self._x.hang_up(channel, 1)
            else:
                self._transfers.call(channel, colleague)
            return
        channel.dialled = _kept(exten, _DIALLED)
        self._x.set_state(channel, ChannelState.UP)
        self._x.then(channel, lambda: self._x.goto(channel, "acd-code"))

    def code(self, channel: Channel, exten: str) -> None:
        if exten == "T" or self._stale():
            self._code_lost(channel)
            return
        channel.priority = 5
        self._x.set_absolute(channel, self._x.options.dead_man_seconds)
        tries = _count(channel)
        AgiSession(self._x, channel, lambda: self._code_ended(channel, tries))

    def _code_ended(self, channel: Channel, tries: int) -> None:
        if tries < self._x.options.most_tries:
            self._x.goto(channel, "acd-code")
        else:
            self._code_lost(channel)

    def _code_lost(self, channel: Channel) -> None:
        self._x.set_absolute(channel, 0)
        Announced(
            self._x,
            channel,
            "Playback",
            "an-error-has-occurred",
            _LOST_PROMPT_SECONDS,
            lambda: self._x.hang_up(channel, 16),
        )

    def emergency(self, channel: Channel, why: str) -> None:
        """acd-emergency: his area's queue, which here keeps him a while and lets him go."""
        queue = channel.variables.get("ACD_CALL", "").partition("|")[0] or "switchboard"
        channel.context, channel.exten, channel.priority = "acd-emergency", "s", 5
        self._x.set_absolute(channel, 0)
        channel.variables["ACD_OFFER"] = ""
        self._x.fact(Happening.CALLER_IN_EMERGENCY, caller=channel.uniqueid, detail=why)
        Announced(
            self._x,
            channel,
            "Queue",
            f"acd-emergency-{queue},,,,600",
            self._x.options.emergency_seconds,
            lambda: self._x.hang_up(channel, 16),
        )


def _kept(text: str, allowed: frozenset[str]) -> str:
    return "".join(character for character in text if character in allowed)[:32]


def _count(channel: Channel) -> int:
    tries = int(channel.variables.get("ACD_TRIES", "0") or "0") + 1
    channel.variables["ACD_TRIES"] = str(tries)
    return tries
