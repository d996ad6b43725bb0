"""Agents and groups: skills with dates, what groups add, how many calls in a row, shifts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from acd.core.ids import AgentId
from acd.core.plan import AgentPlan, Shift
from tests.config.conftest import Small

BERLIN = ZoneInfo("Europe/Berlin")


def anna(small: Small, rest: str = "") -> AgentPlan:
    if rest:
        small.edit("config/agents.yaml", "  skills: {fault: 5}\n", rest)
    return small.load().plan.agents[AgentId("1001")]


@pytest.fixture
def dated(small: Small) -> Small:
    """With a time zone for dates."""
    small.edit("config/acd.yaml", "service_name:", "time_zone: Europe/Berlin\nservice_name:")
    return small


def test_an_agent_can_say_all_of_this(small: Small) -> None:
    found = anna(
        small,
        """\
  skills: {fault: 5}
  pin: "4711"
  max_calls_in_row: 3
  shift: {hours: always, warn_minutes: 10, log_out: true}
""",
    )
    assert (found.skills, found.grants, found.pin) == ({"fault": 5}, (), "4711")
    assert found.max_calls_in_row == 3
    assert found.shift == Shift(hours="always", warn_seconds=600, log_out=True)


def test_what_is_not_written_is_as_the_plan_says(small: Small) -> None:
    found = anna(small)
    assert (found.max_calls_in_row, found.shift, found.pin) == (0, None, "")


def test_on_demand_is_one_call_in_a_row(small: Small) -> None:
    assert anna(small, "  skills: {fault: 5}\n  on_demand: true\n").max_calls_in_row == 1


def test_a_skill_begins_and_ends_at_midnight(dated: Small) -> None:
    found = anna(dated, "  skills: {fault: 5, billing: {grade: 2, from: 2026-12-01, "
                 "until: 2027-07-01}}\n")  # fmt: skip
    begins = datetime(2026, 12, 1, tzinfo=BERLIN).timestamp()
    ends = datetime(2027, 7, 1, tzinfo=BERLIN).timestamp()
    assert found.skills_at(begins - 1) == {"fault": 5}
    assert found.skills_at(begins) == {"fault": 5, "billing": 2}
    assert found.skills_at(ends - 1) == {"fault": 5, "billing": 2}
    assert found.skills_at(ends) == {"fault": 5}


@pytest.mark.parametrize("first", ["0001-01-01", "1893-04-01", "2026-03-29", "9999-12-31"])
def test_any_day_of_the_calendar_can_be_written(dated: Small, first: str) -> None:
    found = anna(dated, f"  skills: {{fault: 5, billing: {{grade: 2, from: {first}}}}}\n")
    (grant,) = found.grants
    assert grant.valid_from is not None


def test_groups_give_their_skills_while_they_are_enabled(dated: Small) -> None:
    groups = """\
juniors: {skills: {fault: 2, billing: 1}}
seniors: {skills: {fault: {grade: 9, from: 2026-12-01}}}
"""
    dated.write("config/groups.yaml", groups)
    found = anna(dated, "  skills: {fault: 5}\n  groups: [juniors, seniors]\n")
    assert found.skills == {"fault": 5, "billing": 1}
    assert found.skills_at(2e9) == {"fault": 9, "billing": 1}
    dated.write("config/groups.yaml", groups.replace("{skills", "{enabled: false, skills"))
    assert anna(dated).skills_at(2e9) == {"fault": 5}


def test_an_agent_may_have_all_his_skills_from_a_group(small: Small) -> None:
    small.write("config/groups.yaml", "all: {skills: {fault: 5}}\n")
    assert anna(small, "  groups: [all]\n").skills == {"fault": 5}


def test_hours_say_in_which_time_zone_dates_are_when_acd_yaml_does_not(small: Small) -> None:
    small.write("config/hours.yaml", "office: {time_zone: Asia/Tokyo, weekly: {mon: closed}}\n")
    found = anna(small, "  skills: {fault: {grade: 5, from: 2026-12-01}}\n")
    begins = datetime(2026, 11, 30, 15, tzinfo=UTC).timestamp()
    assert found.skills_at(begins - 1) == {}
    assert found.skills_at(begins) == {"fault": 5}
    small.edit("config/acd.yaml", "service_name:", "time_zone: Etc/UTC\nservice_name:")
    assert anna(small).skills_at(begins) == {}


# -- mistakes ------------------------------------------------------------------------------------

DATE = "skills: {fault: {grade: 5, from: 2026-12-01}}"
NO_ZONE = ('4:36: it is not known in which time zone "2026-12-01" begins; '
           'add "time_zone" to acd.yaml, for example Europe/Berlin')  # fmt: skip


def test_a_date_needs_a_time_zone(small: Small) -> None:
    small.edit("config/agents.yaml", "skills: {fault: 5}", DATE)
    assert small.told() == [f"config/agents.yaml:{NO_ZONE}"]
    small.write(
        "config/hours.yaml",
        """\
tokyo: {time_zone: Asia/Tokyo, weekly: {mon: closed}}
berlin: {time_zone: Europe/Berlin, weekly: {mon: closed}}
""",
    )
    assert small.told() == [f"config/agents.yaml:{NO_ZONE}"]


def test_a_time_zone_that_is_not_there_is_told_once(small: Small) -> None:
    small.edit("config/agents.yaml", "skills: {fault: 5}", DATE)
    small.edit("config/acd.yaml", "service_name:", "time_zone: Europe/Berln\nservice_name:")
    assert small.told() == [
        'config/acd.yaml:4:12: unknown time zone "Europe/Berln", did you mean "Europe/Berlin"?; '
        "write it as the tz database does, for example Europe/Berlin"
    ]
    small.edit("config/acd.yaml", "time_zone: Europe/Berln\n", "")
    small.write("config/hours.yaml", "office: {time_zone: Moon/Base, weekly: {mon: closed}}\n")
    (problem,) = small.told()
    assert problem.startswith('config/hours.yaml:1:21: unknown time zone "Moon/Base"')


MISTAKES = [
    ("skills: {fault: {grade: 5, from: 2026-02-30}}",
     '4:36: there is no day "2026-02-30"; write year, month, day: 2026-12-24'),
    ("skills: {fault: {grade: 5, from: 2026-12-01, until: 2026-12-01}}",
     '4:55: "fault" would end before it begins; '
     "a day after 2026-12-01: the first on which he no longer has it"),
    ("skills: {fault: 5}\n  groups: [trainee]",
     '5:12: unknown group "trainee", did you mean "trainees"?; allowed: trainees (groups.yaml)'),
    ("skills: {fault: 5}\n  groups: [trainees, trainees]",
     '5:22: group "trainees" stands here twice; first in line 5'),
    ("groups: []", '1:3: agent "1001" can do nothing; add "skills" or "groups"'),
    ("skills: {fault: 5}\n  max_calls_in_row: 2\n  on_demand: true",
     '6:3: "on_demand" and "max_calls_in_row" say the same thing twice; keep one of them'),
    ("skills: {fault: 5}\n  max_calls_in_row: 0",
     '5:21: "max_calls_in_row" cannot be "0"; at least 1'),
    ("skills: {fault: 5}\n  shift: {hours: offce}",
     '5:18: unknown hours "offce", did you mean "office"?; allowed: always, office (hours.yaml)'),
    ("skills: {fault: 5}\n  shift: {hours: office, warn_minutes: -1}",
     '5:40: "warn_minutes" cannot be "-1"; at least 0'),
    ("skills: {fault: 5}\n  shift: {log_out: true}",
     '5:3: "hours" is missing; it is for: the hours of hours.yaml by which he works'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), MISTAKES)
def test_each_mistake_is_told_at_its_line(dated: Small, text: str, problem: str) -> None:
    dated.write("config/groups.yaml", "trainees: {skills: {fault: 5}}\n")
    dated.write("config/hours.yaml", "office: {time_zone: Etc/UTC, weekly: {mon: closed}}\n")
    dated.edit("config/agents.yaml", "skills: {fault: 5}", text)
    found = [each for each in dated.told() if each.startswith("config/agents.yaml")]
    assert found == [f"config/agents.yaml:{problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("trainees: {skills: {falt: 5}}",
         '1:21: unknown skill "falt", did you mean "fault"?; '
         "allowed: fault, billing (skills.yaml)"),
        ("trainees: {enabled: maybe, skills: {fault: 1}}",
         '1:21: "enabled" cannot be "maybe"; allowed: true, false'),
        ("Trainees: {skills: {fault: 1}}",
         '1:1: "Trainees" cannot be a name; small letters, digits and _, a letter first, '
         "at most 32"),
        ("trainees: {skills: {fault: {grade: 1, until: 2026-13-01}}}",
         '1:46: there is no day "2026-13-01"; write year, month, day: 2026-12-24'),
        ("[]", "1:1: the file must be a mapping; write lines of the form name: {...}"),
    ],
)  # fmt: skip
def test_each_mistake_in_groups_is_told_once(dated: Small, text: str, problem: str) -> None:
    dated.write("config/groups.yaml", text + "\n")
    assert dated.told() == [f"config/groups.yaml:{problem}"]
