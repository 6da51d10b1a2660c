"""HOW A STEWARD WRITES A RECORD: made, replaced, patched or deleted, and served as it now is within one transaction.

Each function only flushes. What is sent is held against what is served, so that who sends back what was read changes
nothing. A record is known by the ETag that it was last served with: who does not say it, or says an older one, is
refused, and nobody's change is overwritten unseen.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import wait_for_turn
from resource_api.directory.difference import Change, find_changes
from resource_api.directory.document import DIRECTORY
from resource_api.directory.editable import may_write
from resource_api.directory.find_locations import get_location, organizations_at
from resource_api.directory.forget import forget_places
from resource_api.directory.graph import table
from resource_api.directory.load.affected import owning_organizations
from resource_api.directory.load.identify import is_uuid
from resource_api.directory.lookup import StoredRecord, get_record, write_time
from resource_api.directory.merge_patch import merge_patch
from resource_api.directory.nesting import REFERENCES
from resource_api.directory.publish import (
    organizations_using,
    publish_organizations,
    publish_taxonomies,
    publish_taxonomy_heads,
)
from resource_api.directory.stewarded import AVAILABILITY, claim
from resource_api.directory.write_changes import Rows, delete_rows, write_changes, write_history
from resource_api.directory.write_row import JSON
from resource_api.errors import BadInput, Conflict, NotAllowed, NotFound, NotFresh, Stale

EditKind = Literal["organization", "service", "service_at_location", "location", "taxonomy", "taxonomy_term"]
# Of a confidential location, what its public document says; the rest is written at a URL of its own.
PUBLIC_PARTS = frozenset({"location_type", "confidential", "languages", "accessibility", "phones", "schedules"})


@dataclass(frozen=True, slots=True)
class Precondition:
    """What the caller says of the version it knows: ETags without quotes, or that there is to be no record yet."""

    if_match: frozenset[str] | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """A record as it is served after an edit."""

    record: StoredRecord
    created: bool = False
    changed: bool = True


def put_record(
    session: Session, grants: Grants, kind: EditKind, record_id: str, sent: JSON, known: Precondition, *, now: datetime
) -> Edited:
    """Make a record, or replace what it says.

    Raises NotAllowed, NotFresh, Stale, or BadInput, which names the member by its path.
    """
    if known.is_new:
        return _create(session, grants, kind, record_id, sent, now=now)
    try:
        current = _read_known(session, grants, kind, record_id, known)
    except NotFound as error:
        if type(error) is NotFound and known.if_match is None:
            raise NotFresh(error.message, hint="If-None-Match: * makes it") from error
        raise
    return _write(session, grants, kind, record_id, current, sent, now=now)


def patch_record(
    session: Session, grants: Grants, kind: EditKind, record_id: str, patch: JSON, known: Precondition, *, now: datetime
) -> Edited:
    """Change some of what a record says, by a JSON Merge Patch of its document."""
    current = _read_known(session, grants, kind, record_id, known)
    sent = merge_into(kind, orjson.loads(current.json), patch)
    return _write(session, grants, kind, record_id, current, sent, now=now)


def merge_into(kind: EditKind, served: JSON, patch: JSON) -> JSON:
    """Merge a patch into a document, in which a link is said twice: by its id, and by what it shows."""
    merged: JSON = merge_patch(served, patch)
    for reference in REFERENCES.get(kind, ()):
        shown_as = reference.shown_as
        if shown_as is None or not patch.keys() & {reference.column, shown_as}:
            continue
        if patch.get(reference.column, "") is None or patch.get(shown_as, "") is None:
            merged.pop(reference.column, None)
            merged.pop(shown_as, None)
        elif reference.column in patch and shown_as not in patch:
            if merged[reference.column] != served.get(reference.column):
                merged.pop(shown_as, None)
        elif reference.column not in patch and _names_another(patch[shown_as], served.get(reference.column)):
            merged[shown_as] = patch[shown_as]
            merged.pop(reference.column, None)
    return merged


def delete_record(
    session: Session, grants: Grants, kind: EditKind, record_id: str, known: Precondition, *, now: datetime
) -> None:
    """Delete a record, and what cannot be without it; its tombstone tells those who sync."""
    _read_known(session, grants, kind, record_id, known)
    gone: dict[str, list[str]] = {kind: [record_id]}
    if kind == "organization":
        gone["service"] = _ids(session, "service", "organization_id", gone[kind])
        own = _ids(session, "location", "organization_id", gone[kind])
        at = organizations_at(session, own)
        gone["location"] = [location for location in own if at[location] <= {record_id}]
    if kind == "location" and not grants.everything:
        others = _others_at(session, grants, record_id)
        if others:
            raise Conflict(f"Services of other organizations are there: {', '.join(sorted(others)[:3])}")
    sites = [
        *_ids(session, "service_at_location", "service_id", gone.get("service", [])),
        *_ids(session, "service_at_location", "location_id", gone.get("location", [])),
    ]
    if sites:
        gone["service_at_location"] = list(dict.fromkeys(sites))
    affected = {noun: _organizations_of(session, noun, ids) for noun, ids in gone.items()}
    forget_places(session, set().union(*affected.values()))
    for noun, ids in gone.items():
        delete_rows(session, noun, ids, now=now)
        claim(session, noun, ids, organization_id=grants.organization_id, now=now)
    _publish(session, kind, record_id, set().union(*affected.values()), now=now)


def read_record(session: Session, kind: EditKind, record_id: str) -> StoredRecord:
    """Read a record as it is served. Raises NotFound or Gone."""
    return get_location(session, record_id) if kind == "location" else get_record(session, kind, record_id)


def check_known(record: StoredRecord, known: Precondition) -> None:
    """Check that the caller knows the record as it is. Raises NotFresh or Stale."""
    if known.is_new:
        raise Stale("There is such a record already", hint="If-Match with its ETag replaces it")
    if known.if_match is None:
        raise NotFresh("Say which version you know", hint="If-Match with the ETag it was served with")
    if record.etag not in known.if_match:
        raise Stale("The record has changed since it was served with that ETag", hint="read it again")


def check_may_write(session: Session, grants: Grants, kind: str, record_id: str) -> None:
    """Check that the caller may write a record that everybody may read. Raises NotAllowed."""
    if not may_write(session, grants, kind, record_id):
        raise NotAllowed(f"This {kind.replace('_', ' ')} is not of the client's organization")


def publish_record(
    session: Session, kind: EditKind, record_id: str, shared: Rows, *, now: datetime, purge: bool = True
) -> None:
    """Publish what contains a record, and rows that hang on others as well; history forgets what is hidden there."""
    organizations = _organizations_of(session, kind, [record_id])
    if shared:
        organizations |= owning_organizations(session, dict(shared))
    if purge:
        forget_places(session, organizations)
    _publish(session, kind, record_id, organizations, now=now)


def _create(session: Session, grants: Grants, kind: EditKind, record_id: str, sent: JSON, *, now: datetime) -> Edited:
    wait_for_turn(session, DIRECTORY)
    rows = table(kind)
    alive = select(rows.c.id).where(rows.c.id == record_id, rows.c.deleted_at.is_(None))
    if session.scalar(alive) is not None:
        raise Stale("There is such a record already", hint="If-Match with its ETag replaces it")
    if not is_uuid(record_id) or record_id != record_id.lower():
        raise BadInput("is no UUID in small letters", field="id", hint="choose one: it is how a retry is told apart")
    if sent.get("id", record_id) != record_id:
        raise BadInput("is not the id in the URL", field="id")
    only = PUBLIC_PARTS | {"organization_id"} if sent.get("confidential") is True else None
    changes = find_changes(session, kind, record_id, None, sent, only=only)
    _write_rows(session, grants, kind, record_id, changes, hidden=sent.get("confidential") is True, now=now)
    check_may_write(session, grants, kind, record_id)
    if kind == "service_at_location":
        _check_place(session, grants, record_id)
    return Edited(read_record(session, kind, record_id), created=True)


def _write(
    session: Session,
    grants: Grants,
    kind: EditKind,
    record_id: str,
    current: StoredRecord,
    sent: JSON,
    *,
    now: datetime,
) -> Edited:
    served: JSON = orjson.loads(current.json)
    if sent.get("id", record_id) != record_id:
        raise BadInput("is not the id in the URL", field="id")
    hidden = kind == "location" and (served.get("confidential") is True or sent.get("confidential") is True)
    changes = find_changes(session, kind, record_id, served, sent, only=PUBLIC_PARTS if hidden else None)
    if not changes:
        return Edited(current, changed=False)
    _write_rows(session, grants, kind, record_id, changes, hidden=hidden, now=now)
    return Edited(read_record(session, kind, record_id))


def _write_rows(
    session: Session,
    grants: Grants,
    kind: EditKind,
    record_id: str,
    changes: list[Change],
    *,
    hidden: bool,
    now: datetime,
) -> None:
    if kind == "service":
        moved = Change("update", kind, record_id, "", values={"last_modified": write_time(now)})
        changes = [*changes, moved]
    shared = write_changes(session, grants, changes, now=now)
    if not hidden:
        write_history(session, grants, changes, now=now)
    said = {name for change in changes if (change.noun, change.kind) == (kind, "update") for name in change.said}
    only_availability = bool(said) and said <= set(AVAILABILITY) and all(c.noun == kind for c in changes)
    claim(session, kind, [record_id], organization_id=grants.organization_id, now=now, whole=not only_availability)
    session.flush()
    publish_record(session, kind, record_id, shared, now=now)


def _read_known(session: Session, grants: Grants, kind: EditKind, record_id: str, known: Precondition) -> StoredRecord:
    wait_for_turn(session, DIRECTORY)
    record = read_record(session, kind, record_id)
    check_may_write(session, grants, kind, record_id)
    check_known(record, known)
    return record


def _check_place(session: Session, grants: Grants, site_id: str) -> None:
    """Refuse a site at another organization's confidential location: whatever it says there would be struck out."""
    site, location = table("service_at_location"), table("location")
    place = session.execute(
        select(location.c.id, location.c.confidential)
        .join(site, site.c.location_id == location.c.id)
        .where(site.c.id == site_id)
    ).one()
    if place.confidential and not may_write(session, grants, "location", place.id):
        raise NotAllowed("Only its owner has services at a confidential location")


def _names_another(shown: object, target_id: str | None) -> bool:
    return isinstance(shown, dict) and "id" in shown and shown["id"] != target_id


def _others_at(session: Session, grants: Grants, location_id: str) -> set[str]:
    site, service = table("service_at_location"), table("service")
    found = session.scalars(
        select(service.c.organization_id)
        .join(site, site.c.service_id == service.c.id)
        .where(site.c.location_id == location_id, site.c.deleted_at.is_(None), service.c.deleted_at.is_(None))
    )
    return set(found) - {str(grants.organization_id)}


def _organizations_of(session: Session, kind: str, ids: Collection[str]) -> set[str]:
    """List the organizations whose documents contain these records."""
    if kind == "organization":
        return set(ids)
    if kind == "location":
        return set().union(*organizations_at(session, ids).values())
    if kind == "taxonomy_term":
        return organizations_using(session, terms=ids)
    service, site = table("service"), table("service_at_location")
    statement = select(service.c.organization_id)
    if kind == "service":
        return set(session.scalars(statement.where(service.c.id.in_(ids))))
    if kind == "service_at_location":
        return set(session.scalars(statement.join(site, site.c.service_id == service.c.id).where(site.c.id.in_(ids))))
    terms = _ids(session, "taxonomy_term", "taxonomy_id", list(ids))
    return organizations_using(session, terms=terms)


def _publish(session: Session, kind: str, record_id: str, organizations: set[str], *, now: datetime) -> None:
    if kind == "taxonomy":
        publish_taxonomy_heads(session, [record_id], now=now)
        publish_taxonomies(session, _ids(session, "taxonomy_term", "taxonomy_id", [record_id]), now=now)
    elif kind == "taxonomy_term":
        publish_taxonomies(session, [record_id], now=now)
    if organizations:
        publish_organizations(session, organizations, now=now)


def _ids(session: Session, noun: str, link: str, ids: list[str]) -> list[str]:
    rows = table(noun)
    return list(session.scalars(select(rows.c.id).where(rows.c[link].in_(ids), rows.c.deleted_at.is_(None))))
