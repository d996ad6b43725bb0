"""The tables as the migrations make them are the tables as the code knows them."""

from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, select, text

from acd.store import schema
from acd.store.opening import open_store
from acd.store.rows import ended_row, leg_rows, visit_rows
from tests.store import samples
from tests.store.postgres import Postgres


def test_head_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", "acd.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def differences(url: str) -> list[object]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        return list(compare_metadata(context, schema.metadata))


def test_sqlite_tables_are_those_of_the_code(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'acd.db'}"
    open_store(url).close()
    assert differences(url) == []


def test_a_store_from_before_clients_keeps_its_calls(tmp_path: Path) -> None:
    """Of the calls that are there already nobody knows for whom they were."""
    url = f"sqlite:///{tmp_path / 'acd.db'}"
    config = Config()
    config.set_main_option("script_location", "acd.store:migrations")
    config.set_main_option("path_separator", "os")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        newer = ("client", "recording", "recording_deleted_at")
        columns = [column.name for column in schema.ended_calls.c if column.name not in newer]
        old = dict(zip(columns, ended_row(samples.ended(1)), strict=False))
        names, holes = ", ".join(old), ", ".join(f":{name}" for name in old)
        connection.execute(text(f"INSERT INTO ended_calls ({names}) VALUES ({holes})"), old)
    store = open_store(url)
    assert store.ended(samples.call_id(1)) == samples.ended(1, client=None)
    store.write([samples.ended(2), samples.living(3)])
    assert store.ended(samples.call_id(2)) == samples.ended(2)
    assert [call.client for call in store.remember().calls] == ["tannhausen"]
    store.close()
    assert differences(url) == []


def test_a_store_from_before_reports_gets_what_they_read(tmp_path: Path) -> None:
    """The same rows as of a call that ends now."""
    url = f"sqlite:///{tmp_path / 'acd.db'}"
    config = Config()
    config.set_main_option("script_location", "acd.store:migrations")
    config.set_main_option("path_separator", "os")
    old = samples.ended(1, legs=(*samples.legs(0.0), msgspec.structs.replace(
        samples.legs(0.0)[0], ended_at=None)))  # fmt: skip
    with create_engine(url, poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        columns = [column.name for column in schema.ended_calls.c]
        row = dict(zip(columns, ended_row(old), strict=True))
        names, holes = ", ".join(row), ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO ended_calls ({names}) VALUES ({holes})"), row)
    open_store(url).close()
    with create_engine(url, poolclass=NullPool).connect() as connection:
        visits = connection.execute(select(schema.queue_visits)).all()
        legs = connection.execute(select(schema.legs)).all()
    assert sorted(map(tuple, visits)) == sorted(visit_rows(old))
    assert sorted(map(tuple, legs)) == sorted(leg_rows(old))


def test_a_store_from_before_days_were_kept_notes_changes_from_then_on(tmp_path: Path) -> None:
    """Nothing is looked through at the upgrade, however much is there."""
    url = f"sqlite:///{tmp_path / 'acd.db'}"
    config = Config()
    config.set_main_option("script_location", "acd.store:migrations")
    config.set_main_option("path_separator", "os")
    entered_at = 1_000_000.0
    with create_engine(url, poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        row = {"at": entered_at, "wait": 5.0}
        visit = "INSERT INTO queue_visits VALUES (:at, 'main-1', 0, 'billing', :wait, 'answered')"
        connection.execute(text(visit), row)
    store = open_store(url)
    with store.reading() as connection:
        assert connection.execute(select(schema.day_changes)).all() == []
    with store.writing() as connection:
        connection.execute(text("UPDATE queue_visits SET wait_seconds = 6"))
    with store.reading() as connection:
        [noted] = connection.execute(select(schema.day_changes)).all()
    assert tuple(noted) == (46, 46, 2), "as it was and as it is, in the quarter of that day"
    store.close()
    assert differences(url) == []


@pytest.mark.slow
def test_postgresql_tables_are_those_of_the_code(postgres: Postgres) -> None:
    url = postgres.new_database("schema")
    open_store(url).close()
    assert differences(url.replace("postgresql:", "postgresql+psycopg:")) == []


def test_open_spans_and_sessions_are_found_by_an_index(tmp_path: Path) -> None:
    """However many there are: each log-out and wrap-up looks for them."""
    url = f"sqlite:///{tmp_path / 'acd.db'}"
    open_store(url).close()
    with create_engine(url, poolclass=NullPool).connect() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN UPDATE wrap_ups SET ended_at = 2"
                " WHERE agent = 'a' AND started_at <= 2 AND ended_at IS NULL"
            )
        )
        said = " ".join(str(row) for row in plan)
    assert "wrap_ups_open" in said, said
