"""Menus as pictures: every node once, every way with what leads there."""

from acd.core.ids import MenuId, NodeId, QueueId
from acd.core.plan import (
    AgentAction,
    AttributeIs,
    Branch,
    Case,
    HangUp,
    HoursAre,
    MenuPlan,
    QueueIs,
)
from acd.menugraph import draw, mermaid, ways
from tests.plans import DE, code_menu, login_menu, main_menu


def drawn(menu: MenuPlan) -> list[str]:
    return [line.strip() for line in mermaid(draw(menu)).splitlines()]


def test_each_key_leads_to_its_queue() -> None:
    lines = drawn(main_menu())
    assert lines[:3] == ["flowchart TD", 'n0{{"ask: a key"}}', 'n1(["queue fault"])']
    assert 'n0 -->|"1"| n1' in lines
    assert 'n0 -->|"9"| n7' in lines
    assert 'n7["next language"]' in lines
    assert "n7 --> n0" in lines
    assert 'n0 -->|"no choice"| n6' in lines


def test_digits_and_what_is_done_have_both_their_ends() -> None:
    lines = drawn(login_menu())
    assert sum(line.endswith('{{"digits: agent"}}') for line in lines) == 1
    assert any('-->|"no digits"|' in line for line in lines)
    lines = drawn(code_menu("*32", AgentAction.READY))
    assert 'n0 -->|"done"| n1' in lines
    assert any(line.startswith('n0 -->|"refused"|') for line in lines)


def test_ways_are_told_in_words_and_quoted() -> None:
    on, bye = NodeId("on"), NodeId("bye")
    case = Case(
        (
            HoursAre("office", False),
            AttributeIs("dnis", ("1", "2", "#3", "4", "5")),
            QueueIs(QueueId("fault"), 3, 60.0),
        ),
        bye,
    )
    branch = Branch(id=NodeId("b"), cases=(case,), next=on)
    assert list(ways(branch)) == [
        ("office closed and dnis is 1, 2, #3 or 2 more and fault: 3 wait, wait over 60 s", bye),
        ("otherwise", on),
    ]
    nodes = {branch.id: branch, on: HangUp(id=on), bye: HangUp(id=bye)}
    lines = drawn(MenuPlan(id=MenuId("m"), languages=(DE,), entry=branch.id, nodes=nodes))
    assert any("#35;3" in line for line in lines)


def test_a_queue_is_asked_for_who_waits_alone() -> None:
    """How long the wait is need not be asked as well."""
    case = Case((QueueIs(QueueId("fault"), 3),), NodeId("there"))
    branch = Branch(id=NodeId("here"), cases=(case,), next=NodeId("on"))
    assert next(iter(ways(branch))) == ("fault: 3 wait", "there")


def test_every_node_and_every_way_is_drawn() -> None:
    for menu in (main_menu(), login_menu()):
        lines = drawn(menu)
        count = sum(len(list(ways(node))) for node in menu.nodes.values())
        assert sum("-->" in line for line in lines) == count
        assert len(lines) == 1 + len(menu.nodes) + count
