"""What operators read when a store cannot be opened, and that it is left as it was."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acd.errors import OperatorError, StoreAwayError, StoreError
from acd.store import schema
from acd.store.opening import open_store
from tests.store.postgres import PASSWORD, Postgres
from tests.store.samples import call_id, ended, living, whole_call


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert isinstance(refused.value, OperatorError)
    said = str(refused.value)
    assert "\n" not in said
    assert PASSWORD not in said
    return said


def made(path: Path) -> Path:
    store = open_store(url_of(path))
    store.write([*whole_call(1), living(2)])
    store.close()
    return path


def test_a_new_file_is_durable_and_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "acd.db")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute(f"SELECT * FROM {schema.VERSION_TABLE}").fetchall() == [
            (schema.HEAD,)
        ]
    store = open_store(url_of(path))
    assert store.ended(call_id(1)) is not None
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    store.close()


def set_version(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = ?", [version])
        connection.commit()


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = made(tmp_path / "acd.db")
    set_version(path, "9999")
    before = path.read_bytes()
    said = refusal(url_of(path))
    assert str(path) in said
    assert "newer acd (version 9999" in said
    assert path.read_bytes() == before
    set_version(path, schema.HEAD)
    assert open_store(url_of(path)).ended_count() == 1


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "acd.db"
    path.write_bytes(b"Dear diary, " * 1000)
    said = refusal(url_of(path))
    assert str(path) in said
    assert "damaged or no database" in said
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_damaged_file_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = made(tmp_path / "acd.db")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)  # All but the first page.
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged") as refused:
        open_store(url_of(path)).remember()
    assert str(path) in str(refused.value)
    assert path.read_bytes() == content


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.commit()
    said = refusal(url_of(path))
    assert "recipes" in said
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "cannot be read"),
        ("acd.db", "cannot be read"),
        ("postgresql://acd:right-horse@host:port/db", "cannot be read"),
        ("mysql://acd:right-horse@host/acd", "cannot be 'mysql'"),
        ("sqlite://", "names no file"),
        ("postgresql://acd:right-horse@host", "names no database"),
    ],
)
def test_an_address_that_is_none_is_told_with_the_right_form(url: str, words: str) -> None:
    said = refusal(url)
    assert words in said
    assert "sqlite:///" in said or "postgresql://" in said


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(url_of(tmp_path / "no" / "acd.db"))
    assert str(tmp_path / "no" / "acd.db") in said
    assert "check folder" in said


def test_a_locked_file_can_be_opened_and_read_and_says_who_to_stop(tmp_path: Path) -> None:
    path = made(tmp_path / "acd.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store = open_store(url_of(path))
        assert len(store.remember().calls) == 1
        with pytest.raises(StoreAwayError, match="locked by another program"):
            store.write([ended(2)])
        other.execute("ROLLBACK")
    store.write([ended(2)])
    assert store.ended_count() == 2
    store.close()


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(StoreAwayError) as refused:
            open_store(f"postgresql://acd:{PASSWORD}@127.0.0.1:{port}/acd")
    said = str(refused.value)
    assert f"acd on 127.0.0.1:{port}" in said
    assert PASSWORD not in said
    assert "check host, port and server" in said


@pytest.mark.slow
def test_a_wrong_password_is_told_without_it(postgres: Postgres) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(postgres.url(password="wrong-horse"))
    said = str(refused.value)
    assert not isinstance(refused.value, StoreAwayError)
    assert "refuses the login" in said
    assert f"127.0.0.1:{postgres.port}" in said
    assert "wrong-horse" not in said


@pytest.mark.slow
def test_a_database_that_does_not_exist_is_named(postgres: Postgres) -> None:
    said = refusal(postgres.url("nowhere"))
    assert "nowhere" in said
    assert "does not exist" in said


@pytest.mark.slow
def test_a_newer_postgresql_store_is_left_alone(postgres: Postgres) -> None:
    url = postgres.new_database("newer")
    store = open_store(url)
    with store._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    store.close()
    assert "newer acd (version 9999" in refusal(url)
