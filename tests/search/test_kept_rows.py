"""What is kept between searches never outlives a change."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from resource_api.database import Database
from resource_api.places import Point
from resource_api.search import embedded_index, postings
from resource_api.search.ask import ask_for
from resource_api.search.column import ListColumn
from resource_api.search.columns import Columns
from resource_api.search.expression import match_expression, position_clauses, token_clauses
from resource_api.search.index import SearchIndex
from resource_api.search.place import place_at
from resource_api.search.postings import Postings
from resource_api.search.query import Asked, SearchQuery, Word
from resource_api.search.sqlite_index import SQLiteIndex
from resource_api.search.tables import SearchRow
from resource_api.wiring import make_index
from tests.databases import Kind, drop_database, make_tables, url_of
from tests.search.services import FAR_AWAY, HOME, TEN_MILES_NORTH, make_service, put

FOOD = SearchQuery(needs=(ask_for("food-pantry"),))
HERE = place_at(Point(*HOME), "21215", zip5="21215")


@pytest.fixture
def database(database_kind: Kind, tmp_path: Path) -> Iterator[Database]:
    path = database_kind.new(tmp_path / "rows")
    database = Database(url_of(path))
    yield database
    database.close()
    drop_database(path)


def found(database: Database, index: SearchIndex, query: SearchQuery = FOOD) -> set[str]:
    with database.read() as session:
        page = index.find(session, replace(query, per_page=100))
        assert page.total == len(page.hits)
        return {hit.service_id for hit in page.hits}


def ids(*names: str) -> set[str]:
    return {make_service(name)["id"] for name in names}


def test_a_change_by_another_process_is_seen_at_the_next_search(database: Database) -> None:
    here, elsewhere = make_index(database), make_index(database)
    with database.write() as session:
        put(session, elsewhere, make_service("one"))
        session.commit()
    assert found(database, here) == ids("one")
    with database.write() as session:
        elsewhere.remove(session, [make_service("one")["id"]])
        put(session, elsewhere, make_service("two"), make_service("three"))
        session.commit()
    assert found(database, here) == ids("two", "three")


def test_a_service_that_moves_is_found_where_it_is_now(database: Database) -> None:
    here, elsewhere = make_index(database), make_index(database)
    near = replace(FOOD, place=HERE)
    with database.write() as session:
        put(session, elsewhere, make_service("one", at=HOME), make_service("two", at=HOME))
        session.commit()
    assert found(database, here, near) == ids("one", "two")
    with database.write() as session:
        elsewhere.remove(session, list(ids("one")))
        put(session, elsewhere, make_service("three", at=FAR_AWAY), make_service("four", at=TEN_MILES_NORTH))
        session.commit()
    assert found(database, here, near) == ids("two", "four")


def test_what_was_rolled_back_is_forgotten_even_if_it_was_searched(database: Database) -> None:
    index = make_index(database)
    with database.write() as session:
        put(session, index, make_service("one", fees_description="Free"))
        session.commit()
    assert found(database, index) == ids("one")
    with database.write() as session:
        index.remove(session, list(ids("one")))
        put(session, index, make_service("never"))
        assert {hit.service_id for hit in index.find(session, FOOD).hits} == ids("never")
        session.rollback()
    with database.write() as session:
        put(session, index, make_service("two"))
        session.commit()
    assert found(database, index) == ids("one", "two")


def test_no_number_is_ever_given_twice(database: Database) -> None:
    index = make_index(database)
    given: list[int] = []
    for name in ("one", "two", "three"):
        with database.write() as session:
            put(session, index, make_service(name))
            given += session.scalars(select(SearchRow.id)).all()
            index.remove(session, list(ids(name)))
            session.commit()
    assert sorted(set(given)) == given


def test_a_reader_that_began_before_a_change_is_not_confused_by_what_another_has_learnt(database: Database) -> None:
    index = make_index(database)
    with database.write() as session:
        put(session, index, make_service("one"), make_service("two"))
        session.commit()
    with database.read() as early:
        assert early.scalar(select(SearchRow.id)) is not None  # its snapshot is of now
        with database.write() as session:
            index.remove(session, list(ids("one")))
            put(session, index, make_service("three"))
            session.commit()
        assert found(database, index) == ids("two", "three")
        seen = {hit.service_id for hit in index.find(early, FOOD).hits}
    # It may miss what is gone since; it must not fail, nor show what it cannot read.
    assert seen == ids("two")
    assert found(database, index) == ids("two", "three")


def test_what_is_kept_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_index, "MOST_ROWS", 5)
    monkeypatch.setattr(postings, "MOST_NUMBERS", 5)
    index = make_index(database)
    with database.write() as session:
        put(session, index, *(make_service(f"pantry {n}") for n in range(4)))
        put(session, index, *(make_service(f"crib {n}", needs={"crib": "term"}) for n in range(4)))
        put(session, index, *(make_service(f"ride {n}", needs={"transportation": "term"}) for n in range(9)))
        session.commit()
    for slug, total in (("food-pantry", 4), ("crib", 4), ("transportation", 9), ("food-pantry", 4)):
        assert len(found(database, index, SearchQuery(needs=(ask_for(slug),)))) == total
        assert len(index._columns) <= 13
    assert len(index._columns) == 4


def test_an_index_that_loses_much_begins_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "MOST_GONE", 2)
    index = make_index(database)
    with database.write() as session:
        put(session, index, *(make_service(f"pantry {n}") for n in range(6)))
        session.commit()
    assert len(found(database, index)) == 6
    before = index._postings
    with database.write() as session:
        index.remove(session, [make_service(f"pantry {n}")["id"] for n in range(4)])
        session.commit()
    for _ in range(2):
        assert found(database, index) == ids("pantry 4", "pantry 5")
    assert index._postings is not before


def test_a_row_that_is_not_there_is_no_candidate(database: Database) -> None:
    index = make_index(database)
    with database.write() as session:
        put(session, index, make_service("one"))
        session.commit()
    with database.read() as session:
        columns = Columns()
        shelf = index.shelf(session)
        slots = columns.find(shelf, np.array([1, 7, 9]))
        assert columns.number[slots].tolist() == [1]
        assert len(columns.find(shelf, np.array([7]))) == 0


COATS = (Word("warm", ("warm",)), Word("coat", ("coat",)))


def test_words_said_of_each_other_are_kept_when_they_are_asked_for_again(database: Database) -> None:
    index = make_index(database)
    query = SearchQuery(asked=Asked(essential=COATS))
    with database.write() as session:
        put(session, index, make_service("one", description="A warm coat"))
        session.commit()
    for _ in range(3):
        assert found(database, index, query) == ids("one")
    if isinstance(index, SQLiteIndex):  # PostgreSQL reads the few bodies that have all of the words
        assert index._postings is not None
        assert any("NEAR" in str(kept) for kept in index._postings._lists)
    with database.write() as session:
        put(session, index, make_service("two", description="Coats, warm ones"))
        index.remove(session, list(ids("one")))
        session.commit()
    assert found(database, index, query) == ids("two")


@given(st.lists(st.lists(st.lists(st.integers(1, 9), max_size=4), max_size=90), min_size=1, max_size=5), st.data())
def test_the_greatest_of_each_list_is_the_same_whether_kept_or_not(growing: Any, data: st.DataObject) -> None:
    column = ListColumn()
    known: list[list[int]] = []
    for rows in growing:
        column.extend(rows)
        known += rows
        if not known:
            continue
        slots = data.draw(st.lists(st.integers(0, len(known) - 1), min_size=1, max_size=5))
        greatest = column.greatest(np.array(slots), "itself", lambda: np.arange(10, dtype=np.uint8))
        assert greatest.tolist() == [max(known[slot], default=0) for slot in slots]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "search"]),
        st.integers(0, 5),
        st.sampled_from(["food-pantry", "crib", "diapers"]),
        st.sampled_from([HOME, TEN_MILES_NORTH, FAR_AWAY, None]),
        st.sampled_from(["", "warm coat", "coat and a very warm one", "a coat that nobody else would ever call warm"]),
    ),
    min_size=3,
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_lists_answer_as_the_index_itself_does(tmp_path_factory: pytest.TempPathFactory, steps: object) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('kept') / 'rows.db'}")
    make_tables(database)
    index = SQLiteIndex()
    kept: Postings | None = None
    columns = Columns()
    live: set[int] = set()
    for act, n, slug, at, words in steps:  # type: ignore[attr-defined]
        if act == "search":
            asked = Asked(essential=COATS if words else ())
            place = None if at is None else place_at(Point(*at), "there")
            query = SearchQuery(asked=asked, needs=(ask_for(slug),), place=place)
            with database.read() as session:
                shelf = index.shelf(session)
                kept = kept or Postings(shelf)
                numbers = kept.find(shelf, token_clauses(query), tuple(position_clauses(query)))
                assert numbers.tolist() == shelf.match(match_expression(query)).tolist()
                slots = columns.find(shelf, numbers)
                assert columns.number[slots].tolist() == numbers.tolist()
            continue
        name = f"service {n}"
        with database.write() as session:
            index.remove(session, list(ids(name)))
            live.discard(n)
            if act == "put":
                session.connection().exec_driver_sql("DELETE FROM document WHERE id = ?", tuple(ids(name)))
                put(session, index, make_service(name, at=at, needs={slug: "term"}, description=words))
                live.add(n)
            session.commit()
    database.close()
    assert np.all(columns.number.values[: len(columns)] > 0)
