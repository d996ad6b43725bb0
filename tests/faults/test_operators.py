"""Rows 18, 19 and 22: what operators and clocks do: spoilt configurations, lost prompts, jumps, a
second engine started beside the first.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import urllib.request
from contextlib import suppress
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from acd.cli import app
from acd.config.loader import load
from acd.core.plan import AgentAction
from acd.errors import ConfigError
from acd.reloads import Fresh
from acd.sim.facts import Happening
from tests.faults.faketime import FakeTime
from tests.faults.ledger import Ledger
from tests.faults.simulated import SimulatedSite
from tests.faults.site import PRESSES, Site
from tests.scenarios.simulated import SimulatedCaller
from tests.scenarios.world import until
from tests.test_daemon import AGENT, NUMBER, PHONE, ROOT, Behaviour, House

MUTANTS, MUTANTS_IN_SOAK = 200, 5000
CHECKED = 3
"""So many of those that are refused are given to `acd check` as well, which is a slow thing."""

JUMP_SECONDS = 3600.0
WRAP_UP_SECONDS = 4.0
FAULT, METER = "1", "3"
WORD = re.compile(r"[\w.@+-]+")
WORDS = ("nobody", "-1", "1e9", "null", "[]", "{}", "~", "yes", "!!python/object:os.system", "\0")


# -- row 18: configurations ------------------------------------------------------------------------


def spoilt(text: bytes, rng: Random) -> bytes:
    """The text with one to three mistakes in it, as hands, merges and disks make them."""
    for _ in range(rng.randint(1, 3)):
        lines = text.split(b"\n")
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        line = lines[at]
        match rng.randrange(8):
            case 0:
                del lines[at]
            case 1:
                lines.insert(other, line)
            case 2:
                lines[at], lines[other] = lines[other], line
            case 3:
                lines[at] = rng.choice((b" ", b"  ", b"\t")) + line
            case 4:
                words = list(WORD.finditer(line.decode(errors="replace")))
                if words:
                    word = rng.choice(words)
                    whole = line.decode(errors="replace")
                    spoilt = whole[: word.start()] + rng.choice(WORDS) + whole[word.end() :]
                    lines[at] = spoilt.encode()
            case 5:
                place = rng.randint(0, len(line))
                lines[at] = line[:place] + rng.randbytes(1) + line[place:]
            case 6:
                place = rng.randint(0, len(line))
                lines[at] = line[:place] + line[place + 1 :]
            case 7:
                del lines[at + 1 :]
                lines[at] = line[: rng.randint(0, len(line))]
        text = b"\n".join(lines)
    return text


class Operator:
    """A configuration folder of somebody who makes mistakes, and what became of each."""

    def __init__(self, root: Path) -> None:
        for name in ("config", "ivr_menus"):
            without = shutil.ignore_patterns("asterisk", "systemd")
            shutil.copytree(ROOT / name, root / name, ignore=without)
        (root / "prompts").symlink_to(ROOT / "prompts")
        self.config = root / "config"
        self.files = [*self.config.rglob("*.yaml"), *(root / "ivr_menus").glob("*.yaml")]
        self.complaints: list[str] = []
        """What was wrong when it was read the last time."""
        self._whole = {path: path.read_bytes() for path in self.files}

    def read(self) -> Fresh:
        """What the daemon reads it by."""
        self.complaints = []
        try:
            return Fresh(load(self.config, today=date(2026, 11, 22)).plan)
        except ConfigError as error:
            self.complaints = [str(problem) for problem in error.problems]
            raise

    def spoil(self, rng: Random) -> None:
        self.mend()
        path = rng.choice(sorted(self.files))
        path.write_bytes(spoilt(self._whole[path], rng))

    def mend(self) -> None:
        for path, text in self._whole.items():
            path.write_bytes(text)


@pytest.mark.slow
async def test_row_18_spoilt_configurations(tmp_path: Path, ledger: Ledger, soak: bool) -> None:
    """One who waits is still there after all of them, and is served."""
    operator, rng, mutants = Operator(tmp_path), Random(18), MUTANTS_IN_SOAK if soak else MUTANTS
    house = House()
    try:
        daemon = await house.open(reload=operator.read)
        house.start()
        await house.log.until("ready")
        await house.log.until("pbx_state", state="live")
        house.server.world(lambda pbx, now: pbx.dial_in(now, number=NUMBER, keys=[(0.05, "1")]))
        await house.log.until("call_queued")
        lost, expected, refused, taken = list[str](), list[str](), 0, 0
        for number in range(mutants):
            operator.spoil(rng)
            plan = daemon.pipeline.engine.floor.plan
            with suppress(ConfigError):
                await daemon.read_again()
            complaints = operator.complaints
            if not complaints:
                taken += 1
                await house.log.until("plan_replaced", times=taken)
                continue
            refused += 1
            expected += complaints
            lost += [f"{number}: {line}" for line in complaints if not says_where(line)]
            if daemon.pipeline.engine.floor.plan is not plan:
                lost.append(f"{number}: the old configuration did not stay")
            if refused <= CHECKED:
                lost += await asyncio.to_thread(wrongly_checked, operator.config, complaints)
        told = {str(said["why"]) for _, name, said in house.log.lines if name == "reload_refused"}
        lost += [f"the log does not say {line}" for line in expected if line not in told]
        operator.mend()
        daemon.reload()
        await house.log.until("plan_replaced", times=taken + 1)
        house.pbx.phone_behaviour(PHONE, Behaviour(after_seconds=0.05, talk_seconds=0.1))
        assert (await daemon.request(AGENT, AgentAction.LOG_IN, "", None)).refusal == ""
        ended = await house.log.until("call_ended")
    finally:
        await house.close()
    print(f"{mutants} mutants, {refused} refused, {taken} valid")
    ledger.saw(18, tries=mutants, lost=len(lost) + (ended["outcome"] != "answered"))
    assert lost == []
    assert ended["outcome"] == "answered"
    assert refused > mutants / 2


def says_where(complaint: str) -> bool:
    """Whether it names a file, and a line unless the whole file is meant."""
    return re.match(r"\S+\.yaml:(\d+:\d+:)? ", complaint) is not None


def wrongly_checked(config: Path, complaints: list[str]) -> list[str]:
    """What `acd check` says else than this, or than status 1."""
    told = CliRunner().invoke(app, ["check", "--config", str(config)])
    if told.exit_code != 1:
        return [f"`acd check` ends with {told.exit_code}"]
    return [f"`acd check` does not say {line}" for line in complaints if line not in told.output]


@pytest.mark.asterisk
def test_row_18_prompts_that_are_gone(ami_site: Site, ledger: Ledger) -> None:
    """Whoever calls meanwhile hears nothing of them, may take his time, and is served."""
    spoken = sorted((ami_site.lab.directory / "prompts").glob("*/main/*.wav"))
    assert spoken
    for path in spoken:
        path.rename(path.with_suffix(".gone"))
    try:
        loads = [ami_site.load(8, 8), ami_site.load(8, 8, keys=PRESSES[4:])]
        lost = [line for load in loads for line in load.lost()]
    finally:
        for path in spoken:
            path.with_suffix(".gone").rename(path)
    ledger.saw(18, tries=sum(len(load.numbers) for load in loads), lost=len(lost))
    assert lost == []


# -- row 19: the clock -----------------------------------------------------------------------------


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """The wall clock of the engines that are started from now on."""
    return FakeTime(tmp_path / "clock", monkeypatch)


def its_time(site: SimulatedSite) -> float:
    """The wall clock as the engine's process reads it."""
    with urllib.request.urlopen(f"{site.engine.url}/healthz", timeout=5) as answer:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()


def jump(site: SimulatedSite, clock: FakeTime, seconds: float) -> None:
    """Have the clock jump; returns when the engine's process has seen it."""
    before = its_time(site)
    clock.jump(seconds)
    until(lambda: abs(its_time(site) - before - seconds) < 60, 5, "a jump that is seen")


def the_agent(site: SimulatedSite) -> dict[str, object]:
    return next(row for row in site.rows("agents") if row["agent"] == site.agents[0])


def in_wrap_up(site: SimulatedSite, talks: int = 0) -> float:
    """When the agent's wrap-up ends, of which it is waited for: of the talk with that number."""
    if talks == 1:
        site.call(METER)
    until(lambda: len(facts(site, Happening.TALK_ENDED)) >= talks, 5, "a talk")
    until(lambda: the_agent(site)["activity"] == "wrap_up", 5, "a wrap-up")
    return float(str(the_agent(site)["wrap_up_ends_at"]))


def ring(site: SimulatedSite, nth: int) -> float:
    """When the agent's phone has rung so often, waited for."""
    until(lambda: len(facts(site, Happening.PHONE_RUNG)) >= nth, 15, f"ring {nth}")
    return facts(site, Happening.PHONE_RUNG)[nth - 1]


def facts(site: SimulatedSite, kind: Happening) -> list[float]:
    return [fact.at for fact in site.world.facts() if fact.kind is kind]


def waiting(site: SimulatedSite) -> list[SimulatedCaller]:
    """Four who wait for the agent, two for nobody, whose queue keeps them for ten minutes, and one
    in the menu, who presses nothing."""
    callers = [site.call(key) for key in (METER, METER, METER, METER, FAULT, FAULT, "")]
    until(lambda: len(standing(site)) == 6, 5, "callers who wait")
    return callers


def changed_by(site: SimulatedSite, clock: FakeTime, seconds: float) -> list[str]:
    """Have the clock jump in a wrap-up; what is another place or deadline than before."""
    before = [in_wrap_up(site), *standing(site)]
    jump(site, clock, seconds)
    after = [in_wrap_up(site), *standing(site)]
    return [f"after {seconds:+.0f} s: {before} is {after}"] * (before != after)


def lost_of(site: SimulatedSite, callers: list[SimulatedCaller]) -> list[str]:
    """Who neither is there still nor has talked with somebody."""
    there = {str(call["ani"]) for call in site.rows("calls")}
    talked = {fact.caller for fact in site.world.facts() if fact.kind is Happening.BRIDGED}
    return [
        each.number for each in callers if each.number not in there and each.uniqueid not in talked
    ]


def standing(site: SimulatedSite) -> list[tuple[object, ...]]:
    return [
        (call["ani"], call["queue"], call["queued_at"], call["due_at"])
        for call in site.rows("calls")
        if call["state"] == "queued"
    ]


@pytest.mark.slow
def test_row_19_the_clock_jumps(tmp_path: Path, clock: FakeTime, ledger: Ledger) -> None:
    """Under an engine it moves no deadline. The next engine has another time: of a wrap-up of which
    an hour is gone nothing is left, one of which an hour is missing begins anew. Who waited is
    taken for having waited the hour as well, and leaves his queue by its exit, if it has one.
    """
    lost = list[str]()
    with SimulatedSite(
        tmp_path, agents=1, skills=["meter"], wrap_up_seconds=WRAP_UP_SECONDS
    ) as site:
        in_wrap_up(site, 1)
        callers = waiting(site)
        lost += changed_by(site, clock, JUMP_SECONDS)
        took = ring(site, 2) - facts(site, Happening.TALK_ENDED)[0]
        in_wrap_up(site, 2)
        lost += changed_by(site, clock, -2 * JUMP_SECONDS)
        rings, live = list[float](), list[float]()
        for number, seconds in enumerate((2 * JUMP_SECONDS, -JUMP_SECONDS), 2):
            in_wrap_up(site, number)
            site.engine.kill()
            clock.jump(seconds)
            site.start()
            rings.append(ring(site, number + 1) - site.engine.started_at)
            live.append(site.engine.live_seconds)
        lost += lost_of(site, callers)
    print(f"a wrap-up of {WRAP_UP_SECONDS:g} s took {took:.3f} s; the next engine's first ring")
    print(f"came {rings[0]:.3f} s after its start an hour on, {rings[1]:.3f} s an hour back")
    ledger.saw(19, tries=4, lost=len(lost), first_ring_ms=[rings[0] * 1000])
    assert lost == []
    assert WRAP_UP_SECONDS - 0.1 < took < WRAP_UP_SECONDS + 1
    assert rings[0] < live[0] + 1
    assert rings[1] < live[1] + WRAP_UP_SECONDS + 1


# -- row 22: an engine too many --------------------------------------------------------------------

STARTS = 3


@pytest.mark.slow
def test_row_22_a_second_engine_on_the_same_books_is_refused(
    tmp_path: Path, ledger: Ledger
) -> None:
    """It says which has them and starts nothing; killed, the first leaves nothing in the way."""
    lost = list[str]()
    with SimulatedSite(tmp_path, agents=1) as site:
        for number in range(STARTS):
            pid = site.pid
            second = subprocess.run(
                [sys.executable, "-m", "acd", "run", "--config", str(site.config)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            told = second.stderr.splitlines()
            if second.returncode != 1 or len(told) != 1 or f"process {pid}" not in told[0]:
                lost.append(f"the second ended with {second.returncode} and {second}")
            if "PBX" in second.stdout or "pbx" in second.stdout:
                lost.append(f"the second went to the PBX: {second.stdout}")
            site.call()
            ring(site, number + 1)
            until(lambda: not site.not_at_rest(), 10, "the end of a call")
            site.engine.kill()
            site.start()
    ledger.saw(22, tries=STARTS, lost=len(lost))
    assert lost == []
