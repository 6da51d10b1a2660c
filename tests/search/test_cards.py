"""What hits say whoever asks is kept, and never outlives a change."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.directory.card import write_card
from resource_api.directory.document import Document
from resource_api.search import cards
from resource_api.search.ask import ask_for
from resource_api.search.cards import Card, find_cards, read_cards
from resource_api.search.index import SearchIndex
from resource_api.search.query import SearchQuery
from resource_api.wiring import make_index
from tests.databases import Kind, drop_database, url_of
from tests.search.services import JSON, NOW, TODAY, make_service, put, uuid

FOOD = SearchQuery(needs=(ask_for("food-pantry"),))


@pytest.fixture
def database(database_kind: Kind, tmp_path: Path) -> Iterator[Database]:
    path = database_kind.new(tmp_path / "cards")
    database = Database(url_of(path))
    yield database
    database.close()
    drop_database(path)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The services whose cards are read from the database, in order."""
    read: list[str] = []

    def read_and_tell(session: Session, service_ids: list[str]) -> dict[str, JSON]:
        read.extend(service_ids)
        return read_cards(session, service_ids)

    monkeypatch.setattr(cards, "read_cards", read_and_tell)
    return read


def store(database: Database, *services: JSON) -> SearchIndex:
    """Store services as they are now, in place of what was known of them."""
    index = make_index(database)
    with database.write() as session:
        session.execute(delete(Document).where(Document.id.in_([service["id"] for service in services])))
        put(session, index, *services)
        session.commit()
    return index


def said(database: Database, index: SearchIndex) -> dict[str, str]:
    """Get the telephone that each hit's card names."""
    with database.read() as session:
        found = find_cards(session, index.find(session, FOOD).hits)
        return {card.name: orjson.loads(card.said + b"}")["phones"][0]["number"] for card in found.values()}


def with_phone(name: str, number: str) -> JSON:
    return make_service(name, phones=[{"number": number}])


def test_a_card_is_read_once(database: Database, read: list[str]) -> None:
    index = store(database, with_phone("one", "410-555-0101"))
    for _ in range(3):
        assert said(database, index) == {"one": "410-555-0101"}
    assert read == [uuid("one")]
    store(database, with_phone("two", "410-555-0102"))
    assert said(database, index) == {"one": "410-555-0101", "two": "410-555-0102"}
    assert read == [uuid("one"), uuid("two")]


def test_a_card_that_changed_is_told_as_it_is_now(database: Database) -> None:
    index = store(database, with_phone("one", "410-555-0101"), with_phone("two", "410-555-0102"))
    assert said(database, index) == {"one": "410-555-0101", "two": "410-555-0102"}
    store(database, with_phone("one", "410-555-0103"))
    assert said(database, index) == {"one": "410-555-0103", "two": "410-555-0102"}


def test_what_was_rolled_back_is_told_to_nobody(database: Database) -> None:
    index = store(database, with_phone("one", "410-555-0101"))
    with database.write() as session:
        session.execute(delete(Document).where(Document.id == uuid("one")))
        put(session, index, with_phone("one", "410-555-0199"))
        (card,) = find_cards(session, index.find(session, FOOD).hits).values()
        assert card.phone == "410-555-0199"
        session.rollback()
    with database.write() as session:  # whose row has the number that was taken back
        put(session, index, with_phone("two", "410-555-0102"))
        found = find_cards(session, index.find(session, FOOD).hits)
        assert {card.phone for card in found.values()} == {"410-555-0101", "410-555-0102"}
        session.commit()
    assert said(database, index) == {"one": "410-555-0101", "two": "410-555-0102"}


def test_a_database_knows_nothing_of_another_ones_cards(database_kind: Kind, tmp_path: Path) -> None:
    for number in ("410-555-0101", "410-555-0102"):
        path = database_kind.new(tmp_path / number)
        database = Database(url_of(path))
        assert said(database, store(database, with_phone("one", number))) == {"one": number}
        database.close()
        drop_database(path)


def test_no_more_are_kept_than_there_is_room_for(
    database: Database, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "MOST_KEPT", 4)
    names = [f"{number}" for number in range(6)]
    index = store(database, *(with_phone(name, f"410-555-010{name}") for name in names))
    with database.read() as session:
        hits = {hit.service_id: hit for hit in index.find(session, FOOD).hits}
        for name in names:
            (card,) = find_cards(session, [hits[uuid(name)]]).values()
            assert card.name == name
        kept = cards._kept[database.reading]
        assert {card.name for card in kept.values()} == {"2", "3", "4", "5"}
        read.clear()
        find_cards(session, [hits[uuid("0")], hits[uuid("5")]])
        assert read == [uuid("0")]


def test_a_service_that_has_just_gone_has_no_card(database: Database) -> None:
    index = store(database, with_phone("one", "410-555-0101"))
    with database.write() as session:
        session.execute(update(Document).where(Document.id == uuid("one")).values(deleted_at=Document.modified_at))
        assert find_cards(session, index.find(session, FOOD).hits) == {}


def test_what_is_known_for_a_time_is_known_no_longer() -> None:
    until = "2026-11-27T12:00:00+00:00"
    service = make_service("one", capacity_status="capacity", availability_until=until, availability_note="Two beds")
    card = Card.of(write_card(service, today=TODAY))
    assert b"capacity" not in card.said
    end = card.until
    assert end is not None
    assert card.availability(NOW.replace(year=2025))["capacity_status"] == "capacity"
    assert card.availability(end) == {}
