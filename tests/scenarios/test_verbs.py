"""Every verb of a menu at a PBX: what it does, and that who hangs up inside it leaves nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from acd.config.verbs import VERBS
from acd.core.commands import RecordMessage, SendToNumber
from acd.core.records import CallEnded, FormFilled, MenuMissed, Outcome, Presence
from tests.scenarios.centre import Centre
from tests.scenarios.selfservice import KNOWN, OUTSIDE, SILENT, UNKNOWN
from tests.scenarios.verbs import CODE, LISTEN, MORE, NUMBER, WAYS, menu_of_verbs, named, written
from tests.scenarios.world import Caller, Handset, until

FIRST_KEY, APART = 0.4, 0.15


def test_every_verb_has_its_scenario(tmp_path: Path) -> None:
    """A new verb needs a choice of the scenarios' menu, and a way to it."""
    root = written(tmp_path).root / "ivr_menus"
    found = set().union(*(named(yaml.safe_load(file.read_text())) for file in root.iterdir()))
    assert found == set(VERBS)
    assert {*WAYS, "do", "next_voicemail"} == set(VERBS)


@pytest.fixture
def verbs(centre: Centre, tmp_path: Path) -> Iterator[Centre]:
    """The centre with the menu of all verbs."""
    with menu_of_verbs(centre, tmp_path):
        yield centre


def dial(centre: Centre, keys: str, hang_up_after_last: float | None = None) -> tuple[str, Caller]:
    """Call, and type the keys ahead; hang up so long after the last of them."""
    number = centre.number()
    timed = [(FIRST_KEY + APART * at, key) for at, key in enumerate(keys)]
    after = None if hang_up_after_last is None else timed[-1][0] + hang_up_after_last
    caller = centre.world.call(number, keys=timed, dialled=NUMBER, hang_up_after=after)
    return number, caller


def test_every_verb_does_what_it_says(verbs: Centre) -> None:
    """All callers at once, each into another verb; and an agent by his code."""
    verbs.world.phones({"1006": Handset()})
    placed = {name: dial(verbs, way.keys) for name, way in WAYS.items()}
    found = {key: dial(verbs, f"5{key}#") for key in (KNOWN, UNKNOWN, SILENT)}
    verbs.world.dial("1006", CODE)

    queues = {}
    for number in (placed["queue"][0], placed["back"][0], found[UNKNOWN][0], found[SILENT][0]):
        verbs.waiting(number, timeout=12)
        view = verbs.engine.call(number)
        assert view is not None
        queues[number] = view.queue
    assert list(queues.values()) == ["fault", "billing", "billing", "fault"]
    for name in ("language", "menu", "keep", "hang_up"):
        assert placed[name][1].wait_ended().ended_by == "pbx", name
    spoken = [each[:2] for each in verbs.engine.prompts(placed["language"][0])]
    assert (spoken[0], {*spoken[1:]}) == ("de", {"en"})
    [there] = verbs.engine.ids(placed["menu"][0])
    assert [one.menu for one in verbs.said(MenuMissed) if one.call == there] == ["inner"]
    assert [dict(form.values) for form in verbs.said(FormFilled)] == [
        {"reading": "42", "ani": placed["keep"][0]}
    ]
    assert found[KNOWN][1].wait_ended().ended_by == "pbx"
    assert verbs.engine.prompts(found[KNOWN][0])[-2:] == ["de/say/4", "de/say/2"]
    assert [sent.number for sent in verbs.said(SendToNumber)] == [OUTSIDE]
    assert verbs.outcome(placed["transfer"][0]) is Outcome.DEFLECTED
    speaks = verbs.engine.ids(placed["voicemail"][0])
    until(lambda: [one.call for one in verbs.said(RecordMessage)] == [*speaks], 5, "the beep")
    until(lambda: verbs.engine.agent("1006").presence is Presence.READY, 5, "the code's work")
    assert verbs.engine.prompts("1006")[-1] == "de/agent/done"


@pytest.mark.parametrize("after", [0.0, 0.3], ids=["with the key", "inside"])
def test_who_hangs_up_inside_a_verb_leaves_nothing(verbs: Centre, after: float) -> None:
    verbs.world.phones({"1006": Handset(), OUTSIDE: Handset("rings_on")})
    agent = verbs.world.dial("1006", CODE, hang_up_after=0.15 + after)
    ways = {**WAYS, **MORE}
    placed = {name: dial(verbs, way.keys, after) for name, way in ways.items()}
    for name, (number, caller) in placed.items():
        assert caller.wait_ended().ended_by == "caller", name
        assert verbs.outcome(number) in ways[name].ends, name
    assert agent.wait_ended().ended_by == "caller"
    until(lambda: not verbs.engine.remains_of(), 5, "an engine without calls")
    ended = [end.ani for end in verbs.said(CallEnded)]
    assert sorted(ended) == sorted(number for number, _ in placed.values())
    assert verbs.engine.snapshot().voicemails == ()
    if after:
        assert verbs.outcome(placed["queue"][0]) is Outcome.SHORT_ABANDONED
        assert verbs.outcome(placed["back"][0]) is Outcome.SHORT_ABANDONED
        assert "en/incident/text" in verbs.engine.prompts(placed["language"][0])
        assert [form.form for form in verbs.said(FormFilled)] == ["reading"]
        assert [sent.number for sent in verbs.said(SendToNumber)] == [OUTSIDE]
        assert verbs.engine.agent("1006").presence is Presence.READY


def test_an_agent_hears_a_message_by_telephone(verbs: Centre) -> None:
    """Who hangs up in the middle of it keeps it, and hears it again."""
    number = verbs.number()
    verbs.world.call(number, keys=[(FIRST_KEY, "7")], dialled=NUMBER, speaks=9.0, hang_up_after=6.5)
    verbs.world.phones({"1002": Handset()})
    verbs.log_in("1002")
    verbs.ended(number, 15)
    (left,) = verbs.engine.snapshot().voicemails
    verbs.world.dial("1002", LISTEN, hang_up_after=1.0).wait_ended()
    (taken,) = verbs.engine.snapshot().voicemails
    assert (taken.id, taken.state, taken.agent) == (left.id, "taken", "1002")
    until(lambda: not verbs.engine.remains_of(), 5, "the end of the code call")
    assert verbs.world.dial("1002", LISTEN, keys=[(1.5, "1")]).wait_ended().ended_by == "pbx"
    assert verbs.engine.snapshot().voicemails == ()
    heard = verbs.engine.prompts("1002", heard=True)
    assert [path.rpartition("/")[2] for path in heard][-2:] == [left.id, "done"]
