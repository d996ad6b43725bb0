"""A reload of a large configuration, and how long it holds up the event loop.

`large_configuration` writes one of so many clients, each with a number, a menu and a queue of his
own, with all its prompts. `measure` has a daemon without a PBX read it again, edited, the way
`acd reload` does, and watches the daemon's own loop (`bench.store.Stalls`) from the request to its
answer: the reading of the other process, the unpickling and comparing in a thread, the step, the
metrics and the journal. `python -m bench.reload` prints what it returns.
"""

import argparse
import asyncio
import gc
import io
import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from acd.config.loader import load
from acd.config.service import Reader, needs_restart
from acd.daemon import Daemon, Setup
from acd.log import open_log
from acd.loop import fastest_loop
from acd.reloads import Fresh
from bench.clients import write_silence
from bench.store import Stalls

ROOT: Final = Path(__file__).parent.parent
CLIENTS: Final = 500
TODAY: Final = date(2026, 11, 23)

_QUEUE: Final = """
{name}:
  label: {{de: Kunde {number}, en: Client {number}}}
  needs: {{switchboard: 1}}
  target_seconds: 20
  wrap_up_seconds: {wrap_up}
  exits:
    - {{max_wait_seconds: 900, queue: switchboard, keep_clock: true}}
  announcements:
    {{first_after_seconds: 15, every_seconds: 60, position: true, prompts: [wait/thanks]}}
"""

_MENU: Final = """
menu: {name}
languages: [de, en]
welcome: {{de: Willkommen bei Kunde {number}., en: Welcome to client {number}.}}
choices:
  1:
    label: {{de: Bestellung, en: Orders}}
    queue: {name}
  2:
    label: {{de: Anderes, en: Anything else}}
    queue: switchboard
  9:
    language: next
wrong_key: {{de: Diese Taste gibt es nicht., en: There is no such key.}}
otherwise: {{queue: {name}}}
"""


_CLIENT: Final = """
name: Client {number}
numbers: ["0800 7{number:06}"]
menu: {name}
greeting: {{de: Sie sind bei Kunde {number}., en: This is client {number}.}}
answer: {{de: "Kunde {number}, mein Name ist ...", en: "Client {number}, my name is ..."}}
ask:
  - Name und Rückrufnummer
"""


class Measured(NamedTuple):
    """One reload, in milliseconds."""

    reload_ms: float
    """From the request to its answer, when the new plan is at work."""
    worst_stall_ms: float
    """How late a timer of the loop was at worst."""
    ours_ms: float
    """The same without waiting for a processor."""
    changes: int


def large_configuration(folder: Path, clients: int = CLIENTS, wrap_up: int = 60) -> Path:
    """Write the sample and so many clients below ``folder``; return the folder of configuration.

    Called again for the same folder it edits each client's queue: another ``wrap_up``.
    """
    config, menus, prompts = (folder / name for name in ("config", "ivr_menus", "prompts"))
    for name in ("config", "ivr_menus", "prompts"):
        without = shutil.ignore_patterns("asterisk", "systemd", "secrets")
        shutil.copytree(ROOT / name, folder / name, ignore=without, dirs_exist_ok=True)
    queues = []
    for number in range(clients):
        name = f"client{number}"
        queues.append(_QUEUE.format(name=name, number=number, wrap_up=wrap_up))
        (menus / f"{name}.yaml").write_text(_MENU.format(name=name, number=number))
        client = config / "clients" / f"{name}.yaml"
        client.write_text(_CLIENT.format(name=name, number=number))
    with (config / "queues.yaml").open("a") as stream:
        stream.writelines(queues)
    (config / "secrets").mkdir(exist_ok=True)
    for name in ("main-ami", "main-systemname"):
        (config / "secrets" / name).write_text("nobody-listens\n")
        (config / "secrets" / name).chmod(0o600)
    for speech in load(config, today=TODAY, need_prompts=False).speeches:
        recorded = prompts / speech.language / f"{speech.prompt}.wav"
        if not recorded.exists():
            write_silence(recorded)
    return config


async def measure(folder: Path, clients: int = CLIENTS) -> Measured:
    """Have a daemon reload a configuration of so many clients, written below ``folder``."""
    config = large_configuration(folder, clients)
    with Reader(config, TODAY) as reader:
        service = reader.service()

    def read_again() -> Fresh:
        with Reader(config, TODAY, examples=True) as reader:
            fresh = reader.service()
        return Fresh(fresh.plan, needs_restart(service, fresh), fresh.watched)

    setup = Setup(
        plan=service.plan,
        links=(),
        http_port=0,
        reload=read_again,
        spill_path=folder / "spill",
        journal_path=folder / "journal",
    )
    log, writer = open_log("text", time.time, stream=io.StringIO())
    ready = asyncio.Event()

    async def is_ready(_daemon: Daemon) -> None:
        ready.set()

    daemon = Daemon(setup, log)
    running = asyncio.create_task(daemon.run(signals=False, beside=is_ready))
    await ready.wait()
    await asyncio.to_thread(large_configuration, folder, clients, 90)
    gc.collect()
    gc.freeze()
    stalls = Stalls()
    began = time.perf_counter()
    reloaded = await daemon.read_again()
    reload_ms = (time.perf_counter() - began) * 1000
    worst, words = stalls.end()
    gc.unfreeze()
    print(f"{clients} clients: {len(reloaded.changes)} changes: {words}", flush=True)
    daemon.stop()
    await running
    writer.close()
    return Measured(reload_ms, worst.late_ms, worst.ours_ms, len(reloaded.changes))


def run(clients: int = CLIENTS) -> Measured:
    """`measure` in a folder and on a loop of its own, as `acd run` has it."""
    sys.setswitchinterval(0.001)
    with (
        TemporaryDirectory(prefix="acd-bench-reload-") as folder,
        asyncio.Runner(loop_factory=fastest_loop) as runner,
    ):
        return runner.run(measure(Path(folder), clients))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures as a line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.reload", description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    measured = run(parser.parse_args(arguments).clients)
    figures = {
        "bench": "reload",
        "clients": parser.parse_args(arguments).clients,
        "reload_ms": round(measured.reload_ms),
        "worst_stall_ms": round(measured.worst_stall_ms, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
