"""Ways of a choice that no call ever takes are refused, each at its line; all others are left."""

import pytest

from tests.config.conftest import Small

OFFICE = """\
office: {time_zone: Europe/Berlin, weekly: {mon-fri: "08:00-16:00"}}
round_the_clock: {time_zone: Europe/Berlin, weekly: {mon-sun: "00:00-24:00"}}
"""


def told_of(small: Small, *whens: str) -> list[str]:
    """What is told of a choice with these ways, of which the first stands in line 9."""
    ways = "".join(f"      - {{when: {when}, queue: billing}}\n" for when in whens)
    small.write("config/hours.yaml", OFFICE)
    small.edit(
        "ivr_menus/main.yaml",
        "  1: {queue: fault}\n",
        f"  1:\n    label: {{de: A, en: A}}\n    queue: fault\n    instead:\n{ways}",
    )
    return small.told()


NEVER = [
    (("{open: office, closed: office}",), '"office" cannot be open and closed at once'),
    (("{closed: always}",), '"always" is always open'),
    (("{attribute: language, values: [fr, it]}",), "callers speak de, en here"),
]


@pytest.mark.parametrize(("whens", "why"), NEVER)
def test_conditions_that_cannot_hold_are_told(
    small: Small, whens: tuple[str, ...], why: str
) -> None:
    assert told_of(small, *whens) == [
        f"ivr_menus/main.yaml:9:10: this way is never taken: {why}; remove the way"
    ]


FORESTALLED = [
    ("{closed: office}", "{closed: office}"),
    ("{closed: office}", "{closed: office, attribute: dnis, values: [4711]}"),
    ("{attribute: dnis, values: [47*, 5]}", "{attribute: dnis, values: [4711, 470*, 5]}"),
    ("{queue: fault, waiting_at_least: 3}", "{queue: fault, waiting_at_least: 5}"),
    (
        "{queue: fault, estimate_over_seconds: 60}",
        "{queue: fault, waiting_at_least: 2, estimate_over_seconds: 60}",
    ),
]


@pytest.mark.parametrize(("first", "second"), FORESTALLED)
def test_a_way_behind_one_that_always_comes_first_is_told(
    small: Small, first: str, second: str
) -> None:
    assert told_of(small, first, second) == [
        "ivr_menus/main.yaml:10:10: this way is never taken: the one in line 9 always comes first; "
        "remove it, or write it before the other"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{closed: office}", "{open: office}"),
        ("{closed: office, attribute: dnis, values: [1]}", "{closed: office}"),
        ("{attribute: dnis, values: [4711]}", "{attribute: dnis, values: [47*]}"),
        ("{attribute: dnis, values: [4711]}", "{attribute: ani, values: [4711]}"),
        ("{queue: fault, waiting_at_least: 5}", "{queue: fault, waiting_at_least: 3}"),
        ("{queue: fault, estimate_over_seconds: 60}", "{queue: fault, waiting_at_least: 9}"),
        ("{attribute: language, values: [en]}", "{attribute: language, values: [d*]}"),
    ],
)
def test_ways_that_can_be_taken_are_left(small: Small, first: str, second: str) -> None:
    assert told_of(small, first, second) == []


@pytest.mark.parametrize("when", ["{open: always}", '{attribute: ani, values: ["*"]}'])
def test_nothing_stands_behind_a_way_that_is_always_taken(small: Small, when: str) -> None:
    assert told_of(small, when, "{closed: office}") == [
        "ivr_menus/main.yaml:9:10: this way is always taken, so nothing that stands after it ever "
        "is; write it as the verb itself, without a condition"
    ]


@pytest.mark.parametrize(
    ("when", "comes"),
    [
        ("{open: office, closed: late}", True),
        ("{open: late, closed: office}", False),
    ],
)
def test_hours_that_never_come_together_are_warned_of(small: Small, when: str, comes: bool) -> None:
    late = 'late: {time_zone: Europe/Berlin, weekly: {fri: "15:00-16:00"}}\n'
    told_of(small, when)
    small.write("config/hours.yaml", OFFICE + late)
    warned = [str(each).replace(f"{small.root}/", "") for each in small.load().warnings]
    assert warned == [
        'ivr_menus/main.yaml:9:10: warning: within a year there is no moment with "late" open and '
        '"office" closed; write other hours'
    ] * (not comes)


def test_a_menu_is_not_refused_because_somebody_opened_his_hours_round_the_clock(
    small: Small,
) -> None:
    assert told_of(small, "{closed: round_the_clock}", "{open: round_the_clock}") == []


def test_nothing_is_concluded_from_hours_that_were_refused(small: Small) -> None:
    told_of(small, "{open: office, closed: late}")
    small.write("config/hours.yaml", f"{OFFICE}late: {{weekly: {{mon: closed}}}}\n")
    (told,) = small.told()
    assert told.startswith('config/hours.yaml:3:1: "time_zone" is missing')


def test_a_way_within_a_way_has_its_own_place(small: Small) -> None:
    within = "hang_up: true, instead: [{when: {closed: always}, queue: billing}]"
    small.edit(
        "ivr_menus/main.yaml",
        "  1: {queue: fault}\n",
        f"  1:\n    queue: fault\n    instead: [{{when: {{open: office}}, {within}}}]\n",
    )
    small.write("config/hours.yaml", OFFICE)
    assert small.told() == [
        'ivr_menus/main.yaml:7:64: this way is never taken: "always" is always open; remove the way'
    ]
