"""WHERE A CONFIDENTIAL LOCATION IS, for its owner's stewards: all that its public document withholds, in one form.

It has a version of its own, since what is written here changes nothing that the public sees. No history is kept of it.
"""

from datetime import datetime
from uuid import uuid4

import orjson
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import wait_for_turn
from resource_api.directory.difference import find_changes
from resource_api.directory.document import DIRECTORY
from resource_api.directory.edit import (
    Precondition,
    check_known,
    check_may_write,
    publish_record,
    read_record,
)
from resource_api.directory.find_locations import store_form
from resource_api.directory.graph import read_graph, table
from resource_api.directory.lookup import StoredRecord
from resource_api.directory.render import render_location
from resource_api.directory.stewarded import claim
from resource_api.directory.write_changes import write_changes
from resource_api.directory.write_row import JSON
from resource_api.errors import Conflict, NotAllowed

SECRET_PARTS = frozenset(
    "name alternate_name description url transportation latitude longitude external_identifier "
    "external_identifier_type addresses contacts attributes".split()
)


def read_address(session: Session, grants: Grants, location_id: str) -> StoredRecord:
    """Read where a confidential location is. Raises NotFound, NotAllowed, or Conflict where it is no secret."""
    public = orjson.loads(read_record(session, "location", location_id).json)
    if grants.everything:
        raise NotAllowed("A confidential address is for its owner's stewards alone")
    check_may_write(session, grants, "location", location_id)
    if not public.get("confidential"):
        raise Conflict("The location is not confidential", hint=f"GET /locations/{location_id} says where it is")
    whole = render_location(read_graph(session, (), location_ids=[location_id]), location_id, reveal=True)
    return store_form({name: value for name, value in whole.items() if name in SECRET_PARTS})


def put_address(
    session: Session, grants: Grants, location_id: str, sent: JSON, known: Precondition, *, now: datetime
) -> StoredRecord:
    """Replace where a confidential location is. Raises as `read_address`, and NotFresh, Stale or BadInput."""
    wait_for_turn(session, DIRECTORY)
    current = read_address(session, grants, location_id)
    check_known(current, known)
    changes = find_changes(session, "location", location_id, orjson.loads(current.json), sent, only=SECRET_PARTS)
    if not changes:
        return current
    if any(change.noun == "address" or "name" in change.values for change in changes):
        _keep_former(session, location_id, now=now)
    shared = write_changes(session, grants, changes, now=now)
    claim(session, "location", [location_id], organization_id=grants.organization_id, now=now)
    session.flush()
    # Its street is struck out of what its organizations say elsewhere.
    publish_record(session, "location", location_id, shared, now=now)
    return read_address(session, grants, location_id)


def _keep_former(session: Session, location_id: str, *, now: datetime) -> None:
    """Keep where it was so far as deleted addresses: texts that say so go on being struck out."""
    location, address = table("location"), table("address")
    streets = session.execute(
        select(address.c.address_1, address.c.address_2).where(
            address.c.location_id == location_id, address.c.deleted_at.is_(None)
        )
    ).all()
    name = session.scalar(select(location.c.name).where(location.c.id == location_id))
    nothing = dict.fromkeys(("city", "state_province", "postal_code", "country"), "")
    for first, second in {*((row.address_1, row.address_2) for row in streets), (name or "", None)}:
        row = {"id": str(uuid4()), "location_id": location_id, "address_1": first, "address_2": second}
        session.execute(
            insert(address).values(row | nothing | {"address_type": "physical", "position": 0, "deleted_at": now})
        )
