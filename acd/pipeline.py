"""The pure step: one inbox item in, AMI bytes and records out. No await, no clock, no log.

``step`` does for one item: what is due, messages.read, tracker.feed, engine.handle, actions.encode.
The daemon, a replay and the simulator all drive this same function; with the same plan, secret and
items at the same times it returns the same bytes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from acd.ami.items import DropLink, FramesReceived, LinkDown, LinkItem, LinkUp, Outputs, Write
from acd.ami.messages import Rejected
from acd.ami.session import LinkState, Session
from acd.core.commands import Command, RingAgent, ShowDuty
from acd.core.engine import Engine
from acd.core.events import (
    AgentRequested,
    CallRequested,
    Confirmed,
    Event,
    IncidentRequested,
    LookedUp,
    LookUpFailed,
    PlanReplaced,
    RecordingExpired,
    RecordingRequested,
    Tick,
    VoicemailRequested,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import AgentId, CallId, PbxId, QueueId
from acd.core.memory import NOTHING, Memory
from acd.core.plan import Plan
from acd.core.records import Explanation, Snapshot
from acd.core.tokens import Tokens
from acd.queuelog.lines import NONE, Lines, field

Item = (
    LinkItem
    | AgentRequested
    | CallRequested
    | IncidentRequested
    | RecordingRequested
    | RecordingExpired
    | VoicemailRequested
    | Confirmed
    | LookedUp
    | LookUpFailed
    | PlanReplaced
    | Tick
)


_APART_SECONDS: Final = 1e-6
"""How far apart what came in one breath is taken to be: less than working it off takes."""

_NOTHING: Final = Outputs([], [], [], [])


class PbxSetup(msgspec.Struct, frozen=True):
    """One PBX as the pipeline must know it; ``system_name`` is its secret, "" when it has none."""

    id: PbxId
    system_name: str = ""
    queue_log: bool = False
    """Whether it is told of calls and agents for a queue_log of its own."""


class Pipeline:
    """The engine with its AMI sessions: deterministic, in memory, single-threaded."""

    def __init__(
        self,
        plan: Plan,
        pbxs: Sequence[PbxSetup],
        *,
        secret: bytes,
        now: float,
        memory: Memory = NOTHING,
    ) -> None:
        tokens = Tokens(secret)
        self.engine = Engine(plan, tokens.next, now, memory)
        self.sessions = {pbx.id: Session(pbx.id, pbx.system_name, tokens.next) for pbx in pbxs}
        self._queue_logs = [self.sessions[pbx.id] for pbx in pbxs if pbx.queue_log]
        self._lines = Lines(memory) if self._queue_logs else None
        self._outputs = Outputs([], [], [], [])
        self._rings: set[PbxId] = set()
        self._states = {pbx.id: LinkState.DOWN for pbx in pbxs}
        self._status: Mapping[PbxId, str] = {pbx.id: LinkState.DOWN.value for pbx in pbxs}

    def step(self, item: Item, now: float) -> Outputs:
        """Work off one item to the end and return everything that follows from it.

        Raises only for bugs of ours; then the process has to stop, because the state is not known.
        """
        for session in self.sessions.values():
            if session.is_due(now):
                self._handle_all(session.due(now), now)
        match item:
            case FramesReceived(pbx, epoch, frames):
                session = self.sessions[pbx]
                if epoch == session.epoch and session.state is not LinkState.DOWN:
                    self._heard(session, frames, now)
            case LinkUp(pbx, epoch):
                self._handle_all(self.sessions[pbx].link_up(epoch, now), now)
            case LinkDown(pbx, epoch):
                self._handle_all(self.sessions[pbx].link_down(epoch, now), now)
            case _:
                self._handle(item, now)
        if self._lines is not None and self._outputs.records:
            self._log_queues(self._lines, now)
        for session in self.sessions.values():
            if session.duties.wanted:
                session.write_duties(now)
            if session.state is not self._states[session.pbx]:
                self._states[session.pbx] = session.state
                self._status = {pbx: state.value for pbx, state in self._states.items()}
        return self._flush()

    def earliest(self) -> float:
        """Return a time before which nothing is due, at next to no cost."""
        at = self.engine.floor.deadlines.earliest
        for session in self.sessions.values():
            other = session.earliest()
            if other < at:
                at = other
        return at

    def next_deadline(self) -> float | None:
        """Return when a ``Tick`` should be stepped at the latest; None when nothing is due ever."""
        at = self.engine.next_deadline()
        for session in self.sessions.values():
            other = session.next_deadline()
            if other is not None and (at is None or other < at):
                at = other
        return at

    def snapshot(self, now: float) -> Snapshot:
        """Return the picture of this moment; call it between steps only."""
        return self.engine.snapshot(now)

    def part(
        self, now: float, calls: Collection[CallId], agents: Collection[AgentId], *, queues: bool
    ) -> Snapshot:
        """Return the same of some (``acd.core.view.part``); call it between steps only."""
        return self.engine.part(now, calls, agents, queues=queues)

    def explain(self, call: CallId) -> Explanation | None:
        """Return why a call is where it is, None when it is not known; call it between steps."""
        return self.engine.explain(call)

    def boxes_of(self, agent: AgentId) -> frozenset[QueueId]:
        """Return the queues whose voicemails the agent may take; call it between steps."""
        return self.engine.boxes_of(agent)

    def pbx_status(self) -> Mapping[PbxId, str]:
        """Return for each PBX ``down``, ``sync`` (its state is being read) or ``live``."""
        return self._status

    def _heard(self, session: Session, frames: Sequence[bytes], now: float) -> None:
        """Work off what came together: each in its order, but nobody is rung for who has left."""
        leaving = _leaving(session, frames) if len(frames) > 1 else {}
        for call in leaving:
            self._handle(WaitingRoomLeft(call), now)
        for number, frame in enumerate(frames):
            # Who came later stands later, also for an engine that finds them again.
            at = now + number * _APART_SECONDS
            result = session.frame(frame, at)
            if isinstance(result, Rejected):
                self._outputs.rejected.append((session.pbx, result.reason))
                continue
            for event in result:
                if event.__class__ is WaitingRoomEntered and leaving.get(event.call, 0) > number:
                    continue
                self._handle(event, at)

    def _handle_all(self, events: Iterable[Event], now: float) -> None:
        for event in events:
            self._handle(event, now)

    def _handle(self, event: Event, now: float) -> None:
        for output in self.engine.handle(event, now):
            if isinstance(output, Command):
                self._command(output, now)
            else:
                self._outputs.records.append(output)

    def _command(self, command: Command, now: float) -> None:
        if isinstance(command, ShowDuty):
            self.sessions[command.pbx].duties.want(command.agent, command.duty)
            return
        pbx = PbxId(command.call.rpartition("-")[0])
        session = self.sessions[pbx]
        if session.state is LinkState.DOWN:
            # Nothing is kept for later: after the login the PBX is read and the rest repaired.
            return
        plan = self.engine.floor.plan
        service = (plan.service_name, plan.service_number)
        session.writes += session.actions.for_command(command, service, now)
        if isinstance(command, RingAgent):
            self._rings.add(pbx)

    def _log_queues(self, lines: Lines, now: float) -> None:
        """Write what the records come to into the queue_logs of the PBXs: of a call into that of
        its own, what agents do about themselves into all."""
        for entry in lines.entries(self._outputs.records):
            pbx, _, uniqueid = entry.call.rpartition("-")
            data = "|".join(map(field, entry.data))
            for session in self._queue_logs:
                if entry.call == NONE or session.pbx == pbx:
                    session.log_queue(
                        entry.queue, entry.event, uniqueid or NONE, entry.agent, data, now
                    )

    def _flush(self) -> Outputs:
        outputs = self._outputs
        for session in self.sessions.values():
            if session.writes:
                data = b"".join(session.writes)
                session.writes = []
                rings = session.pbx in self._rings
                outputs.writes.append(Write(session.pbx, session.epoch, data, rings))
            if session.drop_reason:
                outputs.drops.append(DropLink(session.pbx, session.epoch, session.drop_reason))
                session.drop_reason = ""
        if not (outputs.records or outputs.writes or outputs.drops or outputs.rejected):
            return _NOTHING  # As most steps do: what is still empty need not be made again.
        self._rings.clear()
        self._outputs = Outputs([], [], [], [])
        return outputs


def _leaving(session: Session, frames: Sequence[bytes]) -> dict[CallId, int]:
    """Callers who leave a bridge in these frames, each with the number of the last that says so."""
    found = {}
    for number, frame in enumerate(frames):
        if frame.startswith((b"Event: BridgeLeave\r\n", b"Event: Hangup\r\n")):
            unique = frame.partition(b"\r\nUniqueid: ")[2].partition(b"\r\n")[0]
            caller = session.tracker.callers.get(unique.decode(errors="replace"))
            if caller is not None:
                found[caller.call] = number
    return found
