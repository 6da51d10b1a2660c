"""The loop: access, referrals, delivery, audit"""

import sqlalchemy as sa
from alembic import op

from resource_api.database import COUNT, TEXT, UTCDateTime
from resource_api.privacy.tables import ONLY_ADDED_TO

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("client_id", TEXT, nullable=True),
        sa.Column("token_id", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("object_kind", TEXT, nullable=True),
        sa.Column("object_ids", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_request_id"), ["request_id"], unique=False)

    op.create_table(
        "audit_checkpoint",
        sa.Column("seq", COUNT, autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "job",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("leased_by", TEXT, nullable=True),
        sa.Column("leased_until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("done_at", UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
    )
    op.create_table(
        "participant",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    op.create_table(
        "rate",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "window", name=op.f("pk_rate")),
    )
    with op.batch_alter_table("rate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "referral",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("requester_id", TEXT, nullable=False),
        sa.Column("requester_client_id", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("service_id", TEXT, nullable=True),
        sa.Column("service_at_location_id", TEXT, nullable=True),
        sa.Column("need", TEXT, nullable=True),
        sa.Column("zip3", TEXT, nullable=True),
        sa.Column("age_band", TEXT, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("needs", TEXT, nullable=False),
        sa.Column("codes", TEXT, nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("priority", TEXT, nullable=False),
        sa.Column("respond_by", UTCDateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("reason_code", TEXT, nullable=True),
        sa.Column("service_given", sa.Boolean(), nullable=True),
        sa.Column("need_met", TEXT, nullable=True),
        sa.Column("outcome_date", TEXT, nullable=True),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("replaces_id", TEXT, nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("patient", sa.LargeBinary(), nullable=True),
        sa.Column("identifiers", sa.LargeBinary(), nullable=True),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("reason_text", sa.LargeBinary(), nullable=True),
        sa.Column("outcome_note", sa.LargeBinary(), nullable=True),
        sa.Column("appointment", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["referral.id"], name=op.f("fk_referral_parent_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["referral.id"], name=op.f("fk_referral_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
    )
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.create_index(
            "ix_referral_due",
            ["respond_by"],
            unique=False,
            sqlite_where=sa.text("status = 'requested' AND reminded_at IS NULL AND respond_by IS NOT NULL"),
            postgresql_where=sa.text("status = 'requested' AND reminded_at IS NULL AND respond_by IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_referral_ended",
            ["requester_id", "closed_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NOT NULL"),
            postgresql_where=sa.text("closed_at IS NOT NULL"),
        )
        batch_op.create_index("ix_referral_owner_id_updated_at_id", ["owner_id", "updated_at", "id"], unique=False)
        batch_op.create_index(
            "ix_referral_requester_id_updated_at_id", ["requester_id", "updated_at", "id"], unique=False
        )

    op.create_table(
        "search_gone",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("number", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_gone")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "search_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_number")),
    )
    op.create_table(
        "seen_assertion",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("jti_hash", TEXT, nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti_hash", name=op.f("pk_seen_assertion")),
    )
    with op.batch_alter_table("seen_assertion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seen_assertion_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "stewarded",
        sa.Column("noun", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("noun", "id", name=op.f("pk_stewarded")),
    )
    op.create_table(
        "audit_link",
        sa.Column("seq", COUNT, autoincrement=False, nullable=False),
        sa.Column("audit_id", COUNT, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_link_audit_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_link_audit_id")),
    )
    op.create_table(
        "client",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("participant_id", TEXT, nullable=True),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("origins", TEXT, nullable=False),
        sa.Column("jwks", TEXT, nullable=True),
        sa.Column("jwks_url", TEXT, nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_client_participant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_participant_id"), ["participant_id"], unique=False)

    op.create_table(
        "referral_address",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("participant_id", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_referral_address_participant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_address")),
        sa.UniqueConstraint("participant_id", "email", name=op.f("uq_referral_address_participant_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_referral_address_token_hash")),
    )
    with op.batch_alter_table("referral_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_address_participant_id"), ["participant_id"], unique=False)

    op.create_table(
        "referral_consent",
        sa.Column("referral_id", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("recipients", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=True),
        sa.Column("given_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_consent_referral_id")),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referral_consent")),
    )
    op.create_table(
        "referral_event",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("referral_id", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("organization_id", TEXT, nullable=True),
        sa.Column("client_id", TEXT, nullable=True),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("reason_code", TEXT, nullable=True),
        sa.Column("detail", sa.LargeBinary(), nullable=True),
        sa.Column("detail_digest", TEXT, nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_event_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_event")),
        sa.UniqueConstraint("referral_id", "seq", name=op.f("uq_referral_event_referral_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "referral_key",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("referral_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_key_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_key")),
    )
    with op.batch_alter_table("referral_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_key_blind"), ["blind"], unique=False)
        batch_op.create_index(batch_op.f("ix_referral_key_referral_id"), ["referral_id"], unique=False)

    op.create_table(
        "referral_offer",
        sa.Column("referral_id", TEXT, nullable=False),
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_offer_referral_id")),
        sa.PrimaryKeyConstraint("referral_id", "service_id", name=op.f("pk_referral_offer")),
    )
    with op.batch_alter_table("referral_offer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_offer_organization_id"), ["organization_id"], unique=False)

    op.create_table(
        "referral_party",
        sa.Column("referral_id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT, nullable=False),
        sa.Column("since", UTCDateTime(timezone=True), nullable=False),
        sa.Column("until", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_party_referral_id")),
        sa.PrimaryKeyConstraint("referral_id", "organization_id", name=op.f("pk_referral_party")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replay",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("route", TEXT, nullable=False),
        sa.Column("key_hash", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("referral_id", TEXT, nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_replay_referral_id")),
        sa.PrimaryKeyConstraint("client_id", "route", "key_hash", name=op.f("pk_replay")),
    )
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_replay_created_at"), ["created_at"], unique=False)

    op.create_table(
        "access_token",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("issued_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_access_token_client_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_token")),
        sa.UniqueConstraint("id", name=op.f("uq_access_token_id")),
    )
    with op.batch_alter_table("access_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_token_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_token_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "broken_glass",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("since", UTCDateTime(timezone=True), nullable=False),
        sa.Column("until", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_broken_glass_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broken_glass")),
    )
    with op.batch_alter_table("broken_glass", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_broken_glass_client_id"), ["client_id"], unique=False)

    op.create_table(
        "client_secret",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_secret_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secret")),
    )
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_secret_client_id"), ["client_id"], unique=False)

    op.create_table(
        "endpoint",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("participant_id", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("types", TEXT, nullable=False),
        sa.Column("signing", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("enabled_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_endpoint_client_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_endpoint_participant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )
    with op.batch_alter_table("endpoint", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_endpoint_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_endpoint_participant_id"), ["participant_id"], unique=False)

    op.create_table(
        "fetched_keys",
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=True),
        sa.Column("asked_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("fresh_until", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_fetched_keys_client_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_fetched_keys")),
    )
    op.create_table(
        "reply_link",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("referral_id", TEXT, nullable=False),
        sa.Column("address_id", TEXT, nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("code_hash", TEXT, nullable=True),
        sa.Column("code_expires_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["referral_address.id"], name=op.f("fk_reply_link_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reply_link_token_hash")),
    )
    with op.batch_alter_table("reply_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_link_address_id"), ["address_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reply_link_referral_id"), ["referral_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("endpoint_id", TEXT, nullable=True),
        sa.Column("address_id", TEXT, nullable=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("referral_id", TEXT, nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("detail", TEXT, nullable=True),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("happened_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("leased_by", TEXT, nullable=True),
        sa.Column("leased_until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("delivered_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("replayed_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["referral_address.id"], name=op.f("fk_delivery_address_id")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name=op.f("fk_delivery_endpoint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("target", "referral_id", "seq", "type", name=op.f("uq_delivery_target")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_state_target_next_at", ["state", "target", "next_at"], unique=False)

    op.create_table(
        "correction",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("service_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=True),
        sa.Column("value", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_correction_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_created_at"), ["created_at"], unique=False)
        batch_op.create_index("ix_correction_service_id_state", ["service_id", "state"], unique=False)

    op.drop_table("search_state")
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.add_column(sa.Column("availability_until", TEXT, nullable=True))
        batch_op.add_column(sa.Column("availability_note", TEXT, nullable=True))
        batch_op.create_index(batch_op.f("ix_service_availability_until"), ["availability_until"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE referral_event ALTER transaction SET DEFAULT (pg_current_xact_id()::text::bigint)")
        op.create_index("ix_referral_event_transaction_id", "referral_event", ["transaction", "id"])
    for statement in ONLY_ADDED_TO[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_availability_until"))
        batch_op.drop_column("availability_note")
        batch_op.drop_column("availability_until")

    op.create_table(
        "search_state",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("version", sa.BIGINT(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.drop_index("ix_correction_service_id_state")
        batch_op.drop_index(batch_op.f("ix_correction_created_at"))

    op.drop_table("correction")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_state_target_next_at")

    op.drop_table("delivery")
    with op.batch_alter_table("reply_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_link_referral_id"))
        batch_op.drop_index(batch_op.f("ix_reply_link_address_id"))

    op.drop_table("reply_link")
    op.drop_table("fetched_keys")
    with op.batch_alter_table("endpoint", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_endpoint_participant_id"))
        batch_op.drop_index(batch_op.f("ix_endpoint_client_id"))

    op.drop_table("endpoint")
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_secret_client_id"))

    op.drop_table("client_secret")
    with op.batch_alter_table("broken_glass", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_broken_glass_client_id"))

    op.drop_table("broken_glass")
    with op.batch_alter_table("access_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_token_expires_at"))
        batch_op.drop_index(batch_op.f("ix_access_token_client_id"))

    op.drop_table("access_token")
    with op.batch_alter_table("replay", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_replay_created_at"))

    op.drop_table("replay")
    op.drop_table("referral_party")
    with op.batch_alter_table("referral_offer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_offer_organization_id"))

    op.drop_table("referral_offer")
    with op.batch_alter_table("referral_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_key_referral_id"))
        batch_op.drop_index(batch_op.f("ix_referral_key_blind"))

    op.drop_table("referral_key")
    op.drop_table("referral_event")
    op.drop_table("referral_consent")
    with op.batch_alter_table("referral_address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_address_participant_id"))

    op.drop_table("referral_address")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_participant_id"))

    op.drop_table("client")
    op.drop_table("audit_link")
    op.drop_table("stewarded")
    with op.batch_alter_table("seen_assertion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seen_assertion_expires_at"))

    op.drop_table("seen_assertion")
    op.drop_table("search_number")
    op.drop_table("search_gone")
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.drop_index("ix_referral_requester_id_updated_at_id")
        batch_op.drop_index("ix_referral_owner_id_updated_at_id")
        batch_op.drop_index("ix_referral_ended", sqlite_where=sa.text("closed_at IS NOT NULL"))
        batch_op.drop_index(
            "ix_referral_due",
            sqlite_where=sa.text("status = 'requested' AND reminded_at IS NULL AND respond_by IS NOT NULL"),
        )

    op.drop_table("referral")
    with op.batch_alter_table("rate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rate_expires_at"))

    op.drop_table("rate")
    op.drop_table("participant")
    op.drop_table("job")
    op.drop_table("audit_checkpoint")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_request_id"))
        batch_op.drop_index(batch_op.f("ix_audit_organization_id"))
        batch_op.drop_index(batch_op.f("ix_audit_at"))

    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_only_added_to()")
