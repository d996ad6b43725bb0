"""Values a model refuses are told in an operator's words, with what would be right."""

import pytest

from acd.config.explain import did_you_mean, one_of
from tests.config.conftest import Small

MISTAKES = [
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrapup_seconds: 120",
     'config/queues.yaml:4:3: unknown key "wrapup_seconds", did you mean "wrap_up_seconds"?; '
     "allowed: label, needs, any_of, relax, target_seconds, priority_seconds, caller_values, "
     "strategy, agent_order, agent_weights, progress_seconds, preferred_agent, reserved_agents, "
     "ring_timeout_seconds, wrap_up_seconds, busy_delay_seconds, declined_delay_seconds, "
     "no_answer_delay_seconds, rona_after, unreachable_delay_seconds, short_abandon_seconds, "
     "exits, announcements, recording, survey, voicemail"),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: 301",
     'config/queues.yaml:4:20: "wrap_up_seconds" cannot be "301"; at most 300'),
    ("config/queues.yaml", "wrap_up_seconds: 120", "ring_timeout_seconds: 0",
     'config/queues.yaml:4:25: "ring_timeout_seconds" cannot be "0"; at least 3'),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: 2min",
     'config/queues.yaml:4:20: "wrap_up_seconds" must be a number, not "2min"; '
     "write it without a unit, for example 15"),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: .inf",
     'config/queues.yaml:4:20: "wrap_up_seconds" must be a number, not ".inf"; '
     "write it without a unit, for example 15"),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: inf",
     'config/queues.yaml:4:20: "wrap_up_seconds" must be a number, not "inf"; '
     "write it without a unit, for example 15"),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: yes",
     'config/queues.yaml:4:20: "wrap_up_seconds" must be a number, not "yes"; '
     "write it without a unit, for example 15"),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds:",
     'config/queues.yaml:4:3: "wrap_up_seconds" is empty; '
     "it is for: the longest after-call work; the agent may end it earlier"),
    ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: [1]",
     'config/queues.yaml:4:3: "wrap_up_seconds" must be a number'),
    ("config/queues.yaml", "{fault: 3}", "{fault: 11}",
     'config/queues.yaml:3:18: "fault" cannot be "11"; at most 10'),
    ("config/queues.yaml", "{fault: 3}", "{fault: 2.5}",
     'config/queues.yaml:3:18: "fault" must be a whole number, not "2.5"'),
    ("config/queues.yaml", "{fault: 3}", "{}",
     'config/queues.yaml:3:3: "needs" is empty; at least 1 needed'),
    ("config/queues.yaml", "{fault: 3}", "fault",
     'config/queues.yaml:3:10: "needs" must be a mapping; '
     "write lines of the form key: value below it"),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: {from: 2026-12-01}}",
     'config/agents.yaml:4:12: "grade" is missing; it is for: how well he can do it, 1 to 10'),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: {grade: 5, til: 2026-12-01}}",
     'config/agents.yaml:4:30: unknown key "til", did you mean "until"?; '
     "allowed: grade, from, until"),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: {grade: 5, from: 1.12.2026}}",
     'config/agents.yaml:4:36: "from" cannot be "1.12.2026"; '
     "a date is year, month, day: 2026-12-24"),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: {grade: 11}}",
     'config/agents.yaml:4:27: "grade" cannot be "11"; at most 10'),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: 11}",
     'config/agents.yaml:4:19: "fault" cannot be "11"; at most 10'),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: [5]}",
     'config/agents.yaml:4:12: "fault" must be a whole number'),
    ("config/agents.yaml", "skills: {fault: 5}", "skills: {fault: }",
     'config/agents.yaml:4:12: "fault" is empty; '
     "it is for: what he can do, each graded 1 to 10, some of it from or until a date"),
    ("config/agents.yaml", "PJSIP/1002", "1002",
     'config/agents.yaml:7:10: "phone" cannot be "1002"; a phone is written like PJSIP/1001'),
    ("config/agents.yaml", "PJSIP/1002", "PJSIP/1002&PJSIP/9",
     'config/agents.yaml:7:10: "phone" cannot be "PJSIP/1002&PJSIP/9"; '
     "a phone is written like PJSIP/1001"),
    ("config/agents.yaml", '"0815"', "12",
     'config/agents.yaml:9:8: "pin" cannot be "12"; 4 to 12 digits'),
    ("config/agents.yaml", "Tom Wolf", '"Tom\\nWolf"',
     'config/agents.yaml:6:9: "name" cannot be "Tom\\nWolf"; some text in one line'),
    ("config/agents.yaml", "Tom Wolf", "T" * 501,
     'config/agents.yaml:6:9: "name" is too long; at most 500 characters'),
    ("config/agents.yaml", "Tom Wolf", "{first: Tom}",
     'config/agents.yaml:6:3: "name" must be one text, not a list or mapping'),
    ("config/agents.yaml", '- id: "1002"\n  name', "- name",
     'config/agents.yaml:5:3: "id" is missing; '
     "it is for: his number, what he types to log in at another phone"),
    ("ivr_menus/main.yaml", "  9: ", "  10: ",
     'ivr_menus/main.yaml:7:3: "10" cannot be a key here; one key: 0 to 9, "*" or "#"'),
    ("ivr_menus/main.yaml", "{queue: fault}", "",
     'ivr_menus/main.yaml:5:3: "1" is empty; '
     "it is for: key -> what it does; announced in this order"),
    ("ivr_menus/main.yaml", "[de, en]", "de",
     'ivr_menus/main.yaml:2:12: "languages" must be a list; '
     "write lines that begin with - below it, or [a, b]"),
    ("ivr_menus/main.yaml", "{de: Falsch., en: Wrong.}", "Falsch.",
     'ivr_menus/main.yaml:8:12: "wrong_key" must be a text in each language; '
     "write {de: ..., en: ...}"),
    ("ivr_menus/agent.yaml", '"*30"', "30",
     'ivr_menus/agent.yaml:4:3: "30" cannot be a key here; a code is written like "*30", '
     '"*331" or "*33*1", in quotes'),
    ("ivr_menus/agent.yaml", "do: login", "do: login\n    by_number: maybe",
     'ivr_menus/agent.yaml:6:16: "by_number" cannot be "maybe"; allowed: true, false'),
    ("config/acd.yaml", "service_name: Waterworks", "service_name: Waterworks\nlog_format: xml",
     'config/acd.yaml:5:13: "log_format" cannot be "xml"; allowed: text or json'),
    ("config/acd.yaml", "service_name: Waterworks\n", "",
     'config/acd.yaml:1:1: "service_name" is missing; it is for: what the caller\'s phone may '
     "show as its partner while he talks; never the agent's name"),
    ("config/acd.yaml", "name: main", "name: main\n    port: 70000",
     'config/acd.yaml:3:11: "port" cannot be "70000"; at most 65535'),
    ("config/acd.yaml", "name: main", "name: main\n    pot: 5038",
     'config/acd.yaml:3:5: unknown key "pot", did you mean "port"?; allowed: name, host, port, '
     "username, secret_file, secret_credential, system_name_file, system_name_credential"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told_at_its_line_with_what_is_allowed(
    small: Small, file: str, old: str, new: str, problem: str
) -> None:
    small.edit(file, old, new)
    assert small.told() == [problem]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("config/agents.yaml", '"1002"', "1002"),
        ("config/agents.yaml", '"0815"', "0815"),
        ("config/agents.yaml", "Tom Wolf", "no"),
        ("config/agents.yaml", "Tom Wolf", "08"),
        ("config/queues.yaml", "wrap_up_seconds: 120", "wrap_up_seconds: 08"),
        ("config/queues.yaml", "wrap_up_seconds: 120", 'wrap_up_seconds: "90.5"'),
        ("ivr_menus/main.yaml", "  9: ", '  "9": '),
        ("ivr_menus/main.yaml", "  9: ", '  "*": '),
    ],
)
def test_what_yaml_would_misread_is_read_as_it_was_meant(
    small: Small, file: str, old: str, new: str
) -> None:
    small.edit(file, old, new)
    assert small.told() == []


def test_a_refused_value_does_not_hide_what_else_is_wrong_in_its_entry(small: Small) -> None:
    small.edit("config/queues.yaml", "{fault: 3}\n  wrap_up", "{fualt: 3}\n  wrapup")
    assert [problem.split(" ", 1)[0] for problem in small.told()] == [
        "config/queues.yaml:3:11:",
        "config/queues.yaml:4:3:",
    ]


def test_a_hopeless_entry_is_told_in_short(small: Small) -> None:
    small.edit("config/queues.yaml", "{fault: 3}\n", "{fault: 3}\n" + "".join(
        f"  wrong_{number}: 1\n" for number in range(100)
    ))  # fmt: skip
    told = [problem for problem in small.told() if "config/queues.yaml" in problem]
    assert told[0] == "config/queues.yaml:1:1: 60 more mistakes in this entry"
    assert len(told) == 41


def test_a_far_word_gets_no_guess() -> None:
    assert did_you_mean("fualt", ["fault", "billing"]) == ', did you mean "fault"?'
    assert did_you_mean("xyzzy", ["fault", "billing"]) == ""
    assert did_you_mean("x" * 1_000_000, ["fault"]) == ""


def test_nothing_to_choose_from_is_said() -> None:
    assert one_of([]) == "none is defined"
