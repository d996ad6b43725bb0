"""Plans for tests, built by hand: no YAML, no files, every number where the test can see it."""

from collections.abc import Mapping

import msgspec

from acd.core.calendar import Calendar
from acd.core.ids import AgentId, DeviceId, Language, MenuId, NodeId, PromptId, QueueId, SkillId
from acd.core.plan import (
    AgentAction,
    AgentDo,
    AgentPlan,
    Ask,
    Collect,
    Enqueue,
    HangUp,
    MenuPlan,
    Need,
    Node,
    Plan,
    QueuePlan,
    Say,
    SwitchLanguage,
)
from acd.core.queueplan import Relaxation, Requirement

DE = Language("de")
EN = Language("en")
QUEUES = ("fault", "billing", "meter", "house", "water", "switchboard")
ALL = dict.fromkeys(QUEUES, 1)
"""The skills of an agent who serves every queue."""

THREE: Mapping[str, Mapping[str, int]] = dict.fromkeys(("1001", "1002", "1003"), ALL)
"""Three agents who serve every queue."""


def prompt(name: str) -> tuple[PromptId, ...]:
    """Return one prompt as a tuple."""
    return (PromptId(name),)


def main_menu(retries: int = 2, timeout_seconds: float = 5.0) -> MenuPlan:
    """Return the callers' menu: 1 to 6 lead to QUEUES, 9 switches the language."""
    nodes: dict[NodeId, Node] = {}
    choices: dict[str, NodeId] = {}
    for key, queue in enumerate(QUEUES, start=1):
        node = NodeId(f"option-{key}")
        choices[str(key)] = node
        nodes[node] = Enqueue(
            id=node,
            queue=QueueId(queue),
            option=str(key),
            label={DE: queue.title(), EN: queue},
        )
    choices["9"] = NodeId("language")
    nodes[NodeId("language")] = SwitchLanguage(id=NodeId("language"), next=NodeId("ask"))
    nodes[NodeId("ask")] = Ask(
        id=NodeId("ask"),
        prompts=(PromptId("main/welcome"), PromptId("main/options")),
        repeat_prompts=prompt("main/options"),
        wrong_prompts=prompt("main/wrong"),
        choices=choices,
        retries=retries,
        timeout_seconds=timeout_seconds,
        otherwise=NodeId("option-6"),
    )
    return MenuPlan(id=MenuId("main"), languages=(DE, EN), entry=NodeId("ask"), nodes=nodes)


def code_menu(name: str, action: AgentAction, reason: str = "") -> MenuPlan:
    """Return a menu that does ``action`` for the agent on the phone and confirms it."""
    nodes: list[Node] = [
        AgentDo(
            id=NodeId("do"),
            action=action,
            reason=reason,
            by_number=False,
            done=NodeId("done"),
            refused=NodeId("refused"),
        ),
        Say(id=NodeId("done"), prompts=prompt("agent/done"), next=NodeId("bye")),
        Say(id=NodeId("refused"), prompts=prompt("agent/refused"), next=NodeId("bye")),
        HangUp(id=NodeId("bye")),
    ]
    by_id = {node.id: node for node in nodes}
    return MenuPlan(id=MenuId(name), languages=(DE, EN), entry=NodeId("do"), nodes=by_id)


def login_menu() -> MenuPlan:
    """Return the menu that asks for agent number and PIN and logs in at this phone."""

    def collect(name: str, into: str, following: str) -> Collect:
        return Collect(
            id=NodeId(name),
            prompts=prompt(f"agent/{name}"),
            into=into,
            min_digits=1,
            max_digits=8,
            terminator="#",
            timeout_seconds=5.0,
            retries=1,
            next=NodeId(following),
            otherwise=NodeId("bye"),
        )

    by_number = AgentDo(
        id=NodeId("do"),
        action=AgentAction.LOG_IN,
        reason="",
        by_number=True,
        done=NodeId("done"),
        refused=NodeId("refused"),
    )
    menu = code_menu("login-anywhere", AgentAction.LOG_IN)
    nodes: dict[NodeId, Node] = {
        **menu.nodes,
        NodeId("do"): by_number,
        NodeId("number"): collect("number", "agent", "pin"),
        NodeId("pin"): collect("pin", "pin", "do"),
    }
    return MenuPlan(id=menu.id, languages=menu.languages, entry=NodeId("number"), nodes=nodes)


CODES: Mapping[str, tuple[str, AgentAction, str]] = {
    "*30": ("login", AgentAction.LOG_IN, ""),
    "*31": ("logout", AgentAction.LOG_OUT, ""),
    "*32": ("ready", AgentAction.READY, ""),
    "*33": ("break", AgentAction.NOT_READY, "break"),
    "*34": ("end-wrap-up", AgentAction.END_WRAP_UP, ""),
}


def plan(
    agents: Mapping[str, Mapping[str, int]] | None = None,
    *,
    wrap_up_seconds: float = 300.0,
    targets: Mapping[str, float] | None = None,
    ring_timeout_seconds: float = 15.0,
    retries: int = 2,
) -> Plan:
    """Return a plan with the six queues, each needing the skill of its own name.

    ``agents`` maps an agent's id to his graded skills; his phone is PJSIP/<id>, his PIN 0<id>.
    """
    if agents is None:
        agents = {"1001": {"fault": 1}}
    queues = {
        QueueId(name): QueuePlan(
            id=QueueId(name),
            label={DE: f"{name.title()} line", EN: name},
            requirement=Requirement((Need(SkillId(name)),)),
            target_seconds=(targets or {}).get(name, 20.0),
            wrap_up_seconds=wrap_up_seconds,
            ring_timeout_seconds=ring_timeout_seconds,
        )
        for name in QUEUES
    }
    menus = {"main": main_menu(retries), "login-anywhere": login_menu()}
    for name, action, reason in CODES.values():
        menus[name] = code_menu(name, action, reason)
    return Plan(
        queues=queues,
        agents={
            AgentId(agent): AgentPlan(
                id=AgentId(agent),
                name=f"Agent {agent}",
                phone=DeviceId(f"PJSIP/{agent}"),
                skills={SkillId(skill): grade for skill, grade in skills.items()},
                pin=f"0{agent}",
            )
            for agent, skills in agents.items()
        },
        menus={MenuId(name): menu for name, menu in menus.items()},
        callers_menu=MenuId("main"),
        code_menus={
            "*35": MenuId("login-anywhere"),
            **{code: MenuId(name) for code, (name, _, _) in CODES.items()},
        },
        not_ready_reasons=("break", "meeting", "rona"),
        prompts_path_on_pbx="/acd",
        service_name="Stadtwerke",
        service_number="0800123",
    )


# -- changes to a plan -------------------------------------------------------------------------


def needs(**grades: int) -> Requirement:
    """Return what asks for all of these skills, each with the least grade."""
    return Requirement(tuple(Need(SkillId(skill), grades[skill]) for skill in sorted(grades)))


def with_queue(base: Plan, queue: str, **changes: object) -> Plan:
    """Return the plan with some fields of one queue (see ``QueuePlan``) changed."""
    changed = msgspec.structs.replace(base.queues[QueueId(queue)], **changes)
    return msgspec.structs.replace(base, queues={**base.queues, QueueId(queue): changed})


def experts_first(**changes: object) -> Plan:
    """Return a plan in which fault calls ask for grade 5 (1001), and after 20 s for 1 (1002)."""
    base = plan({"1001": {"fault": 9}, "1002": {"fault": 1}})
    step = Relaxation(after_seconds=20.0, requirement=needs(fault=1))
    return with_queue(base, "fault", requirement=needs(fault=5), relaxations=(step,), **changes)


def with_queues(base: Plan, **changes: object) -> Plan:
    """Return the plan with the same fields changed of every queue."""
    for queue in base.queues:
        base = with_queue(base, queue, **changes)
    return base


def with_agent(base: Plan, agent: str, **changes: object) -> Plan:
    """Return the plan with some fields of one agent (see ``AgentPlan``) changed."""
    changed = msgspec.structs.replace(base.agents[AgentId(agent)], **changes)
    return msgspec.structs.replace(base, agents={**base.agents, AgentId(agent): changed})


def with_hours(base: Plan, **hours: Calendar) -> Plan:
    """Return the plan with opening hours of these names besides its own."""
    return msgspec.structs.replace(base, hours={**base.hours, **hours})


def daily(opens: str, closes: str) -> Calendar:
    """Return hours that open and close at these times ("09:30") of every day, in UTC."""

    def minute(time: str) -> int:
        hours, minutes = time.split(":")
        return int(hours) * 60 + int(minutes)

    interval = (minute(opens), minute(closes))
    return Calendar(offsets=((0.0, 0),), weekly=((interval,),) * 7, days={})
