"""What a new configuration is told to have brought: every difference once, and no secret."""

from collections.abc import Collection

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.changes import Change, changes
from acd.core.ids import AgentId, ClientId, IncidentId, Language, MenuId, PromptId, QueueId, SkillId
from acd.core.incident import Clip, Incident
from acd.core.plan import ClientPlan, Need, Plan
from acd.core.queueplan import PreferredAgent, in_groups
from tests.core.queues import OFFICE, asks_for, relax, with_exits, with_option, with_queue
from tests.plans import QUEUES, plan

AGENTS = {"1001": {"fault": 1}, "1002": {"fault": 2, "billing": 3}, "1003": {"water": 1}}
BASE = plan(AGENTS)


def told(new: Plan, old: Plan = BASE) -> list[str]:
    """The lines an operator reads."""
    return [str(change) for change in changes(old, new)]


def with_agent(agent: str, **fields: object) -> Plan:
    changed = msgspec.structs.replace(BASE.agents[AgentId(agent)], **fields)
    return msgspec.structs.replace(BASE, agents={**BASE.agents, AgentId(agent): changed})


def test_nothing_is_different_from_itself() -> None:
    assert changes(BASE, plan(AGENTS)) == ()


def test_a_queue_says_what_was_and_what_is() -> None:
    assert told(with_queue(BASE, "fault", target_seconds=30.0, wrap_up_seconds=0.5)) == [
        "queue fault changed: target_seconds 20 -> 30, wrap_up_seconds 300 -> 0.5"
    ]


def test_what_a_queue_asks_for_is_told_in_words() -> None:
    asked = with_queue(BASE, "fault", requirement=asks_for(("fault", 3), ("water", 1)))
    assert told(asked) == [
        "queue fault changed: requirement fault >= 1 -> fault >= 3, water >= 1",
    ]


def test_what_comes_and_goes_within_a_queue_is_named() -> None:
    patient = PreferredAgent(patience_seconds=30.0, within_seconds=86_400.0)
    with_one = with_queue(BASE, "fault", preferred_agent=patient)
    with_other = with_queue(
        BASE, "fault", preferred_agent=msgspec.structs.replace(patient, patience_seconds=60.0)
    )
    assert told(with_one) == ["queue fault changed: preferred_agent added"]
    assert told(with_other, with_one) == [
        "queue fault changed: preferred_agent.patience_seconds 30 -> 60"
    ]
    assert told(BASE, with_one) == ["queue fault changed: preferred_agent removed"]


def test_lists_of_rules_are_named_and_not_spelled_out() -> None:
    ruled = with_exits(BASE, "fault", relaxations=(relax(30.0, ("fault", 1)),))
    assert told(ruled) == ["queue fault changed: relaxations", "hours office added"]


def test_an_agents_skills_are_told_one_by_one_and_his_pin_never() -> None:
    other = with_agent(
        "1002", skills={SkillId("fault"): 5, SkillId("dutch"): 1}, pin="987654", name="Cem Can"
    )
    assert told(other) == [
        "agent 1002 changed: name, skills.billing removed, skills.dutch added, skills.fault 2 -> 5,"
        " pin",
        "skill dutch added",
    ]
    assert "987654" not in repr(changes(BASE, other))
    assert "Cem" not in repr(changes(BASE, other))


def test_a_pin_that_is_new_or_gone_is_not_shown_either() -> None:
    without = with_agent("1002", pin="")
    assert told(without) == told(BASE, without) == ["agent 1002 changed: pin"]


def test_a_menu_says_which_of_its_choices_leads_elsewhere() -> None:
    assert told(with_option(BASE, "1", queue=QueueId("billing"))) == [
        'menu main changed: option-1.queue "fault" -> "billing"'
    ]


def test_a_menus_nodes_are_called_as_in_the_menu() -> None:
    menu = BASE.menus[MenuId("main")]
    nodes = {f"main/{name}": node for name, node in menu.nodes.items()}
    longer = {**nodes, "main/more": nodes["main/ask"]}
    old, new = (
        msgspec.structs.replace(BASE, menus={"main": msgspec.structs.replace(menu, nodes=these)})
        for these in (nodes, longer)
    )
    assert told(new, old) == ["menu main changed: more added"]


def test_settings_hours_and_recordings_are_told_too() -> None:
    old = msgspec.structs.replace(
        BASE, hours={"office": OFFICE}, prompt_seconds={"de/x": 2.0, "en/x": 2.0}
    )
    new = msgspec.structs.replace(
        old,
        service_name="Stadtwerke Auental",
        not_ready_reasons=("break",),
        hours={"office": msgspec.structs.replace(OFFICE, days={739_000: ()})},
        prompt_seconds={"de/x": 2.5},
    )
    assert told(new, old) == [
        "setting not_ready_reasons changed: (break, meeting, rona) -> (break)",
        'setting service_name changed: "Stadtwerke" -> "Stadtwerke Auental"',
        "recording de/x changed: 2 -> 2.5",
        "recording en/x removed",
        "hours office changed: days",
    ]


def test_a_text_that_is_spoken_anew_is_told_once() -> None:
    """Its file is named after what it says; the old file may go or stay."""

    def saying(digest: str) -> Plan:
        files = {"de/main/welcome": f"de/main/welcome.{digest}"}
        menu = msgspec.structs.replace(BASE.menus[MenuId("main")], prompt_files=files)
        return msgspec.structs.replace(
            BASE,
            menus={**BASE.menus, menu.id: menu},
            prompt_files=files,
            prompt_seconds={files["de/main/welcome"]: 2.0},
        )

    assert told(saying("0011aabb"), saying("99ffee00")) == [
        'prompt de/main/welcome changed: "de/main/welcome.99ffee00" -> "de/main/welcome.0011aabb"'
    ]


def test_what_is_too_long_to_be_told_is_named() -> None:
    name = "de/" + "x" * 60
    old, new = (
        msgspec.structs.replace(
            BASE, prompt_files={name: f"{name}.{digest}"}, service_name=digest * 9
        )
        for digest in ("0011aabb", "99ffee00")
    )
    assert told(new, old) == ["setting service_name changed", f"prompt {name} changed"]


def test_a_known_fault_is_told_by_its_name() -> None:
    clip = Clip(Language("de"), PromptId("incident/burst"), 3.0, "Rohrbruch")
    one = Incident(id=IncidentId("burst"), queues=(QueueId("fault"),), text=(clip,))
    later = msgspec.structs.replace(one, ends_at=1_000.0)
    with_one, with_later = (
        msgspec.structs.replace(BASE, incidents=(incident,)) for incident in (one, later)
    )
    assert told(with_one) == ["incident burst added"]
    assert told(with_later, with_one) == ["incident burst changed: ends_at added (1000)"]


def with_client(agents: Collection[str], *groups: str) -> Plan:
    """A client whose calls these agents take, by one of these groups."""
    skill = in_groups(groups)
    house = plan(
        {
            agent: {**skills, **({skill: 1} if agent in agents else {})}
            for agent, skills in AGENTS.items()
        }
    )
    lindau = ClientPlan(
        id=ClientId("lindau"),
        name="Lindau",
        menu=MenuId("main"),
        language=Language("de"),
        needs=(Need(skill),),
    )
    return msgspec.structs.replace(house, clients={lindau.id: lindau})


def test_a_group_more_for_a_client_is_told_once_and_not_of_every_agent() -> None:
    before = with_client(("1001",), "south")
    assert told(before) == ["client lindau added"]
    assert told(with_client(("1001", "1002"), "south", "north"), before) == [
        "client lindau changed: needs in group south -> in group north or south"
    ]
    assert told(with_client(("1001", "1002"), "south"), before) == [
        "agent 1002 changed: skills.group:south added"
    ]


def test_a_long_list_of_fields_is_cut() -> None:
    skills = {SkillId(f"skill{number}"): 1 for number in range(20)}
    (change, *_) = changes(BASE, with_agent("1003", skills=skills))
    assert len(change.fields) == 9
    assert change.fields[-1] == "and 13 more"


NAMES = st.sampled_from(QUEUES)
EDITS = st.fixed_dictionaries(
    {
        "queues": st.dictionaries(NAMES, st.sampled_from(["gone", "changed"])),
        "agents": st.dictionaries(st.sampled_from(list(AGENTS)), st.sampled_from(["gone", "pin"])),
        "new": st.sets(st.sampled_from(["7001", "7002"])),
        "menus": st.dictionaries(
            st.sampled_from(sorted(BASE.menus)), st.sampled_from(["gone", "changed"])
        ),
    }
)


def edited(edits: dict[str, dict[str, str]]) -> tuple[Plan, set[tuple[str, str, str]]]:
    """The plan after these edits, and what was done."""
    done: set[tuple[str, str, str]] = set()
    queues, agents, menus = dict(BASE.queues), dict(BASE.agents), dict(BASE.menus)
    for name, how in edits["queues"].items():
        queue = queues.pop(QueueId(name))
        if how == "changed":
            queues[queue.id] = msgspec.structs.replace(queue, target_seconds=77.0)
        done.add(("queue", name, "removed" if how == "gone" else how))
    for name, how in edits["agents"].items():
        agent = agents.pop(AgentId(name))
        if how == "pin":
            agents[agent.id] = msgspec.structs.replace(agent, pin="424242")
        done.add(("agent", name, "removed" if how == "gone" else "changed"))
    for name in edits["new"]:
        agent = msgspec.structs.replace(BASE.agents[AgentId("1001")], id=AgentId(name))
        agents[AgentId(name)] = agent
        done.add(("agent", name, "added"))
    for name, how in edits["menus"].items():
        menu = menus.pop(MenuId(name))
        if how == "changed":
            nodes = {**menu.nodes, "z": next(iter(menu.nodes.values()))}
            menus[menu.id] = msgspec.structs.replace(menu, nodes=nodes)
        done.add(("menu", name, "removed" if how == "gone" else how))
    return msgspec.structs.replace(BASE, queues=queues, agents=agents, menus=menus), done


REVERSE = {"added": "removed", "removed": "added", "changed": "changed"}


@settings(deadline=None)
@given(EDITS)
def test_every_edit_is_told_once_and_undoing_it_is_told_in_reverse(
    edits: dict[str, dict[str, str]],
) -> None:
    new, done = edited(edits)
    there, back = changes(BASE, new), changes(new, BASE)
    assert kinds(there) == done
    assert kinds(back) == {(kind, name, REVERSE[how]) for kind, name, how in done}
    assert all(bool(change.fields) == (change.how == "changed") for change in (*there, *back))
    assert "424242" not in repr(there) + repr(back)
    assert "\n" not in "".join(map(str, there))


def kinds(found: tuple[Change, ...]) -> set[tuple[str, str, str]]:
    """What is told, each once; skills follow from what else is done."""
    said = [(one.kind, one.name, one.how) for one in found if one.kind != "skill"]
    assert len(said) == len(set(said))
    return set(said)


def test_who_comes_with_a_new_skill_brings_it() -> None:
    more = plan({**AGENTS, "1004": {"billing": 1, "polish": 2}})
    assert told(more) == ["agent 1004 added", "skill polish added"]
    assert told(BASE, more) == ["agent 1004 removed", "skill polish removed"]
    assert PromptId("x") not in told(more)
