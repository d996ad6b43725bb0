"""Dialogues: keys before, between and during prompts, each counted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.ids import Language, MenuId, NodeId, PromptId
from acd.core.ivr import (
    STOP_GRACE_SECONDS,
    STOP_LATE_SECONDS,
    Chosen,
    Compose,
    Dialogue,
    Finished,
    Inquire,
    Missed,
    Note,
    Play,
    Step,
    Stop,
    WakeAt,
)
from acd.core.plan import (
    Ask,
    Check,
    Collect,
    Enqueue,
    HangUp,
    Keep,
    Kind,
    LookUp,
    MenuPlan,
    Node,
    Return,
    Say,
    SubMenu,
    Transfer,
    Value,
)
from tests.plans import login_menu, main_menu


def played(steps: list[Step]) -> list[str]:
    """Return what the steps order to be played."""
    return [f"{step.language}/{step.prompt}" for step in steps if isinstance(step, Play)]


def finished(steps: list[Step]) -> Enqueue | Transfer | HangUp | None:
    """Return the node with which the dialogue ended."""
    return next((step.node for step in steps if isinstance(step, Finished)), None)


def queue_of(steps: list[Step]) -> str:
    """Return the queue to which the dialogue led."""
    node = finished(steps)
    assert isinstance(node, Enqueue)
    return node.queue


def test_the_prompts_of_a_menu_come_one_after_another() -> None:
    dialogue = Dialogue(main_menu())
    assert played(dialogue.start(0.0)) == ["de/main/welcome"]
    assert played(dialogue.prompt_ended(1, 2.0)) == ["de/main/options"]
    assert dialogue.prompt_ended(2, 9.0) == [WakeAt(14.0)]


def test_what_could_not_be_played_is_passed_over_for_the_rest_of_the_call() -> None:
    """Else each try would end the PBX's dialogue, and after twenty he is in the emergency queue."""
    dialogue = Dialogue(main_menu(retries=1))
    dialogue.start(0.0)
    now = 0.0
    for play_id in (1, 2):
        now += 0.1
        steps = dialogue.prompt_ended(play_id, now, played=False)
        assert steps == [WakeAt(now + STOP_LATE_SECONDS)]
        now += 0.1
        steps = dialogue.restarted(now)
    assert steps == [WakeAt(now + 5.0)], "nothing left to play: a key is waited for"
    steps = dialogue.timed_out(now + 5.0)
    assert played(steps) == [], "the second time nothing is tried"
    assert queue_of(dialogue.timed_out(now + 10.0)) == "switchboard"


def test_the_next_prompt_comes_even_where_the_pbx_did_not_end_its_dialogue() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.1, played=False)
    assert Stop() in dialogue.timed_out(0.1 + STOP_LATE_SECONDS)
    assert played(dialogue.restarted(2.0)) == ["de/main/options"]


def test_what_our_stop_cut_short_is_heard_the_next_time() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    assert Stop() in dialogue.timed_out(60.0)
    dialogue.prompt_ended(1, 60.1, played=False)
    assert played(dialogue.restarted(60.2)) == ["de/main/options"]
    dialogue.prompt_ended(2, 62.0)
    steps = dialogue.digit("9", 63.0)
    assert played(steps) == ["en/main/welcome"]
    dialogue.prompt_ended(3, 64.0)
    steps = dialogue.prompt_ended(4, 66.0) + dialogue.digit("9", 67.0)
    assert played(steps) == ["de/main/welcome"]


def test_a_key_typed_before_the_first_prompt_ends_is_taken_at_once() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    steps = dialogue.digit("2", 0.1)
    assert Chosen("2", MenuId("main")) in steps
    assert queue_of(steps) == "billing"


def test_a_key_typed_before_the_call_is_there_waits_for_the_menu() -> None:
    dialogue = Dialogue(main_menu())
    assert dialogue.digit("2", 0.1) == []
    assert queue_of(dialogue.restarted(2.0)) == "billing"


def test_a_key_between_two_prompts_counts_once() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 2.0)
    steps = dialogue.digit("3", 2.001)
    assert queue_of(steps) == "meter"
    assert dialogue.digit("4", 2.1) == []


def test_a_wrong_key_is_said_so_and_the_options_are_repeated() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    assert Missed("wrong_key") in dialogue.digit("7", 1.0)
    assert played(dialogue.prompt_ended(1, 1.1)) == ["de/main/wrong"]
    assert played(dialogue.prompt_ended(2, 2.0)) == ["de/main/options"]


def test_no_key_in_three_playings_leads_to_the_switchboard() -> None:
    dialogue = Dialogue(main_menu(retries=2, timeout_seconds=5.0))
    now, steps = 0.0, dialogue.start(0.0)
    heard: list[str] = []
    play_id = 0
    while finished(steps) is None:
        heard += played(steps)
        now += 5.0
        if played(steps):
            play_id += 1
            steps = dialogue.prompt_ended(play_id, now)
        else:
            steps = dialogue.timed_out(now)
    assert heard.count("de/main/options") == 3
    assert heard.count("de/main/welcome") == 1
    assert queue_of(steps) == "switchboard"


def test_nine_switches_the_language_and_back() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    dialogue.digit("9", 1.0)
    assert played(dialogue.prompt_ended(1, 1.1)) == ["en/main/welcome"]
    dialogue.digit("9", 2.0)
    assert played(dialogue.prompt_ended(2, 2.1)) == ["de/main/welcome"]


def test_an_unknown_language_falls_back_to_the_menus_first() -> None:
    assert Dialogue(main_menu(), Language("fr")).language == "de"


def test_a_prompt_that_does_not_fall_silent_after_a_key_is_broken_off() -> None:
    """The key came after the prompt was ordered and before the PBX began it."""
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    assert WakeAt(1.0 + STOP_GRACE_SECONDS) in dialogue.digit("9", 1.0)
    assert Stop() in dialogue.timed_out(1.0 + STOP_GRACE_SECONDS)
    assert played(dialogue.restarted(1.5)) == ["en/main/welcome"]


def test_a_prompt_whose_end_is_never_reported_does_not_hold_the_caller_for_ever() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    assert dialogue.timed_out(19.0) == [Stop(), WakeAt(19.0 + STOP_LATE_SECONDS)]
    assert Stop() in dialogue.timed_out(19.0 + STOP_LATE_SECONDS)
    assert played(dialogue.restarted(30.0)) == ["de/main/options"]


def test_a_call_that_comes_back_from_the_pbx_is_asked_again() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 2.0)
    dialogue.prompt_ended(2, 3.0)
    assert played(dialogue.restarted(60.0)) == ["de/main/welcome"]


def test_the_end_of_an_earlier_prompt_is_ignored() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 1.0)
    assert dialogue.prompt_ended(1, 1.1) == []


@pytest.mark.parametrize("keys", ["1001#01001#", "1001#01001"])
def test_number_and_pin_are_collected_even_when_typed_ahead(keys: str) -> None:
    dialogue = Dialogue(login_menu())
    dialogue.start(0.0)
    steps: list[Step] = []
    for key in keys:
        steps += dialogue.digit(key, 1.0)
    if not keys.endswith("#"):
        dialogue.prompt_ended(1, 1.2)
        steps += dialogue.timed_out(6.3)
    assert dialogue.attributes == {"agent": "1001", "pin": "01001"}


@given(st.lists(st.sampled_from("0123456789*#"), max_size=30), st.randoms(use_true_random=False))
def test_whatever_is_pressed_the_dialogue_ends_once(keys: list[str], rng: object) -> None:
    dialogue = Dialogue(main_menu())
    now, steps = 0.0, dialogue.start(0.0)
    ends = 0
    pending = list(keys)
    for _ in range(500):
        ends += finished(steps) is not None
        if ends and not pending:
            break
        now += 1.0
        if pending:
            steps = dialogue.digit(pending.pop(), now)
        elif dialogue._playing:
            steps = dialogue.prompt_ended(dialogue._play_id, now)
        else:
            steps = dialogue.timed_out(now)
    assert ends == 1


# -- digits that must be right, sub-menus, look-ups, forms ----------------------------------------

END = HangUp(id=NodeId("m/end"))


def graph(*nodes: Node, **sentences: tuple[PromptId | Value, ...]) -> MenuPlan:
    """A menu of these nodes, entered by the first; ``sentences`` by prompt, in German."""
    return MenuPlan(
        id=MenuId("m"),
        languages=(Language("de"),),
        entry=nodes[0].id,
        nodes={node.id: node for node in (*nodes, END)},
        sentences={f"de/{name}": said for name, said in sentences.items()},
    )


def digits(**more: object) -> Collect:
    values = {
        "id": NodeId("m/number"),
        "prompts": (PromptId("ask"),),
        "wrong_prompts": (PromptId("wrong"),),
        "into": "number",
        "min_digits": 1,
        "max_digits": 6,
        "terminator": "#",
        "timeout_seconds": 5.0,
        "retries": 1,
        "next": END.id,
        "otherwise": END.id,
    } | more
    return Collect(**values)  # type: ignore[arg-type]


def typed(dialogue: Dialogue, keys: str) -> list[Step]:
    return [step for key in keys for step in dialogue.digit(key, 1.0)]


def test_a_number_whose_check_digit_is_wrong_is_said_so_and_asked_again() -> None:
    dialogue = Dialogue(graph(digits(check=Check.LUHN)))
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.5)
    steps = typed(dialogue, "18#")
    assert Missed("wrong_key") not in steps
    assert finished(steps) == END
    assert dialogue.attributes == {"number": "18"}
    dialogue = Dialogue(graph(digits(check=Check.LUHN)))
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.5)
    steps = typed(dialogue, "19#")
    assert Missed("wrong_key") in steps
    assert played(steps) == ["de/wrong"]
    assert played(dialogue.prompt_ended(2, 2.0)) == ["de/ask"]
    assert dialogue.attributes == {}


@pytest.mark.parametrize(("keys", "right"), [("99", False), ("100", True), ("250", True),
                                             ("251", False), ("1*0", False)])  # fmt: skip
def test_a_number_must_lie_between_its_bounds(keys: str, right: bool) -> None:
    dialogue = Dialogue(graph(digits(at_least="last", at_most=250)))
    dialogue.attributes["last"] = "100"
    dialogue.start(0.0)
    typed(dialogue, f"{keys}#")
    assert ("number" in dialogue.attributes) is right


def test_a_bound_that_nobody_knows_bounds_nothing() -> None:
    dialogue = Dialogue(graph(digits(at_least="last")))
    dialogue.start(0.0)
    typed(dialogue, "7#")
    assert dialogue.attributes == {"number": "7"}


def test_silence_after_too_few_or_wrong_digits_leads_out_in_the_end() -> None:
    dialogue = Dialogue(graph(digits(check=Check.LUHN, otherwise=END.id)))
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.5)
    typed(dialogue, "19#")
    dialogue.prompt_ended(2, 2.0)
    dialogue.prompt_ended(3, 3.0)
    assert finished(dialogue.timed_out(9.0)) == END


def sub_menu() -> MenuPlan:
    ask = Ask(id=NodeId("sub/choices"), prompts=(PromptId("sub"),), repeat_prompts=(),
              wrong_prompts=(), choices={"1": NodeId("sub/back"), "2": NodeId("m/in")},
              retries=0, timeout_seconds=5.0, otherwise=END.id)  # fmt: skip
    return graph(
        SubMenu(id=NodeId("m/in"), entry=ask.id, then=NodeId("m/then")),
        ask,
        Return(id=NodeId("sub/back")),
        Say(id=NodeId("m/then"), prompts=(PromptId("then"),), next=END.id),
    )


def test_who_comes_back_from_a_sub_menu_goes_on_behind_it() -> None:
    dialogue = Dialogue(sub_menu())
    assert played(dialogue.start(0.0)) == ["de/sub"]
    steps = dialogue.prompt_ended(1, 1.0) + dialogue.digit("1", 2.0)
    assert Chosen("1", MenuId("sub")) in steps
    assert played(steps) == ["de/then"]


def test_who_went_in_a_hundred_times_comes_back_as_from_once() -> None:
    dialogue = Dialogue(sub_menu())
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.5)
    for again in range(100):
        typed(dialogue, "2")
        dialogue.prompt_ended(2 + again, 1.0)
    assert played(typed(dialogue, "1")) == ["de/then"]


def test_a_way_back_that_leads_nowhere_is_the_beginning_of_the_menu() -> None:
    dialogue = Dialogue(sub_menu())
    assert played(dialogue.start(0.0, at=NodeId("sub/choices"))) == ["de/sub"]
    dialogue.prompt_ended(1, 1.0)
    assert played(dialogue.digit("1", 2.0)) == ["de/sub"]


def look_up() -> MenuPlan:
    ends = [HangUp(id=NodeId(f"m/{name}")) for name in ("found", "missing", "failed")]
    node = LookUp(id=NodeId("m/look"), lookup="contract", timeout_seconds=2.0,
                  found=ends[0].id, missing=ends[1].id, failed=ends[2].id)  # fmt: skip
    return graph(node, *ends)


def test_what_a_look_up_finds_is_known_of_the_caller() -> None:
    dialogue = Dialogue(look_up())
    (wake, inquire) = dialogue.start(0.0)
    assert isinstance(inquire, Inquire)
    assert isinstance(wake, WakeAt)
    assert wake.at is not None
    assert wake.at > 2.0
    end = finished(dialogue.looked_up(NodeId("m/look"), {"customer": "Auental"}, 1.0))
    assert end is not None
    assert end.id == "m/found"
    assert dialogue.attributes == {"customer": "Auental"}


@pytest.mark.parametrize("how", ["missing", "failed", "silent"])
def test_a_look_up_without_a_find_goes_its_own_ways(how: str) -> None:
    dialogue = Dialogue(look_up())
    dialogue.start(0.0)
    node = NodeId("m/look")
    if how == "missing":
        end = finished(dialogue.looked_up(node, None, 1.0))
    elif how == "failed":
        end = finished(dialogue.look_up_failed(node, 1.0))
    else:
        end = finished(dialogue.timed_out(4.0))
    assert end is not None
    assert end.id == ("m/missing" if how == "missing" else "m/failed")


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    dialogue = Dialogue(look_up())
    dialogue.start(0.0)
    dialogue.timed_out(4.0)
    assert dialogue.looked_up(NodeId("m/look"), {"customer": "x"}, 5.0) == []
    assert dialogue.look_up_failed(NodeId("m/look"), 5.0) == []
    assert dialogue.attributes == {}


def test_a_form_is_noted_with_what_is_known_then() -> None:
    keep = Keep(id=NodeId("m/keep"), kind="reading", fields=("number", "other"), next=END.id)
    dialogue = Dialogue(graph(digits(next=keep.id), keep))
    dialogue.start(0.0)
    steps = typed(dialogue, "123#")
    assert Note("reading", {"number": "123", "other": ""}) in steps


def test_a_sentence_is_put_together_when_its_turn_comes() -> None:
    said = (PromptId("you-typed"), Value("number", Kind.DIGITS), PromptId("thanks"))
    say = Say(id=NodeId("m/say"), prompts=(PromptId("first"), PromptId("whole")), next=END.id)
    dialogue = Dialogue(graph(say, whole=said))
    assert played(dialogue.start(0.0)) == ["de/first"]
    assert dialogue.prompt_ended(1, 1.0) == [Compose(said)]
    parts = (PromptId("you-typed"), PromptId("say/4"))
    assert played(dialogue.composed(parts, 1.0)) == ["de/you-typed"]
    assert played(dialogue.prompt_ended(2, 2.0)) == ["de/say/4"]
    assert finished(dialogue.prompt_ended(3, 3.0)) == END


def test_a_sentence_of_which_nothing_can_be_said_is_passed_over() -> None:
    said = (Value("number", Kind.DIGITS),)
    say = Say(id=NodeId("m/say"), prompts=(PromptId("whole"),), next=END.id)
    dialogue = Dialogue(graph(say, whole=said))
    assert dialogue.start(0.0) == [Compose(said)]
    assert finished(dialogue.composed((), 0.0)) == END


def test_a_transfer_ends_the_dialogue() -> None:
    node = Transfer(id=NodeId("m/out"), number="+4930555111")
    dialogue = Dialogue(graph(node))
    assert finished(dialogue.start(0.0)) == node
    assert dialogue.over


@given(keys=st.text("0123456789*#.", max_size=60), check=st.sampled_from([None, *Check]))
def test_whatever_is_typed_the_walk_comes_to_no_wrong_number(keys: str, check: Check) -> None:
    dialogue = Dialogue(graph(digits(check=check, at_most=5000, retries=9)))
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.5)
    for key in keys:
        dialogue.timed_out(1.0) if key == "." else dialogue.digit(key, 1.0)
    number = dialogue.attributes.get("number")
    assert number is None or (number.isdigit() and int(number) <= 5000)


def test_a_key_leads_out_of_the_digits_at_once() -> None:
    out = HangUp(id=NodeId("m/out"))
    dialogue = Dialogue(graph(digits(leave="*", otherwise=out.id), out))
    dialogue.start(0.0)
    dialogue.prompt_ended(1, 0.5)
    assert finished(typed(dialogue, "12*")) == out
    assert dialogue.attributes == {}
