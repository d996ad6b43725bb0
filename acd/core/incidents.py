"""Known faults, told to those whom they concern: once a call, and never twice the same words.

Theory of operation: hazard words come before everything else, to every caller, for at the welcome
nobody knows where he lives; no key skips them. What an incident says is heard when a menu sends a
caller it concerns into a queue; then he may hang up, informed, hear it again, or stay. Who waits
already is told where he waits, hazards first, a few callers at a time. Who hangs up informed is
deflected: his call is solved, whether he was about to be put into a queue or had just been.

An incident is set, changed and ended by people (``IncidentRequested``), which outlives the engine,
or stands in the plan. Changed words of one and the same incident are not told again to the same
caller; a hazard that is new in it is.
"""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Final, NamedTuple

from acd.core import announcing
from acd.core.attributes import value_of
from acd.core.call import Call, Informed
from acd.core.commands import Announce
from acd.core.events import IncidentRequested
from acd.core.floor import Floor
from acd.core.ids import IncidentId, MenuId, NodeId, PromptId, QueueId
from acd.core.incident import POSTCODE, Clip, Incident, clip_in
from acd.core.menuplan import Ask, Enqueue, MenuPlan, Node, Say
from acd.core.records import (
    IncidentEnded,
    IncidentHeard,
    IncidentKept,
    IncidentView,
    Replied,
    TrailStep,
)

MOST_INCIDENTS: Final = 20
"""So many may be set at once: a caller who hears more hears nothing."""

INFORMED_SECONDS: Final = 3.0
"""After so much of an incident's words a caller knows what it is about."""

THINKS_SECONDS: Final = 30.0
"""Who was told while he waited and hangs up so soon afterwards does so because of it."""

QUESTION_SECONDS: Final = 6.0
"""How long a caller who was asked whether he stays is waited for; silence is staying."""

RETRY_SECONDS: Final = 1.0
PACE_SECONDS: Final = 0.05
"""From one waiting caller who is told to the next: all at once would be a burst of calls."""

AGAIN_KEY: Final = "1"
MENU: Final = MenuId("incident")
_HAZARD, _TEXT, _QUESTION = NodeId("hazard"), NodeId("text"), NodeId("question")


class _Words(NamedTuple):
    """What a caller has not heard yet."""

    hazards: list[Incident]
    texts: list[Incident]

    def marks(self) -> frozenset[str]:
        hazards = (_hazard_mark(one) for one in self.hazards)
        return frozenset((*hazards, *(one.id for one in self.texts)))


# -- what people set ---------------------------------------------------------------------------


def requested(floor: Floor, event: IncidentRequested, now: float) -> None:
    """Set, change or end an incident, or say why not; nothing changes when it is refused."""
    if any(one.id == event.id for one in floor.plan.incidents):
        refusal = f"incident {event.id} stands in incidents.yaml: change it there"
    elif event.incident is not None:
        refusal = _set(floor, event.incident, now)
    elif floor.incidents.pop(event.id, None) is None:
        refusal = f"there is no incident {event.id}"
    else:
        refusal = ""
        floor.deadlines.clear(("incidents", event.id))
        floor.emit(IncidentEnded(now, event.id, "ended"))
    floor.emit(Replied(now, event.request, refusal))


def _set(floor: Floor, incident: Incident, now: float) -> str:
    unknown = [queue for queue in incident.queues if queue not in floor.plan.queues]
    if unknown:
        return f"no queue {unknown[0]!r}; there are {', '.join(sorted(floor.plan.queues))}"
    if incident.ends_at is not None and incident.ends_at <= now:
        return "it would be over already: its end lies in the past"
    if incident.id not in floor.incidents and len(floor.incidents) >= MOST_INCIDENTS:
        return f"there are {MOST_INCIDENTS} incidents already; end one first"
    floor.incidents[incident.id] = incident
    floor.emit(IncidentKept(now, incident))
    review(floor, incident.id, now)
    return ""


def review(floor: Floor, incident_id: IncidentId, now: float) -> None:
    """Look at an incident that has just been set, begins, or is over."""
    incident = next((one for one in _all(floor) if one.id == incident_id), None)
    if incident is None:
        return
    key = ("incidents", incident.id)
    if now < incident.begins_at:
        floor.deadlines.set(key, incident.begins_at)
    elif incident.is_on(now):
        if incident.ends_at is not None:
            floor.deadlines.set(key, incident.ends_at)
        _tell_waiting(floor, now)
    elif floor.incidents.pop(incident.id, None) is not None:
        floor.emit(IncidentEnded(now, incident.id, "over"))


def restore(floor: Floor, kept: Iterable[Incident], now: float) -> None:
    """Take up what was set before this engine; one that ended meanwhile is over."""
    floor.incidents = {incident.id: incident for incident in kept}
    plan_replaced(floor, now)


def plan_replaced(floor: Floor, now: float) -> None:
    """Look at every incident: those of the plan may be new, and count before what was set."""
    for incident in floor.plan.incidents:
        if floor.incidents.pop(incident.id, None) is not None:
            floor.emit(IncidentEnded(now, incident.id, "ended"))
    for incident in list(_all(floor)):
        review(floor, incident.id, now)


def views(floor: Floor, now: float) -> tuple[IncidentView, ...]:
    """Return every incident that is not over, those of the plan first."""
    configured = {one.id for one in floor.plan.incidents}
    return tuple(
        IncidentView(one, one.is_on(now), one.id in configured)
        for one in _all(floor)
        if one.ends_at is None or now < one.ends_at
    )


def is_local(floor: Floor, queue: QueueId, now: float) -> bool:
    """Tell whether one is on that callers for the queue hear only from certain postcodes."""
    return any(one.is_on(now) and one.is_local_to(queue) for one in _all(floor))


def seconds_of(floor: Floor, file: str) -> float:
    """Return how long ``<language>/<prompt>`` takes at most, be it said of an incident."""
    if file not in floor.plan.prompt_seconds:
        for incident in _all(floor):
            for clip in (*incident.hazard, *incident.text, *incident.question):
                if f"{clip.language}/{clip.prompt}" == file:
                    return clip.seconds
    return floor.plan.seconds_of(file)


# -- what callers hear -------------------------------------------------------------------------


def first_words(floor: Floor, call: Call, now: float, *, again: bool) -> tuple[PromptId, ...]:
    """Return the hazards a caller hears before his menu; ``again`` if he was just hearing them."""
    if again:
        call.heard = frozenset(mark for mark in call.heard if not mark.endswith("/hazard"))
    hazards = _unheard(floor, call, None, now).hazards
    call.heard |= {_hazard_mark(one) for one in hazards}
    _note(call, hazards, now)
    return _prompts(_clips(call, [], hazards))


def before_queue(floor: Floor, call: Call, node: Enqueue, now: float) -> MenuPlan | None:
    """Return the menu in which the caller is told what he has to know before he waits, if any.

    It leads to ``node`` again; what he has heard in it until then he knows.
    """
    call.heard |= call.hearing
    call.hearing, call.informed = frozenset(), None
    words = _unheard(floor, call, node.queue, now)
    if not words.hazards and not words.texts:
        return None
    hazards, texts = _clips(call, [], words.hazards), _clips(call, words.texts, [])
    asked = [clip for one in words.texts if (clip := clip_in(one.question, call.language))]
    call.hearing = words.marks()
    if asked:
        since = now + sum(clip.seconds for clip in hazards) + INFORMED_SECONDS
        call.informed = Informed(node.queue, since, inf)
    _tell(floor, call, node.queue, words, now)
    assert call.dialogue is not None
    nodes: dict[NodeId, Node] = {node.id: node}
    entry = node.id
    if asked:
        nodes[_QUESTION] = _question(asked[-1], otherwise=entry)
        entry = _QUESTION
    if texts:
        nodes[_TEXT] = Say(id=_TEXT, prompts=_prompts(texts), next=entry)
        entry = _TEXT
    if hazards:
        nodes[_HAZARD] = Say(id=_HAZARD, prompts=_prompts(hazards), next=entry, can_skip=False)
        entry = _HAZARD
    return MenuPlan(
        id=MENU,
        languages=(call.language,),
        entry=entry,
        nodes=nodes,
        resume=(call.dialogue.menu.resume or (call.dialogue.menu.id, node.id)),
    )


def _question(clip: Clip, otherwise: NodeId) -> Ask:
    return Ask(
        id=_QUESTION,
        prompts=(clip.prompt,),
        repeat_prompts=(clip.prompt,),
        wrong_prompts=(),
        choices={AGAIN_KEY: _TEXT},
        retries=0,
        timeout_seconds=QUESTION_SECONDS,
        otherwise=otherwise,
    )


def plan_next(floor: Floor, call: Call, now: float) -> None:
    """Have a waiting caller told soon what he has not heard, if there is anything."""
    assert call.queue is not None
    words = _unheard(floor, call, call.queue, now)
    if words.hazards or words.texts:
        floor.deadlines.set(("incident", call.id), now)


def due(floor: Floor, call: Call, now: float) -> None:
    """Tell a waiting caller what he has not heard yet, as soon as he can hear it."""
    assert call.queue is not None
    words = _unheard(floor, call, call.queue, now)
    if not words.hazards and not words.texts:
        return
    if not announcing.can_hear(floor, call, now):
        floor.deadlines.set(("incident", call.id), now + RETRY_SECONDS)
        return
    hazards, texts = _clips(call, [], words.hazards), _clips(call, words.texts, [])
    plan, prompts = floor.plan, _prompts((*hazards, *texts))
    paths = tuple(plan.path_of(plan.file_of(call.language, prompt)) for prompt in prompts)
    call.announcing, call.announced_at = floor.next_sequence(), now
    call.heard |= words.marks()
    if any(one.question for one in words.texts):
        begun = now + sum(clip.seconds for clip in hazards)
        over = begun + sum(clip.seconds for clip in texts)
        call.informed = Informed(call.queue, begun + INFORMED_SECONDS, over + THINKS_SECONDS)
    floor.emit(Announce(call.id, call.announcing, paths))
    _tell(floor, call, call.queue, words, now)
    floor.keep(call)


def _tell_waiting(floor: Floor, now: float) -> None:
    """Have everybody who waits told what he has not heard, one shortly after the other."""
    at = now
    for line in floor.lines.values():
        for _, _, call in line.entries:
            words = _unheard(floor, call, line.id, now)
            key = ("incident", call.id)
            if (words.hazards or words.texts) and key not in floor.deadlines:
                floor.deadlines.set(key, at)
                at += PACE_SECONDS


def _tell(floor: Floor, call: Call, queue: QueueId, words: _Words, now: float) -> None:
    told = {one.id: one for one in (*words.hazards, *words.texts)}
    floor.emit(*(IncidentHeard(now, call.id, queue, one) for one in told))
    _note(call, told.values(), now)


def _note(call: Call, told: Iterable[Incident], now: float) -> None:
    names = " ".join(one.id for one in told)
    if names:
        call.trail.append(TrailStep(now, "incident", names))


def _all(floor: Floor) -> Iterator[Incident]:
    yield from floor.plan.incidents
    yield from floor.incidents.values()


def _unheard(floor: Floor, call: Call, queue: QueueId | None, now: float) -> _Words:
    """Return what the caller has not heard yet; what only concerns a queue not before it."""
    words = _Words([], [])
    if not floor.incidents and not floor.plan.incidents:
        return words
    postcode = value_of(call, POSTCODE)
    for one in _all(floor):
        if not one.is_on(now):
            continue
        if one.hazard and _hazard_mark(one) not in call.heard:
            words.hazards.append(one)
        if queue is not None and one.id not in call.heard and one.concerns(queue, postcode):
            words.texts.append(one)
    return words


def _clips(call: Call, texts: Iterable[Incident], hazards: Iterable[Incident]) -> list[Clip]:
    found = [clip_in(one.hazard, call.language) for one in hazards]
    found += [clip_in(one.text, call.language) for one in texts]
    return [clip for clip in found if clip is not None]


def _prompts(clips: Iterable[Clip]) -> tuple[PromptId, ...]:
    return tuple(clip.prompt for clip in clips)


def _hazard_mark(incident: Incident) -> str:
    return f"{incident.id}/hazard"
