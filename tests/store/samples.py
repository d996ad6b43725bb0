"""Records as the engine writes them, for one call or many."""

from collections.abc import Iterator

from acd.core.events import DeviceState
from acd.core.ids import (
    AgentId,
    CallId,
    ClientId,
    DeviceId,
    Language,
    MenuId,
    NodeId,
    OfferId,
    PbxId,
    QueueId,
)
from acd.core.memory import AgentMemory, CallMemory, LegVisit, QueueVisit, WrapUpMemory
from acd.core.records import (
    Activity,
    AgentChanged,
    AgentKept,
    CallEnded,
    CallKept,
    FormFilled,
    Outcome,
    Presence,
    Record,
    RecordingDeleted,
    SurveyAnswered,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)

T0 = 1_763_800_000.123456
BILLING = QueueId("billing")
MAIN = PbxId("main")
ANNA = AgentId("anna")
PHONE = DeviceId("PJSIP/1001")


def call_id(number: int) -> CallId:
    return CallId(f"main-1763800000.{number}")


def legs(at: float, agent: AgentId = ANNA) -> tuple[LegVisit, ...]:
    """Two rings that came to nothing and one that led to a talk."""
    refused = [
        LegVisit(
            OfferId(f"ring-{at:.6f}-{number}"),
            AgentId(f"agent-{number}"),
            BILLING,
            DeviceId(f"PJSIP/200{number}"),
            rung_at=at + 8 * number,
            ended_at=at + 8 * number + 7.5,
            how="no_answer",
        )
        for number in range(2)
    ]
    talk = LegVisit(
        OfferId(f"ring-{at:.6f}-2"),
        agent,
        BILLING,
        PHONE,
        at + 16,
        at + 20,
        at + 200,
        12.5,
        "talked",
    )
    return (*refused, talk)


def living(number: int = 1, at: float = T0, **changes: object) -> CallKept:
    values: dict[str, object] = {
        "call": call_id(number),
        "pbx": MAIN,
        "ani": f"030{number:07d}",
        "dnis": "0800123",
        "arrived_at": at,
        "language": Language("de"),
        "option": "1",
        "attributes": (("customer", "4711"), ("pin_ok", "yes")),
        "menu": MenuId("main"),
        "node": NodeId("language"),
        "client": ClientId("tannhausen"),
        "menu_path": ("main:1", "billing:2"),
        "queue": BILLING,
        "queued_at": at + 12.25,
        "queue_path": (QueueVisit(BILLING, at + 12.25),),
        "legs": legs(at + 13)[:1],
    }
    return CallKept(at, CallMemory(**{**values, **changes}))  # type: ignore[arg-type]


def ended(number: int = 1, at: float = T0 + 240, **changes: object) -> CallEnded:
    values: dict[str, object] = {
        "call": call_id(number),
        "pbx": MAIN,
        "outcome": Outcome.ANSWERED,
        "ani": f"030{number:07d}",
        "dnis": "0800123",
        "language": "de",
        "option": "1",
        "queue": BILLING,
        "agent": ANNA,
        "arrived_at": at - 240,
        "queued_at": at - 227.75,
        "answered_at": at - 200,
        "talk_ended_at": at,
        "skills": ("billing >= 3", "german >= 1"),
        "attributes": (("customer", "4711"),),
        "menu_path": ("main:1", "billing:2"),
        "queue_path": (QueueVisit(BILLING, at - 227.75, at - 200, "answered"),),
        "legs": legs(at - 227),
        "client": ClientId("tannhausen"),
    }
    return CallEnded(at, **{**values, **changes})  # type: ignore[arg-type]


def agent(
    name: AgentId = ANNA, at: float = T0, wrap_up: bool = False, **changes: object
) -> AgentKept:
    values: dict[str, object] = {
        "agent": name,
        "presence": "ready",
        "reason": "",
        "phone": PHONE,
        "since": at - 100,
        "logged_in_at": at - 3600,
        "idle_since": at,
        "wrap_up": WrapUpMemory(BILLING, call_id(1), at, at + 300) if wrap_up else None,
        "calls_taken": 7,
        "talk_seconds": 1234.5,
        "calls_in_row": 2,
    }
    return AgentKept(at, AgentMemory(**{**values, **changes}))  # type: ignore[arg-type]


def presence(at: float, word: Presence, reason: str = "", who: AgentId = ANNA) -> AgentChanged:
    return AgentChanged(at, who, "presence", word, reason, Activity.IDLE, DeviceState.FREE, PHONE)


def wrap_up(at: float, who: AgentId = ANNA, number: int = 1) -> WrapUpStarted:
    return WrapUpStarted(at, who, BILLING, call_id(number), at + 300)


def wrap_up_over(at: float, how: WrapUpEnd = WrapUpEnd.EARLY, who: AgentId = ANNA) -> WrapUpEnded:
    return WrapUpEnded(at, who, BILLING, how, 10.0)


def reading(value: str, at: float = T0, number: int = 1) -> FormFilled:
    return FormFilled(at, call_id(number), "meter_reading", {"reading": value, "ani": "+4930"})


def answer(question: str, said: str, at: float = T0, number: int = 1) -> SurveyAnswered:
    return SurveyAnswered(at, call_id(number), BILLING, ANNA, question, said)


def recording_gone(at: float, number: int = 1) -> RecordingDeleted:
    return RecordingDeleted(at, call_id(number))


def whole_call(number: int, at: float = T0) -> Iterator[Record]:
    """All that one call makes a store keep: five states, four of its agent, wrap-up, the end."""
    who = AgentId(f"agent-{number % 500}")
    yield living(number, at, menu=None, queue=None, queued_at=None, queue_path=(), legs=())
    yield living(number, at, queue=None, queued_at=None, queue_path=(), legs=())
    yield living(number, at, legs=())
    yield living(number, at)
    yield agent(who, at + 20)
    yield living(number, at, legs=legs(at + 13, who), answered_at=at + 33)
    yield agent(who, at + 33)
    yield wrap_up(at + 240, who, number)
    yield agent(who, at + 240, wrap_up=True)
    yield ended(number, at + 240, agent=who)
    yield wrap_up_over(at + 260, who=who)
    yield agent(who, at + 260)
