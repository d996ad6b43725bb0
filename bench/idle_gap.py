"""How long an agent who hangs up sits idle while callers wait: acd and app_queue side by side.

    python -m bench.idle_gap

One lab Asterisk, 60 agents, 300 callers at 100 calls/s, talks uniform from 1 to 3 s, seeded and
the same for both. Times are the PBX's own, in the events of an AMI session of its own that is read
now and then, so that reading it takes no processor from either: from the HangupRequest of an
agent's leg to the DialBegin of his next. app_queue runs with autofill=yes,
retry=1, ringinuse=no, music and no wrap-up; acd without wrap-up too. Three runs each; the median
of the runs is reported, and the worst of what must never happen.
"""

import json
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.site import ROOT, Engine, write_config
from tests.lab.ami import Message, Observer
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import Key
from tests.lab.sipp import Call, CallRow, Phone, SippAgents, SippCallers

AGENTS = [str(number) for number in range(1001, 1061)]
CALLERS = 300
CALLS_PER_SECOND = 100
RUNS = 3
SEED = 20
QUEUE_DNIS = "0800559999"
ACD_DNIS = "0800555100"
WATCHED = ("HangupRequest", "DialBegin")
OBSERVER_RESTS_SECONDS = 0.25


class Run(NamedTuple):
    """What one run gave."""

    gaps_ms: list[float]
    answered: int
    unexpected_bye: int
    leaked_channels: int
    engine_cpu_ms_per_call: float
    asterisk_cpu_ms_per_call: float


def main() -> None:
    """Run everything and print one line of JSON at the end."""
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as name:
        directory = Path(name)
        lab = LabAsterisk.start(
            directory,
            AGENTS,
            prompts=ROOT / "prompts",
            extra={
                "queues.conf": _queue(),
                "extensions.conf": _extension(),
                "manager.conf": _login(secret),
            },
        )
        with lab:
            acd, queue = [], []
            for turn in range(RUNS):
                queue.append(_one_run(lab, directory / f"queue-{turn}", secret, None))
                _tell("app_queue", queue[-1])
                home = directory / f"acd-{turn}"
                home.mkdir()
                agents = [_agent(agent) for agent in AGENTS]
                config = write_config(home, lab, agents=agents, wrap_up_seconds=0)
                with Engine(config, home) as engine:
                    for agent in AGENTS:
                        engine.post(f"/api/v1/agents/{agent}/login")
                    acd.append(_one_run(lab, home, secret, engine))
                _tell("acd", acd[-1])
    print(json.dumps(_report(acd, queue)))


def _one_run(lab: LabAsterisk, directory: Path, secret: str, engine: Engine | None) -> Run:
    numbers = [f"0301234{number:03d}" for number in range(CALLERS)]
    rng = random.Random(SEED)
    talks = {number: rng.uniform(1.0, 3.0) for number in numbers}
    keys = (Key("1", 0.3),) if engine else ()
    dnis = ACD_DNIS if engine else QUEUE_DNIS
    calls = [Call(number, dnis=dnis, keys=keys) for number in numbers]
    before = lab.current_calls()
    lab_cpu, engine_cpu = lab.cpu_seconds(), engine.cpu_seconds() if engine else 0.0
    phones = dict.fromkeys(AGENTS, Phone())
    with (
        Observer(
            lab.host, lab.ami_port, "bench", secret, rest_seconds=OBSERVER_RESTS_SECONDS
        ) as observer,
        SippAgents(lab, phones, directory / "agents", talks=talks),
        SippCallers(lab, calls, directory / "callers", per_second=CALLS_PER_SECOND) as callers,
    ):
        rows = callers.wait(120)
        time.sleep(2 * OBSERVER_RESTS_SECONDS)
        events = list(observer.events)
    lab_cpu, engine_cpu = (
        lab.cpu_seconds() - lab_cpu,
        engine.cpu_seconds() - engine_cpu if engine else 0.0,
    )
    return Run(
        _gaps_ms(events),
        sum(_talked(row, talks) for row in rows),
        sum(row.unexpected_bye or row.hung_up_by != "pbx" for row in rows),
        lab.current_calls() - before,
        engine_cpu * 1000 / CALLERS,
        lab_cpu * 1000 / CALLERS,
    )


def _talked(row: CallRow, talks: dict[str, float]) -> bool:
    """Tell whether the caller's call lasted as long as his talk: he was answered."""
    if row.answered_at is None or row.ended_at is None:
        return False
    return row.ended_at - row.answered_at >= talks[row.call.number]


def _gaps_ms(events: Sequence[Message]) -> list[float]:
    """Return the milliseconds from each agent's hang-up to his next ring."""
    idle_since: dict[str, float] = {}
    gaps = []
    for event in events:
        at = float(event.get("Timestamp") or 0)
        if event.event == "HangupRequest":
            idle_since[_agent_of(event.get("Channel"))] = at
        elif event.event == "DialBegin":
            began = idle_since.pop(_agent_of(event.get("DestChannel")), None)
            if began is not None:
                gaps.append((at - began) * 1000)
    return gaps


def _agent_of(channel: str) -> str:
    return channel.rpartition("-")[0].rpartition("/")[2]


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _median_of_runs(runs: Sequence[Run], share: float) -> float:
    return statistics.median(_percentile(run.gaps_ms, share) for run in runs)


def _report(acd: Sequence[Run], queue: Sequence[Run]) -> dict[str, object]:
    acd_median, queue_median = _median_of_runs(acd, 0.5), _median_of_runs(queue, 0.5)
    return {
        "bench": "idle-gap",
        "acd_median_ms": round(acd_median, 2),
        "acd_p95_ms": round(_median_of_runs(acd, 0.95), 2),
        "acd_p99_ms": round(_median_of_runs(acd, 0.99), 2),
        "app_queue_median_ms": round(queue_median, 1),
        "app_queue_p95_ms": round(_median_of_runs(queue, 0.95), 1),
        "ratio_median": round(queue_median / acd_median, 1),
        "acd_cpu_ms_per_call": round(
            statistics.median(run.engine_cpu_ms_per_call for run in acd), 2
        ),
        "asterisk_cpu_ms_per_call": round(
            statistics.median(run.asterisk_cpu_ms_per_call for run in acd), 2
        ),
        "answered": min(run.answered for run in acd),
        "unexpected_bye": max(run.unexpected_bye for run in acd),
        "leaked_channels": max(run.leaked_channels for run in acd),
    }


def _tell(name: str, run: Run) -> None:
    print(
        f"{name}: {len(run.gaps_ms)} gaps, median {_percentile(run.gaps_ms, 0.5):.2f} ms, "
        f"p95 {_percentile(run.gaps_ms, 0.95):.2f} ms, worst {max(run.gaps_ms):.2f} ms; "
        f"{run.answered} answered, {run.unexpected_bye} unexpected BYE, "
        f"{run.leaked_channels} leaked; CPU a call: engine {run.engine_cpu_ms_per_call:.2f} ms, "
        f"Asterisk {run.asterisk_cpu_ms_per_call:.2f} ms",
        flush=True,
    )


def _agent(agent: str) -> dict[str, object]:
    return {
        "id": agent,
        "name": f"Agent {agent}",
        "phone": f"PJSIP/{agent}",
        "skills": {"fault": 5, "billing": 1, "meter": 1, "house_connection": 1}
        | {"laboratory": 1, "switchboard": 1},
    }


def _queue() -> str:
    lines = [
        "[bench]",
        "strategy=leastrecent",
        "autofill=yes",
        "retry=1",
        "timeout=15",
        "ringinuse=no",
        "wrapuptime=0",
        *(f"member => PJSIP/{agent}" for agent in AGENTS),
    ]
    return "\n".join(lines) + "\n"


def _extension() -> str:
    return (
        "[acd-inbound](+)\n"
        f"exten => {QUEUE_DNIS},1,Answer(,i)\n same => n,Queue(bench)\n same => n,Hangup()\n"
    )


def _login(secret: str) -> str:
    filters = "".join(f"eventfilter(action(include),name({name})) =\n" for name in WATCHED)
    return (
        f"[bench]\nsecret={secret}\ndeny=0.0.0.0/0.0.0.0\npermit=127.0.0.1/255.255.255.255\n"
        f"read=call\nwrite=\n{filters}"
    )


if __name__ == "__main__":
    main()
