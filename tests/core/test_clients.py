"""Callers of many companies: which menu and greeting they get, who is rung, what he reads."""

import msgspec
import pytest

from acd.core.commands import HangUpCall, PlayPrompt, RingAgent
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallFoundInMenu,
    DigitPressed,
    PlanReplaced,
    PromptEnded,
    WaitingRoomEntered,
)
from acd.core.ids import ClientId, MenuId, NodeId, PromptId, QueueId, SkillId
from acd.core.numbers import ClientPlan, Dialled, Numbers
from acd.core.plan import AgentAction, Ask, AttributeIs, Branch, Case, Need, Plan
from acd.core.queueplan import Exit, ExitCondition, Relaxation, ToMenu, ToQueue, in_groups
from acd.core.records import CallEnded, CallState
from tests import plans
from tests.core.centre import PBX, Centre
from tests.core.rebirth import killed

TANNHAUSEN, CAMPUS = ClientId("tannhausen"), ClientId("campus")
SHOWN = in_groups(["shown"])


def house(*shown: str, **changes: object) -> Plan:
    """Two clients who share a menu; only agents in the group ``shown`` serve the first one.

    ``changes`` are of that first one. 0800201 is its number, 0800202 the other's, 0800300 leads to
    the menu alone.
    """
    skills = {
        agent: {**graded, **({SHOWN: 1} if agent in (shown or ("1001", "1002")) else {})}
        for agent, graded in plans.THREE.items()
    }
    base = plans.plan(skills)
    shared = msgspec.structs.replace(base.menus[MenuId("main")], id=MenuId("shared"))
    first = ClientPlan(
        id=TANNHAUSEN,
        name="Tannhausen",
        menu=shared.id,
        language=plans.DE,
        greeting=(PromptId("client-tannhausen/greeting"),),
        needs=(Need(SHOWN),),
        answer={plans.DE: "Gemeindewerke", plans.EN: "Public utility"},
        ask=("Name", "Straße"),
        tell=("Geöffnet bis vier.",),
    )
    second = ClientPlan(id=CAMPUS, name="Campus", menu=shared.id, language=plans.EN)
    return msgspec.structs.replace(
        base,
        menus={**base.menus, shared.id: shared},
        clients={TANNHAUSEN: msgspec.structs.replace(first, **changes), CAMPUS: second},
        numbers=Numbers(
            whole={
                "+49800201": Dialled(shared.id, TANNHAUSEN),
                "+49800202": Dialled(shared.id, CAMPUS),
                "+49800300": Dialled(shared.id),
            }
        ),
    )


def heard(centre: Centre, call: str) -> list[str]:
    """Let everything be played to its end; return what the caller heard."""
    names = []
    while plays := [one for one in centre.take(PlayPrompt) if one.call == call]:
        names += [one.path.removeprefix("/acd/") for one in plays]
        centre.feed(PromptEnded(plays[-1].call, plays[-1].play_id, True))
    return names


# -- which menu ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialled", "menu", "prompts"),
    [
        ("0800201", "shared", ["de/client-tannhausen/greeting", "de/main/options"]),
        ("+49800201", "shared", ["de/client-tannhausen/greeting", "de/main/options"]),
        ("0800202", "shared", ["en/main/welcome", "en/main/options"]),
        ("0800300", "shared", ["de/main/welcome", "de/main/options"]),
        ("0800555", "main", ["de/main/welcome", "de/main/options"]),
        ("", "main", ["de/main/welcome", "de/main/options"]),
    ],
)
def test_the_dialled_number_selects_menu_greeting_and_language(
    dialled: str, menu: str, prompts: list[str]
) -> None:
    centre = Centre(house())
    call = centre.dial_in(dialled)
    dialogue = centre.engine.floor.calls[call].dialogue
    assert dialogue is not None
    assert dialogue.menu.id == menu
    assert heard(centre, call) == prompts


def test_the_greeting_is_heard_in_the_language_he_changes_to_and_not_repeated() -> None:
    centre = Centre(house())
    call = centre.dial_in("0800201", "9")
    assert heard(centre, call)[-2:] == ["en/client-tannhausen/greeting", "en/main/options"]
    centre.wait(5.1)
    assert heard(centre, call) == ["en/main/options"]


def test_a_queue_that_sends_him_back_into_a_menu_greets_him_for_his_client() -> None:
    rule = Exit(condition=ExitCondition.FULL, limit=0.0, target=ToMenu(menu=MenuId("main")))
    centre = Centre(plans.with_queue(house(), "billing", exits=(rule,)))
    call = centre.dial_in("0800201", "2")
    assert heard(centre, call)[-2:] == ["de/client-tannhausen/greeting", "de/main/options"]


def test_after_a_restart_he_keeps_menu_and_client_though_the_number_is_anothers() -> None:
    centre = Centre(house())
    call = centre.dial_in("0800201")
    plan = msgspec.structs.replace(house(), numbers=Numbers())
    again = Centre(plan, now=centre.now, memory=centre.memory(), found=[CallFoundInMenu(call)])
    again.take()
    again.feed(CallArrived(call, PBX, "0301234567", "0800201"))
    dialogue = again.engine.floor.calls[call].dialogue
    assert dialogue is not None
    assert dialogue.menu.id == "shared"
    assert heard(again, call)[0] == "de/client-tannhausen/greeting"


def test_of_one_whom_no_memory_holds_the_number_tells() -> None:
    centre = Centre(house("1001"), "1002")
    call = centre.call_in("1", dialled="0800201")
    again = killed(centre, house("1001"))
    found = again.engine.floor.calls[call]
    assert (found.client, found.state) == (TANNHAUSEN, CallState.QUEUED)


def test_a_shared_menu_may_go_another_way_for_one_client() -> None:
    base = house()
    shared = base.menus[MenuId("shared")]
    here = AttributeIs("client", (TANNHAUSEN,))
    branch = Branch(
        id=NodeId("whose"), cases=(Case((here,), NodeId("option-3")),), next=NodeId("option-1")
    )
    ask = shared.nodes[shared.entry]
    assert isinstance(ask, Ask)
    asked = msgspec.structs.replace(ask, choices={**ask.choices, "1": branch.id})
    nodes = {**shared.nodes, branch.id: branch, ask.id: asked}
    menus = {**base.menus, shared.id: msgspec.structs.replace(shared, nodes=nodes)}
    centre = Centre(msgspec.structs.replace(base, menus=menus))
    mine, others = centre.dial_in("0800201", "1"), centre.dial_in("0800202", "1")
    assert (centre.call(mine).queue, centre.call(others).queue) == ("meter", "fault")


# -- who is rung ---------------------------------------------------------------------------------


def test_only_agents_of_the_groups_switched_on_are_offered_its_calls() -> None:
    centre = Centre(house("1002"), "1001", "1002", "1003")
    centre.call_in("1", dialled="0800201")
    assert [ring.agent for ring in centre.take(RingAgent)] == ["1002"]
    call = centre.call_in("1", dialled="0800201")
    assert centre.take(RingAgent) == []
    centre.call_in("1", dialled="0800202")
    assert [ring.agent for ring in centre.take(RingAgent)] == ["1001"]
    assert centre.engine.floor.calls[call].state is CallState.QUEUED


def test_its_calls_keep_their_place_in_the_one_order_of_all() -> None:
    centre = Centre(house("1002"))
    first, second = centre.call_in("1", dialled="0800201"), centre.call_in("1", dialled="100")
    third = centre.call_in("2", dialled="0800201")
    assert centre.request("1002", AgentAction.LOG_IN) == ""
    assert centre.ring_of(first).agent == "1002"
    assert centre.request("1001", AgentAction.LOG_IN) == ""
    assert centre.ring_of(second).agent == "1001"
    assert centre.request("1003", AgentAction.LOG_IN) == ""
    assert centre.engine.floor.calls[third].state is CallState.QUEUED


def test_no_relaxation_gives_up_for_whom_he_calls() -> None:
    step = Relaxation(after_seconds=10.0, requirement=plans.needs(meter=1), keeps_extra_needs=False)
    centre = Centre(plans.with_queue(house("1002"), "fault", relaxations=(step,)), "1001")
    call = centre.call_in("1", dialled="0800201")
    centre.wait(60.0)
    assert centre.take(RingAgent) == []
    assert centre.engine.floor.calls[call].step == 1
    assert centre.request("1002", AgentAction.LOG_IN) == ""
    assert centre.ring_of(call).agent == "1002"


def test_one_group_more_takes_effect_for_those_who_wait_already() -> None:
    centre = Centre(house("1002"), "1001")
    call = centre.call_in("1", dialled="0800201")
    assert centre.take(RingAgent) == []
    centre.feed(PlanReplaced(house("1001", "1002")))
    assert centre.ring_of(call).agent == "1001"


def test_where_its_own_agents_have_all_gone_the_queue_is_deserted_for_its_callers() -> None:
    gone = Exit(
        condition=ExitCondition.NO_AGENTS, target=ToQueue(queue=QueueId("meter")), on_join=True
    )
    plan = plans.with_queue(house("1002"), "fault", exits=(gone,))
    centre = Centre(plan, "1001", "1002")
    waits = centre.call_in("1", dialled="0800201")
    assert centre.request("1002", AgentAction.LOG_OUT) == ""
    centre.wait(6.0)
    assert centre.engine.floor.calls[waits].queue == "meter"
    joins = centre.call_in("1", dialled="0800201")
    assert centre.engine.floor.calls[joins].queue == "meter"
    others = centre.call_in("1", dialled="0800202")
    assert centre.engine.floor.calls[others].queue == "fault"


# -- what is known of him ------------------------------------------------------------------------


def test_the_agent_reads_how_to_answer_from_the_ring_on() -> None:
    centre = Centre(house("1001"), "1001")
    call = centre.dial_in("0800201")
    client = centre.call(call).client
    assert client is not None
    assert (client.name, client.answer, client.ask) == ("Tannhausen", "", ())
    centre.feed(DigitPressed(call, "9"), DigitPressed(call, "1"), WaitingRoomEntered(call))
    client = centre.call(call).client
    assert client is not None
    assert client.answer == "Public utility"
    assert (client.ask, client.tell) == (("Name", "Straße"), ("Geöffnet bis vier.",))
    assert centre.agent("1001").client == client
    centre.answer(call)
    assert centre.agent("1001").client == client


def test_a_caller_of_no_client_has_none_to_read() -> None:
    centre = Centre(house(), "1001")
    call = centre.call_in("1", dialled="100")
    assert centre.call(call).client is None
    assert centre.agent("1001").client is None


def test_the_final_record_says_for_whom_he_called() -> None:
    centre = Centre(house("1001"), "1001")
    first, second = centre.call_in("1", dialled="0800201"), centre.call_in("1", dialled="100")
    centre.feed(CallerHungUp(first), CallerHungUp(second))
    assert [end.client for end in centre.take(CallEnded)] == [TANNHAUSEN, None]


def test_a_client_who_is_gone_from_the_plan_is_still_in_the_record() -> None:
    centre = Centre(house("1002"), "1001")
    call = centre.call_in("1", dialled="0800201")
    centre.feed(PlanReplaced(msgspec.structs.replace(house(), clients={}, numbers=Numbers())))
    assert centre.ring_of(call).label.startswith("1 Fault")
    centre.feed(CallerHungUp(call))
    (end,) = centre.take(CallEnded)
    assert end.client == TANNHAUSEN


def test_what_is_asked_for_because_of_a_client_is_told_in_words() -> None:
    centre = Centre(house("1002"))
    call = centre.call_in("1", dialled="0800201")
    centre.feed(CallerHungUp(call))
    (end,) = centre.take(CallEnded)
    assert end.skills == ("fault >= 1", "in group shown")
    assert Need(SkillId(in_groups(["b", "a", "b"]))).words() == "in group a or b"
    assert centre.take(HangUpCall) == []
