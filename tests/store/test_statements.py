from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from acd.store.statements import statements_for


def test_a_store_opened_again_compiles_nothing_and_another_database_has_its_own() -> None:
    files = statements_for(SQLiteDialect_pysqlite())
    assert statements_for(SQLiteDialect_pysqlite()) is files
    assert statements_for(PGDialect_psycopg(paramstyle="format")) is not files
