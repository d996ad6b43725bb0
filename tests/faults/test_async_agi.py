"""Row 13: what is said of a caller's dialogue does not fit what he was told to hear.

Answers to commands (AsyncAGIExec) come twice, late, for somebody else, for a command that nobody
gave, before their time, or with text where a result should be. The caller hears his menu all the
same and is served; whoever stands beside him in the menu hears all of his, once.
"""

import re
import threading
from collections.abc import Callable, Iterator

import pytest

from acd.core.commands import PlayPrompt
from acd.core.events import PromptEnded
from acd.core.records import CallEnded, MenuSelected, Outcome, Repaired
from tests.faults.ledger import Ledger
from tests.faults.stage import real_centre
from tests.scenarios.asterisk import AsteriskWorld
from tests.scenarios.centre import GENERALISTS, PROMPT_SECONDS, Centre
from tests.scenarios.engine import PBX
from tests.scenarios.world import Handset, until

pytestmark = pytest.mark.asterisk

KEY_AT = 1.9
"""After both prompts, before anybody is missed."""
WELCOME = "de/main/welcome"
TEXT = b"agi_dnid%3A%20100%0Aagi_rdnis%3A%20unknown%0A%0A"
"""The rest of an environment that was longer than what Asterisk reads at once."""

_COMMAND = re.compile(rb"(CommandID: )(\w+)", re.IGNORECASE)

Fault = Callable[["Disturbed"], None]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, AsteriskWorld]]:
    with real_centre(tmp_path_factory.mktemp("agi")) as stage:
        yield stage


class Disturbed:
    """One caller whose dialogue is disturbed, and one beside him whose is not."""

    def __init__(self, centre: Centre, world: AsteriskWorld) -> None:
        self.centre = centre
        self.caller, self.other = centre.number(), centre.number()
        self.answers: list[bytes] = []
        """What the PBX said of the first's commands, untouched, in order."""
        self.struck = 0
        """How often something was said that was not so."""
        self._telling: threading.Thread | None = None
        self._system_name = world.lab.system_name

    def spoil(self, into: Callable[[bytes], list[bytes]]) -> None:
        """Have each answer to a command of the first caller's turned into these messages."""
        mine = f"CallerIDNum: {self.caller}\r\n".encode()

        def spoilt(message: bytes) -> list[bytes]:
            if not message.startswith(b"Event: AsyncAGIExec") or mine not in message:
                return [message]
            self.answers.append(message)
            told = into(message)
            self.struck += told != [message]
            return told

        self.centre.proxy.spoil = spoilt

    def prompt_of(self, number: str) -> tuple[str, str]:
        """Uniqueid and CommandID of what he hears now; waits for that."""
        tracker = self.centre.engine.daemon.pipeline.sessions[PBX].tracker

        def ordered() -> tuple[str, str] | None:
            for call in self.centre.engine.ids(number):
                channel = tracker.caller(call)
                for command in list(channel.commands) if channel is not None else ():
                    return channel.uniqueid, command
            return None

        return until(ordered, 3, f"a prompt for {number}")

    def say(self, uniqueid: str, command: str) -> None:
        """Tell the engine in the PBX's name that this command has ended."""
        told = (
            f"Event: AsyncAGIExec\r\nPrivilege: agi,all\r\nSystemName: {self._system_name}\r\n"
            f"Channel: PJSIP/trunk-x\r\nUniqueid: {uniqueid}\r\nCommandID: {command}\r\n"
            "Result: 200%20result%3D0%20endpos%3D1%0A\r\n\r\n"
        )
        self.centre.proxy.say(told.encode())
        self.struck += 1

    def meanwhile(self, tell: Callable[[], None]) -> None:
        """Do this while the callers go on."""
        self._telling = threading.Thread(target=tell, daemon=True)
        self._telling.start()

    def was_provoked(self) -> bool:
        """Whether what was to be said has been said."""
        if self._telling is not None:
            self._telling.join(5)
        return self.struck > 0 and (self._telling is None or not self._telling.is_alive())


def doubled(of: Disturbed) -> None:
    of.spoil(lambda message: [message, message])


def late(of: Disturbed) -> None:
    of.spoil(lambda message: [])

    def tell() -> None:
        chosen = lambda: [one for one in of.centre.said(MenuSelected) if one.option == "1"]  # noqa: E731
        until(chosen, 10, "his key")
        for answer in of.answers:
            of.centre.proxy.say(answer)

    of.meanwhile(tell)


def of_no_command(of: Disturbed) -> None:
    of.spoil(lambda message: [_COMMAND.sub(rb"\1f\2", message), message])


def no_answer_but_text(of: Disturbed) -> None:
    def into(message: bytes) -> list[bytes]:
        lines = message.split(b"\r\n")
        return [b"\r\n".join(b"Result: " + TEXT if b"Result: " in one else one for one in lines)]

    of.spoil(into)


def of_each_other(of: Disturbed) -> None:
    def tell() -> None:
        (one, command), (other, another) = of.prompt_of(of.caller), of.prompt_of(of.other)
        of.say(one, another)
        of.say(other, command)

    of.meanwhile(tell)


def before_its_time(of: Disturbed) -> None:
    def tell() -> None:
        of.say(*of.prompt_of(of.caller))

    of.meanwhile(tell)


FAULTS = [doubled, late, of_no_command, no_answer_but_text, of_each_other, before_its_time]


def test_row_13_a_dialogue_that_is_out_of_step(
    stage: tuple[Centre, AsteriskWorld], ledger: Ledger
) -> None:
    centre, world = stage
    lost: list[str] = []
    for number, fault in enumerate(FAULTS):
        centre.begin()
        agents = GENERALISTS[2 * number : 2 * number + 2]
        centre.on_duty(**{f"a{agent}": Handset(talk_seconds=0.3) for agent in agents})
        of = Disturbed(centre, world)
        fault(of)
        for caller, key in ((of.caller, "1"), (of.other, "2")):
            world.call(caller, keys=[(KEY_AT, key)])
        try:
            lost += [f"{fault.__name__}: {each}" for each in _wrong(of, fault)]
        finally:
            centre.proxy.spoil = None
        centre.clear()
    ledger.saw(13, tries=len(FAULTS), lost=len(lost))
    assert lost == []


def _wrong(of: Disturbed, fault: Fault) -> list[str]:
    """Say in words what either of them had that he should not have had."""
    centre, engine = of.centre, of.centre.engine
    wrong = []
    for number, key in ((of.caller, "1"), (of.other, "2")):
        centre.ended(number, 15)
        ids = engine.ids(number)
        ends = [end.outcome for end in centre.said(CallEnded) if end.ani == number]
        keys = [one.option for one in centre.said(MenuSelected) if one.call in ids]
        if ends != [Outcome.ANSWERED] or keys != [key]:
            wrong.append(f"{number} pressed {key}, counted {keys}, ended as {ends}")
    if engine.prompts(of.other, heard=True) != [WELCOME, "de/main/options"]:
        wrong.append(f"the one beside him heard {engine.prompts(of.other, heard=True)}")
    if _welcome_seconds(of, of.other) < PROMPT_SECONDS[WELCOME] - 0.1:
        wrong.append("the one beside him was cut short")
    again = [one.text for one in centre.said(Repaired) if one.kind == "menu_out_of_step"]
    if set(again) != (engine.ids(of.caller) if fault is no_answer_but_text else set()):
        wrong.append(f"sent into the menu again: {again}")
    return wrong if of.was_provoked() else [*wrong, "the fault was not provoked"]


def _welcome_seconds(of: Disturbed, number: str) -> float:
    """How long it took from the order of his first prompt to its end."""
    ids, began = of.centre.engine.ids(number), 0.0
    for step in of.centre.engine.steps:
        for one in step.said:
            if isinstance(one, PlayPrompt) and one.call in ids and not began:
                began = step.at
        if isinstance(step.event, PromptEnded) and step.event.call in ids:
            return step.at - began
    return 0.0
