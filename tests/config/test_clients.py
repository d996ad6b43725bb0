"""What `config/clients/` and `config/numbers.yaml` come to in the plan."""

from acd.core.ids import AgentId, ClientId, MenuId
from acd.core.numbers import Dialled
from acd.core.queueplan import in_groups
from acd.rehearsal import failures
from tests.config.conftest import Small

SHARED = """\
menu: shared
languages: [de, en]
choices:
  1: {queue: fault}
wrong_key: {de: Falsch., en: Wrong.}
otherwise: {queue: fault}
"""

CLIENT = """\
name: Lindau
numbers: ["0800 201", +49 800 202]
menu: shared
languages: [en, de]
greeting: {de: Lindau., en: Lindau here.}
groups: [south]
answer: {de: Stadtwerke Lindau, en: Lindau utility}
ask: [Name, Straße]
tell: [Offen bis vier.]
"""


def with_client(small: Small, text: str = CLIENT, name: str = "lindau") -> Small:
    """Add the client, a menu, and a group in which the first agent is."""
    small.write("ivr_menus/shared.yaml", SHARED)
    small.write("config/groups.yaml", "south: {}\nnorth: {}\n")
    agents = "config/agents.yaml"
    if "groups" not in (small.root / agents).read_text(encoding="utf-8"):
        small.edit(agents, "skills: {fault: 5}", "skills: {fault: 5}\n  groups: [south]")
    small.write(f"config/clients/{name}.yaml", text)
    return small


def test_a_client_is_a_file(small: Small) -> None:
    plan = with_client(small).load().plan
    client = plan.clients[ClientId("lindau")]
    assert (client.name, client.menu, client.language) == ("Lindau", "shared", "en")
    assert client.greeting == ("client-lindau/greeting",)
    assert client.answer == {"de": "Stadtwerke Lindau", "en": "Lindau utility"}
    assert (client.ask, client.tell) == (("Name", "Straße"), ("Offen bis vier.",))
    for number in ("0800201", "0049800202"):
        assert plan.numbers.find(number) == Dialled(MenuId("shared"), ClientId("lindau"))
    assert plan.numbers.find("0800203") is None


def test_its_greeting_is_spoken_in_each_of_its_languages(small: Small) -> None:
    speeches = with_client(small).load().speeches
    greetings = {
        (each.language, each.text) for each in speeches if each.prompt == "client-lindau/greeting"
    }
    assert greetings == {("de", "Lindau."), ("en", "Lindau here.")}


def test_who_is_in_one_of_its_groups_can_serve_it_and_nobody_else(small: Small) -> None:
    plan = with_client(small).load().plan
    (need,) = plan.clients[ClientId("lindau")].needs
    assert need.skill == in_groups(["south"])
    assert need.skill in plan.agents[AgentId("1001")].skills
    assert need.skill not in plan.agents[AgentId("1002")].skills


def test_a_group_that_is_not_enabled_serves_no_client(small: Small) -> None:
    with_client(small)
    small.write("config/groups.yaml", "south: {enabled: false}\nnorth: {}\n")
    (told,) = small.told()
    assert told.startswith("config/clients/lindau.yaml:6:1: no agent of south can serve the queue")


def test_without_groups_menu_and_languages_everybody_serves_it_as_all_others(small: Small) -> None:
    plan = with_client(small, 'name: Lindau\nnumbers: ["0800201"]\n').load().plan
    client = plan.clients[ClientId("lindau")]
    assert (client.menu, client.language, client.needs) == ("main", "de", ())


def test_a_client_that_is_not_enabled_has_no_callers_and_keeps_its_numbers(small: Small) -> None:
    with_client(small, CLIENT + "enabled: false\n")
    small.write("config/numbers.yaml", '"0800 300": shared\n')
    plan = small.load().plan
    assert (plan.clients, plan.numbers.find("0800201")) == ({}, None)
    small.write("config/numbers.yaml", '"0800 201": shared\n')
    assert small.told() == [
        'config/clients/lindau.yaml:2:11: the number "0800 201" is taken; '
        "config/numbers.yaml:1 has it: keep one"
    ]


def test_a_number_may_lead_to_a_menu_without_any_client(small: Small) -> None:
    small.write("ivr_menus/shared.yaml", SHARED)
    small.write("config/numbers.yaml", '0800 3*: shared\n"0800 31": main\n+43 1 5: shared\n')
    numbers = small.load().plan.numbers
    found = {number: numbers.find(number) for number in ("080030", "080031", "004315", "0800")}
    menus = {number: one.menu if one else None for number, one in found.items()}
    assert menus == {"080030": "shared", "080031": "main", "004315": "shared", "0800": None}


def test_the_country_code_is_the_houses(small: Small) -> None:
    small.write("config/numbers.yaml", "0800 3: main\n")
    small.edit("config/acd.yaml", "service_name:", 'country_code: "43"\nservice_name:')
    assert small.load().plan.numbers.find("+438003") is not None


def test_menus_may_look_at_the_client_and_examples_name_him(small: Small) -> None:
    instead = "instead: [{when: {attribute: client, values: [lindau]}, hang_up: true}]"
    with_client(small)
    small.edit("ivr_menus/shared.yaml", "1: {queue: fault}", f"1: {{queue: fault, {instead}}}")
    text = (small.root / "ivr_menus/shared.yaml").read_text(encoding="utf-8")
    examples = "expect:\n  - {keys: '1', queue: fault}\n"
    examples += "  - {keys: '1', attributes: {client: lindau}, hang_up: true}\n"
    small.write("ivr_menus/shared.yaml", text + examples)
    loaded = small.load()
    assert len(loaded.expectations) == 2
    assert failures(loaded.plan, loaded.expectations) == []


def test_its_files_are_part_of_the_fingerprint(small: Small) -> None:
    before = with_client(small).load().fingerprint
    small.edit("config/clients/lindau.yaml", "Offen bis vier.", "Offen bis drei.")
    assert small.load().fingerprint != before
