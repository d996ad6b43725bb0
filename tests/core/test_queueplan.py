"""What a call asks for, and who satisfies it."""

from acd.core.ids import SkillId
from acd.core.queueplan import Need, Requirement

BILLING, ENGLISH = SkillId("billing"), SkillId("language.en")
SQL = SkillId("sql")


def test_every_need_counts_and_one_of_those_that_are_alternatives() -> None:
    asked = Requirement((Need(BILLING, 3),), (Need(ENGLISH), Need(SQL, 5)))
    assert asked.met_by({BILLING: 3, ENGLISH: 1})
    assert asked.met_by({BILLING: 9, SQL: 5})
    assert not asked.met_by({BILLING: 2, ENGLISH: 1})
    assert not asked.met_by({BILLING: 3, SQL: 4})
    assert not asked.met_by({BILLING: 3})


def test_more_needs_raise_a_grade_and_never_lower_one() -> None:
    asked = Requirement((Need(BILLING, 3),))
    assert asked.also(()) is asked
    assert asked.also((Need(BILLING, 1), Need(ENGLISH))) == Requirement(
        (Need(BILLING, 3), Need(ENGLISH))
    )
    assert asked.also((Need(BILLING, 5),)) == Requirement((Need(BILLING, 5),))
