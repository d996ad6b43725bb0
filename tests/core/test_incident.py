"""Whom a known fault concerns, when, and in which words."""

import pytest

from acd.core.ids import IncidentId, Language, PromptId, QueueId
from acd.core.incident import Clip, Incident, clip_in

FAULT, BILLING = QueueId("fault"), QueueId("billing")
TEXT = (Clip(Language("de"), PromptId("incident/a"), 5.0),)


@pytest.mark.parametrize(
    ("queues", "postcodes", "queue", "postcode", "concerned"),
    [
        (("fault",), (), "fault", "", True),
        (("fault",), (), "fault", "10115", True),
        (("fault",), (), "billing", "", False),
        ((), ("10*",), "billing", "10115", True),
        ((), ("10115", "12*"), "billing", "12999", True),
        ((), ("10115",), "billing", "1011", False),
        ((), ("10*",), "billing", "", False),
        (("fault",), ("10*",), "fault", "10115", True),
        (("fault",), ("10*",), "fault", "20095", False),
        (("fault",), ("10*",), "billing", "10115", False),
        # Where he lives nobody knows, and he calls about a fault.
        (("fault",), ("10*",), "fault", "", True),
    ],
)
def test_it_concerns_its_queues_and_its_district(
    queues: tuple[QueueId, ...],
    postcodes: tuple[str, ...],
    queue: QueueId,
    postcode: str,
    *,
    concerned: bool,
) -> None:
    incident = Incident(id=IncidentId("a"), queues=queues, postcodes=postcodes, text=TEXT)
    assert incident.concerns(queue, postcode) is concerned


@pytest.mark.parametrize(
    ("queues", "postcodes", "local"),
    [
        (("fault",), ("10*",), True),
        ((), ("10*",), True),
        (("fault",), (), False),
        (("billing",), ("10*",), False),
    ],
)
def test_where_postcodes_say_whom_it_concerns_it_is_worth_asking_for_one(
    queues: tuple[QueueId, ...], postcodes: tuple[str, ...], *, local: bool
) -> None:
    incident = Incident(id=IncidentId("a"), queues=queues, postcodes=postcodes, text=TEXT)
    assert incident.is_local_to(FAULT) is local


def test_it_is_on_from_its_beginning_until_its_end() -> None:
    incident = Incident(
        id=IncidentId("a"), queues=(FAULT,), text=TEXT, begins_at=10.0, ends_at=20.0
    )
    assert [incident.is_on(now) for now in (9.9, 10.0, 19.9, 20.0)] == [False, True, True, False]


def test_words_that_are_missing_in_a_language_are_those_of_the_first() -> None:
    german, english = (Clip(Language(one), PromptId(one), 1.0) for one in ("de", "en"))
    assert clip_in((german, english), Language("en")) is english
    assert clip_in((german, english), Language("tr")) is german
    assert clip_in((), Language("de")) is None
