"""A whole city's directory, sent back as it is served: nothing changes."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, text

from resource_api.access.policy import Caller, Grants
from resource_api.api.schemas.organization import OrganizationSchema
from resource_api.api.schemas.service import ServiceAtLocationSchema, ServiceSchema
from resource_api.database import Database
from resource_api.directory.document import Document
from resource_api.directory.edit import EditKind, Precondition, put_record, read_record
from resource_api.directory.graph import table
from resource_api.wiring import attach_index
from tests.directory.whole_directory import LATER

ADMIN = Grants(Caller("admin", None, "admin", frozenset({"directory.write"})), "directory.edit", everything=True)
SCHEMAS = {
    "organization": OrganizationSchema(),
    "service": ServiceSchema(),
    "service_at_location": ServiceAtLocationSchema(),
}


@pytest.fixture
def city(baltimore_database: Path, tmp_path: Path):
    copy = tmp_path / "city.db"
    copy.write_bytes(baltimore_database.read_bytes())
    database = Database(f"sqlite:///{copy}")
    attach_index(database)
    yield database
    database.close()


def put_back(database: Database, kind: EditKind, record_property) -> None:
    rows = table(kind)
    with database.write() as session:
        before = session.execute(text("SELECT count(*), max(id) FROM change")).one()
        documents = session.scalar(select(Document.etag).order_by(Document.modified_at.desc()).limit(1))
        ids = session.scalars(select(rows.c.id).where(rows.c.deleted_at.is_(None)).order_by(rows.c.id)).all()
        found: Counter[bool] = Counter()
        for record_id in ids:
            record = read_record(session, kind, record_id)
            served = json.loads(record.json)
            if kind in SCHEMAS:
                assert not SCHEMAS[kind].validate(served), served
            known = Precondition(frozenset({record.etag}))
            found[put_record(session, ADMIN, kind, record_id, served, known, now=LATER).changed] += 1
        record_property("summary", f"{len(ids)} of {kind} sent back: {found[True]} changed")
        assert found == {False: len(ids)}
        assert session.execute(text("SELECT count(*), max(id) FROM change")).one() == before
        assert session.scalar(select(Document.etag).order_by(Document.modified_at.desc()).limit(1)) == documents
        assert session.execute(text("SELECT count(*) FROM stewarded")).scalar() == 0


def test_every_service_sent_back_as_it_is_served_changes_nothing(city: Database, record_property) -> None:
    put_back(city, "service", record_property)


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["organization", "service_at_location", "taxonomy_term", "location"])
def test_every_record_sent_back_as_it_is_served_changes_nothing(
    city: Database, kind: EditKind, record_property
) -> None:
    put_back(city, kind, record_property)
