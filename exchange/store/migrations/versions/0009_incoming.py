"""Envelopes by number and by sender; a bad signature is no end of a transfer, whatever was answered before."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ebl_incoming", sa.Column("carrier", sa.String(length=40), server_default="", nullable=False))
    op.add_column("ebl_incoming", sa.Column("reference", sa.String(length=20), server_default="", nullable=False))
    op.create_index("ix_ebl_incoming_sender_state", "ebl_incoming", ["sender", "state"], unique=False)
    op.drop_column("ebl_transfers", "unanswered")


def downgrade() -> None:
    op.add_column("ebl_transfers", sa.Column("unanswered", sa.Integer(), server_default="1", nullable=False))
    op.drop_index("ix_ebl_incoming_sender_state", table_name="ebl_incoming")
    op.drop_column("ebl_incoming", "reference")
    op.drop_column("ebl_incoming", "carrier")
