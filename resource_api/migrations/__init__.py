"""HOW THE TABLES CAME TO BE: every release's schema, applied in order by Alembic."""

from collections.abc import Iterator
from datetime import datetime

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.errors import Breach


def migrate(database: Database, revision: str = "head") -> None:
    """Bring a database to a revision; on an empty one, make every table."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        if revision in ("head", "heads"):
            command.upgrade(config, revision)
        else:
            _move(config, revision)


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


def find_wrong_schema(session: Session, _keyring: object, _now: datetime) -> Iterator[Breach]:
    """Look whether the tables are those of this release."""
    if not is_current(session):
        at = current_revision(session) or "none"
        yield Breach(f"the tables are of revision {at}, this release's of {newest_revision()}: run `resource-api init`")


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
