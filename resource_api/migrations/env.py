"""Alembic's entry point: runs revisions on the connection it is given."""

from alembic import context

import resource_api.access.tables
import resource_api.delivery.tables
import resource_api.directory.tables
import resource_api.privacy.tables
import resource_api.referrals.tables
import resource_api.search.tables  # noqa: F401 - each registers its tables
from resource_api.database import Base
from resource_api.migrations import is_described

connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_name=is_described,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
