"""Records of what people do have leaves too; what a leaf commits to may be deleted, by retention."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("leaves") as batch:
        batch.drop_constraint(op.f("uq_leaves_message_id"), type_="unique")
        batch.alter_column("message_id", new_column_name="record_id", existing_type=sa.String(length=40))
        batch.alter_column("salt", existing_type=sa.LargeBinary(length=32), nullable=True)
        batch.alter_column("record", existing_type=sa.LargeBinary(), nullable=True)
    with op.batch_alter_table("leaves") as batch:  # in SQLite a column has its new name in the next table only
        batch.create_unique_constraint(op.f("uq_leaves_record_id"), ["record_id"])
    op.add_column("documents", sa.Column("firm", sa.String(length=200), nullable=True))
    op.add_column("documents", sa.Column("deleted", sa.String(length=40), nullable=True))
    op.create_table(
        "holds",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_holds")),
    )
    op.create_table(
        "records",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
    )
    op.create_index(op.f("ix_records_about"), "records", ["about"], unique=False)
    op.create_index("ix_records_kind_at", "records", ["kind", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_records_kind_at", table_name="records")
    op.drop_index(op.f("ix_records_about"), table_name="records")
    op.drop_table("records")
    op.drop_table("holds")
    op.drop_column("documents", "deleted")
    op.drop_column("documents", "firm")
    with op.batch_alter_table("leaves") as batch:
        batch.drop_constraint(op.f("uq_leaves_record_id"), type_="unique")
        batch.alter_column("record", existing_type=sa.LargeBinary(), nullable=False)
        batch.alter_column("salt", existing_type=sa.LargeBinary(length=32), nullable=False)
        batch.alter_column("record_id", new_column_name="message_id", existing_type=sa.String(length=40))
    with op.batch_alter_table("leaves") as batch:
        batch.create_unique_constraint(op.f("uq_leaves_message_id"), ["message_id"])
