"""Rows 8, 9 and 11: the link to the real Asterisk is cut, goes dead, stalls and crawls."""

import signal
import time
from random import Random

import pytest

from tests.faults.ledger import Ledger
from tests.faults.site import LONG, SHORT, Load, Site
from tests.scenarios.world import until

pytestmark = pytest.mark.asterisk

CUTS = 20
CUTS_IN_SOAK = 100
NOTICED_SECONDS = 0.1
RESYNC_SECONDS = 2.0
HALF_OPEN_SECONDS = 5.0
FREEZES_IN_SOAK = 10
WHOLE_SECONDS = 5.0
"""Between two freezes: a caller whose keys are never heard would give up."""
PER_SECOND = 4.0

REPAIRS = "acd_reconcile_repairs_total"


def under_load(site: Site, seconds: float, talk_seconds: float = SHORT) -> Load:
    """Callers for so long; returns when the first phone has rung."""
    load = site.load(round(seconds * PER_SECOND), PER_SECOND, talk_seconds)
    until(load.legs, 10, "the first ring")
    return load


def test_row_08_ami_tcp_cut(ami_site: Site, ledger: Ledger, soak: bool) -> None:
    cuts, rng = CUTS_IN_SOAK if soak else CUTS, Random(8)
    repaired = ami_site.metric(REPAIRS)
    load = under_load(ami_site, cuts * 0.65)
    noticed, faults = [], []
    for _ in range(cuts):
        time.sleep(rng.uniform(0.05, 0.35))
        cut_at = time.time()
        ami_site.proxy.cut()
        noticed.append(ami_site.down_at(cut_at - 0.001, 3).at - cut_at)
        faults.append((cut_at, ami_site.live_at(cut_at, 10)))
    lost = load.lost()
    resync = [live_at - cut_at for cut_at, live_at in faults]
    ledger.saw(
        8,
        tries=cuts,
        lost=len(lost),
        repaired=int(ami_site.metric(REPAIRS) - repaired),
        first_ring_ms=load.first_rings_ms(faults),
    )
    print(f"noticed after {max(noticed):.3f} s, live after {max(resync):.3f} s at worst")
    assert lost == []
    assert max(noticed) < NOTICED_SECONDS
    assert max(resync) <= RESYNC_SECONDS


def test_row_09_ami_half_open(ami_site: Site, ledger: Ledger, soak: bool) -> None:
    repaired = ami_site.metric(REPAIRS)
    tries = FREEZES_IN_SOAK if soak else 1
    load = under_load(ami_site, tries * 5 + (tries - 1) * WHOLE_SECONDS, LONG)
    noticed, faults = [], []
    for number in range(tries):
        if number:
            time.sleep(WHOLE_SECONDS)
        frozen_at = time.time()
        ami_site.proxy.freeze()
        noticed.append(ami_site.down_at(frozen_at, 10).at - frozen_at)
        faults.append((frozen_at, ami_site.live_at(frozen_at, 10)))
        sessions = ami_site.lab.cli("manager show connected").splitlines()
        assert len([line for line in sessions if line.split()[:1] == ["acd"]]) == 2
        ami_site.proxy.thaw()
    lost = load.lost()
    ledger.saw(
        9,
        tries=tries,
        lost=len(lost),
        repaired=int(ami_site.metric(REPAIRS) - repaired),
        first_ring_ms=load.first_rings_ms(faults),
    )
    print(f"noticed after {max(noticed):.3f} s at worst, live {faults[-1][1] - faults[-1][0]:.3f}")
    assert lost == []
    assert max(noticed) <= HALF_OPEN_SECONDS
    assert max(live_at - frozen_at for frozen_at, live_at in faults) <= (
        HALF_OPEN_SECONDS + RESYNC_SECONDS
    )


def lagged(site: Site) -> float:
    """How many messages were worked off more than half a second after they were sent."""
    lag = "acd_ami_lag_seconds"
    return site.metric(f"{lag}_count") - site.metric(f"{lag}_bucket", 'le="0.5"')


def test_row_11_slow_ami(ami_site: Site, ledger: Ledger, soak: bool) -> None:
    repaired = ami_site.metric(REPAIRS)
    load = under_load(ami_site, 10, LONG)
    faults = [_stalled(ami_site, seconds) for seconds in (1.0, 5.0)]
    ami_site.proxy.bytes_per_second = 10_000
    time.sleep(3)
    ami_site.proxy.bytes_per_second = None
    lifted_at = time.time()
    until(ami_site.is_ready, 10, "an engine in step")
    faults.append((lifted_at, time.time()))
    truncated_at = time.time()
    ami_site.proxy.truncate()
    # Whether it is reading or writing that finds out first is a matter of luck.
    why = ami_site.down_at(truncated_at, 5).rest
    assert "in the middle of a message" in why or "the connection broke" in why
    faults.append((truncated_at, ami_site.live_at(truncated_at, 5)))
    lost = load.lost()
    if soak:
        # Longer than the dialplan waits for an engine, so that it rescues callers by itself.
        load = under_load(ami_site, 35)
        faults.append(_stalled(ami_site, 30.0))
        lost += load.lost(rescued=True)
    ledger.saw(
        11,
        tries=len(faults),
        lost=len(lost),
        repaired=int(ami_site.metric(REPAIRS) - repaired),
        first_ring_ms=load.first_rings_ms(faults),
    )
    assert lost == []


def _stalled(site: Site, seconds: float) -> tuple[float, float]:
    """Stop the engine's process for so long; when it could go on, which is when rings count."""
    before = lagged(site)
    site.signal(signal.SIGSTOP)
    time.sleep(seconds)
    goes_on_at = time.time()
    site.signal(signal.SIGCONT)

    def shows() -> bool:
        # Whoever stopped just between a ping and its answer begins anew instead.
        return lagged(site) > before or bool(site.said("pbx_down", goes_on_at))

    until(shows, 5, "a metric that shows how late messages are")
    until(site.is_ready, 10, "an engine in step")
    return goes_on_at, goes_on_at
