"""The floor: everything that is alive just now, in one place, and the few moves all parts share.

Rules: one Floor an engine. The modules that know what to do (``visits``, ``matching``, ``offers``,
``desk``) are functions that get the floor; what they want said goes through ``emit``. Whether an
agent is free is decided by ``Agent.why_not`` and remembered in ``free`` by ``review_agent``,
which must be called after every change that could matter to it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import chain
from math import inf

import msgspec

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.commands import Command
from acd.core.deadlines import Deadlines
from acd.core.display import OptionLabels, option_labels
from acd.core.events import DeviceState
from acd.core.history import History
from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    IncidentId,
    OfferId,
    PbxId,
    QueueId,
    SkillId,
    VoicemailId,
)
from acd.core.incident import Incident
from acd.core.ivr import Dialogue
from acd.core.memory import AgentMemory, CallMemory, VoicemailMemory
from acd.core.offer import Offer
from acd.core.plan import Need, Plan, QueuePlan
from acd.core.queue import CallHeap, Lane, LaneKey, Line, Shares
from acd.core.queueplan import Requirement
from acd.core.records import AgentChanged, CallState, Presence, Record, TrailStep
from acd.core.strategies import FreeAgents

DeadlineKey = tuple[str, str]
"""A deadline's kind (``wrap_up``, ``dialogue``, ...) and whom it is about."""


TALKS_KEPT = 20_000
"""Callers of whom we know with whom they talked last."""


class Reserve:
    """Free agents who are kept for one queue: the last ``count`` of those who satisfy it."""

    def __init__(self, queue: QueueId, requirement: Requirement, count: int) -> None:
        self.queue = queue
        self.requirement = requirement
        self.count = count
        self.free: set[AgentId] = set()


class CodeCall(msgspec.Struct):
    """A call in which an agent dials codes; it is nobody's caller and has no final record."""

    id: CallId
    pbx: PbxId
    phone: DeviceId
    dialogue: Dialogue
    agents: set[AgentId]
    """Agents who are offered nothing while it lasts."""


class Floor:
    """The living state of one service centre."""

    def __init__(self, plan: Plan, new_token: Callable[[], str]) -> None:
        self.plan = plan
        self.new_token = new_token
        self.calls: dict[CallId, Call] = {}
        self.code_calls: dict[CallId, CodeCall] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.at_phone: dict[DeviceId, AgentId] = {}
        """Who is logged in where."""
        self.home: dict[DeviceId, AgentId] = {}
        """Whose a phone is by the plan, when nobody is logged in there."""
        self.devices: dict[DeviceId, DeviceState] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.lines: dict[QueueId, Line] = {}
        self.lanes: dict[LaneKey, Lane] = {}
        self.lanes_of: dict[AgentId, list[Lane]] = {}
        """The lanes that each agent of the plan may serve now."""
        self.kept_for: dict[AgentId, dict[QueueId | None, CallHeap]] = {}
        """Calls that only the caller's preferred agent may take, by the reserve they may use."""
        self.open_rings: dict[CallId, Call] = {}
        """Calls that ring at all who are free, and at whoever becomes so."""
        self.reserves: list[Reserve] = []
        self.watched: tuple[QueueId, ...] = ()
        """Queues with rules that may let go those who wait when somebody's presence changes."""
        self.skills: dict[str, SkillId] = {}
        """Every skill that anybody has or will have."""
        self.free = FreeAgents(self.agents, set())
        self.last_talks: OrderedDict[str, tuple[AgentId, float]] = OrderedDict()
        """By caller's number: with whom he talked last, and when that was over."""
        self.history = History()
        self.option_labels: OptionLabels = {}
        self.live: set[PbxId] = set()
        self.deadlines: Deadlines[DeadlineKey] = Deadlines()
        self.sequence = 0
        self.incidents: dict[IncidentId, Incident] = {}
        """Those that people have set; others stand in the plan."""
        self.remembered: dict[CallId, CallMemory] = {}
        """Calls that a former engine kept and no PBX has shown yet (acd.core.remembering)."""
        self.voicemails: dict[VoicemailId, VoicemailMemory] = {}
        """Messages that are being spoken, wait, or have been taken (acd.core.voicemail)."""
        self.set_back_seconds = 0.0
        """How far the clock was set back between a former engine's last moment and our first."""
        self.changed_calls: dict[CallId, Call] = {}
        self.changed_agents: dict[AgentId, Agent] = {}
        """Who has changed in this step and may have to be kept."""
        self.kept_of_agents: dict[AgentId, AgentMemory] = {}
        self._with_skill: dict[SkillId, list[AgentId]] = {}
        self._shares: dict[Lane, Shares] = {}
        self._out: list[Command | Record] = []

    # -- what the engine says -----------------------------------------------------------------

    def emit(self, *outputs: Command | Record) -> None:
        """Say something; it leaves with the present step."""
        self._out.extend(outputs)

    def take_outputs(self) -> list[Command | Record]:
        """Hand over what was said since the last call."""
        out, self._out = self._out, []
        return out

    def keep(self, call: Call) -> None:
        """Mark the call: what must outlive the engine of it is told at the end of this step."""
        self.changed_calls[call.id] = call

    def chance(self) -> float:
        """Return a number above 0 and up to 1 by chance, which a replay makes again."""
        token = self.new_token()
        return (int(token, 16) + 1) / float(16 ** len(token))

    def next_sequence(self) -> int:
        """Number something so that what came first stays first."""
        self.sequence += 1
        return self.sequence

    # -- the plan -----------------------------------------------------------------------------

    def adopt_plan(self, plan: Plan, now: float) -> None:
        """Use ``plan`` from now on: people keep their state, calls their places.

        A queue that is gone from the plan stays, unseen, for those who wait in it or are in a
        menu that still leads to it.
        """
        self.plan = plan
        old = self.lines
        self.lines = {queue: Line(queue_plan) for queue, queue_plan in plan.queues.items()}
        for queue, line in old.items():
            new = self.lines.setdefault(queue, Line(line.plan))
            new.talks, new.wrap_ups = line.talks, line.wrap_ups
            new.entries = line.entries
        self.watched = tuple(line.id for line in self.lines.values() if line.is_watched())
        self.lanes.clear()
        self._shares.clear()
        self._with_skill.clear()
        self.skills = {
            skill: skill
            for one in plan.agents.values()
            for skill in (*one.skills, *(grant.skill for grant in one.grants))
        }
        self.reserves = [
            Reserve(queue.id, queue.requirement, queue.reserved_agents)
            for queue in plan.queues.values()
            if queue.reserved_agents > 0
        ]
        for agent_plan in plan.agents.values():
            agent = self.agents.get(agent_plan.id)
            if agent is None:
                agent = self.agents[agent_plan.id] = Agent(agent_plan, now)
            agent.plan = agent_plan
            if agent.presence is Presence.LOGGED_OUT:
                agent.phone = agent_plan.phone
        self.home = {agent_plan.phone: agent_plan.id for agent_plan in plan.agents.values()}
        self.option_labels = option_labels(plan)
        self.kept_for.clear()
        self.lanes_of = {agent: [] for agent in plan.agents}
        self.free = FreeAgents(self.agents, {queue.strategy for queue in plan.queues.values()})
        for agent in self.agents.values():
            self.grade_agent(agent, now)
            if agent.presence is not Presence.LOGGED_OUT:
                self.watch_shift(agent, now)

    def grade_agent(self, agent: Agent, now: float) -> None:
        """Take up the agent's skills as they are now, and when they will change next."""
        self._is_not_free(agent)
        agent.skills = agent.plan.skills_at(now)
        if agent.id in self.plan.agents:
            self._shares.clear()
            self._with_skill.clear()
            mine = self.lanes_of[agent.id] = []
            for lane in self.lanes.values():
                if lane.requirement.met_by(agent.skills):
                    lane.agents[agent.id] = lane.grade(agent.skills)
                    mine.append(lane)
                else:
                    lane.agents.pop(agent.id, None)
            change = agent.plan.next_skill_change(now)
            if change is not None:
                self.deadlines.set(("skills", agent.id), change)
        for heap in self.kept_for.get(agent.id, {}).values():
            for call in heap.each():
                self.stand(call, now)
        self.review_agent(agent, now)

    def watch_shift(self, agent: Agent, now: float) -> None:
        """Set the deadline of the agent's shift: its beginning, its warning, or its end."""
        self.deadlines.clear(("shift", agent.id))
        shift = agent.plan.shift
        calendar = self.plan.hours.get(shift.hours) if shift is not None else None
        change = calendar.next_change(now) if calendar is not None else None
        if shift is None or calendar is None or change is None:
            return
        if calendar.is_open(now) and change - shift.warn_seconds > now:
            change -= shift.warn_seconds
        self.deadlines.set(("shift", agent.id), change)

    # -- calls --------------------------------------------------------------------------------

    def requirement_of(self, call: Call) -> Requirement:
        """Return what the call asks for now, its relaxations included."""
        assert call.queue is not None
        plan = self.lines[call.queue].plan
        if call.step == 0:
            asked = plan.requirement.also(call.needs)
        else:
            relaxed = plan.relaxations[call.step - 1]
            asked = relaxed.requirement.also(call.needs if relaxed.keeps_extra_needs else ())
        return asked.also(self.needs_of_client(call))

    def needs_of_client(self, call: Call) -> tuple[Need, ...]:
        """Return what the call asks for because of for whom it is; no relaxation touches it."""
        client = self.plan.client(call.client)
        return client.needs if client is not None else ()

    def lane_of(self, call: Call) -> Lane:
        """Return the lane for what the call asks for now; it is made when it is the first."""
        assert call.queue is not None
        return self.lane_for(self.lines[call.queue].plan, self.requirement_of(call))

    def lane_for(self, queue: QueuePlan, requirement: Requirement) -> Lane:
        """Return the lane of a queue's calls that ask for this."""
        key = (requirement, self.reserve_of(queue))
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(key)
            for agent_id in self._candidates(requirement):
                skills = self.agents[agent_id].skills
                if requirement.met_by(skills):
                    lane.agents[agent_id] = lane.grade(skills)
                    self.lanes_of[agent_id].append(lane)
        return lane

    def _candidates(self, requirement: Requirement) -> Iterable[AgentId]:
        """Return few agents among whom are all who satisfy this."""
        if not self._with_skill:
            for agent_id in self.plan.agents:
                for skill in self.agents[agent_id].skills:
                    self._with_skill.setdefault(skill, []).append(agent_id)
        known = self._with_skill
        if requirement.all_of:
            return min((known.get(need.skill, []) for need in requirement.all_of), key=len)
        if requirement.any_of:
            groups = (known.get(need.skill, []) for need in requirement.any_of)
            return dict.fromkeys(chain.from_iterable(groups))
        return self.plan.agents

    def reserve_of(self, queue: QueuePlan) -> QueueId | None:
        """Return the queue whose reserve this queue's calls may use, None when it keeps none."""
        return queue.id if queue.reserved_agents > 0 else None

    def shares_of(self, lane: Lane) -> Shares:
        """Return which part of those who serve another lane could serve this one as well."""
        shares = self._shares.get(lane)
        if shares is None:
            shares = self._shares[lane] = Shares(lane)
        return shares

    def stand(self, call: Call, now: float) -> None:
        """Put a QUEUED call where those who may serve it will find it.

        It is kept no longer for an agent who cannot serve it any more.
        """
        if call.preferred is not None and not self._keeps(call.preferred, call):
            self.release(call, "he cannot serve it any more", now)
        if call.state is not CallState.QUEUED:
            return
        if call.preferred is not None:
            assert call.queue is not None
            reserve_of = self.reserve_of(self.lines[call.queue].plan)
            heaps = self.kept_for.setdefault(call.preferred, {})
            heaps.setdefault(reserve_of, CallHeap()).add(call)
        else:
            self.lane_of(call).calls.add(call)

    def release(self, call: Call, why: str, now: float) -> None:
        """Let anybody take a call that was kept for one agent; it has yet to ``stand`` there."""
        order = self.history.order
        call.trail.append(TrailStep(now, "patience_over", why, call.preferred, None, None, order))
        call.preferred = None
        self.deadlines.clear(("patience", call.id))

    def _keeps(self, agent: AgentId, call: Call) -> bool:
        known = agent in self.plan.agents
        return known and self.requirement_of(call).met_by(self.agents[agent].skills)

    def settle(self, call: Call) -> None:
        """The call does not wait any more: take it off its queue and all that was to happen."""
        if call.queue is not None:
            self.lines[call.queue].remove(call)
        if isinstance(call.heap, CallHeap):
            call.heap.forget(call)
        self.open_rings.pop(call.id, None)
        for kind in ("relax", "patience", "progress", "exit", "announce", "incident"):
            self.deadlines.clear((kind, call.id))

    def remember_talk(self, ani: str, agent: AgentId, now: float) -> None:
        """Keep with whom a caller talked last, the most recent callers only."""
        if ani:
            self.last_talks[ani] = (agent, now)
            self.last_talks.move_to_end(ani)
            if len(self.last_talks) > TALKS_KEPT:
                self.last_talks.popitem(last=False)

    def first_call(self, agent: Agent) -> Call | None:
        """Return the call that is due first among those this agent may serve now, if any."""
        best: Call | None = None
        best_due = inf
        for lane in self.lanes_of[agent.id]:
            entries = lane.calls.entries
            if not entries or entries[0][0] > best_due:
                continue
            if self.reserves and not self.may_take(agent.id, lane.reserve_of):
                continue
            call = lane.calls.first(self.live)
            if call is not None and (
                best is None or (call.due_at, call.sequence) < (best_due, best.sequence)
            ):
                best, best_due = call, call.due_at
        return best

    def choose(self, lane: Lane, queue: QueuePlan) -> Agent | None:
        """Return the free agent whom the queue takes for a call of this lane, if there is one."""
        may = (lambda agent: self.may_take(agent, queue.id)) if self.reserves else None
        return self.free.choose(lane, queue, may, self.chance)

    # -- agents -------------------------------------------------------------------------------

    def agent_at(self, phone: DeviceId) -> Agent | None:
        """Return who is logged in at this phone, else whose it is by the plan, else None."""
        agent = self.at_phone.get(phone) or self.home.get(phone)
        return self.agents.get(agent) if agent is not None else None

    def device_of(self, agent: Agent) -> DeviceState:
        """Return what the agent's phone is doing; a phone nobody reported is taken for free."""
        return self.devices.get(agent.phone, DeviceState.FREE)

    def review_agent(self, agent: Agent, now: float) -> bool:
        """Recompute whether the agent can be rung; return True when he just became free."""
        why_not, until = agent.why_not(now, self.device_of(agent))
        self.history.note_agent(agent.id, now, why_not, until)
        if why_not or agent.id not in self.plan.agents:
            self._is_not_free(agent)
            return False
        if agent.id in self.free and self.free.idle_order(agent.id)[0] == agent.idle_since:
            return False
        self.free.add(agent, self.next_sequence())
        for reserve in self.reserves:
            if reserve.requirement.met_by(agent.skills):
                reserve.free.add(agent.id)
        return True

    def _is_not_free(self, agent: Agent) -> None:
        if agent.id in self.free:
            self.free.remove(agent.id)
            for reserve in self.reserves:
                reserve.free.discard(agent.id)

    def may_take(self, agent: AgentId, queue: QueueId | None) -> bool:
        """Tell whether no other queue's reserve holds this free agent back.

        None does from a queue that reserves him as well: two that share their last agent would
        else keep him from both.
        """
        held = False
        for reserve in self.reserves:
            if agent in reserve.free:
                if reserve.queue == queue:
                    return True
                held = held or len(reserve.free) <= reserve.count
        return not held

    def report_agent(self, agent: Agent, now: float, what: str = "activity") -> None:
        """Say how the agent is now; ``what`` is new about him (see AgentChanged)."""
        device = self.device_of(agent)
        self.changed_agents[agent.id] = agent
        self.history.note_agent(agent.id, now, *agent.why_not(now, device))
        if what == "presence":
            self._presence_moved(agent, now)
        self.emit(
            AgentChanged(
                now,
                agent.id,
                what,
                agent.presence,
                agent.reason,
                agent.activity,
                device,
                agent.phone,
            )
        )

    def _presence_moved(self, agent: Agent, now: float) -> None:
        """Let the queues he serves, the callers kept for him and his shift be looked at."""
        for queue in self.watched:
            if self.lines[queue].entries:
                self.deadlines.set(("exits", queue), now)
        if agent.presence is Presence.READY:
            self.watch_shift(agent, now)
        else:
            kept = [
                call for heap in self.kept_for.pop(agent.id, {}).values() for call in heap.each()
            ]
            for call in sorted(kept, key=lambda one: (one.due_at, one.sequence)):
                self.deadlines.set(("patience", call.id), now)
