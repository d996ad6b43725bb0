"""A known fault, set over HTTP while callers are on the line: who hears it, who stays, who goes."""

from collections.abc import Iterator

import pytest

from acd.core.commands import Announce
from acd.core.incidents import INFORMED_SECONDS
from acd.core.records import CallDeflected, IncidentHeard, Outcome
from tests.scenarios.centre import PROMPT_SECONDS, Centre
from tests.scenarios.world import until

PATH = "/api/v1/incidents"
HAZARD, TEXT, AGAIN = (f"de/incident/{name}" for name in ("hazard", "text", "again"))
HAZARD_SECONDS = PROMPT_SECONDS[HAZARD]


@pytest.fixture
def known(centre: Centre) -> Iterator[Centre]:
    """A fault is known to callers about faults, and dangerous."""
    body = {
        "incident": "mitte",
        "queues": ["fault"],
        "text": {"de": "Rohrbruch."},
        "hazard": {"de": "Nicht trinken."},
    }
    assert centre.engine.http(PATH, body) == 200
    yield centre
    assert centre.engine.http(f"{PATH}/mitte", method="DELETE") in (204, 404)


def test_a_caller_hears_the_hazard_whatever_he_presses_then_the_incident_and_stays(
    known: Centre,
) -> None:
    number = known.number()
    # The first key comes in the middle of the hazard, and counts after it.
    over = HAZARD_SECONDS + PROMPT_SECONDS[TEXT]
    known.world.call(number, keys=[(0.4, "1"), (over + 1.4, "2")])
    known.waiting(number, timeout=10)
    assert known.engine.prompts(number, heard=True) == [HAZARD, TEXT, AGAIN]
    view = known.engine.call(number)
    assert view is not None
    assert (view.queue, view.option) == ("fault", "1")


def test_who_hangs_up_informed_is_deflected(known: Centre) -> None:
    number = known.number()
    away = HAZARD_SECONDS + INFORMED_SECONDS + 1.5
    known.world.call(number, keys=[(0.3, "1")], hang_up_after=away)
    ended = known.ended(number, timeout=away + 5)
    assert (ended.outcome, ended.queue) == (Outcome.DEFLECTED, None)
    assert ended.heard == ("mitte", "mitte/hazard")
    assert [one.queue for one in known.said(CallDeflected)] == ["fault"]
    assert 'acd_calls_deflected_total{queue="fault"}' in known.engine.metrics()


def test_for_another_queue_only_the_hazard_is_heard(known: Centre) -> None:
    number = known.number()
    known.world.call(number, keys=[(0.3, "2")])
    known.waiting(number)
    assert known.engine.prompts(number) == [HAZARD]


def test_who_waits_already_is_told_where_he_waits(centre: Centre) -> None:
    number = centre.number()
    centre.world.call(number, keys=[(0.3, "1")])
    centre.waiting(number)
    body = {"incident": "wedding", "queues": ["fault"], "text": {"de": "Rohrbruch."}}
    assert centre.engine.http(PATH, body) == 200

    def announced() -> list[Announce]:
        return [one for one in centre.said(Announce) if one.call in centre.engine.ids(number)]

    until(announced, 5, "the announcement")
    [one] = announced()
    assert [path.split("/", 2)[-1][-len(TEXT) :] for path in one.paths] == [TEXT]
    assert centre.engine.http(f"{PATH}/wedding", method="DELETE") == 204
    late = centre.number()
    centre.world.call(late, keys=[(0.3, "1")])
    centre.waiting(late)
    assert centre.engine.prompts(late) == ["de/main/welcome"]


def test_an_incident_outlives_the_engine(known: Centre) -> None:
    known.restart_engine()
    number = known.number()
    known.world.call(number, keys=[(0.3, "2")])
    known.waiting(number)
    assert known.engine.prompts(number) == [HAZARD]
    assert [one.incident for one in known.said(IncidentHeard)] == []
