"""Makes the recordings in tests/recordings anew: raw AMI bytes of a throw-away lab, unfiltered.

    python -m tests.lab.record [name ...]

A recording is the bytes that one session received, from the greeting on; what it sent is not in
it, nor any secret: the system's name and the logins died with the lab.
"""

import contextlib
import gzip
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk
from tests.lab.deskphone import DeskPhone, Manner, section
from tests.lab.place import AGENTS_ADDRESS, free_udp_port
from tests.lab.rtp import Key
from tests.lab.script import Script
from tests.lab.sipp import Call, CallRow, Phone, SippAgents, SippCallers

PROMPTS = Path(__file__).parents[2] / "prompts"
HERE = Path(__file__).parents[1] / "recordings"
NUMBER = "0301234567"
AGENTS = [f"{number}" for number in range(1001, 1011)]

Story = Callable[["Stage"], None]


class Stage:
    """A lab with one session that is recorded, and what stories need of it."""

    def __init__(
        self, lab: LabAsterisk, observer: Observer, directory: Path, desk: DeskPhone | None = None
    ) -> None:
        self.lab = lab
        self.observer = observer
        self.script = Script(lab, observer)
        self.directory = directory
        self.desk = desk

    def calls(self, *calls: Call, per_second: float = 10) -> SippCallers:
        return SippCallers(self.lab, calls, self.directory / "callers", per_second=per_second)

    def phones(self, phones: Mapping[str, Phone], **talks: float) -> SippAgents:
        return SippAgents(self.lab, phones, self.directory / "agents")

    def queued(self, keys: tuple[Key, ...] = (Key("1", 0.4),)) -> tuple[SippCallers, str]:
        """One caller who pressed 1 and sits in the waiting room, and his channel."""
        callers = self.calls(Call(NUMBER, keys=keys))
        channel = self.script.caller()
        self.observer.event("DTMFEnd", Channel=channel)
        self.script.to_waiting_room(channel)
        time.sleep(0.3)
        return callers, channel

    def rung(self, agent: str, channel: str) -> str:
        return self.script.ring(agent, channel, offer=self.script.offer(channel), number=NUMBER)


def answered(stage: Stage) -> None:
    """Menu, key 1, queue, agent 1001 rings 0.3 s, talks 1 s and hangs up."""
    with stage.phones({"1001": Phone(ring_seconds=0.3, talk_seconds=1)}):
        callers, channel = stage.queued()
        stage.rung("1001", channel)
        _done(callers.wait())


def _refused(behaviour: str) -> Story:
    def story(stage: Stage) -> None:
        phones = {"1001": Phone(behaviour), "1002": Phone(ring_seconds=0.2, talk_seconds=0.5)}
        with stage.phones(phones):
            callers, channel = stage.queued()
            leg = stage.rung("1001", channel)
            stage.observer.event("Hangup", Uniqueid=leg)
            stage.rung("1002", channel)
            _done(callers.wait())

    story.__doc__ = f"Agent 1001's phone is {behaviour}; then agent 1002 answers."
    return story


def no_answer(stage: Stage) -> None:
    """Agent 1001 rings until Asterisk gives up after 3 s (Originate's Timeout); 1002 answers."""
    phones = {"1001": Phone("rings_on"), "1002": Phone(ring_seconds=0.2, talk_seconds=0.5)}
    with stage.phones(phones):
        callers, channel = stage.queued()
        leg = stage.script.ring(
            "1001", channel, offer=stage.script.offer(channel), number=NUMBER, timeout_seconds=3
        )
        stage.observer.event("Hangup", Uniqueid=leg)
        stage.rung("1002", channel)
        _done(callers.wait())


def no_answer_cancelled(stage: Stage) -> None:
    """Agent 1001 rings; we hang the leg up with cause 26 after 1.5 s; 1002 answers."""
    phones = {"1001": Phone("rings_on"), "1002": Phone(ring_seconds=0.2, talk_seconds=0.5)}
    with stage.phones(phones):
        callers, channel = stage.queued()
        leg = stage.rung("1001", channel)
        time.sleep(1.5)
        stage.script.cancel(leg)
        stage.observer.event("Hangup", Uniqueid=leg)
        stage.rung("1002", channel)
        _done(callers.wait())


def unreachable(stage: Stage) -> None:
    """Nobody is at agent 1001's address: no answer of any kind, until Timeout (3 s)."""
    callers, channel = stage.queued()
    since = len(stage.observer.events)
    stage.script.ring(
        "1001", channel, offer=stage.script.offer(channel), number=NUMBER, timeout_seconds=3
    )
    stage.observer.event("OriginateResponse", since=since, timeout=8)
    time.sleep(1)
    callers.stop()
    stage.observer.action("Hangup", Channel=channel)
    time.sleep(0.5)


def unknown_endpoint(stage: Stage) -> None:
    """An agent whom the PBX does not know is rung."""
    callers, channel = stage.queued()
    since = len(stage.observer.events)
    stage.rung("1999", channel)
    stage.observer.event("OriginateResponse", since=since, timeout=8)
    time.sleep(0.5)
    stage.observer.action("Hangup", Channel=channel)
    _done(callers.wait())


def caller_gone(stage: Stage) -> None:
    """The caller hangs up while agent 1001's phone rings; we cancel the leg, as an engine does."""
    with stage.phones({"1001": Phone("rings_on")}):
        callers = stage.calls(Call(NUMBER, keys=(Key("1", 0.4),), hang_up_after_seconds=2))
        channel = stage.script.caller()
        stage.observer.event("DTMFEnd", Channel=channel)
        stage.script.to_waiting_room(channel)
        leg = stage.rung("1001", channel)
        stage.observer.event("Hangup", Channel=channel)
        stage.script.cancel(leg)
        stage.observer.event("Hangup", Uniqueid=leg)
        _done(callers.wait())


def twelve_keys(stage: Stage) -> None:
    """Twelve keys, 100 ms apart and 60 ms long: Asterisk publishes some of them twice."""
    keys = tuple(Key(key, 0.5 + index * 0.1, 0.06) for index, key in enumerate("123456789012"))
    callers = stage.calls(Call(NUMBER, keys=keys, hang_up_after_seconds=3))
    _done(callers.wait())


def unfiltered(stage: Stage) -> None:
    """Sixty calls at 20 a second to ten agents who each talk 0.3 s: a busy stretch."""
    phones = {agent: Phone(ring_seconds=0.05, talk_seconds=0.3) for agent in AGENTS}
    calls = [Call(f"0302{index:05}", keys=(Key("1", 0.3),)) for index in range(60)]
    with stage.phones(phones):
        callers = stage.calls(*calls, per_second=20)
        waiting: list[str] = []
        free = list(AGENTS)
        legs: dict[str, str] = {}
        seen, ended = 0, 0
        deadline = time.monotonic() + 60
        while ended < len(calls) and time.monotonic() < deadline:
            for event in stage.observer.events[seen:]:
                seen += 1
                if event.event == "DTMFEnd":
                    stage.script.to_waiting_room(event["Channel"], f"c-{seen}")
                    waiting.append(event["Channel"])
                elif event.event == "Hangup" and event["Uniqueid"] in legs:
                    free.append(legs.pop(event["Uniqueid"]))
                    ended += 1
            while waiting and free:
                agent = free.pop(0)
                legs[stage.rung(agent, waiting.pop(0))] = agent
            time.sleep(0.002)
        _done(callers.wait())


def announced(stage: Stage) -> None:
    """Two files to their end; then a long one, in which agent 1001 answers, talks 1 s, hangs up.

    The announcer is hung up when the two are connected, as an engine does.
    """
    with stage.phones({"1001": Phone(ring_seconds=0.3, talk_seconds=1)}):
        callers, channel = stage.queued()
        caller = stage.observer.event("BridgeEnter", Channel=channel)["Uniqueid"]
        prompt = stage.lab.prompt
        first = stage.script.announce(caller, prompt("de/wait/thanks"), prompt("de/wait/longer"))
        stage.observer.event("Hangup", Uniqueid=first, timeout=15)
        second = stage.script.announce(caller, prompt("de/main/options"))
        time.sleep(0.5)
        leg = stage.rung("1001", channel)
        stage.observer.event("BridgeEnter", Uniqueid=leg)
        stage.observer.action("Hangup", Channel=second)
        _done(callers.wait())


def ring_all(stage: Stage) -> None:
    """1001, 1002 and 1003 ring with one claim; the first two answer at once, 1003 is cancelled."""
    answers = Phone(ring_seconds=0.3, talk_seconds=0.5)
    with stage.phones({"1001": answers, "1002": answers, "1003": Phone("rings_on")}):
        callers, channel = stage.queued()
        since = len(stage.observer.events)
        offer = stage.script.offer(channel)
        legs = [
            stage.script.ring(agent, channel, offer=offer, number=NUMBER, alone=False)
            for agent in ("1001", "1002", "1003")
        ]
        stage.observer.wait_for(
            lambda event: event.event == "BridgeEnter" and event["Uniqueid"] in legs, since=since
        )
        stage.script.cancel(legs[2])
        _done(callers.wait())


def external(stage: Stage) -> None:
    """A waiting caller goes to an outside number, which answers, talks 0.5 s and hangs up."""
    with stage.phones({"+49305550123": Phone(ring_seconds=0.3, talk_seconds=0.5)}):
        callers, channel = stage.queued()
        stage.script.to_outside(channel, "+49305550123")
        _done(callers.wait())


def _passed_on(attended: bool) -> Story:
    def story(stage: Stage) -> None:
        assert stage.desk is not None
        stage.desk.behave(Manner(0.3, 0.5, "1002", attended))
        with stage.phones({"1002": Phone(ring_seconds=0.2, talk_seconds=0.7)}):
            callers, channel = stage.queued()
            stage.rung("1001", channel)
            _done(callers.wait())

    how = "after a word with him" if attended else "at once"
    story.__doc__ = f"Agent 1001 talks 0.5 s and passes the caller on to 1002, {how}."
    return story


def _done(rows: list[CallRow]) -> None:
    assert all(row.status == 200 for row in rows), rows


STORIES: dict[str, Story] = {
    "answered": answered,
    "busy": _refused("busy"),
    "declined": _refused("declined"),
    "do_not_disturb": _refused("do_not_disturb"),
    "no_answer": no_answer,
    "no_answer_cancelled": no_answer_cancelled,
    "unreachable": unreachable,
    "unknown_endpoint": unknown_endpoint,
    "caller_gone": caller_gone,
    "twelve_keys": twelve_keys,
    "unfiltered": unfiltered,
    "announced": announced,
    "ring_all": ring_all,
    "external": external,
}
AT_DESK: dict[str, Story] = {
    "blind_transfer": _passed_on(attended=False),
    "attended_transfer": _passed_on(attended=True),
}
"""Those in which agent 1001 has a desk phone."""


def main(names: list[str]) -> None:
    """Records the named stories, or all."""
    for stories, at_desk in ((STORIES, False), (AT_DESK, True)):
        wanted = {name: story for name, story in stories.items() if not names or name in names}
        if wanted:
            _record(wanted, at_desk)


def _record(stories: Mapping[str, Story], at_desk: bool) -> None:
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, secret = free_udp_port(AGENTS_ADDRESS), secrets.token_hex(16)
        agents = AGENTS[1:] if at_desk else AGENTS
        extra = {"pjsip.conf": section("1001", port, secret)} if at_desk else {}
        lab = stack.enter_context(
            LabAsterisk.start(directory, agents, prompts=PROMPTS, tells_all=True, extra=extra)
        )
        desk = None
        if at_desk:
            desk = stack.enter_context(DeskPhone("1001", lab.sip_port, port, secret))
        for name, story in stories.items():
            raw = directory / f"{name}.ami"
            with lab.observer(record=raw) as observer:
                stage = Stage(lab, observer, directory / name, desk)
                story(stage)
                stage.script.close()
                lab.wait_until_idle(timeout=40)
            # Where this lab happened to be says nothing.
            data = raw.read_bytes().replace(lab.prompts_path_on_pbx.encode(), b"/acd/prompts")
            if len(data) > 1_000_000:
                (HERE / f"{name}.ami.gz").write_bytes(gzip.compress(data, 9, mtime=0))
            else:
                (HERE / f"{name}.ami").write_bytes(data)
            print(f"{name}: {len(data)} bytes, {data.count(b'Event: ')} events")


if __name__ == "__main__":
    main(sys.argv[1:])
