"""Opening a store: its address, its engine, its version, and what is said when it is refused.

Rules: nothing is written into a file or database that is not known to be acd's own; one that is
empty gets its tables, one of an older version is upgraded in a single transaction. What is said
names the file or host, never a password.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)

from acd.errors import StoreAwayError, StoreError, StoreRecordError
from acd.store import schema
from acd.store.sql import READS, SqlStore

_BUSY_SECONDS = 0.2
"""How long SQLite waits for a lock: short, because the writer tries again and spills meanwhile."""

_UPGRADE_LOCK = 20_230_117
"""Any number: PostgreSQL's advisory lock that two engines upgrading at once compete for."""

_POSTGRESQL: dict[str, object] = {
    "application_name": "acd",
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that is gone is noticed within seconds; what the URL says counts before these."""

_OF_THE_RECORD = (IntegrityError, DataError)
"""A value of no kind that a column has, a NaN (to SQLite that is no value), one that is too big."""

_FORMS = "sqlite:///<file> or postgresql://<user>:<password>@<host>:<port>/<database>"


def open_store(url: str) -> SqlStore:
    """Open, create or upgrade the store at ``sqlite:///<file>`` or ``postgresql://...``.

    Raises:
        StoreAwayError: it is locked, full or out of reach just now.
        StoreError: the address is wrong, or what is there cannot be used; it was left as it is.

    """
    address = _address(url)
    name = _name(address)
    blame = _blamer(address, name)
    engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _postgresql(address)
    try:
        _bring_up_to_date(engine, name)
    except SQLAlchemyError as error:
        engine.dispose()
        raise blame(error) from None
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, name, blame)


def file_of(url: str) -> Path | None:
    """Return the file that this store is in, None when it is on a server. Raises StoreError."""
    address = _address(url)
    in_file = address.get_backend_name() == "sqlite" and address.database
    return Path(in_file).resolve() if in_file else None


# -- addresses -------------------------------------------------------------------------------------


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, ValueError):
        # The text may hold a password, and so may the error's: neither is shown.
        raise StoreError(f"the store's address cannot be read; write it as {_FORMS}") from None
    if backend == "sqlite":
        if not address.database or address.database == ":memory:":
            raise StoreError("the store's address names no file; write it as sqlite:///<file>")
        return address.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        if not address.database:
            raise StoreError(f"the store's address names no database; write it as {_FORMS}")
        return address.set(drivername="postgresql+psycopg")
    raise StoreError(f"the store cannot be {backend!r}; write its address as {_FORMS}")


def _name(address: URL) -> str:
    if address.get_backend_name() == "sqlite":
        return f"the database file {address.database}"
    port = f":{address.port}" if address.port else ""
    return f"the database {address.database} on {address.host or 'this machine'}{port}"


# -- engines ---------------------------------------------------------------------------------------


def _sqlite(address: URL) -> Engine:
    engine = create_engine(
        address,
        hide_parameters=True,
        # Opened by the thread that starts, used by the one that writes; never by two at once.
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own idea of when a transaction begins leaves out some statements.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        reads = connection.get_execution_options().keys() & READS.keys()
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(address: URL) -> Engine:
    given = {key: value for key, value in _POSTGRESQL.items() if key not in address.query}
    return create_engine(
        address,
        hide_parameters=True,
        pool_size=1,
        max_overflow=1,
        connect_args=given,
        paramstyle="format",
    )


# -- versions --------------------------------------------------------------------------------------


def _bring_up_to_date(engine: Engine, name: str) -> None:
    with engine.connect().execution_options(**READS) as connection:
        version = _version(connection, name)
    if version == schema.HEAD:
        return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
        if _version(connection, name) != schema.HEAD:  # Another engine may have been quicker.
            _upgrade(connection, name, version)


def _version(connection: Connection, name: str) -> str | None:
    """The version of what is there, None when nothing is."""
    there = set(inspect(connection).get_table_names())
    if schema.VERSION_TABLE in there:
        versions = connection.execute(text(f"SELECT version_num FROM {schema.VERSION_TABLE}"))
        found: list[str] = list(versions.scalars())
        if len(found) == 1:
            return found[0]
    foreign = there if connection.dialect.name == "sqlite" else there & set(schema.metadata.tables)
    if foreign:
        raise StoreError(
            f"{name} holds tables that are not acd's ({', '.join(sorted(foreign)[:3])}); nothing"
            " was changed: give acd a file or database of its own"
        )
    return None


def _upgrade(connection: Connection, name: str, version: str | None) -> None:
    # Alembic takes its time to load, and is needed once in a version's life.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "acd.store:migrations")
    config.set_main_option("path_separator", "os")
    steps = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in steps:
        raise StoreError(
            f"{name} was written by a newer acd (version {version}, this acd knows"
            f" {schema.HEAD}); nothing was changed: start the newer acd, or give this one another"
            " store"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


# -- blame -----------------------------------------------------------------------------------------


def _blamer(address: URL, name: str) -> Callable[[SQLAlchemyError], StoreError]:
    def blame(error: SQLAlchemyError) -> StoreError:
        said = " ".join(_words_of(error).split())
        if address.password:
            said = said.replace(str(address.password), "***")
        if address.get_backend_name() == "sqlite":
            return _blame_file(error, name, said)
        return _blame_server(error, name, said)

    return blame


def _words_of(error: SQLAlchemyError) -> str:
    """What the database says, without the statement, the row or a value in it."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return str(error)
    diagnosis: Any = getattr(error.orig, "diag", None)
    if isinstance(error, DataError):
        return f"{type(error.orig).__name__} {getattr(diagnosis, 'sqlstate', '')}"
    return getattr(diagnosis, "message_primary", None) or str(error.orig)


def _blame_file(error: SQLAlchemyError, name: str, said: str) -> StoreError:
    driver: Any = getattr(error, "orig", None)
    code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreError(
            f"{name} is damaged or no database ({said}); nothing was changed: move it aside,"
            " with its -wal and -shm, and restore a backup or let acd begin a new one"
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{name} cannot be opened ({said}): check folder and permissions")
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"{name} cannot be written ({said}): check permissions")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreAwayError(f"{name} is locked by another program ({said}): stop that program")
    if code == sqlite3.SQLITE_FULL:
        return StoreAwayError(f"{name} has no room to grow ({said}): free some of its disk")
    if isinstance(error, (*_OF_THE_RECORD, InterfaceError)):
        return StoreRecordError(f"{name} does not take it: {said}")
    if isinstance(error, OperationalError):
        return StoreAwayError(f"{name} cannot be used just now ({said}): check its disk")
    return StoreError(f"{name} cannot be used ({said})")


def _blame_server(error: SQLAlchemyError, name: str, said: str) -> StoreError:
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    if sqlstate.startswith("28") or "authentication failed" in said or "no password" in said:
        return StoreError(f"{name} refuses the login ({said}): check user and password")
    if sqlstate.startswith("3D") or ("database" in said and "does not exist" in said):
        return StoreError(f"{name} does not exist ({said}): create it, or correct the address")
    if isinstance(error, _OF_THE_RECORD):
        return StoreRecordError(f"{name} does not take it: {said}")
    if isinstance(error, OperationalError) or getattr(error, "connection_invalidated", False):
        return StoreAwayError(f"{name} is out of reach ({said}): check host, port and server")
    return StoreError(f"{name} cannot be used ({said})")
