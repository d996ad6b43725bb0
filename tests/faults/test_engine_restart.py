"""Row 28 of the fault matrix: the engine is restarted by SIGTERM, again and again, under load.

Ten restarts; ACD_SOAK_RESTARTS asks for another number (a night's soak does 96, one in five
minutes; here they follow each other as fast as there is an engine to restart).
"""

import os
import random
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.faults.killing import Site, disagreements, short_prompts
from tests.faults.ledger import Ledger
from tests.faults.nursery import Nursery
from tests.lab.asterisk import LabAsterisk, LabUnavailableError
from tests.lab.rtp import Key
from tests.lab.sipp import Call, Phone, SippAgents, SippCallers, stop_all

pytestmark = pytest.mark.asterisk

RESTARTS: Final = int(os.environ.get("ACD_SOAK_RESTARTS", 10))
AGENTS: Final = [str(1001 + n) for n in range(10)]
LOAD_PER_SECOND: Final = 4
SECONDS_EACH: Final = 1.1
"""Of load, for each restart."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabAsterisk]:
    prompts = short_prompts(tmp_path_factory.mktemp("prompts"))
    try:
        started = LabAsterisk.start(tmp_path_factory.mktemp("lab"), AGENTS, prompts=prompts)
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    with started:
        yield started
    stop_all(started)


def test_row_28_restarts_under_load_lose_nothing(
    lab: LabAsterisk, tmp_path: Path, ledger: Ledger
) -> None:
    """Each ends within 2 s with status 0, and every caller is answered once as if none had been."""
    site = Site(lab, tmp_path, dict.fromkeys(AGENTS, ""))
    rng = random.Random(28)
    phones = dict.fromkeys(AGENTS, Phone(ring_seconds=0.2, talk_seconds=1.5))
    seconds = RESTARTS * SECONDS_EACH
    keys = tuple(Key("1", 0.3 + n) for n in range(10))
    calls = [
        Call(f"0328{n:06d}", keys=keys, keys_by="info")
        for n in range(round(seconds * LOAD_PER_SECOND))
    ]
    stopped_after, again = [], []
    with Nursery() as nursery, SippAgents(lab, phones, tmp_path / "phones") as at_phones:
        site.start(nursery.launch)
        site.log_in(*AGENTS)
        load = SippCallers(
            lab, calls, tmp_path / "load", per_second=LOAD_PER_SECOND, give_up_seconds=seconds + 30
        )
        for _ in range(RESTARTS):
            time.sleep(rng.uniform(0.1, 0.8))
            began = time.monotonic()
            assert site.stop() == 0
            stopped_after.append(time.monotonic() - began)
            again.append(site.start(nursery.launch).started_at)
        rows = load.wait(seconds + 60)
        lab.wait_until_idle()
        assert site.stop() == 0
        rings = sorted(ring.at for ring in at_phones.rings())
        wrong = disagreements(site, rows, at_phones)
    first_rings_ms = [
        (min(ring for ring in rings if ring > at) - at) * 1000
        for at, until in pairwise([*again, rings[-1]])
        if any(at < ring < until for ring in rings)
    ]
    repaired = sum(site.repaired.values())
    ledger.saw(28, tries=RESTARTS, lost=len(wrong), repaired=repaired, first_ring_ms=first_rings_ms)
    assert not wrong, "\n".join(wrong)
    assert max(stopped_after) < 2.0
    assert lab.current_calls() == 0
