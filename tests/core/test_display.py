"""What the agent's phone shows of a call that rings."""

import msgspec

from acd.core.commands import RingAgent
from acd.core.display import option_labels
from acd.core.events import CallArrived, DigitPressed, WaitingRoomEntered
from acd.core.ids import CallId, MenuId, NodeId, QueueId
from acd.core.plan import Ask, Collect, Enqueue, MenuPlan, Node, Plan
from tests import plans
from tests.core.centre import PBX, Centre
from tests.core.test_clients import house


def rung(plan: Plan, key: str, dialled: str) -> str:
    centre = Centre(plan, "1001")
    centre.call_in(key, dialled=dialled)
    (ring,) = centre.take(RingAgent)
    return ring.label


def test_option_label_and_wait() -> None:
    assert rung(plans.plan(plans.THREE), "2", "100") == "2 Billing 0:00"


def test_what_the_menu_has_asked_for_stands_behind_the_label() -> None:
    base = plans.plan(plans.THREE)
    menu = base.menus[MenuId("main")]
    collect = Collect(
        id=NodeId("number"),
        prompts=(),
        into="contract",
        min_digits=1,
        max_digits=30,
        terminator="#",
        timeout_seconds=5.0,
        retries=0,
        next=NodeId("option-2"),
        otherwise=NodeId("option-2"),
    )
    billing, ask = menu.nodes[NodeId("option-2")], menu.nodes[menu.entry]
    assert isinstance(billing, Enqueue)
    assert isinstance(ask, Ask)
    nodes = {
        **menu.nodes,
        collect.id: collect,
        billing.id: msgspec.structs.replace(billing, show="contract"),
        ask.id: msgspec.structs.replace(ask, choices={**ask.choices, "2": collect.id}),
    }
    changed = msgspec.structs.replace(menu, nodes=nodes)
    plan = msgspec.structs.replace(base, menus={**base.menus, menu.id: changed})

    def label(typed: str) -> str:
        centre, call = Centre(plan, "1001"), CallId("main-1.1")
        keys = [DigitPressed(call, key) for key in f"2{typed}#"]
        centre.feed(CallArrived(call, PBX, "0301234567", ""), *keys, WaitingRoomEntered(call))
        (ring,) = centre.take(RingAgent)
        return ring.label

    assert label("123455") == "2 Billing 123455 0:00"
    assert label("9" * 30) == f"2 Billing {'9' * 20} 0:00"


def test_for_whom_he_calls_stands_before_all_else() -> None:
    assert rung(house(), "2", "0800201") == "Tannhausen 2 Billing 0:00"


def test_two_menus_may_call_a_key_differently_and_the_callers_own_counts() -> None:
    plan = house()
    shared = plan.menus[MenuId("shared")]
    nodes = {
        node_id: msgspec.structs.replace(node, label={plans.DE: "Rechnung"})
        if node_id == "option-2"
        else node
        for node_id, node in shared.nodes.items()
    }
    menus = {**plan.menus, shared.id: msgspec.structs.replace(shared, nodes=nodes)}
    plan = msgspec.structs.replace(plan, menus=menus)
    assert rung(plan, "2", "0800201") == "Tannhausen 2 Rechnung 0:00"
    assert rung(plan, "2", "100") == "2 Billing 0:00"


def test_of_menus_that_lead_to_each_other_each_has_its_own_names() -> None:
    """They share their nodes, so each holds the other's as well."""
    base = plans.plan(plans.THREE)
    nodes: dict[NodeId, Node] = {}
    for menu, text in (("main", "Bill"), ("other", "Contract"), ("third", "Letter")):
        node = NodeId(f"{menu}/key-2")
        nodes[node] = Enqueue(id=node, queue=QueueId("billing"), option="2", label={plans.DE: text})
    menus = {
        MenuId(name): MenuPlan(
            id=MenuId(name), languages=(plans.DE,), entry=NodeId(f"{name}/key-2"), nodes=nodes
        )
        for name in ("third", "main", "other")
    }
    labels = option_labels(msgspec.structs.replace(base, menus=menus))
    shown = {menu: labels[menu, QueueId("billing"), "2"].label[plans.DE] for menu in (*menus, None)}
    assert shown == {"third": "Letter", "main": "Bill", "other": "Contract", None: "Bill"}
