"""A busy service centre as a process: the demonstration with store and journal, and more callers.

    python -m bench.busy FOLDER CALLS_AN_HOUR TALK_SECONDS

The sample configuration on the simulated PBX, with short calls and callers who are soon told their
wait in every queue. The first line of the output is where HTTP is served; SIGTERM ends it.
FOLDER takes the books.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from acd import daemon
from acd.ami.client import LinkSettings
from acd.config.loader import load
from acd.core.ids import PbxId
from acd.core.plan import Plan
from acd.core.queueplan import Announcements
from acd.demo import USERNAME, Stage, scene
from acd.store.opening import open_store

WRAP_UP_PER_TALK = 1.5
"""The cap of wrap-ups beside the mean talk: some agents are done before."""
TOLD_AFTER_SECONDS = 1.0
TOLD_EVERY_SECONDS = 5.0
"""Before the first talk has ended there is nothing to tell."""


def talkative(plan: Plan, talk_seconds: float) -> Plan:
    """Return the plan with a wait told soon in every queue, and wrap-ups as short as talks."""
    told = Announcements(
        first_after_seconds=TOLD_AFTER_SECONDS, every_seconds=TOLD_EVERY_SECONDS, estimate=True
    )
    queues = {
        queue.id: msgspec.structs.replace(
            queue, announcements=told, wrap_up_seconds=WRAP_UP_PER_TALK * talk_seconds
        )
        for queue in plan.queues.values()
    }
    return msgspec.structs.replace(plan, queues=queues)


def main() -> None:
    """Serve until somebody has seen enough."""
    folder, calls_an_hour, talk_seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    with Stage() as stage:
        loaded = load(Path("config"), today=datetime.now(UTC).date())
        plan, pbx = talkative(loaded.plan, talk_seconds), PbxId(loaded.settings.pbxs[0].name)
        wanted = scene(
            plan,
            loaded.prompts_dir,
            seed=1,
            calls_an_hour=calls_an_hour,
            talk_seconds=talk_seconds,
        )
        setup = daemon.Setup(
            plan=plan,
            links=(LinkSettings(pbx, "127.0.0.1", stage.open(wanted), USERNAME, wanted.secret),),
            system_names={pbx: wanted.system_name},
            http_port=0,
            open_store=lambda: open_store(f"sqlite:///{folder / 'acd.db'}"),
            spill_path=folder / "acd.spill",
            journal_path=folder / "journal",
        )

        with open(os.devnull, "w", encoding="utf-8") as nowhere:

            async def play(engine: daemon.Daemon) -> None:
                print(engine.url(), flush=True)
                sys.stdout = nowhere  # The demonstration shows itself in the terminal.
                await stage.play(engine, "")

            daemon.run(setup, "text", log_stream=nowhere, beside=play)


if __name__ == "__main__":
    main()
