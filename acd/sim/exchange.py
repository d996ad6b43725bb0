"""The inside of the virtual PBX: its clock, channels, bridges and devices, and its event output.

Owns what every application of the PBX needs, and no application. Rules:

- Time is what the caller of the outermost function said it is; nothing here reads a clock.
- Whatever happens by itself is a `Timer`. Timers fire in the order of their time, equal ones in
  the order they were made.
- A channel does one thing at a time: its `occupation`, or the `thread` timer of its next dialplan
  step. Whoever takes it elsewhere interrupts it first.
- Channels vanish only in `hang_up`, which says so once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from random import Random
from typing import Final, NamedTuple

from acd.sim.channels import TRUNK as TRUNK
from acd.sim.channels import Bridge, Channel, ChannelState, Timer
from acd.sim.facts import Fact, Happening, OnFact
from acd.sim.options import Options
from acd.sim.phones import AgentPhone

WANTED: Final = frozenset(
    """AsyncAGIStart AsyncAGIExec AsyncAGIEnd Hangup BridgeEnter BridgeLeave OriginateResponse
    DialBegin DialState DialEnd DeviceStateChange ContactStatus FullyBooted Shutdown DTMFBegin
    DTMFEnd Hold Unhold BlindTransfer AttendedTransfer""".split()
)
"""What reaches a session: what the sample's filters include, and, as with an older or wider copy of
them, some that the link has to drop."""

CAUSES: Final = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    21: "Call Rejected",
    26: "Answered elsewhere",
    34: "Circuit/channel congestion",
    58: "Bearer capability not available",
}


class Message(NamedTuple):
    """One message out. `reply` belongs to the session that sent the action, the rest to all."""

    data: bytes
    reply: bool


class Exchange:
    """See the module. `name` is for people; `system_name` is on every event."""

    def __init__(
        self,
        *,
        name: str,
        system_name: str,
        seed: int,
        phones: Mapping[str, AgentPhone],
        start: float,
        options: Options,
        on_fact: OnFact,
    ) -> None:
        self.name = name
        self.system_name = system_name
        self.rng = Random(seed)
        self.phones = phones
        self.options = options
        self.on_fact = on_fact
        self.now = start
        self.contexts: dict[str, Callable[[Channel, str], None]] = {}
        self.queue_log: list[str] = []
        self.recorded: dict[str, float] = {}
        """What was recorded: file without ending -> seconds of sound."""
        self._sequence = 0
        self._timers: list[tuple[float, int, Timer]] = []
        self._out: list[Message] = []
        self._reset(start)

    def _reset(self, start: float) -> None:
        self.started_at = start
        self.channels: dict[str, Channel] = {}
        self.by_uniqueid: dict[str, Channel] = {}
        self.legs: dict[str, list[Channel]] = {device: [] for device in self.phones}
        self.globals: dict[str, str] = {}
        self.recordings: dict[str, list[str]] = {}
        """Each file that MixMonitor was told to write, with the States of MixMonitorMute."""
        self.custom_devices: dict[str, str] = {}
        self.rooms: dict[str, Bridge] = {}
        """Holding bridges by their names; gone when nobody is left in them."""
        self.callers = 0
        self.processed_calls = 0
        self._trunk_said = "UNAVAILABLE"
        self._channel_number = self._local_number = 0

    # -- time ------------------------------------------------------------------------------------

    def run_until(self, now: float) -> None:
        """Let everything due up to `now` happen, each at its own time."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            at, _, timer = heapq.heappop(timers)
            if not timer.cancelled:
                if at > self.now:
                    self.now = at
                timer.fire()
        if now > self.now:
            self.now = now

    def next_deadline(self) -> float | None:
        timers = self._timers
        while timers and timers[0][2].cancelled:
            heapq.heappop(timers)
        if self._out:
            return self.now
        return timers[0][0] if timers else None

    def after(self, seconds: float, run: Callable[[], None]) -> Timer:
        timer = Timer(self.now + seconds, run)
        self._sequence += 1
        heapq.heappush(self._timers, (timer.at, self._sequence, timer))
        return timer

    def soon(self, run: Callable[[], None]) -> Timer:
        """After the time one step takes."""
        return self.after(self.rng.uniform(*self.options.latency_seconds), run)

    def then(self, channel: Channel, run: Callable[[], None], seconds: float | None = None) -> None:
        """The channel's next dialplan step; void when the channel is interrupted before."""
        if channel.thread is not None:
            channel.thread.cancel()
        channel.thread = self.soon(run) if seconds is None else self.after(seconds, run)

    # -- output ----------------------------------------------------------------------------------

    def drain(self) -> list[Message]:
        out, self._out = self._out, []
        return out

    def emit(self, event: str, privilege: str, *bodies: str) -> None:
        """Publish an event. Bodies are header lines, each ended by CRLF, written as they stand."""
        if event in WANTED or self.options.unfiltered:
            self._publish(event, privilege, *bodies)

    def _publish(self, event: str, privilege: str, *bodies: str) -> None:
        text = (
            f"Event: {event}\r\nPrivilege: {privilege},all\r\nTimestamp: {self.now:.6f}\r\n"
            f"SystemName: {self.system_name}\r\n{''.join(bodies)}\r\n"
        )
        self._out.append(Message(text.encode("utf-8", "surrogateescape"), False))

    def reply(self, *lines: str) -> None:
        """Write one message to the session that is being served."""
        text = "\r\n".join(lines) + "\r\n\r\n"
        self._out.append(Message(text.encode("utf-8", "surrogateescape"), True))

    def fact(
        self,
        kind: Happening,
        *,
        caller: str = "",
        phone: str = "",
        leg: str = "",
        detail: str = "",
    ) -> None:
        self.on_fact(Fact(self.now, kind, caller, phone, leg, detail))

    # -- channels --------------------------------------------------------------------------------

    def find(self, name: str) -> Channel | None:
        """By name or by Uniqueid, as Asterisk's actions take either."""
        return self.channels.get(name) or self.by_uniqueid.get(name)

    def new_channel(
        self,
        endpoint: str,
        context: str,
        exten: str,
        *,
        uniqueid: str = "",
        phone: AgentPhone | None = None,
        state: ChannelState = ChannelState.DOWN,
        number: str = "",
        caller_name: str = "",
        name: str = "",
    ) -> Channel:
        number_of_it, self._channel_number = self._channel_number, self._channel_number + 1
        uniqueid = uniqueid or f"{self.system_name}-{int(self.now)}.{number_of_it}"
        channel = Channel(
            name=name or f"{endpoint}-{number_of_it:08x}",
            device=endpoint,
            uniqueid=uniqueid,
            linkedid=uniqueid,
            created_at=self.now,
            context=context,
            exten=exten,
            state=state,
            number=number,
            caller_name=caller_name,
            phone=phone,
            published=self.options.channel_variables,
        )
        if phone is not None:
            self.legs[phone.device].append(channel)
        self.channels[channel.name] = channel
        self.by_uniqueid[uniqueid] = channel
        self.emit("Newchannel", "call", channel.headers())
        if channel.is_caller:
            self.callers += 1
            self.processed_calls += 1
            self._trunk_changed()
        self.device_changed(phone)
        return channel

    def next_local(self) -> int:
        """The number in the name of the next Local channel."""
        self._local_number += 1
        return self._local_number - 1

    def set_state(self, channel: Channel, state: ChannelState) -> None:
        if channel.state is not state:
            channel.state = state
            self.emit("Newstate", "call", channel.headers())
            self.device_changed(channel.phone)

    def interrupt(self, channel: Channel) -> None:
        """Take the channel's thread out of whatever it does."""
        if channel.thread is not None:
            channel.thread.cancel()
            channel.thread = None
        occupation, channel.occupation = channel.occupation, None
        if occupation is not None:
            occupation.leave()

    def goto(self, channel: Channel, context: str, exten: str = "s") -> None:
        """Go on in the dialplan there; an extension that does not exist ends the call."""
        channel.context, channel.exten, channel.priority = context, exten, 1
        enter = self.contexts.get(context)
        if enter is None:
            self.hang_up(channel, 1)
        else:
            enter(channel, exten)

    def set_absolute(self, channel: Channel, seconds: float) -> None:
        """TIMEOUT(absolute): 0 is none. When it is due the channel goes to its context's `T`."""
        if channel.absolute is not None:
            channel.absolute.cancel()
            channel.absolute = None
        if seconds > 0:
            channel.absolute = self.after(seconds, lambda: self._time_is_up(channel))

    def _time_is_up(self, channel: Channel) -> None:
        self.interrupt(channel)
        self.goto(channel, channel.context, "T")

    def hang_up(self, channel: Channel, cause: int, tech_cause: str = "") -> None:
        """End a channel, whatever it is doing; nothing when it has ended already."""
        if channel.hung_up:
            return
        channel.hung_up = True
        in_company = channel.bridge is not None and channel.bridge.is_talk
        self.interrupt(channel)
        for timer in (channel.absolute, channel.patience):
            if timer is not None:
                timer.cancel()
        del self.channels[channel.name]
        del self.by_uniqueid[channel.uniqueid]
        phone = channel.phone
        if phone is not None:
            self.legs[phone.device].remove(channel)
        elif channel.is_caller:
            self.callers -= 1
        if channel.context == "acd-ring":
            channel.exten = "h"
        tech = f"TechCause: {tech_cause}\r\n" if tech_cause else ""
        end = f"Cause: {cause}\r\nCause-txt: {CAUSES.get(cause, 'Unknown')}\r\n{tech}"
        if in_company:
            # Each side of a talk ends in a thread of its own: either may be told first.
            self.soon(lambda: self._tell_end(channel, end))
        else:
            self._tell_end(channel, end)
        if channel.is_caller:
            self.fact(Happening.CALLER_GONE, caller=channel.uniqueid, detail=str(cause))
        elif phone is not None and channel.dialled:
            self.fact(Happening.CODE_ENDED, phone=phone.device, leg=channel.uniqueid)
        if channel.other_half is not None:
            self.hang_up(channel.other_half, 16)

    def _tell_end(self, channel: Channel, end: str) -> None:
        self.emit("Hangup", "call", channel.headers(), end)
        if channel.is_caller:
            self._trunk_changed()
        elif channel.phone is not None:
            self.device_changed(channel.phone)
        else:
            self.say_device(channel.device, "NOT_INUSE")

    # -- bridges ---------------------------------------------------------------------------------

    def new_bridge(self) -> Bridge:
        """A bridge for two that Bridge() makes."""
        return self._created(Bridge(self._bridge_id()))

    def room(self, name: str) -> Bridge:
        """The holding bridge of that name, as BridgeWait() finds or makes it."""
        if name not in self.rooms:
            bridge = Bridge(self._bridge_id(), name, "BridgeWait", "base", "holding_bridge")
            self.rooms[name] = self._created(bridge)
        return self.rooms[name]

    def _bridge_id(self) -> str:
        digits = f"{self.rng.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _created(self, bridge: Bridge) -> Bridge:
        self.emit("BridgeCreate", "call", bridge.headers())
        return bridge

    def enter_bridge(self, channel: Channel, bridge: Bridge) -> None:
        bridge.channels.append(channel)
        channel.bridge = bridge
        self.emit("BridgeEnter", "call", bridge.headers(), channel.headers())

    def leave_bridge(self, channel: Channel) -> None:
        bridge = channel.bridge
        if bridge is None:
            return
        bridge.channels.remove(channel)
        channel.bridge = None
        self.emit("BridgeLeave", "call", bridge.headers(), channel.headers())
        if not bridge.channels:
            self.rooms.pop(bridge.name, None)
            self.emit("BridgeDestroy", "call", bridge.headers())

    # -- devices ---------------------------------------------------------------------------------

    def device_state(self, phone: AgentPhone) -> str:
        """The phone's state as Asterisk derives it from its contact and channels.

        With device_state_busy_at=1 a phone that rings is BUSY already.
        """
        if not phone.reachable:
            return "UNAVAILABLE"
        states = {channel.state for channel in self.legs[phone.device]}
        states.discard(ChannelState.DOWN)
        return "BUSY" if phone.private_call or states else "NOT_INUSE"

    def device_changed(self, phone: AgentPhone | None) -> None:
        """Publish the phone's state where it is another than the one last published."""
        if phone is None:
            return
        state = self.device_state(phone)
        if state != phone.state:
            phone.state = state
            self.say_device(phone.device, state)

    def say_device(self, device: str, state: str) -> None:
        """Publish the state of a device, whether or not it is another than before."""
        self.emit("DeviceStateChange", "call", f"Device: {device}\r\nState: {state}\r\n")

    def trunk_state(self) -> str:
        return "INUSE" if self.callers else "UNAVAILABLE"

    def _trunk_changed(self) -> None:
        state = self.trunk_state()
        if state != self._trunk_said:
            self._trunk_said = state
            self.say_device(TRUNK, state)

    # -- the end ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """Asterisk is told to stop at once: it ends every call, and says why."""
        for channel in self.channels.values():
            # AST_SOFTHANGUP_SHUTDOWN, the one that the sample's filter lets through.
            self._publish("SoftHangupRequest", "call", channel.headers(), "Cause: 4\r\n")
        for channel in self.channels.values():
            self.leave_bridge(channel)
        for channel in self.channels.values():
            end = f"Cause: 16\r\nCause-txt: {CAUSES[16]}\r\n"
            self.emit("Hangup", "call", channel.headers(), end)

    def restart(self) -> None:
        """Asterisk dies and comes back: every call is gone, and no event says so."""
        for channel in self.channels.values():
            channel.hung_up = True
            if channel.is_caller:
                self.fact(Happening.CALLER_GONE, caller=channel.uniqueid, detail="restart")
        self._timers.clear()
        self._out.clear()
        for phone in self.phones.values():
            phone.private_call = False
            phone.state = "NOT_INUSE" if phone.reachable else "UNAVAILABLE"
        self._reset(self.now)
