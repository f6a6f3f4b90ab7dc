"""Titles keep what the registry signed when they came here."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ebl_titles") as titles:
        titles.add_column(sa.Column("control", sa.Text(), server_default="", nullable=False))
        titles.add_column(sa.Column("replaces", sa.String(length=100), server_default="", nullable=False))
    op.create_index("ix_ebl_titles_replaces", "ebl_titles", ["replaces"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_ebl_titles_replaces", table_name="ebl_titles")
    with op.batch_alter_table("ebl_titles") as titles:
        titles.drop_column("replaces")
        titles.drop_column("control")
