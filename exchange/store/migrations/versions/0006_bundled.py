"""What a bundle holds beside leaves of the log, as it was when it was first made."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bundled",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deliveries", sa.Text(), nullable=False),
        sa.Column("trust", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "member", "size", name=op.f("pk_bundled")),
    )
    op.create_table(
        "bundled_lists",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bundled_lists")),
    )


def downgrade() -> None:
    op.drop_table("bundled_lists")
    op.drop_table("bundled")
