"""Rows are kept between searches, and never outlive a change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resource_api.database import Database
from resource_api.migrations import migrate
from resource_api.search import row_cache
from resource_api.search.ask import ask_for
from resource_api.search.query import SearchQuery
from resource_api.search.sqlite_index import SQLiteIndex, raw
from tests.search.services import make_service, put

FOOD = SearchQuery(needs=(ask_for("food-pantry"),))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'rows.db'}")
    migrate(database)
    yield database
    database.close()


def found(database: Database, index: SQLiteIndex) -> int:
    with database.read() as session:
        return index.find(session, FOOD).total


def test_a_change_by_another_process_is_seen_at_the_next_search(database: Database) -> None:
    here, elsewhere = SQLiteIndex(), SQLiteIndex()
    with database.write() as session:
        put(session, elsewhere, make_service("one"))
        session.commit()
    assert found(database, here) == 1
    with database.write() as session:
        elsewhere.remove(session, [make_service("one")["id"]])
        put(session, elsewhere, make_service("two", status="active"), make_service("three"))
        session.commit()
    with database.read() as session:
        hits = {hit.service_id for hit in here.find(session, FOOD).hits}
    assert hits == {make_service("two")["id"], make_service("three")["id"]}


def test_what_was_rolled_back_is_forgotten_even_if_it_was_searched(database: Database) -> None:
    index = SQLiteIndex()
    with database.write() as session:
        put(session, index, make_service("one", fees_description="Free"))
        session.commit()
    with database.write() as session:
        index.remove(session, [make_service("one")["id"]])
        put(session, index, make_service("never"))
        assert index.find(session, FOOD).total == 1
        session.rollback()
    with database.write() as session:
        put(session, index, make_service("two"))
        session.commit()
    with database.read() as session:
        hits = {hit.service_id for hit in index.find(session, FOOD).hits}
    assert hits == {make_service("one")["id"], make_service("two")["id"]}


def test_no_more_rows_are_kept_than_are_worth_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_cache, "MOST_ROWS", 5)
    monkeypatch.setattr(row_cache, "MOST_AT_ONCE", 5)
    index = SQLiteIndex()
    with database.write() as session:
        put(session, index, *(make_service(f"pantry {n}") for n in range(4)))
        put(session, index, *(make_service(f"crib {n}", needs={"crib": "term"}) for n in range(4)))
        put(session, index, *(make_service(f"ride {n}", needs={"transportation": "term"}) for n in range(9)))
        session.commit()
    with database.read() as session:
        for slug, total in (("food-pantry", 4), ("crib", 4), ("transportation", 9), ("food-pantry", 4)):
            assert index.find(session, SearchQuery(needs=(ask_for(slug),))).total == total
        kept = index._rows._kept[1]
        assert len(kept) <= 5
        assert raw(session).execute("SELECT count(*) FROM search_state").fetchone() == (1,)


def test_a_search_for_everything_reads_through(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_cache, "MOST_AT_ONCE", 2)
    index = SQLiteIndex()
    with database.write() as session:
        put(session, index, *(make_service(f"pantry {n}") for n in range(4)))
        session.commit()
    with database.read() as session:
        assert index.find(session, SearchQuery()).total == 4
        assert index.find(session, FOOD).total == 4
        assert index._rows._kept[1] == {}
