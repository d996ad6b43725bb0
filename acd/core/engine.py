"""The engine: one event in, commands and records out, nothing else touched.

Theory of operation: ``handle(event, now)`` first does what is due by ``now``, then what the event
asks for, and returns everything that follows, in order. It never raises for what a PBX or a person
did; it raises (AssertionError, IllegalMove) for our own bugs, and then the process should stop.
``now`` never goes back. Everything else is in the modules it dispatches to.
"""

from collections.abc import Callable, Collection, Iterable
from typing import assert_never

from acd.core import (
    adopting,
    announcing,
    desk,
    explaining,
    incidents,
    matching,
    offers,
    recording,
    reloading,
    remembering,
    supervising,
    transferring,
    visits,
    voicemail,
    waiting,
)
from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.commands import Command
from acd.core.duty import Duties
from acd.core.events import (
    AgentRequested,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallerRescued,
    CallFoundInMenu,
    CallFoundWaiting,
    CallRequested,
    CodeDialled,
    CommandFailed,
    Confirmed,
    DeviceChanged,
    DeviceState,
    DifferenceFound,
    DigitPressed,
    Event,
    IncidentRequested,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegHeld,
    LegLeftTalk,
    LegRinging,
    LegTransferred,
    LookedUp,
    LookUpFailed,
    MenuReached,
    MessageRecorded,
    PbxDown,
    PbxLive,
    PlanReplaced,
    PromptEnded,
    RecordingExpired,
    RecordingMuted,
    RecordingRequested,
    RingFound,
    TalkFound,
    Tick,
    VoicemailRequested,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.floor import Floor
from acd.core.ids import AgentId, CallId, DeviceId, IncidentId, OfferId, PbxId, QueueId
from acd.core.matching import match_all, review_and_match
from acd.core.memory import NOTHING, Memory
from acd.core.plan import Plan
from acd.core.records import (
    Census,
    Estimates,
    Explanation,
    Noticed,
    Outcome,
    Record,
    Repaired,
    Replied,
    Snapshot,
    WrapUpEnd,
)
from acd.core.view import census, estimates, part, snapshot


class Engine:
    """The call distributor itself. ``new_token`` makes unguessable names for offers.

    ``memory`` is what an engine before it has kept of people and calls.
    """

    def __init__(
        self, plan: Plan, new_token: Callable[[], str], now: float, memory: Memory = NOTHING
    ) -> None:
        self.floor = Floor(plan, new_token)
        self.duties = Duties()
        self.floor.adopt_plan(plan, now)
        remembering.restore(self.floor, memory, now)

    def handle(self, event: Event, now: float) -> list[Command | Record]:
        """Do what is due, then what ``event`` asks for; return what has to be said, in order."""
        floor = self.floor
        if floor.deadlines.earliest <= now:
            for kind, subject in floor.deadlines.due(now):
                self._due(kind, subject, now)
        self._dispatch(event, now)
        if floor.changed_agents:
            self._show_duties(floor.changed_agents.values())
        if floor.changed_agents or floor.changed_calls:
            remembering.keep_changed(floor, now)
        return floor.take_outputs()

    def next_deadline(self) -> float | None:
        """Return when ``Tick`` should come at the latest; None when nothing is due ever."""
        return self.floor.deadlines.next()

    def explain(self, call: CallId) -> Explanation | None:
        """Return why the call is where it is, step by step; None when it is not known."""
        return explaining.explain(self.floor, call)

    def boxes_of(self, agent: AgentId) -> frozenset[QueueId]:
        """Return the queues whose voicemails the agent may take."""
        return voicemail.boxes_of(self.floor, agent)

    def snapshot(self, now: float) -> Snapshot:
        """Return the picture of this moment."""
        return snapshot(self.floor, now)

    def queues(self) -> tuple[QueueId, ...]:
        """Return those there are, and those that are gone but for their last callers."""
        return tuple(self.floor.lines)

    def estimates(self, now: float, queues: Iterable[QueueId]) -> Estimates:
        """Return how long who joined these queues now would wait."""
        return estimates(self.floor, now, queues)

    def census(self, now: float, known: Estimates) -> Census:
        """Return what is counted of it: see ``acd.core.view.census``."""
        return census(self.floor, now, known)

    def part(
        self, now: float, calls: Collection[CallId], agents: Collection[AgentId], *, queues: bool
    ) -> Snapshot:
        """Return the same of some: see ``acd.core.view.part``."""
        return part(self.floor, now, calls, agents, queues=queues)

    def _dispatch(self, event: Event, now: float) -> None:  # noqa: C901
        floor = self.floor
        match event:
            # Each case is asked in turn, so the most frequent come first.
            case DeviceChanged(phone, state):
                self._device_changed(phone, state, now)
            case CallArrived():
                visits.arrived(floor, event, now)
            case DigitPressed(call, digit):
                visits.digit(floor, call, digit, now)
            case PromptEnded(call, play_id, ok):
                visits.prompt_ended(floor, call, play_id, ok, now)
            case WaitingRoomEntered(call):
                visits.room_entered(floor, call, now)
            case WaitingRoomLeft(call):
                visits.room_left(floor, call)
            case AnnouncementEnded(call, announcement_id):
                self._announced(call, announcement_id)
            case LegRinging(offer):
                offers.ringing(floor, offer)
            case LegAnswered(offer):
                offers.answered(floor, offer)
            case LegConnected(offer):
                offers.connected(floor, offer, now)
            case LegFailed(offer, outcome):
                waiting.ring_failed(floor, offer, outcome, now)
            case LegLeftTalk(offer, caller_left):
                offers.left_talk(floor, offer, now, caller_left=caller_left)
            case LegTransferred():
                transferring.happened(floor, event, now)
            case LegEnded(offer):
                offers.leg_ended(floor, offer, now)
            case LegHeld(offer, held):
                offers.held(floor, offer, held, now)
            case CallerHungUp(call, lost, unseen):
                how = Outcome.SWITCH_LOST if lost else Outcome.UNSEEN if unseen else None
                visits.gone(floor, call, how, now)
            case CallerRescued(call):
                visits.gone(floor, call, Outcome.EMERGENCY, now)
            case CallFoundWaiting():
                adopting.found_waiting(floor, event, now)
            case CodeDialled():
                visits.code_dialled(floor, event, now)
            case MessageRecorded():
                visits.message_recorded(floor, event, now)
            case MenuReached(call):
                visits.menu_reached(floor, call, now)
            case Confirmed(call, durable):
                visits.confirmed(floor, call, durable, now)
            case LookedUp() | LookUpFailed():
                visits.looked_up(floor, event, now)
            case AgentRequested() | CallRequested() | VoicemailRequested():
                self._requested(event, now)
            case CallFoundInMenu(call):
                remembering.found_in_menu(floor, call, now)
            case IncidentRequested():
                incidents.requested(floor, event, now)
            case RingFound():
                adopting.found_ringing(floor, event, now)
            case TalkFound():
                adopting.found_talking(floor, event, now)
            case PbxLive(pbx):
                self._live(pbx, now)
            case PbxDown(pbx):
                floor.live.discard(pbx)
                recording.link_lost(floor, pbx, now)
            case RecordingRequested() | RecordingMuted() | RecordingExpired():
                recording.happened(floor, event, now)
            case DifferenceFound(kind, subject):
                floor.emit(Repaired(now, kind, subject))
            case CommandFailed(call, command, reason):
                floor.emit(Noticed(now, "command_failed", f"call {call}: {command}: {reason}"))
            case PlanReplaced(plan):
                reloading.replace_plan(floor, plan, now)
                self._show_duties(floor.agents.values())
            case Tick():
                pass
            case _:
                assert_never(event)

    def _live(self, pbx: PbxId, now: float) -> None:
        floor = self.floor
        adopting.close_lost_rings(floor, pbx, now)
        remembering.end_unseen(floor, pbx, now)
        floor.live.add(pbx)
        match_all(floor, now)
        agents = floor.agents.values()
        floor.emit(*self.duties.all(agents, floor.plan.agents, pbx))

    def _show_duties(self, agents: Iterable[Agent]) -> None:
        """Tell every live PBX who of these agents is on duty now and was not, or the reverse."""
        floor = self.floor
        floor.emit(*self.duties.changed(agents, floor.plan.agents, floor.live))

    def _due(self, kind: str, subject: str, now: float) -> None:
        floor = self.floor
        match kind:
            case "dialogue":
                visits.dialogue_due(floor, CallId(subject), now)
            case "keep":
                visits.keep_due(floor, CallId(subject), now)
            case "unplayed":
                visits.unplayed_due(floor, CallId(subject), now)
            case "ring":
                offers.overdue(floor, OfferId(subject), now)
            case "wrap_up":
                offers.end_wrap_up(floor, floor.agents[AgentId(subject)], WrapUpEnd.CAP, now)
            case "skip":
                review_and_match(floor, floor.agents[AgentId(subject)], now)
            case "unreachable":
                self._device_changed(DeviceId(subject), DeviceState.FREE, now)
            case "skills":
                floor.grade_agent(floor.agents[AgentId(subject)], now)
                match_all(floor, now)
            case "shift":
                desk.shift_due(floor, floor.agents[AgentId(subject)], now)
            case "comes":
                remembering.did_not_come(floor, CallId(subject), now)
            case "incidents":
                incidents.review(floor, IncidentId(subject), now)
            case "exits":
                line = floor.lines.get(QueueId(subject))
                if line is not None:
                    waiting.review_exits(floor, line, now)
            case _:
                self._call_due(kind, floor.calls[CallId(subject)], now)

    def _call_due(self, kind: str, call: Call, now: float) -> None:
        floor = self.floor
        match kind:
            case "relax":
                waiting.relaxation_due(floor, call, now)
            case "patience":
                waiting.patience_over(floor, call, now)
            case "progress":
                matching.ring_one_more(floor, call, now)
            case "exit":
                waiting.time_over(floor, call, now)
            case "enter":
                waiting.enter_menu(floor, call, now)
            case "incident":
                incidents.due(floor, call, now)
            case "announce":
                announcing.due(floor, call, now)
            case "unbeeped":
                voicemail.may_begin(floor, call, beep=False)
            case _:
                raise AssertionError(f"no deadline is called {kind}")

    def _announced(self, call_id: CallId, announcement_id: int) -> None:
        call = self.floor.calls.get(call_id)
        if call is not None:
            announcing.ended(call, announcement_id)

    def _device_changed(self, phone: DeviceId, state: DeviceState, now: float) -> None:
        floor = self.floor
        floor.deadlines.clear(("unreachable", phone))
        if floor.devices.get(phone, DeviceState.FREE) is state:
            return
        floor.devices[phone] = state
        agent = floor.agent_at(phone)
        if agent is not None:
            if agent.offer is None:
                # While we ring him or he talks, his phone says nothing new.
                floor.report_agent(agent, now, "device")
            review_and_match(floor, agent, now)

    def _requested(
        self, event: AgentRequested | CallRequested | VoicemailRequested, now: float
    ) -> None:
        if isinstance(event, VoicemailRequested):
            voicemail.requested(self.floor, event, now)
            return
        if isinstance(event, CallRequested):
            supervising.requested(self.floor, event, now)
            return
        agent = self.floor.agents.get(event.agent)
        refusal = (
            f"no agent {event.agent!r}"
            if agent is None
            else desk.act(self.floor, agent, event.action, event.reason, now, event.phone)
        )
        self.floor.emit(Replied(now, event.request, refusal))
