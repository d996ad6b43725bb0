"""Messages for a queue: heard in the file, waiting as a task, and lost by nobody's death."""

from acd.core.commands import RecordMessage
from acd.core.events import VoicemailAction
from acd.core.memory import VoicemailMemory
from acd.core.records import Outcome
from tests.scenarios.centre import MISSING_PROMPT, SPEAKS, THIRD, Centre
from tests.scenarios.world import until

DIALS = [(0.3, "7")]


def number(centre: Centre) -> str:
    """A caller's number that leads into the box."""
    return SPEAKS + centre.number()[4:]


def speaking(centre: Centre, caller: str, nth: int = 1) -> str:
    """Return the name of his nth message as soon as it is to be recorded."""

    def ordered() -> list[RecordMessage]:
        calls = centre.engine.ids(caller)
        return [one for one in centre.engine.said(RecordMessage) if one.call in calls]

    until(lambda: len(ordered()) >= nth, 8, f"the beep for {caller}")
    return ordered()[-1].path.rpartition("/")[2]


def waiting(centre: Centre, caller: str) -> VoicemailMemory:
    """The caller's one message, waited for."""

    def found() -> list[VoicemailMemory]:
        return [one for one in centre.engine.snapshot().voicemails if one.ani == caller]

    until(found, 8, f"the message of {caller}")
    (one,) = found()
    return one


def does(centre: Centre, voicemail: VoicemailMemory) -> None:
    """The agent of the box takes the message and says that it is done."""
    for action in (VoicemailAction.TAKE, VoicemailAction.DONE):
        assert centre.engine.about_voicemail(voicemail.id, action, THIRD) == ""
    assert voicemail.id not in [one.id for one in centre.engine.snapshot().voicemails]


def test_a_caller_leaves_a_message_and_hangs_up(centre: Centre) -> None:
    caller = number(centre)
    centre.world.call(caller, keys=DIALS, speaks=8.0, hang_up_after=6.5)
    name = speaking(centre, caller)
    assert centre.ended(caller, 12).outcome is Outcome.VOICEMAIL
    left = waiting(centre, caller)
    assert (left.id, left.queue, left.state) == (name, "third", "waiting")
    assert left.seconds is not None
    heard = centre.world.recorded(name)
    assert heard > 2.0
    assert abs(heard - left.seconds) < 1.0
    assert 'acd_voicemails_open{queue="third"} 1.0' in centre.engine.metrics()
    does(centre, left)


def test_the_hash_key_ends_a_message_and_he_is_thanked(centre: Centre) -> None:
    caller = number(centre)
    placed = centre.world.call(caller, keys=[*DIALS, (6.0, "#")], speaks=9.0)
    assert placed.wait_ended(15).ended_by == "pbx"
    # What there is no file of is passed over: what follows it comes once, and nothing again.
    heard = ["de/main/welcome", f"de/{MISSING_PROMPT}", "de/agent/number", "de/agent/done"]
    assert centre.engine.prompts(caller) == heard
    left = waiting(centre, caller)
    assert centre.world.recorded(left.id) > 2.0
    does(centre, left)


def test_who_ends_at_once_has_left_nothing(centre: Centre) -> None:
    caller = number(centre)
    centre.world.call(caller, keys=[*DIALS, (3.6, "#")], speaks=6.0)
    speaking(centre, caller)
    assert centre.ended(caller, 8).outcome is not Outcome.VOICEMAIL
    assert centre.engine.snapshot().voicemails == ()


def test_killed_while_a_caller_speaks_who_hangs_up_meanwhile(centre: Centre) -> None:
    caller = number(centre)
    placed = centre.world.call(caller, keys=DIALS, speaks=9.0, hang_up_after=6.0)
    name = speaking(centre, caller)
    centre.engine.kill()
    placed.wait_ended(12)
    centre.start_engine()
    left = waiting(centre, caller)
    assert (left.id, left.state, left.seconds) == (name, "waiting", None)
    assert centre.world.recorded(name) > 2.0
    assert centre.outcome(caller) is Outcome.VOICEMAIL
    does(centre, left)


def test_killed_while_a_caller_speaks_who_goes_on(centre: Centre) -> None:
    """What he had said is kept; he is invited again and says the rest."""
    caller = number(centre)
    centre.world.call(caller, keys=DIALS, speaks=20.0, hang_up_after=12.0)
    first = speaking(centre, caller)
    began = float(first.rpartition("-")[2]) / 1000
    until(lambda: centre.engine.snapshot().at > began + 3.5, 6, "some words")
    centre.restart_engine()
    second = speaking(centre, caller)
    assert second != first
    centre.ended(caller, 20)
    left = centre.engine.snapshot().voicemails
    assert [one.id for one in left] == [first, second]
    assert all(centre.world.recorded(one.id) > 2.0 for one in left)
    for one in left:
        does(centre, one)
