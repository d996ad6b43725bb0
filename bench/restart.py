"""An engine killed in full work, and the next one: `make bench-restart`.

    python -m bench.restart [simulated] [asterisk]

Without a word on both PBXs, one after the other; `bench.restart_asterisk` is the real one.

The real `acd run`, in a process of its own and with its SQLite store, serves 1,000 living calls on
the simulated PBX: some in menus, some whose phones ring, some in talks, most of them waiting. It is
killed with SIGKILL and started anew, KILLS times. While it is away some talks end, so that there
are agents whom it has to ring at once. What callers and phones saw is told by the PBX's own facts.

Dropped: a call that ended otherwise than by its people. Place lost: one that waits in another
queue, since another time or with another due time than before. Wrong pairing: a talk whose two
people are not those of before, a caller with two phones, a phone with two callers.

The last line is JSON; the status is 1 when anything was dropped, lost or wrong.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Final, NamedTuple

from acd.sim.facts import Fact, Happening
from bench import restart_asterisk
from bench.site import Engine, SimulatedPbx, write_config
from tests.scenarios.simulated import SimulatedWorld
from tests.scenarios.world import Handset, until

CALLS: Final = 1_000
TALKS: Final = 150
RINGS: Final = 20
IN_MENU: Final = 50
KILLS: Final = 20
END_WHILE_AWAY: Final = 5
"""Talks that end between the kill and the next engine: so many can be rung for at once."""

SKILLS: Final = ("fault", "billing", "meter", "house_connection", "laboratory", "switchboard")


class Round(NamedTuple):
    """What one kill has done."""

    ready_seconds: float
    first_ring_seconds: float
    dropped: int
    places_lost: int
    wrong_pairings: int


Places = dict[str, tuple[object, ...]]


class Site:
    """1,000 living calls, the engine that serves them, and who is to blame for what ends."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.agents = [str(2000 + number) for number in range(TALKS + RINGS)]
        self.world = SimulatedWorld(self.agents, {})
        pbx = SimulatedPbx.of(self.world)
        agents = [
            {
                "id": agent,
                "name": f"Agent {agent}",
                "phone": f"PJSIP/{agent}",
                "skills": dict.fromkeys(SKILLS, 1),
            }
            for agent in self.agents
        ]
        self.config = write_config(directory, pbx, agents=agents, wrap_up_seconds=0.0)
        self.engine = Engine(self.config, directory)
        self.numbers = 0
        self.let_go: set[str] = set()
        """Callers who hung up themselves."""

    def fill(self) -> None:
        """Let the callers come: first those who will talk, then those who are rung for."""
        self.world.phones(
            {
                agent: Handset() if n < TALKS else Handset("rings_on")
                for n, agent in enumerate(self.agents)
            }
        )
        for agent in self.agents[:TALKS]:
            self.engine.post(f"/api/v1/agents/{agent}/login")
        self.call(TALKS, "1")
        self.wait_for("connected", TALKS)
        for agent in self.agents[TALKS:]:
            self.engine.post(f"/api/v1/agents/{agent}/login")
        self.call(CALLS - TALKS - IN_MENU, "1")
        self.call(IN_MENU, "")
        until(lambda: len(self.calls()) == CALLS, 60, "every call")

    def call(self, count: int, key: str) -> None:
        """So many callers dial in, and press ``key`` if it is one."""
        for _ in range(count):
            self.numbers += 1
            keys = [(0.2, key)] if key else []
            self.world.call(f"0301{self.numbers:06d}", keys=keys)

    def calls(self) -> list[dict[str, object]]:
        """Every living call, as the engine's API tells it."""
        answer = self.engine.get("/api/v1/calls")
        assert isinstance(answer, dict)
        found: list[dict[str, object]] = answer["calls"]
        return found

    def wait_for(self, state: str, count: int) -> None:
        """Return when so many calls are in this state."""
        until(
            lambda: Counter(str(call["state"]) for call in self.calls())[state] >= count,
            60,
            f"{count} calls {state}",
        )

    def places(self) -> Places:
        """Who waits or is rung for, and where and since when he stands."""
        return {
            str(call["call"]): (
                call["queue"],
                float(str(call["queued_at"])),
                float(str(call["due_at"])),
            )
            for call in self.calls()
            if call["state"] in ("queued", "ringing")
        }

    def kill(self, rng: Random) -> Round:
        """Kill the engine somewhere in its work, start the next, and judge what came of it."""
        time.sleep(rng.uniform(0.0, 0.3))
        seen = len(self.world.facts())
        before = self.places()
        self.engine.kill()
        self._end_talks(rng)
        started_at = time.time()
        self.engine = Engine(self.config, self.directory)
        ring = until(lambda: self._first_ring(started_at), 10, "the first ring")
        until(lambda: len(self._rung(started_at)) >= END_WHILE_AWAY, 10, "a ring for everybody")
        after = self.places()
        facts = self.world.facts()[seen:]
        answered = {fact.caller for fact in facts if fact.kind is Happening.BRIDGED}
        lost = sum(
            after.get(call) != place
            for call, place in before.items()
            if not any(caller.endswith(call.partition("-")[2]) for caller in answered)
        )
        gone = [fact for fact in facts if fact.kind is Happening.CALLER_GONE]
        dropped = sum(fact.caller not in self.let_go for fact in gone)
        self.call(END_WHILE_AWAY, "1")
        return Round(
            self.engine.live_seconds, ring - started_at, dropped, lost, wrong_pairings(facts)
        )

    def _end_talks(self, rng: Random) -> None:
        talking = [
            channel.uniqueid
            for channel in self.world.pbx.channels.values()
            if channel.is_caller and channel.bridge is not None and channel.bridge.is_talk
        ]
        for uniqueid in rng.sample(talking, END_WHILE_AWAY):
            self.let_go.add(uniqueid)
            self.world.act(lambda pbx, now, one=uniqueid: pbx.hang_up(one, now))  # type: ignore[misc]

    def _rung(self, since: float) -> list[float]:
        return [ring.at for ring in self.world.rings() if ring.at >= since]

    def _first_ring(self, since: float) -> float | None:
        return min(self._rung(since), default=None)


def wrong_pairings(facts: list[Fact]) -> int:
    """Count callers who were taken out of a talk, or had two phones at once."""
    found, talks = 0, dict[str, str]()
    for fact in facts:
        if fact.kind is Happening.CALLER_STOLEN:
            found += 1
        elif fact.kind is Happening.BRIDGED:
            found += talks.get(fact.caller, fact.leg) != fact.leg
            talks[fact.caller] = fact.leg
        elif fact.kind is Happening.TALK_ENDED:
            talks.pop(fact.caller, None)
    return found


def main(pbxs: Sequence[str]) -> int:
    """Print the figures of each PBX, and return the exit status."""
    status = 0
    for pbx in pbxs or ("simulated", "asterisk"):
        figures = simulated() if pbx == "simulated" else restart_asterisk.run()
        print(json.dumps(figures), flush=True)
        status |= any(figures[word] for word in ("dropped", "places_lost", "wrong_pairings"))
    return status


def simulated() -> dict[str, object]:
    """Kill it KILLS times; print each and return the figures of all."""
    rng = Random(1)
    with tempfile.TemporaryDirectory(prefix="acd-restart-") as name:
        site = Site(Path(name))
        try:
            site.fill()
            rounds = []
            for _ in range(KILLS):
                one = site.kill(rng)
                rounds.append(one)
                print(
                    f"live again after {one.ready_seconds * 1000:.0f} ms, first ring after "
                    f"{one.first_ring_seconds * 1000:.0f} ms; {one.dropped} dropped, "
                    f"{one.places_lost} places lost, {one.wrong_pairings} wrong pairings",
                    flush=True,
                )
        finally:
            site.engine.stop()
            site.world.stop()
    rings = sorted(one.first_ring_seconds for one in rounds)
    return {
        "bench": "restart",
        "pbx": "simulated",
        "kills": len(rounds),
        "live_calls": CALLS,
        "dropped": sum(one.dropped for one in rounds),
        "places_lost": sum(one.places_lost for one in rounds),
        "wrong_pairings": sum(one.wrong_pairings for one in rounds),
        "ready_ms": round(median(one.ready_seconds for one in rounds) * 1000),
        "first_ring_p99_ms": round(rings[int(0.99 * len(rings))] * 1000),
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
