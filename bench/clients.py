"""Many companies for one centre to answer for, and how long it takes to read them.

``python -m bench.clients`` copies the sample configuration, writes clients into the copy, reads it
a few times as ``acd check`` does, and prints one line of JSON; ``--clients`` says how many.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import wave
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from acd.config.loader import load

ROOT = Path(__file__).parent.parent

_CLIENT = """\
# A sample, written by a program.
name: Stadtwerke {number:04d}
numbers: ["0800 56{number:04d}", "+49 89 1{number:04d}*"]
languages: [de, en]
greeting:
  de: Guten Tag und herzlich willkommen bei den Stadtwerken {number}.
  en: Welcome to the public utility number {number}.
groups: [clients_all]
answer:
  de: Guten Tag, Stadtwerke {number}, mein Name ist ...
  en: Good morning, public utility {number}, my name is ...
ask:
  - Name und Anschrift
  - Kundennummer
  - Rückrufnummer
tell:
  - Die Geschäftsstelle ist werktags von 8 bis 16 Uhr geöffnet.
  - Störungen werden innerhalb von zwei Stunden aufgenommen.
"""

_GROUP = """
clients_all:
  enabled: true
"""


def write(config_dir: Path, prompts_dir: Path, count: int) -> None:
    """Write so many clients into a configuration, and a greeting of each as if it were recorded.

    Their calls are for everybody's group ``clients_all``, into which all agents are put.
    """
    clients = config_dir / "clients"
    clients.mkdir(exist_ok=True)
    for number in range(count):
        name = f"sample_{number:04d}"
        (clients / f"{name}.yaml").write_text(_CLIENT.format(number=number), encoding="utf-8")
        for language in ("de", "en"):
            write_silence(prompts_dir / language / f"client-{name}" / "greeting.wav")
    groups, agents = config_dir / "groups.yaml", config_dir / "agents.yaml"
    text = groups.read_text(encoding="utf-8") if groups.is_file() else ""
    if "clients_all" not in text:
        groups.write_text(text + _GROUP, encoding="utf-8")
        text = agents.read_text(encoding="utf-8")
        text = text.replace("groups: [", "groups: [clients_all, ")
        lines = [
            line.replace(", phone:", ", groups: [clients_all], phone:")
            if line.startswith("- {id") and "groups:" not in line
            else line
            for line in text.splitlines()
        ]
        agents.write_text("\n".join(lines) + "\n", encoding="utf-8")


def copy_sample(folder: Path) -> Path:
    """Copy the sample configuration, menus and prompts into ``folder``; return its config."""
    for name in ("config", "ivr_menus", "prompts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("secrets"))
    return folder / "config"


def load_seconds(config: Path) -> float:
    """Return how long it takes to read and check everything."""
    begun = time.perf_counter()
    load(config, today=datetime.now(tz=UTC).date())
    return time.perf_counter() - begun


def write_silence(path: Path) -> None:
    """Write a tenth of a second of nothing, as if somebody had recorded it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 800, "NONE", ""))
        file.writeframes(bytes(1600))


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = copy_sample(Path(folder))
        load_seconds(config)
        without = median(load_seconds(config) for _ in range(asked.times))
        write(config, Path(folder) / "prompts", asked.clients)
        load_seconds(config)
        seconds = median(load_seconds(config) for _ in range(asked.times))
    figures = {
        "bench": "clients",
        "clients": asked.clients,
        "load_ms": round(seconds * 1000),
        "load_without_ms": round(without * 1000),
    }
    json.dump(figures, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
