"""The service centre that a virtual-time run plays: a plan built by hand, a little other each seed.

It has the shape of the sample configuration (six options, key 9 for the other language, codes that
begin with a star) without its files, so that a run reads nothing. The seed varies what operators
vary: how many agents, who can do what, ring times, caps, priorities.
It must not know what callers and agents will do, nor a PBX.
"""

from random import Random
from typing import Final

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
from acd.core.queueplan import Requirement

_DE: Final = Language("de")
_EN: Final = Language("en")

QUEUES: Final = ("fault", "billing", "meter", "house_connection", "water", "switchboard")
"""Keys 1 to 6, in this order; each needs the skill of its own name."""

REASONS: Final = ("break", "meeting")
SPARE_PHONES: Final = tuple(f"PJSIP/19{number:02d}" for number in range(1, 4))
"""Phones that belong to nobody; an agent may log in at one."""

CODES: Final = {
    "*30": (AgentAction.LOG_IN, ""),
    "*31": (AgentAction.LOG_OUT, ""),
    "*32": (AgentAction.READY, ""),
    "*331": (AgentAction.NOT_READY, "break"),
    "*332": (AgentAction.NOT_READY, "meeting"),
    "*34": (AgentAction.END_WRAP_UP, ""),
}
"""Codes that do one thing at once; ``*35`` asks for number and PIN."""

PROMPT_SECONDS: Final = {
    "main/welcome": 4.0,
    "main/options": 14.0,
    "main/wrong_key": 2.0,
    "main/otherwise": 2.0,
    "agent/agent": 2.0,
    "agent/pin": 2.0,
    "agent/done": 2.0,
    "agent/refused": 2.0,
}
"""How long they play, on the PBX as by the plan."""

_TEAMS: Final = (
    ("fault",),
    ("fault", "house_connection"),
    ("billing", "meter", "switchboard"),
    ("billing", "meter"),
    ("billing", "house_connection", "switchboard"),
    ("meter", "billing"),
    ("house_connection", "meter"),
    ("water",),
    ("switchboard", "billing", "meter"),
    ("fault", "billing", "meter", "house_connection", "water", "switchboard"),
)


def build_plan(rng: Random) -> Plan:
    """Return a whole plan: 20 to 28 agents, each queue served by two of them at least."""
    return Plan(
        queues={QueueId(name): _queue(name, rng) for name in QUEUES},
        agents={agent.id: agent for agent in _agents(rng.randint(20, 28), rng)},
        menus={menu.id: menu for menu in (_main(), _login(), *map(_code, CODES))},
        callers_menu=MenuId("main"),
        code_menus={"*35": MenuId("login"), **{code: MenuId(code) for code in CODES}},
        not_ready_reasons=REASONS,
        prompts_path_on_pbx="/prompts",
        service_name="Stadtwerke Auental",
        service_number="0800555010",
        prompt_seconds={
            f"{language}/{prompt}": seconds
            for language in ("de", "en")
            for prompt, seconds in PROMPT_SECONDS.items()
        },
    )


def _queue(name: str, rng: Random) -> QueuePlan:
    return QueuePlan(
        id=QueueId(name),
        label={_DE: name.title(), _EN: name},
        # Who is to repair a main must know something about it.
        requirement=Requirement((Need(SkillId(name), 3 if name == "fault" else 1),)),
        target_seconds=rng.choice((10.0, 20.0, 30.0)),
        priority_seconds=60.0 if name == "fault" else rng.choice((0.0, 0.0, 30.0)),
        ring_timeout_seconds=rng.choice((12.0, 15.0, 20.0)),
        wrap_up_seconds=rng.choice((30.0, 60.0, 120.0, 300.0)),
        declined_delay_seconds=10.0,
        unreachable_delay_seconds=30.0,
        short_abandon_seconds=5.0,
    )


def _agents(count: int, rng: Random) -> list[AgentPlan]:
    agents = []
    for number in range(count):
        # Two rounds of the teams cover every queue twice; who comes after is anybody.
        team = _TEAMS[number % len(_TEAMS)] if number < 20 else rng.choice(_TEAMS)
        name = str(1001 + number)
        agents.append(
            AgentPlan(
                id=AgentId(name),
                name=f"Agent {name}",
                phone=DeviceId(f"PJSIP/{name}"),
                skills={
                    SkillId(skill): rng.randint(2 if skill == "fault" and number >= 20 else 3, 9)
                    for skill in team
                },
                pin=str(7000 + number),
            )
        )
    return agents


# -- menus -----------------------------------------------------------------------------------


def _prompts(*names: str) -> tuple[PromptId, ...]:
    return tuple(PromptId(name) for name in names)


def _menu(name: str, *nodes: Node) -> MenuPlan:
    by_id = {node.id: node for node in nodes}
    return MenuPlan(id=MenuId(name), languages=(_DE, _EN), entry=nodes[0].id, nodes=by_id)


def _main() -> MenuPlan:
    ask, language = NodeId("ask"), NodeId("language")
    said, otherwise = NodeId("say otherwise"), NodeId("otherwise")
    options: list[Node] = [
        Enqueue(
            id=NodeId(name),
            queue=QueueId(name),
            option=str(key),
            label={_DE: name.title(), _EN: name},
        )
        for key, name in enumerate(QUEUES, start=1)
    ]
    return _menu(
        "main",
        Ask(
            id=ask,
            prompts=_prompts("main/welcome", "main/options"),
            repeat_prompts=_prompts("main/options"),
            wrong_prompts=_prompts("main/wrong_key"),
            choices={
                **{str(key): node.id for key, node in enumerate(options, start=1)},
                "9": language,
            },
            retries=2,
            timeout_seconds=6.0,
            otherwise=said,
        ),
        SwitchLanguage(id=language, next=ask),
        Say(id=said, prompts=_prompts("main/otherwise"), next=otherwise),
        Enqueue(
            id=otherwise, queue=QueueId("switchboard"), option="", label={_DE: "ohne", _EN: "none"}
        ),
        *options,
    )


def _act(name: str, action: AgentAction, reason: str, *, by_number: bool) -> list[Node]:
    do, done, refused = NodeId(f"{name} do"), NodeId(f"{name} done"), NodeId(f"{name} refused")
    bye = NodeId(f"{name} bye")
    return [
        AgentDo(
            id=do, action=action, reason=reason, by_number=by_number, done=done, refused=refused
        ),
        Say(id=done, prompts=_prompts("agent/done"), next=bye),
        Say(id=refused, prompts=_prompts("agent/refused"), next=bye),
        HangUp(id=bye),
    ]


def _code(code: str) -> MenuPlan:
    action, reason = CODES[code]
    return _menu(code, *_act(code, action, reason, by_number=False))


def _login() -> MenuPlan:
    steps = _act("login", AgentAction.LOG_IN, "", by_number=True)
    number, pin = NodeId("login number"), NodeId("login pin")
    return _menu(
        "login",
        _collect(number, "agent", pin, steps[2].id),
        _collect(pin, "pin", steps[0].id, steps[2].id),
        *steps,
    )


def _collect(name: NodeId, into: str, following: NodeId, otherwise: NodeId) -> Collect:
    return Collect(
        id=name,
        prompts=_prompts(f"agent/{into}"),
        into=into,
        min_digits=4,
        max_digits=8,
        terminator="#",
        timeout_seconds=5.0,
        retries=1,
        next=following,
        otherwise=otherwise,
    )
