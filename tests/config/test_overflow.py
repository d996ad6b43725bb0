"""Circles of exits: what would send a caller round without end is told, what lets time pass not."""

import pytest

from tests.config.conftest import Small

HOURS = """\
day: {time_zone: Europe/Berlin, weekly: {mon-sun: "06:00-20:00"}}
night: {time_zone: Europe/Berlin, weekly: {mon-sun: "20:00-30:00"}}
evening: {time_zone: Europe/Berlin, weekly: {mon-sun: "18:00-22:00"}}
"""


@pytest.fixture
def three(small: Small) -> Small:
    """Three queues a, b and c that each say ``exits: []`` in a line of their own: 4, 8, 12."""
    small.write("config/hours.yaml", HOURS)
    label = "label: {de: X, en: X}"
    text = "".join(
        f"{name}:\n  {label}\n  needs: {{{skill}: 1}}\n  exits: [{name}]\n"
        for name, skill in (("a", "fault"), ("b", "billing"), ("c", "billing"))
    )
    small.write("config/queues.yaml", text)
    menu = (small.root / "ivr_menus/main.yaml").read_text(encoding="utf-8")
    small.write("ivr_menus/main.yaml", menu.replace(": fault", ": a").replace(": billing", ": b"))
    return small


def told(three: Small, a: str = "", b: str = "", c: str = "") -> list[str]:
    for name, text in (("a", a), ("b", b), ("c", c)):
        three.edit("config/queues.yaml", f"exits: [{name}]", f"exits: [{text}]")
    return three.told()


REPAIR = "let one of these exits lead to a menu, a number or an announcement"


@pytest.mark.parametrize(
    "condition",
    [
        "full: 5",
        "no_agents: true",
        "none_ready: true, when: waiting",
        "crowded: 3",
        "estimate_over_seconds: 60",
        "closed: day",
        "max_wait_seconds: 60, keep_clock: true",
        "max_wait_seconds: 60",
    ],
)
def test_two_queues_that_send_callers_to_each_other_are_told(three: Small, condition: str) -> None:
    (problem,) = told(three, "{no_agents: true, queue: b}", f"{{{condition}, queue: a}}")
    assert problem.startswith("config/queues.yaml:8:")
    assert f': callers would be sent round in a circle: "a" -> "b" -> "a"; {REPAIR}' in problem


def test_a_queue_that_sends_callers_to_itself_is_told(three: Small) -> None:
    assert told(three, b="{full: 5, queue: b}") == [
        'config/queues.yaml:8:28: callers would be sent round in a circle: "b" -> "b"; ' + REPAIR
    ]


def test_a_circle_of_three_is_told_once(three: Small) -> None:
    to_b, to_c, to_a = (f"{{full: 5, queue: {name}}}" for name in "bca")
    (problem,) = told(three, to_b, to_c, to_a)
    assert '"a" -> "b" -> "c" -> "a"' in problem
    assert problem.startswith("config/queues.yaml:12:28: ")


def test_each_circle_is_told(three: Small) -> None:
    found = told(three, "{full: 5, queue: a}", "{full: 5, queue: c}", "{full: 5, queue: b}")
    assert [problem.split(": ")[2][:10] for problem in found] == ['"a" -> "a"', '"b" -> "c"']


@pytest.mark.parametrize(
    "back",
    [
        "max_wait_seconds: 60, keep_clock: false, queue: a",
        'key: "1", queue: a',
        "full: 5, menu: main",
        "full: 5, announcement: [wait/bye]",
    ],
)
def test_what_lets_time_pass_is_no_circle(three: Small, back: str) -> None:
    assert told(three, "{no_agents: true, queue: b}", f"{{{back}}}") == []


def test_an_overflow_that_ends_is_no_circle(three: Small) -> None:
    to_b_or_c = "{full: 5, queue: b}, {crowded: 2, queue: c}"
    assert told(three, to_b_or_c, "{max_wait_seconds: 60, queue: c}") == []


def test_day_and_night_may_send_callers_to_each_other(three: Small) -> None:
    assert told(three, "{closed: day, queue: b}", "{closed: night, queue: a}") == []


def test_hours_that_are_closed_together_may_not(three: Small) -> None:
    (problem,) = told(three, "{closed: day, queue: b}", "{closed: evening, queue: a}")
    assert '"a" -> "b" -> "a"' in problem


def test_hours_are_looked_at_along_the_whole_way(three: Small) -> None:
    # Each two have a moment at which both are closed; all three never have.
    three.write(
        "config/hours.yaml",
        """\
early: {time_zone: Etc/UTC, weekly: {mon-sun: "00:00-08:00"}}
noon: {time_zone: Etc/UTC, weekly: {mon-sun: "08:00-16:00"}}
late: {time_zone: Etc/UTC, weekly: {mon-sun: "16:00-24:00"}}
""",
    )
    to_b, to_c = "{closed: early, queue: b}", "{closed: noon, queue: c}"
    assert told(three, to_b, to_c, "{closed: late, queue: a}") == []
    three.edit("config/queues.yaml", "closed: late", "full: 5")
    (problem,) = three.told()
    assert '"a" -> "b" -> "c" -> "a"' in problem


def test_unknown_hours_prove_nothing(three: Small) -> None:
    (problem,) = told(three, "{closed: dya, queue: b}", "{full: 5, queue: a}")
    assert 'unknown hours "dya"' in problem


@pytest.mark.slow
def test_a_long_row_of_queues_is_followed_to_its_end(small: Small) -> None:
    count = 1200  # More than Python calls deep.
    rows = [
        f"q{n}: {{label: {{de: X, en: X}}, needs: {{fault: 1}}, "
        f"exits: [{{full: 5, queue: q{(n + 1) % count}}}]}}\n"
        for n in range(count)
    ]
    small.write("config/queues.yaml", "".join(rows))
    menu = (small.root / "ivr_menus/main.yaml").read_text(encoding="utf-8")
    small.write("ivr_menus/main.yaml", menu.replace(": fault", ": q0").replace(": billing", ": q1"))
    (problem,) = small.told()
    assert problem.startswith(f"config/queues.yaml:{count}:")
