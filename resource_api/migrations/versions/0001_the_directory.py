"""The directory"""

import sqlalchemy as sa
from alembic import op

from resource_api.database import COUNT, TEXT, UTCDateTime
from resource_api.search.tables import FULL_TEXT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("service_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "document",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("brief", sa.LargeBinary(), nullable=False),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("modified_at", UTCDateTime(), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_document")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index("ix_document_kind_deleted_at_id", ["kind", "deleted_at", "id"], unique=False)
        batch_op.create_index("ix_document_kind_modified_at_id", ["kind", "modified_at", "id"], unique=False)
        batch_op.create_index("ix_document_kind_organization_id", ["kind", "organization_id"], unique=False)

    op.create_table(
        "search_row",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("z", sa.Double(), nullable=True),
        sa.Column("needs", TEXT, nullable=False),
        sa.Column("focus", sa.Double(), nullable=False),
        sa.Column("assured_day", sa.Integer(), nullable=True),
        sa.Column("capacity", TEXT, nullable=True),
        sa.Column("areas", TEXT, nullable=False),
        sa.Column("remote", sa.Boolean(), nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("accepts", TEXT, nullable=True),
        sa.Column("free", sa.Boolean(), nullable=True),
        sa.Column("minimum_age", sa.Double(), nullable=True),
        sa.Column("maximum_age", sa.Double(), nullable=True),
        sa.Column("life_stages", TEXT, nullable=False),
        sa.Column("languages", TEXT, nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("city", TEXT, nullable=True),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("accessible", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=True),
        sa.Column("hours", TEXT, nullable=True),
        sa.Column("shapes", TEXT, nullable=True),
        sa.Column("sites", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_row")),
        sa.UniqueConstraint("service_id", name=op.f("uq_search_row_service_id")),
    )
    with op.batch_alter_table("search_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_row_name_key"), ["name_key"], unique=False)

    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
    )
    op.create_table(
        "search_text",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_text")),
    )
    op.create_table(
        "search_word",
        sa.Column("word", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    op.create_table(
        "service_need",
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("need", TEXT, nullable=False),
        sa.Column("certainty", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("service_id", "need", name=op.f("pk_service_need")),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("licence", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("published_at", TEXT, nullable=True),
        sa.Column("loaded_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_table(
        "town",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("folded", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_town")),
    )
    with op.batch_alter_table("town", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_town_folded"), ["folded"], unique=False)

    op.create_table(
        "load_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("input", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("cursor", TEXT, nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("republishes", sa.Boolean(), server_default=_no(), nullable=False),
        sa.Column("written", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("doubted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_load_run_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_run")),
    )
    with op.batch_alter_table("load_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_load_run_source_id"), ["source_id"], unique=False)

    op.create_table(
        "meta_table_description",
        sa.Column("name", TEXT, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("character_set", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_meta_table_description_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meta_table_description")),
    )
    op.create_table(
        "metadata",
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("resource_type", TEXT, nullable=False),
        sa.Column("last_action_date", TEXT, nullable=False),
        sa.Column("last_action_type", TEXT, nullable=False),
        sa.Column("field_name", TEXT, nullable=False),
        sa.Column("previous_value", TEXT, nullable=False),
        sa.Column("replacement_value", TEXT, nullable=False),
        sa.Column("updated_by", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_metadata_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metadata")),
    )
    with op.batch_alter_table("metadata", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metadata_resource_id"), ["resource_id"], unique=False)

    op.create_table(
        "organization",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("alternate_name", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("website", TEXT, nullable=True),
        sa.Column("tax_status", TEXT, nullable=True),
        sa.Column("tax_id", TEXT, nullable=True),
        sa.Column("year_incorporated", sa.Double(), nullable=True),
        sa.Column("legal_status", TEXT, nullable=True),
        sa.Column("logo", TEXT, nullable=True),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("parent_organization_id", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_organization_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organization_parent_organization_id"), ["parent_organization_id"], unique=False
        )

    op.create_table(
        "taxonomy",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("version", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_taxonomy_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomy")),
    )
    op.create_table(
        "unit",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=True),
        sa.Column("identifier", TEXT, nullable=True),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_unit_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
    )
    op.create_table(
        "load_problem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["load_run.id"], name=op.f("fk_load_problem_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_problem")),
    )
    with op.batch_alter_table("load_problem", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_load_problem_run_id"), ["run_id"], unique=False)

    op.create_table(
        "location",
        sa.Column("location_type", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("alternate_name", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("transportation", TEXT, nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("external_identifier", TEXT, nullable=True),
        sa.Column("external_identifier_type", TEXT, nullable=True),
        sa.Column("confidential", sa.Boolean(), server_default=_no(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "location_type in ('physical', 'postal', 'virtual')", name=op.f("ck_location_location_type")
        ),
        sa.CheckConstraint(
            "latitude between -90 and 90 and longitude between -180 and 180", name=op.f("ck_location_coordinates")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_location_organization_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_location_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
    )
    with op.batch_alter_table("location", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_location_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "organization_identifier",
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("identifier_scheme", TEXT, nullable=True),
        sa.Column("identifier_type", TEXT, nullable=False),
        sa.Column("identifier", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_organization_identifier_organization_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_organization_identifier_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_identifier")),
    )
    with op.batch_alter_table("organization_identifier", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organization_identifier_organization_id"), ["organization_id"], unique=False
        )

    op.create_table(
        "program",
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("alternate_name", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_program_organization_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_program_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
    )
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "taxonomy_term",
        sa.Column("code", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("taxonomy", TEXT, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("taxonomy_id", TEXT, nullable=True),
        sa.Column("term_uri", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_taxonomy_term_source_id")),
        sa.ForeignKeyConstraint(["taxonomy_id"], ["taxonomy.id"], name=op.f("fk_taxonomy_term_taxonomy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomy_term")),
    )
    with op.batch_alter_table("taxonomy_term", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_taxonomy_term_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_taxonomy_term_taxonomy_id"), ["taxonomy_id"], unique=False)

    op.create_table(
        "accessibility",
        sa.Column("location_id", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("details", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_accessibility_location_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_accessibility_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accessibility")),
    )
    with op.batch_alter_table("accessibility", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accessibility_location_id"), ["location_id"], unique=False)

    op.create_table(
        "address",
        sa.Column("location_id", TEXT, nullable=True),
        sa.Column("attention", TEXT, nullable=True),
        sa.Column("address_1", TEXT, nullable=False),
        sa.Column("address_2", TEXT, nullable=True),
        sa.Column("city", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=True),
        sa.Column("state_province", TEXT, nullable=False),
        sa.Column("postal_code", TEXT, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("address_type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("address_type in ('physical', 'postal', 'virtual')", name=op.f("ck_address_address_type")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_address_location_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_address_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_address_location_id"), ["location_id"], unique=False)

    op.create_table(
        "attribute",
        sa.Column("link_id", TEXT, nullable=False),
        sa.Column("taxonomy_term_id", TEXT, nullable=True),
        sa.Column("link_type", TEXT, nullable=True),
        sa.Column("link_entity", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=True),
        sa.Column("label", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_attribute_source_id")),
        sa.ForeignKeyConstraint(["taxonomy_term_id"], ["taxonomy_term.id"], name=op.f("fk_attribute_taxonomy_term_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute")),
    )
    with op.batch_alter_table("attribute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attribute_link_id"), ["link_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attribute_taxonomy_term_id"), ["taxonomy_term_id"], unique=False)

    op.create_table(
        "service",
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("program_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("alternate_name", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("interpretation_services", TEXT, nullable=True),
        sa.Column("application_process", TEXT, nullable=True),
        sa.Column("fees_description", TEXT, nullable=True),
        sa.Column("wait_time", TEXT, nullable=True),
        sa.Column("fees", TEXT, nullable=True),
        sa.Column("accreditations", TEXT, nullable=True),
        sa.Column("eligibility_description", TEXT, nullable=True),
        sa.Column("minimum_age", sa.Double(), nullable=True),
        sa.Column("maximum_age", sa.Double(), nullable=True),
        sa.Column("assured_date", TEXT, nullable=True),
        sa.Column("assurer_email", TEXT, nullable=True),
        sa.Column("licenses", TEXT, nullable=True),
        sa.Column("alert", TEXT, nullable=True),
        sa.Column("last_modified", TEXT, nullable=True),
        sa.Column("accepts_referrals", TEXT, nullable=True),
        sa.Column("capacity_status", TEXT, nullable=True),
        sa.Column("minimum_age_months", sa.Integer(), nullable=True),
        sa.Column("maximum_age_months", sa.Integer(), nullable=True),
        sa.Column("life_stages", TEXT, nullable=True),
        sa.Column("needs", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("accepts_referrals in ('yes', 'no')", name=op.f("ck_service_accepts_referrals")),
        sa.CheckConstraint(
            "capacity_status in ('capacity', 'no-capacity', 'waitlist', 'additional-assessment-required')",
            name=op.f("ck_service_capacity_status"),
        ),
        sa.CheckConstraint(
            "status in ('active', 'inactive', 'defunct', 'temporarily closed')", name=op.f("ck_service_status")
        ),
        sa.CheckConstraint("minimum_age_months >= 0 and maximum_age_months >= 0", name=op.f("ck_service_age_months")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_service_organization_id")),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_service_program_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_service_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
    )
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_program_id"), ["program_id"], unique=False)

    op.create_table(
        "cost_option",
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("option", TEXT, nullable=True),
        sa.Column("currency", TEXT, nullable=True),
        sa.Column("amount", sa.Double(), nullable=True),
        sa.Column("amount_description", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_cost_option_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_cost_option_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_option")),
    )
    with op.batch_alter_table("cost_option", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cost_option_service_id"), ["service_id"], unique=False)

    op.create_table(
        "funding",
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_funding_organization_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_funding_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_funding_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding")),
    )
    with op.batch_alter_table("funding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_funding_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_funding_service_id"), ["service_id"], unique=False)

    op.create_table(
        "required_document",
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("document", TEXT, nullable=True),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_required_document_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_required_document_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_required_document")),
    )
    with op.batch_alter_table("required_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_required_document_service_id"), ["service_id"], unique=False)

    op.create_table(
        "service_at_location",
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("location_id", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_service_at_location_location_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_at_location_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_service_at_location_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_at_location")),
    )
    with op.batch_alter_table("service_at_location", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_at_location_location_id"), ["location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_at_location_service_id"), ["service_id"], unique=False)

    op.create_table(
        "service_capacity",
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("unit_id", TEXT, nullable=False),
        sa.Column("available", sa.Double(), nullable=False),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("updated", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_capacity_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_service_capacity_source_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_service_capacity_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_capacity")),
    )
    with op.batch_alter_table("service_capacity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_capacity_service_id"), ["service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_capacity_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "url",
        sa.Column("label", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_url_organization_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_url_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_url_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_url")),
    )
    with op.batch_alter_table("url", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_url_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_url_service_id"), ["service_id"], unique=False)

    op.create_table(
        "contact",
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("service_at_location_id", TEXT, nullable=True),
        sa.Column("location_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("department", TEXT, nullable=True),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_contact_location_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_contact_organization_id")),
        sa.ForeignKeyConstraint(
            ["service_at_location_id"], ["service_at_location.id"], name=op.f("fk_contact_service_at_location_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_contact_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_contact_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_location_id"), ["location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_service_at_location_id"), ["service_at_location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_service_id"), ["service_id"], unique=False)

    op.create_table(
        "schedule",
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("location_id", TEXT, nullable=True),
        sa.Column("service_at_location_id", TEXT, nullable=True),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("dtstart", TEXT, nullable=True),
        sa.Column("timezone", TEXT, nullable=True),
        sa.Column("until", TEXT, nullable=True),
        sa.Column("count", sa.Double(), nullable=True),
        sa.Column("wkst", TEXT, nullable=True),
        sa.Column("freq", TEXT, nullable=True),
        sa.Column("interval", sa.Double(), nullable=True),
        sa.Column("byday", TEXT, nullable=True),
        sa.Column("byweekno", TEXT, nullable=True),
        sa.Column("bymonthday", TEXT, nullable=True),
        sa.Column("byyearday", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("opens_at", TEXT, nullable=True),
        sa.Column("closes_at", TEXT, nullable=True),
        sa.Column("schedule_link", TEXT, nullable=True),
        sa.Column("attending_type", TEXT, nullable=True),
        sa.Column("notes", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("freq in ('WEEKLY', 'MONTHLY')", name=op.f("ck_schedule_freq")),
        sa.CheckConstraint("wkst in ('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')", name=op.f("ck_schedule_wkst")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_schedule_location_id")),
        sa.ForeignKeyConstraint(
            ["service_at_location_id"], ["service_at_location.id"], name=op.f("fk_schedule_service_at_location_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_schedule_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_schedule_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedule_location_id"), ["location_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_schedule_service_at_location_id"), ["service_at_location_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_schedule_service_id"), ["service_id"], unique=False)

    op.create_table(
        "service_area",
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("service_at_location_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("extent", TEXT, nullable=True),
        sa.Column("extent_type", TEXT, nullable=True),
        sa.Column("uri", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_at_location_id"], ["service_at_location.id"], name=op.f("fk_service_area_service_at_location_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_area_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_service_area_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_area")),
    )
    with op.batch_alter_table("service_area", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_service_area_service_at_location_id"), ["service_at_location_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_service_area_service_id"), ["service_id"], unique=False)

    op.create_table(
        "phone",
        sa.Column("location_id", TEXT, nullable=True),
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("contact_id", TEXT, nullable=True),
        sa.Column("service_at_location_id", TEXT, nullable=True),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("extension", TEXT, nullable=True),
        sa.Column("type", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_phone_contact_id")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_phone_location_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_phone_organization_id")),
        sa.ForeignKeyConstraint(
            ["service_at_location_id"], ["service_at_location.id"], name=op.f("fk_phone_service_at_location_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_phone_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_phone_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
    )
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phone_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_phone_location_id"), ["location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_phone_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_phone_service_at_location_id"), ["service_at_location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_phone_service_id"), ["service_id"], unique=False)

    op.create_table(
        "language",
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("location_id", TEXT, nullable=True),
        sa.Column("phone_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("original_id", TEXT, nullable=True),
        sa.Column("fingerprint", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_language_location_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_language_phone_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_language_service_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_language_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_language")),
    )
    with op.batch_alter_table("language", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_language_location_id"), ["location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_language_phone_id"), ["phone_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_language_service_id"), ["service_id"], unique=False)

    for statement in FULL_TEXT[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE search_fts")
    with op.batch_alter_table("language", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_language_service_id"))
        batch_op.drop_index(batch_op.f("ix_language_phone_id"))
        batch_op.drop_index(batch_op.f("ix_language_location_id"))

    op.drop_table("language")
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_phone_service_id"))
        batch_op.drop_index(batch_op.f("ix_phone_service_at_location_id"))
        batch_op.drop_index(batch_op.f("ix_phone_organization_id"))
        batch_op.drop_index(batch_op.f("ix_phone_location_id"))
        batch_op.drop_index(batch_op.f("ix_phone_contact_id"))

    op.drop_table("phone")
    with op.batch_alter_table("service_area", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_area_service_id"))
        batch_op.drop_index(batch_op.f("ix_service_area_service_at_location_id"))

    op.drop_table("service_area")
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_schedule_service_id"))
        batch_op.drop_index(batch_op.f("ix_schedule_service_at_location_id"))
        batch_op.drop_index(batch_op.f("ix_schedule_location_id"))

    op.drop_table("schedule")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_service_id"))
        batch_op.drop_index(batch_op.f("ix_contact_service_at_location_id"))
        batch_op.drop_index(batch_op.f("ix_contact_organization_id"))
        batch_op.drop_index(batch_op.f("ix_contact_location_id"))

    op.drop_table("contact")
    with op.batch_alter_table("url", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_url_service_id"))
        batch_op.drop_index(batch_op.f("ix_url_organization_id"))

    op.drop_table("url")
    with op.batch_alter_table("service_capacity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_capacity_unit_id"))
        batch_op.drop_index(batch_op.f("ix_service_capacity_service_id"))

    op.drop_table("service_capacity")
    with op.batch_alter_table("service_at_location", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_at_location_service_id"))
        batch_op.drop_index(batch_op.f("ix_service_at_location_location_id"))

    op.drop_table("service_at_location")
    with op.batch_alter_table("required_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_required_document_service_id"))

    op.drop_table("required_document")
    with op.batch_alter_table("funding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_funding_service_id"))
        batch_op.drop_index(batch_op.f("ix_funding_organization_id"))

    op.drop_table("funding")
    with op.batch_alter_table("cost_option", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cost_option_service_id"))

    op.drop_table("cost_option")
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_program_id"))
        batch_op.drop_index(batch_op.f("ix_service_organization_id"))

    op.drop_table("service")
    with op.batch_alter_table("attribute", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attribute_taxonomy_term_id"))
        batch_op.drop_index(batch_op.f("ix_attribute_link_id"))

    op.drop_table("attribute")
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_location_id"))

    op.drop_table("address")
    with op.batch_alter_table("accessibility", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_accessibility_location_id"))

    op.drop_table("accessibility")
    with op.batch_alter_table("taxonomy_term", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_taxonomy_term_taxonomy_id"))
        batch_op.drop_index(batch_op.f("ix_taxonomy_term_parent_id"))

    op.drop_table("taxonomy_term")
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_organization_id"))

    op.drop_table("program")
    with op.batch_alter_table("organization_identifier", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organization_identifier_organization_id"))

    op.drop_table("organization_identifier")
    with op.batch_alter_table("location", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_location_organization_id"))

    op.drop_table("location")
    with op.batch_alter_table("load_problem", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_load_problem_run_id"))

    op.drop_table("load_problem")
    op.drop_table("unit")
    op.drop_table("taxonomy")
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organization_parent_organization_id"))

    op.drop_table("organization")
    with op.batch_alter_table("metadata", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metadata_resource_id"))

    op.drop_table("metadata")
    op.drop_table("meta_table_description")
    with op.batch_alter_table("load_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_load_run_source_id"))

    op.drop_table("load_run")
    with op.batch_alter_table("town", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_town_folded"))

    op.drop_table("town")
    op.drop_table("source")
    op.drop_table("service_need")
    op.drop_table("search_word")
    op.drop_table("search_text")
    op.drop_table("search_state")
    with op.batch_alter_table("search_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_row_name_key"))

    op.drop_table("search_row")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index("ix_document_kind_organization_id")
        batch_op.drop_index("ix_document_kind_modified_at_id")
        batch_op.drop_index("ix_document_kind_deleted_at_id")

    op.drop_table("document")
    op.drop_table("change")


def _no() -> sa.TextClause:
    return sa.text("0" if op.get_bind().dialect.name == "sqlite" else "false")
