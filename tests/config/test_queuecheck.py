"""What a queue names must be there, and what it says must go together."""

import pytest

from acd.core.ids import QueueId
from acd.core.queueplan import RecordingPlan
from tests.config.conftest import Small

NIGHT = """\
menu: night
languages: [de]
choices:
  1: {queue: fault}
wrong_key: {de: Nein.}
otherwise: {hang_up: true}
"""

MISTAKES = [
    ("any_of: {bill: 1}",
     '4:12: unknown skill "bill", did you mean "billing"?; allowed: fault, billing (skills.yaml)'),
    ("relax: [{after_seconds: 9, needs: {falt: 1}}]",
     '4:38: unknown skill "falt", did you mean "fault"?; allowed: fault, billing (skills.yaml)'),
    ("relax: [{after_seconds: 9, any_of: {fault: 1, water: 1}}]",
     '4:49: unknown skill "water"; allowed: fault, billing (skills.yaml)'),
    ('strategy: ordered\n  agent_order: ["1001", "1003"]',
     '5:25: unknown agent "1003", did you mean "1002"?; allowed: 1001, 1002 (agents.yaml)'),
    ('strategy: ordered\n  agent_order: ["1001", "1002", "1001"]',
     '5:33: agent "1001" stands here twice; first in line 5'),
    ("strategy: weighted_random\n  agent_weights: {2001: 2}",
     '5:19: unknown agent "2001", did you mean "1001"?; allowed: 1001, 1002 (agents.yaml)'),
    ('agent_order: ["1001"]',
     '4:3: "agent_order" means nothing with the strategy longest_idle; '
     "it belongs to strategy: ordered"),
    ("strategy: ring_all\n  agent_weights: {1001: 2}",
     '5:3: "agent_weights" means nothing with the strategy ring_all; '
     "it belongs to strategy: weighted_random"),
    ("progress_seconds: 9",
     '4:3: "progress_seconds" means nothing with the strategy longest_idle; '
     "it belongs to strategy: ring_progressively"),
    ("strategy: ordered",
     '4:13: nobody says in which order agents are "ordered"; add "agent_order"'),
    ("caller_values: [{attribute: contract, value: 4711, seconds: 60}]",
     '4:31: unknown attribute "contract"; allowed: language, ani, dnis, client'),
    ("caller_values:\n    - {attribute: ani, value: 4711, seconds: 60}\n"
     "    - {attribute: ani, value: 4711, seconds: 90}",
     '6:7: ani "4711" stands here twice; first in line 5'),
    ("announcements: {every_seconds: 30}",
     '4:3: nothing is announced; add "position", "estimate" or "prompts"'),
    ("exits: [{full: 9, queue: biling}]",
     '4:28: unknown queue "biling", did you mean "billing"?; allowed: fault, billing'),
    ("exits: [{full: 9, menu: mian}]",
     '4:27: unknown menu "mian", did you mean "main"?; allowed: main, night'),
    ("exits: [{full: 9, menu: agent}]",
     '4:27: unknown menu "agent"; allowed: main, night'),
    ("exits: [{full: 9, menu: night}]",
     '4:27: the menu "night" does not speak "en", which callers may have chosen; '
     "add en to {root}ivr_menus/night.yaml"),
    ("exits: [{closed: offices, menu: main}]",
     '4:20: unknown hours "offices", did you mean "office"?; allowed: always, office (hours.yaml)'),
    ("exits: [{full: 9, number: 112}]",
     '4:29: "112" is no number to which callers may be sent; '
     'add it to "external_numbers" in acd.yaml'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), MISTAKES)
def test_each_mistake_is_told_at_the_line_that_can_repair_it(
    small: Small, text: str, problem: str
) -> None:
    small.write("ivr_menus/night.yaml", NIGHT)
    small.write("config/hours.yaml", "office: {time_zone: Etc/UTC, weekly: {mon: '8:00-9:00'}}\n")
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", text)
    found = [told.replace("add en to ", "add en to {root}") for told in small.told()]
    assert found == [f"config/queues.yaml:{problem}"]


def test_a_queue_that_records_needs_a_folder_and_a_question(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "recording: {keep_days: 30}")
    assert small.told() == [
        "config/queues.yaml:4:3: no menu asks callers whether their talk may be recorded, so none "
        'ever is; add "ask_recording" beside a "queue" in a menu',
        'config/queues.yaml:4:3: there is no folder for recordings; add "recordings" to acd.yaml',
    ]
    small.edit("config/acd.yaml", "service_name:", "recordings: ../rec\nservice_name:")
    small.edit(
        "ivr_menus/main.yaml",
        "{queue: fault}",
        "{queue: fault, ask_recording: {de: Dürfen wir?, en: May we?}}",
    )
    assert small.told() == []
    plan = small.load().plan
    assert plan.queues[QueueId("fault")].recording == RecordingPlan(keep_days=30)
    assert plan.recordings_path_on_pbx == "/var/lib/acd/recordings"


def test_nothing_is_recorded_that_is_not_switched_on(small: Small) -> None:
    plan = small.load().plan
    assert plan.recordings_path_on_pbx == ""
    assert all(queue.recording is None for queue in plan.queues.values())


SURVEY = """\
menu: survey
languages: [de, en]
choices:
  1: {announce: {de: Sie?, en: You?}, collect: [{into: kind, say: {de: Wie?, en: How?}}],
      hang_up: true}
wrong_key: {de: Nein., en: No.}
otherwise: {hang_up: true}
"""


def test_a_survey_is_a_menu_that_asks_and_ends(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "survey: survey")
    assert small.told() == ['config/queues.yaml:4:11: unknown menu "survey"; allowed: main']
    small.write("ivr_menus/survey.yaml", SURVEY)
    assert small.told() == []
    assert small.load().plan.queues[QueueId("fault")].survey == "survey"
    small.edit("ivr_menus/survey.yaml", "languages: [de, en]", "languages: [de]")
    assert small.told()[-1].startswith(
        'config/queues.yaml:4:11: the menu "survey" does not speak "en"'
    )


def test_a_survey_that_collects_nothing_is_told_so(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "survey: survey")
    small.write("ivr_menus/survey.yaml", SURVEY)
    small.edit("ivr_menus/survey.yaml", "collect: [{into: kind, say: {de: Wie?, en: How?}}],", "")
    (problem,) = small.told()
    assert problem == (
        'config/queues.yaml:4:11: the menu "survey" collects nothing, so no answer would be kept; '
        f'add "collect" to a choice in {small.root}/ivr_menus/survey.yaml'
    ).replace(f"{small.root}/", "")


def test_after_a_survey_nobody_waits_once_more(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "survey: main")
    assert small.told() == [
        'config/queues.yaml:4:11: the menu "main" leads to the queue "billing", but after a talk '
        "nobody waits; name a menu whose ways all end the call"
    ]


def test_a_queue_asks_for_something(small: Small) -> None:
    small.edit("config/queues.yaml", "  needs: {fault: 3}\n", "")
    assert small.told() == [
        'config/queues.yaml:1:1: the queue "fault" asks for no skill; '
        'add "needs", or "any_of" where one skill of several will do'
    ]


def test_a_number_may_be_called_when_acd_yaml_allows_it(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "exits: [{full: 9, number: 112}]")
    small.edit("config/acd.yaml", "service_name:", "external_numbers: [112]\nservice_name:")
    assert small.told() == []
    small.edit("config/acd.yaml", "[112]", "[112, 112]")
    assert small.told() == ['config/acd.yaml:4:25: number "112" stands here twice; first in line 4']
    small.edit("config/acd.yaml", "[112, 112]", "[1 12]")
    assert small.told() == [
        'config/acd.yaml:4:20: entry 1 cannot be "1 12"; 3 to 20 digits, with or without a + first'
    ]


def test_what_a_menu_collects_can_be_worth_something(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120",
               "caller_values: [{attribute: contract, value: 4711, seconds: 60}]")  # fmt: skip
    small.edit("ivr_menus/main.yaml", "{queue: fault}",
               "{queue: fault, collect: [{into: contract, say: {de: Nr?, en: No?}}]}")  # fmt: skip
    assert small.told() == []


def test_names_are_not_checked_against_what_could_not_be_read(small: Small) -> None:
    small.edit("config/queues.yaml", "wrap_up_seconds: 120",
               'strategy: ordered\n  agent_order: ["1003"]\n  '
               "exits: [{closed: office, number: 112}]")  # fmt: skip
    for name in ("config/agents.yaml", "config/hours.yaml", "config/acd.yaml"):
        small.write(name, "[")
    assert {problem.split(":")[0] for problem in small.told()} == {
        "config/agents.yaml", "config/hours.yaml", "config/acd.yaml"}  # fmt: skip


def test_of_very_many_names_only_the_first_are_told(small: Small) -> None:
    agents = "".join(
        f'- {{id: "{n}", name: A, phone: PJSIP/{n}, skills: {{fault: 5, billing: 1}}}}\n'
        for n in range(1000, 1100)
    )
    small.write("config/agents.yaml", agents)
    small.edit("config/queues.yaml", "wrap_up_seconds: 120",
               "strategy: ordered\n  agent_order: [x]")  # fmt: skip
    (problem,) = small.told()
    assert problem.endswith("1038, 1039 and 60 more (agents.yaml)")


def test_a_language_asked_for_must_be_spoken_by_somebody_who_can_do_the_rest(small: Small) -> None:
    """English is spoken by who takes bills and by nobody who takes faults; Italian by nobody."""
    skills = "language.en: {label: {de: E, en: E}}\nlanguage.it: {label: {de: I, en: I}}\nbilling:"
    small.edit("config/skills.yaml", "billing:", skills)
    small.edit("config/agents.yaml", "billing: 5,", "billing: 5, language.en: 3,")
    asks = "attribute_needs: [{attribute: language, prefix: language.}]"
    small.edit(
        "ivr_menus/main.yaml", "en: Bill}, queue: billing", f"en: Bill}}, queue: billing, {asks}"
    )
    assert small.told() == []
    small.edit("ivr_menus/main.yaml", "1: {queue: fault", f"1: {{queue: fault, {asks}")
    assert small.told() == [
        'ivr_menus/main.yaml:5:39: no agent can serve the queue "fault" with these needs: '
        'fault 3, language.en 1; agents.yaml has "fault" 5 at most (1001), '
        '"language.en" 3 at most (1002)'
    ]
