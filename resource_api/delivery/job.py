"""WHOSE TURN IT IS: each job of the workers is done by one of them at a time, and by another where that one died."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.delivery.tables import Job

_JOB = Base.metadata.tables[Job.__tablename__]


def take_turn(session: Session, name: str, worker: str, *, every: timedelta, lease: timedelta, now: datetime) -> bool:
    """Take a job, for so long: only where nobody has it, and it was not done a while ago."""
    session.execute(_insert_once(session).values(name=name).on_conflict_do_nothing())
    taken = session.execute(
        update(_JOB)
        .where(
            _JOB.c.name == name,
            or_(_JOB.c.leased_until.is_(None), _JOB.c.leased_until <= now, _JOB.c.leased_by == worker),
            or_(_JOB.c.done_at.is_(None), _JOB.c.done_at <= now - every),
        )
        .values(leased_by=worker, leased_until=now + lease)
        .returning(_JOB.c.name)
    )
    return taken.first() is not None


def end_turn(session: Session, name: str, worker: str, *, now: datetime) -> None:
    """Note that a job was done, and leave it to whoever comes next."""
    own = update(_JOB).where(_JOB.c.name == name, _JOB.c.leased_by == worker)
    session.execute(own.values(leased_by=None, leased_until=None, done_at=now))


def last_done(session: Session, name: str) -> datetime | None:
    """Get when a job was last done."""
    return session.scalar(select(Job.done_at).where(Job.name == name))


def _insert_once(session: Session) -> Any:
    # Imported when a worker needs it: each database's own words take a twentieth of a second to load.
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert

        return insert(_JOB)
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite(_JOB)
