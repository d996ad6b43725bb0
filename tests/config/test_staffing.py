"""Whether anybody can do it: queues, relaxations, reserves and what menus ask for besides."""

import pytest

from tests.config.conftest import Small

BEST = 'agents.yaml has "fault" 5 at most (1001)'


def rest_of_fault(small: Small, *lines: str) -> None:
    text = "\n  ".join(lines)
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", text)


MISTAKES = [
    (["relax: [{after_seconds: 60, needs: {fault: 9}}]"],
     f"4:11: no agent satisfies this relaxation, which asks for fault 9; {BEST}"),
    (["relax: [{after_seconds: 60, any_of: {fault: 9, billing: 6}}]"],
     "4:11: no agent satisfies this relaxation, which asks for one of billing 6, fault 9; "
     'agents.yaml has "billing" 5 at most (1002), "fault" 5 at most (1001)'),
    (["any_of: {billing: 6}"],
     '3:3: no agent can serve the queue "fault", which needs fault 3 and one of billing 6; '
     f'{BEST}, "billing" 5 at most (1002)'),
    (["relax:", "  - {after_seconds: 60, needs: {fault: 2}}",
      "  - {after_seconds: 60, needs: {fault: 1}}"],
     '6:23: "after_seconds" is not later than the step before, at 60; more than 60'),
    (["relax: [{after_seconds: 60, needs: {fault: 2}}]",
      "exits: [{max_wait_seconds: 60, menu: main}]"],
     "4:27: this relaxation never comes: after 60 seconds the caller has left; less than 60"),
    (["relax: [{after_seconds: 60, needs: {fault: 3}}]"],
     '4:11: this relaxation changes nothing; write other "needs" or "any_of", or '
     "keep_extra_needs: false"),
    (["relax: [{after_seconds: 60}]"],
     '4:11: this relaxation changes nothing; write other "needs" or "any_of", or '
     "keep_extra_needs: false"),
    (["reserved_agents: 2"],
     "4:20: 2 cannot be reserved: 1 agent can serve the queue; at most 1"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "problem"), MISTAKES)
def test_each_mistake_is_told_at_the_line_that_can_repair_it(
    small: Small, lines: list[str], problem: str
) -> None:
    rest_of_fault(small, *lines)
    assert small.told() == [f"config/queues.yaml:{problem}"]


def test_nobody_even_after_the_last_relaxation(small: Small) -> None:
    small.edit("config/queues.yaml", "{fault: 3}", "{fault: 9}")
    rest_of_fault(small, "relax: [{after_seconds: 60, needs: {fault: 8}}]")
    assert small.told() == [
        'config/queues.yaml:3:3: no agent can serve the queue "fault", which needs fault 9, even '
        f"after its last relaxation; {BEST}",
        "config/queues.yaml:4:11: no agent satisfies this relaxation, which asks for fault 8; "
        + BEST,
    ]


def test_a_queue_that_somebody_serves_after_a_relaxation_is_right(small: Small) -> None:
    small.edit("config/queues.yaml", "{fault: 3}", "{fault: 9}")
    rest_of_fault(small, "relax: [{after_seconds: 60, needs: {fault: 5}}]")
    assert small.told() == []


@pytest.mark.parametrize(
    "steps",
    [
        "[{after_seconds: 9, keep_extra_needs: false}]",
        "[{after_seconds: 9, needs: {fault: 2}}, {after_seconds: 10, needs: {fault: 3}}]",
        # The first may not have come when the second does.
        "[{after_seconds: 9, needs: {fault: 2}, only_if_estimate_over_seconds: 60},"
        " {after_seconds: 10, needs: {fault: 2}}]",
    ],
)
def test_steps_that_change_something_are_right(small: Small, steps: str) -> None:
    rest_of_fault(small, f"relax: {steps}")
    assert small.told() == []


def test_a_step_before_the_longest_wait_is_right(small: Small) -> None:
    rest_of_fault(small, "relax: [{after_seconds: 59, needs: {fault: 2}}]",
                  "exits: [{max_wait_seconds: 60, menu: main}]")  # fmt: skip
    assert small.told() == []


# -- who has a skill for some time ---------------------------------------------------------------


def test_who_will_have_the_skill_or_had_it_counts(small: Small) -> None:
    small.edit("config/acd.yaml", "service_name:", "time_zone: Europe/Berlin\nservice_name:")
    for dates in ("from: 2030-01-01", "until: 2020-01-01", "from: 2026-12-01, until: 2026-12-02"):
        small.write(
            "config/agents.yaml",
            f"""\
- {{id: "1001", name: A, phone: PJSIP/1001, skills: {{fault: {{grade: 3, {dates}}}}}}}
- {{id: "1002", name: B, phone: PJSIP/1002, skills: {{billing: 5}}}}
""",
        )
        assert small.told() == []


def test_skills_that_never_come_together_serve_nobody(small: Small) -> None:
    small.edit("config/acd.yaml", "service_name:", "time_zone: Europe/Berlin\nservice_name:")
    small.edit("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: {grade: 5, "
               "until: 2027-01-01}, billing: {grade: 3, from: 2027-01-01}}")  # fmt: skip
    small.edit("config/queues.yaml", "{fault: 3}", "{fault: 3, billing: 3}")
    (problem,) = small.told()
    assert problem.startswith('config/queues.yaml:3:3: no agent can serve the queue "fault"')


def test_a_group_counts_while_it_is_enabled(small: Small) -> None:
    small.write("config/groups.yaml", "experts: {skills: {fault: 9}}\n")
    small.edit("config/queues.yaml", "{fault: 3}", "{fault: 9}")
    small.edit("config/agents.yaml", "billing: 5, fault: 1}", "billing: 5}\n  groups: [experts]")
    assert small.told() == []
    small.write("config/groups.yaml", "experts: {enabled: false, skills: {fault: 9}}\n")
    (problem,) = small.told()
    assert problem.startswith('config/queues.yaml:3:3: no agent can serve the queue "fault"')


# -- what menus ask for besides ------------------------------------------------------------------


def test_what_an_option_asks_for_must_be_possible_too(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{queue: fault, needs: {billing: 3}}")
    assert small.told() == [
        'ivr_menus/main.yaml:5:21: no agent can serve the queue "fault" with these needs: '
        'billing 3, fault 3; agents.yaml has "billing" 5 at most (1002), '
        '"fault" 5 at most (1001)'
    ]


@pytest.mark.parametrize(
    "step", ["keep_extra_needs: false", "needs: {fault: 1}", "any_of: {billing: 1, fault: 1}"]
)
def test_an_option_may_hang_on_a_relaxation(small: Small, step: str) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{queue: fault, needs: {billing: 3}}")
    rest_of_fault(small, f"relax: [{{after_seconds: 60, {step}}}]")
    assert small.told() == []


@pytest.mark.parametrize(
    ("dates", "is_warned"),
    [
        ("from: 2026-11-23", True),
        ("until: 2026-11-22", True),
        ("from: 2026-11-22", False),
        ("from: 2026-11-01, until: 2026-12-01", False),
    ],
)
def test_a_queue_that_nobody_serves_today_is_warned_of(
    small: Small, dates: str, is_warned: bool
) -> None:
    """Today is the 22nd; the same files are right on every day."""
    small.edit("config/acd.yaml", "service_name:", "time_zone: Etc/UTC\nservice_name:")
    small.edit("config/agents.yaml", "{fault: 5}", f"{{fault: {{grade: 5, {dates}}}}}")
    warned = [str(each).replace(f"{small.root}/", "") for each in small.load().warnings]
    told = (
        'config/queues.yaml:3:3: warning: today no agent can serve the queue "fault", which needs '
        "fault 3; look at the dates of skills in agents.yaml and groups.yaml"
    )
    assert warned == ([told] if is_warned else [])


def test_an_option_that_nobody_serves_today_is_warned_of(small: Small) -> None:
    small.edit("config/acd.yaml", "service_name:", "time_zone: Etc/UTC\nservice_name:")
    small.edit(
        "config/agents.yaml", "{fault: 5}", "{fault: 5, billing: {grade: 3, from: 2027-01-01}}"
    )
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{queue: fault, needs: {billing: 3}}")
    (warned,) = small.load().warnings
    assert warned.what == (
        'warning: today no agent can serve the queue "fault" with these needs: billing 3, fault 3'
    )


def test_nothing_is_concluded_from_what_could_not_be_read(small: Small) -> None:
    small.edit("config/queues.yaml", "{fault: 3}", "{fault: 9, x: 2}")
    rest_of_fault(small, "reserved_agents: 9")
    assert [problem.split(";")[0] for problem in small.told()] == [
        'config/queues.yaml:3:21: unknown skill "x"'
    ]
    small.edit("config/queues.yaml", "{fault: 9, x: 2}", "{fault: 9}")
    small.edit("config/agents.yaml", "{fault: 5}", "{fault: 50}")
    assert [problem.split(";")[0] for problem in small.told()] == [
        'config/agents.yaml:4:19: "fault" cannot be "50"'
    ]
