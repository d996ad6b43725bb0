"""What a caller in the menu sees: his key counts once, his language is spoken, nobody is lost."""

from acd.core.records import CallState, MenuMissed, MenuSelected
from tests import plans
from tests.scenarios.centre import ASKED, PROMPT_SECONDS, SPECIALISTS, Centre
from tests.scenarios.world import Handset, until


def test_each_option_reaches_an_agent_with_the_skill(centre: Centre) -> None:
    centre.on_duty(*SPECIALISTS)
    calls = {key: centre.number() for key in "123456"}
    for key, number in calls.items():
        centre.world.call(number, keys=[(0.3, key)], in_sound=True)
    for key, agent in zip("123456", SPECIALISTS, strict=True):
        ring = centre.ring(agent)
        assert ring.number == calls[key]
        assert ring.label.startswith(f"{key} {plans.QUEUES[int(key) - 1].title()} ")
    assert len(centre.world.rings()) == 6


def test_a_key_counts_once_whenever_it_comes(centre: Centre) -> None:
    """Key 9 pressed once is English; pressed twice it would be German again."""
    welcome, options = PROMPT_SECONDS["de/main/welcome"], PROMPT_SECONDS["de/main/options"]
    moments = {
        "before the prompts": 0.0,
        "during the first": welcome / 2,
        "about between the two": welcome + 0.1,
        "during the second": welcome + options / 2,
        "after the prompts": welcome + options + 0.4,
    }
    # A prompt begins some hundredths of a second after the call: one of these meets its last 20 ms.
    moments |= {
        f"{20 * n} ms after the second would end": welcome + options + 0.02 * n for n in range(8)
    }
    numbers = {name: centre.number() for name in moments}
    for name, at in moments.items():
        keys = [(at, "9"), (at + 1.0, "2")]
        centre.world.call(numbers[name], keys=keys, in_sound=True)
    for name, number in numbers.items():
        centre.waiting(number)
        view = centre.engine.call(number)
        assert view is not None
        assert (view.language, view.queue, view.option) == ("en", "billing", "2"), name
        ids = centre.engine.ids(number)
        chosen = [s.option for s in centre.said(MenuSelected) if s.call in ids]
        assert chosen == ["9", "2"], name


def test_keys_by_info_count_once(centre: Centre) -> None:
    """A phone that sends its keys as messages says no beginning of a key, only its end."""
    number = centre.number()
    centre.world.call(number, keys=[(0.4, "9"), (1.2, "9"), (2.0, "9"), (2.8, "3")])
    centre.waiting(number)
    view = centre.engine.call(number)
    assert view is not None
    assert (view.language, view.queue) == ("en", "meter")
    chosen = [s.option for s in centre.said(MenuSelected)]
    assert chosen == ["9", "9", "9", "3"]


def test_german_first_and_key_9_is_english(centre: Centre) -> None:
    number = centre.number()
    centre.world.call(number, keys=[(1.9, "9")])
    both = ["de/main/welcome", "de/main/options", "en/main/welcome", "en/main/options"]
    until(lambda: centre.engine.prompts(number, heard=True) == both, 6, "both languages")


def test_a_wrong_key_is_said_so_and_asked_again(centre: Centre) -> None:
    number = centre.number()
    centre.world.call(number, keys=[(0.3, "8"), (1.7, "1")])
    centre.waiting(number)
    prompts = centre.engine.prompts(number)
    assert prompts == ["de/main/welcome", "de/main/wrong", "de/main/options"]
    missed = [m.kind for m in centre.said(MenuMissed) if m.call in centre.engine.ids(number)]
    assert missed == ["wrong_key"]


def test_without_a_key_three_playings_then_the_switchboard(centre: Centre) -> None:
    number = centre.number()
    centre.world.call(number)
    centre.waiting(number, timeout=12)
    view = centre.engine.call(number)
    assert view is not None
    assert (view.queue, view.state) == ("switchboard", CallState.QUEUED)
    played = centre.engine.prompts(number, heard=True)
    assert played.count("de/main/options") == 3


def test_digits_typed_ahead_lead_past_a_condition(centre: Centre) -> None:
    """Who types the district that is told something hears it and is let go; others go on."""
    numbers = {postcode: ASKED + centre.number()[4:] for postcode in ("10115", "20115")}
    callers = {}
    for postcode, number in numbers.items():
        keys = [(0.3 + 0.15 * at, key) for at, key in enumerate(f"7{postcode}")]
        callers[postcode] = centre.world.call(number, keys=keys)
    centre.waiting(numbers["20115"])
    view = centre.engine.call(numbers["20115"])
    assert view is not None
    assert (view.queue, view.option) == ("billing", "2")
    assert callers["10115"].wait_ended().ended_by == "pbx"
    assert centre.engine.prompts(numbers["10115"])[-1] == "de/agent/done"
    assert "de/agent/done" not in centre.engine.prompts(numbers["20115"])


def test_a_prompt_without_a_file_loses_nobody(centre: Centre) -> None:
    centre.on_duty(a1011=Handset(talk_seconds=0.3))
    number = centre.number()
    caller = centre.world.call(number, keys=[(0.3, "7")])
    ring = centre.ring("1011")
    assert ring.number == number
    assert caller.wait_ended().ended_by == "pbx"
    assert centre.world.talk(ring) is not None
