"""What is particular to databases: an outcome code outlives us, and no secret or caller is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.errors import StoreError
from acd.store.opening import open_store
from acd.store.sql import SqlStore
from tests.store.fresh import open_fresh
from tests.store.postgres import Postgres
from tests.store.samples import ANNA, ended, wrap_up, wrap_up_over


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        opened = open_fresh(tmp_path / "acd.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        opened = open_store(server.new_database(f"sql_{request.node.name.partition('[')[0][-40:]}"))
    yield opened
    opened.close()


def test_a_wrap_up_written_again_keeps_its_outcome_code(store: SqlStore) -> None:
    story = [wrap_up(1), wrap_up_over(5)]
    store.write(story)
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE wrap_ups SET outcome_code = 'sold'")
    store.write(story)
    assert store.spans(ANNA).wrap_ups[0].outcome_code == "sold"
    assert store.spans(ANNA).wrap_ups[0].ended_at == 5


def test_a_write_that_fails_tells_no_callers_data(store: SqlStore) -> None:
    with pytest.raises(StoreError) as refused:
        store.write([ended(1, ani="0304711", dnis="0800815", arrived_at=None)])
    said = str(refused.value)
    assert store.name in said
    assert "0304711" not in said
    assert "0800815" not in said
    assert "\n" not in said


def test_a_second_opening_while_it_is_in_use_sees_what_was_written(store: SqlStore) -> None:
    store.write([ended(1)])
    url = store._engine.url.render_as_string(hide_password=False)
    other = open_store(url)
    assert other.ended_count() == 1
    other.write([ended(2)])
    other.close()
    assert store.ended_count() == 2
