"""The index is compared with the documents, and mended where it differs."""

from pathlib import Path

from sqlalchemy import delete, update

from resource_api.directory.document import Document
from resource_api.search.check import compare_index, repair_index
from resource_api.search.tables import SearchRow
from tests.search.services import make_service, searching, uuid


def test_an_index_that_agrees_has_no_difference(tmp_path: Path) -> None:
    with searching(tmp_path, make_service("one"), make_service("two")) as (session, index):
        assert compare_index(session, index).services == []


def test_what_is_missing_stale_or_orphaned_is_found_and_mended(tmp_path: Path) -> None:
    names = ("missing", "stale", "orphaned", "right")
    with searching(tmp_path, *(make_service(name) for name in names)) as (session, index):
        index.remove(session, [uuid("missing")])
        session.execute(update(SearchRow).where(SearchRow.service_id == uuid("stale")).values(updated_at=1.0))
        session.execute(delete(Document).where(Document.id == uuid("orphaned")))
        found = compare_index(session, index)
        assert found.missing == (uuid("missing"),)
        assert found.stale == (uuid("stale"),)
        assert found.orphaned == (uuid("orphaned"),)
        repair_index(session, index, found)
        assert compare_index(session, index).services == []
        assert {service for service, _ in index.stored_services(session)} == {
            uuid("missing"),
            uuid("stale"),
            uuid("right"),
        }
