"""The Desk: who works on a case, notes, proposals; and the standings of a recipient by state."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_assignments",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "member", name=op.f("pk_desk_assignments")),
    )
    op.create_index("ix_desk_assignments_member_person", "desk_assignments", ["member", "person"], unique=False)
    op.create_table(
        "desk_notes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_notes")),
    )
    op.create_index("ix_desk_notes_document_id_member", "desk_notes", ["document_id", "member"], unique=False)
    op.create_table(
        "desk_proposals",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "member", "sequence", name=op.f("pk_desk_proposals")),
    )
    op.create_index("ix_desk_proposals_member", "desk_proposals", ["member", "document_id"], unique=False)
    op.drop_index("ix_standings_recipient", table_name="standings")
    op.create_index("ix_standings_recipient", "standings", ["recipient", "state", "document_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_standings_recipient", table_name="standings")
    op.create_index("ix_standings_recipient", "standings", ["recipient", "document_id"], unique=False)
    op.drop_table("desk_proposals")
    op.drop_table("desk_notes")
    op.drop_table("desk_assignments")
