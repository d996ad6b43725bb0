"""Callers of a company for which the centre answers: known by the number they dial."""

from acd.core.records import Activity, CallState
from tests.scenarios.centre import CLIENT, CLIENT_AGENTS, CLIENT_NUMBER, Centre
from tests.scenarios.world import Handset, until


def test_the_dialled_number_brings_greeting_agent_and_briefing(centre: Centre) -> None:
    mine, others = CLIENT_AGENTS[0], "1017"
    centre.on_duty(others, **{f"a{mine}": Handset(talk_seconds=1.5)})
    number = centre.number()
    caller = centre.world.call(number, keys=[(1.9, "1")], dialled=CLIENT_NUMBER)
    ring = centre.ring(mine)
    heard = ["en/client-lindau/greeting", "en/main/options"]
    assert centre.engine.prompts(number)[:2] == heard
    # He has been idle longer, but nobody has shown him how to answer for this client.
    assert centre.world.rings(others) == []
    assert ring.label.startswith("Lindau 1 Fault")
    centre.is_(mine, Activity.TALKING)
    briefing = {
        "client": "lindau",
        "name": "Lindau",
        "answer": CLIENT.answer["en"],
        "ask": ["Name", "Straße"],
        "tell": ["Offen bis vier."],
    }
    assert centre.engine.page(f"/api/v1/agents/{mine}")["client"] == briefing
    assert caller.wait_ended().ended_by == "pbx"
    assert centre.ended(number).client == CLIENT.id


def test_he_waits_for_its_own_agents_while_others_are_free(centre: Centre) -> None:
    mine, others = CLIENT_AGENTS[1], "1018"
    centre.world.phones(dict.fromkeys((mine, others), Handset(talk_seconds=0.5)))
    centre.log_in(others)
    first, second = centre.number(), centre.number()
    centre.world.call(first, keys=[(0.3, "2")], dialled=CLIENT_NUMBER)
    centre.waiting(first)
    centre.world.call(second, keys=[(0.3, "2")])
    assert centre.ring(others).number == second
    view = centre.engine.call(first)
    assert view is not None
    assert (view.state, view.client and view.client.name) == (CallState.QUEUED, "Lindau")
    centre.log_in(mine)
    assert centre.ring(mine).number == first


def test_after_a_restart_he_is_still_this_clients_caller(centre: Centre) -> None:
    mine, others = CLIENT_AGENTS[0], "1019"
    centre.world.phones(dict.fromkeys((mine, others), Handset()))
    centre.log_in(others)
    in_menu, waiting = centre.number(), centre.number()
    centre.world.call(waiting, keys=[(0.3, "3")], dialled=CLIENT_NUMBER)
    centre.waiting(waiting)
    centre.world.call(in_menu, dialled=CLIENT_NUMBER)
    until(lambda: centre.engine.prompts(in_menu), 3, "the greeting")
    centre.restart_engine()
    until(lambda: centre.engine.prompts(in_menu), 5, "the menu again")
    assert all(prompt.startswith("en/") for prompt in centre.engine.prompts(in_menu))
    for number in (waiting, in_menu):
        view = centre.engine.call(number)
        assert view is not None
        assert view.client is not None
        assert view.client.client == CLIENT.id
    assert centre.world.rings(others) == []
    centre.log_in(mine)
    assert centre.ring(mine).number == waiting
