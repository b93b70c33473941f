"""Make subscriptions, officials and broadcasts, with what is counted about them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    make_subscription()
    make_official()
    make_broadcast()
    make_counts()
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(number("broadcast", nullable=True))
        outbox.drop_constraint("uq_outbox_reason_citizen", type_="unique")
        outbox.create_unique_constraint("uq_outbox_citizen_reason", ["citizen", "reason"])
    op.drop_index("ix_outbox_citizen", "outbox")
    due = ["channel", "state", "broadcast", "priority", "not_before", "id"]
    op.create_index("ix_outbox_due", "outbox", due)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def make_subscription() -> None:
    op.create_table(
        "subscription",
        number("id"),
        number("citizen"),
        text("about"),
        number("days_before"),
        number("hour"),
        flag("once"),
        sa.Column("paused_until", sa.Date(), nullable=True),
        moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("citizen", "about", name="uq_subscription_citizen_about"),
        sa.ForeignKeyConstraint(
            ["citizen"], ["citizen.id"], name="fk_subscription_citizen", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    due = ["about", "days_before", "hour", "id"]
    op.create_index("ix_subscription_due", "subscription", due)


def make_official() -> None:
    op.create_table(
        "official",
        text("login"),
        text("role"),
        text("locality", nullable=True),
        text("password", nullable=True),
        moment("created_at"),
        moment("disabled_at", nullable=True),
        sa.PrimaryKeyConstraint("login", name="pk_official"),
    )


def make_broadcast() -> None:
    op.create_table(
        "broadcast",
        number("id"),
        text("text"),
        text("english"),
        text("file", nullable=True),
        sa.Column("audience", sa.JSON(), nullable=False),
        moment("send_at", nullable=True),
        flag("urgent"),
        text("state"),
        text("digest"),
        text("approved", nullable=True),
        text("drafted_by"),
        text("submitted_by", nullable=True),
        text("approved_by", nullable=True),
        text("because", nullable=True),
        number("corrects", nullable=True),
        moment("created_at"),
        moment("started_at", nullable=True),
        moment("ended_at", nullable=True),
        number("planned_to"),
        flag("planned"),
        sa.PrimaryKeyConstraint("id", name="pk_broadcast"),
        sa.ForeignKeyConstraint(["file"], ["document.sha256"], name="fk_broadcast_file"),
        sa.ForeignKeyConstraint(["corrects"], ["broadcast.id"], name="fk_broadcast_corrects"),
    )
    op.create_table(
        "broadcast_act",
        number("id"),
        number("broadcast"),
        moment("at"),
        text("by"),
        text("act"),
        text("digest"),
        text("note"),
        sa.PrimaryKeyConstraint("id", name="pk_broadcast_act"),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcast.id"], name="fk_broadcast_act_broadcast"
        ),
    )
    op.create_index("ix_broadcast_act_broadcast", "broadcast_act", ["broadcast"])


def make_counts() -> None:
    op.create_table(
        "tally",
        number("broadcast"),
        text("channel"),
        text("state"),
        number("number"),
        sa.PrimaryKeyConstraint("broadcast", "channel", "state", name="pk_tally"),
        sa.ForeignKeyConstraint(["broadcast"], ["broadcast.id"], name="fk_tally_broadcast"),
    )
    op.create_table(
        "allowance",
        text("channel"),
        text("month"),
        number("used"),
        sa.PrimaryKeyConstraint("channel", "month", name="pk_allowance"),
    )
