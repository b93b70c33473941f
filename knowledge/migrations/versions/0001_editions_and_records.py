"""Make the tables of the first release, and the triggers that keep editions as published."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

CONTENTS = [
    "source",
    "locality",
    "succession",
    "plan",
    "place",
    "procedure",
    "service_rule",
    "scheme",
    "fact",
    "note",
    "task",
    "target",
]

PUBLISHED = "EXISTS (SELECT 1 FROM edition WHERE number = NEW.edition)"


def upgrade() -> None:
    make_edition()
    make_places()
    make_plans()
    make_sayings()
    make_work()
    make_citizens()
    make_office()
    if op.get_bind().dialect.name == "postgresql":
        seal_on_postgresql()
    else:
        seal_on_sqlite()


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=True)


def json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def content(name: str, *columns: sa.Column[Any], key: str | None = None, **points: str) -> None:
    """Make a table of an edition; `points` name another table's column for columns of this."""
    constraints: list[sa.Constraint] = [
        sa.ForeignKeyConstraint(
            ["edition", column],
            [f"{target.partition('.')[0]}.edition", target],
            name=f"fk_{name}_edition_{column}",
        )
        for column, target in points.items()
    ]
    if key:
        constraints.append(sa.UniqueConstraint("edition", key, name=f"uq_{name}_edition_{key}"))
    op.create_table(
        name,
        number("edition"),
        number("position"),
        *columns,
        sa.PrimaryKeyConstraint("edition", "position", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["edition"],
            ["edition.number"],
            name=f"fk_{name}_edition",
            deferrable=True,
            initially="DEFERRED",
        ),
        *constraints,
    )


def make_edition() -> None:
    op.create_table(
        "edition",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        moment("published_at"),
        text("published_by"),
        text("reason"),
        text("digest"),
        sa.PrimaryKeyConstraint("number", name="pk_edition"),
    )
    content(
        "source",
        text("document"),
        text("number", nullable=True),
        text("date", nullable=True),
        text("appendix", nullable=True),
        text("row", nullable=True),
    )


def make_places() -> None:
    content(
        "locality",
        text("slug"),
        text("name"),
        text("english"),
        text("province"),
        json("aliases"),
        day("ended"),
        key="slug",
    )
    content(
        "succession",
        text("locality"),
        text("former"),
        text("today"),
        text("province"),
        text("code"),
        number("source"),
        locality="locality.slug",
        source="source.position",
    )
    content(
        "place",
        text("slug"),
        text("locality"),
        text("name"),
        text("english"),
        key="slug",
        locality="locality.slug",
    )


def make_plans() -> None:
    content(
        "plan",
        text("slug"),
        text("locality"),
        text("title"),
        text("english"),
        text("number", nullable=True),
        text("date", nullable=True),
        text("issuer"),
        day("effective_from"),
        day("effective_to"),
        day("confirmed_on"),
        text("confirmed_by", nullable=True),
        key="slug",
        locality="locality.slug",
    )
    content(
        "procedure",
        text("id"),
        text("plan"),
        text("locality"),
        text("name"),
        text("english"),
        text("status"),
        json("places"),
        json("aliases"),
        json("samples"),
        key="id",
        plan="plan.slug",
        locality="locality.slug",
    )
    content(
        "service_rule",
        text("procedure", nullable=True),
        text("model"),
        json("weekdays"),
        sa.Column("cutoff", sa.Time(), nullable=True),
        day("starts"),
        day("ends"),
        number("source"),
        procedure="procedure.id",
        source="source.position",
    )
    content(
        "scheme",
        text("plan"),
        number("rule"),
        text("text"),
        text("english"),
        plan="plan.slug",
        rule="service_rule.position",
    )


def make_sayings() -> None:
    content(
        "fact",
        text("procedure", nullable=True),
        text("place", nullable=True),
        text("kind"),
        text("state"),
        text("text"),
        text("english"),
        number("source", nullable=True),
        procedure="procedure.id",
        place="place.slug",
        source="source.position",
    )
    content(
        "note",
        text("procedure", nullable=True),
        text("plan", nullable=True),
        text("kind"),
        text("text"),
        text("english"),
        number("source"),
        procedure="procedure.id",
        plan="plan.slug",
        source="source.position",
    )


def make_work() -> None:
    content(
        "task",
        text("plan"),
        text("group"),
        text("row"),
        text("name"),
        text("lead", nullable=True),
        text("partner", nullable=True),
        text("deadline", nullable=True),
        day("due"),
        text("product", nullable=True),
        number("source"),
        plan="plan.slug",
        source="source.position",
    )
    content(
        "target",
        text("plan"),
        text("row"),
        text("name"),
        text("lead", nullable=True),
        text("partner", nullable=True),
        number("year"),
        number("goal"),
        json("quarters"),
        number("source"),
        plan="plan.slug",
        source="source.position",
    )


def make_citizens() -> None:
    op.create_table(
        "citizen",
        number("id"),
        text("channel"),
        text("sender"),
        text("language", nullable=True),
        text("locality", nullable=True),
        moment("first_seen"),
        moment("last_seen"),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_citizen"),
        sa.UniqueConstraint("channel", "sender", name="uq_citizen_channel_sender"),
    )
    op.create_table(
        "dialogue",
        number("citizen"),
        json("state"),
        moment("expires_at"),
        sa.PrimaryKeyConstraint("citizen", name="pk_dialogue"),
        belongs_to_citizen("dialogue"),
    )
    op.create_index("ix_dialogue_expires_at", "dialogue", ["expires_at"])
    op.create_table(
        "question",
        number("id"),
        moment("asked_at"),
        text("channel"),
        number("citizen", nullable=True),
        text("locality", nullable=True),
        text("text"),
        text("outcome"),
        text("certainty", nullable=True),
        json("intents"),
        json("matched"),
        json("scores"),
        number("edition"),
        sa.Column("latency_ms", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sa.ForeignKeyConstraint(["edition"], ["edition.number"], name="fk_question_edition"),
        belongs_to_citizen("question"),
    )
    op.create_index("ix_question_asked_at", "question", ["asked_at"])
    op.create_index("ix_question_citizen", "question", ["citizen"])
    op.create_table(
        "seen_message",
        text("fingerprint"),
        moment("received_at"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_seen_message"),
    )
    op.create_index("ix_seen_message_received_at", "seen_message", ["received_at"])


def belongs_to_citizen(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["citizen"], ["citizen.id"], name=f"fk_{table}_citizen", ondelete="CASCADE"
    )


def make_office() -> None:
    op.create_table(
        "closure",
        number("id"),
        sa.Column("day", sa.Date(), nullable=False),
        text("kind"),
        text("locality", nullable=True),
        text("as_weekday", nullable=True),
        text("reason"),
        text("english"),
        json("source"),
        text("entered_by"),
        moment("entered_at"),
        sa.PrimaryKeyConstraint("id", name="pk_closure"),
    )
    op.create_index("ix_closure_day", "closure", ["day"])
    op.create_table(
        "document",
        text("sha256"),
        text("name"),
        number("size"),
        text("media", nullable=True),
        text("title", nullable=True),
        text("number", nullable=True),
        moment("received_at"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_document"),
    )
    op.create_table(
        "draft",
        number("id"),
        text("sha256"),
        moment("kept_at"),
        json("draft"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.UniqueConstraint("sha256", name="uq_draft_sha256"),
        sa.ForeignKeyConstraint(["sha256"], ["document.sha256"], name="fk_draft_sha256"),
    )


def seal_on_sqlite() -> None:
    """Refuse to change or delete what is published, and to add to it once its edition is there."""
    refuse = "BEGIN SELECT RAISE(ABORT, 'an edition never changes'); END"
    for table in ["edition", *CONTENTS]:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} {refuse}"
            )
    for table in CONTENTS:
        op.execute(
            f"CREATE TRIGGER {table}_no_insert BEFORE INSERT ON {table} WHEN {PUBLISHED} {refuse}"
        )


def seal_on_postgresql() -> None:
    """Refuse the same as on SQLite, and to empty a table."""
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'an edition never changes'; END $$
    """)
    op.execute(f"""
        CREATE FUNCTION refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {PUBLISHED} THEN RAISE EXCEPTION 'an edition never changes'; END IF;
            RETURN NEW;
        END $$
    """)
    for table in ["edition", *CONTENTS]:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in CONTENTS:
        op.execute(
            f"CREATE TRIGGER {table}_no_insert BEFORE INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_addition()"
        )
