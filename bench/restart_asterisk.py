"""The part of `make bench-restart` on the real Asterisk: 200 living calls, and the engine killed.

The lab's Asterisk, SIPp as callers and phones, the real `acd run` with its SQLite store. While the
engine is away some talks end, so that there are agents whom the next one has to ring at once. Who
was dropped, rung or answered is told by SIPp's logs; places are compared as the API tells them.
"""

import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from bench.site import ROOT
from tests.faults.killing import Leg, Site, doubled, legs
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import Key
from tests.lab.sipp import Call, Phone, SippAgents, SippCallers
from tests.scenarios.world import until

CALLS: Final = 200
TALKS: Final = 30
RINGS: Final = 5
IN_MENU: Final = 10
KILLS: Final = 10
END_WHILE_AWAY: Final = 3
CALLS_PER_SECOND: Final = 40

LONG_TALKS: Final = {"acd-pjsip.conf": "[acd-agent](+TEMPLATES=include)\nrtp_timeout=0\n"}
"""These phones send no sound, for which the sample would end their talks after half a minute."""

AGENTS: Final = [str(1001 + number) for number in range(TALKS + RINGS)]


class House:
    """The calls, and what has been seen of them."""

    def __init__(self, site: Site, phones: SippAgents) -> None:
        self.site = site
        self.phones = phones
        self.rng = Random(2)
        self.batches: list[SippCallers] = []
        self.let_go: set[str] = set()
        """Callers whose agent has hung up."""
        self.ready: list[float] = []
        self.first_rings: list[float] = []
        self.places_lost = 0

    def fill(self) -> None:
        """Let the callers come: first those who will talk, then those who are rung for."""
        self.site.log_in(*AGENTS[:TALKS])
        self.call(TALKS, "1")
        until(lambda: self.site.states()["fault connected"] == TALKS, 30, "the talks")
        self.site.log_in(*AGENTS[TALKS:])
        self.call(CALLS - TALKS - IN_MENU, "1")
        self.call(IN_MENU, "")
        until(lambda: sum(self.site.states().values()) == CALLS, 30, "every call")
        waiting = CALLS - TALKS - IN_MENU - RINGS
        until(lambda: self.site.states()["fault queued"] >= waiting, 30, "everybody's place")

    def call(self, count: int, key: str) -> None:
        """So many callers dial in, and press ``key`` if it is one."""
        first = sum(len(batch.calls) for batch in self.batches)
        keys = (Key(key, 0.5),) if key else ()
        calls = [Call(f"0302{first + n:06d}", keys=keys, keys_by="info") for n in range(count)]
        directory = self.site.directory / f"callers-{len(self.batches)}"
        self.batches.append(
            SippCallers(
                self.site.lab,
                calls,
                directory,
                per_second=CALLS_PER_SECOND,
                give_up_seconds=600,
            )
        )

    def kill(self) -> None:
        """Kill the engine somewhere in its work, start the next, and judge what came of it."""
        time.sleep(self.rng.uniform(0.0, 0.5))
        before = self.site.places()
        self.site.kill()
        self._end_talks()
        engine = self.site.start()
        after = self.site.places()
        since = engine.started_at
        ring_at = until(lambda: min(self._rung(since), default=None), 10, "the first ring")
        until(lambda: len(self._rung(since)) >= END_WHILE_AWAY, 10, "a ring for everybody")
        taken = {leg.number for leg in legs(self.phones) if leg.rung_at >= since}
        self.places_lost += sum(
            after.get(number) != place and number not in taken for number, place in before.items()
        )
        self.ready.append(engine.live_seconds)
        self.first_rings.append(ring_at - since)
        self.call(END_WHILE_AWAY, "1")
        try:
            until(lambda: sum(self.site.states().values()) >= CALLS, 60, "as many calls as before")
        except TimeoutError as error:
            came = [row for row in self.batches[-1].rows() if row.answered_at is not None]
            raise RuntimeError(
                f"{error}: {self.site.states()}; of the last {END_WHILE_AWAY} callers "
                f"{len(came)} came; dropped: {self.dropped()}"
            ) from error

    def _end_talks(self) -> None:
        with self.site.lab.observer() as observer:
            talking = {
                leg.agent: leg
                for leg in legs(self.phones)
                if leg.talk_from is not None and leg.ended_at is None
            }
            channels = {
                row["Channel"].rpartition("-")[0].rpartition("/")[2]: row["Channel"]
                for row in observer.rows("CoreShowChannels")
            }
            for agent in self.rng.sample(sorted(talking), END_WHILE_AWAY):
                self.let_go.add(talking[agent].number)
                observer.action("Hangup", Channel=channels[agent])

    def _rung(self, since: float) -> list[float]:
        return [ring.at for ring in self.phones.rings() if ring.at >= since]

    def dropped(self) -> list[str]:
        """Callers who are not connected any more though nobody let them go."""
        rows = [row for batch in self.batches for row in batch.rows()]
        return [
            row.call.number
            for row in rows
            if row.call.number not in self.let_go and (row.ended_at or row.status >= 300)
        ]


def wrong_pairings(found: list[Leg]) -> int:
    """Count legs beside another of the same caller or agent, and callers answered twice."""
    answered = [leg.number for leg in found if leg.talk_from is not None]
    return len(doubled(found)) + len(answered) - len(set(answered))


def run() -> dict[str, object]:
    """Kill it KILLS times; print each and return the figures of all."""
    with tempfile.TemporaryDirectory(prefix="acd-restart-") as name:
        directory = Path(name)
        phones = {
            agent: Phone() if n < TALKS else Phone("rings_on") for n, agent in enumerate(AGENTS)
        }
        with LabAsterisk.start(
            directory, AGENTS, prompts=ROOT / "prompts", extra=LONG_TALKS
        ) as lab:
            site = Site(lab, directory / "site", dict.fromkeys(AGENTS, ""))
            with SippAgents(lab, phones, directory / "phones") as at_phones:
                site.start()
                house = House(site, at_phones)
                try:
                    house.fill()
                    for _ in range(KILLS):
                        house.kill()
                        print(
                            f"live again after {house.ready[-1] * 1000:.0f} ms, first ring after "
                            f"{house.first_rings[-1] * 1000:.0f} ms",
                            flush=True,
                        )
                    dropped, found = house.dropped(), legs(at_phones)
                finally:
                    site.stop()
                    for batch in house.batches:
                        batch.stop()
    return {
        "bench": "restart",
        "pbx": "asterisk",
        "kills": KILLS,
        "live_calls": CALLS,
        "dropped": len(dropped),
        "places_lost": house.places_lost,
        "wrong_pairings": wrong_pairings(found),
        "ready_ms": round(median(house.ready) * 1000),
        "first_ring_p99_ms": round(max(house.first_rings) * 1000),
    }
