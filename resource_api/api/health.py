"""GET /livez, /readyz : is it up, and can it answer?"""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import marshmallow as ma
from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from resource_api.api.blueprint import Blueprint
from resource_api.api.context import database, search_index
from resource_api.database import Database
from resource_api.errors import DatabaseNotReady
from resource_api.search.index import SearchIndex

READY_SECONDS = 2.0

blueprint = Blueprint("health", __name__)


class HealthSchema(ma.Schema):
    """How it is."""

    status = ma.fields.String(required=True)
    search = ma.fields.String(
        metadata={"description": "`degraded` where the search server is away and the database answers searches."}
    )


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
        current, degraded = _checker.check(database(), search_index())
    except TimeoutError:
        raise DatabaseNotReady(f"The database did not answer within {READY_SECONDS:g} s") from None
    except SQLAlchemyError:
        raise DatabaseNotReady("The database cannot be reached or read") from None
    if not current:
        raise DatabaseNotReady("The tables are missing or of another release", hint="run `resource-api init`")
    return _answer("ready", degraded=degraded)


class _Checker:
    """Asks one database at a time, from one thread: a database that hangs holds that thread and no other."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.pool: ThreadPoolExecutor | None = None
        self.asked: Future[tuple[bool, bool]] | None = None

    def check(self, of: Database, index: SearchIndex) -> tuple[bool, bool]:
        with self.lock:
            if self.pool is None:  # made after the fork: threads do not survive one
                self.pool = ThreadPoolExecutor(1, "readyz")
            if self.asked is None or self.asked.done():
                self.asked = self.pool.submit(_look, of, index)
            asked = self.asked
        return asked.result(READY_SECONDS)


_checker = _Checker()


def _look(of: Database, index: SearchIndex) -> tuple[bool, bool]:
    """Look whether a database is of this release, and whether searches do without their server."""
    from resource_api.migrations import is_current  # Alembic takes longer to import than Flask

    with of.read() as session:
        current = is_current(session)
    return current, current and index.is_degraded()


def _answer(status: str, *, degraded: bool = False) -> Response:
    search = ',"search":"degraded"' if degraded else ""
    return Response(
        f'{{"status":"{status}"{search}}}', mimetype="application/json", headers={"Cache-Control": "no-store"}
    )
