"""Draws README's picture: what `make run` shows after a while, as SVG.

python -m bench.picture docs/demo.svg
"""

import asyncio
import io
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from acd import daemon
from acd.ami.client import LinkSettings
from acd.config.loader import load
from acd.core.ids import PbxId
from acd.demo import USERNAME, Stage, scene
from acd.terminal import render

WAIT_SECONDS = 100.0
WIDTH, HEIGHT = 118, 36
TITLE = "acd demo, seed 1: a simulated Asterisk; Ctrl-C ends it"


def main() -> None:
    """Let the demonstration run for a while and write its picture."""
    target = Path(sys.argv[1])
    drawn: list[str] = []
    console = Console(record=True, width=WIDTH, height=HEIGHT, file=io.StringIO())
    with Stage() as stage:
        loaded = load(Path("config"), today=datetime.now(UTC).date())
        pbx = PbxId(loaded.settings.pbxs[0].name)
        wanted = scene(loaded.plan, loaded.prompts_dir, seed=1, calls_an_hour=600)
        setup = daemon.Setup(
            plan=loaded.plan,
            links=(LinkSettings(pbx, "127.0.0.1", stage.open(wanted), USERNAME, wanted.secret),),
            system_names={pbx: wanted.system_name},
            http_port=0,
        )

        async def watch(engine: daemon.Daemon) -> None:
            playing = asyncio.create_task(stage.play(engine, TITLE))
            await asyncio.sleep(WAIT_SECONDS)
            urls = ["http://127.0.0.1:8023/api/v1/queues", "http://127.0.0.1:8023/metrics"]
            console.print(render(engine.snapshot(), engine.now(), TITLE, urls))
            svg = console.export_svg(title="make run")
            # Nobody's browser shall ask a foreign server for a font.
            drawn.append(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))
            playing.cancel()
            engine.stop()

        with open(os.devnull, "w", encoding="utf-8") as stream:
            daemon.run(setup, "text", log_stream=stream, beside=watch)
    target.write_text(drawn[0], encoding="utf-8")


if __name__ == "__main__":
    main()
