"""The mirror: what Elasticsearch has to be told, what it would not take, and how far a new index is"""

import sqlalchemy as sa
from alembic import op

from resource_api.database import COUNT, TEXT, UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Few services draw their area; who covers a place is asked of them alone. The tables do not speak of it, for that would
# load the words of both databases at every start.
DRAWN = sa.text("shapes IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "mirror_change",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("service_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mirror_change")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mirror_fault",
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_mirror_fault")),
    )
    op.create_table(
        "mirror_build",
        sa.Column("index_name", TEXT, nullable=False),
        sa.Column("last_service", TEXT, nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("started_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("index_name", name=op.f("pk_mirror_build")),
    )
    op.create_index("ix_search_row_drawn", "search_row", ["service_id"], sqlite_where=DRAWN, postgresql_where=DRAWN)


def downgrade() -> None:
    op.drop_index("ix_search_row_drawn", "search_row")
    op.drop_table("mirror_build")
    op.drop_table("mirror_fault")
    op.drop_table("mirror_change")
