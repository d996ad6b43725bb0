"""The sample's menus on a real Asterisk, in both languages: main, fault, meter, closed, survey."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from acd.config.loader import load
from acd.core.calendar import ALWAYS
from acd.core.commands import RecordMessage
from acd.core.ids import IncidentId, Language, MenuId, PromptId, QueueId
from acd.core.incident import Clip, Incident
from acd.core.plan import AgentAction, Plan
from acd.core.records import CallEnded, FormFilled, SurveyAnswered
from acd.reloads import Fresh
from tests.faults.tcpproxy import Proxy
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import Key
from tests.lab.sipp import UNTIL_BYE, Call, Phone, SippAgents, SippCallers
from tests.scenarios.engine import Engine
from tests.scenarios.world import AmiAccess, until

ROOT = Path(__file__).parents[2]
OPTIONS = {"1": "fault", "2": "billing", "3": "meter", "4": "house_connection", "5": "water",
           "6": "switchboard"}  # fmt: skip
LANGUAGES = {"de": "", "en": "9"}
"""Each language with the keys that lead to it."""
FAULT = QueueId("fault")


class House:
    """The sample at work on the lab, and its callers."""

    def __init__(self, lab: LabAsterisk, folder: Path) -> None:
        self._lab, self._folder = lab, folder
        self._count = 0
        sample = load(ROOT / "config", today=datetime.now(UTC).date()).plan
        billing = msgspec.structs.replace(
            sample.queues[QueueId("billing")], survey=MenuId("survey")
        )
        self.plan = msgspec.structs.replace(
            sample,
            queues={**sample.queues, billing.id: billing},
            prompts_path_on_pbx=lab.prompts_path_on_pbx,
            voicemail_path_on_pbx=lab.voicemail_path_on_pbx,
        )
        self._proxy = Proxy(lab.ami_port)
        ami = AmiAccess(lab.ami_port, lab.ami_user, lab.ami_secret, lab.system_name)
        self.engine = Engine(self.plan, ami, self._proxy, reload=lambda: Fresh(self.plan))

    def calls(self, *pressed: Sequence[tuple[float, str]]) -> list[str]:
        """Place a call for each of these lists of keys (seconds after the answer, key)."""
        numbers = [f"0305{self._count + n:06d}" for n in range(len(pressed))]
        self._count += len(pressed)
        calls = [
            Call(
                number,
                keys=tuple(Key(key, at, 0.06) for at, key in keys),
                keys_by="info",
                hang_up_after_seconds=UNTIL_BYE,
            )
            for number, keys in zip(numbers, pressed, strict=True)
        ]
        SippCallers(self._lab, calls, self._folder / f"callers-{self._count}", give_up_seconds=40)
        return numbers

    def queued(self, number: str) -> tuple[str | None, str]:
        """Return the queue he waits in, and his language."""

        def view() -> tuple[str | None, str] | None:
            call = self.engine.call(number)
            return None if call is None or call.queue is None else (call.queue, call.language)

        return until(view, 12, f"{number} in a queue")

    def heard(self, number: str) -> list[str]:
        """Return what he has heard, each prompt by language, menu and place; all of it is there."""
        ordered = self.engine.prompts(number)
        assert self.engine.prompts(number, heard=True) in (ordered, ordered[:-1])
        return [prompt.partition(".")[0] for prompt in ordered]

    def speaks(self, number: str) -> None:
        """Return when he has been told to speak; otherwise say how he came elsewhere."""
        [call] = self.engine.ids(number)
        try:
            until(
                lambda: call in {one.call for one in self.engine.said(RecordMessage)},
                12,
                f"the beep for {number}",
            )
        except TimeoutError as late:
            of_his = [one for one in self.engine.steps if getattr(one.event, "call", "") == call]
            late.add_note("\n".join(f"{one.at:.3f} {one.event} {one.said}" for one in of_his))
            raise

    def is_over(self, number: str) -> None:
        until(lambda: self._ends(number), 20, f"the end of {number}")

    def _ends(self, number: str) -> bool:
        return any(end.ani == number for end in self.engine.said(CallEnded))

    def stop(self) -> None:
        self._lab.hang_up_all()
        self.engine.stop()
        self._proxy.shut()


@pytest.fixture
def house(lab: LabAsterisk, tmp_path: Path) -> Iterator[House]:
    house = House(lab, tmp_path)
    yield house
    house.stop()


def ahead(keys: str) -> list[tuple[float, str]]:
    """Type them ahead."""
    return [(0.4 + 0.15 * at, key) for at, key in enumerate(keys)]


def closed(plan: Plan) -> Plan:
    """Nobody but the fault service is there, and one district's fault is known."""
    clips = tuple(Clip(Language(one), PromptId("fault/welcome"), 3.0) for one in LANGUAGES)
    known = Incident(id=IncidentId("a"), queues=(FAULT,), postcodes=("101*",), text=clips)
    never = msgspec.structs.replace(ALWAYS, weekly=((),) * 7)
    hours = {**plan.hours, "service": never}
    return msgspec.structs.replace(plan, hours=hours, incidents=(known,))


def test_each_option_and_a_meter_reading(house: House) -> None:
    asked = [(language, key) for language in LANGUAGES for key in OPTIONS]
    numbers = house.calls(
        *(ahead(LANGUAGES[language] + key) for language, key in asked),
        *(ahead(f"{first}81123455#420#1") for first in LANGUAGES.values()),
    )
    for (language, key), number in zip(asked, numbers, strict=False):
        assert house.queued(number) == (OPTIONS[key], language)
    for language, number in zip(LANGUAGES, numbers[-2:], strict=True):
        house.is_over(number)
        heard = house.heard(number)
        assert heard[-1] == f"{language}/meter/key-1-failed-then-say"
        assert {f"{language}/say/{digit}" for digit in "420"} & set(heard)
    forms = [(dict(one.values)["ani"], one.form) for one in house.engine.said(FormFilled)]
    assert sorted(forms) == [(number, "meter_reading") for number in numbers[-2:]]


def test_who_comes_too_late_and_whose_district_has_a_fault(house: House) -> None:
    house.plan = closed(house.plan)
    assert house.engine.http("/api/v1/reload") == 200
    begin = list(LANGUAGES.values())
    numbers = house.calls(
        *(ahead(f"{first}2") for first in begin),
        *([*ahead(f"{first}22"), (2.5, "5")] for first in begin),
        *(ahead(f"{first}1210115") for first in begin),
        *(ahead(f"{first}11") for first in begin),
    )
    late, leaves, without_water, burst = (numbers[at : at + 2] for at in (0, 2, 4, 6))
    for language, number in zip(LANGUAGES, without_water, strict=True):
        assert house.queued(number) == ("fault", language)
        assert house.heard(number)[-1] == f"{language}/fault/welcome"
        [call] = [one for one in house.engine.snapshot().calls if one.ani == number]
        assert call.attributes["postcode"] == "10115"
    for language, number in zip(LANGUAGES, burst, strict=True):
        # Where he lives nobody knows, so he hears it, too.
        assert house.queued(number) == ("fault", language)
    for language, number in zip(LANGUAGES, leaves, strict=True):
        house.speaks(number)
        assert house.heard(number)[-1] == f"{language}/voicemail/invitation"
    for language, number in zip(LANGUAGES, late, strict=True):
        assert house.heard(number)[-1] == f"{language}/closed/welcome"


def test_the_survey_after_a_talk(house: House, lab: LabAsterisk, tmp_path: Path) -> None:
    needed = house.plan.queues[QueueId("billing")].requirement
    able = [one.id for one in house.plan.agents.values() if needed.met_by(one.skills)][:2]
    phone = Phone(ring_seconds=0.2, talk_seconds=0.5)
    with SippAgents(lab, dict.fromkeys(able, phone), tmp_path / "agents"):
        for agent in able:
            assert house.engine.request(agent, AgentAction.LOG_IN) == ""
        later = [(2.5, "1"), (3.5, "5"), (4.5, "2")]
        numbers = house.calls(*([*ahead(f"{key}2"), *later] for key in LANGUAGES.values()))
        for language, number in zip(LANGUAGES, numbers, strict=True):
            end = f"{language}/survey/key-1-instead-1-say"
            until(lambda n=number, e=end: e in house.heard(n), 12, f"the thanks to {number}")
            ids = house.engine.ids(number)
            answers = [
                (one.question, one.answer)
                for one in house.engine.said(SurveyAnswered)
                if one.call in ids
            ]
            assert answers == [("satisfaction", "5"), ("solved", "2")]
