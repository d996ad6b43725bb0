"""Examples of calls in menus: how they are read, and how their mistakes are told."""

import pytest

from acd.core.plan import AgentAction
from tests.config.conftest import Small

ZONE = "time_zone: Europe/Berlin\nnot_ready_reasons"


def with_examples(small: Small, *examples: str) -> Small:
    small.edit("config/acd.yaml", "not_ready_reasons", ZONE)
    lines = "".join(f"  - {{{example}}}\n" for example in examples)
    small.edit("ivr_menus/main.yaml", "otherwise: {queue: billing}\n",
               f"otherwise: {{queue: billing}}\nexpect:\n{lines}")  # fmt: skip
    return small


def test_an_example_is_read_whole(small: Small) -> None:
    text = (
        'keys: "9.1", at: 2026-07-01 10:00, attributes: {ani: "0301"}, waiting: {billing: 3}, '
        "estimate_seconds: {fault: 20}, queue: fault, language: en, typed: {contract: 47*}"
    )
    (found,) = with_examples(small, text).load().expectations
    assert (found.menu, found.keys, found.queue, found.language) == ("main", "9.1", "fault", "en")
    assert found.at == 1_782_892_800.0  # Eight in the morning in Greenwich.
    assert (found.attributes, found.waiting) == ({"ani": "0301"}, {"billing": 3})
    assert (found.estimate_seconds, found.typed) == ({"fault": 20.0}, {"contract": "47*"})
    assert not found.hangs_up


def test_an_agents_example_names_what_is_done(small: Small) -> None:
    found = with_examples(small, "do: not-ready, reason: break", "hang_up: true").load()
    done, ended = found.expectations
    assert (done.action, done.reason) == (AgentAction.NOT_READY, "break")
    assert ended.hangs_up


MISTAKES = [
    ('keys: "1"',
     '11:5: nothing says where this call ends; '
     'add "queue", "transfer", "do", "voicemail" or "hang_up"'),
    ("queue: fault, hang_up: true",
     '11:20: a call cannot end with "queue" and "hang_up"; keep one of them'),
    ("queue: faul", '11:13: unknown queue "faul", did you mean "fault"?; allowed: fault, billing'),
    ("queue: fault, waiting: {bill: 2}",
     '11:30: unknown queue "bill", did you mean "billing"?; allowed: fault, billing'),
    ("queue: fault, closed: [alway]",
     '11:29: unknown hours "alway", did you mean "always"?; allowed: always (hours.yaml)'),
    ("queue: fault, local_incidents: [bill]",
     '11:38: unknown queue "bill", did you mean "billing"?; allowed: fault, billing'),
    ("queue: fault, keys: 1a",
     '11:26: "keys" cannot be "1a"; keys 0 to 9, "*" and "#", and "." for one that does not come; '
     "at most 64"),
    ("queue: fault, at: 2026-02-30 10:00",
     '11:24: there is no day "2026-02-30"; write year, month, day: 2026-12-24'),
    ("queue: fault, at: tomorrow",
     '11:24: "at" cannot be "tomorrow"; a moment is a date and a time: 2026-12-24 10:00'),
]  # fmt: skip


@pytest.mark.parametrize(("example", "problem"), MISTAKES)
def test_each_mistake_is_told(small: Small, example: str, problem: str) -> None:
    assert with_examples(small, example).told() == [f"ivr_menus/main.yaml:{problem}"]
