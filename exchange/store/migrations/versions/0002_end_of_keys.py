"""A signing key has a time of its own, and may be withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = ("not_before", "not_after", "withdrawn")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("signing_keys", sa.Column(name, sa.String(length=40), nullable=True))


def downgrade() -> None:
    for name in reversed(NAMES):
        op.drop_column("signing_keys", name)
