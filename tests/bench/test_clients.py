"""Many clients are read, checked, and soon enough."""

from datetime import date
from pathlib import Path

from acd.config.loader import load
from bench.clients import copy_sample, write


def test_the_clients_it_writes_are_a_whole_configuration(tmp_path: Path) -> None:
    config = copy_sample(tmp_path)
    write(config, tmp_path / "prompts", 20)
    write(config, tmp_path / "prompts", 30)
    plan = load(config, today=date(2026, 11, 22)).plan
    assert sum(name.startswith("sample_") for name in plan.clients) == 30
    dialled = plan.numbers.find("+49 800 560007")
    assert dialled is not None
    assert dialled.client == "sample_0007"
