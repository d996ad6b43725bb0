"""`acd report` and `acd export`, from a configuration and its books to what is printed."""

import csv
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.cli import app
from acd.core.ids import QueueId
from acd.store.opening import open_store
from tests.report.booked import ANNA, ended
from tests.test_bookcommands import config as config_with_secrets

config = config_with_secrets
BILLING = QueueId("billing")
DAY = ("--from", "2026-11-02", "--to", "2026-11-02")


def acd(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(config)])


@pytest.fixture
def books(config: Path) -> Path:
    """Two calls, one of a queue that is no more."""
    (config.parent / "var").mkdir()
    store = open_store(f"sqlite:///{config.parent / 'var' / 'acd.db'}")
    store.write([ended(1), ended(2, queue=QueueId("former"))])
    store.close()
    return config


@pytest.mark.slow
def test_a_report_is_printed_in_each_shape(books: Path) -> None:
    words = ("report", "queue", *DAY)
    rows = list(csv.DictReader(acd(books, *words, "--format", "csv").stdout.splitlines()))
    assert {row["queue"] for row in rows} >= {"billing", "former"}
    assert sum(int(row["offered"]) for row in rows) == 2
    assert len([row for row in rows if row["queue"] == "billing"]) == 24
    assert "SL (E)" in acd(books, *words, "--interval", "day").stdout
    assert acd(books, *words, "--format", "html").stdout.startswith("<!doctype html>")
    assert "main" in acd(books, "report", "menu", *DAY, "--interval", "day").stdout


@pytest.mark.slow
def test_agents_come_by_name_only_when_switched_on(books: Path) -> None:
    words = ("report", "agent", *DAY, "--interval", "day", "--format", "csv")
    told = acd(books, *words)
    assert ANNA not in told.stdout
    assert "single agents are off" in told.stderr
    file = books / "acd.yaml"
    file.write_text(file.read_text() + "\nreporting:\n  agents: true\n")
    assert ANNA in acd(books, *words).stdout


@pytest.mark.slow
def test_calls_are_exported(books: Path) -> None:
    [first, second] = csv.DictReader(acd(books, "export", "calls", *DAY).stdout.splitlines())
    assert (first["ani"], first["agent"], second["queue"]) == ("...456", "", "former")
    told = acd(books, "export", "calls", *DAY, "--format", "json", "--numbers").stdout
    assert [json.loads(line)["ani"] for line in told.splitlines()] == ["030123456"] * 2


@pytest.mark.slow
def test_a_range_that_is_none_is_told(books: Path) -> None:
    told = acd(books, "report", "queue", "--from", "2026-11-02", "--to", "2026-11-01")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "is empty" in told.stderr


@pytest.mark.slow
def test_an_empty_range_is_zeros_and_said(books: Path) -> None:
    told = acd(books, "report", "queue", "--from", "2020-01-01", "--to", "2020-01-01",
               "--interval", "day", "--format", "csv")  # fmt: skip
    assert {row["offered"] for row in csv.DictReader(told.stdout.splitlines())} == {"0"}
    assert "Nothing was counted" in told.stderr


@pytest.mark.slow
def test_a_report_is_the_same_again_while_another_program_writes(books: Path) -> None:
    """Then it keeps nothing; it does so the next time."""
    words = ("report", "queue", *DAY, "--interval", "day", "--format", "csv")
    writer = sqlite3.connect(books.parent / "var" / "acd.db", isolation_level=None)
    count = "SELECT count(*) FROM day_sums"
    writer.execute("BEGIN IMMEDIATE")
    first = acd(books, *words)
    assert (first.exit_code, writer.execute(count).fetchone()[0]) == (0, 0)
    writer.execute("ROLLBACK")
    assert acd(books, *words).stdout == first.stdout
    assert writer.execute(count).fetchone()[0] > 0
    assert acd(books, *words).stdout == first.stdout
    writer.close()


@pytest.mark.slow
@pytest.mark.parametrize("topic", ["queue", "agent", "menu"])
def test_a_range_that_has_not_begun_has_no_rows(books: Path, topic: str) -> None:
    told = acd(books, "report", topic, "--from", "2090-01-01", "--interval", "day",
               "--format", "csv")  # fmt: skip
    assert (told.exit_code, len(told.stdout.splitlines())) == (0, 1)
    assert "Nothing was counted" in told.stderr
