"""Each rule broken on purpose, by an engine that has been tampered with, and named by the auditor.

The tampering sits around ``Engine.handle``: events are kept from it, or what it says is changed.
All else is a real run, so a rule that could only fail on paper would fail here.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import pytest

from acd.core.agent import Agent
from acd.core.commands import Command, KeepInMenu, RingAgent
from acd.core.events import (
    AgentRequested,
    CallerHungUp,
    CodeDialled,
    Event,
    LegEnded,
    LegLeftTalk,
    RingOutcome,
    WaitingRoomEntered,
)
from acd.core.ids import DeviceId, OfferId
from acd.core.plan import AgentAction
from acd.core.queue import Lane
from acd.core.queueplan import QueuePlan, Requirement
from acd.core.records import (
    AgentChanged,
    CallEnded,
    CallQueued,
    Outcome,
    Record,
    RingEnded,
    WrapUpStarted,
)
from acd.pipeline import Pipeline
from acd.sim.auditor.verdicts import MOST_OF_A_RULE, Docket, Rule
from acd.sim.run import run
from acd.sim.workload import Load

SEED = 33
BUSY = Load(
    calls=400,
    staffed=0.8,
    talk_seconds=150.0,
    patience_seconds=200.0,
    early_wrap_up=0.5,
    mischief=0.02,
)
"""Many wait, so that there is an order to break."""
HOURS = 0.2

Output = Command | Record
Sabotage = Callable[[Pipeline], None]


def tampered(
    hear: Callable[[Event], Iterable[Event]] = lambda event: (event,),
    say: Callable[[Output], Iterable[Output]] = lambda output: (output,),
) -> Sabotage:
    """An engine that hears ``hear(event)`` instead of each event, and says ``say(output)``."""

    def sabotage(pipeline: Pipeline) -> None:
        honest = pipeline.engine.handle

        def handle(event: Event, now: float) -> list[Output]:
            outputs = [one for heard in hear(event) for one in honest(heard, now)]
            return [said for output in outputs for said in say(output)]

        pipeline.engine.handle = handle  # type: ignore[method-assign]

    return sabotage


def every(number: int, kind: type | tuple[type, ...]) -> Callable[[object], bool]:
    """True for each n-th thing of this kind."""
    count = 0

    def strikes(what: object) -> bool:
        nonlocal count
        count += isinstance(what, kind)
        return isinstance(what, kind) and count % number == 0

    return strikes


def deaf_to(*kinds: type, number: int = 3) -> Sabotage:
    strikes = every(number, kinds)
    return tampered(hear=lambda event: () if strikes(event) else (event,))


def silent_about(kind: type, number: int = 3) -> Sabotage:
    strikes = every(number, kind)
    return tampered(say=lambda output: () if strikes(output) else (output,))


def rings_one_phone_for_two() -> Sabotage:
    last: list[DeviceId] = []

    def say(output: Output) -> Iterator[Output]:
        if isinstance(output, RingAgent):
            last.append(output.phone)
            if len(last) > 1 and len(last) % 5 == 0:
                output = msgspec.structs.replace(output, phone=last[-2])
        yield output

    return tampered(say=say)


def rings_two_phones_for_one() -> Sabotage:
    last: list[DeviceId] = []

    def say(output: Output) -> Iterator[Output]:
        yield output
        if isinstance(output, RingAgent):
            if last and last[-1] != output.phone and len(last) % 5 == 0:
                offer = OfferId(f"acd-{len(last):020d}")
                yield msgspec.structs.replace(output, offer=offer, phone=last[-1])
            last.append(output.phone)

    return tampered(say=say)


def other_queues(**changes: float) -> Sabotage:
    """Its queues are configured otherwise than the auditor's."""

    def sabotage(pipeline: Pipeline) -> None:
        for number, line in enumerate(pipeline.engine.floor.lines.values()):
            values = {name: value * (number + 1) for name, value in changes.items()}
            line.plan = msgspec.structs.replace(line.plan, **values)

    return sabotage


def skips_the_longest_idle(pipeline: Pipeline) -> None:
    floor = pipeline.engine.floor

    def choose(lane: Lane, _: QueuePlan) -> Agent | None:
        fitting = [agent for agent in floor.free if agent in lane.agents]
        last = max(fitting, key=floor.free.idle_order, default=None)
        return None if last is None else floor.agents[last]

    floor.choose = choose  # type: ignore[method-assign]


def skills_do_not_matter(pipeline: Pipeline) -> None:
    floor = pipeline.engine.floor
    honest = floor.lane_for

    def lane_for(queue: QueuePlan, requirement: Requirement) -> Lane:
        lane = honest(queue, requirement)
        lane.agents.update(dict.fromkeys(floor.plan.agents, 1))
        return lane

    floor.lane_for = lane_for  # type: ignore[method-assign]


def takes_queued_for_waiting() -> Sabotage:
    entered: list[Pipeline] = []

    def sabotage(pipeline: Pipeline) -> None:
        honest = pipeline.engine.handle
        entered.append(pipeline)

        def handle(event: Event, now: float) -> list[Output]:
            outputs = honest(event, now)
            queued = [one.call for one in outputs if isinstance(one, CallQueued)]
            for call in queued:
                outputs += honest(WaitingRoomEntered(call), now)
            return outputs

        pipeline.engine.handle = handle  # type: ignore[method-assign]

    return sabotage


def never(action: AgentAction) -> Sabotage:
    """It answers a request as if it had been done, and does nothing."""

    def hear(event: Event) -> Iterable[Event]:
        if isinstance(event, AgentRequested) and event.action is action:
            return (msgspec.structs.replace(event, action=AgentAction.READY),)
        if isinstance(event, CodeDialled) and action is AgentAction.NOT_READY:
            return (msgspec.structs.replace(event, code="*32"),)
        return (event,)

    return tampered(hear=hear)


def says_otherwise(kind: type, number: int = 4, **changes: object) -> Sabotage:
    strikes = every(number, kind)
    return tampered(
        say=lambda output: (
            (msgspec.structs.replace(output, **changes),) if strikes(output) else (output,)
        )
    )


def twice(kind: type) -> Sabotage:
    strikes = every(10, kind)
    return tampered(say=lambda output: (output, output) if strikes(output) else (output,))


BREAKS: list[tuple[Rule, str, Sabotage]] = [
    (Rule.ONE_CALLER, "one phone for two", rings_one_phone_for_two()),
    (Rule.ONE_AGENT, "two phones for one", rings_two_phones_for_one()),
    (Rule.WRAP_UP, "a short cap", other_queues(wrap_up_seconds=1.0)),
    (Rule.AWAY, "deaf to breaks", never(AgentAction.NOT_READY)),
    (Rule.SKILL, "anybody will do", skills_do_not_matter),
    (Rule.ORDER, "other targets", other_queues(target_seconds=1000.0)),
    (Rule.LONGEST_IDLE, "shortest idle first", skips_the_longest_idle),
    (Rule.NO_IDLING, "does not notice who waits", deaf_to(WaitingRoomEntered)),
    (Rule.IN_ROOM, "queued is as good as waiting", takes_queued_for_waiting()),
    (Rule.ONE_OUTCOME, "a final record is missing", silent_about(CallEnded)),
    (Rule.ONE_OUTCOME, "two final records", twice(CallEnded)),
    (
        Rule.TRUE_OUTCOME,
        "another outcome of a call",
        says_otherwise(CallEnded, outcome=Outcome.OVERFLOWED),
    ),
    (
        Rule.TRUE_OUTCOME,
        "another outcome of a ring",
        says_otherwise(RingEnded, 1, outcome=RingOutcome.BUSY),
    ),
    (Rule.WRAP_UP_KEPT, "a long cap", other_queues(wrap_up_seconds=300.0)),
    (Rule.WRAP_UP_KEPT, "another end", says_otherwise(WrapUpStarted, ends_at=0.0)),
    (Rule.PRESENCE, "deaf to breaks", never(AgentAction.NOT_READY)),
    (Rule.PRESENCE, "deaf to log-outs", never(AgentAction.LOG_OUT)),
    (Rule.NO_RESCUE, "lets the dead-man timer run out", silent_about(KeepInMenu, 2)),
    (Rule.NO_LEAK, "does not notice who has gone", deaf_to(CallerHungUp)),
    (
        Rule.NOT_STUCK,
        "deaf to the end of talks",
        deaf_to(LegLeftTalk, LegEnded, CallerHungUp, number=1),
    ),
]


def test_an_honest_engine_breaks_nothing() -> None:
    assert run(SEED, HOURS, load=BUSY).violations == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "sabotage"),
    [pytest.param(rule, sabotage, id=f"{rule}: {name}") for rule, name, sabotage in BREAKS],
)
def test_the_broken_rule_is_named(rule: Rule, sabotage: Sabotage) -> None:
    report = run(SEED, HOURS, load=BUSY, sabotage=sabotage)
    assert rule in {violation.rule for violation in report.violations}


def test_every_rule_is_broken_by_some_test() -> None:
    assert {rule for rule, _, _ in BREAKS} == set(Rule)


def test_a_violation_tells_the_story_of_those_involved() -> None:
    report = run(SEED, HOURS, load=BUSY, sabotage=other_queues(wrap_up_seconds=1.0))
    first = next(one for one in report.violations if one.rule is Rule.WRAP_UP)
    agent = first.text.partition(" ")[0]
    assert first.history
    assert all(agent in line for line in first.history)
    assert "phone_rung" in first.history[-1]
    assert str(first).startswith(f"{first.at:.6f} nobody rung in wrap-up: {agent}")


def test_one_bug_does_not_fill_the_report() -> None:
    docket = Docket()
    for number in range(1000):
        docket.blame(float(number), Rule.ORDER, "again")
    assert len(docket.violations) == MOST_OF_A_RULE
    docket.blame(1001.0, Rule.NO_LEAK, "something else")
    assert docket.violations[0].at == 0.0
    assert docket.violations[-1].rule is Rule.NO_LEAK


@pytest.mark.slow
def test_what_the_engine_says_of_an_agent_is_only_a_claim() -> None:
    """An engine that hides a state it has does not deceive the auditor: facts count."""
    honest = run(SEED, HOURS, load=BUSY)
    hidden = run(SEED, HOURS, load=BUSY, sabotage=silent_about(AgentChanged, 1))
    assert hidden.calls == honest.calls
    assert hidden.violations
