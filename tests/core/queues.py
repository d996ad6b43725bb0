"""Plans with one thing changed, and what tests of waiting calls do again and again."""

import msgspec

from acd.core.calendar import Calendar
from acd.core.events import (
    CallAction,
    CallArrived,
    CallerHungUp,
    CallRequested,
    DigitPressed,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegLeftTalk,
    WaitingRoomEntered,
)
from acd.core.ids import CallId, MenuId, NodeId, PromptId, QueueId, RequestId, SkillId
from acd.core.plan import AgentAction, AttributeNeed, Enqueue, MenuPlan, Need, Plan, Say
from acd.core.queueplan import (
    Announcements,
    Exit,
    ExitCondition,
    QueuePlan,
    Relaxation,
    Requirement,
    Target,
    ToQueue,
)
from acd.core.records import CallView, Replied
from tests.core.centre import PBX, Centre
from tests.plans import DE, EN

FAULT, BILLING, METER = QueueId("fault"), QueueId("billing"), QueueId("meter")

OFFICE = Calendar(offsets=((0.0, 0),), weekly=(((480, 1020),),) * 7, days={})
"""Open from 8 to 17 o'clock UTC, every day; open when a Centre begins."""


ENGLISH = AttributeNeed(attribute="language", prefix="language.")
"""Asks for somebody who speaks the caller's language."""


def with_queue(plan: Plan, name: str, **changes: object) -> Plan:
    """Return the plan with these fields of one queue changed."""
    queue = msgspec.structs.replace(plan.queues[QueueId(name)], **changes)
    queues: dict[QueueId, QueuePlan] = {**plan.queues, QueueId(name): queue}
    return msgspec.structs.replace(plan, queues=queues)


def with_exits(plan: Plan, name: str, *exits: Exit, **changes: object) -> Plan:
    """Return the plan with these rules to leave one queue, and with office hours."""
    changed = with_queue(plan, name, exits=exits, **changes)
    return msgspec.structs.replace(changed, hours={"office": OFFICE})


def without_queue(plan: Plan, name: str) -> Plan:
    """Return the plan without one queue and without the choices that lead to it."""
    queues = {queue: one for queue, one in plan.queues.items() if queue != name}
    return msgspec.structs.replace(plan, queues=queues)


def with_menu(plan: Plan, menu: MenuPlan) -> Plan:
    """Return the plan with one menu more."""
    return msgspec.structs.replace(plan, menus={**plan.menus, menu.id: menu})


def with_option(plan: Plan, key: str, **changes: object) -> Plan:
    """Return the plan with these fields of one option of the callers' menu changed."""
    menu = plan.menus[plan.callers_menu]
    node = NodeId(f"option-{key}")
    option = msgspec.structs.replace(menu.nodes[node], **changes)
    nodes = {**menu.nodes, node: option}
    return with_menu(plan, msgspec.structs.replace(menu, nodes=nodes))


def say_then_queue(name: str, queue: str, *prompts: str) -> MenuPlan:
    """Return a menu that plays the prompts and puts the caller into a queue."""
    say, on = NodeId("say"), NodeId("on")
    return MenuPlan(
        id=MenuId(name),
        languages=(DE, EN),
        entry=say if prompts else on,
        nodes={
            say: Say(id=say, prompts=tuple(PromptId(one) for one in prompts), next=on),
            on: Enqueue(id=on, queue=QueueId(queue), option="", label={DE: queue, EN: queue}),
        },
    )


def rule(condition: ExitCondition, target: Target | str, **fields: object) -> Exit:
    """Return a rule by which callers leave; a target that is text is a queue."""
    to = ToQueue(queue=QueueId(target)) if isinstance(target, str) else target
    return msgspec.structs.replace(Exit(condition=condition, target=to), **fields)


def asks_for(*needs: tuple[str, int]) -> Requirement:
    """Return a requirement of all these skills and grades."""
    return Requirement(tuple(sorted(Need(SkillId(skill), grade) for skill, grade in needs)))


def relax(after_seconds: float, *needs: tuple[str, int], **fields: object) -> Relaxation:
    """Return a step that asks for these skills and grades instead."""
    step = Relaxation(after_seconds=after_seconds, requirement=asks_for(*needs))
    return msgspec.structs.replace(step, **fields)


def announcing(**fields: object) -> Announcements:
    """Return announcements, by default the first after 10 s and one every 60 s."""
    return msgspec.structs.replace(Announcements(), **fields)


def supervise(centre: Centre, call: CallId, action: CallAction, **fields: object) -> str:
    """Ask for something about a waiting call; return the refusal, "" when it was done."""
    event = msgspec.structs.replace(CallRequested(RequestId(7), call, action), **fields)
    return next(one for one in centre.feed(event) if isinstance(one, Replied)).refusal


def talked(centre: Centre, key: str, talk_seconds: float, wrap_up_seconds: float = 0.0) -> None:
    """Let one call be served from beginning to end, so that its queue knows how long it takes."""
    call = centre.call_in(key)
    ring = centre.ring_of(call)
    centre.feed(LegAnswered(ring.offer), LegConnected(ring.offer))
    centre.wait(talk_seconds)
    centre.feed(LegLeftTalk(ring.offer), LegEnded(ring.offer), CallerHungUp(call))
    centre.wait(wrap_up_seconds)
    centre.request(ring.agent, AgentAction.END_WRAP_UP)


def order(centre: Centre, queue: str = "fault") -> list[CallId]:
    """Return the queue's callers in the order in which they stand."""
    return [call.id for _, _, call in centre.engine.floor.lines[QueueId(queue)].entries]


def known(centre: Centre, call: CallId) -> CallView | None:
    """Return how the call is, None when it is over."""
    views = centre.engine.snapshot(centre.now).calls
    return next((view for view in views if view.call == call), None)


def log_out(centre: Centre, *agents: str) -> None:
    """Let the agents log out."""
    for agent in agents:
        assert centre.request(agent, AgentAction.LOG_OUT) == ""


def in_english(centre: Centre, key: str = "1") -> CallId:
    """A caller switches the language and chooses."""
    centre.calls += 1
    call = CallId(f"main-1.{centre.calls}")
    centre.feed(CallArrived(call, PBX, "", ""), DigitPressed(call, "9"), DigitPressed(call, key))
    centre.feed(WaitingRoomEntered(call))
    return call
