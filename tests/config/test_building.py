"""What stands beside a verb becomes nodes before its own: digits asked for, words said first."""

from acd.core.plan import AgentDo, Ask, Collect, Enqueue, Say
from tests.config.conftest import Small, chosen, code, main


def test_collect_asks_in_order_and_refuses_who_does_not_answer(small: Small) -> None:
    small.edit("ivr_menus/agent.yaml", "    do: login\n", """\
    collect:
      - {into: agent, say: {de: Nummer?, en: Number?}, max_digits: 8}
      - {into: pin, say: {de: PIN?, en: PIN?}, min_digits: 4, max_digits: 12, retries: 1}
    do: login
    by_number: true
""")  # fmt: skip
    menu = code(small, "*30")
    agent = menu.nodes[menu.entry]
    assert isinstance(agent, Collect)
    pin = menu.nodes[agent.next]
    assert isinstance(pin, Collect)
    done = menu.nodes[pin.next]
    assert isinstance(done, AgentDo)
    assert (agent.into, pin.into, done.by_number) == ("agent", "pin", True)
    assert (pin.min_digits, pin.max_digits, pin.terminator, pin.retries) == (4, 12, "#", 1)
    assert agent.otherwise == pin.otherwise == done.refused


def test_say_comes_before_all_else(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{say: {de: Ja., en: Yes.}, queue: fault}")
    menu = main(small)
    found = chosen(menu, "1")
    assert isinstance(found, Say)
    assert found.prompts == ("main/key-1-say",)
    assert isinstance(menu.nodes[found.next], Enqueue)


def test_a_recording_is_played_by_its_name_behind_what_is_said(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}",
               "{say: {de: Ja., en: Yes.}, play: [office/closed], queue: fault}")  # fmt: skip
    found = chosen(main(small), "1")
    assert isinstance(found, Say)
    assert found.prompts == ("main/key-1-say", "office/closed")
    assert "ivr_menus/main.yaml:5:40: no prompt prompts/de/office/closed.wav" in "".join(
        small.told(need_prompts=True)
    )
    small.write("prompts/office.yaml", "closed: {de: Zu., en: Closed.}\n")
    said = {(each.language, each.text) for each in small.load().speeches}
    assert {("de", "Zu."), ("en", "Closed.")} <= said


def test_a_key_that_leaves_the_digits_cannot_complete_them(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}",
               "{queue: fault, collect: [{into: x, say: {de: a, en: b}, leave: '#'}]}")  # fmt: skip
    (told,) = small.told()
    assert '"#" completes the digits already' in told


def test_digits_may_be_proved_bounded_and_confirmed(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{queue: fault, collect: [{into: value, "
               "say: {de: W?, en: V?}, check: luhn, at_least: ani, at_most: 500, "
               "wrong: {de: Nein., en: No.}, confirm: {de: 'Sie: {value}', en: 'You: {value}'}}]}"
               )  # fmt: skip
    menu = main(small)
    asked = chosen(menu, "1")
    assert isinstance(asked, Collect)
    assert (asked.check, asked.at_least, asked.at_most) == ("luhn", "ani", 500)
    assert asked.wrong_prompts == ("main/key-1-value-wrong",)
    sure = menu.nodes[asked.next]
    assert isinstance(sure, Ask)
    assert sure.choices["2"] == asked.id
    assert isinstance(menu.nodes[sure.choices["1"]], Enqueue)
    assert "de/main/key-1-value-confirm" in menu.sentences
