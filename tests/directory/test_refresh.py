"""Hours that run out are compiled again before they do."""

from datetime import timedelta
from pathlib import Path

import orjson
from sqlalchemy import select

from resource_api.database import Database
from resource_api.directory.publish import publish_organizations
from resource_api.directory.refresh import refresh_hours
from resource_api.directory.tables import Document, Location, Organization, Schedule, Service, ServiceAtLocation
from tests.databases import Kind, make_tables, url_of
from tests.search.services import NOW, uuid


def test_hours_near_their_horizon_are_compiled_again_and_others_are_left(database_kind: Kind, tmp_path: Path) -> None:
    database = Database(url_of(database_kind.new(tmp_path / "hours")))
    make_tables(database)
    with database.write() as session:
        for name, freq, byday in (("monthly", "MONTHLY", "1SA"), ("weekly", "WEEKLY", "MO")):
            session.add(Organization(id=uuid(name), name=name, description=""))
            session.add(Location(id=uuid(f"{name} l"), location_type="virtual"))
            session.flush()
            session.add(Service(id=uuid(f"{name} s"), organization_id=uuid(name), name=name, status="active"))
            session.flush()
            site = ServiceAtLocation(id=uuid(f"{name} sl"), service_id=uuid(f"{name} s"), location_id=uuid(f"{name} l"))
            session.add(site)
            schedule = Schedule(id=uuid(f"{name} h"), service_id=uuid(f"{name} s"), freq=freq, byday=byday)
            schedule.opens_at, schedule.closes_at, schedule.timezone = "09:00", "12:00", "America/New_York"
            schedule.dtstart = "2026-01-03"
            session.add(schedule)
        session.flush()
        publish_organizations(session, [uuid("monthly"), uuid("weekly")], now=NOW)
        assert list(refresh_hours(session, now=NOW + timedelta(days=30))) == []
        later = NOW + timedelta(days=390)
        assert list(refresh_hours(session, now=later)) == [1]
        card = orjson.loads(
            session.scalars(
                select(Document.body).where(Document.kind == "card", Document.id == uuid("monthly s"))
            ).one()
        )
        last_known = max(int(day) for day in card["sites"][0]["hours"]["d"])
        assert last_known > (later + timedelta(days=300)).toordinal()
    database.close()
