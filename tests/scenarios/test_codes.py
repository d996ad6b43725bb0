"""What agents do from their phones: codes with spoken confirmation, and logging in elsewhere."""

import pytest

from acd.core.plan import AgentAction
from acd.core.records import Activity, Presence
from tests.scenarios.centre import Centre, ms
from tests.scenarios.figures import soon
from tests.scenarios.world import Handset, until

DONE, REFUSED = "de/agent/done", "de/agent/refused"


def _presence(centre: Centre, agent: str) -> tuple[Presence, str]:
    view = centre.engine.agent(agent)
    return view.presence, view.reason


def test_codes_say_and_do_what_was_asked(centre: Centre) -> None:
    centre.world.phones({"1011": Handset()})
    ready, out = (Presence.READY, ""), (Presence.LOGGED_OUT, "")
    steps = [
        ("*34", out, REFUSED),
        ("*30", ready, DONE),
        ("*33", (Presence.NOT_READY, "break"), DONE),
        ("*32", ready, DONE),
        ("*31", out, DONE),
    ]
    for code, presence, _ in steps:
        centre.world.dial("1011", code).wait_ended()
        until(lambda: not centre.engine.remains_of(), 2, "the end of the code call")
        assert _presence(centre, "1011") == presence, code
    assert centre.engine.prompts("1011", heard=True)[-5:] == [said for _, _, said in steps]


def test_nobody_is_rung_while_he_dials_a_code(centre: Centre) -> None:
    number = centre.number()
    centre.world.phones({"1012": Handset()})
    centre.world.call(number, keys=[(0.1, "1")])
    centre.waiting(number)
    visit = centre.world.dial("1012", "*30").wait_ended()
    ring = centre.ring("1012")
    assert ring.number == number
    assert visit.ended_at is not None
    # He was READY for the half second of the confirmation, and was not rung.
    gap = ms(ring.at, visit.ended_at)
    assert gap > -20, "the phone rang while the code call lasted"
    soon("from the end of a code call to the first INVITE", max(0.0, gap), real=centre.real)


@pytest.mark.parametrize("apart", [0.1, 0.3], ids=["fast", "calmly"])
def test_logging_in_at_another_phone(centre: Centre, apart: float) -> None:
    """Number and PIN, twelve keys: 60 ms each, 100 ms apart, each counts once."""
    centre.world.phones({"1013": Handset(), "1014": Handset()})
    typed = "1014#201014#"
    assert len(typed) == 12
    keys = [(0.3 + index * apart, key) for index, key in enumerate(typed)]
    centre.world.dial("1013", "*35", keys=keys).wait_ended()
    assert _presence(centre, "1014") == (Presence.READY, "")
    assert centre.engine.agent("1014").phone == "PJSIP/1013"
    assert centre.engine.prompts("1013", heard=True)[-1] == DONE
    number = centre.number()
    centre.world.call(number, keys=[(0.1, "1")])
    assert centre.ring("1013").number == number
    assert centre.world.rings("1014") == []
    centre.is_("1014", Activity.TALKING)
    centre.world.clear()
    centre.is_("1014", Activity.WRAP_UP)
    assert centre.engine.request("1014", AgentAction.LOG_OUT) == ""
    assert centre.engine.agent("1014").phone == "PJSIP/1014"


def test_a_wrong_pin_logs_nobody_in(centre: Centre) -> None:
    centre.world.phones({"1015": Handset()})
    keys = [(0.3 + index * 0.15, key) for index, key in enumerate("1016#999999#")]
    centre.world.dial("1015", "*35", keys=keys).wait_ended()
    assert _presence(centre, "1016") == (Presence.LOGGED_OUT, "")
    assert centre.engine.prompts("1015", heard=True)[-1] == REFUSED
