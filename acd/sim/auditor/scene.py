"""The scene as the auditor sees it: facts of the PBX, messages as they arrive, words of agents.

It owns the auditor's picture of who waits, rings, talks, works after a talk and is away, and judges
what truly happens against it: two rings at one phone, a ring in wrap-up, a caller rescued. Time
comes with what is fed; what has to be looked at later is kept in ``check_at``.
It must not know the engine's records: those are claims, and the auditor's business.
"""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import Final

import msgspec

from acd.core.ids import CallId, PbxId
from acd.core.plan import AgentAction, Plan
from acd.core.records import Activity, Presence
from acd.sim.auditor.picture import Person, Ring, Standstill, Visit, action_of, queues_of
from acd.sim.auditor.verdicts import Docket, Rule
from acd.sim.facts import Fact, Happening


class Tolerances(msgspec.Struct, frozen=True):
    """How much later than the facts the engine may be, in seconds."""

    propagation_seconds: float = 0.02
    dispatch_seconds: float = 0.1
    ring_seconds: float = 10.0
    """A ring may end so much later than its time."""
    unseen_seconds: float = 0.0
    """Where events get lost, somebody who comes and goes within this time may never be heard of."""


class Scene:
    """The picture, and the rules that need nothing but it."""

    def __init__(self, plan: Plan, pbx: PbxId, start: float, tolerances: Tolerances) -> None:
        self.plan = plan
        self.pbx = pbx
        self.tolerances = tolerances
        self.docket = Docket()
        self.standstill = Standstill()
        self.visits: dict[CallId, Visit] = {}
        self.persons = {
            agent.id: Person(agent.id, queues_of(agent, plan), agent.phone, said_at=start)
            for agent in plan.agents.values()
        }
        self.rings: dict[str, Ring] = {}
        self.codes: dict[str, tuple[str, str]] = {}
        """Calls of codes that are not done yet: phone and what it dialled."""
        self._home = {person.phone: person for person in self.persons.values()}
        self._logged_in: dict[str, Person] = {}
        self._left: dict[str, tuple[Person, float]] = {}
        """Who logged out at a phone last, and when: a ring for him may still be on its way."""
        self._devices: dict[str, str] = {}
        self.was_blind = False
        self._blind = False
        self._sees_since = start
        self._checks: list[tuple[float, int, Callable[[float], None]]] = []
        self._check_count = 0

    # -- what is fed --------------------------------------------------------------------------

    def fact(self, fact: Fact) -> None:
        """Something truly happened on the PBX's side."""
        self.pass_time(fact.at)
        self.docket.note(fact.at, fact)
        handle = _FACTS.get(fact.kind)
        if handle is not None:
            handle(self, fact, fact.at)
            self.look(fact.at)

    def delivered(self, frame: bytes, now: float) -> None:
        """This AMI event is about to be worked off by the engine."""
        self.pass_time(now)
        name = frame[7 : frame.find(b"\r\n")]
        if name in (b"BridgeEnter", b"BridgeLeave"):
            visit = self.visits.get(self.call_of(_value(frame, b"Uniqueid")))
            if visit is not None:
                holding = _value(frame, b"BridgeTechnology") == "holding_bridge"
                visit.in_room = holding and name == b"BridgeEnter"
                self.docket.note(now, (name, visit.uniqueid, "holding" if holding else ""))
                self.standstill.review_visit(visit)
        elif name == b"DeviceStateChange":
            device = _value(frame, b"Device")
            self._devices[device] = _value(frame, b"State")
            self.docket.note(now, (device, self._devices[device]))
            if (person := self._at(device)) is not None:
                self.review(person, now)
        elif name == b"AsyncAGIStart":
            uniqueid = _value(frame, b"Uniqueid")
            if (visit := self.visits.get(self.call_of(uniqueid))) is not None:
                visit.heard_of = True
            self._code_begins(uniqueid, now)
        elif name == b"CoreShowChannel":
            self._listed(frame)
        elif name == b"Hangup":
            # Most legs are known to be over already, by a fact; not one that we hung up ourselves
            # between the answer and the talk.
            self._leg_over(_value(frame, b"Uniqueid"), "", now)
        else:
            return
        self.look(now)

    def blinded(self, now: float) -> None:
        """The connection is broken: nothing of what happens now can reach the engine."""
        self.pass_time(now)
        self.docket.note(now, "the connection is broken")
        self._blind = self.was_blind = True
        on_its_way = now - self.tolerances.propagation_seconds
        for person in self.persons.values():
            still = person.activity is Activity.TALKING
            if still and person.wrap_up_from > on_its_way:
                person.worked_unseen = True
                person.wrap_up_until = 0.0
        for visit in self.visits.values():
            visit.unseen |= visit.changed_at > on_its_way
            # He may come and go in the waiting room; the list of channels will say where he is.
            visit.in_room = False
            self.standstill.review_visit(visit)

    def sees_again(self, now: float) -> None:
        """The engine has read the PBX's state and works on."""
        self.pass_time(now)
        self.docket.note(now, "the connection is live again")
        self._blind, self._sees_since = False, now

    def sees(self, now: float) -> bool:
        """Whether the engine can be expected to know what happens."""
        return not self._blind and now >= self._sees_since + self.tolerances.dispatch_seconds

    def _listed(self, frame: bytes) -> None:
        visit = self.visits.get(self.call_of(_value(frame, b"Uniqueid")))
        if visit is not None:
            visit.heard_of = True
            visit.in_room = (
                _value(frame, b"Context") == "acd-wait"
                and _value(frame, b"Application") == "BridgeWait"
                and not visit.talking
            )
            self.standstill.review_visit(visit)

    # -- facts about rings and talks ----------------------------------------------------------

    def _phone_rung(self, fact: Fact, now: float) -> None:
        person = self._rung_at(fact.phone, now)
        ring = self.rings[fact.leg] = Ring(fact.leg, fact.caller, person)
        if person is None:
            self.docket.blame(now, Rule.AWAY, f"{fact.phone} is nobody's", fact.phone)
            return
        self._rung_while_away(person, now)
        if person.legs:
            text = f"{person.id} rung for {fact.caller} beside {sorted(person.legs)}"
            self.docket.blame(now, Rule.ONE_CALLER, text, person.id, person.phone)
        person.legs.add(ring.leg)
        self.review(person, now)
        visit = self.visits.get(self.call_of(fact.caller))
        if visit is not None:
            if visit.legs:
                text = f"{person.id} rung for {visit.call} beside {sorted(visit.legs)}"
                self.docket.blame(now, Rule.ONE_AGENT, text, visit.uniqueid, visit.call)
            visit.legs.add(ring.leg)
            self.standstill.review_visit(visit)

    def _rung_while_away(self, person: Person, now: float) -> None:
        known = now - self.tolerances.propagation_seconds
        names = (person.id, person.phone)
        if person.wrap_up_from < known and now < person.wrap_up_until:
            text = f"{person.id} rung {person.wrap_up_until - now:.3f} s before its end"
            self.docket.blame(now, Rule.WRAP_UP, text, *names)
        if person.said is not Presence.READY and person.said_at < known:
            self.docket.blame(now, Rule.AWAY, f"{person.id} rung while {person.said}", *names)
        if any(began < known for began in person.code_calls.values()):
            self.docket.blame(now, Rule.AWAY, f"{person.id} rung while he dials a code", *names)

    def _bridged(self, fact: Fact, now: float) -> None:
        visit = self.visits.get(self.call_of(fact.caller))
        if visit is None:
            return
        if visit.talking:
            text = f"{visit.call} joined with {fact.phone} as well"
            self.docket.blame(now, Rule.ONE_AGENT, text, visit.uniqueid, visit.call)
        visit.talking, visit.was_bridged, visit.changed_at = fact.leg, True, now
        visit.unseen |= self._blind

    def _stolen(self, fact: Fact, now: float) -> None:
        text = f"{fact.caller} was taken out of {fact.detail} by {fact.leg}"
        self.docket.blame(now, Rule.ONE_AGENT, text, fact.caller, self.call_of(fact.caller))

    def _ring_over(self, fact: Fact, now: float) -> None:
        """A ring came to no talk."""
        self._leg_over(fact.leg, fact.detail, now)

    def _leg_over(self, leg: str, cause: str, now: float) -> None:
        ring = self.rings.get(leg)
        if ring is None or ring.over:
            return
        ring.over, ring.cause = True, "" if self._blind else cause
        visit = self.visits.get(self.call_of(ring.caller))
        if visit is not None:
            visit.legs.discard(ring.leg)
            if visit.talking == ring.leg:
                visit.talking = ""
            self.standstill.review_visit(visit)
        if ring.person is not None:
            ring.person.legs.discard(ring.leg)
            self.review(ring.person, now)

    def _talk_over(self, fact: Fact, now: float) -> None:
        """Agent and caller are apart: his wrap-up begins."""
        ring = self.rings.get(fact.leg)
        person = ring.person if ring is not None else None
        visit = self.visits.get(self.call_of(fact.caller))
        if person is None or visit is None or visit.queue is None:
            return
        if self._blind:
            # Wrap-up begins when the engine learns of it, if it ever does.
            person.worked_unseen = True
            self._leg_over(fact.leg, "", now)
            return
        person.wrap_up_from = now
        person.wrap_up_until = now + visit.queue.wrap_up_seconds
        self.check_at(person.wrap_up_until, lambda at: self.review(person, at))
        self._leg_over(fact.leg, "", now)

        def is_known(at: float) -> None:
            still = person.activity is Activity.TALKING and person.wrap_up_from == now
            # He may be in his next talk by now.
            if still and not person.legs and self.sees(at):
                text = f"{person.id} is said to talk, and does not"
                self.docket.blame(at, Rule.NOT_STUCK, text, person.id, person.phone)

        self.check_at(now + self.tolerances.dispatch_seconds, is_known)

    # -- facts about callers and codes --------------------------------------------------------

    def _in_menu(self, fact: Fact, now: float) -> None:
        call = self.call_of(fact.caller)
        if call not in self.visits:
            self.visits[call] = Visit(call, fact.caller, now)

    def _in_emergency(self, fact: Fact, now: float) -> None:
        visit = self.visits.get(self.call_of(fact.caller))
        if visit is not None:
            visit.rescued = True
        self.docket.blame(now, Rule.NO_RESCUE, f"{fact.caller}: {fact.detail}", fact.caller)

    def _gone(self, fact: Fact, now: float) -> None:
        visit = self.visits.get(self.call_of(fact.caller))
        if visit is not None:
            visit.gone, visit.changed_at = True, now
            visit.unseen |= self._blind
            self.standstill.review_visit(visit)

    def _code_dialled(self, fact: Fact, now: float) -> None:
        self.codes[fact.leg] = (fact.phone, fact.detail)
        person = self._at(fact.phone)
        if person is not None:
            person.code_calls[fact.leg] = now
            self.review(person, now)

    def _code_ended(self, fact: Fact, now: float) -> None:
        # What was dialled may still be on its way to the engine, and is done all the same.
        later = now + self.tolerances.propagation_seconds
        self.check_at(later, lambda at: self._forget_code(fact.leg))
        for person in self.persons.values():
            if person.code_calls.pop(fact.leg, None) is not None:
                self.review(person, now)

    def _forget_code(self, leg: str) -> None:
        self.codes.pop(leg, None)

    def _code_begins(self, leg: str, now: float) -> None:
        """The engine learns of a code now, and does now what it does at once."""
        phone, code = self.codes.get(leg, ("", ""))
        person = self._at(phone)
        menu = self.plan.code_menus.get(code)
        node = action_of(self.plan.menus[menu]) if menu is not None else None
        if person is None or node is None:
            return
        del self.codes[leg]
        self.docket.note(now, (person.id, "is heard to dial", code))
        self.says(person, node.action, now)

    # -- what agents say ----------------------------------------------------------------------

    def says(self, person: Person, action: AgentAction, now: float) -> None:
        """Take an agent at his word where he alone decides; otherwise wait for the answer."""
        logged_in = person.said is not Presence.LOGGED_OUT
        match action:
            case AgentAction.LOG_IN:
                person.asked_to_log_in = True
            case AgentAction.READY if logged_in:
                self.is_now(person, Presence.READY, now)
            case AgentAction.NOT_READY if logged_in:
                self.is_now(person, Presence.NOT_READY, now)
            case AgentAction.LOG_OUT if logged_in:
                self.is_now(person, Presence.LOGGED_OUT, now)
                person.asked_to_end_at = now
            case AgentAction.END_WRAP_UP:
                person.asked_to_end_at = now
            case _:
                pass

    def is_now(self, person: Person, presence: Presence, now: float) -> None:
        person.asked_to_log_in = False
        if person.said is presence:
            return
        person.said, person.said_at = presence, now
        if presence is Presence.READY:
            person.ready_at = now
        self.review(person, now)

        def is_stated(at: float) -> None:
            late = person.stated is not person.said and person.said_at == now
            if late and self.sees(at):
                text = f"{person.id} said {person.said}, and is stated {person.stated}"
                self.docket.blame(at, Rule.PRESENCE, text, person.id)

        self.check_at(now + self.tolerances.propagation_seconds, is_stated)

    def _at(self, phone: str) -> Person | None:
        """Who is logged in there; when nobody is, whose phone it is."""
        return self._logged_in.get(phone) or self._home.get(phone)

    def _rung_at(self, phone: str, now: float) -> Person | None:
        left, at = self._left.get(phone, (None, 0.0))
        still = now - at < self.tolerances.propagation_seconds
        return left if still and phone not in self._logged_in else self._at(phone)

    def sits_at(self, person: Person, phone: str, logged_in: bool, now: float) -> None:
        """The engine says where he sits; a phone has one person at most who is logged in."""
        other = self._logged_in.get(phone)
        if logged_in and other is not None and other is not person:
            text = f"{person.id} is at {phone} beside {other.id}"
            self.docket.blame(now, Rule.PRESENCE, text, person.id, other.id)
        if self._logged_in.get(person.phone) is person:
            del self._logged_in[person.phone]
            self._left[person.phone] = (person, now)
        person.phone = phone
        if logged_in:
            self._logged_in[phone] = person

    # -- time and the rest --------------------------------------------------------------------

    def look(self, now: float) -> None:
        if self.standstill.is_quiet():
            return
        if not self.sees(now):
            self.standstill.forget_pairs()
            return
        for visit, person in self.standstill.overdue(now, self.tolerances.dispatch_seconds):
            text = f"{visit.call} waits, {person.id} is free"
            names = (visit.call, visit.uniqueid, person.id, person.phone)
            self.docket.blame(now, Rule.NO_IDLING, text, *names)

    def review(self, person: Person, now: float) -> None:
        self.standstill.review_person(person, now, self._devices.get(person.phone, "UNKNOWN"))

    def check_at(self, at: float, check: Callable[[float], None]) -> None:
        self._check_count += 1
        heappush(self._checks, (at, self._check_count, check))

    def pass_time(self, now: float) -> None:
        checks = self._checks
        while checks and checks[0][0] <= now:
            at, _, check = heappop(checks)
            check(at)
            self.look(at)

    def call_of(self, uniqueid: str) -> CallId:
        return CallId(f"{self.pbx}-{uniqueid.rpartition('-')[2]}")


def _value(frame: bytes, name: bytes) -> str:
    start = frame.find(b"\r\n" + name + b": ")
    if start < 0:
        return ""
    start += len(name) + 4
    end = frame.find(b"\r\n", start)
    return frame[start : end if end >= 0 else len(frame)].decode("utf-8", "replace")


_FACTS: Final[Mapping[Happening, Callable[[Scene, Fact, float], None]]] = {
    Happening.CALLER_IN_MENU: Scene._in_menu,
    Happening.CALLER_IN_EMERGENCY: Scene._in_emergency,
    Happening.CALLER_GONE: Scene._gone,
    Happening.PHONE_RUNG: Scene._phone_rung,
    Happening.RING_ENDED: Scene._ring_over,
    Happening.REFUSED: Scene._ring_over,
    Happening.TALK_ENDED: Scene._talk_over,
    Happening.BRIDGED: Scene._bridged,
    Happening.CALLER_STOLEN: Scene._stolen,
    Happening.CODE_DIALLED: Scene._code_dialled,
    Happening.CODE_ENDED: Scene._code_ended,
}
