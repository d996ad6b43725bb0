"""A menu edited under a PBX at work: who is inside finishes the old one, who comes gets the new."""

from pathlib import Path

from tests.scenarios.centre import Centre
from tests.scenarios.verbs import NUMBER, menu_of_verbs
from tests.scenarios.world import until

MENU = "ivr_menus/verbs.yaml"


def dial(centre: Centre, key_at: float) -> str:
    """Call, and press 1 so long after the answer."""
    number = centre.number()
    centre.world.call(number, keys=[(key_at, "1")], dialled=NUMBER)
    return number


def queue_of(centre: Centre, number: str) -> str | None:
    centre.waiting(number, timeout=10)
    view = centre.engine.call(number)
    assert view is not None
    return view.queue


def test_a_menu_is_swapped_whole_or_not_at_all_under_its_callers(
    centre: Centre, tmp_path: Path
) -> None:
    with menu_of_verbs(centre, tmp_path) as files:
        inside = dial(centre, 5.0)
        until(lambda: centre.engine.prompts(inside), 5, "a caller in the menu")
        files.edit(MENU, "  1: {queue: fault}", "  1: {queue: billing}")
        assert centre.engine.http("/api/v1/reload") == 200
        after = dial(centre, 0.3)

        files.edit(MENU, "  1: {queue: billing}", "  1: {queue: biling}")
        assert centre.engine.http("/api/v1/reload") == 422
        later = dial(centre, 0.3)

        assert queue_of(centre, after) == queue_of(centre, later) == "billing"
        view = centre.engine.call(inside)
        assert view is not None
        assert view.queue is None, "pressed too early to prove anything"
        assert queue_of(centre, inside) == "fault"
