"""A virtual PBX in stepped time, seen from both of its sides."""

from __future__ import annotations

from acd.ami.wire import Headers, encode, parse
from acd.sim.exchange import TRUNK
from acd.sim.facts import Fact, Happening
from acd.sim.pbx import Options, VirtualPbx

START = 1_700_000_000.0
PHONE = "PJSIP/1001"
OTHER_PHONE = "PJSIP/1002"


class Rig:
    """Plays the engine by hand: sends actions, beats the heart, keeps what was received."""

    def __init__(self, options: Options | None = None, *, seed: int = 7) -> None:
        self.pbx = VirtualPbx(seed=seed, phones=[PHONE, OTHER_PHONE], start=START, options=options)
        self.now = START
        self.received: list[Headers] = []
        self.beat()

    # -- the engine's side -----------------------------------------------------------------------

    def act(self, action: str, **headers: str) -> Headers:
        """One action; its first answer. A name with a trailing underscore loses it."""
        lines = [("Action", action)]
        for name, value in headers.items():
            lines += [(name.rstrip("_"), part) for part in value.split("\n")]
        return self.take(self.pbx.action(encode(lines).removesuffix(b"\r\n\r\n"), self.now))

    def take(self, messages: list[bytes]) -> Headers:
        parsed = [parse(message.removesuffix(b"\r\n\r\n")) for message in messages]
        self.received += parsed
        return next((message for message in parsed if message.first == "Response"), Headers(()))

    def beat(self) -> None:
        self.act("Setvar", Variable="ACD_HEARTBEAT", Value=str(int(self.now)))

    def run(self, seconds: float, *, beating: bool = True) -> None:
        """Let time pass, with a heartbeat every 2 s unless told not to."""
        until = self.now + seconds
        while self.now < until:
            due = self.pbx.next_deadline()
            beat_at = (int(self.now / 2) + 1) * 2.0
            self.now = min(due if due is not None else until, beat_at, until)
            self.take(self.pbx.advance(self.now))
            if beating and self.now == beat_at:
                self.beat()

    # -- reading ---------------------------------------------------------------------------------

    def events(self, name: str = "", **headers: str) -> list[Headers]:
        """The events received so far, of this name and with these values."""
        return [
            message
            for message in self.received
            if message.first == "Event"
            and (not name or message.get("Event") == name)
            and all(message.get(key) == value for key, value in headers.items())
        ]

    def names(self) -> list[str]:
        """The names of the events received so far, without what is said about the trunk."""
        return [event.get("Event") for event in self.events() if event.get("Device") != TRUNK]

    def forget(self) -> None:
        self.received.clear()

    def facts(self, kind: Happening) -> list[Fact]:
        return [fact for fact in self.pbx.facts if fact.kind is kind]

    def channel(self, uniqueid: str) -> str:
        found = self.pbx.find(uniqueid)
        return found.name if found else ""

    # -- the common way of a call ----------------------------------------------------------------

    def caller_in_menu(self, **properties: str) -> str:
        """A caller who stands in the menu; his Uniqueid."""
        caller = self.pbx.dial_in(self.now, number=properties.get("number", "0301234"))
        self.run(0.1)
        return caller

    def send_to_wait(self, caller: str) -> None:
        self.act(
            "Redirect", Channel=self.channel(caller), Context="acd-wait", Exten="s", Priority="1"
        )

    def caller_waiting(self) -> str:
        """A caller in the waiting room; his Uniqueid."""
        caller = self.caller_in_menu()
        self.send_to_wait(caller)
        self.run(0.1)
        return caller

    def offer(
        self, caller: str, offer: str, *, phone: str = PHONE, timeout_ms: int = 15_000
    ) -> None:
        """Offer the caller to a phone as the engine does: write the offer, then Originate."""
        self.act("Setvar", Channel=self.channel(caller), Variable="ACD_OFFER", Value=offer)
        self.ring(caller, offer, phone=phone, timeout_ms=timeout_ms)

    def ring(
        self,
        caller: str,
        offer: str,
        *,
        phone: str = PHONE,
        timeout_ms: int = 15_000,
        claim: str = "",
    ) -> None:
        """Ring a phone; with a `claim` of several legs it is not alone."""
        self.act(
            "Originate",
            ActionID=f"ring-{offer}",
            Async_="true",
            Channel=phone,
            Context="acd-ring",
            Exten="s",
            Priority="1",
            ChannelId=offer,
            CallerID='"2 Billing 0:12" <0301234>',
            Timeout=str(timeout_ms),
            Variable=f"ACD_OFFER={claim or offer},ACD_CALLER={self.channel(caller)}"
            f"\nACD_ALONE={int(not claim)}"
            "\nACD_SERVICE_NAME=Water,ACD_SERVICE_NUMBER=0800",
        )

    def announce(
        self,
        caller: str,
        files: str,
        *,
        announcer: str,
        channel: str = "Local/s@acd-announce/n",
        room_variable: str = "_ACD_ROOM",
    ) -> None:
        """Speak into the caller's room as the engine does."""
        self.act(
            "Originate",
            ActionID=f"announce-{announcer}",
            Async_="true",
            Channel=channel,
            ChannelId=announcer,
            Context="acd-speak",
            Exten="s",
            Priority="1",
            Variable=f"{room_variable}={caller}\nACD_FILES={files}",
        )

    def to_outside(self, caller: str, number: str) -> None:
        """Send the caller to an outside number as the engine does."""
        channel = self.channel(caller)
        self.act("Setvar", Channel=channel, Variable="ACD_EXTERNAL", Value=number)
        self.act("Redirect", Channel=channel, Context="acd-external", Exten="s", Priority="1")

    def talking(self) -> str:
        """A caller who talks with PHONE, whose leg is `o1`; his Uniqueid."""
        caller = self.caller_waiting()
        self.offer(caller, "o1")
        self.run(2.5)
        assert self.facts(Happening.BRIDGED)
        return caller

    def agi(self, caller: str, command: str, command_id: str = "c1") -> Headers:
        return self.act("AGI", Channel=self.channel(caller), Command=command, CommandID=command_id)

    def result(self, command_id: str = "c1") -> str:
        """The decoded Result of a command; empty while there is none."""
        done = self.events("AsyncAGIExec", CommandId=command_id)
        return done[0].get("Result") if done else ""
