"""WHERE A CONFIDENTIAL LOCATION IS, for its owner's stewards: all that its public document withholds, in one form.

It has a version of its own, since what is written here changes nothing that the public sees. No history is kept of it.
"""

from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.directory.difference import find_changes
from resource_api.directory.edit import (
    Precondition,
    check_known,
    check_may_write,
    publish_record,
    read_record,
)
from resource_api.directory.find_locations import store_form
from resource_api.directory.graph import read_graph
from resource_api.directory.lookup import StoredRecord
from resource_api.directory.render import render_location
from resource_api.directory.stewarded import claim
from resource_api.directory.write_changes import write_changes
from resource_api.directory.write_row import JSON
from resource_api.errors import Conflict

SECRET_PARTS = frozenset(
    "name alternate_name description url transportation latitude longitude external_identifier "
    "external_identifier_type addresses contacts attributes".split()
)


def read_address(session: Session, grants: Grants, location_id: str) -> StoredRecord:
    """Read where a confidential location is. Raises NotFound, NotAllowed, or Conflict where it is no secret."""
    public = orjson.loads(read_record(session, "location", location_id).json)
    check_may_write(session, grants, "location", location_id)
    if not public.get("confidential"):
        raise Conflict("The location is not confidential", hint=f"GET /locations/{location_id} says where it is")
    whole = render_location(read_graph(session, (), location_ids=[location_id]), location_id, reveal=True)
    return store_form({name: value for name, value in whole.items() if name in SECRET_PARTS})


def put_address(
    session: Session, grants: Grants, location_id: str, sent: JSON, known: Precondition, *, now: datetime
) -> StoredRecord:
    """Replace where a confidential location is. Raises as `read_address`, and NotFresh, Stale or BadInput."""
    current = read_address(session, grants, location_id)
    check_known(current, known)
    changes = find_changes(session, "location", location_id, orjson.loads(current.json), sent, only=SECRET_PARTS)
    if not changes:
        return current
    shared = write_changes(session, grants, changes, now=now)
    claim(session, "location", [location_id], organization_id=grants.organization_id, now=now)
    session.flush()
    # Its street is struck out of what its organizations say elsewhere.
    publish_record(session, "location", location_id, shared, now=now)
    return read_address(session, grants, location_id)
