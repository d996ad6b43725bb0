"""acd beside app_queue and mod_callcenter: what their users rely on.

A test is named after what it is about there: ``2a`` is app_queue, ``2b`` is mod_callcenter.
DESIGN.md has the table, with what is different on purpose.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from acd.core.commands import Announce, RingAgent
from acd.core.events import (
    CallerHungUp,
    DeviceState,
    DigitPressed,
    LegAnswered,
    PlanReplaced,
    RingOutcome,
)
from acd.core.ids import AgentId, MenuId, NodeId, PromptId, QueueId
from acd.core.plan import AgentAction, Enqueue, Plan
from acd.core.queueplan import (
    Announcements,
    Exit,
    ExitCondition,
    QueuePlan,
    Relaxation,
    Requirement,
    Strategy,
    Target,
    ToAnnouncement,
    ToMenu,
    ToQueue,
)
from acd.core.records import (
    Activity,
    CallEnded,
    CallLeftQueue,
    CallState,
    Outcome,
    Presence,
)
from tests.core.centre import Centre, cancelled, rung
from tests.plans import (
    ALL,
    THREE,
    experts_first,
    needs,
    plan,
    with_agent,
    with_queue,
    with_queues,
)

BYE = ToAnnouncement(prompts=(PromptId("bye"),))


def leaving(condition: ExitCondition, target: Target, **more: object) -> Exit:
    """Return a rule that leads out of a queue."""
    return Exit(condition=condition, target=target, **more)  # type: ignore[arg-type]


def with_exits(*rules: Exit, agents: Mapping[str, Mapping[str, int]] | None = None) -> Plan:
    """Return a plan whose fault queue has these rules."""
    return with_queue(plan(agents), "fault", exits=rules)


def left(centre: Centre) -> list[tuple[str, Outcome]]:
    """Return (queue, outcome) of each caller who left a queue by a rule since the last ``take``."""
    return [(one.queue, one.outcome) for one in centre.take(CallLeftQueue)]


# -- 2a: app_queue -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ("ringall", Strategy.RING_ALL, ["1001", "1002", "1003"]),
        ("leastrecent", Strategy.LONGEST_IDLE, ["1002"]),
        ("fewestcalls", Strategy.FEWEST_CALLS, ["1001"]),
        ("rrmemory", Strategy.ROUND_ROBIN, ["1002"]),
        ("linear", Strategy.ORDERED, ["1003"]),
    ],
)
def test_2a_strategy(theirs: str, ours: Strategy, expected: list[str]) -> None:
    """1002 took two calls, then 1003 two, then 1001 one: who is rung next?"""
    base = with_queue(plan(THREE, wrap_up_seconds=0), "fault", strategy=ours)
    centre = Centre(with_queue(base, "fault", agent_order=(AgentId("1003"),)), *THREE)
    for agent in ("1002", "1002", "1003", "1003", "1001"):
        for other in THREE:
            centre.phone(other, DeviceState.FREE if other == agent else DeviceState.BUSY)
        centre.call_in()
        centre.talk(agent, 10.0)
    for agent in THREE:
        centre.phone(agent, DeviceState.FREE)
    centre.take()
    centre.call_in()
    assert sorted(agent for _, agent in rung(centre)) == expected


def test_2a_strategy_random_and_wrandom_are_weighted_random() -> None:
    base = with_queue(
        plan(THREE, wrap_up_seconds=0),
        "fault",
        strategy=Strategy.WEIGHTED_RANDOM,
        agent_weights={AgentId("1003"): 8.0},
    )
    centre = Centre(base, *THREE)
    taken = []
    for _ in range(60):
        call = centre.call_in()
        taken.append(centre.ring_of(call).agent)
        centre.talk(taken[-1])
        centre.take()
    assert set(taken) == set(THREE)
    assert taken.count(AgentId("1003")) > 30


def test_2a_penalties_are_grades_and_the_call_asks_for_less_as_it_waits() -> None:
    centre = Centre(experts_first(), "1002")
    call = centre.call_in()
    centre.wait(19.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1002")]


def test_2a_penalties_let_the_better_group_ring_alone_also_when_all_ring() -> None:
    centre = Centre(experts_first(strategy=Strategy.RING_ALL), "1001", "1002")
    call = centre.call_in()
    assert rung(centre) == [(call, "1001")]


def test_2a_penalties_changed_later_hold_for_those_who_wait_already() -> None:
    centre = Centre(experts_first(), "1002")
    call = centre.call_in()
    centre.feed(PlanReplaced(with_queue(experts_first(), "fault", requirement=needs(fault=1))))
    assert rung(centre) == [(call, "1002")]


def test_2a_timeout_and_retry_the_next_phone_rings_in_the_same_step() -> None:
    centre = Centre(plan(THREE, ring_timeout_seconds=12.0), *THREE)
    call = centre.call_in()
    assert centre.ring_of(call).timeout_seconds == 12.0
    said = centre.fail(call, RingOutcome.NO_ANSWER)
    assert [one.agent for one in said if isinstance(one, RingAgent)] == ["1002"]


def test_2a_timeout_of_the_queue_does_not_cut_a_ring_short() -> None:
    """``timeoutpriority``: who rings may be answered, and then the wait is not over its limit."""
    rule = leaving(ExitCondition.MAX_WAIT, BYE, limit=10.0)
    centre = Centre(with_exits(rule), "1001")
    call = centre.call_in()
    centre.wait(12.0)
    assert cancelled(centre) == []
    centre.lift("1001")
    assert centre.call(call).state is CallState.CONNECTED
    centre.wait(60.0)
    assert left(centre) == []


def test_2a_autofill_every_free_agent_has_a_caller_at_once() -> None:
    centre = Centre(plan(THREE), *THREE)
    calls = [centre.call_in() for _ in range(4)]
    assert rung(centre) == list(zip(calls, THREE, strict=False))


def test_2a_ringinuse_a_phone_in_use_is_never_rung_and_an_unknown_one_is() -> None:
    centre = Centre(plan(THREE), *THREE)
    centre.phone("1001", DeviceState.BUSY)
    call = centre.call_in()
    assert rung(centre) == [(call, "1002")]


def test_2a_wrapuptime_is_that_of_the_queue_he_worked_for_and_holds_for_all() -> None:
    centre = Centre(with_queue(plan({"1001": ALL}), "fault", wrap_up_seconds=40.0), "1001")
    centre.call_in("1")
    centre.talk("1001")
    billing = centre.call_in("2")
    centre.take()
    centre.wait(39.9)
    assert rung(centre) == []
    assert centre.engine.snapshot(centre.now).queues[1].agents_free == 0
    centre.wait(0.2)
    assert rung(centre) == [(billing, "1001")]


def test_2a_shared_lastcall_is_always_so() -> None:
    """A queue without wrap-up does not ring an agent who is in that of another."""
    base = with_queue(plan({"1001": ALL}), "billing", wrap_up_seconds=0.0)
    centre = Centre(base, "1001")
    centre.call_in("1")
    centre.talk("1001")
    centre.call_in("2")
    assert centre.agent("1001").activity is Activity.WRAP_UP
    assert [agent for _, agent in rung(centre)] == ["1001"]


@pytest.mark.parametrize("condition", [ExitCondition.NO_AGENTS, ExitCondition.NONE_READY])
def test_2a_joinempty_keeps_a_caller_out_of_an_empty_queue(condition: ExitCondition) -> None:
    rule = leaving(condition, ToQueue(queue=QueueId("billing")), while_waiting=False)
    centre = Centre(with_exits(rule))
    call = centre.call_in()
    assert centre.call(call).queue == "billing"


def test_2a_leavewhenempty_lets_those_who_wait_go_and_is_a_rule_of_its_own() -> None:
    rule = leaving(ExitCondition.NO_AGENTS, ToQueue(queue=QueueId("billing")), on_join=False)
    centre = Centre(with_exits(rule, agents={"1001": {"fault": 1}, "1002": ALL}), "1001")
    centre.phone("1001", DeviceState.BUSY)
    call = centre.call_in()
    assert centre.call(call).queue == "fault"
    centre.request("1001", AgentAction.LOG_OUT)
    centre.wait(0.0)
    assert centre.call(call).queue == "billing"


def test_2a_maxlen_who_would_be_too_many_goes_elsewhere() -> None:
    rule = leaving(ExitCondition.FULL, ToQueue(queue=QueueId("billing")), limit=2)
    centre = Centre(with_exits(rule))
    calls = [centre.call_in() for _ in range(3)]
    assert [centre.call(call).queue for call in calls] == ["fault", "fault", "billing"]
    assert left(centre) == [("fault", Outcome.OVERFLOWED)]


def test_2a_queue_prio_counts_as_seconds_waited_and_so_starves_nobody() -> None:
    base = with_queue(plan({"1001": ALL}), "billing", priority_seconds=30.0)
    centre = Centre(base)
    early = centre.call_in("1")
    centre.wait(31.0)
    ordinary = centre.call_in("1")
    preferred = centre.call_in("2")
    centre.request("1001", AgentAction.LOG_IN)
    served = []
    for call in (early, preferred, ordinary):
        served.append(centre.rings["1001"].call)
        centre.talk("1001")
        centre.request("1001", AgentAction.END_WRAP_UP)
        assert served[-1] == call


def test_2a_queue_prio_position_puts_a_caller_before_whoever_is_there_now() -> None:
    base = plan()
    menu = base.menus[MenuId("main")]
    node = Enqueue(id=NodeId("option-2"), queue=QueueId("fault"), option="2", label={}, position=2)
    nodes = {**menu.nodes, node.id: node}
    menus = {**base.menus, menu.id: msgspec.structs.replace(menu, nodes=nodes)}
    centre = Centre(msgspec.structs.replace(base, menus=menus))
    first = centre.call_in("1")
    centre.wait(5.0)
    second = centre.call_in("1")
    between = centre.call_in("2")
    places = {call: centre.call(call).due_at or 0.0 for call in (first, second, between)}
    assert places[first] < places[between] < places[second]


def test_2a_weight_a_heavier_queue_is_one_that_is_due_earlier() -> None:
    centre = Centre(plan({"1001": ALL}, targets={"fault": 5.0, "billing": 60.0}))
    billing, fault = centre.call_in("2"), centre.call_in("1")
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(fault, "1001")]
    assert centre.call(billing).state is CallState.QUEUED


def test_2a_announcements_of_position_and_texts_at_their_times() -> None:
    what = Announcements(
        first_after_seconds=5.0, every_seconds=30.0, position=True, prompts=(PromptId("thanks"),)
    )
    centre = Centre(with_queue(plan(), "fault", announcements=what))
    centre.call_in()
    second = centre.call_in()
    centre.wait(4.9)
    assert centre.take(Announce) == []
    centre.wait(0.2)
    told = {one.call: one.paths for one in centre.take(Announce)}
    assert told[second] == ("/acd/de/wait/position-2", "/acd/de/thanks")


def test_2a_autopause_is_not_ready_for_all_queues_and_the_agent_ends_it() -> None:
    centre = Centre(plan({"1001": ALL}), "1001")
    call = centre.call_in("1")
    centre.fail(call, RingOutcome.NO_ANSWER)
    billing = centre.call_in("2")
    centre.take()
    centre.wait(600.0)
    assert rung(centre) == []
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(call, "1001")]
    assert centre.call(billing).state is CallState.QUEUED


@pytest.mark.parametrize(
    "outcome", [RingOutcome.BUSY, RingOutcome.DECLINED, RingOutcome.UNREACHABLE]
)
def test_2a_autopausebusy_and_unavail_are_short_delays_instead(outcome: RingOutcome) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, outcome)
    assert centre.agent("1001").presence is Presence.READY
    centre.take()
    centre.wait(30.0)
    assert rung(centre) == [(call, "1001")]


def test_2a_connect_who_hangs_up_before_he_is_joined_costs_the_caller_nothing() -> None:
    centre = Centre(plan(THREE), *THREE)
    call = centre.call_in()
    place = centre.call(call).due_at
    centre.feed(LegAnswered(centre.ring_of(call).offer))
    centre.fail(call, RingOutcome.CALLER_LEFT)
    assert centre.call(call).state is CallState.RINGING
    assert centre.call(call).due_at == place


def test_2a_connect_the_phone_shows_what_the_caller_chose_and_how_long_he_has_waited() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    centre.wait(75.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.ring_of(call).label == "1 Fault 1:15"


def test_2a_stats_each_way_out_is_counted_apart_from_the_abandoned() -> None:
    rules = (
        leaving(ExitCondition.MAX_WAIT, BYE, limit=30.0),
        leaving(ExitCondition.KEY, BYE, key="7"),
    )
    centre = Centre(with_exits(*rules))
    by_key, hangs_up, waits = (centre.call_in() for _ in range(3))
    centre.wait(10.0)
    centre.feed(DigitPressed(by_key, "7"), CallerHungUp(hangs_up))
    centre.wait(21.0)
    for call in (by_key, waits):
        centre.feed(CallerHungUp(call))
    ended = {one.call: one.outcome for one in centre.take(CallEnded)}
    assert ended == {
        by_key: Outcome.LEFT_BY_KEY,
        hangs_up: Outcome.ABANDONED,
        waits: Outcome.TIMED_OUT,
    }


# -- 2b: mod_callcenter --------------------------------------------------------------------------


def test_2b_strategy_of_a_queue_that_names_none_is_the_longest_idle() -> None:
    queue = QueuePlan(id=QueueId("x"), label={}, requirement=Requirement())
    assert queue.strategy is Strategy.LONGEST_IDLE


@pytest.mark.parametrize("keep_clock", [True, False])
def test_2b_time_base_score_counts_from_the_first_queue_or_from_this_one(keep_clock: bool) -> None:
    rule = leaving(
        ExitCondition.KEY, ToQueue(queue=QueueId("billing"), keep_clock=keep_clock), key="7"
    )
    centre = Centre(with_exits(rule, agents={"1001": {"billing": 1}}))
    moved = centre.call_in("1")
    centre.wait(30.0)
    waits = centre.call_in("2")
    centre.wait(30.0)
    centre.feed(DigitPressed(moved, "7"))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(moved if keep_clock else waits, "1001")]


def test_2b_tier_rules_a_level_opens_when_its_time_has_come() -> None:
    agents = {"1001": {"fault": 9}, "1002": {"fault": 5}, "1003": {"fault": 1}}
    steps = (
        Relaxation(after_seconds=10.0, requirement=needs(fault=5)),
        Relaxation(after_seconds=40.0, requirement=needs(fault=1)),
    )
    base = with_queue(plan(agents), "fault", requirement=needs(fault=9), relaxations=steps)
    centre = Centre(base, "1003")
    call = centre.call_in()
    centre.wait(15.0)
    assert rung(centre) == []
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1002")]
    centre.lose("1002", RingOutcome.DECLINED)
    centre.request("1002", AgentAction.LOG_OUT)
    centre.wait(25.0)
    assert rung(centre) == [(call, "1003")]


def test_2b_tier_rule_no_agent_no_wait_is_a_step_that_asks_for_the_estimate() -> None:
    """Nobody of the first level is there, so the wait has no end: the next level is asked."""
    agents = {"1001": {"fault": 9}, "1002": {"fault": 1}}
    step = Relaxation(after_seconds=1.0, requirement=needs(fault=1), estimate_over_seconds=120.0)
    base = with_queue(plan(agents), "fault", requirement=needs(fault=5), relaxations=(step,))
    centre = Centre(base, "1002")
    call = centre.call_in()
    centre.wait(1.0)
    assert rung(centre) == [(call, "1002")]


def test_2b_discard_abandoned_after_who_calls_again_is_a_new_caller() -> None:
    centre = Centre(plan())
    first, other = centre.call_in(ani="0301"), centre.call_in(ani="0302")
    centre.feed(CallerHungUp(first))
    again = centre.call_in(ani="0301")
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(other, "1001")]
    assert centre.call(again).state is CallState.QUEUED


def test_2b_max_wait_time_lets_him_go_where_the_rule_says() -> None:
    centre = Centre(
        with_exits(leaving(ExitCondition.MAX_WAIT, ToMenu(menu=MenuId("main")), limit=20.0))
    )
    call = centre.call_in()
    centre.wait(20.0)
    assert centre.call(call).state is CallState.IN_MENU
    assert left(centre) == [("fault", Outcome.TIMED_OUT)]


def test_2b_max_wait_time_gives_an_agent_who_rings_his_chance() -> None:
    rule = leaving(ExitCondition.MAX_WAIT, BYE, limit=10.0)
    centre = Centre(with_exits(rule), "1001")
    call = centre.call_in()
    centre.wait(14.0)
    assert centre.call(call).state is CallState.RINGING
    centre.fail(call, RingOutcome.DECLINED)
    centre.wait(1.0)
    assert left(centre) == [("fault", Outcome.TIMED_OUT)]


def test_2b_max_wait_time_with_no_agent_has_a_grace() -> None:
    rule = leaving(
        ExitCondition.NO_AGENTS, ToQueue(queue=QueueId("billing")), on_join=False, grace_seconds=8.0
    )
    centre = Centre(with_exits(rule), "1001")
    centre.phone("1001", DeviceState.BUSY)
    call = centre.call_in()
    centre.request("1001", AgentAction.LOG_OUT)
    centre.wait(7.9)
    assert centre.call(call).queue == "fault"
    centre.wait(0.2)
    assert centre.call(call).queue == "billing"


def test_2b_ring_progressively_delay() -> None:
    base = with_queue(
        plan(THREE), "fault", strategy=Strategy.RING_PROGRESSIVELY, progress_seconds=3.0
    )
    centre = Centre(base, *THREE)
    call = centre.call_in()
    for agent in THREE:
        assert rung(centre) == [(call, agent)]
        centre.wait(3.0)


def test_2b_agent_no_answer_status_and_max_no_answer() -> None:
    base = with_queue(plan(), "fault", rona_after=2, no_answer_delay_seconds=5.0)
    centre = Centre(base, "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.NO_ANSWER)
    centre.wait(5.0)
    centre.fail(call, RingOutcome.NO_ANSWER)
    view = centre.agent("1001")
    assert (view.presence, view.reason) == (Presence.NOT_READY, "rona")


def test_2b_skip_agents_with_external_calls() -> None:
    centre = Centre(plan(THREE), *THREE)
    for agent in ("1001", "1002"):
        centre.phone(agent, DeviceState.BUSY)
    call = centre.call_in()
    assert rung(centre) == [(call, "1003")]


def test_2b_agent_originate_timeout_is_the_ring_timeout_of_the_queue() -> None:
    base = with_queue(plan({"1001": ALL}), "billing", ring_timeout_seconds=40.0)
    centre = Centre(base, "1001")
    call = centre.call_in("2")
    assert centre.ring_of(call).timeout_seconds == 40.0


def test_2b_reserve_agents_whoever_rings_is_offered_nothing_else() -> None:
    centre = Centre(with_queues(plan({"1001": ALL}), strategy=Strategy.RING_ALL), "1001")
    first, second = centre.call_in("1"), centre.call_in("2")
    assert rung(centre) == [(first, "1001")]
    assert centre.call(second).state is CallState.QUEUED


def test_2b_wrap_up_time_is_a_lock_that_the_agent_can_end() -> None:
    centre = Centre(plan(), "1001")
    centre.call_in()
    centre.talk("1001")
    waiting = centre.call_in()
    centre.take()
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert rung(centre) == [(waiting, "1001")]


@pytest.mark.parametrize(
    ("cause", "seconds"),
    [(RingOutcome.BUSY, 4.0), (RingOutcome.DECLINED, 6.0), (RingOutcome.NO_ANSWER, 8.0)],
)
def test_2b_reject_busy_and_no_answer_delay_time_end_in_a_ring_at_that_moment(
    cause: RingOutcome, seconds: float
) -> None:
    """``ready_time`` is a deadline here: nobody looks for it every 100 ms."""
    base = with_queue(
        plan(),
        "fault",
        busy_delay_seconds=4.0,
        declined_delay_seconds=6.0,
        no_answer_delay_seconds=8.0,
        rona_after=9,
    )
    centre = Centre(base, "1001")
    call = centre.call_in()
    centre.fail(call, cause)
    centre.take()
    failed_at = centre.now
    while not (said := centre.take(RingAgent)):
        due = centre.engine.next_deadline()
        assert due is not None
        centre.wait(due - centre.now)
    assert (said[0].call, centre.now - failed_at) == (call, seconds)


def test_2b_user_not_registered_is_tried_again_when_the_phone_reports() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.UNREACHABLE)
    centre.take()
    centre.wait(5.0)
    assert rung(centre) == []
    centre.phone("1001", DeviceState.FREE)
    assert rung(centre) == [(call, "1001")]


@pytest.mark.parametrize("cause", [RingOutcome.CANCELLED, RingOutcome.CALLER_LEFT])
def test_2b_failure_causes_a_ring_lost_to_a_colleague_is_no_failure(cause: RingOutcome) -> None:
    centre = Centre(with_queue(plan(THREE), "fault", strategy=Strategy.RING_ALL), *THREE)
    centre.call_in()
    centre.lift("1001")
    centre.take()
    centre.lose("1002", cause)
    again = centre.call_in()
    assert rung(centre) == [(again, "1002")]


def test_2b_dispatch_order_all_queues_by_one_score() -> None:
    base = with_queue(plan({"1001": ALL}, wrap_up_seconds=0), "meter", priority_seconds=45.0)
    centre = Centre(base)
    billing = centre.call_in("2")
    centre.wait(30.0)
    meter = centre.call_in("3")
    fault = centre.call_in("1")
    centre.request("1001", AgentAction.LOG_IN)
    for call in (meter, billing, fault):
        assert centre.rings["1001"].call == call
        centre.talk("1001")


def test_2b_eligible_is_only_who_is_ready_and_idle_and_whose_phone_is_free() -> None:
    """Each of these alone keeps him from the caller; once the last is over he is rung."""
    centre = Centre(plan(), "1001")
    centre.call_in()
    centre.talk("1001")
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.phone("1001", DeviceState.BUSY)
    waiting = centre.call_in()
    centre.take()
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == []
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert rung(centre) == []
    centre.phone("1001", DeviceState.FREE)
    assert rung(centre) == [(waiting, "1001")]


def test_2b_on_demand_one_call_and_then_not_before_he_says_so() -> None:
    centre = Centre(with_agent(plan(wrap_up_seconds=0), "1001", max_calls_in_row=1), "1001")
    centre.call_in()
    centre.talk("1001")
    waiting = centre.call_in()
    centre.take()
    centre.wait(600.0)
    assert rung(centre) == []
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(waiting, "1001")]


def test_2b_setting_available_does_not_wipe_out_what_he_has_done() -> None:
    """Else a short break would make whoever has worked most the one with the fewest calls."""
    base = with_queue(plan(THREE, wrap_up_seconds=0), "fault", strategy=Strategy.FEWEST_CALLS)
    centre = Centre(base, "1001", "1002")
    centre.request("1002", AgentAction.NOT_READY, "break")
    centre.call_in()
    centre.talk("1001")
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.request("1001", AgentAction.READY)
    centre.wait(5.0)
    centre.request("1002", AgentAction.READY)
    centre.take()
    call = centre.call_in()
    assert rung(centre) == [(call, "1002")]


@pytest.mark.parametrize(
    ("theirs", "rule", "outcome"),
    [
        ("TIMEOUT", leaving(ExitCondition.MAX_WAIT, BYE, limit=5.0), Outcome.TIMED_OUT),
        ("NO_AGENT_TIMEOUT", leaving(ExitCondition.NO_AGENTS, BYE), Outcome.OVERFLOWED),
        ("EXIT_WITH_KEY", leaving(ExitCondition.KEY, BYE, key="7"), Outcome.LEFT_BY_KEY),
    ],
)
def test_2b_leave_reasons(theirs: str, rule: Exit, outcome: Outcome) -> None:
    centre = Centre(with_exits(rule), "1001")
    centre.phone("1001", DeviceState.BUSY)
    call = centre.call_in()
    match rule.condition:
        case ExitCondition.NO_AGENTS:
            centre.request("1001", AgentAction.LOG_OUT)
        case ExitCondition.KEY:
            centre.feed(DigitPressed(call, "7"))
    centre.wait(6.0)
    assert left(centre) == [("fault", outcome)]


# -- the table in DESIGN.md ----------------------------------------------------------------------


def test_the_table_names_these_tests_and_no_others() -> None:
    here = Path(__file__).parent
    files = [here / name for name in ("test_peers.py", "test_peers_complaints.py")]
    pattern = r"test_(?:2a|2b|3)_\w+"
    written = {name for file in files for name in re.findall(rf"def ({pattern})", file.read_text())}
    design = (here.parent.parent / "DESIGN.md").read_text()
    begins = set(re.findall(rf"`({pattern})`", design))
    unknown = [one for one in begins if not any(name.startswith(one) for name in written)]
    untold = [name for name in written if not any(name.startswith(one) for one in begins)]
    assert (unknown, untold) == ([], [])
