"""The hub as an eBL platform and as a control tracking registry; consents and subscriptions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("lading", sa.String(length=40), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("given_by", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("lading", "member", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_member", "consents", ["member"], unique=False)
    op.create_table(
        "controls",
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("issuance", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=4), nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_controls")),
    )
    op.create_table(
        "ebl_calls",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("leased_until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ebl_calls")),
    )
    op.create_index(
        "ix_ebl_calls_due",
        "ebl_calls",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_table(
        "ebl_files",
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("title", "checksum", name=op.f("pk_ebl_files")),
    )
    op.create_table(
        "ebl_incoming",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("entry_checksum", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(length=40), nullable=False),
        sa.Column("settled_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ebl_incoming")),
        sa.UniqueConstraint("content", name=op.f("uq_ebl_incoming_content")),
    )
    op.create_index(
        "ix_ebl_incoming_accepting",
        "ebl_incoming",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'accepting'"),
        postgresql_where=sa.text("state = 'accepting'"),
    )
    op.create_index(op.f("ix_ebl_incoming_title"), "ebl_incoming", ["title"], unique=False)
    op.create_table(
        "ebl_issuances",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("received_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ebl_issuances")),
    )
    op.create_index("ix_ebl_issuances_reference", "ebl_issuances", ["carrier", "reference"], unique=False)
    op.create_index(op.f("ix_ebl_issuances_title"), "ebl_issuances", ["title"], unique=False)
    op.create_table(
        "ebl_surrenders",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.String(length=40), nullable=False),
        sa.Column("answered_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_ebl_surrenders")),
    )
    op.create_index(op.f("ix_ebl_surrenders_title"), "ebl_surrenders", ["title"], unique=False)
    op.create_table(
        "ebl_titles",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("possessor", sa.Text(), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("issuance_manifest", sa.Text(), nullable=False),
        sa.Column("visualisation", sa.Text(), nullable=True),
        sa.Column("registry", sa.String(length=1024), nullable=True),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.Column("pending", sa.Text(), nullable=False),
        sa.Column("transfer", sa.String(length=40), nullable=True),
        sa.Column("updated_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ebl_titles")),
    )
    op.create_index(
        "ix_ebl_titles_operative",
        "ebl_titles",
        ["carrier", "reference"],
        unique=True,
        sqlite_where=sa.text("at IN ('here', 'sending', 'in-doubt')"),
        postgresql_where=sa.text("at IN ('here', 'sending', 'in-doubt')"),
    )
    op.create_index(op.f("ix_ebl_titles_reference"), "ebl_titles", ["reference"], unique=False)
    op.create_table(
        "ebl_transfers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("entry_checksum", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("registry", sa.String(length=1024), nullable=True),
        sa.Column("issuance", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("settled_at", sa.String(length=40), nullable=True),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("leased_until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ebl_transfers")),
        sa.UniqueConstraint("content", name=op.f("uq_ebl_transfers_content")),
    )
    op.create_index(
        "ix_ebl_transfers_open",
        "ebl_transfers",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('sending', 'in-doubt')"),
        postgresql_where=sa.text("state IN ('sending', 'in-doubt')"),
    )
    op.create_index(op.f("ix_ebl_transfers_title"), "ebl_transfers", ["title"], unique=False)
    op.create_table(
        "offers",
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("giver", sa.String(length=4), nullable=False),
        sa.Column("taker", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("offered", sa.String(length=40), nullable=False),
        sa.Column("ended", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("document", "entry", name=op.f("pk_offers")),
        sa.UniqueConstraint("document", "ordinal", name=op.f("uq_offers_document_ordinal")),
    )
    op.create_index(
        "ix_offers_open",
        "offers",
        ["document"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "title_documents",
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("title", name=op.f("pk_title_documents")),
        sa.UniqueConstraint("document_id", name=op.f("uq_title_documents_document_id")),
    )
    op.add_column("deliveries", sa.Column("findings", sa.Text(), nullable=True))
    op.add_column("documents", sa.Column("carried_under", sa.String(length=100), nullable=True))
    op.create_index(op.f("ix_documents_carried_under"), "documents", ["carried_under"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_documents_carried_under"), table_name="documents")
    op.drop_column("documents", "carried_under")
    op.drop_column("deliveries", "findings")
    op.drop_table("title_documents")
    op.drop_table("subscriptions")
    op.drop_index(
        "ix_offers_open",
        table_name="offers",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("offers")
    op.drop_index(op.f("ix_ebl_transfers_title"), table_name="ebl_transfers")
    op.drop_index(
        "ix_ebl_transfers_open",
        table_name="ebl_transfers",
        sqlite_where=sa.text("state IN ('sending', 'in-doubt')"),
        postgresql_where=sa.text("state IN ('sending', 'in-doubt')"),
    )
    op.drop_table("ebl_transfers")
    op.drop_index(op.f("ix_ebl_titles_reference"), table_name="ebl_titles")
    op.drop_index(
        "ix_ebl_titles_operative",
        table_name="ebl_titles",
        sqlite_where=sa.text("at IN ('here', 'sending', 'in-doubt')"),
        postgresql_where=sa.text("at IN ('here', 'sending', 'in-doubt')"),
    )
    op.drop_table("ebl_titles")
    op.drop_index(op.f("ix_ebl_surrenders_title"), table_name="ebl_surrenders")
    op.drop_table("ebl_surrenders")
    op.drop_index(op.f("ix_ebl_issuances_title"), table_name="ebl_issuances")
    op.drop_index("ix_ebl_issuances_reference", table_name="ebl_issuances")
    op.drop_table("ebl_issuances")
    op.drop_index(op.f("ix_ebl_incoming_title"), table_name="ebl_incoming")
    op.drop_index(
        "ix_ebl_incoming_accepting",
        table_name="ebl_incoming",
        sqlite_where=sa.text("state = 'accepting'"),
        postgresql_where=sa.text("state = 'accepting'"),
    )
    op.drop_table("ebl_incoming")
    op.drop_table("ebl_files")
    op.drop_index(
        "ix_ebl_calls_due",
        table_name="ebl_calls",
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.drop_table("ebl_calls")
    op.drop_table("controls")
    op.drop_index("ix_consents_member", table_name="consents")
    op.drop_table("consents")
