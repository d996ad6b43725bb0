"""Each verb of the menus' language: what it becomes, and how its mistakes are told."""

import pytest

from acd.config.verbs import VERBS
from acd.core.ids import MenuId, NodeId, SkillId
from acd.core.plan import (
    AgentAction,
    AgentDo,
    Ask,
    AttributeNeed,
    Collect,
    Enqueue,
    HangUp,
    Keep,
    LookUp,
    Need,
    Return,
    Say,
    SubMenu,
    SwitchLanguage,
    TakeMessage,
    Transfer,
)
from tests.config.conftest import Small, chosen, code, main

OTHER = """\
menu: other
languages: [de, en]
choices:
  1: {label: {de: Ende, en: End}, hang_up: true}
wrong_key: {de: Falsch., en: Wrong.}
otherwise: {hang_up: true}
"""


def test_queue_remembers_the_key_and_its_label(small: Small) -> None:
    found = chosen(main(small), "2")
    assert isinstance(found, Enqueue)
    assert (found.queue, found.option) == ("billing", "2")
    assert found.label == {"de": "Rechnung", "en": "Bill"}


def test_queue_may_ask_before_it_whether_the_talk_may_be_recorded(small: Small) -> None:
    small.edit(
        "ivr_menus/main.yaml",
        "{queue: fault}",
        "{queue: fault, ask_recording: {de: Dürfen wir?, en: May we?}}",
    )
    menu = main(small)
    asked = chosen(menu, "1")
    assert isinstance(asked, Collect)
    assert (asked.into, asked.max_digits, asked.retries) == ("recording_consent", 1, 0)
    assert asked.next == asked.otherwise
    queue = menu.nodes[asked.next]
    assert isinstance(queue, Enqueue)
    assert (queue.queue, queue.asks_recording) == ("fault", True)


def test_queue_may_show_what_was_asked_for(small: Small) -> None:
    asks = "collect: [{into: number, say: {de: Z, en: Z}}]"
    small.edit("ivr_menus/main.yaml", "{queue: fault}", f"{{queue: fault, show: number, {asks}}}")
    menu = main(small)
    asked = chosen(menu, "1")
    assert isinstance(asked, Collect)
    queue = menu.nodes[asked.next]
    assert isinstance(queue, Enqueue)
    assert queue.show == "number"
    small.edit("ivr_menus/main.yaml", "show: number", "show: numer")
    (problem,) = small.told()
    assert 'unknown attribute "numer"' in problem


def test_queue_without_a_label_takes_the_queues_own(small: Small) -> None:
    found = chosen(main(small), "1")
    assert isinstance(found, Enqueue)
    assert found.label == {"de": "Entstörung", "en": "Faults"}


BOX = "  needs: {billing: 1}\n  voicemail: {longest_seconds: 60, thanks: []}\n"


def test_voicemail_takes_what_the_box_of_its_queue_says(small: Small) -> None:
    small.edit("config/queues.yaml", "  needs: {billing: 1}\n", BOX)
    small.edit(
        "ivr_menus/main.yaml", "otherwise: {queue: billing}", "otherwise: {voicemail: billing}"
    )
    small.edit(
        "ivr_menus/main.yaml", "{queue: fault}", "{label: {de: a, en: b}, voicemail: billing}"
    )
    menu = small.load(need_prompts=False).plan.menus[MenuId("main")]
    found = chosen(menu, "1")
    assert isinstance(found, TakeMessage)
    assert (found.queue, found.longest_seconds) == ("billing", 60.0)
    assert found.prompts == ("voicemail/invitation",)
    assert isinstance(menu.nodes[found.next], Say)
    silent = menu.nodes[found.otherwise]
    assert isinstance(silent, TakeMessage), "who says nothing goes where he chooses nothing"
    assert isinstance(menu.nodes[silent.otherwise], HangUp)


def test_a_queue_without_a_box_takes_no_messages(small: Small) -> None:
    small.edit(
        "ivr_menus/main.yaml", "otherwise: {queue: billing}", "otherwise: {voicemail: fault}"
    )
    small.edit("config/queues.yaml", "  needs: {billing: 1}\n",
               "  needs: {billing: 1}\n  exits: [{full: 1, voicemail: fault}]\n")  # fmt: skip
    what = 'the queue "fault" has no box for messages; add "voicemail" to'
    assert [each for each in small.told() if "box" in each] == [
        f"config/queues.yaml:8:32: {what} that queue",
        f"ivr_menus/main.yaml:9:24: {what} it in queues.yaml",
    ]


def test_a_box_of_no_queue_is_told(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "otherwise: {queue: billing}", "otherwise: {voicemail: bil}")
    assert any('9:24: unknown queue "bil"' in each for each in small.told())


def test_queue_may_ask_for_more_than_the_queue_needs(small: Small) -> None:
    small.edit(
        "config/skills.yaml", "billing:\n", "language.en: {label: {de: E, en: E}}\nbilling:\n"
    )
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{queue: fault, position: 2, needs: "
               "{fault: 4, billing: 1}, attribute_needs: [{attribute: language, "
               "prefix: language., minimum: 2}, {attribute: dnis, prefix: language}]}")  # fmt: skip
    small.edit("config/agents.yaml", "{fault: 5}", "{fault: 5, billing: 1}")
    found = chosen(main(small), "1")
    assert isinstance(found, Enqueue)
    assert found.needs == (Need(SkillId("billing")), Need(SkillId("fault"), 4))
    assert found.attribute_needs == (
        AttributeNeed(attribute="language", prefix="language.", minimum=2),
        AttributeNeed(attribute="dnis", prefix="language"),
    )
    assert found.position == 2


def test_who_chose_nothing_has_no_option(small: Small) -> None:
    menu = main(small)
    ask = menu.nodes[menu.entry]
    assert isinstance(ask, Ask)
    found = menu.nodes[ask.otherwise]
    assert isinstance(found, Enqueue)
    assert (found.queue, found.option) == ("billing", "")


def test_language_leads_back_to_the_beginning(small: Small) -> None:
    menu = main(small)
    found = chosen(menu, "9")
    assert isinstance(found, SwitchLanguage)
    assert found.next == menu.entry


def test_menu_goes_on_in_another_file(small: Small) -> None:
    small.write("ivr_menus/other.yaml", OTHER)
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{menu: other, label: {de: a, en: b}}")
    menu = main(small)
    found = chosen(menu, "1")
    assert isinstance(found, Ask)
    assert found.id == "other/choices"
    assert isinstance(menu.nodes[found.choices["1"]], HangUp)


def test_menu_with_then_can_be_come_back_from(small: Small) -> None:
    small.write("ivr_menus/other.yaml", OTHER.replace("hang_up: true}\nw", "back: true}\nw"))
    small.edit("ivr_menus/main.yaml", "{queue: fault}",
               "{label: {de: a, en: b}, menu: other, then: {queue: fault}}")  # fmt: skip
    menu = main(small)
    found = chosen(menu, "1")
    assert isinstance(found, SubMenu)
    inside = menu.nodes[found.entry]
    assert isinstance(inside, Ask)
    assert isinstance(menu.nodes[inside.choices["1"]], Return)
    after = menu.nodes[found.then]
    assert isinstance(after, Enqueue)
    assert (after.queue, after.option) == ("fault", "1")


def test_keep_names_the_attributes_of_its_record(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{label: {de: a, en: b}, keep: reading, "
               "fields: [ani, value], collect: [{into: value, say: {de: W, en: V}}], "
               "then: {hang_up: true}}")  # fmt: skip
    menu = main(small)
    asked = chosen(menu, "1")
    assert isinstance(asked, Collect)
    found = menu.nodes[asked.next]
    assert isinstance(found, Keep)
    assert (found.kind, found.fields) == ("reading", ("ani", "value"))
    assert isinstance(menu.nodes[found.next], HangUp)


def test_lookup_has_three_ways(small: Small) -> None:
    small.edit("config/acd.yaml", "pbxs:", "lookups: {crm: {url: 'http://crm/{ani}', "
               "into: {customer: name}, timeout_seconds: 1.5}}\npbxs:")  # fmt: skip
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{label: {de: a, en: b}, lookup: crm, "
               "found: {queue: fault}, not_found: {queue: billing}, failed: {hang_up: true}}"
               )  # fmt: skip
    menu = main(small)
    found = chosen(menu, "1")
    assert isinstance(found, LookUp)
    assert (found.lookup, found.timeout_seconds) == ("crm", 1.5)
    ends = [menu.nodes[end] for end in (found.found, found.missing, found.failed)]
    assert [type(end) for end in ends] == [Enqueue, Enqueue, HangUp]


def test_transfer_leads_to_a_number_outside(small: Small) -> None:
    small.edit("config/acd.yaml", "pbxs:", 'external_numbers: ["+4930555"]\npbxs:')
    small.edit("ivr_menus/main.yaml", "{queue: fault}",
               '{label: {de: a, en: b}, transfer: "+4930555"}')  # fmt: skip
    found = chosen(main(small), "1")
    assert isinstance(found, Transfer)
    assert found.number == "+4930555"


def test_do_says_what_became_of_it_and_hangs_up(small: Small) -> None:
    menu = code(small, "*30")
    found = menu.nodes[menu.entry]
    assert isinstance(found, AgentDo)
    assert (found.action, found.reason, found.by_number) == (AgentAction.LOG_IN, "", False)
    for end, prompt in (
        (found.done, "agent/code-30-done"),
        (found.refused, "agent/code-30-refused"),
    ):
        said = menu.nodes[end]
        assert isinstance(said, Say)
        assert said.prompts == (prompt,)
        assert isinstance(menu.nodes[said.next], HangUp)


ROWS = ", ".join(VERBS)

MISTAKES = [
    ("main", "{queue: fault}", '{label: {de: a, en: b}, transfer: "123"}',
     '5:40: unknown number "123"; none is defined (acd.yaml, external_numbers)'),
    ("main", "{queue: fault}", "{label: {de: a, en: b}, lookup: crm, found: {hang_up: true}, "
     "not_found: {hang_up: true}}",
     '5:38: unknown lookup "crm"; none is defined (acd.yaml, lookups)'),
    ("main", "{queue: fault}", "{label: {de: a, en: b}, keep: x, fields: [vlaue], "
     "then: {hang_up: true}}",
     '5:48: unknown attribute "vlaue", did you mean "language"?; '
     'allowed: language, ani, dnis, client'),
    ("main", "{queue: fault}", "{label: {de: a, en: b}, keep: x, fields: [ani], then: {}}",
     '5:54: "then" leads nowhere; add one of: ' + ROWS),
    ("main", "queue: fault", "queue: falt",
     '5:14: unknown queue "falt", did you mean "fault"?; allowed: fault, billing'),
    ("main", "{queue: fault}", "{queue: fault, needs: {falt: 1}}",
     '5:29: unknown skill "falt", did you mean "fault"?; allowed: fault, billing (skills.yaml)'),
    ("main", "{queue: fault}", "{queue: fault, needs: {}}",
     '5:21: "needs" is empty; at least 1 needed'),
    ("main", "{queue: fault}", "{queue: fault, needs: {fault: 11}}",
     '5:36: "fault" cannot be "11"; at most 10'),
    ("main", "{queue: fault}",
     "{queue: fault, attribute_needs: [{attribute: lang, prefix: bill}]}",
     '5:51: unknown attribute "lang", did you mean "language"?; '
     'allowed: language, ani, dnis, client'),
    ("main", "{queue: fault}",
     "{queue: fault, attribute_needs: [{attribute: language, prefix: language.}]}",
     '5:69: no skill of skills.yaml begins with "language."; allowed: fault, billing'),
    ("main", "{queue: fault}",
     "{queue: fault, attribute_needs: [{attribute: language, prefix: language.x}]}",
     '5:69: "prefix" cannot be "language.x"; how names of skills begin, with the dot: language.'),
    ("main", "{queue: fault}",
     "{queue: fault, attribute_needs: [{attribute: language}]}",
     '5:39: "prefix" is missing; it is for: what stands before its value in the name of the '
     'skill, for example "language."; a value for which there is no such skill asks for nothing'),
    ("main", "{queue: fault}", "{queue: fault, position: 0}",
     '5:31: "position" cannot be "0"; at least 1'),
    ("main", "{queue: fault}", "{label: {de: a, en: b}}",
     '5:3: "1" leads nowhere; add one of: ' + ROWS),
    ("main", "{queue: fault}", "{quue: fault}",
     '5:3: "1" leads nowhere, did you mean "queue"?; add one of: ' + ROWS),
    ("main", "{queue: fault}", "{queue: fault, menu: main}",
     '5:21: "queue" and "menu" cannot both be followed; keep one of them'),
    ("main", "{queue: fault}", "{queue: fault, lable: x}",
     '5:21: unknown key "lable", did you mean "label"?; '
     "allowed: label, announce, say, play, collect, instead, when, queue, needs, attribute_needs, "
     "position, show, ask_recording"),
    ("main", "otherwise: {queue: billing}", "otherwise: {}",
     '9:1: "otherwise" leads nowhere; add one of: ' + ROWS),
    ("main", "{queue: fault}", "{menu: main}",
     '5:3: "1" cannot be announced: it has no label; '
     'add "label", or "announce" for the whole sentence'),
    ("main", "{queue: fault}", "{menu: mian, label: {de: x, en: y}}",
     '5:13: unknown menu "mian", did you mean "main"?; allowed: main'),
    ("main", "{queue: fault}", "{menu: agent, label: {de: x, en: y}}",
     '5:13: unknown menu "agent"; allowed: main'),
    ("main", "{queue: fault}", "{hang_up: no, label: {de: x, en: y}}",
     '5:16: "hang_up" cannot be "no"; allowed: true'),
    ("main", "{language: next}", "{language: en}",
     '7:17: "language" cannot be "en"; allowed: next'),
    ("agent", "do: login", "do: log-in",
     '5:9: "do" cannot be "log-in"; allowed: login, logout, ready, not-ready or end-wrap-up'),
    ("agent", "do: login", "do: not-ready",
     '5:9: "not-ready" needs a reason; a "reason" belongs to "do: not-ready"'),
    ("agent", "do: login", "do: login\n    reason: break",
     '5:9: no reason is asked for; a "reason" belongs to "do: not-ready"'),
    ("agent", "do: login", "do: not-ready\n    reason: brake",
     '6:13: unknown reason "brake", did you mean "break"?; '
     "allowed: break, meeting (acd.yaml, not_ready_reasons)"),
    ("agent", "do: login", "do: login\n    by_number: yes",
     '6:16: "by_number" needs the digits of "agent" and "pin"; ask for both under "collect"'),
    ("agent", "    done: {de: Angemeldet., en: Logged in.}\n", "",
     '4:3: "done" is missing; it is for: said when it is done'),
    ("agent", "do: login", "collect: [{into: x, say: {de: x, en: y}, min_digits: 9, "
     "max_digits: 3}]\n    do: login",
     '5:73: "max_digits" is less than "min_digits", which is 9'),
    ("agent", "do: login", "collect:\n"
     "    - {into: x, say: {de: x, en: y}}\n    - {into: x, say: {de: x, en: y}}\n    do: login",
     '7:14: "x" is asked for twice; keep one'),
    ("agent", "do: login", "collect: [{into: x, say: {de: x}}]\n    do: login",
     '5:25: "say" says nothing in "en"; add en: ...'),
    ("agent", "do: login", "collect: [{into: x, say: {de: x, en: y}, max: 3}]\n    do: login",
     '5:46: unknown key "max"; allowed: into, say, min_digits, max_digits, terminator, '
     "timeout_seconds, retries, wrong, check, at_least, at_most, leave, confirm"),
]  # fmt: skip


@pytest.mark.parametrize(("menu", "old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told(small: Small, menu: str, old: str, new: str, problem: str) -> None:
    small.edit(f"ivr_menus/{menu}.yaml", old, new)
    assert small.told() == [f"ivr_menus/{menu}.yaml:{problem}"]


def test_every_node_a_menu_names_is_there(small: Small) -> None:
    for menu in small.load().plan.menus.values():
        assert menu.entry in menu.nodes
        assert all(NodeId(name) == node.id for name, node in menu.nodes.items())
