"""Other ways under ``instead``: what they become, and how their mistakes are told."""

import pytest

from acd.core.ids import MenuId, QueueId
from acd.core.plan import (
    Ask,
    AttributeIs,
    Branch,
    Enqueue,
    HangUp,
    HoursAre,
    LocalIncident,
    QueueIs,
    Say,
)
from tests.config.conftest import Small

OFFICE = """\
office:
  time_zone: Europe/Berlin
  weekly: {mon-fri: "08:00-16:00"}
"""

WAYS = """\
  2:
    queue: billing
    instead:
      - when: {closed: office}
        say: {de: Geschlossen., en: Closed.}
        hang_up: true
      - when: {attribute: ani, values: ["0301*"], queue: billing, waiting_at_least: 5,
               estimate_over_seconds: 300}
        queue: fault
"""


def small_with(small: Small, ways: str) -> Small:
    small.write("config/hours.yaml", OFFICE)
    small.edit(
        "ivr_menus/main.yaml", "  2: {label: {de: Rechnung, en: Bill}, queue: billing}\n", ways
    )
    return small


def test_other_ways_become_a_branch(small: Small) -> None:
    menu = small_with(small, WAYS).load().plan.menus[MenuId("main")]
    ask = menu.nodes[menu.entry]
    assert isinstance(ask, Ask)
    branch = menu.nodes[ask.choices["2"]]
    assert isinstance(branch, Branch)
    closed, crowded = branch.cases
    assert closed.conditions == (HoursAre("office", False),)
    assert crowded.conditions == (
        AttributeIs("ani", ("0301*",)),
        QueueIs(QueueId("billing"), 5, 300.0),
    )
    said = menu.nodes[closed.target]
    assert isinstance(said, Say)
    assert isinstance(menu.nodes[said.next], HangUp)
    other, usual = menu.nodes[crowded.target], menu.nodes[branch.next]
    assert isinstance(other, Enqueue)
    assert isinstance(usual, Enqueue)
    assert (other.queue, other.option) == ("fault", "2")
    assert usual.queue == "billing"


def test_a_local_incident_names_its_queue(small: Small) -> None:
    ways = WAYS.replace("closed: office", "local_incident: billing")
    menu = small_with(small, ways).load().plan.menus[MenuId("main")]
    (branch,) = (node for node in menu.nodes.values() if isinstance(node, Branch))
    assert branch.cases[0].conditions == (LocalIncident(QueueId("billing")),)


MISTAKES = [
    ("closed: office", "local_incident: biling",
     '9:32: unknown queue "biling", did you mean "billing"?; allowed: fault, billing'),
    ("closed: office", "closed: ofice",
     '9:24: unknown hours "ofice", did you mean "office"?; allowed: always, office (hours.yaml)'),
    ("when: {closed: office}\n        say", "say",
     '9:9: nothing says when this way is taken; add "when"'),
    ("{closed: office}", "{}", '9:9: "when" names nothing; add a condition'),
    ("attribute: ani, ", "", '12:9: "attribute" and "values" go together; write both, or neither'),
    ("attribute: ani", "attribute: postcode",
     '12:27: unknown attribute "postcode"; allowed: language, ani, dnis, client'),
    ("waiting_at_least: 5,\n               estimate_over_seconds: 300", "open: office",
     '12:9: "queue" and its limit go together; write "queue" with "waiting_at_least" or '
     '"estimate_over_seconds"'),
    ("queue: billing, waiting", "queue: biling, waiting",
     '12:58: unknown queue "biling", did you mean "billing"?; allowed: fault, billing'),
    ("    queue: billing\n    inst", "    when: {closed: office}\n    queue: billing\n    inst",
     '7:5: "when" stands beside no other way; write it under "instead"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told(small: Small, old: str, new: str, problem: str) -> None:
    assert WAYS.count(old) == 1
    told = small_with(small, WAYS.replace(old, new)).told()
    assert told == [f"ivr_menus/main.yaml:{problem}"]
