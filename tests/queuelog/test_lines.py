"""What a queue_log says of what happened, and in which order."""

import msgspec
import pytest

from acd.core.events import DeviceState, RingOutcome
from acd.core.ids import AgentId, CallId, DeviceId, OfferId, PbxId, QueueId
from acd.core.memory import Memory
from acd.core.records import (
    Activity,
    AgentChanged,
    AgentRung,
    CallAnswered,
    CallEnded,
    CallLeftQueue,
    CallQueued,
    CallReordered,
    CallTransferred,
    Outcome,
    Presence,
    Record,
    RingEnded,
    TalkEnded,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.core.transfer import TransferKind
from acd.queuelog.lines import Lines, field
from tests.store import samples

T = 1_763_800_000.0
BILLING, ANNA, BERT = QueueId("billing"), AgentId("anna"), AgentId("bert")
CALL, OTHER = CallId("main-1"), CallId("main-2")
RING, RING_2 = OfferId("ring-1"), OfferId("ring-2")


def told(*records: Record, memory: Memory | None = None, numbers: bool = False) -> list[str]:
    """The lines without their times."""
    lines = Lines(memory or Memory(), numbers=numbers)
    return [one.line().split("|", 1)[1] for record in records for one in lines.entries([record])]


def queued(call: CallId = CALL, at: float = T, due: float = 20.0) -> CallQueued:
    return CallQueued(at, call, BILLING, at + due)


def rung(offer: OfferId = RING, agent: AgentId = ANNA, at: float = T + 1) -> AgentRung:
    return AgentRung(at, offer, CALL, BILLING, agent)


def ring_ended(
    how: RingOutcome, offer: OfferId = RING, agent: AgentId = ANNA, seconds: float = 8.0
) -> RingEnded:
    return RingEnded(T + 9, offer, CALL, BILLING, agent, how, seconds)


def answered(agent: AgentId = ANNA) -> CallAnswered:
    return CallAnswered(T + 12, CALL, BILLING, agent, 12.4, 3.0)


def over(how: Outcome, call: CallId = CALL, queued_at: float | None = T) -> CallEnded:
    return CallEnded(
        T + 30, call, PbxId("main"), how, "0", "", "", "", BILLING, None, T, queued_at, None, None
    )


def presence(word: Presence, reason: str = "") -> AgentChanged:
    phone = DeviceId("PJSIP/1")
    return AgentChanged(T, ANNA, "presence", word, reason, Activity.IDLE, DeviceState.FREE, phone)


def test_a_call_from_its_entry_to_its_end() -> None:
    assert told(
        queued(),
        rung(),
        ring_ended(RingOutcome.NO_ANSWER),
        rung(RING_2, BERT),
        answered(BERT),
        TalkEnded(T + 90, CALL, BILLING, BERT, 78.2, 5.0, caller_left=True),
        WrapUpStarted(T + 90, BERT, BILLING, CALL, T + 390),
        over(Outcome.ANSWERED),
        WrapUpEnded(T + 100, BERT, BILLING, WrapUpEnd.EARLY, 10.0),
    ) == [
        "main-1|billing|NONE|ENTERQUEUE|||1",
        "main-1|billing|anna|RINGNOANSWER|8000",
        "main-1|billing|bert|CONNECT|12|ring-2|3",
        "main-1|billing|bert|COMPLETECALLER|12|78|1",
        "NONE|billing|bert|PAUSE|wrapup",
        "main-1|billing|bert|WRAPUPSTART|300",
        "NONE|billing|bert|UNPAUSE|wrapup",
    ]


def test_who_hung_up_first_is_said() -> None:
    talk = TalkEnded(T + 90, CALL, BILLING, ANNA, 78.0, 0.0)
    assert (
        told(queued(), rung(), answered(), talk)[-1] == "main-1|billing|anna|COMPLETEAGENT|12|78|1"
    )


@pytest.mark.parametrize(
    ("kind", "said", "line"),
    [
        (
            TransferKind.BLIND,
            ("1002", "acd-transfer"),
            "main-1|billing|anna|BLINDTRANSFER|1002|acd-transfer|12|78|1",
        ),
        (
            TransferKind.ATTENDED,
            ("BRIDGE", "b-2"),
            "main-1|billing|anna|ATTENDEDTRANSFER|BRIDGE|b-2|12|78|1",
        ),
    ],
)
def test_who_passed_the_caller_on_has_no_other_end(
    kind: TransferKind, said: tuple[str, ...], line: str
) -> None:
    passed = CallTransferred(T + 90, CALL, BILLING, ANNA, kind, "1002", BERT, said)
    talk = TalkEnded(T + 90, CALL, BILLING, ANNA, 78.0, 0.0)
    assert told(queued(), rung(), answered(), passed, talk, over(Outcome.ANSWERED))[2:] == [line]
    # One that comes after the end says nothing more.
    assert told(queued(), rung(), answered(), talk, passed)[2:] == [
        "main-1|billing|anna|COMPLETEAGENT|12|78|1"
    ]


def test_a_ring_that_is_being_taken_back_is_told_before_the_end_and_once() -> None:
    assert told(
        queued(),
        rung(),
        over(Outcome.ABANDONED),
        ring_ended(RingOutcome.CANCELLED, seconds=29.5),
    )[1:] == ["main-1|billing|anna|RINGCANCELED|29000", "main-1|billing|NONE|ABANDON|1|1|30"]
    assert told(
        queued(), rung(), rung(RING_2, BERT), answered(BERT), ring_ended(RingOutcome.CANCELLED)
    )[1:] == [
        "main-1|billing|anna|RINGCANCELED|11000",
        "main-1|billing|bert|CONNECT|12|ring-2|3",
    ]


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (Outcome.ABANDONED, "ABANDON|1|1|30"),
        (Outcome.SHORT_ABANDONED, "ABANDON|1|1|30"),
        (Outcome.DEFLECTED, "ABANDON|1|1|30"),
        (Outcome.EMERGENCY, "EXITEMPTY|1|1|30"),
        (Outcome.SWITCH_LOST, "EXITEMPTY|1|1|30"),
        (Outcome.UNSEEN, "EXITEMPTY|1|1|30"),
    ],
)
def test_who_ends_in_a_queue_has_one_exit(outcome: Outcome, line: str) -> None:
    assert told(queued(), over(outcome))[1:] == [f"main-1|billing|NONE|{line}"]


@pytest.mark.parametrize(
    ("outcome", "rule", "key", "line"),
    [
        (Outcome.TIMED_OUT, "max_wait", "", "EXITWITHTIMEOUT|1|1|30"),
        (Outcome.OVERFLOWED, "estimate", "", "EXITWITHTIMEOUT|1|1|30"),
        (Outcome.OVERFLOWED, "no_agents", "", "EXITEMPTY|1|1|30"),
        (Outcome.OVERFLOWED, "closed", "", "EXITEMPTY|1|1|30"),
        (Outcome.LEFT_BY_KEY, "key", "7", "EXITWITHKEY|7|1|1|30"),
    ],
)
def test_who_leaves_by_a_rule_has_one_exit(
    outcome: Outcome, rule: str, key: str, line: str
) -> None:
    left = CallLeftQueue(T + 30, CALL, BILLING, outcome, rule, "", 30.2, key)
    assert told(queued(), left, over(outcome))[1:] == [f"main-1|billing|NONE|{line}"]


def test_who_may_not_join_has_no_line() -> None:
    left = CallLeftQueue(T, CALL, BILLING, Outcome.OVERFLOWED, "full", "", 0.0)
    assert told(left, over(Outcome.LEFT_IN_MENU, queued_at=None)) == []


def test_positions_follow_the_order_of_service() -> None:
    """The second is more urgent; then a supervisor puts the first before him again."""
    assert told(
        queued(CALL, T),
        queued(OTHER, T + 1, due=-60.0),
        CallReordered(T + 2, CALL, BILLING, T - 100),
        over(Outcome.ABANDONED, OTHER, T + 1),
        over(Outcome.ABANDONED),
    ) == [
        "main-1|billing|NONE|ENTERQUEUE|||1",
        "main-2|billing|NONE|ENTERQUEUE|||1",
        "main-2|billing|NONE|ABANDON|2|1|29",
        "main-1|billing|NONE|ABANDON|1|1|30",
    ]


def test_log_in_pause_and_log_out() -> None:
    assert told(
        presence(Presence.READY),
        presence(Presence.READY),
        presence(Presence.NOT_READY, "break"),
        presence(Presence.NOT_READY, "meeting"),
        presence(Presence.LOGGED_OUT),
    ) == [
        "NONE|NONE|anna|ADDMEMBER",
        "NONE|NONE|anna|PAUSEALL|break",
        "NONE|NONE|anna|UNPAUSEALL|break",
        "NONE|NONE|anna|PAUSEALL|meeting",
        "NONE|NONE|anna|UNPAUSEALL|meeting",
        "NONE|NONE|anna|REMOVEMEMBER",
    ]


def test_a_caller_s_number_is_cut_unless_it_is_wanted() -> None:
    kept = samples.living(1, ani="0301234567")
    entered = CallQueued(T, kept.call.call, BILLING, T)
    for numbers, shown in ((False, "567"), (True, "0301234567")):
        lines = Lines(Memory(), numbers=numbers)
        [entry] = lines.entries([entered, kept])
        assert entry.line().endswith(f"ENTERQUEUE||{shown}|1")


@pytest.mark.parametrize(
    "text", ["a|b", "a\nb", "a\r\nb", "a\u2028b", "a\x00b", "a\x1b[2Jb", "x" * 500]
)
def test_no_text_breaks_a_line(text: str) -> None:
    shown = field(text)
    assert "|" not in shown
    assert len(shown.splitlines()) == 1
    assert shown.isprintable()
    assert len(shown) <= 80


def test_what_a_former_engine_left_goes_on() -> None:
    """A restart tells nothing twice, and ends what was begun."""
    agent = samples.agent(ANNA, presence="not_ready", reason="break").agent
    leg = msgspec.structs.replace(samples.legs(samples.T0, ANNA)[2], ended_at=None, how="")
    talking = samples.living(1, queued_at=samples.T0, legs=(leg,)).call
    memory = Memory((agent,), (talking,))
    lines = told(
        presence(Presence.NOT_READY, "break"),
        TalkEnded(T, talking.call, BILLING, ANNA, 60.0, 0.0),
        presence(Presence.READY),
        memory=memory,
    )
    assert lines == [
        f"{talking.call}|billing|anna|COMPLETEAGENT|20|60|1",
        "NONE|NONE|anna|UNPAUSEALL|break",
    ]
