"""A small service centre at one moment: what the tests of pages, metrics and terminal look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acd.core.events import DeviceState
from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    Language,
    MenuId,
    NodeId,
    PbxId,
    PromptId,
    QueueId,
    SkillId,
    VoicemailId,
)
from acd.core.memory import VoicemailMemory
from acd.core.plan import AgentPlan, Ask, Enqueue, MenuPlan, Need, Plan, QueuePlan
from acd.core.queueplan import Requirement
from acd.core.records import (
    Activity,
    AgentView,
    CallState,
    CallView,
    Candidate,
    ExplainedStep,
    Explanation,
    Presence,
    QueueView,
    Snapshot,
)

NOW = 1_000_000.0
FAULT, BILLING = QueueId("fault"), QueueId("billing")
MAIN = PbxId("main")
MENU = MenuId("main")
VOICEMAIL, OTHER_VOICEMAIL = VoicemailId("main-900000.9-1"), VoicemailId("main-900000.8-1")
NUMBERS = ("+4930555010177", "004940555020288", "017655503399")
"""The callers' numbers in `snapshot()`; two of them wait, one talks."""

SERVICE = "03055501000"


def plan(*queues: QueueId, keys: str = "12") -> Plan:
    """Two queues unless others are named, one agent, one menu with a choice for each key."""
    names = queues or (FAULT, BILLING)
    de = Language("de")
    ask = Ask(
        id=NodeId("ask"),
        prompts=(PromptId("main/welcome"),),
        repeat_prompts=(),
        wrong_prompts=(),
        choices={key: NodeId("go") for key in keys},
        retries=2,
        timeout_seconds=5.0,
        otherwise=NodeId("go"),
    )
    go = Enqueue(id=NodeId("go"), queue=names[0], option="1", label={de: "Störung"})
    return Plan(
        queues={
            name: QueuePlan(
                id=name,
                label={de: name.title()},
                requirement=Requirement((Need(SkillId(name)),)),
                target_seconds=15.0,
            )
            for name in names
        },
        agents={
            AgentId("1001"): AgentPlan(
                id=AgentId("1001"), name="Ada Lenz", phone=DeviceId("PJSIP/1001"), skills={}
            )
        },
        menus={
            MENU: MenuPlan(
                id=MENU, languages=(de,), entry=ask.id, nodes={ask.id: ask, NodeId("go"): go}
            )
        },
        callers_menu=MENU,
        code_menus={},
        not_ready_reasons=("break", "meeting"),
        prompts_path_on_pbx="acd",
        service_name="Wasser",
        service_number=SERVICE,
    )


def agent(
    number: int | str,
    presence: Presence = Presence.READY,
    activity: Activity = Activity.IDLE,
    **more: object,
) -> AgentView:
    fields: dict[str, object] = {
        "agent": AgentId(str(number)),
        "name": f"Agent {number}",
        "phone": DeviceId(f"PJSIP/{number}"),
        "presence": presence,
        "reason": "",
        "activity": activity,
        "device": DeviceState.FREE,
        "since": NOW - 60,
        "call": None,
        "queue": None,
        "wrap_up_ends_at": None,
    }
    return AgentView(**(fields | more))  # type: ignore[arg-type]


def call(number: int, state: CallState, ani: str = "", **more: object) -> CallView:
    fields: dict[str, object] = {
        "call": CallId(f"main-900000.{number}"),
        "pbx": MAIN,
        "state": state,
        "since": NOW - 30,
        "arrived_at": NOW - 90,
        "ani": ani,
        "dnis": SERVICE,
        "language": "de",
        "option": "1",
        "queue": FAULT,
        "queued_at": NOW - 75,
        "due_at": NOW - 60,
        "agent": None,
    }
    return CallView(**(fields | more))  # type: ignore[arg-type]


def explanation(of: CallId) -> Explanation:
    """Ada is in wrap-up and Bo lacks a grade; after 30 s Bo is good enough and is rung."""
    ada, bo = AgentId("1001"), AgentId("1002")
    lacks = Candidate(bo, "Bo Berg", "skill: fault 3 < 5", None)
    until = NOW + 60
    return Explanation(
        of,
        False,
        (
            ExplainedStep(
                NOW - 75,
                "queued",
                "fault, position 1",
                None,
                ("fault >= 5",),
                (Candidate(ada, "Ada Lenz", "wrap-up", until), lacks),
            ),
            ExplainedStep(
                NOW - 45,
                "relaxed",
                "step 1",
                None,
                ("fault >= 3",),
                (
                    Candidate(ada, "Ada Lenz", "wrap-up", until),
                    Candidate(bo, "Bo Berg", "", None),
                ),
            ),
            ExplainedStep(NOW - 45, "rung", "longest_idle", bo, ("fault >= 3",), ()),
        ),
    )


def voicemail(
    name: VoicemailId, state: str, taken_by: AgentId | None, queue: QueueId = FAULT
) -> VoicemailMemory:
    """One message in a box."""
    return VoicemailMemory(
        name,
        state,
        CallId(name.rpartition("-")[0]),
        queue,
        NUMBERS[0],
        "100",
        Language("de"),
        (("contract", "4711"),),
        NOW - 100,
        NOW - 90,
        8.5,
        taken_by,
        NOW - 90,
    )


def snapshot(
    calls: Sequence[CallView] | None = None, agents: Sequence[AgentView] | None = None
) -> Snapshot:
    """Two callers wait in `fault`, one talks with 1002; 1001 is free, 1003 in wrap-up, 1004 out."""
    if calls is None:
        nowhere: dict[str, Any] = {"queue": None, "queued_at": None, "due_at": None, "option": ""}
        calls = (
            call(1, CallState.QUEUED, NUMBERS[0], position=1),
            call(
                2,
                CallState.RINGING,
                NUMBERS[1],
                queued_at=NOW - 12,
                agent=AgentId("1001"),
                position=2,
            ),
            call(3, CallState.CONNECTED, NUMBERS[2], queue=BILLING, agent=AgentId("1002")),
            call(4, CallState.IN_MENU, "", **nowhere),
        )
    if agents is None:
        talk: dict[str, Any] = {
            "call": CallId("main-900000.3"),
            "queue": BILLING,
            "device": DeviceState.BUSY,
        }
        agents = (
            agent(1001, activity=Activity.RINGING, call=CallId("main-900000.2"), queue=FAULT),
            agent(1002, activity=Activity.TALKING, **talk),
            agent(1003, activity=Activity.WRAP_UP, queue=FAULT, wrap_up_ends_at=NOW + 125),
            agent(1004, Presence.LOGGED_OUT, device=DeviceState.UNREACHABLE),
            agent(1005, Presence.NOT_READY, reason="break"),
        )
    return Snapshot(
        at=NOW,
        queues=(
            QueueView(
                queue=FAULT,
                label="Störung",
                waiting=1,
                ringing=1,
                connected=0,
                longest_wait_seconds=75.0,
                agents_ready=3,
                agents_free=0,
                estimate_seconds=95.0,
            ),
            QueueView(
                queue=BILLING,
                label="Abrechnung",
                waiting=0,
                ringing=0,
                connected=1,
                longest_wait_seconds=0.0,
                agents_ready=2,
                agents_free=1,
            ),
        ),
        calls=tuple(calls),
        agents=tuple(agents),
        voicemails=(
            voicemail(VOICEMAIL, "taken", AgentId("1001")),
            voicemail(OTHER_VOICEMAIL, "waiting", None),
            voicemail(VoicemailId("main-900000.7-1"), "waiting", None, queue=BILLING),
        ),
    )
