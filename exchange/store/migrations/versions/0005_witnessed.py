"""Who observes the log, and the checkpoints that witnesses have cosigned and an authority has dated."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "observers",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("policy", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_observers")),
    )
    op.create_table(
        "witnessed",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("enough", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_witnessed")),
    )
    op.create_table(
        "bundles",
        sa.Column("manifest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("manifest", name=op.f("pk_bundles")),
    )


def downgrade() -> None:
    op.drop_table("bundles")
    op.drop_table("witnessed")
    op.drop_table("observers")
