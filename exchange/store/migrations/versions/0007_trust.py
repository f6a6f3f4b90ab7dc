"""Versions of the trust list, keys that were in other hands, authorities of members and their revocation lists."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("distrusted", sa.String(length=40), nullable=True))
    op.create_table(
        "authorities",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=1000), nullable=False),
        sa.Column("purposes", sa.String(length=200), nullable=False),
        sa.Column("usages", sa.String(length=400), nullable=False),
        sa.Column("revocation", sa.Boolean(), nullable=False),
        sa.Column("crl_url", sa.String(length=1000), nullable=True),
        sa.Column("withdrawn", sa.String(length=40), nullable=True),
        sa.Column("distrusted", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorities")),
    )
    op.create_index(op.f("ix_authorities_member"), "authorities", ["member"], unique=False)
    op.create_table(
        "revocation_lists",
        sa.Column("issuer", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("this_update", sa.String(length=40), nullable=False),
        sa.Column("next_update", sa.String(length=40), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_revocation_lists")),
    )
    op.create_table(
        "trust_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issued_at", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("change", sa.String(length=1000), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_trust_versions")),
    )


def downgrade() -> None:
    op.drop_table("trust_versions")
    op.drop_table("revocation_lists")
    op.drop_index(op.f("ix_authorities_member"), table_name="authorities")
    op.drop_table("authorities")
    with op.batch_alter_table("signing_keys") as batch:
        batch.drop_column("distrusted")
