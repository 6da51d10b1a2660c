"""Organizations with a service at a place, their stewards' and others', for the table of routes."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy.orm import Session

from resource_api.access.policy import Caller, Grants, default_scopes
from resource_api.directory.confidential_address import read_address
from resource_api.directory.correct import suggest_correction
from resource_api.directory.correction import NewCorrection
from resource_api.directory.edit import EditKind, Precondition, delete_record, put_record, read_record
from resource_api.directory.tables import Location
from tests.access.enrol import Enrolled, in_database, wiring_of

JSON = dict[str, Any]
NEED, PLACE = "food-pantry", "21215"
_KINDS: dict[str, EditKind] = {
    "organizations": "organization",
    "services": "service",
    "locations": "location",
    "service_at_locations": "service_at_location",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
}
_ADMIN = Grants(Caller("c", None, "admin", default_scopes("admin")), "directory.edit", everything=True)


def write_organization(session: Session, organization_id: str, *, now: datetime) -> dict[str, str]:
    """Write an organization with a confidential place and a service there; get its records, by their paths."""
    ids = {"organizations": organization_id, **{noun: str(uuid4()) for noun in list(_KINDS)[1:4]}}
    for noun, id in ids.items():
        write_record(session, noun, id, ids, now=now)
    return ids


def write_term(session: Session, *, now: datetime) -> dict[str, str]:
    """Write a vocabulary with one term, which belong to nobody."""
    ids = {noun: str(uuid4()) for noun in list(_KINDS)[4:]}
    for noun, id in ids.items():
        write_record(session, noun, id, ids, now=now)
    return ids


def write_record(session: Session, noun: str, id: str, ids: dict[str, str], *, now: datetime) -> None:
    put_record(session, _ADMIN, _KINDS[noun], id, body_of(noun, ids), Precondition(is_new=True), now=now)


def body_of(noun: str, ids: dict[str, str]) -> JSON:
    """What a record says that is one of `ids`."""
    of = ids.get
    bodies: dict[str, JSON] = {
        "organizations": {"name": "Table Pantry", "description": "Food for everybody"},
        "locations": {
            "organization_id": of("organizations"),
            "location_type": "physical",
            "confidential": True,
        },
        "services": {
            "organization_id": of("organizations"),
            "name": "Food pantry",
            "description": "A food pantry with groceries every week",
            "status": "active",
            "service_areas": [{"id": str(uuid4()), "name": "Maryland", "extent_type": "state"}],
        },
        "service_at_locations": {"service_id": of("services"), "location_id": of("locations")},
        "taxonomies": {"name": "Kinds", "description": "Kinds of help"},
        "taxonomy_terms": {
            "taxonomy_id": of("taxonomies"),
            "code": "F",
            "name": "Food",
            "description": "Food",
        },
    }
    return bodies[noun]


def delete(app: Flask, noun: str, id: str) -> None:
    """Delete a record, as an administrator would."""

    def change(session: Session) -> None:
        kind = _KINDS[noun]
        known = Precondition(frozenset({read_record(session, kind, id).etag}))
        delete_record(session, _ADMIN, kind, id, known, now=datetime.now(UTC))

    in_database(app, change)


def etag_of_secret(app: Flask, id: str) -> dict[str, str]:
    """The header that names the version of a confidential address, as its owner's steward reads it."""
    with wiring_of(app).database.read() as session:
        location = session.get(Location, id)
        if location is None or not location.confidential or location.deleted_at is not None:
            return {"If-Match": '"none"'}
        steward = Caller("c", location.organization_id, "steward", default_scopes("steward"))
        return {"If-Match": f'"{read_address(session, Grants(steward, "directory.edit"), id).etag}"'}


def make_correction(app: Flask, service_id: str, note: str | None = None) -> str:
    def make(session: Session) -> str:
        said = NewCorrection("still-correct", note=note)
        return suggest_correction(session, service_id, said, now=datetime.now(UTC)).id

    return str(in_database(app, make))


def make_organization(app: Flask, caller: Enrolled | None) -> dict[str, str]:
    """Make the records of a caller's organization, or of another; and a vocabulary."""
    id = str(uuid4()) if caller is None or caller.organization_id is None else caller.organization_id
    now = datetime.now(UTC)
    made: dict[str, str] = in_database(
        app, lambda session: write_organization(session, id, now=now) | write_term(session, now=now)
    )
    return made
