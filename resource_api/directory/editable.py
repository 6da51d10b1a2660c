"""WHICH RECORDS A CALLER MAY WRITE: grants, turned into WHERE.

A steward writes its own organization, that one's services and locations, and the services' sites; a location that
belongs to nobody where only its own services are. An administrator writes all.
"""

from sqlalchemy import ColumnElement, and_, false, select, true
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.directory.graph import OWNERS, table


def editable(grants: Grants, noun: str) -> ColumnElement[bool]:
    """Write the clause on a noun's rows that this caller may write."""
    if grants.everything:
        return true()
    own = grants.organization_id
    if own is None:
        return false()
    rows, service, site = table(noun), table("service"), table("service_at_location")
    if noun == "organization":
        return rows.c.id == own
    if noun == "service":
        return rows.c.organization_id == own
    if noun == "service_at_location":
        return rows.c.service_id.in_(select(service.c.id).where(service.c.organization_id == own))
    if noun == "location":
        users = select(site.c.location_id).join(service, service.c.id == site.c.service_id)
        alive = site.c.deleted_at.is_(None)
        return (rows.c.organization_id == own) | and_(
            rows.c.organization_id.is_(None),
            rows.c.id.in_(users.where(alive, service.c.organization_id == own)),
            rows.c.id.not_in(users.where(alive, service.c.organization_id != own)),
        )
    return false()


def may_write(session: Session, grants: Grants, noun: str, row_id: str) -> bool:
    """Tell whether this caller may write one row: a record, or one that hangs on nothing but what it may write."""
    if grants.everything:
        return True
    rows = table(noun)
    if noun not in OWNERS:
        return session.scalar(select(rows.c.id).where(rows.c.id == row_id, editable(grants, noun))) is not None
    links = session.execute(select(*(rows.c[name] for name in OWNERS[noun])).where(rows.c.id == row_id)).one()
    owners = [(name.removesuffix("_id"), owner) for name, owner in zip(OWNERS[noun], links, strict=True) if owner]
    return all(may_write(session, grants, owner_noun, owner) for owner_noun, owner in owners)
