"""WHETHER A SERVICE TAKES PEOPLE NOW: what its steward says of referrals and room, and until when that holds.

It changes faster than what a service is, so it is written by itself, is no part of history, and keeps no load from the
rest of the record. When its time is over nothing is known of it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import wait_for_turn
from resource_api.directory.document import DIRECTORY
from resource_api.directory.edit import check_may_write
from resource_api.directory.graph import table
from resource_api.directory.lookup import StoredRecord, get_record, write_time
from resource_api.directory.publish import publish_organizations
from resource_api.directory.stewarded import AVAILABILITY, claim
from resource_api.errors import BadInput, Stale

BATCH = 100


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a service takes referrals (`yes`, `no`; None: not known) and has room, until when, and a note."""

    accepts_referrals: str | None = None
    capacity: str | None = None
    until: datetime | None = None
    note: str | None = None

    def at(self, now: datetime) -> "Availability":
        """Get what is known of it at a moment."""
        return self if self.until is None or now < self.until else Availability()


def read_availability(session: Session, service_id: str, *, now: datetime) -> Availability:
    """Read what is known of a service's availability now. Raises NotFound or Gone."""
    get_record(session, "service", service_id)
    rows = table("service")
    row = session.execute(select(*(rows.c[name] for name in AVAILABILITY)).where(rows.c.id == service_id)).one()
    return _read(*row).at(now)


def put_availability(
    session: Session,
    grants: Grants,
    service_id: str,
    said: Availability,
    *,
    if_match: frozenset[str] | None,
    now: datetime,
) -> StoredRecord:
    """Say anew, and in whole, whether a service takes people; gives back its document as it is served then.

    Raises NotAllowed, Stale, or BadInput where its time is over already.
    """
    wait_for_turn(session, DIRECTORY)
    record = get_record(session, "service", service_id)
    check_may_write(session, grants, "service", service_id)
    if if_match is not None and record.etag not in if_match:
        raise Stale("The service has changed since it was served with that ETag", hint="read it again")
    if said.until is not None and said.until <= now:
        raise BadInput("is over already", field="until", hint="a moment to come, or leave it out")
    _write(session, [service_id], said)
    claim(session, "service", [service_id], organization_id=grants.organization_id, now=now, whole=False)
    _publish(session, [service_id], now=now)
    return get_record(session, "service", service_id)


def end_availability(session: Session, *, now: datetime) -> Iterator[int]:
    """Make unknown what held until now; yields the number of services done after each batch."""
    rows = table("service")
    # Moments are kept as texts in whichever zone they were said in, so they are compared as moments.
    limited = session.execute(
        select(rows.c.id, rows.c.availability_until).where(
            rows.c.availability_until.is_not(None), rows.c.deleted_at.is_(None)
        )
    )
    over = sorted(service for service, until in limited if datetime.fromisoformat(until) <= now)
    for start in range(0, len(over), BATCH):
        some = over[start : start + BATCH]
        _write(session, some, Availability())
        _publish(session, some, now=now)
        yield start + len(some)


def _write(session: Session, service_ids: list[str], said: Availability) -> None:
    until = None if said.until is None else write_time(said.until.astimezone(UTC))
    values = (said.accepts_referrals, said.capacity, until, said.note)
    rows = table("service")
    session.execute(update(rows).where(rows.c.id.in_(service_ids)).values(dict(zip(AVAILABILITY, values, strict=True))))


def _publish(session: Session, service_ids: list[str], *, now: datetime) -> None:
    rows = table("service")
    organizations = set(session.scalars(select(rows.c.organization_id).where(rows.c.id.in_(service_ids))))
    publish_organizations(session, organizations, now=now)


def _read(accepts: str | None, capacity: str | None, until: str | None, note: str | None) -> Availability:
    return Availability(accepts, capacity, None if until is None else datetime.fromisoformat(until), note)
