"""Alembic's entry point: runs revisions on the connection it is given."""

from alembic import context

import resource_api.access.tables
import resource_api.delivery.tables
import resource_api.directory
import resource_api.privacy.tables
import resource_api.referrals.tables
import resource_api.search.tables  # noqa: F401 - each registers its tables
from resource_api.database import Base

connection = context.config.attributes["connection"]


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave FTS5's shadow tables to FTS5."""
    return not (kind == "table" and (name or "").startswith("search_fts"))


context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_name=is_ours,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
