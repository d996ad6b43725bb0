"""A service centre for tests: the engine, a clock that is stepped, and everything it said."""

from collections.abc import Sequence
from typing import TypeVar

from acd.core.commands import CancelRing, Command, RingAgent
from acd.core.engine import Engine
from acd.core.events import (
    AgentRequested,
    CallArrived,
    CallerHungUp,
    Confirmed,
    DeviceChanged,
    DeviceState,
    DigitPressed,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    PbxLive,
    RingOutcome,
    Tick,
    WaitingRoomEntered,
)
from acd.core.ids import AgentId, CallId, DeviceId, OfferId, PbxId, RequestId
from acd.core.invariants import check
from acd.core.memory import NOTHING, Memory
from acd.core.plan import AgentAction, Plan
from acd.core.records import (
    AgentKept,
    AgentView,
    CallEnded,
    CallKept,
    CallView,
    ConfirmationDue,
    IncidentEnded,
    IncidentKept,
    Record,
    Replied,
    VoicemailKept,
)
from acd.core.tokens import Tokens

PBX = PbxId("main")
OVER = ("done", "discarded")
"""What a store does not tell of any more."""
T = TypeVar("T")


class Centre:
    """Drives one engine; ``said`` holds what it has said since the last ``take``."""

    def __init__(
        self,
        plan: Plan,
        *agents_ready: str,
        now: float = 1_000_000.0,
        memory: Memory = NOTHING,
        found: Sequence[Event] = (),
    ) -> None:
        """``memory`` and what is ``found`` on the PBX are what an engine before this has left."""
        self.now = now
        self.engine = Engine(plan, Tokens(b"0123456789abcdef").next, self.now, memory)
        self.agents_kept = {one.agent: one for one in memory.agents}
        self.calls_kept = {one.call: one for one in memory.calls}
        self.incidents_kept = {one.id: one for one in memory.incidents}
        self.voicemails_kept = {one.id: one for one in memory.voicemails}
        self.said: list[Command | Record] = []
        self.rings: dict[str, RingAgent] = {}
        """The last ring ordered for each agent; ``take`` does not forget it."""
        self.rung_by: dict[OfferId, str] = {}
        """Whom each ring was ordered for."""
        self.calls = 0
        self.confirms = True
        """What agents do by telephone is durable at once."""
        self.feed(*found, PbxLive(PBX))
        for agent in agents_ready:
            assert self.request(agent, AgentAction.LOG_IN) == ""
            self.wait(1.0)
        if not found and memory is NOTHING:
            self.take()

    def feed(self, *events: Event) -> list[Command | Record]:
        """Feed events at the present time; return what was said to them."""
        said: list[Command | Record] = []
        for event in events:
            said += self.engine.handle(event, self.now)
            check(self.engine.floor, self.now)
        self.said += said
        due = [one.call for one in said if isinstance(one, ConfirmationDue)]
        for one in said:
            if isinstance(one, AgentKept):
                self.agents_kept[one.agent.agent] = one.agent
            elif isinstance(one, CallKept):
                self.calls_kept[one.call.call] = one.call
            elif isinstance(one, IncidentKept):
                self.incidents_kept[one.incident.id] = one.incident
            elif isinstance(one, IncidentEnded):
                self.incidents_kept.pop(one.incident, None)
            elif isinstance(one, CallEnded):
                self.calls_kept.pop(one.call, None)
            elif isinstance(one, VoicemailKept):
                self.voicemails_kept[one.voicemail.id] = one.voicemail
            if isinstance(one, RingAgent):
                self.rings[one.agent] = one
                self.rung_by[one.offer] = one.agent
        for call in due if self.confirms else ():
            said += self.feed(Confirmed(call, True))
        return said

    def memory(self) -> Memory:
        """Return what a store would hold now."""
        return Memory(
            tuple(self.agents_kept.values()),
            tuple(self.calls_kept.values()),
            tuple(self.incidents_kept.values()),
            tuple(one for one in self.voicemails_kept.values() if one.state not in OVER),
        )

    def wait(self, seconds: float) -> list[Command | Record]:
        """Let time pass, stopping at every deadline on the way; return what was said."""
        end = self.now + seconds
        said: list[Command | Record] = []
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            said += self.feed(Tick())
        self.now = end
        return said

    def take(self, kind: type[T] = object) -> list[T]:  # type: ignore[assignment]
        """Return everything said of one kind since the last ``take``, and forget all of it."""
        said, self.said = self.said, []
        return [one for one in said if isinstance(one, kind)]

    def request(self, agent: str, action: AgentAction, reason: str = "") -> str:
        """Ask for something over HTTP; return the refusal, "" when it was done."""
        request = RequestId(1)
        said = self.feed(AgentRequested(request, AgentId(agent), action, reason))
        return next(one for one in said if isinstance(one, Replied)).refusal

    def call_in(self, key: str = "1", ani: str = "0301234567", dialled: str = "100") -> CallId:
        """A caller dials in, presses ``key`` and is in the waiting room."""
        call = self.dial_in(dialled, key, ani=ani)
        self.feed(WaitingRoomEntered(call))
        return call

    def dial_in(self, dialled: str, *keys: str, ani: str = "0301234567") -> CallId:
        """A caller dials this number and presses these keys."""
        self.calls += 1
        call = CallId(f"main-1.{self.calls}")
        self.feed(CallArrived(call, PBX, ani, dialled), *(DigitPressed(call, key) for key in keys))
        return call

    def ring_of(self, call: CallId) -> RingAgent:
        """Return the last ring ordered for this call."""
        rings = [one for one in self.said if isinstance(one, RingAgent) and one.call == call]
        assert rings, f"nobody was rung for {call}"
        return rings[-1]

    def answer(self, call: CallId) -> OfferId:
        """The agent who rings for ``call`` lifts, and the two are joined."""
        offer = self.ring_of(call).offer
        self.feed(LegRinging(offer), LegAnswered(offer), LegConnected(offer))
        return offer

    def fail(self, call: CallId, outcome: RingOutcome) -> list[Command | Record]:
        """The ring for ``call`` ends so; return what was said to it."""
        return self.feed(LegFailed(self.ring_of(call).offer, outcome))

    def end_talk(self, offer: OfferId, call: CallId | None = None) -> None:
        """The agent hangs up; then the caller's channel ends too, when he is given."""
        self.feed(LegLeftTalk(offer), LegEnded(offer))
        if call is not None:
            self.feed(CallerHungUp(call))

    def lift(self, agent: str) -> OfferId:
        """The agent answers the last ring ordered for him and is joined with the caller."""
        offer = self.rings[agent].offer
        self.feed(LegRinging(offer), LegAnswered(offer), LegConnected(offer))
        return offer

    def lose(self, agent: str, outcome: RingOutcome = RingOutcome.CANCELLED) -> None:
        """The last ring ordered for the agent ends so, without a talk."""
        self.feed(LegFailed(self.rings[agent].offer, outcome))

    def talk(self, agent: str, seconds: float = 0.0) -> None:
        """The agent answers, talks so long and hangs up; the caller's channel ends too."""
        offer = self.lift(agent)
        self.wait(seconds)
        self.end_talk(offer, self.rings[agent].call)

    def phone(self, agent: str, state: DeviceState) -> None:
        """The PBX reports the state of the agent's own phone."""
        self.feed(DeviceChanged(DeviceId(f"PJSIP/{agent}"), state))

    def agent(self, agent: str) -> AgentView:
        """Return how the agent is."""
        views = self.engine.snapshot(self.now).agents
        return next(view for view in views if view.agent == agent)

    def call(self, call: CallId) -> CallView:
        """Return how the call is."""
        return next(view for view in self.engine.snapshot(self.now).calls if view.call == call)


def rung(centre: Centre) -> list[tuple[str, str]]:
    """Return (call, agent) of each ring since the last ``take``."""
    return [(ring.call, ring.agent) for ring in centre.take(RingAgent)]


def cancelled(centre: Centre) -> list[tuple[str, bool]]:
    """Return (agent, void) of each ring taken back since the last ``take``."""
    return [(centre.rung_by[one.offer], one.void) for one in centre.take(CancelRing)]
