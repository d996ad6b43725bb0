"""The floor: everything that is alive just now, in one place, and the few moves all parts share.

Rules: one Floor an engine. The modules that know what to do (``visits``, ``matching``, ``offers``,
``desk``) are functions that get the floor; what they want said goes through ``emit``. Whether an
agent is free is decided by ``Agent.can_be_rung`` and remembered in ``free`` by ``review_agent``,
which must be called after every change that could matter to it.
"""

from collections.abc import Callable

import msgspec

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.commands import Command
from acd.core.deadlines import Deadlines
from acd.core.events import DeviceState
from acd.core.ids import AgentId, CallId, DeviceId, Language, OfferId, PbxId, QueueId
from acd.core.ivr import Dialogue
from acd.core.plan import Enqueue, Plan, QueuePlan, Text
from acd.core.queue import Lane, satisfies
from acd.core.records import AgentChanged, Presence, Record

DeadlineKey = tuple[str, str]
"""A deadline's kind (``wrap_up``, ``dialogue``, ...) and whom it is about."""


class Offer(msgspec.Struct, gc=False):
    """One ring of one agent for one call, from the command to the end of his leg."""

    id: OfferId
    call: CallId
    agent: AgentId
    queue: QueueId
    phone: DeviceId
    rung_at: float
    ringing_seen: bool = False
    answered: bool = False
    cancelled: bool = False
    overdue: bool = False
    """The PBX did not report the end of the ring in time; we took it back."""
    connected_at: float | None = None
    held_since: float | None = None
    hold_seconds: float = 0.0
    talk_over: bool = False


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
        self.lanes: dict[QueueId, Lane] = {}
        self.lanes_of: dict[AgentId, tuple[Lane, ...]] = {}
        self.free: dict[AgentId, tuple[float, int]] = {}
        """Agents who can be rung now: since when they are idle, and a tie-breaker."""
        self.option_labels: dict[tuple[QueueId, str], Text] = {}
        """What the menus call a key that leads to a queue."""
        self.live: set[PbxId] = set()
        self.deadlines: Deadlines[DeadlineKey] = Deadlines()
        self.sequence = 0
        self._out: list[Command | Record] = []

    # -- what the engine says -----------------------------------------------------------------

    def emit(self, *outputs: Command | Record) -> None:
        """Say something; it leaves with the present step."""
        self._out.extend(outputs)

    def take_outputs(self) -> list[Command | Record]:
        """Hand over what was said since the last call."""
        out, self._out = self._out, []
        return out

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
        old = self.lanes
        self.lanes = {queue: Lane(queue_plan) for queue, queue_plan in plan.queues.items()}
        for queue, lane in old.items():
            if queue not in self.lanes:
                self.lanes[queue] = Lane(lane.plan)
        for agent_plan in plan.agents.values():
            agent = self.agents.get(agent_plan.id)
            if agent is None:
                agent = self.agents[agent_plan.id] = Agent(agent_plan, now)
            agent.plan = agent_plan
            if agent.presence is Presence.LOGGED_OUT:
                agent.phone = agent_plan.phone
        self.home = {agent_plan.phone: agent_plan.id for agent_plan in plan.agents.values()}
        self.option_labels = {
            (node.queue, node.option): node.label
            for menu in plan.menus.values()
            for node in menu.nodes.values()
            if isinstance(node, Enqueue)
        }
        self.lanes_of = {
            agent.id: tuple(
                lane for lane in self.lanes.values() if satisfies(agent.plan, lane.plan)
            )
            for agent in self.agents.values()
            if agent.id in plan.agents
        }
        self.free.clear()
        for agent in self.agents.values():
            self.review_agent(agent, now)
        for call in self.calls.values():
            call.in_heap = False
            if call.queue is not None:
                self.lanes[call.queue].add_call(call)

    @property
    def house_language(self) -> Language:
        """The language of the agents' phones: the first of the callers' menu."""
        return self.plan.menus[self.plan.callers_menu].languages[0]

    def label_of(self, queue: QueuePlan, option: str) -> str:
        """Return what the agent's phone calls a caller's choice, in the house's language."""
        text = self.option_labels.get((queue.id, option), queue.label)
        return text.get(self.house_language, queue.id)

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
        phone_free = self.device_of(agent) is DeviceState.FREE
        if agent.id not in self.lanes_of or not agent.can_be_rung(now, phone_free):
            self.free.pop(agent.id, None)
            return False
        known = self.free.get(agent.id)
        if known is not None and known[0] == agent.idle_since:
            return False
        entry = (agent.idle_since, self.next_sequence())
        self.free[agent.id] = entry
        for lane in self.lanes_of[agent.id]:
            lane.add_agent(agent.id, *entry)
            lane.trim(self.free)
        return True

    def report_agent(self, agent: Agent, now: float, what: str = "activity") -> None:
        """Say how the agent is now; ``what`` is new about him (see AgentChanged)."""
        self.emit(
            AgentChanged(
                now,
                agent.id,
                what,
                agent.presence,
                agent.reason,
                agent.activity,
                self.device_of(agent),
                agent.phone,
            )
        )
