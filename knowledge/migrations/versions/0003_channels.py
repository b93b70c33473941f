"""Make the outbox, the channels' credentials and states, and what a citizen decided about us."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for decided in ("noticed_at", "stopped_at", "paused_until"):
        op.add_column("citizen", sa.Column(decided, moment, nullable=True))
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("citizen", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", moment, nullable=False),
        sa.Column("letter", sa.JSON(), nullable=False),
        sa.Column("parts_sent", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("reason", "citizen", name="uq_outbox_reason_citizen"),
        sa.ForeignKeyConstraint(
            ["citizen"], ["citizen.id"], name="fk_outbox_citizen", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_outbox_citizen", "outbox", ["citizen"])
    op.create_table(
        "credential",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("access", sa.String(), nullable=False),
        sa.Column("refresh", sa.String(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("obtained_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_credential"),
    )
    op.create_table(
        "channel",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("learned", sa.JSON(), nullable=False),
        sa.Column("stopped_because", sa.String(), nullable=True),
        sa.Column("stopped_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_channel"),
    )
