"""HOW A SERVICE IS CORRECTED: by what anybody suggests, once its steward has decided.

Nothing is served otherwise until a steward accepts it. Whoever decides has looked at the record, so its assured date
moves where the decision says that what is served is right.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import wait_for_turn
from resource_api.directory.correction import TEXTS, NewCorrection, Ruling
from resource_api.directory.document import DIRECTORY
from resource_api.directory.edit import Precondition, check_may_write, patch_record
from resource_api.directory.editable import editable
from resource_api.directory.graph import table
from resource_api.directory.lookup import get_record
from resource_api.directory.tables import Correction
from resource_api.directory.write_row import JSON
from resource_api.errors import BadInput, Conflict, NotFound


def suggest_correction(session: Session, service_id: str, new: NewCorrection, *, now: datetime) -> Correction:
    """Keep a correction for the stewards of a service. Raises NotFound, Gone or BadInput."""
    get_record(session, "service", service_id)
    if new.kind == "wrong" and new.value is None and new.note is None:
        raise BadInput("is missing", field="note", hint="say what is wrong, or the right `value` of a `field`")
    if new.value is not None and new.field is None:
        raise BadInput("is missing", field="field", hint="the field that should say the value")
    correction = Correction(
        id=str(uuid4()),
        service_id=service_id,
        kind=new.kind,
        field=new.field,
        value=new.value,
        note=new.note,
        created_at=now,
        state="open",
    )
    session.add(correction)
    session.flush()
    return correction


def find_corrections(
    session: Session,
    grants: Grants,
    *,
    state: str | None = None,
    service_id: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[Correction]:
    """List corrections of services that the caller may write, the oldest first, after the one with the id `after`."""
    service = table("service")
    statement = select(Correction).where(
        Correction.service_id.in_(select(service.c.id).where(editable(grants, "service")))
    )
    if state is not None:
        statement = statement.where(Correction.state == state)
    if service_id is not None:
        statement = statement.where(Correction.service_id == service_id)
    if after is not None:
        last = get_correction(session, grants, after)
        later = Correction.created_at > last.created_at
        statement = statement.where(later | ((Correction.created_at == last.created_at) & (Correction.id > last.id)))
    return session.scalars(statement.order_by(Correction.created_at, Correction.id).limit(limit)).all()


def get_correction(session: Session, grants: Grants, correction_id: str) -> Correction:
    """Get one correction of a service that the caller may write; of another there is none. Raises NotFound."""
    service = table("service")
    own = Correction.service_id.in_(select(service.c.id).where(editable(grants, "service")))
    found = session.scalar(select(Correction).where(Correction.id == correction_id, own))
    if found is None:
        raise NotFound(f"No correction has the id {correction_id[:100]}")
    return found


def decide_correction(
    session: Session, grants: Grants, correction_id: str, ruling: Ruling, *, now: datetime
) -> Correction:
    """Accept or decline a correction, or say that the record is still right.

    What is accepted is written into the record, if it can be; and whatever is found right moves the assured date.
    Raises NotFound, Conflict where it was decided before, BadInput where the record cannot say what was suggested.
    """
    wait_for_turn(session, DIRECTORY)
    correction = get_correction(session, grants, correction_id)
    check_may_write(session, grants, "service", correction.service_id)
    if correction.state != "open":
        raise Conflict(f"The correction was {correction.state} already")
    patch = _patch(correction, ruling, now)
    if patch:
        record = get_record(session, "service", correction.service_id)
        known = Precondition(frozenset({record.etag}))
        patch_record(session, grants, "service", correction.service_id, patch, known, now=now)
    session.execute(
        update(Correction)
        .where(Correction.id == correction_id)
        .values(state=ruling.decision, decided_at=now, decided_by=grants.organization_id, reason=ruling.reason)
    )
    session.flush()
    session.refresh(correction)
    return correction


def _patch(correction: Correction, ruling: Ruling, now: datetime) -> JSON:
    today = now.date().isoformat()
    if ruling.decision == "still-correct" or (ruling.decision == "accepted" and correction.kind == "still-correct"):
        return {"assured_date": today}
    if ruling.decision != "accepted" or not ruling.apply:
        return {}
    if correction.kind == "closed":
        return {"status": "inactive", "assured_date": today}
    if correction.value is not None and correction.field in TEXTS:
        return {correction.field: correction.value, "assured_date": today}
    return {}
