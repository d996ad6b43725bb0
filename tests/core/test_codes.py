"""Messages by telephone: an agent dials, hears the oldest, and says by a key what becomes of it."""

import msgspec
import pytest

from acd.config.verbs import VERBS
from acd.core.commands import HangUpCall, PlayPrompt
from acd.core.events import CallerHungUp, CodeDialled, DigitPressed, PromptEnded
from acd.core.ids import CallId, DeviceId, PbxId
from acd.core.plan import AgentAction, Plan
from tests.config.conftest import Small
from tests.core.centre import PBX, Centre
from tests.core.test_voicemail import house, recorded, speaks, voicemails

CODE = "*36"
FOLDER = "/var/lib/acd/voicemail/"


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The house with a box, and the code as the verb builds it."""
    small = Small(tmp_path_factory.mktemp("codes"))
    example = "\n".join(f"    {line}" for line in VERBS["next_voicemail"].EXAMPLE.splitlines())
    text = (small.root / "ivr_menus" / "agent.yaml").read_text(encoding="utf-8")
    small.write("ivr_menus/agent.yaml", f'{text}  "{CODE}":\n{example}\n')
    compiled = small.load().plan
    menu = compiled.code_menus[CODE]
    base = house()
    return msgspec.structs.replace(
        base,
        menus={**base.menus, menu: compiled.menus[menu]},
        code_menus={**base.code_menus, CODE: menu},
    )


def centre_with(plan: Plan, messages: int) -> Centre:
    """1001, who has the skills of the box, and 1002, who has not, are logged in."""
    centre = Centre(plan, "1001", "1002")
    for number in range(messages):
        call = CallId(f"main-1.{number}")
        ordered = speaks(centre, call)
        centre.feed(recorded(ordered, 8.0), CallerHungUp(call))
        centre.wait(1.0)
    centre.take()
    return centre


def dials(centre: Centre, number: int, agent: str = "1001", pbx: PbxId = PBX) -> CallId:
    call = CallId(f"{pbx}-9.{number}")
    centre.feed(CodeDialled(call, pbx, DeviceId(f"PJSIP/{agent}"), CODE))
    return call


def hears(centre: Centre, call: CallId) -> list[str]:
    """Let every prompt end, one after another; return what was played, the last name of each."""
    heard = []
    while True:
        said = centre.take()
        played = [one for one in said if isinstance(one, PlayPrompt) and one.call == call]
        heard += ["hung up"] * (HangUpCall(call) in said)
        if not played:
            return heard
        (one,) = played
        name = one.path.rpartition("-")[2].partition(".")[0]
        heard.append(one.path if one.path.startswith(FOLDER) else name)
        centre.feed(PromptEnded(call, one.play_id, True))


def message(number: int, centre: Centre) -> str:
    return f"{FOLDER}{voicemails(centre)[number].id}"


def states(centre: Centre) -> list[tuple[str, str | None]]:
    return [(one.state, one.agent) for one in voicemails(centre)]


def test_the_oldest_is_played_and_done_by_a_key(coded: Plan) -> None:
    centre = centre_with(coded, 2)
    call, oldest = dials(centre, 1), message(0, centre)
    assert hears(centre, call) == [oldest, "choose"]
    assert states(centre) == [("taken", "1001"), ("waiting", None)]
    centre.feed(DigitPressed(call, "1"))
    assert hears(centre, call) == ["done", "hung up"]
    assert states(centre) == [("waiting", None)]


def test_it_can_be_heard_again_and_given_back(coded: Plan) -> None:
    centre = centre_with(coded, 1)
    call, oldest = dials(centre, 1), message(0, centre)
    hears(centre, call)
    centre.feed(DigitPressed(call, "2"))
    assert hears(centre, call) == [oldest, "choose"]
    centre.feed(DigitPressed(call, "3"))
    assert hears(centre, call) == ["released", "hung up"]
    assert states(centre) == [("waiting", None)]


def test_who_chooses_nothing_or_hangs_up_keeps_it_and_hears_others_first(coded: Plan) -> None:
    centre = centre_with(coded, 2)
    call, first = dials(centre, 1), message(0, centre)
    hears(centre, call)
    centre.wait(10.0)
    assert hears(centre, call) == ["choose"]
    centre.wait(10.0)
    assert hears(centre, call) == ["kept", "hung up"]
    centre.feed(CallerHungUp(call))
    second = message(1, centre)
    call = dials(centre, 2)
    assert hears(centre, call)[0] == second
    centre.feed(CallerHungUp(call))
    assert states(centre) == [("taken", "1001")] * 2
    assert hears(centre, dials(centre, 3))[0] == first


def test_nothing_is_played_to_who_may_not_hear_it_or_where_it_does_not_lie(coded: Plan) -> None:
    centre = centre_with(coded, 1)
    assert hears(centre, dials(centre, 1, "1002")) == ["none", "hung up"]
    assert hears(centre, dials(centre, 2, pbx=PbxId("other"))) == ["none", "hung up"]
    centre.request("1001", AgentAction.LOG_OUT)
    assert hears(centre, dials(centre, 3)) == ["none", "hung up"]
    assert states(centre) == [("waiting", None)]
