"""GET /livez, /readyz : is it up, and can it answer?"""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import marshmallow as ma
from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from resource_api.api.blueprint import Blueprint
from resource_api.api.context import database
from resource_api.database import Database
from resource_api.errors import DatabaseNotReady

READY_SECONDS = 2.0

blueprint = Blueprint("health", __name__)


class HealthSchema(ma.Schema):
    """How it is."""

    status = ma.fields.String(required=True)


@blueprint.route("/livez", tags=["operations"])
@blueprint.doc(operationId="getLiveness")
@blueprint.response(200, HealthSchema, description="The process is up.")
def show_live() -> Response:
    """Tell whether this process answers at all; nothing else is looked at."""
    return _answer("live")


@blueprint.route("/readyz", tags=["operations"])
@blueprint.doc(operationId="getReadiness")
@blueprint.response(200, HealthSchema, description="The database is reachable and of this release.")
def show_ready() -> Response:
    """Tell whether the database is reachable and of this release; answers within two seconds."""
    try:
        current = _checker.check(database())
    except TimeoutError:
        raise DatabaseNotReady(f"The database did not answer within {READY_SECONDS:g} s") from None
    except SQLAlchemyError:
        raise DatabaseNotReady("The database cannot be reached or read") from None
    if not current:
        raise DatabaseNotReady("The tables are missing or of another release", hint="run `resource-api init`")
    return _answer("ready")


class _Checker:
    """Asks one database at a time, from one thread: a database that hangs holds that thread and no other."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.pool: ThreadPoolExecutor | None = None
        self.asked: Future[bool] | None = None

    def check(self, of: Database) -> bool:
        with self.lock:
            if self.pool is None:  # made after the fork: threads do not survive one
                self.pool = ThreadPoolExecutor(1, "readyz")
            if self.asked is None or self.asked.done():
                self.asked = self.pool.submit(_is_current, of)
            asked = self.asked
        return asked.result(READY_SECONDS)


_checker = _Checker()


def _is_current(of: Database) -> bool:
    from resource_api.migrations import is_current  # Alembic takes longer to import than Flask

    with of.read() as session:
        return is_current(session)


def _answer(status: str) -> Response:
    return Response(f'{{"status":"{status}"}}', mimetype="application/json", headers={"Cache-Control": "no-store"})
