"""The life of certificates, their ledger, and what statistics are made of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:

    op.add_column("documents", sa.Column("utilisation", sa.String(length=8), nullable=True))
    op.add_column("documents", sa.Column("belongs_to", sa.String(length=100), nullable=True))
    op.add_column("documents", sa.Column("expires", sa.String(length=10), nullable=True))
    op.create_index(op.f("ix_documents_belongs_to"), "documents", ["belongs_to"], unique=False)
    op.create_index(
        "ix_documents_expires",
        "documents",
        ["expires"],
        unique=False,
        sqlite_where=sa.text("state = 'live' AND expires IS NOT NULL"),
        postgresql_where=sa.text("state = 'live' AND expires IS NOT NULL"),
    )
    _widen("standings", "state", 12, 30)
    op.add_column("standings", sa.Column("check_state", sa.String(length=16), nullable=True))
    op.add_column("standings", sa.Column("draws", sa.Integer(), server_default="0", nullable=False))
    _widen("events", "type", 20, 30)
    _begin_life_anew()
    op.create_table(
        "deadlines",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("due", sa.String(length=40), nullable=False),
        sa.Column("next_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", "kind", name=op.f("pk_deadlines")),
    )
    op.create_index(op.f("ix_deadlines_document_id"), "deadlines", ["document_id"], unique=False)
    op.create_index(
        "ix_deadlines_next_at",
        "deadlines",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "balances",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("total", sa.String(length=24), nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("drawn", sa.String(length=60), nullable=False),
        sa.Column("held", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "item", name=op.f("pk_balances")),
    )
    op.create_table(
        "draws",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("declaration", sa.Text(), nullable=True),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("settled_by", sa.String(length=40), nullable=True),
        sa.Column("settled_at", sa.String(length=40), nullable=True),
        sa.Column("row", _COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
    )
    op.create_index("ix_draws_document_id_row", "draws", ["document_id", "row"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("sender", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("profile", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_about"), "findings", ["about"], unique=False)
    op.create_index("ix_findings_recipient_id", "findings", ["recipient", "id"], unique=False)
    op.create_index("ix_findings_sender_id", "findings", ["sender", "id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("sender", sa.String(length=40), nullable=False),
        sa.Column("profile", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("row", _COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "recipient", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_recipient_row", "decisions", ["recipient", "row"], unique=False)
    op.create_index("ix_decisions_row", "decisions", ["row"], unique=False)
    op.create_index("ix_decisions_sender_row", "decisions", ["sender", "row"], unique=False)


def downgrade() -> None:

    op.drop_index("ix_decisions_sender_row", table_name="decisions")
    op.drop_index("ix_decisions_row", table_name="decisions")
    op.drop_index("ix_decisions_recipient_row", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_findings_sender_id", table_name="findings")
    op.drop_index("ix_findings_recipient_id", table_name="findings")
    op.drop_index(op.f("ix_findings_about"), table_name="findings")
    op.drop_table("findings")
    op.drop_index("ix_draws_document_id_row", table_name="draws")
    op.drop_table("draws")
    op.drop_table("balances")
    op.drop_index("ix_deadlines_next_at", table_name="deadlines")
    op.drop_index(op.f("ix_deadlines_document_id"), table_name="deadlines")
    op.drop_table("deadlines")
    _widen("events", "type", 30, 20)
    with op.batch_alter_table("standings") as batch:
        batch.drop_column("draws")
        batch.drop_column("check_state")
    _widen("standings", "state", 30, 12)
    op.drop_index("ix_documents_expires", table_name="documents")
    op.drop_index(op.f("ix_documents_belongs_to"), table_name="documents")
    with op.batch_alter_table("documents") as batch:
        batch.drop_column("expires")
        batch.drop_column("belongs_to")
        batch.drop_column("utilisation")


def _widen(table: str, column: str, before: int, after: int) -> None:
    """SQLite changes a column's type only by making the table anew: alembic's batch does that."""
    with op.batch_alter_table(table) as batch:
        batch.alter_column(
            column, existing_type=sa.String(length=before), type_=sa.String(length=after), existing_nullable=False
        )


def _begin_life_anew() -> None:
    """What was `received` of a certificate is `issued` in the life that certificates have now."""
    op.execute(
        "UPDATE standings SET state = 'issued' WHERE state = 'received' AND document_id IN (SELECT id FROM documents"
        " WHERE profile LIKE 'atiga-form-d/%' OR profile LIKE 'ajcep-form-aj/%' OR profile LIKE 'rcep-co/%')"
    )
