"""Why a call is where it is: who could have been taken, who not and why, what was relaxed when."""

from acd.core.commands import Announce
from acd.core.events import (
    AnnouncementEnded,
    CallAction,
    CallerHungUp,
    DeviceChanged,
    DeviceState,
    PlanReplaced,
    RingOutcome,
    Tick,
)
from acd.core.history import FIRST_STEPS_KEPT, LAST_STEPS_KEPT
from acd.core.ids import CallId, DeviceId, SkillId
from acd.core.plan import AgentAction, Need
from acd.core.queueplan import PreferredAgent, Requirement, Strategy
from acd.core.records import Candidate, ExplainedStep, Explanation
from tests.core.centre import Centre
from tests.core.queues import (
    announcing,
    asks_for,
    relax,
    supervise,
    talked,
    with_queue,
)
from tests.plans import plan, prompt

FOUR = {
    "1001": {"fault": 3},
    "1002": {"fault": 3},
    "1003": {"fault": 1},
    "1004": {"billing": 9},
}
GRADE_TWO = asks_for(("fault", 2))


def explained(centre: Centre, call: CallId) -> Explanation:
    """Return the call's explanation."""
    explanation = centre.engine.explain(call)
    assert explanation is not None
    return explanation


def the_step(centre: Centre, call: CallId, what: str, number: int = -1) -> ExplainedStep:
    """Return one of the steps of a kind, by default the last."""
    return [step for step in explained(centre, call).steps if step.what == what][number]


def why_not(step: ExplainedStep) -> dict[str, str]:
    """Return why each agent could not be rung, empty where he could."""
    return {candidate.agent: candidate.why_not for candidate in step.candidates}


def test_who_was_excluded_and_why() -> None:
    centre = Centre(with_queue(plan(FOUR), "fault", requirement=GRADE_TWO), "1001", "1003", "1004")
    call = centre.call_in()
    queued = the_step(centre, call, "queued")
    assert queued.text == "fault, position 1"
    assert queued.asked == ("fault >= 2",)
    assert why_not(queued) == {
        "1001": "",
        "1002": "logged_out",
        "1003": "skill: fault 1 < 2",
        "1004": "skill: fault 0 < 2",
    }


def test_pauses_phones_and_delays_are_named() -> None:
    agents = {name: {"fault": 1} for name in ("break", "busy", "gone", "delayed", "rona")}
    centre = Centre(with_queue(plan(agents), "fault", ring_timeout_seconds=5.0))
    for agent, outcome in (("rona", RingOutcome.NO_ANSWER), ("delayed", RingOutcome.DECLINED)):
        centre.request(agent, AgentAction.LOG_IN)
        earlier = centre.call_in()
        centre.fail(earlier, outcome)
        centre.feed(CallerHungUp(earlier))
    until = centre.now + 10.0
    for agent in ("break", "busy", "gone"):
        centre.request(agent, AgentAction.LOG_IN)
    centre.request("break", AgentAction.NOT_READY, "break")
    centre.feed(DeviceChanged(DeviceId("PJSIP/busy"), DeviceState.BUSY))
    centre.feed(DeviceChanged(DeviceId("PJSIP/gone"), DeviceState.UNREACHABLE))
    call = centre.call_in()
    queued = the_step(centre, call, "queued")
    assert why_not(queued) == {
        "break": "not_ready (break)",
        "busy": "phone busy",
        "delayed": "pause after a ring",
        "gone": "phone unreachable",
        "rona": "not_ready (rona)",
    }
    assert [one.until for one in queued.candidates if one.agent == "delayed"] == [until]


def test_a_wrap_up_says_until_when() -> None:
    centre = Centre(plan({"1001": {"fault": 1}}, wrap_up_seconds=120.0), "1001")
    first = centre.call_in()
    centre.end_talk(centre.answer(first), first)
    until = centre.now + 120.0
    centre.wait(30.0)
    call = centre.call_in()
    assert the_step(centre, call, "queued").candidates == (
        Candidate(centre.agent("1001").agent, "Agent 1001", "wrap_up", until),
    )


def test_who_became_free_and_was_rung_at_the_same_instant_could_be_rung() -> None:
    """His wrap-up ended and he was taken in one step: just before, he was free."""
    centre = Centre(plan({"1001": {"fault": 1}, "1002": {"fault": 1}}), "1001")
    first = centre.call_in()
    centre.end_talk(centre.answer(first), first)
    call = centre.call_in()
    centre.request("1001", AgentAction.END_WRAP_UP)
    rung = the_step(centre, call, "rung")
    assert rung.agent == "1001"
    assert why_not(rung) == {"1001": "", "1002": "logged_out"}
    assert rung.text == "longest_idle, of 1 free agents"
    assert why_not(the_step(centre, call, "queued"))["1001"] == "wrap_up"


def test_what_happened_to_another_agent_in_the_same_step_before_is_seen() -> None:
    """He let it ring and is set not ready; then the next is rung: the first was out of question."""
    centre = Centre(plan({"1001": {"fault": 1}, "1002": {"fault": 1}}), "1001", "1002")
    call = centre.call_in()
    centre.wait(5.0)
    centre.fail(call, RingOutcome.NO_ANSWER)
    rung = the_step(centre, call, "rung")
    assert rung.agent == "1002"
    assert why_not(rung) == {"1001": "not_ready (rona)", "1002": ""}


def test_each_ring_of_many_shows_who_rang_already() -> None:
    agents = {"1001": {"fault": 1}, "1002": {"fault": 1}}
    centre = Centre(with_queue(plan(agents), "fault", strategy=Strategy.RING_ALL), "1001", "1002")
    call = centre.call_in()
    first, second = the_step(centre, call, "rung", 0), the_step(centre, call, "rung", 1)
    assert (first.agent, second.agent) == ("1001", "1002")
    assert why_not(first) == {"1001": "", "1002": ""}
    assert why_not(second) == {"1001": "ringing", "1002": ""}


def test_what_was_relaxed_when_and_who_could_be_taken_then() -> None:
    steps = (relax(30.0, ("fault", 1)),)
    house = with_queue(plan(FOUR), "fault", requirement=GRADE_TWO, relaxations=steps)
    centre = Centre(house, "1003")
    call = centre.call_in()
    came = centre.now
    centre.wait(31.0)
    relaxed = the_step(centre, call, "relaxed")
    assert (relaxed.at, relaxed.asked, relaxed.text) == (came + 30.0, ("fault >= 1",), "step 1")
    assert why_not(relaxed)["1003"] == ""
    assert the_step(centre, call, "rung").asked == ("fault >= 1",)
    assert the_step(centre, call, "queued").asked == ("fault >= 2",)


def test_alternatives_are_one_need() -> None:
    either = Requirement((), (Need(SkillId("billing"), 2), Need(SkillId("fault"), 9)))
    centre = Centre(with_queue(plan(FOUR), "fault", requirement=either), "1001")
    call = centre.call_in()
    queued = the_step(centre, call, "queued")
    assert queued.asked == ("billing >= 2 or fault >= 9",)
    assert why_not(queued)["1001"] == "skill: none of the alternatives"
    assert why_not(queued)["1004"] == "logged_out"


def test_a_free_agent_who_is_kept_for_another_queue_is_no_mystery() -> None:
    agents = {"1001": {"fault": 1, "billing": 1}}
    centre = Centre(with_queue(plan(agents), "billing", reserved_agents=1), "1001")
    call = centre.call_in("1")
    assert why_not(the_step(centre, call, "queued")) == {"1001": "kept for billing"}
    hazard = centre.call_in("2")
    assert why_not(the_step(centre, hazard, "rung")) == {"1001": ""}


def test_a_caller_kept_for_one_agent_says_for_whom_and_when_that_was_over() -> None:
    preferred = PreferredAgent(patience_seconds=60.0, within_seconds=3600.0)
    agents = {"1001": {"fault": 1}, "1002": {"fault": 1}}
    house = with_queue(plan(agents, wrap_up_seconds=0.0), "fault", preferred_agent=preferred)
    centre = Centre(house, "1001")
    talked(centre, "1", 60.0)
    centre.answer(centre.call_in(ani="0"))
    call = centre.call_in()
    centre.request("1002", AgentAction.LOG_IN)
    assert the_step(centre, call, "kept").agent == "1001"
    centre.wait(60.0)
    over = the_step(centre, call, "patience_over")
    assert why_not(over) == {"1001": "talking", "1002": ""}
    assert the_step(centre, call, "rung").agent == "1002"


def test_the_whole_story_in_order() -> None:
    centre = Centre(plan(FOUR), "1001", "1002")
    call = centre.call_in()
    centre.fail(call, RingOutcome.DECLINED)
    centre.answer(call)
    steps = explained(centre, call).steps
    assert [(step.what, step.agent) for step in steps] == [
        ("queued", None),
        ("rung", "1001"),
        ("ring_failed", "1001"),
        ("rung", "1002"),
        ("connected", "1002"),
    ]
    assert steps[2].text == "declined"


def test_a_call_that_is_over_is_still_explained_and_says_how_it_ended() -> None:
    centre = Centre(plan(FOUR))
    call = centre.call_in()
    assert not explained(centre, call).ended
    centre.wait(60.0)
    centre.feed(CallerHungUp(call))
    explanation = explained(centre, call)
    assert explanation.ended
    assert [(step.what, step.text) for step in explanation.steps] == [
        ("queued", "fault, position 1"),
        ("ended", "abandoned"),
    ]


def test_a_call_that_nobody_knows_has_no_explanation() -> None:
    assert Centre(plan()).engine.explain(CallId("main-9.9")) is None


def test_a_caller_still_in_the_menu_has_an_empty_story() -> None:
    centre = Centre(plan())
    call = centre.call_in("x")
    assert explained(centre, call).steps == ()


def test_what_a_supervisor_did_is_in_the_story() -> None:
    centre = Centre(plan())
    call = centre.call_in()
    assert supervise(centre, call, CallAction.PRIORITISE, seconds=60.0) == ""
    assert supervise(centre, call, CallAction.WITHDRAW) == ""
    centre.feed(CallerHungUp(call))
    assert [(step.what, step.text) for step in explained(centre, call).steps][1:] == [
        ("reordered", "position 1"),
        ("left", "withdrawn by a supervisor"),
        ("ended", "withdrawn"),
    ]


def test_a_new_plan_that_asks_for_something_else_is_in_the_story() -> None:
    centre = Centre(plan(FOUR), "1003")
    centre.answer(centre.call_in())
    call = centre.call_in()
    centre.feed(PlanReplaced(with_queue(plan(FOUR), "fault", requirement=GRADE_TWO)), Tick())
    changed = the_step(centre, call, "plan_changed")
    assert changed.asked == ("fault >= 2",)
    assert why_not(changed)["1003"] == "skill: fault 1 < 2"


def test_states_too_long_ago_are_not_known_any_more() -> None:
    centre = Centre(plan(FOUR), "1004")
    call = centre.call_in()
    for _ in range(200):
        centre.request("1001", AgentAction.LOG_IN)
        centre.feed(DeviceChanged(DeviceId("PJSIP/1001"), DeviceState.BUSY))
        centre.request("1001", AgentAction.LOG_OUT)
        centre.feed(DeviceChanged(DeviceId("PJSIP/1001"), DeviceState.FREE))
        if centre.call(call).agent is not None:
            centre.fail(call, RingOutcome.CANCELLED)
    assert why_not(the_step(centre, call, "queued", 0))["1001"] == "not known any more"


def test_the_story_of_a_call_that_waits_for_hours_stays_short_and_says_so() -> None:
    told = announcing(prompts=prompt("thanks"), every_seconds=30.0)
    centre = Centre(with_queue(plan(FOUR), "fault", announcements=told))
    call = centre.call_in()
    for _ in range(200):
        centre.wait(30.0)
        for one in centre.take(Announce):
            centre.feed(AnnouncementEnded(call, one.announcement_id))
    steps = explained(centre, call).steps
    assert len(steps) == FIRST_STEPS_KEPT + LAST_STEPS_KEPT + 1
    assert steps[FIRST_STEPS_KEPT].what == "left_out"
    assert steps[FIRST_STEPS_KEPT].text == "141 steps before this one are not kept"
    assert steps[-1].asked == ("fault >= 1",)
