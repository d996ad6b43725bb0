"""A caller in a queue: how he joins it, what he may ask for less of, and how he leaves it.

His place is fixed when he joins: the start of his wait clock plus the queue's target, earlier for
priority and for what his attributes are worth. All shifts together are bounded, so that whoever
has waited longer than their range comes before everybody who joins: nothing starves.

A rule that sends him on is followed at once. He stays where he hears his music when the target is
another queue; the circle of rules that would send him round and round is cut after ``MAX_HOPS``,
and there he waits: no rule ever loses a caller. While his PBX is away no rule is followed, because
it could not be told.
"""

from itertools import islice
from typing import Final

from acd.core import announcing, exits, incidents
from acd.core.attributes import MOST_SHIFT_SECONDS, needs_of, shift_seconds
from acd.core.call import Call, CallSignal
from acd.core.clients import enter, first_menu
from acd.core.commands import ChangePlace, EnterMenu, MoveToWaitingRoom, SendToNumber
from acd.core.ending import end_call
from acd.core.estimate import estimate_seconds
from acd.core.events import RingOutcome
from acd.core.floor import Floor
from acd.core.ids import Language, MenuId, NodeId, OfferId, QueueId
from acd.core.ivr import Dialogue
from acd.core.matching import match_call
from acd.core.offers import failed, silence
from acd.core.place import Place
from acd.core.plan import Enqueue, HangUp, MenuPlan, Node, Say, TakeMessage
from acd.core.queue import Line
from acd.core.queueplan import (
    Box,
    Exit,
    ToAnnouncement,
    ToMenu,
    ToNumber,
    ToQueue,
    ToVoicemail,
)
from acd.core.records import (
    CallLeftQueue,
    CallQueued,
    CallRelaxed,
    CallState,
    Outcome,
    Presence,
    TrailStep,
)

MAX_HOPS: Final = 8
"""Rules followed for one call at one instant."""

ENTER_AGAIN_SECONDS: Final = 3.0
"""When a caller who was sent into a menu and did not get there is sent again."""

LEAVE_AGAIN_SECONDS: Final = 1.0
"""When it is looked again at a caller whose time is over, but for whom a phone rings."""

LEAVE_AT_ONCE: Final = 100
LEAVE_PAUSE_SECONDS: Final = 0.02
"""So many leave a queue together, then others have their turn: at closing time thousands may."""

ESTIMATE_AGAIN_SECONDS: Final = 10.0
"""How often a relaxation that hangs on the estimate is looked at once its time has come."""


def enqueue(floor: Floor, call: Call, node: Enqueue, now: float) -> None:
    """The menu sends the caller into a queue, with what his option and attributes ask for."""
    call.option = node.option
    call.needs = needs_of(floor, call, node)
    call.queued_at = None
    join(floor, call, node.queue, now, position=node.position)


def join(
    floor: Floor,
    call: Call,
    queue: QueueId,
    now: float,
    *,
    position: int | None = None,
    waiting: bool = False,
) -> None:
    """Put the caller into the queue, or where its rules send who may not join it.

    ``waiting``: he stands in the waiting room already. His wait clock goes on unless it was taken
    from him before (``queued_at`` None).
    """
    line = floor.lines[queue]
    rule = exits.on_join(floor, line, call, now)
    if rule is not None and _may_hop(call, now):
        _left(floor, call, line, rule, now)
        _go_to(floor, call, rule, now, waiting=waiting)
        return
    clock = call.queued_at if call.queued_at is not None else now
    due_at = clock + line.plan.target_seconds - shift_seconds(line.plan, call)
    before = line.due_before(position) if position is not None else None
    if before is not None:
        earliest = clock + line.plan.target_seconds - MOST_SHIFT_SECONDS
        due_at = min(due_at, max(before, earliest))
    call.left_as = None
    place = Place(
        queue,
        clock,
        now,
        due_at,
        call.option,
        Language(call.language),
        call.dnis,
        call.needs,
    )
    if not waiting:
        # A round of music may have been reported while he was on his way into the menu.
        call.in_room = False
    take_place(floor, call, place, now)
    floor.emit(CallQueued(now, call.id, line.id, call.due_at))
    floor.emit(ChangePlace(call.id, place) if waiting else MoveToWaitingRoom(call.id, place))
    if waiting:
        match_call(floor, call, now)


def take_place(floor: Floor, call: Call, place: Place, now: float) -> None:
    """Let the caller stand in this place, and set everything that time will do to him there."""
    call.moves(CallSignal.QUEUE, now)
    line = floor.lines[place.queue]
    call.queue, call.queued_at, call.entered_at = place.queue, place.queued_at, place.entered_at
    call.due_at, call.needs = place.due_at, place.needs
    call.option, call.language, call.dnis = place.option, place.language, place.dnis
    call.sequence = floor.next_sequence()
    call.step = 0
    call.told_position, call.told_band, call.told_times = 0, -1, 0
    call.enters(place.queue, place.entered_at)
    floor.keep(call)
    line.add(call)
    _prefer(floor, call, line, now)
    floor.stand(call, now)
    watch(floor, call, line, now)
    if len(line) == 1 and line.is_watched():
        floor.deadlines.set(("exits", line.id), exits.next_review(floor, line, now))
    note(floor, call, "queued", f"{line.id}, position {line.position(call)}", now)
    if call.preferred is not None:
        text = "for whom he talked to last, and for nobody else yet"
        call.trail.append(TrailStep(now, "kept", text, call.preferred))


def place_of(call: Call) -> Place:
    """Return the place of a waiting call as it stands on its channel."""
    assert call.queue is not None
    assert call.queued_at is not None
    return Place(
        call.queue,
        call.queued_at,
        call.entered_at,
        call.due_at,
        call.option,
        call.language,
        call.dnis,
        call.needs,
    )


def note(floor: Floor, call: Call, what: str, text: str, now: float) -> None:
    """Keep a decision after which agents are looked for, and what they are asked for."""
    asked, order = floor.requirement_of(call), floor.history.order
    call.trail.append(TrailStep(now, what, text, None, asked, call.queue, order))


# -- what time does ----------------------------------------------------------------------------


def watch(floor: Floor, call: Call, line: Line, now: float) -> None:
    """Set everything that time will do to a waiting call by the present plan of its queue."""
    _watch_relaxation(floor, call, line, now)
    floor.deadlines.clear(("exit", call.id))
    rule = exits.by_time(line)
    if rule is not None:
        floor.deadlines.set(("exit", call.id), max(now, call.entered_at + rule.limit))
    announcing.plan_next(floor, call, line, now)
    incidents.plan_next(floor, call, now)


def relaxation_due(floor: Floor, call: Call, now: float) -> None:
    """Let the caller ask for less, if the estimate says so where the step wants it."""
    assert call.queue is not None
    line = floor.lines[call.queue]
    if call.step >= len(line.plan.relaxations):
        return
    step = line.plan.relaxations[call.step]
    if step.estimate_over_seconds is not None:
        seconds = estimate_seconds(floor, call, now)
        if seconds is not None and seconds <= step.estimate_over_seconds:
            floor.deadlines.set(("relax", call.id), now + ESTIMATE_AGAIN_SECONDS)
            return
    call.step += 1
    note(floor, call, "relaxed", f"step {call.step}", now)
    floor.emit(CallRelaxed(now, call.id, line.id, call.step))
    floor.stand(call, now)
    _watch_relaxation(floor, call, line, now)
    match_call(floor, call, now)


def patience_over(floor: Floor, call: Call, now: float) -> None:
    """The preferred agent did not come in time: anybody may take the call."""
    floor.release(call, "anybody may take it", now)
    floor.stand(call, now)
    match_call(floor, call, now)


def time_over(floor: Floor, call: Call, now: float) -> None:
    """The caller has waited as long as the queue allows; a phone that rings may be answered."""
    assert call.queue is not None
    rule = exits.by_time(floor.lines[call.queue])
    if rule is None:
        return
    if call.state is CallState.RINGING or call.pbx not in floor.live:
        floor.deadlines.set(("exit", call.id), now + LEAVE_AGAIN_SECONDS)
        return
    leave(floor, call, rule, now)


def ring_failed(floor: Floor, offer_id: OfferId, outcome: RingOutcome, now: float) -> None:
    """A ring ended without a talk; a caller whose time was over meanwhile leaves, unrung."""
    offer = floor.offers.get(offer_id)
    call = floor.calls.get(offer.call) if offer is not None else None
    if call is None or call.offers != [offer_id] or not _time_is_over(floor, call, now):
        failed(floor, offer_id, outcome, now)
        return
    # Whoever cannot be joined is passed over: nobody is rung only to be silenced at once.
    in_room, call.in_room = call.in_room, False
    failed(floor, offer_id, outcome, now)
    call.in_room = in_room
    time_over(floor, call, now)


def _time_is_over(floor: Floor, call: Call, now: float) -> bool:
    if call.queue is None or call.pbx not in floor.live:
        return False
    rule = exits.by_time(floor.lines[call.queue])
    return rule is not None and now >= call.entered_at + rule.limit


def review_exits(floor: Floor, line: Line, now: float) -> None:
    """Look at the rules that hang on the queue, and let go whom they let go, some at a time."""
    who = (one for one in exits.who_leaves(floor, line, now) if one[0].pbx in floor.live)
    leaving = list(islice(who, LEAVE_AT_ONCE))
    for call, rule in leaving:
        if call.queue == line.id and call.state is CallState.QUEUED:
            leave(floor, call, rule, now)
    if len(line) and line.is_watched():
        more = len(leaving) == LEAVE_AT_ONCE
        at = now + LEAVE_PAUSE_SECONDS if more else exits.next_review(floor, line, now)
        floor.deadlines.set(("exits", line.id), at)


def key_pressed(floor: Floor, call: Call, key: str, now: float) -> None:
    """A waiting caller pressed a key: it may lead him out, unless somebody has just answered."""
    assert call.queue is not None
    rule = exits.of_key(floor.lines[call.queue], key)
    if rule is not None and not any(floor.offers[offer].answered for offer in call.offers):
        leave(floor, call, rule, now)


# -- leaving -----------------------------------------------------------------------------------


def leave(floor: Floor, call: Call, rule: Exit, now: float) -> None:
    """Take the caller out of his queue by this rule, and on to its target."""
    assert call.queue is not None
    line = floor.lines[call.queue]
    take_out(floor, call, now)
    _may_hop(call, now)
    _left(floor, call, line, rule, now)
    _go_to(floor, call, rule, now, waiting=True)


def take_out(floor: Floor, call: Call, now: float) -> None:
    """Let no phone ring for the caller any more and give up his place."""
    silence(floor, call, now)
    call.offers.clear()
    call.claim, call.agent, call.preferred = "", None, None
    floor.settle(call)
    call.moves(CallSignal.LEAVE, now)


def left(
    floor: Floor,
    call: Call,
    queue: QueueId,
    outcome: Outcome,
    rule: str,
    target: str,
    now: float,
    key: str = "",
) -> None:
    """Write into the books that the call is out of this queue: by which rule, and where to."""
    waited = now - call.queued_at if call.queued_at is not None else 0.0
    call.leaves(outcome.value, now)
    floor.keep(call)
    floor.emit(CallLeftQueue(now, call.id, queue, outcome, rule, target, waited, key))


def _left(floor: Floor, call: Call, line: Line, rule: Exit, now: float) -> None:
    target = _words(rule)
    call.trail.append(TrailStep(now, "left", f"{rule.condition.value}, to {target}"))
    call.left_as = exits.outcome_of(rule)
    if call.queue != line.id:
        # He was sent on to a queue that sends him on at once: its steps are others.
        call.queue, call.step = line.id, 0
    left(floor, call, line.id, call.left_as, rule.condition.value, target, now, rule.key)


def _go_to(floor: Floor, call: Call, rule: Exit, now: float, *, waiting: bool) -> None:
    match rule.target:
        case ToQueue(queue=queue, keep_clock=keep_clock):
            if not keep_clock:
                call.queued_at = None
            join(floor, call, queue, now, waiting=waiting)
        case ToNumber(number=number):
            floor.emit(SendToNumber(call.id, number))
            end_call(floor, call, call.left_as, now)
        case ToMenu(menu=menu):
            # A queue that is gone from the plan keeps its rules, and they may name a menu that is.
            graph = floor.plan.menus.get(menu) or first_menu(floor.plan, call)
            _ask(floor, call, enter(floor.plan, call, graph, call.language), now, waiting=waiting)
        case ToAnnouncement(prompts=prompts):
            words = Dialogue(_announcement(call, prompts), call.language)
            _ask(floor, call, words, now, waiting=waiting)
        case ToVoicemail(queue=queue):
            line = floor.lines.get(queue)
            box = line.plan.box if line is not None else None
            graph = floor.plan.menus[floor.plan.callers_menu]
            if box is not None:
                graph = _voicemail(call, queue, box)
            _ask(floor, call, Dialogue(graph, call.language), now, waiting=waiting)


def _ask(floor: Floor, call: Call, dialogue: Dialogue, now: float, *, waiting: bool) -> None:
    """Let the caller go through a menu, once he is there if he comes from the waiting room."""
    call.dialogue = dialogue
    if waiting:
        enter_menu(floor, call, now)


def enter_menu(floor: Floor, call: Call, now: float) -> None:
    """Send the caller from the waiting room into the menu, again and again until he is there."""
    call.in_room = False
    if call.pbx in floor.live:
        floor.emit(EnterMenu(call.id))
    floor.deadlines.set(("enter", call.id), now + ENTER_AGAIN_SECONDS)


def _may_hop(call: Call, now: float) -> bool:
    """Count one rule more that is followed now; False when they lead in a circle."""
    if call.hopped_at != now:
        call.hopped_at, call.hops = now, 0
    call.hops += 1
    return call.hops <= MAX_HOPS


def _announcement(call: Call, prompts: tuple[str, ...]) -> MenuPlan:
    say, bye = NodeId("say"), NodeId("bye")
    return MenuPlan(
        id=MenuId("announcement"),
        languages=(call.language,),
        entry=say,
        nodes={say: Say(id=say, prompts=prompts, next=bye), bye: HangUp(id=bye)},  # type: ignore[arg-type]
    )


def _voicemail(call: Call, queue: QueueId, box: Box) -> MenuPlan:
    take, thanks, bye = NodeId("take"), NodeId("thanks"), NodeId("bye")
    nodes: tuple[Node, ...] = (
        TakeMessage(
            id=take,
            queue=queue,
            prompts=box.invitation,
            longest_seconds=box.longest_seconds,
            next=thanks,
            otherwise=bye,
        ),
        Say(id=thanks, prompts=box.thanks, next=bye),
        HangUp(id=bye),
    )
    return MenuPlan(
        id=MenuId("voicemail"),
        languages=(call.language,),
        entry=take,
        nodes={node.id: node for node in nodes},
    )


def _words(rule: Exit) -> str:
    match rule.target:
        case ToQueue(queue=queue):
            return f"queue:{queue}"
        case ToMenu(menu=menu):
            return f"menu:{menu}"
        case ToNumber(number=number):
            return f"number:{number}"
        case ToAnnouncement():
            return "announcement"
        case ToVoicemail(queue=queue):
            return f"voicemail:{queue}"


def withdraw(floor: Floor, call: Call, now: float) -> None:
    """Take the call out of its queue for good; the caller is hung up by whoever asked."""
    assert call.queue is not None
    outcome = Outcome.WITHDRAWN
    left(floor, call, call.queue, outcome, "supervisor", "", now)
    call.trail.append(TrailStep(now, "left", "withdrawn by a supervisor"))
    take_out(floor, call, now)
    call.left_as = outcome


# -- joining -----------------------------------------------------------------------------------


def _prefer(floor: Floor, call: Call, line: Line, now: float) -> None:
    """Keep the call for the agent this caller last talked to, if that one is at work."""
    call.preferred = None
    preferred = line.plan.preferred_agent
    last = floor.last_talks.get(call.ani) if preferred is not None and call.ani else None
    if preferred is None or last is None or now - last[1] > preferred.within_seconds:
        return
    agent = floor.agents.get(last[0])
    over_at = call.entered_at + preferred.patience_seconds
    if agent is None or agent.presence is not Presence.READY or over_at <= now:
        return
    if agent.id in floor.plan.agents and floor.requirement_of(call).met_by(agent.skills):
        call.preferred = agent.id
        floor.deadlines.set(("patience", call.id), over_at)


def _watch_relaxation(floor: Floor, call: Call, line: Line, now: float) -> None:
    floor.deadlines.clear(("relax", call.id))
    if call.step < len(line.plan.relaxations):
        at = call.entered_at + line.plan.relaxations[call.step].after_seconds
        floor.deadlines.set(("relax", call.id), max(now, at))
