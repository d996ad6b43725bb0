"""A busy service centre as a process: the demonstration with store and journal, and more callers.

    python -m bench.busy FOLDER CALLS_AN_HOUR

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

TALK_SECONDS = 6.0
TOLD_AFTER_SECONDS = 1.0


def talkative(plan: Plan) -> Plan:
    """Return the plan with a wait told soon in every queue."""
    told = Announcements(first_after_seconds=TOLD_AFTER_SECONDS, estimate=True)
    queues = {
        queue.id: msgspec.structs.replace(queue, announcements=told)
        for queue in plan.queues.values()
    }
    return msgspec.structs.replace(plan, queues=queues)


def main() -> None:
    """Serve until somebody has seen enough."""
    folder = Path(sys.argv[1])
    with Stage() as stage:
        loaded = load(Path("config"), today=datetime.now(UTC).date())
        plan, pbx = talkative(loaded.plan), PbxId(loaded.settings.pbxs[0].name)
        wanted = scene(
            plan,
            loaded.prompts_dir,
            seed=1,
            calls_an_hour=int(sys.argv[2]),
            talk_seconds=TALK_SECONDS,
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
