"""The auditor: judges a run by what truly happened, rule by rule, without asking the engine.

It is fed four streams, in the order of time: the virtual PBX's own facts, the AMI messages as they
reach the engine, what agents asked for, and the records that the engine made. From facts and
messages it keeps its own picture; the engine's word counts only as a claim to be compared with it.

A rule about what the engine decides may not blame it for what could not have reached it yet. So
what is judged by facts has ``propagation_seconds``, and a caller may stand beside a fitting free
agent for ``dispatch_seconds`` (promised: the next agent rings within 100 ms of the cause).

It must not know how the engine, the tracker or the PBX work inside.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from acd.core.events import AgentRequested, RingOutcome
from acd.core.ids import AgentId, OfferId, PbxId
from acd.core.plan import AgentAction, Plan
from acd.core.records import (
    Activity,
    AgentChanged,
    AgentRung,
    CallAnswered,
    CallEnded,
    CallQueued,
    Outcome,
    Presence,
    Record,
    Replied,
    RingEnded,
    Snapshot,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.sim.auditor.picture import Person, Visit
from acd.sim.auditor.scene import Scene, Tolerances
from acd.sim.auditor.verdicts import Rule, Violation

_OUTCOMES_BY_CAUSE: Final = {
    "17": {RingOutcome.BUSY},
    "21": {RingOutcome.DECLINED},
    "19": {RingOutcome.NO_ANSWER, RingOutcome.DECLINED, RingOutcome.UNREACHABLE},
    "0": {RingOutcome.CANCELLED},
}


class Auditor:
    """One run's judge. Feed it in the order of time; read ``violations``."""

    def __init__(
        self, plan: Plan, pbx: PbxId, start: float, tolerances: Tolerances | None = None
    ) -> None:
        self.plan = plan
        self.scene = Scene(plan, pbx, start, tolerances or Tolerances())
        self.fact = self.scene.fact
        self.delivered = self.scene.delivered
        self.blinded = self.scene.blinded
        self.sees_again = self.scene.sees_again
        self.dispatch_gaps: list[float] = []
        """For each ring: seconds since caller and agent stood beside each other, by the facts."""
        self._blame = self.scene.docket.blame
        self._asked: dict[int, AgentRequested] = {}
        self._queued = 0

    @property
    def violations(self) -> list[Violation]:
        """What was broken so far, in the order of time."""
        return self.scene.docket.violations

    # -- the four streams, and the end --------------------------------------------------------

    def asked(self, event: AgentRequested, now: float) -> None:
        """This request of an agent is about to be worked off by the engine."""
        self.scene.pass_time(now)
        self.scene.docket.note(now, event)
        self._asked[event.request] = event
        self.scene.says(self.scene.persons[event.agent], event.action, now)

    def recorded(self, records: Iterable[Record], now: float) -> None:
        """The engine has made these records in one step."""
        self.scene.pass_time(now)
        self.scene.look(now)
        changed: set[AgentId] = set()
        for record in records:
            self.scene.docket.note(now, record)
            self._hear(record, now)
            if isinstance(record, AgentChanged):
                changed.add(record.agent)
        for agent in changed:
            self._must_be_as_he_said(self.scene.persons[agent], now)
        self.scene.look(now)

    def finish(self, now: float, snapshot: Snapshot, leftovers: Mapping[str, object]) -> None:
        """Judge the end, when everything should have come to rest.

        ``leftovers`` names what must be empty: channels of the PBX, tables of the engine.
        """
        self.scene.pass_time(now)
        self.scene.look(now)
        blame = self._blame
        for visit in self.scene.visits.values():
            if not visit.ends and visit.needs_record(self.scene.tolerances.unseen_seconds):
                text = f"{visit.call} has no final record"
                blame(now, Rule.ONE_OUTCOME, text, visit.uniqueid, visit.call)
        for name, left in leftovers.items():
            if left:
                blame(now, Rule.NO_LEAK, f"{name}: {left}")
        for call in snapshot.calls:
            blame(now, Rule.NO_LEAK, f"the engine still has {call.call} ({call.state})", call.call)
        for agent in snapshot.agents:
            if agent.activity in (Activity.RINGING, Activity.TALKING):
                blame(now, Rule.NOT_STUCK, f"{agent.agent} is {agent.activity}", agent.agent)

    # -- the engine's claims ------------------------------------------------------------------

    def _hear(self, record: Record, now: float) -> None:
        match record:
            case CallQueued():
                self._queued_up(record, now)
            case AgentRung():
                self._agent_rung(record, now)
            case RingEnded():
                self._ring_ended(record, now)
            case CallAnswered():
                visit = self.scene.visits.get(record.call)
                if visit is None or not visit.was_bridged:
                    text = f"{record.call} never talked"
                    self._blame(now, Rule.TRUE_OUTCOME, text, record.call)
                else:
                    visit.offer = None
            case WrapUpStarted() | WrapUpEnded():
                self._wrap_up(record, now)
            case AgentChanged():
                self._agent_changed(record, now)
            case CallEnded():
                self._ended(record, now)
            case Replied(_, request, refusal):
                event = self._asked.pop(request)
                person = self.scene.persons[event.agent]
                asked_for_end = event.action is AgentAction.END_WRAP_UP
                if asked_for_end and not refusal and person.wrap_up_until > now:
                    text = f"{person.id} was told that his wrap-up has ended"
                    self._blame(now, Rule.WRAP_UP_KEPT, text, person.id)
            case _:
                pass

    def _queued_up(self, record: CallQueued, now: float) -> None:
        visit = self.scene.visits.get(record.call)
        if visit is None:
            text = f"{record.call} is queued and is nobody"
            self._blame(now, Rule.ONE_OUTCOME, text, record.call)
            return
        queue = self.plan.queues[record.queue]
        self._queued += 1
        visit.queue, visit.queued_at = queue, now
        visit.place = (now + queue.target_seconds - queue.priority_seconds, self._queued)
        self.scene.standstill.review_visit(visit)

    def _agent_rung(self, record: AgentRung, now: float) -> None:
        visit, person = self.scene.visits.get(record.call), self.scene.persons[record.agent]
        names: tuple[str, ...] = (person.id, person.phone, record.call)
        if visit is None or visit.queue is None:
            text = f"{person.id} rung for {record.call}, which is not queued"
            self._blame(now, Rule.IN_ROOM, text, *names)
            return
        names = (*names, visit.uniqueid)
        if not visit.in_room:
            self._blame(now, Rule.IN_ROOM, f"{person.id} rung for {visit.call}", *names)
        if visit.queue.id not in person.queues:
            self._blame(now, Rule.SKILL, f"{person.id} rung for {visit.queue.id}", *names)
        if visit.offer is not None:
            self._blame(now, Rule.ONE_AGENT, f"{visit.call} was {visit.offer}", *names)
        if person.offer is not None:
            self._blame(now, Rule.ONE_CALLER, f"{person.id} was {person.offer}", *names)
        self._in_order(visit, person, now)
        self._idle_longest(visit, visit.queue.id, person, now)
        since = self.scene.standstill.since(visit, person)
        self.dispatch_gaps.append(0.0 if since is None else now - since)
        visit.offer = person.offer = record.offer
        self.scene.standstill.review_visit(visit)
        self.scene.review(person, now)
        limit = visit.queue.ring_timeout_seconds + self.scene.tolerances.ring_seconds
        self.scene.check_at(now + limit, lambda at: self._must_be_over(person, record.offer, at))

    def _must_be_over(self, person: Person, offer: OfferId, now: float) -> None:
        if person.offer == offer:
            self._blame(now, Rule.NOT_STUCK, f"{person.id} rings on", person.id, offer)

    def _in_order(self, visit: Visit, person: Person, now: float) -> None:
        for other in self.scene.standstill.waiting.values():
            if (
                other.place < visit.place
                and other.queue is not None
                and other.queue.id in person.queues
            ):
                text = f"{person.id} rung for {visit.call}, before {other.call}"
                self._blame(now, Rule.ORDER, text, visit.call, other.call, other.uniqueid)
                return

    def _idle_longest(self, visit: Visit, queue: str, person: Person, now: float) -> None:
        if self.scene.was_blind:
            # Whose talk ended unseen is idle since the engine learned of it.
            return
        known = now - self.scene.tolerances.dispatch_seconds
        margin = self.scene.tolerances.propagation_seconds
        for other in self.scene.standstill.free.values():
            if (
                queue in other.queues
                and other.free_since is not None
                and other.free_since < known
                and other.idle_since() + margin < person.idle_since()
            ):
                text = f"{person.id} rung for {visit.call}, {other.id} has been idle longer"
                self._blame(now, Rule.LONGEST_IDLE, text, person.id, other.id)
                return

    def _ring_ended(self, record: RingEnded, now: float) -> None:
        visit, person = self.scene.visits.get(record.call), self.scene.persons[record.agent]
        ring = self.scene.rings.get(record.offer)
        allowed = _OUTCOMES_BY_CAUSE.get(ring.cause) if ring is not None else None
        if allowed is not None and record.outcome not in allowed and visit and not visit.ends:
            text = f"the ring at {person.id} with cause {ring and ring.cause}: {record.outcome}"
            self._blame(now, Rule.TRUE_OUTCOME, text, record.offer, person.phone)
        if visit is not None and visit.offer == record.offer:
            visit.offer = None
            self.scene.standstill.review_visit(visit)
        person.offer = None
        queue = self.plan.queues[record.queue]
        match record.outcome:
            case RingOutcome.BUSY | RingOutcome.DECLINED:
                person.excused_until = now + queue.declined_delay_seconds
            case RingOutcome.UNREACHABLE:
                person.excused_until = now + queue.unreachable_delay_seconds
            case RingOutcome.NO_ANSWER if person.said is Presence.READY:
                person.said, person.said_at = Presence.NOT_READY, now
            case _:
                pass
        self.scene.check_at(person.excused_until, lambda at: self.scene.review(person, at))
        self.scene.review(person, now)

    def _agent_changed(self, record: AgentChanged, now: float) -> None:
        person = self.scene.persons[record.agent]
        person.stated, person.activity = record.presence, record.activity
        if record.activity is not Activity.RINGING:
            person.offer = None
        # Of one item's frames he has heard them all before he hears what came of the first.
        is_new = record.what == "presence" and record.presence is Presence.READY
        logs_in_by_code = any(phone == record.phone for phone, _ in self.scene.codes.values())
        logged_in = record.presence is not Presence.LOGGED_OUT
        self.scene.sits_at(person, record.phone, logged_in, now)
        if is_new and (person.asked_to_log_in or logs_in_by_code):
            self.scene.is_now(person, Presence.READY, now)
        self.scene.review(person, now)

    def _must_be_as_he_said(self, person: Person, now: float) -> None:
        if person.said is not person.stated and self.scene.sees(now):
            text = f"{person.id} said {person.said}, and is stated {person.stated}"
            self._blame(now, Rule.PRESENCE, text, person.id, person.phone)

    def _wrap_up(self, record: WrapUpStarted | WrapUpEnded, now: float) -> None:
        person, late = self.scene.persons[record.agent], self.scene.tolerances.propagation_seconds
        text = ""
        if isinstance(record, WrapUpStarted):
            visit = self.scene.visits.get(record.call)
            # Whether he talked or only lifted, nobody saw either.
            may_have_talked = visit is not None and visit.unseen and not visit.was_bridged
            if person.worked_unseen or may_have_talked:
                person.worked_unseen, person.wrap_up_until = False, record.ends_at
            if not 0.0 <= record.ends_at - person.wrap_up_until <= late:
                text = f"ends {record.ends_at - person.wrap_up_until:+.3f} s after its cap"
        elif record.how is WrapUpEnd.CAP:
            if not 0.0 <= now - person.wrap_up_until <= late:
                text = f"was ended {now - person.wrap_up_until:+.3f} s after its cap"
        elif now - person.asked_to_end_at > late:
            text = f"was ended ({record.how}) and the agent did not ask for it"
        else:
            person.wrap_up_until = now
        if text:
            text = f"wrap-up of {person.id} {text}"
            self._blame(now, Rule.WRAP_UP_KEPT, text, person.id, person.phone)

    def _ended(self, record: CallEnded, now: float) -> None:
        visit = self.scene.visits.get(record.call)
        if visit is None:
            text = f"{record.call} ended and never came in"
            self._blame(now, Rule.ONE_OUTCOME, text, record.call)
            return
        visit.ends += 1
        names = (visit.uniqueid, visit.call)
        if visit.ends > 1:
            text = f"{visit.call} has {visit.ends} final records"
            self._blame(now, Rule.ONE_OUTCOME, text, *names)
        expected = _outcome(visit, now)
        # What happened unseen may be called so. That he gave up may be said of none who talked.
        gave_up = record.outcome in (Outcome.ABANDONED, Outcome.SHORT_ABANDONED)
        excused = visit.unseen and not (gave_up and visit.was_bridged)
        if not visit.gone or (record.outcome is not expected and not excused):
            there = "" if visit.gone else ", and the caller is still there"
            text = f"{visit.call} is called {record.outcome}, should be {expected}{there}"
            self._blame(now, Rule.TRUE_OUTCOME, text, *names)


def _outcome(visit: Visit, now: float) -> Outcome:
    if visit.was_bridged:
        return Outcome.ANSWERED
    if visit.rescued:
        return Outcome.EMERGENCY
    if visit.queue is None:
        return Outcome.LEFT_IN_MENU
    if now - visit.queued_at < visit.queue.short_abandon_seconds:
        return Outcome.SHORT_ABANDONED
    return Outcome.ABANDONED
