"""Dialogues: keys before, between and during prompts, each counted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.ids import Language
from acd.core.ivr import (
    STOP_GRACE_SECONDS,
    STOP_LATE_SECONDS,
    Chosen,
    Dialogue,
    Finished,
    Missed,
    Play,
    Step,
    Stop,
    WakeAt,
)
from acd.core.plan import Enqueue, HangUp
from tests.plans import login_menu, main_menu


def played(steps: list[Step]) -> list[str]:
    """Return what the steps order to be played."""
    return [f"{step.language}/{step.prompt}" for step in steps if isinstance(step, Play)]


def finished(steps: list[Step]) -> Enqueue | HangUp | None:
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


def test_a_key_typed_before_the_first_prompt_ends_is_taken_at_once() -> None:
    dialogue = Dialogue(main_menu())
    dialogue.start(0.0)
    steps = dialogue.digit("2", 0.1)
    assert Chosen("2") in steps
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
