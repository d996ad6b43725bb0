"""One real call for each option of the sample menu, and wrap-up held after each: `make smoke`.

    python -m bench.smoke

A lab Asterisk with SIPp callers and phones, and the real `acd run` with the sample configuration;
only the wrap-up cap is shortened, so that its end can be waited for. For each option one agent who
has the skill logs in and takes a call; a second caller with the same key then waits, and the
agent's phone must stay silent until wrap-up ends: at its cap for odd options, ended by the agent
over HTTP for even ones. All times are those of the agents' SIP log.

The last line is the verdict; the status is 1 when anything failed. What was measured goes to
standard error.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from acd.config.loader import load
from acd.core.plan import AgentPlan, Ask, Branch, Enqueue, Plan, QueuePlan
from bench.site import ROOT, Engine, write_config
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import Key
from tests.lab.sipp import AgentRow, Call, Phone, SippAgents, SippCallers

TODAY = datetime.now(UTC).date()
CAP_SECONDS = 3.0
EARLY_AFTER_SECONDS = 1.0
"""How long an agent stays in wrap-up before he ends it himself."""
SOON_SECONDS = 0.1
"""From the end of wrap-up to the next INVITE, at most."""
TALK_SECONDS = 0.5
WAITING_SECONDS = 0.5
"""How long the second caller must have waited in vain at least, for "held" to mean anything."""


class Failed(Exception):
    """What was expected of the service centre and did not happen."""


class Option(NamedTuple):
    """One choice of the menu: its key, its queue, and the agent who logs in for it."""

    key: str
    queue: QueuePlan
    agent: AgentPlan


class Site(NamedTuple):
    """Everything that a call needs."""

    lab: LabAsterisk
    engine: Engine
    agents: SippAgents
    directory: Path


def main() -> int:
    """Try all options; print the verdict and return the exit status."""
    with tempfile.TemporaryDirectory(prefix="acd-smoke-") as name:
        directory = Path(name)
        everybody = list(load(ROOT / "config", today=TODAY).plan.agents)
        with LabAsterisk.start(directory, everybody, prompts=ROOT / "prompts") as lab:
            config = write_config(directory, lab, wrap_up_seconds=CAP_SECONDS)
            options = list(_options(load(config, today=TODAY).plan))
            phone = Phone(ring_seconds=0.2, talk_seconds=TALK_SECONDS)
            phones = dict.fromkeys(everybody, phone)
            with (
                Engine(config, directory) as engine,
                SippAgents(lab, phones, directory / "agents") as agents,
            ):
                site = Site(lab, engine, agents, directory)
                reached, held = _try_all(site, options)
            leaked = lab.current_calls()
    line = (
        f"smoke: {reached}/{len(options)} options reached an agent with the skill, "
        f"wrap-up held {held}/{len(options)}"
    )
    if leaked:
        line += f", {leaked} channels leaked"
    print(line)
    return 0 if reached == held == len(options) == 6 and not leaked else 1


def _try_all(site: Site, options: list[Option]) -> tuple[int, int]:
    reached = held = 0
    for option in options:
        agent = option.agent.id
        name = f"option {option.key}, queue {option.queue.id}, agent {agent}"
        site.engine.post(f"/api/v1/agents/{agent}/login")
        try:
            first = _reached(site, option)
            reached += 1
            _tell(f"{name}: rang as {first.from_name!r}")
            _tell(f"{name}: {_held(site, option, first)}")
            held += 1
        except (Failed, TimeoutError) as failure:
            _tell(f"{name}: FAILED: {failure}")
        finally:
            site.engine.post(f"/api/v1/agents/{agent}/logout")
    return reached, held


def _options(plan: Plan) -> Iterator[Option]:
    """Each choice of the first menu that leads to a queue, with an agent of its own."""
    menu = plan.menus[plan.callers_menu]
    entry = menu.nodes[menu.entry]
    assert isinstance(entry, Ask)
    for key, target in sorted(entry.choices.items()):
        node = menu.nodes[target]
        if isinstance(node, Branch):
            node = menu.nodes[node.next]
        if isinstance(node, Enqueue):
            queue = plan.queues[node.queue]
            able = [agent for agent in plan.agents.values() if _has_skill(agent, queue)]
            yield Option(key, queue, able[0])


def _has_skill(agent: AgentPlan, queue: QueuePlan) -> bool:
    return queue.requirement.met_by(agent.skills)


def _reached(site: Site, option: Option) -> AgentRow:
    """Place one call; return the INVITE at the phone of the agent, who has talked with him."""
    began = time.time()
    with _caller(site, option, 1) as caller:
        (row,) = caller.wait(20)
    rings = [ring for ring in site.agents.rings() if ring.at >= began]
    if [ring.agent for ring in rings] != [option.agent.id]:
        raise Failed(f"{[ring.agent for ring in rings]} rang")
    if not rings[0].from_name.startswith(f"{option.key} "):
        raise Failed(f"the phone showed {rings[0].from_name!r}")
    if rings[0].from_number != row.call.number:
        raise Failed(f"the phone showed the number {rings[0].from_number!r}")
    if row.hung_up_by != "pbx" or not _talked(site, rings[0]):
        raise Failed("the agent and the caller did not talk")
    return rings[0]


def _held(site: Site, option: Option, first: AgentRow) -> str:
    """Let a second caller wait for the agent in wrap-up; return in words how long he did."""
    agent = option.agent.id
    wrap_up_at = next(
        row.at for row in site.agents.rows() if row.call_id == first.call_id and row.kind == "BYE"
    )
    with _caller(site, option, 2) as caller:
        if not _until(lambda: _waiting(site, option) == 1):
            raise Failed("the second caller does not wait")
        waits_since = time.time()
        if int(option.key) % 2:
            ends_at, how = wrap_up_at + CAP_SECONDS, "at its cap"
        else:
            _until(lambda: time.time() >= waits_since + EARLY_AFTER_SECONDS)
            ends_at, how = time.time(), "early by the agent"
            site.engine.post(f"/api/v1/agents/{agent}/end-wrap-up")
        # Any INVITE counts: one that came too early is what this is about.
        ring = site.agents.wait_for_ring(agent, since=wrap_up_at, timeout=CAP_SECONDS + 3)
        if ring.at < ends_at:
            raise Failed(f"rung {ends_at - ring.at:.3f} s before wrap-up ended")
        if ring.at - ends_at > SOON_SECONDS:
            raise Failed(f"rung only {(ring.at - ends_at) * 1000:.1f} ms after wrap-up ended")
        if ends_at - waits_since < WAITING_SECONDS:
            raise Failed("the second caller came too late for his wait to mean anything")
        caller.wait(20)
    return (
        f"a caller waited {ends_at - waits_since:.2f} s, wrap-up ended {how}, "
        f"INVITE {(ring.at - ends_at) * 1000:.1f} ms later"
    )


def _caller(site: Site, option: Option, turn: int) -> SippCallers:
    call = Call(f"03012345{option.key}{turn}", keys=(Key(option.key, 0.4),))
    directory = site.directory / f"caller-{option.key}-{turn}"
    return SippCallers(site.lab, [call], directory, give_up_seconds=15)


def _talked(site: Site, ring: AgentRow) -> bool:
    rows = {row.kind: row.at for row in site.agents.rows() if row.call_id == ring.call_id}
    return "ACK" in rows and "BYE" in rows and rows["BYE"] - rows["ACK"] > TALK_SECONDS * 0.9


def _waiting(site: Site, option: Option) -> int:
    answer = site.engine.get("/api/v1/queues")
    assert isinstance(answer, dict)
    waiting: int = next(q["waiting"] for q in answer["queues"] if q["queue"] == option.queue.id)
    return waiting


def _until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
