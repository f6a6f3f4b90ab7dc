"""Keys of observers that were in other hands, and revocation lists that were newest when something was accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lost_keys",
        sa.Column("key", sa.String(length=1000), nullable=False),
        sa.Column("since", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lost_keys")),
    )
    op.create_table(
        "kept_lists",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.String(length=40), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_kept_lists")),
    )
    op.create_index(op.f("ix_kept_lists_issuer"), "kept_lists", ["issuer"], unique=False)
    # The lists of today were taken before now, whenever that was.
    op.execute(
        sa.text(
            "INSERT INTO kept_lists (digest, issuer, taken_at, data) "
            "SELECT issuer, issuer, this_update, data FROM revocation_lists"
        )
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_kept_lists_issuer"), table_name="kept_lists")
    op.drop_table("kept_lists")
    op.drop_table("lost_keys")
