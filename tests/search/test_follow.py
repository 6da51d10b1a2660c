"""How the index keeps up with the directory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.directory.publish import publish_organizations
from resource_api.directory.tables import Change, Organization, Service
from resource_api.search import follow as follow_module
from resource_api.search.follow import count_services, follow, read_documents, rebuild
from resource_api.search.query import Asked, SearchQuery, Word
from resource_api.search.sqlite_index import SQLiteIndex
from tests.databases import make_tables

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVERYTHING = SearchQuery(per_page=100, sort="name")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(f"sqlite:///{tmp_path / 'follow.db'}")
    make_tables(database)
    with database.write() as session:
        for number in range(3):
            session.add(Organization(id=f"o{number}", name=f"Organization {number}", description=""))
        session.flush()
        for number in range(6):
            session.add(
                Service(id=f"s{number}", organization_id=f"o{number % 3}", name=f"Service {number}", status="active")
            )
        session.flush()
        publish(session, "o0", "o1", "o2")
        yield session
    database.close()


@pytest.fixture
def index() -> SQLiteIndex:
    return SQLiteIndex()


def publish(session: Session, *organizations: str, hours: int = 0) -> None:
    session.flush()
    publish_organizations(session, organizations, now=NOW + timedelta(hours=hours))


def found(session: Session, index: SQLiteIndex) -> list[str]:
    return [hit.service_id for hit in index.find(session, EVERYTHING).hits]


def dump(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the index holds but the numbers of its rows."""
    tables = {}
    for name, columns in (("search_row", "*"), ("search_text", "*"), ("search_word", "word")):
        rows = session.execute(text(f"SELECT {columns} FROM {name} ORDER BY 1")).mappings().all()
        tables[name] = sorted(tuple(v for k, v in row.items() if k != "id") for row in rows)
    terms = session.execute(text("SELECT term, doc FROM vocab_of_index")).all()
    tables["terms"] = sorted((term, doc) for term, doc in terms)
    return tables


def test_following_drains_the_log(session: Session, index: SQLiteIndex) -> None:
    assert follow(session, index) == 6
    assert session.query(Change).count() == 0
    assert found(session, index) == [f"s{n}" for n in range(6)]
    assert follow(session, index) == 0


def test_a_service_that_changed_twice_is_built_once(session: Session, index: SQLiteIndex) -> None:
    session.execute(update(Service).where(Service.id == "s0").values(name="Renamed"))
    publish(session, "o0", hours=1)
    assert follow(session, index) == 6
    assert len(found(session, index)) == 6


def test_more_changes_than_a_batch_are_all_followed(
    session: Session, index: SQLiteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "BATCH", 2)
    assert follow(session, index) == 6
    assert len(found(session, index)) == 6


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_a_service_that_is_not_offered_leaves_the_index_and_may_come_back(
    session: Session, index: SQLiteIndex, status: str
) -> None:
    follow(session, index)
    session.execute(update(Service).where(Service.id == "s0").values(status=status))
    publish(session, "o0", hours=1)
    follow(session, index)
    assert "s0" not in found(session, index)
    session.execute(update(Service).where(Service.id == "s0").values(status="active"))
    publish(session, "o0", hours=2)
    follow(session, index)
    assert "s0" in found(session, index)


def test_a_deleted_service_leaves_the_index(session: Session, index: SQLiteIndex) -> None:
    follow(session, index)
    session.execute(update(Service).where(Service.id == "s0").values(deleted_at=NOW))
    publish(session, "o0", hours=1)
    follow(session, index)
    assert found(session, index) == ["s1", "s2", "s3", "s4", "s5"]


def test_a_deleted_organization_takes_its_services_along(session: Session, index: SQLiteIndex) -> None:
    follow(session, index)
    session.execute(update(Service).where(Service.organization_id == "o0").values(deleted_at=NOW))
    session.execute(update(Organization).where(Organization.id == "o0").values(deleted_at=NOW))
    publish(session, "o0", hours=1)
    follow(session, index)
    assert found(session, index) == ["s1", "s2", "s4", "s5"]


@pytest.mark.parametrize("order", [("o0", "o1"), ("o1", "o0")])
def test_a_service_may_move_to_another_organization(
    session: Session, index: SQLiteIndex, order: tuple[str, str]
) -> None:
    follow(session, index)
    session.execute(update(Service).where(Service.id == "s0").values(organization_id="o1"))
    for hours, organization in enumerate(order, 1):
        publish(session, organization, hours=hours)
    follow(session, index)
    assert len(found(session, index)) == 6
    of = {
        name: {hit.service_id for hit in index.find(session, SearchQuery(organization_id=name)).hits}
        for name in ("o0", "o1")
    }
    assert of == {"o0": {"s3"}, "o1": {"s0", "s1", "s4"}}


def test_a_rebuilt_index_equals_the_one_that_followed(session: Session, index: SQLiteIndex) -> None:
    session.execute(text("CREATE VIRTUAL TABLE vocab_of_index USING fts5vocab(search_fts, 'row')"))
    follow(session, index)
    session.execute(update(Service).where(Service.id == "s0").values(name="Zebra crossing"))
    session.execute(update(Service).where(Service.id == "s1").values(status="inactive"))
    session.execute(update(Service).where(Service.id == "s2").values(deleted_at=NOW))
    publish(session, "o0", "o1", "o2", hours=1)
    follow(session, index)
    followed = dump(session)
    assert ("zebra", 1) in followed["terms"]

    assert list(rebuild(session, index)) == [count_services(session)]
    assert dump(session) == followed

    for name in ("search_row", "search_text", "search_word"):
        session.execute(text(f"DELETE FROM {name}"))
    session.execute(text("INSERT INTO search_fts(search_fts) VALUES ('delete-all')"))
    assert found(session, index) == []
    assert list(rebuild(session, SQLiteIndex())) == [count_services(session)]
    assert dump(session) == followed


def test_a_rebuild_tells_how_far_it_is(session: Session, index: SQLiteIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "BATCH", 4)
    assert count_services(session) == 6
    assert list(rebuild(session, index)) == [4, 6]


def test_the_old_words_of_a_service_are_forgotten(session: Session, index: SQLiteIndex) -> None:
    session.execute(update(Service).where(Service.id == "s0").values(description="Families ski and dance. Lullabies."))
    publish(session, "o0", hours=1)
    follow(session, index)
    assert {"families", "lullabies", "dance"} <= set(index.spoken_words(session))
    session.execute(update(Service).where(Service.id == "s0").values(description="Families."))
    publish(session, "o0", hours=2)
    follow(session, index)
    assert set(index.spoken_words(session)) & {"families", "lullabies", "dance", "ski"} == {"families"}
    for word in ("lullabi", "ski", "danc"):
        assert index.find(session, SearchQuery(asked=Asked(essential=(Word(word, (word,)),)))).total == 0


def test_documents_without_a_card_or_a_service_are_passed_over(session: Session) -> None:
    session.execute(text("DELETE FROM document WHERE kind = 'card' AND id = 's0'"))
    session.execute(text("DELETE FROM document WHERE kind = 'service' AND id = 's1'"))
    assert [d.service_id for d in read_documents(session, ["s0", "s1", "s2", "s9"])] == ["s2"]
