"""Everything an operator can write about a queue, and the plan it becomes."""

import pytest

from acd.core.ids import AgentId, MenuId, PromptId, QueueId, SkillId
from acd.core.queueplan import (
    Announcements,
    CallerValue,
    Exit,
    ExitCondition,
    Need,
    PreferredAgent,
    QueuePlan,
    RecordingPlan,
    Relaxation,
    Requirement,
    Strategy,
    ToMenu,
    ToQueue,
)
from tests.config.conftest import Small

WHOLE = """\
  any_of: {billing: 1, language.en: 2}
  relax:
    - {after_seconds: 30, needs: {fault: 1}, only_if_estimate_over_seconds: 300}
    - {after_seconds: 60, keep_extra_needs: false}
    - {after_seconds: 90, any_of: {billing: 2, fault: 1}}
  target_seconds: 10
  priority_seconds: -30
  caller_values:
    - {attribute: ani, value: "+49305550", seconds: 60}
  strategy: ordered
  agent_order: ["1002", "1001"]
  preferred_agent: {patience_seconds: 30, within_hours: 2}
  reserved_agents: 1
  ring_timeout_seconds: 12
  busy_delay_seconds: 1
  declined_delay_seconds: 2
  no_answer_delay_seconds: 3
  rona_after: 2
  unreachable_delay_seconds: 4
  short_abandon_seconds: 3
  exits:
    - {max_wait_seconds: 600, queue: billing}
    - {key: "1", menu: main}
  announcements:
    first_after_seconds: 20
    every_seconds: 45
    position: true
    position_limit: 5
    estimate: true
    prompts: [wait/thanks]
  survey: after
  recording: {keep_days: 7.5}
"""


AFTER = """\
menu: after
languages: [de, en]
choices:
  1: {announce: {de: Sie?, en: You?}, collect: [{into: kind, say: {de: Wie?, en: How?}}],
      hang_up: true}
wrong_key: {de: Nein., en: No.}
otherwise: {hang_up: true}
"""


def needs(**grades: int) -> tuple[Need, ...]:
    return tuple(Need(SkillId(skill), grade) for skill, grade in grades.items())


def fault(small: Small, text: str = "") -> QueuePlan:
    small.edit("config/queues.yaml", "  wrap_up_seconds: 120\n", text)
    return small.load().plan.queues[QueueId("fault")]


@pytest.fixture
def speaking(small: Small) -> Small:
    """With a skill whose name has a dot, and an agent who has it and all others."""
    small.edit(
        "config/skills.yaml", "billing:\n", "language.en: {label: {de: E, en: E}}\nbilling:\n"
    )
    small.edit("config/agents.yaml", "{fault: 5}", "{fault: 5, billing: 1, language.en: 3}")
    return small


def test_a_queue_can_say_all_of_this(speaking: Small) -> None:
    first = Requirement(needs(fault=3), (Need(SkillId("billing")), Need(SkillId("language.en"), 2)))
    relaxed = Requirement(needs(fault=1))
    speaking.write("ivr_menus/after.yaml", AFTER)
    speaking.edit("config/acd.yaml", "service_name:", "recordings: ../rec\nservice_name:")
    speaking.edit(
        "ivr_menus/main.yaml",
        "{queue: fault}",
        "{queue: fault, ask_recording: {de: Dürfen wir?, en: May we?}}",
    )
    assert fault(speaking, WHOLE) == QueuePlan(
        id=QueueId("fault"),
        label={"de": "Entstörung", "en": "Faults"},  # type: ignore[dict-item]
        requirement=first,
        relaxations=(
            Relaxation(after_seconds=30, requirement=relaxed, estimate_over_seconds=300),
            Relaxation(after_seconds=60, requirement=relaxed, keeps_extra_needs=False),
            Relaxation(
                after_seconds=90,
                requirement=Requirement((), needs(billing=2, fault=1)),
                keeps_extra_needs=False,
            ),
        ),
        target_seconds=10,
        priority_seconds=-30,
        caller_values=(CallerValue(attribute="ani", value="+49305550", seconds=60),),
        strategy=Strategy.ORDERED,
        agent_order=(AgentId("1002"), AgentId("1001")),
        preferred_agent=PreferredAgent(patience_seconds=30, within_seconds=7200),
        reserved_agents=1,
        ring_timeout_seconds=12,
        busy_delay_seconds=1,
        declined_delay_seconds=2,
        no_answer_delay_seconds=3,
        rona_after=2,
        unreachable_delay_seconds=4,
        short_abandon_seconds=3,
        exits=(
            Exit(
                condition=ExitCondition.MAX_WAIT,
                target=ToQueue(queue=QueueId("billing")),
                on_join=False,
                limit=600,
            ),
            Exit(
                condition=ExitCondition.KEY,
                target=ToMenu(menu=MenuId("main")),
                on_join=False,
                key="1",
            ),
        ),
        announcements=Announcements(
            first_after_seconds=20,
            every_seconds=45,
            position=True,
            position_limit=5,
            estimate=True,
            prompts=(PromptId("wait/thanks"),),
        ),
        survey=MenuId("after"),
        recording=RecordingPlan(keep_days=7.5),
    )


def test_what_is_not_written_is_as_the_plan_says(small: Small) -> None:
    assert fault(small) == QueuePlan(
        id=QueueId("fault"),
        label={"de": "Entstörung", "en": "Faults"},  # type: ignore[dict-item]
        requirement=Requirement(needs(fault=3)),
    )


@pytest.mark.parametrize(
    ("text", "strategy"),
    [(f"  strategy: {name}\n", name) for name in Strategy if name != "ordered"],
)
def test_every_strategy_can_be_written(small: Small, text: str, strategy: Strategy) -> None:
    assert fault(small, text).strategy is strategy


def test_weights_and_progress_go_with_their_strategy(small: Small) -> None:
    found = fault(small, "  strategy: weighted_random\n  agent_weights: {1001: 2.5}\n")
    assert found.agent_weights == {"1001": 2.5}
    small.edit("config/queues.yaml", "weighted_random\n  agent_weights: {1001: 2.5}",
               "ring_progressively\n  progress_seconds: 4")  # fmt: skip
    assert small.load().plan.queues[QueueId("fault")].progress_seconds == 4


def test_one_skill_of_several_may_be_all_that_is_asked_for(small: Small) -> None:
    small.edit("config/queues.yaml", "needs: {fault: 3}", "any_of: {fault: 3, billing: 3}")
    assert fault(small).requirement == Requirement((), needs(billing=3, fault=3))


MISTAKES = [
    ("priority_seconds: 3601", '4:21: "priority_seconds" cannot be "3601"; at most 3600'),
    ("priority_seconds: -3601", '4:21: "priority_seconds" cannot be "-3601"; at least -3600'),
    ("caller_values: [{attribute: ani, value: x, seconds: 4000}]",
     '4:55: "seconds" cannot be "4000"; at most 3600'),
    ("caller_values: [{attribute: ani, value: x}]",
     '4:19: "seconds" is missing; it is for: so much earlier; negative is later'),
    ("strategy: longest",
     '4:13: "strategy" cannot be "longest"; allowed: longest_idle, most_skilled, least_skilled, '
     "fewest_calls, least_talk_time, round_robin, ordered, weighted_random, ring_all or "
     "ring_progressively"),
    ("relax: [{needs: {fault: 1}}]",
     '4:11: "after_seconds" is missing; it is for: when, counted from the moment he came into '
     "this queue; later than the step before"),
    ("relax: [{after_seconds: 9, need: {fault: 1}}]",
     '4:30: unknown key "need", did you mean "needs"?; allowed: after_seconds, needs, any_of, '
     "keep_extra_needs, only_if_estimate_over_seconds"),
    ("relax: [{after_seconds: 9, needs: {}}]", '4:30: "needs" is empty; at least 1 needed'),
    ("any_of: {}", '4:3: "any_of" is empty; at least 1 needed'),
    ("any_of:", '4:3: "any_of" is empty; it is for: skills of which one is enough, each with '
     'the least grade; besides "needs"'),
    ("any_of: {language.en.x: 1}",
     '4:12: "language.en.x" cannot be a key here; small letters, digits and _, a letter first, '
     "at most 32, or two parts like language.en"),
    ("rona_after: 0", '4:15: "rona_after" cannot be "0"; at least 1'),
    ("reserved_agents: -1", '4:20: "reserved_agents" cannot be "-1"; at least 0'),
    ("busy_delay_seconds: 5s",
     '4:23: "busy_delay_seconds" must be a number, not "5s"; '
     "write it without a unit, for example 15"),
    ("preferred_agent: {within_hours: 24}",
     '4:3: "patience_seconds" is missing; it is for: after so long anybody may take the call'),
    ("announcements: {position: 1st}",
     '4:29: "position" cannot be "1st"; allowed: true, false'),
    ("announcements: {position: true, position_limit: 11}",
     '4:51: "position_limit" cannot be "11"; at most 10'),
    ("announcements: {prompts: [../x]}",
     "4:29: entry 1 cannot be \"../x\"; a prompt is written as its file is called, without "
     "language and ending: wait/thanks"),
    ("agent_weights: {1001: 0}",
     '4:25: "1001" cannot be "0"; more than 0'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), MISTAKES)
def test_each_mistake_is_told_at_its_line(small: Small, text: str, problem: str) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", text)
    assert small.told() == [f"config/queues.yaml:{problem}"]
