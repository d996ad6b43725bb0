"""What entries owe each other, and what is wrong with what only looks right alone."""

import pytest

from acd.config.check import RESERVED_REASON
from acd.core.offers import RONA
from tests.config.conftest import Small

MISTAKES = [
    ("config/queues.yaml", "{fault: 3}", "{fault: 9}",
     'config/queues.yaml:3:3: no agent can serve the queue "fault", which needs fault 9; '
     'agents.yaml has "fault" 5 at most (1001)'),
    ("config/queues.yaml", "{fault: 3}", "{fault: 3, billing: 3}",
     'config/queues.yaml:3:3: no agent can serve the queue "fault", which needs billing 3, '
     'fault 3; agents.yaml has "billing" 5 at most (1002), "fault" 5 at most (1001)'),
    ("config/queues.yaml", "{fault: 3}", "{fualt: 3}",
     'config/queues.yaml:3:11: unknown skill "fualt", did you mean "fault"?; '
     "allowed: fault, billing (skills.yaml)"),
    ("config/queues.yaml", "{de: Entstörung, en: Faults}", "{de: Entstörung}",
     'config/queues.yaml:2:3: "label" says nothing in "en"; add en: ...'),
    ("config/queues.yaml", "{de: Entstörung, en: Faults}", "{de: Entstörung, en: F, eng: F}",
     'config/queues.yaml:2:34: unknown language "eng", did you mean "en"?; '
     "allowed: de, en (acd.yaml)"),
    ("config/skills.yaml", "{de: Abrechnung, en: Billing}", "{en: Billing}",
     'config/skills.yaml:4:3: "label" says nothing in "de"; add de: ...'),
    ("config/agents.yaml", '"1002"', '"1001"',
     'config/agents.yaml:5:7: agent "1001" stands here twice; first in line 1'),
    ("config/agents.yaml", "PJSIP/1002", "PJSIP/1001",
     'config/agents.yaml:7:10: phone "PJSIP/1001" stands here twice; first in line 3'),
    ("config/agents.yaml", "{fault: 5}", "{fault: 5, biling: 2}",
     'config/agents.yaml:4:22: unknown skill "biling", did you mean "billing"?; '
     "allowed: fault, billing (skills.yaml)"),
    ("config/agents.yaml", '"1002"', "wolf",
     'config/agents.yaml:9:8: "wolf" cannot be typed on a telephone, so the PIN is of no use; '
     "give the agent a number as id, or no PIN"),
    ("config/acd.yaml", "    secret_file: secrets/main\n", "",
     'config/acd.yaml:2:5: the PBX "main" needs one place of its secret; '
     'write either "secret_file" or "secret_credential"'),
    ("config/acd.yaml", "secrets/main\n", "x\n    secret_credential: y\n",
     'config/acd.yaml:2:5: the PBX "main" needs one place of its secret; '
     'write either "secret_file" or "secret_credential"'),
    ("config/acd.yaml", "secrets/main\n",
     "x\n    system_name_file: y\n    system_name_credential: z\n",
     'config/acd.yaml:5:29: the PBX "main" has two places of its system name; '
     'keep one of "system_name_file" and "system_name_credential"'),
    ("config/acd.yaml", "pbxs:\n", "pbxs:\n  - {name: main, secret_file: x}\n",
     'config/acd.yaml:3:11: PBX "main" stands here twice; first in line 2'),
    ("config/acd.yaml", "[break, meeting]", "[break, break]",
     'config/acd.yaml:17:28: reason "break" stands here twice; first in line 17'),
    ("config/acd.yaml", "[break, meeting]", "[break, rona]",
     'config/acd.yaml:17:28: "rona" is what we say ourselves of who did not answer; '
     "give the agents' own reason another name"),
    ("config/acd.yaml", '"For {label}, press {key}."', '"For {label} press it."',
     'config/acd.yaml:14:13: "option" does not say {key}; write {key} in it'),
    ("config/acd.yaml", "service_name: Waterworks",
     "service_name: Waterworks\nhttp: {host: 0.0.0.0}",
     'config/acd.yaml:5:14: "0.0.0.0" is open to other machines and no tokens are asked for; '
     'write 127.0.0.1, or add "tokens_file"'),
    ("config/acd.yaml", "service_name: Waterworks",
     "service_name: Waterworks\nspeech: {command: [espeak, '{text}']}",
     "config/acd.yaml:5:10: the command is not told where to write; "
     "write {file} for the WAV file"),
    ("config/acd.yaml", "service_name: Waterworks",
     "service_name: Waterworks\ncallers_menu: mian",
     'config/acd.yaml:5:15: unknown menu "mian", did you mean "main"?; '
     "allowed: main (files of ivr_menus/)"),
    ("config/acd.yaml", "service_name: Waterworks",
     "service_name: Waterworks\ncallers_menu: agent",
     'config/acd.yaml:5:15: unknown menu "agent"; allowed: main (files of ivr_menus/)'),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told_at_the_line_that_can_repair_it(
    small: Small, file: str, old: str, new: str, problem: str
) -> None:
    small.edit(file, old, new)
    assert small.told() == [problem]


def test_who_grades_too_low_is_no_agent_for_a_queue(small: Small) -> None:
    small.edit("config/agents.yaml", "{fault: 5}", "{fault: 2}")
    (problem,) = small.told()
    assert problem.startswith('config/queues.yaml:3:3: no agent can serve the queue "fault"')


def test_nothing_is_concluded_from_what_could_not_be_read(small: Small) -> None:
    small.edit("config/agents.yaml", '- id: "1001"\n  name', "- name")
    (problem,) = small.told()
    assert problem.startswith('config/agents.yaml:1:3: "id" is missing')
    small.write("config/skills.yaml", "fault: [")
    assert [problem.split(":")[0] for problem in small.told()] == [
        "config/agents.yaml",
        "config/skills.yaml",
    ]


def test_every_prompt_is_needed_in_every_language(small: Small) -> None:
    small.write("ivr_menus/agent.yaml", "menu: agent\nlanguages: [de]\ncodes:\n"
                '  "*30": {hang_up: true, say: {de: Tschüss.}}\n')  # fmt: skip
    repair = 'record it, or have it spoken by "acd prompts build"'
    assert small.told(need_prompts=True) == [
        f"ivr_menus/agent.yaml:4:36: no prompt prompts/de/agent/code-30-say.wav; {repair}",
        f"ivr_menus/main.yaml:3:15: no prompt prompts/de/main/welcome.wav; {repair}",
        f"ivr_menus/main.yaml:3:31: no prompt prompts/en/main/welcome.wav; {repair}",
        f"ivr_menus/main.yaml:4:1: no prompt prompts/de/main/options.wav; {repair}",
        f"ivr_menus/main.yaml:4:1: no prompt prompts/en/main/options.wav; {repair}",
        f"ivr_menus/main.yaml:7:3: no prompt prompts/de/main/key-9.wav; {repair}",
        f"ivr_menus/main.yaml:7:3: no prompt prompts/en/main/key-9.wav; {repair}",
        f"ivr_menus/main.yaml:8:17: no prompt prompts/de/main/wrong-key.wav; {repair}",
        f"ivr_menus/main.yaml:8:30: no prompt prompts/en/main/wrong-key.wav; {repair}",
    ]


def test_a_recording_in_any_format_asterisk_plays_is_a_prompt(small: Small) -> None:
    for number, problem in enumerate(small.told(need_prompts=True)):
        name = problem.split("no prompt ")[1].split(".wav;")[0]
        ending = ("wav", "alaw", "g722", "sln16")[number % 4]
        path = small.root / f"{name}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert small.told(need_prompts=True) == []


def test_the_reserved_reason_is_the_engines_own() -> None:
    assert RESERVED_REASON == RONA


@pytest.mark.parametrize("days", ["journal_days: 31", "journal_days: null"])
def test_the_journal_is_not_kept_longer_than_the_numbers_in_it(small: Small, days: str) -> None:
    small.edit("config/acd.yaml", "pbxs:", f"retention:\n  {days}\npbxs:")
    (told,) = small.told()
    assert told.startswith("config/acd.yaml:2:")
    assert "the journal holds callers' numbers" in told
    assert told.endswith("at most 30, as numbers_days says")


def test_who_keeps_numbers_for_ever_may_keep_the_journal(small: Small) -> None:
    days = "{numbers_days: null, journal_days: null, records_days: 400}"
    small.edit("config/acd.yaml", "pbxs:", f"retention: {days}\npbxs:")
    assert small.told() == []
