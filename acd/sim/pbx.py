"""A virtual Asterisk 22: AMI in and out as bytes, callers and phones on the other side.

It stands on the same ground as the real one for the engine and the tests: the sample dialplan
(`dialplan.py`), the sample manager.conf with its include filters, and the measured oddities. It is
pure: time comes in with every call, chance comes from the seed, and the same calls give the same
bytes. From acd it may import `acd.ami.wire` and nothing else: a shared model would share the bug.

Two sides:

- the engine's: `action`, `advance`, `next_deadline`. Bytes come out in the order in which Asterisk
  would have written them. What the world's side set off comes out of the next `advance`.
- the world's: who dials, presses, waits, answers and hangs up; `facts` says what truly happened.

`now` is in seconds since the epoch, because Asterisk's own clock is what its timestamps, Uniqueids
and heartbeat show. It must not go back; where it does, the later time stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from acd.ami.wire import Headers, parse
from acd.sim.actions import perform
from acd.sim.channels import Channel, ChannelState
from acd.sim.dialplan import Dialplan
from acd.sim.exchange import TRUNK, Exchange, Message
from acd.sim.facts import Fact, Happening, OnFact
from acd.sim.options import Options
from acd.sim.phones import AgentPhone, Behaviour, Reply

__all__ = ["AgentPhone", "Behaviour", "Fact", "Happening", "Options", "Reply", "VirtualPbx"]

_KEY_SECONDS = 0.06
_DOUBLED_WITHIN_SECONDS = 0.14
_SECOND_END_SECONDS = 0.085


class VirtualPbx:
    """One simulated Asterisk.

    `phones` are the configured endpoints by device (`PJSIP/1001`). Facts go to `on_fact`, or are
    kept in `facts` where none is given. `system_name` is what genuine events carry and Uniqueids
    start with.
    """

    def __init__(
        self,
        *,
        name: str = "main",
        system_name: str = "acd-sim",
        seed: int = 0,
        phones: Mapping[str, AgentPhone] | Sequence[str] = (),
        start: float = 1_700_000_000.0,
        options: Options | None = None,
        on_fact: OnFact | None = None,
    ) -> None:
        if not isinstance(phones, Mapping):
            phones = {device: AgentPhone(device) for device in phones}
        self.facts: list[Fact] = []
        self._x = Exchange(
            name=name,
            system_name=system_name,
            seed=seed,
            phones=phones,
            start=start,
            options=options or Options(),
            on_fact=on_fact or self.facts.append,
        )
        Dialplan(self._x)

    # -- the engine's side -----------------------------------------------------------------------

    def action(self, frame: bytes | Headers, now: float) -> list[bytes]:
        """Take one AMI action (a frame, or its headers); return what is written, in order."""
        return [message.data for message in self.serve(frame, now)]

    def serve(self, frame: bytes | Headers, now: float) -> list[Message]:
        """As `action`, but told apart: answers to this session, events to every session."""
        self._x.run_until(now)
        perform(self._x, parse(frame, bare_lf=True) if isinstance(frame, bytes) else frame)
        return self._x.drain()

    def advance(self, now: float) -> list[bytes]:
        """Let everything due up to `now` happen; return what was written since the last call."""
        self._x.run_until(now)
        return [message.data for message in self._x.drain()]

    def next_deadline(self) -> float | None:
        """When `advance` has something to do next; None while nothing is under way."""
        return self._x.next_deadline()

    # -- the world's side ------------------------------------------------------------------------

    @property
    def phones(self) -> Mapping[str, AgentPhone]:
        return self._x.phones

    @property
    def recordings(self) -> Mapping[str, list[str]]:
        """Every file that a talk was recorded into, with the States of its MixMonitorMute."""
        return self._x.recordings

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Every channel there is, by name, to be looked at."""
        return self._x.channels

    @property
    def queue_log(self) -> Sequence[str]:
        """The lines that `QueueLog` actions wrote."""
        return self._x.queue_log

    @property
    def recorded(self) -> Mapping[str, float]:
        """What was recorded: file without ending -> seconds of sound."""
        return self._x.recorded

    def find(self, name: str) -> Channel | None:
        """A channel by name or Uniqueid; None when it is gone."""
        return self._x.find(name)

    def dial_in(
        self,
        now: float,
        *,
        number: str,
        name: str = "",
        dnis: str = "0800555100",
        keys: Sequence[tuple[float, str]] = (),
        patience_seconds: float | None = None,
        talk_seconds: float | None = None,
        language: str = "de",
    ) -> str:
        """A caller dials in; returns his Uniqueid.

        `keys` are pressed so many seconds after dialling. He hangs up `patience_seconds` after he
        began to wait unless he talks by then, and `talk_seconds` after a talk began. The texts
        are the far end's and may hold anything; undecodable bytes go in as surrogates.
        """
        x = self._x
        x.run_until(now)
        channel = x.new_channel(
            TRUNK,
            "acd-inbound",
            dnis,
            state=ChannelState.RING,
            number=number,
            caller_name=name,
        )
        channel.language = language
        channel.patience_seconds = patience_seconds
        channel.talk_seconds = talk_seconds
        x.fact(Happening.CALLER_ARRIVED, caller=channel.uniqueid, detail=dnis)
        x.then(channel, lambda: x.goto(channel, "acd-inbound", dnis))
        for seconds, digit in keys:
            x.after(seconds, lambda digit=digit: self._press(channel, digit, begin=True))  # type: ignore[misc]
        return channel.uniqueid

    def press(self, channel: str, digit: str, now: float, *, begin: bool = True) -> None:
        """Press a key for 60 ms; without `begin` as phones do that send INFO: only its end."""
        self._x.run_until(now)
        found = self._x.find(channel)
        if found is not None:
            self._press(found, digit, begin=begin)

    def _press(self, channel: Channel, digit: str, *, begin: bool) -> None:
        x = self._x
        if channel.hung_up:
            return
        twice = (
            x.options.doubled_keys
            and begin
            and x.now - channel.last_key_at < _DOUBLED_WITHIN_SECONDS
        )
        channel.last_key_at = x.now
        if begin:
            x.emit(
                "DTMFBegin", "dtmf", channel.headers(), f"Digit: {digit}\r\nDirection: Received\r\n"
            )
        x.after(_KEY_SECONDS, lambda: self._release(channel, digit))
        if twice:
            x.after(_SECOND_END_SECONDS, lambda: self._key_ended(channel, digit))

    def _release(self, channel: Channel, digit: str) -> None:
        self._key_ended(channel, digit)
        if channel.occupation is not None:
            channel.occupation.key(digit)

    def _key_ended(self, channel: Channel, digit: str) -> None:
        if not channel.hung_up:
            self._x.emit(
                "DTMFEnd",
                "dtmf",
                channel.headers(),
                f"Digit: {digit}\r\nDurationMs: {int(_KEY_SECONDS * 1000)}\r\n"
                "Direction: Received\r\n",
            )

    def hang_up(self, channel: str, now: float, cause: int = 16) -> None:
        """The far end of a channel hangs up; nothing when it is gone already."""
        self._x.run_until(now)
        found = self._x.find(channel)
        if found is not None:
            self._x.emit("HangupRequest", "call", found.headers(), f"Cause: {cause}\r\n")
            self._x.hang_up(found, cause)

    def agent_dial(self, phone: str, extension: str, now: float) -> str:
        """An agent dials from his phone (a code such as `*30`); returns the channel's Uniqueid."""
        x = self._x
        x.run_until(now)
        device = x.phones[phone]
        channel = x.new_channel(
            phone,
            "acd-agents",
            extension,
            phone=device,
            state=ChannelState.RING,
            number=device.number,
        )
        channel.dialled = extension
        channel.language = "de"
        x.fact(Happening.CODE_DIALLED, phone=phone, leg=channel.uniqueid, detail=extension)
        x.then(channel, lambda: x.goto(channel, "acd-agents", extension))
        return channel.uniqueid

    def agent_hangs_up(self, phone: str, now: float) -> None:
        """The agent puts his handset down, whatever call it was."""
        self._x.run_until(now)
        for channel in list(self._x.legs[phone]):
            self._x.hang_up(channel, 16)

    def hold(self, phone: str, now: float, *, held: bool = True) -> None:
        """The agent puts his caller on hold, or takes him back."""
        self._x.run_until(now)
        for channel in self._x.legs[phone]:
            if channel.bridge is not None:
                music = "MusicClass: default\r\n" if held else ""
                self._x.emit("Hold" if held else "Unhold", "call", channel.headers(), music)

    def phone_behaviour(self, phone: str, behaviour: Behaviour, *, rings: int = 0) -> None:
        """How the phone behaves from its next ring on, or for its next `rings` rings only."""
        agent_phone = self._x.phones[phone]
        if rings:
            agent_phone.next_rings.extend([behaviour] * rings)
        else:
            agent_phone.behaviour = behaviour

    def set_reachable(self, phone: str, now: float, *, reachable: bool) -> None:
        """The phone's contact goes or comes back, and Asterisk has noticed."""
        x = self._x
        x.run_until(now)
        device = x.phones[phone]
        device.reachable = reachable
        x.emit(
            "ContactStatus",
            "system",
            f"URI: sip:{device.number}@127.0.0.3:5060\r\n"
            f"ContactStatus: {'Reachable' if reachable else 'Unreachable'}\r\n"
            f"AOR: {device.number}\r\nEndpointName: {device.number}\r\n"
            f"RoundtripUsec: {900 if reachable else 0}\r\n",
        )
        x.device_changed(device)

    def private_call(
        self, phone: str, now: float, *, busy: bool = True, seconds: float | None = None
    ) -> None:
        """The phone begins (or ends) a call of its own, which the engine has no part in."""
        x = self._x
        x.run_until(now)
        device = x.phones[phone]
        if device.private_call == busy:
            return
        device.private_call = busy
        x.fact(Happening.PHONE_BUSY if busy else Happening.PHONE_FREE, phone=phone)
        x.device_changed(device)
        if busy and seconds is not None:
            x.after(seconds, lambda: self.private_call(phone, x.now, busy=False))

    def at(self, when: float, run: Callable[[float], None]) -> None:
        """Let the world do something at a time of the virtual clock; `run` is given that time."""
        x = self._x
        x.after(max(0.0, when - x.now), lambda: run(x.now))

    def restart(self, now: float, *, announce: bool = False) -> list[bytes]:
        """Asterisk goes down and is back at once: calls, variables and pending output are gone.

        With `announce` it says so of each channel, as at `core restart now`, and the Shutdown event
        comes last. Whoever carries the bytes cuts the sessions.
        """
        self._x.run_until(now)
        last = [message.data for message in self._x.drain()]
        if announce:
            self._x.stop()
            self._x.emit("Shutdown", "system", "Shutdown: Cleanly\r\nRestart: True\r\n")
            last += [message.data for message in self._x.drain()]
        self._x.restart()
        return last
