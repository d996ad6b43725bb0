"""An agent's two machines, and the one place that says whether he can be rung."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.agent import ACTIVITY, PRESENCE, ActivitySignal, Agent, PresenceSignal
from acd.core.events import DeviceState
from acd.core.ids import AgentId, CallId, SkillId
from acd.core.machine import ILLEGAL, IllegalMove
from acd.core.plan import AgentPlan, Grant
from acd.core.records import Activity, Presence
from tests.plans import plan

PLAN = plan({"1001": {"fault": 3}}).agents[AgentId("1001")]


def ready(now: float = 0.0, **changes: object) -> Agent:
    """Return an agent who has logged in at ``now``."""
    agent = Agent(msgspec.structs.replace(PLAN, **changes), now)
    agent.presence_moves(PresenceSignal.LOG_IN, "", now)
    return agent


@given(
    presence=st.sampled_from(Presence),
    activity=st.sampled_from(Activity),
    device=st.sampled_from(DeviceState),
    leg_open=st.booleans(),
    skipped=st.sampled_from([0.0, 99.9, 100.0, 100.1]),
    dials=st.booleans(),
)
def test_there_is_a_reason_exactly_when_he_cannot_be_rung(
    presence: Presence,
    activity: Activity,
    device: DeviceState,
    leg_open: bool,
    skipped: float,
    dials: bool,
) -> None:
    agent = ready()
    agent.presence, agent.activity, agent.leg_open = presence, activity, leg_open
    agent.skipped_until = skipped
    agent.code_calls = {CallId("main-9.1")} if dials else set()
    why, until = agent.why_not(100.0, device)
    can = why == ""
    assert can == (
        presence is Presence.READY
        and activity is Activity.IDLE
        and device is DeviceState.FREE
        and not leg_open
        and skipped <= 100.0
        and not dials
    )
    assert until is None or not can


def test_the_reason_names_what_he_said_what_he_does_and_until_when() -> None:
    agent = ready()
    agent.presence_moves(PresenceSignal.NOT_READY, "break", 1.0)
    assert agent.why_not(2.0, DeviceState.FREE) == ("not_ready (break)", None)
    agent = ready()
    agent.activity, agent.wrap_up_ends_at = Activity.WRAP_UP, 300.0
    assert agent.why_not(2.0, DeviceState.FREE) == ("wrap_up", 300.0)
    agent = ready()
    agent.skipped_until = 12.0
    assert agent.why_not(2.0, DeviceState.BUSY) == ("phone busy", None)
    assert agent.why_not(2.0, DeviceState.FREE)[1] == 12.0


@pytest.mark.parametrize(
    ("state", "signal"), [pair for pair, answer in ACTIVITY.table.items() if answer is ILLEGAL]
)
def test_what_only_a_bug_can_cause_raises_and_changes_nothing(
    state: Activity, signal: ActivitySignal
) -> None:
    agent = ready()
    agent.activity, since = state, agent.since
    with pytest.raises(IllegalMove):
        agent.activity_moves(signal, 50.0)
    assert (agent.activity, agent.since) == (state, since)


def test_no_word_of_a_person_is_ever_illegal() -> None:
    assert ILLEGAL not in PRESENCE.table.values()


@pytest.mark.parametrize("signal", PresenceSignal)
@pytest.mark.parametrize("activity", Activity)
def test_what_he_says_never_changes_what_the_system_does_with_him(
    signal: PresenceSignal, activity: Activity
) -> None:
    agent = ready()
    agent.activity = activity
    agent.presence_moves(signal, "break", 1.0)
    assert agent.activity is activity


def test_the_same_word_twice_changes_nothing_and_another_reason_does() -> None:
    agent = ready()
    assert agent.presence_moves(PresenceSignal.NOT_READY, "break", 5.0)
    assert not agent.presence_moves(PresenceSignal.NOT_READY, "break", 9.0)
    assert agent.since == 5.0
    assert agent.presence_moves(PresenceSignal.NOT_READY, "meeting", 9.0)
    assert agent.reason == "meeting"


def test_a_missed_ring_does_not_overwrite_the_reason_he_gave_himself() -> None:
    agent = ready()
    agent.presence_moves(PresenceSignal.NOT_READY, "break", 5.0)
    assert not agent.presence_moves(PresenceSignal.RONA, "rona", 6.0)
    assert agent.reason == "break"


def test_saying_ready_again_does_not_cost_him_his_place_and_coming_back_does() -> None:
    agent = ready(10.0)
    agent.presence_moves(PresenceSignal.READY, "", 50.0)
    assert agent.idle_since == 10.0
    agent.presence_moves(PresenceSignal.NOT_READY, "break", 60.0)
    agent.presence_moves(PresenceSignal.READY, "", 70.0)
    assert agent.idle_since == 70.0


def test_a_ring_that_failed_does_not_make_him_idle_anew_and_a_talk_does() -> None:
    agent = ready(10.0)
    agent.activity_moves(ActivitySignal.OFFER, 20.0)
    agent.activity_moves(ActivitySignal.RING_FAILED, 30.0)
    assert agent.idle_since == 10.0
    agent.activity_moves(ActivitySignal.OFFER, 40.0)
    agent.activity_moves(ActivitySignal.CONNECT, 41.0)
    agent.activity_moves(ActivitySignal.TALK_ENDED, 50.0)
    agent.activity_moves(ActivitySignal.WRAP_UP_ENDED, 60.0)
    assert agent.idle_since == 60.0


def test_what_is_counted_since_he_logged_in_begins_anew_with_each_login() -> None:
    agent = ready()
    agent.calls_taken, agent.talk_seconds, agent.calls_in_row, agent.misses = 5, 600.0, 3, 2
    agent.presence_moves(PresenceSignal.NOT_READY, "break", 1.0)
    agent.presence_moves(PresenceSignal.READY, "", 2.0)
    assert (agent.calls_taken, agent.talk_seconds) == (5, 600.0)
    assert (agent.calls_in_row, agent.misses) == (0, 0)
    agent.presence_moves(PresenceSignal.LOG_OUT, "", 3.0)
    agent.presence_moves(PresenceSignal.LOG_IN, "", 4.0)
    assert (agent.calls_taken, agent.talk_seconds) == (0, 0.0)


def graded(*grants: tuple[int, float | None, float | None]) -> AgentPlan:
    """Return a plan with fault at grade 3 and these grants of it."""
    return msgspec.structs.replace(
        PLAN,
        grants=tuple(
            Grant(skill=SkillId("fault"), grade=grade, valid_from=begins, valid_until=ends)
            for grade, begins, ends in grants
        ),
    )


def test_of_several_grades_the_highest_that_is_valid_counts() -> None:
    agent = graded((7, 100.0, 200.0), (5, 150.0, None), (1, None, None))
    fault = SkillId("fault")
    grades = {at: agent.skills_at(at)[fault] for at in (99.9, 100.0, 199.9, 200.0, 1e9)}
    assert grades == {99.9: 3, 100.0: 7, 199.9: 7, 200.0: 5, 1e9: 5}


def test_the_next_change_is_named_until_there_is_none() -> None:
    agent = graded((7, 100.0, 200.0), (5, 150.0, None))
    edges, now = [], 0.0
    while (change := agent.next_skill_change(now)) is not None:
        edges.append(change)
        now = change
    assert edges == [100.0, 150.0, 200.0]
