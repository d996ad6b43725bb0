"""One PBX's session: link state, heartbeat, and the reading of its state after a login. Pure.

States: DOWN -> SYNC -> LIVE. In SYNC the PBX is asked for all its channels and devices, while its
events wait in a buffer; what it lists is compared with what we believed, the difference becomes
ordinary events, then the buffer is worked off and the PBX is LIVE: only then is anybody rung there.
The same reading is done again when an action about a channel fails that we still believe in. A
LIVE PBX is read again every RECONCILE_SECONDS while its events go on (acd.ami.patrol).

Every BEAT_SECONDS the PBX is asked for one thing, in turn: its clock, by a Ping, and to set by that
clock the global ACD_HEARTBEAT that its dialplan watches. No PBX is LIVE before its heartbeat
stands: until then its dialplan takes callers and codes to where they go without an engine. A beat
or any other action that stays unanswered means that the connection is dead, whatever TCP says: it
is dropped, and nothing of it is sent again.

It must not know agents, queues or menus.
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf
from typing import Final

from acd.ami.actions import Actions, Pending
from acd.ami.duties import CUSTOM, DutyBoard
from acd.ami.messages import (
    ChannelListed,
    DeviceStated,
    ListEnded,
    Message,
    Rejected,
    Responded,
    SwitchedOff,
    read,
)
from acd.ami.patrol import CHANNELS, DEVICES, GRACE_SECONDS, Patrol, may_come
from acd.ami.reading import Reading
from acd.ami.tracker import Tracker
from acd.core.commands import CancelRing
from acd.core.deadlines import Deadlines
from acd.core.events import (
    CommandFailed,
    Event,
    LegFailed,
    PbxDown,
    PbxLive,
    RecordingMuted,
    RingOutcome,
)
from acd.core.ids import CallId, OfferId, PbxId

BEAT_SECONDS: Final = 2.0
"""So ACD_HEARTBEAT is set every 4 s, of the 15 s it may be old."""
BEAT_ANSWER_SECONDS: Final = 2.5
"""With BEAT_SECONDS: a dead connection is noticed within 4.5 s."""
RECANCEL_SECONDS: Final = 0.1
RESYNC_SECONDS: Final = 0.5
RECONCILE_SECONDS: Final = 10.0
GOING_SECONDS: Final = 5.0
"""A PBX that ends all its calls to stop is gone by then, or we read it again."""


class LinkState(StrEnum):
    """How far a PBX can be relied on."""

    DOWN = "down"
    SYNC = "sync"
    LIVE = "live"


class Session:
    """Everything between one PBX's frames and the engine's events."""

    def __init__(self, pbx: PbxId, system_name: str, new_token: Callable[[], str]) -> None:
        self.pbx = pbx
        self.system_name = system_name
        self.state = LinkState.DOWN
        self.epoch = 0
        self.tracker = Tracker(pbx)
        self.actions = Actions(self.tracker, new_token)
        self.duties = DutyBoard()
        self.patrol = Patrol(self.tracker, self.actions)
        self.reconcile_seconds = RECONCILE_SECONDS
        self.beat_seconds = BEAT_SECONDS
        self.writes: list[bytes] = []
        """What is to be written to the present epoch; the pipeline takes it away."""
        self.drop_reason = ""
        """Not empty when the present epoch has to be dropped."""
        self._timers: Deadlines[str] = Deadlines()
        self._buffer: list[Message] = []
        self._rows: list[ChannelListed] = []
        self._devices: list[DeviceStated] = []
        self._lists_open = 0
        self._young: frozenset[str] = frozenset()
        self._suspects: set[CallId] = set()
        """Calls an action failed for: if they are still believed in a while later, we look."""
        self._started = ""
        self._clock: tuple[float, float] | None = None
        """What the PBX's clock said, and when by ours, until the heartbeat is set by it."""
        self._heartbeat_stands = False
        self._restarted = False
        self._queue_log_refused = False

    # -- the link -----------------------------------------------------------------------------

    def link_up(self, epoch: int, now: float) -> list[Event]:
        """A new connection has logged in: read the PBX's state before believing any event."""
        events = self.link_down(self.epoch, now)
        self.epoch = epoch
        self._clock, self._heartbeat_stands = None, False
        self._queue_log_refused = False
        self._beat(now)
        self._timers.set("beat", now + self.beat_seconds)
        self._start_sync(now)
        return events

    def link_down(self, epoch: int, now: float) -> list[Event]:
        """The connection is gone. What was pending is void and is not sent again."""
        if epoch != self.epoch or self.state is LinkState.DOWN:
            return []
        self.state = LinkState.DOWN
        self.actions.forget_all()
        self._timers = Deadlines()
        self._buffer.clear()
        self._suspects.clear()
        self.patrol.drop()
        self.duties.clear()
        self.writes.clear()
        return [PbxDown(self.pbx)]

    def next_deadline(self) -> float | None:
        """Return when ``due`` should be called at the latest."""
        at = self._timers.next()
        # Rings are judged only while the PBX is live: whoever woke for it before would not sleep.
        verdict = self.tracker.verdicts.next() if self.state is LinkState.LIVE else None
        for other in (verdict, self.actions.deadlines.next()):
            if other is not None and (at is None or other < at):
                at = other
        return at

    def earliest(self) -> float:
        """Return a time before which ``due`` has nothing to do, at next to no cost."""
        verdict = self.tracker.verdicts.earliest if self.state is LinkState.LIVE else inf
        return min(self._timers.earliest, self.actions.deadlines.earliest, verdict)

    def is_due(self, now: float) -> bool:
        """Tell, at next to no cost, whether ``due`` may have something to do."""
        return (
            self._timers.earliest <= now
            or self.actions.deadlines.earliest <= now
            or (self.state is LinkState.LIVE and self.tracker.verdicts.earliest <= now)
        )

    def due(self, now: float) -> list[Event]:
        """Do what is due: heartbeats, verdicts about rings, actions that were never answered."""
        if self.state is LinkState.DOWN:
            return []
        for pending in self.actions.overdue(now):
            self.drop_reason = f"{pending.kind} was not answered"
        events = self.tracker.due(now) if self.state is LinkState.LIVE else []
        for timer in self._timers.due(now):
            if timer == "beat":
                self._beat(now)
                self._timers.set("beat", now + self.beat_seconds)
            elif timer == "resync":
                # Most often the Hangup has come meanwhile, and nobody has to be disturbed.
                self._suspects = {call for call in self._suspects if self.tracker.caller(call)}
                if self._suspects and self.state is LinkState.LIVE:
                    events.append(PbxDown(self.pbx))
                    self._start_sync(now, may_come(self.tracker))
            elif timer == "patrol":
                self._timers.set("patrol", now + self.reconcile_seconds)
                if self.state is LinkState.LIVE and not self.patrol.under_way:
                    self.writes += self.patrol.begin(now)
            elif timer == "going":
                self.drop_reason = "the PBX said that it stops, and did not"
            elif timer == "patrol is over":
                repairs, writes = self.patrol.judge(now)
                events += repairs
                self.writes += writes
            elif timer in self.tracker.legs:
                offer = OfferId(timer)
                # What was to be void became so with the first attempt.
                again = CancelRing(offer, self.tracker.legs[timer].call, void=False)
                self.writes += self.actions.for_command(again, ("", ""), now)
            elif timer in self.tracker.announcers:
                self.tracker.announcers.unheard.append(timer)
        self.writes += self.actions.silence(now)
        return events

    # -- frames -------------------------------------------------------------------------------

    def frame(self, frame: bytes, now: float) -> list[Event] | Rejected:
        """Return what one frame means for the core, or why it is not believed."""
        if self.patrol.under_way and self.patrol.takes(frame, now):
            return []
        message = read(frame, self.system_name, self.actions.open)
        match message:
            case None:
                return []
            case Rejected():
                return message
            case Responded():
                return self._responded(message, now)
            case ChannelListed() | DeviceStated() if message.action_id:
                self._listed(message, now)
                return []
            case DeviceStated(device) if device.startswith(CUSTOM):
                return []  # No phone: most often what we have just set ourselves.
            case ListEnded(action_id):
                return self._list_ended(self.actions.close(action_id), now)
            case _ if self.state is LinkState.SYNC:
                self._buffer.append(message)
                return []
            case _:
                if self.patrol.under_way:
                    self.patrol.heard(message)
                events = self.tracker.feed(message, now)
                if isinstance(message, SwitchedOff) and "going" not in self._timers:
                    # Whoever is free now must not be rung for those whose turn to go is next.
                    self._timers.set("going", now + GOING_SECONDS)
                    events.append(PbxDown(self.pbx))
                if self.tracker.announcers.unheard:
                    self.writes += self.actions.silence(now)
                if self.tracker.overstayed:
                    self.writes += self.actions.see_out(now)
                if self.tracker.out_of_step:
                    self.writes += self.actions.get_in_step(now)
                return events

    def _listed(self, row: ChannelListed | DeviceStated, now: float) -> None:
        if self.actions.open[row.action_id].kind in (CHANNELS, DEVICES):
            if self.patrol.under_way:
                self.patrol.listed(row, now)
        elif isinstance(row, ChannelListed):
            self._rows.append(row)
        else:
            self._devices.append(row)

    def _list_ended(self, pending: Pending | None, now: float) -> list[Event]:
        if pending is not None and pending.kind in (CHANNELS, DEVICES):
            if self.patrol.list_ended():
                self._timers.set("patrol is over", now + GRACE_SECONDS)
            return []
        self._lists_open -= 1
        return self._live_if_read(now)

    def _responded(self, message: Responded, now: float) -> list[Event]:
        pending = self.actions.open[message.action_id]
        if not pending.lists or not message.ok:
            self.actions.close(message.action_id)
        if pending.kind == "ping":
            self._told_the_time(message.timestamp, now)
        elif pending.kind == "core_status":
            self._restarted = bool(self._started) and message.started != self._started
            self._started = message.started
        elif not message.ok:
            return self._refused(pending, message.text, now)
        elif pending.kind == "mute" and pending.offer is not None:
            return [RecordingMuted(pending.offer, done=True)]
        elif pending.kind == "heartbeat":
            self._heartbeat_stands = True
            return self._live_if_read(now)
        return []

    def _refused(self, pending: Pending, text: str, now: float) -> list[Event]:
        """An action failed: most often its channel has just gone, and Hangup is on its way."""
        if pending.lists or pending.kind == "heartbeat":
            self.drop_reason = f"{pending.kind} was refused: {text}"
            return []
        leg = self.tracker.legs.get(pending.offer) if pending.offer is not None else None
        if pending.kind == "originate" and leg is not None:
            del self.tracker.legs[leg.offer]
            refused = CommandFailed(leg.call, pending.kind, text)
            return [refused, LegFailed(leg.offer, RingOutcome.UNREACHABLE)]
        if pending.kind == "mute" and pending.offer is not None:
            # It is no sign of a lost call: a recording may have failed at the PBX.
            refused = CommandFailed(pending.call or CallId(""), pending.kind, text)
            return [refused, RecordingMuted(pending.offer, done=False)]
        if pending.kind == "duty":
            return self._duties_refused(text)
        if pending.kind == "queue_log":
            # So it would each line: said once, and again after the next login.
            said, self._queue_log_refused = self._queue_log_refused, True
            return [] if said else [CommandFailed(CallId("of nobody"), "queue_log", text)]
        if pending.kind == "announce":
            return self.tracker.announcers.ended(pending.announcer)
        if pending.kind == "silence":
            self._timers.set(pending.announcer, now + RECANCEL_SECONDS)
            return self.tracker.announcers.not_hung_up(pending.announcer)
        if pending.kind == "cancel" and leg is not None:
            # Originate works in a thread of its own: the leg may not exist yet.
            self._timers.set(leg.offer, now + RECANCEL_SECONDS)
        if pending.call is None or self.tracker.caller(pending.call) is None:
            return []
        self._suspects.add(pending.call)
        self._timers.set("resync", now + RESYNC_SECONDS)
        return [CommandFailed(pending.call, pending.kind, text)]

    def _duties_refused(self, text: str) -> list[Event]:
        """This PBX cannot show who is on duty: say so once, and do not try the others."""
        said = self.duties.refused
        self.duties.refuse()
        return [] if said else [CommandFailed(CallId("of nobody"), "duty", text)]

    def log_queue(
        self, queue: str, event: str, uniqueid: str, agent: str, data: str, now: float
    ) -> None:
        """Have a line written into Asterisk's own queue_log, as long as it does not refuse.

        Everything but ``data`` is one of its fields; ``data`` is several of them. None holds what
        ends a line.
        """
        if self.state is LinkState.DOWN or self._queue_log_refused:
            return
        headers = (
            ("Queue", queue),
            ("Event", event),
            ("Uniqueid", uniqueid),
            ("Interface", agent),
            ("Message", data),
        )
        self.writes.append(self.actions.encode(Pending("queue_log"), now, "QueueLog", *headers))

    def write_duties(self, now: float) -> None:
        """Write what is new of agents on duty, a few at a time, after all that is urgent."""
        if not self.duties.wanted or self.state is not LinkState.LIVE:
            return
        for agent, state in self.duties.take(now):
            self.writes.append(self.actions.show_duty(agent, state, now))
        if self.duties.wanted:
            self._timers.set("duties", self.duties.next_at)

    # -- the heartbeat ------------------------------------------------------------------------

    def _beat(self, now: float) -> None:
        if self._clock is None:
            beat = self.actions.encode(Pending("ping"), now, "Ping")
        else:
            timestamp, at = self._clock
            self._clock = None
            beat = self.actions.encode(
                Pending("heartbeat"),
                now,
                "Setvar",
                ("Variable", "ACD_HEARTBEAT"),
                ("Value", str(int(timestamp + now - at))),
            )
        # The last action encoded is the beat: its own deadline is shorter than the others'.
        beat_id = next(reversed(self.actions.open))
        self.actions.deadlines.set(beat_id, now + BEAT_ANSWER_SECONDS)
        self.writes.append(beat)

    def _told_the_time(self, timestamp: float, now: float) -> None:
        if timestamp <= 0:
            self.drop_reason = "ping was answered without the PBX's time"
            return
        self._clock = (timestamp, now)
        if not self._heartbeat_stands:
            self._beat(now)

    # -- reading the PBX ----------------------------------------------------------------------

    def _start_sync(self, now: float, young: frozenset[str] = frozenset()) -> None:
        """Read everything. young: what was ordered over this connection and need not exist yet."""
        self.state = LinkState.SYNC
        self._young = young
        self.patrol.drop()
        self._timers.clear("patrol is over")
        self._rows, self._devices, self._buffer = [], [], []
        self._lists_open = 2
        for kind, action, lists in (
            ("core_status", "CoreStatus", False),
            ("channels", "CoreShowChannels", True),
            ("devices", "DeviceStateList", True),
        ):
            self.writes.append(self.actions.encode(Pending(kind, lists=lists), now, action))

    def _live_if_read(self, now: float) -> list[Event]:
        if self.state is not LinkState.SYNC or self._lists_open or not self._heartbeat_stands:
            return []
        self.state = LinkState.LIVE
        reading = Reading(self.tracker, self.actions, self._rows)
        reading.compare(now, restarted=self._restarted, suspects=self._suspects, young=self._young)
        events = reading.events
        self.writes += reading.writes
        self.duties.read(self._devices)
        for device in self._devices:
            if not device.device.startswith(CUSTOM):
                events += self.tracker.feed(device, now)
        for message in self._buffer:
            events += self.tracker.feed(message, now)
        self.writes += self.actions.silence(now)
        self._rows, self._devices, self._buffer = [], [], []
        self._suspects.clear()
        self._timers.set("patrol", now + self.reconcile_seconds)
        return [*events, PbxLive(self.pbx)]
