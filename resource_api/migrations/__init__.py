"""HOW THE TABLES CAME TO BE: every release's schema, applied in order by Alembic.

A migration is one transaction, on either database: whoever is killed in the middle has changed nothing. Of several who
begin at once, one does it, and the others wait and find it done.
"""

from collections.abc import Iterator
from datetime import datetime
from time import sleep

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.errors import Breach, SettingsError
from resource_api.postgres import find_fault

# Whoever waits for a table's lock keeps all others waiting behind it: so not for long, but again and again.
LOCK_WAIT = "1s"
TRIES = 30
BETWEEN_TRIES_S = 1.0


def migrate(database: Database, revision: str = "head") -> None:
    """Bring a database to a revision; on an empty one, make every table."""
    for tries_left in reversed(range(TRIES)):
        try:
            _migrate(database, revision)
            return
        except OperationalError as error:
            if find_fault(error) != "busy" or not tries_left:
                raise
            sleep(BETWEEN_TRIES_S)


def is_current(session: Session) -> bool:
    """Tell whether the database is at the newest revision."""
    revision = current_revision(session)
    return revision is not None and revision == newest_revision()


def newest_revision() -> str | None:
    """Name the newest revision that this release knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current_revision(session: Session) -> str | None:
    """Name the revision that the database is at."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def revisions() -> list[str]:
    """Name every revision that this release knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Tell whether the tables describe it: not the full-text table, nor what one database alone has a word for."""
    untold = "search_fts" if kind == "table" else ("ix_referral_event_transaction_id", "ix_search_row_drawn")
    return not (name or "").startswith(untold)


def find_wrong_schema(session: Session, _keyring: object, _now: datetime) -> Iterator[Breach]:
    """Look whether the tables are those of this release."""
    if not is_current(session):
        at = current_revision(session) or "none"
        yield Breach(f"the tables are of revision {at}, this release's of {newest_revision()}: run `resource-api init`")


def _migrate(database: Database, revision: str) -> None:
    config = _config()
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            _wait_for_others(connection)
        config.attributes["connection"] = connection
        if revision in ("head", "heads"):
            command.upgrade(config, revision)
        else:
            _move(config, revision)


def _wait_for_others(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise SettingsError(
            f"The database is encoded in {encoding}",
            field="DATABASE_URL",
            hint="one made with createdb --encoding=UTF8",
        )
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('migrate', 0))"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))


def _move(config: Config, revision: str) -> None:
    known = revisions()
    if revision == "base" or revision in known:
        command.downgrade(config, revision)
    else:
        raise ValueError(f"there is no revision {revision!r}; known are {', '.join(known)}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "resource_api:migrations")
    return config
