"""What lets a caller leave a queue: each condition, each target, and exits that cannot be."""

import pytest

from acd.core.ids import MenuId, PromptId, QueueId
from acd.core.queueplan import (
    Box,
    Exit,
    ExitCondition,
    Target,
    ToAnnouncement,
    ToMenu,
    ToNumber,
    ToQueue,
    ToVoicemail,
)
from tests.config.conftest import Small

HOURS = """\
office:
  time_zone: Europe/Berlin
  weekly: {mon-fri: "08:00-16:00"}
never:
  time_zone: Europe/Berlin
  weekly: {mon-sun: closed}
"""

TO_BILLING = ToQueue(queue=QueueId("billing"))


@pytest.fixture
def leaving(small: Small) -> Small:
    """With hours, and a number to which callers may be sent."""
    small.write("config/hours.yaml", HOURS)
    small.edit(
        "config/acd.yaml", "service_name:", 'external_numbers: ["+493055510"]\nservice_name:'
    )
    return small


def write(small: Small, *exits: str) -> None:
    text = "exits:\n" + "\n".join(f"    - {{{each}}}" for each in exits)
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", text)


def exits(small: Small, *written: str) -> tuple[Exit, ...]:
    write(small, *written)
    return small.load().plan.queues[QueueId("fault")].exits


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("max_wait_seconds: 600",
         Exit(condition=ExitCondition.MAX_WAIT, target=TO_BILLING, on_join=False, limit=600)),
        ("full: 20",
         Exit(condition=ExitCondition.FULL, target=TO_BILLING, while_waiting=False, limit=20)),
        ("no_agents: true", Exit(condition=ExitCondition.NO_AGENTS, target=TO_BILLING)),
        ("no_agents: true, grace_seconds: 30, when: waiting",
         Exit(condition=ExitCondition.NO_AGENTS, target=TO_BILLING, on_join=False,
              grace_seconds=30)),
        ("none_ready: true, when: join",
         Exit(condition=ExitCondition.NONE_READY, target=TO_BILLING, while_waiting=False)),
        ("crowded: 2.5", Exit(condition=ExitCondition.CROWDED, target=TO_BILLING, limit=2.5)),
        ("estimate_over_seconds: 900, when: both",
         Exit(condition=ExitCondition.ESTIMATE, target=TO_BILLING, limit=900)),
        ("closed: office",
         Exit(condition=ExitCondition.CLOSED, target=TO_BILLING, hours="office")),
        ('key: "*"',
         Exit(condition=ExitCondition.KEY, target=TO_BILLING, on_join=False, key="*")),
    ],
)  # fmt: skip
def test_each_condition_becomes_an_exit(leaving: Small, written: str, found: Exit) -> None:
    assert exits(leaving, f"{written}, queue: billing") == (found,)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("queue: billing, keep_clock: false", ToQueue(queue=QueueId("billing"), keep_clock=False)),
        ("menu: main", ToMenu(menu=MenuId("main"))),
        ('number: "+493055510"', ToNumber(number="+493055510")),
        ("announcement: [main/welcome, wait/bye]",
         ToAnnouncement(prompts=(PromptId("main/welcome"), PromptId("wait/bye")))),
    ],
)  # fmt: skip
def test_each_target_is_where_the_exit_leads(leaving: Small, written: str, found: Target) -> None:
    (exit_,) = exits(leaving, f"closed: office, {written}")
    assert exit_.target == found


def test_an_exit_leads_into_a_box(leaving: Small) -> None:
    leaving.edit(
        "config/queues.yaml", "{billing: 1}\n", "{billing: 1}\n  voicemail: {thanks: []}\n"
    )
    (exit_,) = exits(leaving, "closed: office, voicemail: billing")
    assert exit_.target == ToVoicemail(queue=QueueId("billing"))
    box = leaving.load().plan.queues[QueueId("billing")].box
    assert box == Box(invitation=(PromptId("voicemail/invitation"),), thanks=())


def test_exits_stay_in_their_order(leaving: Small) -> None:
    found = exits(leaving, "full: 20, menu: main", "full: 10, queue: billing",
                  "closed: office, menu: main", "max_wait_seconds: 60, menu: main")  # fmt: skip
    assert [each.condition for each in found] == ["full", "full", "closed", "max_wait"]


CONDITIONS = ("max_wait_seconds, full, no_agents, none_ready, crowded, estimate_over_seconds, "
              "closed, key")  # fmt: skip

MISTAKES = [
    ("queue: billing", f"5:7: this exit has no condition; add one of: {CONDITIONS}"),
    ("full: 20",
     "5:7: this exit leads nowhere; add one of: queue, menu, number, announcement, voicemail"),
    ("full: 20, closed: office, queue: billing",
     '5:18: "full" and "closed" are two conditions; write two exits, each with a target'),
    ("full: 20, queue: billing, menu: main",
     '5:34: "queue" and "menu" cannot both be followed; keep one of them'),
    ("max_wait: 600, queue: billing",
     '5:8: unknown key "max_wait", did you mean "max_wait_seconds"?; allowed: max_wait_seconds, '
     "full, no_agents, none_ready, crowded, estimate_over_seconds, closed, key, grace_seconds, "
     "when, queue, keep_clock, menu, number, announcement, voicemail"),
    ("full: 0, queue: billing", '5:14: "full" cannot be "0"; at least 1'),
    ("full: , queue: billing",
     '5:8: "full" is empty; it is for: condition: so many calls wait already when he comes'),
    ("no_agents: false, queue: billing", '5:19: "no_agents" cannot be "false"; allowed: true'),
    ('key: "10", menu: main', '5:13: "key" cannot be "10"; one key: 0 to 9, "*" or "#"'),
    ("full: 20, when: waiting, queue: billing",
     '5:24: "full" is looked at when a caller comes; write join, or nothing'),
    ("max_wait_seconds: 60, when: join, queue: billing",
     '5:36: "max_wait_seconds" is looked at while a caller waits; write waiting, or nothing'),
    ('key: "1", when: join, menu: main',
     '5:24: "key" is looked at while a caller waits; write waiting, or nothing'),
    ("full: 20, when: joining, menu: main",
     '5:24: "when" cannot be "joining"; allowed: join, waiting or both'),
    ("full: 20, grace_seconds: 5, menu: main",
     '5:18: "grace_seconds" means nothing beside "full"; '
     'it belongs to "no_agents" or "none_ready"'),
    ("full: 20, menu: main, keep_clock: true",
     '5:30: "keep_clock" means nothing beside "menu"; it belongs to "queue"'),
    ("full: 20, announcement: []", '5:18: "announcement" is empty; at least 1 needed'),
    ("full: 20, number: 12", '5:26: "number" cannot be "12"; 3 to 20 digits, with or without a '
     "+ first"),
    ("full: 20, number: 0049-30", '5:26: "number" cannot be "0049-30"; 3 to 20 digits, with or '
     "without a + first"),
    ("closed: always, menu: main",
     '5:16: this exit is never followed: "always" is always open; '
     "name other hours, or remove the exit"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "problem"), MISTAKES)
def test_each_mistake_is_told_at_its_line(leaving: Small, written: str, problem: str) -> None:
    write(leaving, written)
    assert leaving.told() == [f"config/queues.yaml:{problem}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("closed: never, menu: main", "full: 20, menu: main"),
        ("closed: never, menu: main", "max_wait_seconds: 20, menu: main"),
        ("closed: office, menu: main", "closed: office, queue: billing"),
        ("full: 10, menu: main", "full: 20, menu: main"),
        ("crowded: 2, menu: main", "crowded: 2, queue: billing"),
        ("estimate_over_seconds: 60, menu: main", "estimate_over_seconds: 90, menu: main"),
        ("max_wait_seconds: 60, menu: main", "max_wait_seconds: 60, queue: billing"),
        ("max_wait_seconds: 60, menu: main", "max_wait_seconds: 90, queue: billing"),
        ("none_ready: true, menu: main", "no_agents: true, menu: main"),
        ("no_agents: true, menu: main", "no_agents: true, when: waiting, grace_seconds: 5, "
         "menu: main"),
    ],
)  # fmt: skip
def test_an_exit_after_one_that_always_comes_first_is_told(
    leaving: Small, first: str, second: str
) -> None:
    write(leaving, first, second)
    assert leaving.told() == [
        "config/queues.yaml:6:7: this exit is never followed: the one in line 5 always comes "
        "first; remove it, or write it before the other"
    ]


def test_a_longer_wait_is_never_over_first_wherever_it_stands(leaving: Small) -> None:
    write(leaving, "max_wait_seconds: 90, menu: main", "max_wait_seconds: 60, menu: main")
    (problem,) = leaving.told()
    assert problem.startswith("config/queues.yaml:5:7: this exit is never followed: the one in ")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("no_agents: true, menu: main", "none_ready: true, menu: main"),
        ("no_agents: true, when: join, menu: main", "no_agents: true, when: waiting, menu: main"),
        ("none_ready: true, grace_seconds: 60, menu: main", "no_agents: true, menu: main"),
        ("full: 20, menu: main", "full: 10, queue: billing"),
        ("estimate_over_seconds: 90, menu: main", "estimate_over_seconds: 60, menu: main"),
        ("closed: never, when: waiting, menu: main", "full: 20, menu: main"),
        ('key: "1", menu: main', 'key: "2", menu: main'),
    ],
)
def test_exits_that_can_both_be_followed_are_right(leaving: Small, first: str, second: str) -> None:
    write(leaving, first, second)
    assert leaving.told() == []


def test_a_key_leads_out_once(leaving: Small) -> None:
    write(leaving, 'key: "1", menu: main', "full: 20, menu: main", "key: 1, queue: billing")
    assert leaving.told() == [
        'config/queues.yaml:7:13: the key "1" leads out twice; first in line 5: keep one'
    ]
